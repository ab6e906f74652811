"""Check the exercises of lesson 05: seats, a tensor of them, a loss, experts that choose."""

import torch
import torch.nn.functional as F

from moe_lesson.lessons.lesson05.checks_seats import combine_tensor, kept_mask, who_sits
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
    untouched,
)

__all__ = [
    "chosen_weights",
    "combine_tensor",
    "kept_mask",
    "own_policy",
    "switch_by_hand",
    "who_sits",
]


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
    when = "three tokens, four experts"
    weight, expert, loss = _three(untouched(answer, logits_TE, when=when), 3)
    tokens_T = logits_TE.softmax(0).argmax(-1)
    demand(not near(expert, tokens_T), "your softmax runs over tokens: it must run over experts")
    is_turned = near(expert, [0.5, 0.7, 0.6])
    demand(not is_turned, "the weight comes first, then the expert, then the loss")
    demand(expert.tolist() == [0, 0, 3], f"the best experts are 0, 0, 3, not {rounded(expert)}")
    no_mistake(
        weight,
        {
            "weight 1 has no slope: keep the probability of the softmax over all four": [1, 1, 1],
            "those are scores: the weight is a probability": logits_TE.max(-1).values,
        },
    )
    demand(near(weight, [0.5, 0.7, 0.6]), f"weights are 0.5, 0.7, 0.6, not {rounded(weight)}")
    _loss(loss, prob_TE.double(), expert.long())
    _other_sizes(answer)
    weight, _, loss = called(answer, logits_TE.requires_grad_(), when=f"{when}, with slopes")
    learns = isinstance(loss, torch.Tensor) and loss.requires_grad
    demand(learns, "the loss has no slope: P must be the softmax's own mean")
    demand(weight.requires_grad, "the weight has no slope: it must be the softmax's own number")


def _three(given, T):
    """Demand weight, expert and loss of T tokens, and return them as numbers."""
    parts = list(given) if isinstance(given, tuple | list) else [given]
    demand(len(parts) == 3, f"return weight, expert and loss: you return {len(parts)} parts")
    weight, expert = (
        tensor_of(each, (T,), what) for each, what in zip(parts, ("weight", "expert"))
    )
    loss = parts[2].detach() if isinstance(parts[2], torch.Tensor) else parts[2]
    return weight, expert, number_of(loss, "the loss")


def _other_sizes(answer):
    """Check five tokens and three experts, of which the last is nobody's best."""
    prob_TE = torch.tensor([[0.6, 0.3, 0.1], [0.3, 0.5, 0.2]]).double()[[0, 1, 0, 0, 0]]
    when = "five tokens, three experts, the last of them nobody's"
    hint = "how many experts there are is in logits_TE alone: give it to one_hot, too"
    weight, expert, loss = _three(called(answer, prob_TE.log(), when=when, hint=hint), 5)
    demand(expert.tolist() == [0, 1, 0, 0, 0], f"{when}: experts are {expert.tolist()}")
    demand(near(weight, prob_TE.amax(1)), f"{when}: weights are {rounded(weight)}")
    right = 3 * (0.8 * 0.54 + 0.2 * 0.34)
    said = f"{when}: your loss is {loss:.4f}, it must be {right:.4f}. "
    four = {"Is 4 written into your function? E is the number of experts": right * 4 / 3}
    no_mistake(torch.tensor(loss), four, said)
    demand(near(loss, right), f"{said}Is a size of the first case written into your function?")


def _loss(found, prob_TE, expert_T):
    """Demand E times the sum of f P, and name what else it may be."""
    T, E = prob_TE.shape
    f_E, P_E = F.one_hot(expert_T, E).double().mean(0), prob_TE.mean(0)
    kept_E = (prob_TE * F.one_hot(expert_T, E)).mean(0)
    right = E * (f_E * P_E).sum().item()
    wrong = {
        "E is missing in front of the sum, or is it a mean?": right / E,
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
    given = untouched(answer, logits_TE, 2, when="four tokens, three experts, two seats")
    found = tensor_of(given, (4, 3), "the weights")
    said = f"two seats: expert 0 has {int((found[:, 0] != 0).sum())} tokens. "
    right = _taken(logits_TE.softmax(-1), 2, 0)
    no_mistake(found, _wrong_weights(logits_TE, right), said)
    _demand_weights(found, right, said)
    _one_seat(answer)


def _wrong_weights(logits_TE, right):
    """Return what to say of likely mistakes -> the weights that they give, with two seats."""
    prob_TE, one_TE = logits_TE.softmax(-1), (right > 0).double()
    return {
        "the tokens chose: topk must run over tokens, dim=0": _taken(prob_TE, 2, 1),
        "your softmax runs over tokens: a token shares itself over experts": (
            _taken(logits_TE.softmax(0), 2, 0)
        ),
        "the right tokens, each with weight 1: it must be the probability": one_TE,
        "weights are not made to sum to 1 again": (
            right / right.sum(1, keepdim=True).clamp(min=1e-9)
        ),
        "weights are not made to sum to 1 for an expert either": right / right.sum(0),
        "scores decide there, before the softmax; let probabilities decide": (
            prob_TE * (_taken(logits_TE + 10, 2, 0) > 0)
        ),
        "a token may sit at several experts: each takes its best of all tokens": _taken(
            prob_TE * F.one_hot(prob_TE.argmax(-1), 3), 2, 0
        ),
        "these are scores: the weight is a probability": logits_TE * one_TE,
        "that is one token more than there are seats": _taken(prob_TE, 3, 0),
    }


def _one_seat(answer):
    """Check other sizes: five tokens, two experts, a seat each."""
    prob_TE = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3], [0.5, 0.5]]).double()
    when = "five tokens, two experts, one seat"
    hint = "is a size of the first case written into your function?"
    given = called(answer, prob_TE.log(), 1, when=when, hint=hint)
    found = tensor_of(given, (5, 2), f"{when}: what you return")
    visits = int((found != 0).sum())
    demand(visits == 2, f"{when}: you give {visits} visits, it must be 2. Do you use capacity?")
    _demand_weights(found, _taken(prob_TE, 1, 0), f"{when}. ")


def _demand_weights(found, right, said):
    """Demand the right weights, and show the first token whose weights differ."""
    for token, (one, other) in enumerate(zip(found, right)):
        shown = f"Token {token} gets {rounded(one)}, it must be {rounded(other)}"
        demand(near(one, other), said + shown)


def _taken(value_TE, capacity, dim):
    index = value_TE.topk(capacity, dim=dim).indices
    return value_TE * torch.zeros_like(value_TE).scatter(dim, index, 1.0)


@exercise("a policy beside another, three seeds each: now anybody sees what it is worth.")
def own_policy(answer):
    """Check ``answer()``: name -> share of facts remembered, one number for each of 3 seeds.

    >>> own_policy(lambda: {"in order": [0.5, 0.52, 0.51], "mine": [0.6, 0.61, 0.63]})
    mine minus in order: 0.1033 of all facts; runs of one setting differ by up to 0.03
    correct: a policy beside another, three seeds each: now anybody sees what it is worth.

    Lesson 5.
    """
    comparison(answer(), "of all facts", seeds=3, between=(0, 1.0000001))
