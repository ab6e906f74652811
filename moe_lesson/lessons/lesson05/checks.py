"""Check the exercises of lesson 05: seats, a tensor of them, a loss, experts that choose."""

import torch
import torch.nn.functional as F

from moe_lesson.moe import routing
from moe_lesson.study.checks import (
    called,
    comparison,
    demand,
    exercise,
    near,
    no_mistake,
    number_of,
    rounded,
    tensor_of,
)

QUEUE = [1, 0, 1, 1, 2, 1, 0, 0]  # whom eight tokens ask for


@exercise("every expert counts for itself, and whoever comes late stands.")
def who_sits(answer):
    """Check ``answer(expert_T, capacity)``: whether each token sits, from left to right.

    >>> def right(expert_T, capacity):
    ...     taken, sits = {}, []
    ...     for expert in expert_T.tolist():
    ...         taken[expert] = taken.get(expert, 0) + 1
    ...         sits.append(taken[expert] <= capacity)
    ...     return torch.tensor(sits)
    >>> who_sits(right)
    correct: every expert counts for itself, and whoever comes late stands.

    Lesson 5.
    """
    expert_T = torch.tensor(QUEUE)
    given = called(answer, expert_T.clone(), 2, when="eight tokens, two seats")
    found = tensor_of(given, (8,), "who sits")
    said = f"experts {QUEUE}, two seats: you give {given.int().tolist()}. "
    nth_T = _nth(expert_T)
    before_T = torch.arange(8)
    backwards_T = _nth(expert_T.flip(0)).flip(0)
    wrong = {
        "That is one seat too few: the second to come still sits": nth_T < 2,
        "That is one seat too many: count the token itself, too": nth_T <= 3,
        "You count all tokens together: each expert has seats of its own": before_T < 2,
        "The last to come sit there: begin at the left": backwards_T <= 2,
        "Turned round: True is for those who sit": nth_T > 2,
    }
    no_mistake(found, {text: mask.double() for text, mask in wrong.items()}, said)
    demand(near(found, (nth_T <= 2).double()), said + f"Their places are {nth_T.tolist()}")
    three = tensor_of(answer(torch.tensor([4, 4, 4, 4]), 3), (4,), "who sits")
    demand(three.tolist() == [1, 1, 1, 0], "four tokens, three seats: the fourth alone must stand")


def _nth(expert_T):
    """Count how many up to each token, itself included, ask for its expert."""
    same_TT = expert_T[:, None] == expert_T  # a row for each token
    return same_TT.tril().sum(1)


@exercise("seats by a running count, first choices first, weights where GShard has them.")
def combine_tensor(answer):
    """Check ``answer(routing, capacity)``: combine_TEC, GShard's one-hot tensor of weights.

    >>> from moe_lesson.moe import dispatch
    >>> combine_tensor(dispatch.combine_tensor)
    correct: seats by a running count, first choices first, weights where GShard has them.

    Lesson 5.
    """
    expert_TK = torch.tensor([[1, 0], [0, 2], [0, 1], [0, 2]])
    weight_TK = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    asked = routing.Routing(torch.zeros(4, 3), weight_TK, expert_TK)
    said = "four tokens, three experts, k = 2, two seats: "
    given = called(answer, asked, 2, when=said.removesuffix(": "), hint="one_hot's size")
    if isinstance(given, torch.Tensor) and given.shape == (4, 2, 3):
        given = None
    demand(given is not None, said + "your axes are tokens, seats, experts: seats come last")
    found = tensor_of(given, (4, 3, 2), "combine")
    wrong = {
        "the seats are right, but a seat must hold the token's weight, not a 1": _seats(asked, 1),
        "you let token 0's second choice sit before first choices: all first ones come first": (
            _seats(asked, by_token=True)
        ),
        "your count includes the token itself, so seat 0 stays empty": _seats(asked, shift=1),
        "you count all visits together: each expert has a count of its own": _seats(asked, all=1),
        "late visits overwrite the last seat: who finds none is nowhere": _seats(asked, push=1),
    }
    no_mistake(found, wrong, said)
    wanted = _seats(asked)
    where = (found - wanted).abs().amax(2).nonzero()
    at = where[0].tolist() if len(where) else [0, 0]
    said += f"token {at[0]} at expert {at[1]} has {rounded(found[at[0], at[1]])}, "
    demand(near(found, wanted), said + f"it must be {rounded(wanted[at[0], at[1]])}")
    larger = tensor_of(answer(asked, 5), (4, 3, 5), "combine, five seats")
    demand(near(larger.sum(), 4), f"with five seats all weights sit: 4, not {larger.sum():.3f}")


def _seats(asked, weight=None, by_token=False, **mistakes):
    """Seat four tokens of the exercise one by one, with a mistake if one is named."""
    combine_TEC, taken = torch.zeros(4, 3, 2, dtype=torch.float64), [0, 0, 0]
    visits = [(t, k) for k in range(2) for t in range(4)]
    for t, k in sorted(visits) if by_token else visits:
        expert = asked.expert_TK[t, k].item()
        seat = (sum(taken) if "all" in mistakes else taken[expert]) + mistakes.get("shift", 0)
        taken[expert] += 1
        seat = min(seat, 1) if "push" in mistakes else seat
        if seat < 2:
            combine_TEC[t, expert, seat] += weight or asked.weight_TK[t, k].item()
    return combine_TEC


@exercise("one expert, a weight that can learn, and a loss of 1 when all is even.")
def switch_by_hand(answer):
    """Check ``answer(logits_TE)``: weight_T, expert_T and the balance loss.

    >>> from moe_lesson.moe.balance import load
    >>> def right(logits_TE):
    ...     prob_TE = logits_TE.softmax(-1)
    ...     weight_T, expert_T = prob_TE.max(-1)
    ...     share_E = F.one_hot(expert_T, logits_TE.shape[1]).double().mean(0)
    ...     return weight_T, expert_T, logits_TE.shape[1] * (share_E * prob_TE.mean(0)).sum()
    >>> switch_by_hand(right)
    correct: one expert, a weight that can learn, and a loss of 1 when all is even.

    Lesson 5.
    """
    prob_TE = torch.tensor([[0.5, 0.3, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1], [0.2, 0.1, 0.1, 0.6]])
    logits_TE = prob_TE.double().log() + torch.tensor([[1.0], [-2.0], [3.0]])
    given = called(answer, logits_TE.clone(), when="three tokens, four experts")
    parts = list(given) if isinstance(given, tuple | list) else [given]
    demand(len(parts) == 3, f"return weight, expert and loss: you return {len(parts)} parts")
    expert = tensor_of(parts[1], (3,), "expert")
    demand(expert.tolist() == [0, 0, 3], f"the best experts are 0, 0, 3, not {expert.tolist()}")
    weight = tensor_of(parts[0], (3,), "weight")
    no_mistake(
        weight,
        {
            "weight 1 has no slope: keep the probability of the softmax over all four": [1, 1, 1],
            "those are scores: the weight is a probability": logits_TE.max(-1).values,
        },
    )
    demand(near(weight, [0.5, 0.7, 0.6]), f"weights are 0.5, 0.7, 0.6, not {rounded(weight)}")
    _loss(number_of(_scalar(parts[2]), "the loss"), prob_TE.double(), expert.long())
    learns = logits_TE.clone().requires_grad_()
    loss = answer(learns)[2]
    demand(loss.requires_grad, "the loss has no slope: P must be the softmax's own mean")


def _scalar(given):
    return given.detach() if isinstance(given, torch.Tensor) else given


def _loss(found, prob_TE, expert_T):
    """Demand E times the sum of f P, and name what else it may be."""
    T, E = prob_TE.shape
    f_E, P_E = F.one_hot(expert_T, E).double().mean(0), prob_TE.mean(0)
    kept_E = (prob_TE * F.one_hot(expert_T, E)).mean(0)
    right = E * (f_E * P_E).sum().item()
    wrong = {
        "E is missing in front of the sum": right / E,
        "f and P are shares: divide the sums by the number of tokens": right * T * T,
        "one of f and P is a sum, not a mean": right * T,
        "f must count tokens; you have P twice": E * P_E.square().sum().item(),
        "P is the mean over all tokens, of those sent elsewhere too": E * (f_E * kept_E).sum(),
        "P must not be a count; you have f twice": E * f_E.square().sum().item(),
    }
    no_mistake(torch.tensor(found), wrong, f"your loss is {found:.4f}: ")
    demand(near(found, right), f"your loss is {found:.4f}: f is 2/3 0 0 1/3, the loss {right:.4f}")


@exercise("each expert took its own best tokens, and a token may get none or all.")
def chosen_weights(answer):
    """Check ``answer(logits_TE, capacity)``: weight_TE, 0 where an expert did not take a token.

    >>> def right(logits_TE, capacity):
    ...     prob_TE = logits_TE.softmax(-1)
    ...     token_CE = prob_TE.topk(capacity, dim=0).indices
    ...     return prob_TE * torch.zeros_like(prob_TE).scatter(0, token_CE, 1.0)
    >>> chosen_weights(right)
    correct: each expert took its own best tokens, and a token may get none or all.

    Lesson 5.
    """
    logits_TE = torch.tensor([[4.0, 4.0, 3.0], [1.0, 0.0, 0.0], [2.0, 0.5, 1.9], [3.0, 3.5, 0.0]])
    logits_TE = logits_TE.double()
    given = called(answer, logits_TE.clone(), 2, when="four tokens, three experts, two seats")
    found = tensor_of(given, (4, 3), "the weights")
    said = f"two seats: expert 0 has {int((found[:, 0] != 0).sum())} tokens. "
    right = _taken(logits_TE.softmax(-1), 2, 0)
    one_TE, total = (right > 0).double(), right.sum(1, keepdim=True)
    wrong = {
        "the tokens chose: topk must run over tokens, dim=0": _taken(logits_TE.softmax(-1), 2, 1),
        "your softmax runs over tokens: a token shares itself over experts": (
            _taken(logits_TE.softmax(0), 2, 0)
        ),
        "the right tokens, each with weight 1: it must be the probability": one_TE,
        "weights are not made to sum to 1 again": right / total.clamp(min=1e-9),
        "scores decide there, before the softmax; let probabilities decide": (
            logits_TE.softmax(-1) * (_taken(logits_TE + 10, 2, 0) > 0)
        ),
    }
    no_mistake(found, wrong, said)
    said += f"Token 2 gets {rounded(found[2])}, it must be {rounded(right[2])}"
    demand(near(found, right), said)
    one = tensor_of(answer(logits_TE, 1), (4, 3), "the weights, one seat")
    demand((one > 0).sum() == 3, f"one seat: {int((one > 0).sum())} visits, it must be 3")


def _taken(value_TE, capacity, dim):
    index = value_TE.topk(capacity, dim=dim).indices
    return value_TE * torch.zeros_like(value_TE).scatter(dim, index, 1.0)


@exercise("ten tokens, four seats, four of them sit: slot 0 is used at last.")
def kept_mask(answer):
    """Check ``answer(expert_T, num_experts, capacity)``: kept_TE, 1 where a token sits.

    >>> def right(expert_T, num_experts, capacity):
    ...     mask_TE = F.one_hot(expert_T, num_experts)
    ...     position_TE = mask_TE.cumsum(0) - mask_TE
    ...     return mask_TE * (position_TE < capacity)
    >>> kept_mask(right)
    correct: ten tokens, four seats, four of them sit: slot 0 is used at last.

    Lesson 5.
    """
    expert_T = torch.tensor([0] * 10)
    given = called(answer, expert_T, 2, 4, when="ten tokens for expert 0 of 2, four seats")
    kept = tensor_of(given, (10, 2), "kept")
    said = f"ten tokens for expert 0, four seats: {int(kept[:, 0].sum())} sit. "
    demand(kept[:, 1].sum() == 0, said + "And expert 1, whom nobody asked, has guests: mask them")
    count = int(kept[:, 0].sum())
    demand(count != 3, said + "The first token counts as 1, not as 0")
    demand(count != 5, said + "Now there is a seat too many: is 0 to C four seats or five?")
    demand(count == 4, said + "It must be four")
    first = kept[:4, 0].sum() == 4
    demand(
        first, said + f"They are tokens {kept[:, 0].nonzero().flatten().tolist()}: not the first"
    )
    mixed = torch.tensor(QUEUE)
    found = tensor_of(answer(mixed, 3, 2), (8, 3), "kept")
    wanted = F.one_hot(mixed, 3) * (_nth(mixed) <= 2)[:, None]
    said = f"experts {QUEUE}, two seats: sitting are {found.sum(1).nonzero().flatten().tolist()}, "
    said += f"it must be {wanted.sum(1).nonzero().flatten().tolist()}. Is the count per expert?"
    demand(near(found, wanted), said)


@exercise("a policy beside another, three seeds each: now anybody sees what it is worth.")
def own_policy(answer):
    """Check ``answer()``: name -> share of facts remembered, one number for each of 3 seeds.

    >>> own_policy(lambda: {"in order": [0.5, 0.52, 0.51], "mine": [0.6, 0.61, 0.63]})
    mine minus in order: 0.1033 of all facts; runs of one setting differ by up to 0.03
    correct: a policy beside another, three seeds each: now anybody sees what it is worth.

    Lesson 5.
    """
    comparison(answer(), "of all facts", seeds=3, between=(0, 1.0000001))
