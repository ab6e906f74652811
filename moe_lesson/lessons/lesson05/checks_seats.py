"""Check the exercises of lesson 05 on seats: who sits, a tensor of seats, the bug in a mask."""

import torch
import torch.nn.functional as F

from moe_lesson.moe import routing
from moe_lesson.study.checks import (
    called,
    demand,
    exercise,
    near,
    no_mistake,
    rounded,
    tensor_of,
    untouched,
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
    hint = "taken.get(expert, 0) is 0 for an expert that nobody asked for yet"
    given = untouched(answer, expert_T, 2, when="eight tokens, two seats", hint=hint)
    found = tensor_of(given, (8,), "who sits")
    said = f"experts {QUEUE}, two seats: you give {given.int().tolist()}. "
    nth_T = _nth(expert_T)
    no_mistake(found, {text: each.double() for text, each in _wrong_seated(expert_T).items()}, said)
    demand(near(found, (nth_T <= 2).double()), said + f"Their places are {nth_T.tolist()}")
    when = "four tokens for expert 4, three seats"
    hint = "does your function know all experts before it meets them? A dict need not"
    given = called(answer, torch.tensor([4, 4, 4, 4]), 3, when=when, hint=hint)
    three = tensor_of(given, (4,), "who sits")
    demand(three.tolist() == [1, 1, 1, 0], f"{when}: the fourth alone must stand")


def _wrong_seated(expert_T):
    """Return what to say of likely mistakes -> who sits by them, with two seats."""
    nth_T, before_T, all_T = _nth(expert_T), torch.arange(8), torch.bincount(expert_T)[expert_T]
    everybody = "Everybody sits: does the count go on from visit to visit? Keys of a dict must be "
    return {
        "That is one seat too few: the second to come still sits": nth_T < 2,
        "That is one seat too many: count the token itself, too": nth_T <= 3,
        "You count all tokens together: each expert has seats of its own": before_T < 2,
        "The last to come sit there: begin at the left": _nth(expert_T.flip(0)).flip(0) <= 2,
        "Turned round: True is for those who sit": nth_T > 2,
        everybody + "numbers, not tensors": nth_T > 0,
        "You ask how many an expert has in all: count from the left": all_T <= 2,
        "These are their places: compare them with capacity": nth_T,
        "These are how many came before: compare them with capacity": nth_T - 1,
    }


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
    given = untouched(answer, asked, 2, when=said.removesuffix(": "), hint="one_hot's size")
    if isinstance(given, torch.Tensor) and given.shape == (4, 2, 3):
        given = None
    demand(given is not None, said + "your axes are tokens, seats, experts: seats come last")
    found = tensor_of(given, (4, 3, 2), "combine")
    no_mistake(found, _wrong_seats(asked), said)
    _demand_seats(found, _seats(asked), said)
    given = called(answer, asked, 5, when="five seats")
    found = tensor_of(given, (4, 3, 5), "combine, five seats")
    _demand_seats(found, _seats(asked, capacity=5), "with five seats all weights sit: ")
    _visits_not_made(answer)


def _wrong_seats(asked):
    """Return what to say of likely mistakes -> the seats that they give."""
    return {
        "the seats are right, but a seat must hold the token's weight, not a 1": _seats(
            asked, weight=1
        ),
        "you let token 0's second choice sit before first choices: all first ones come first": (
            _seats(asked, by_token=True)
        ),
        "your count includes the token itself, so seat 0 stays empty": _seats(asked, shift=1),
        "you count all visits together: each expert has a count of its own": _seats(asked, all=1),
        "late visits overwrite the last seat: who finds none is nowhere": _seats(asked, push=1),
        "second choices sit after all first ones of their expert: count both together": (
            _seats(asked, apart=1)
        ),
        "first choices come first: you begin with second ones": _seats(asked, turned=1),
        "weights stay as they are, also where a token's other visit found no seat": (
            _shares(_seats(asked))
        ),
    }


def _demand_seats(found, wanted, said):
    """Demand the right tensor, and show the first token and expert that differ."""
    is_placed = torch.equal(found != 0, wanted != 0)
    where = (found - wanted).abs().amax(2).gt(1e-4).nonzero()
    token, expert = where[0].tolist() if len(where) else (0, 0)
    said += f"token {token} at expert {expert} has {rounded(found[token, expert])}, it must be "
    said += f"{rounded(wanted[token, expert])}"
    said += ". All seats are right: do weights come in the order of experts?" * is_placed
    demand(near(found, wanted), said)


def _visits_not_made(answer):
    """Check three visits a token, of which some are not made, and other sizes."""
    expert_TK = torch.tensor([[1, 4, 0], [1, 0, 4], [3, 2, 4], [1, 4, 4], [2, 1, 3]])
    weight_TK = torch.tensor([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.4, 0.35, 0.25]])[[0, 1, 2, 0, 1]]
    asked = routing.Routing(torch.zeros(5, 4), weight_TK.masked_fill(expert_TK > 3, 0), expert_TK)
    when = "five tokens, four experts, k = 3, an id of 4 for a visit not made"
    hint = "take T, E and k from the routing, and E + 1 columns for one_hot"
    given = called(answer, asked, 3, when=when, hint=hint)
    found = tensor_of(given, (5, 4, 3), f"{when}: combine")
    last = asked._replace(expert_TK=expert_TK.clamp(max=3))
    taken = {"a visit not made takes a seat at the last expert: drop that column": _seats(last, 3)}
    no_mistake(found, taken, f"{when}: ")
    _demand_seats(found, _seats(asked, 3), f"{when}: ")


def _shares(combine_TEC):
    return combine_TEC / combine_TEC.sum((1, 2), keepdim=True).clamp(min=1e-9)


def _seats(asked, capacity=2, weight=None, by_token=False, **mistakes):
    """Seat an exercise's tokens one by one, with a mistake if one is named."""
    (T, K), E = asked.expert_TK.shape, asked.logits_TE.shape[1]
    combine_TEC, taken = torch.zeros(T, E, capacity, dtype=torch.float64), [0] * E
    choices = reversed(range(K)) if "turned" in mistakes else range(K)
    visits = [(t, k) for k in choices for t in range(T)]
    for t, k in sorted(visits) if by_token else visits:
        expert = asked.expert_TK[t, k].item()
        taken = [0] * E if "apart" in mistakes and t == 0 else taken
        if expert == E:
            continue
        seat = (sum(taken) if "all" in mistakes else taken[expert]) + mistakes.get("shift", 0)
        taken[expert] += 1
        seat = min(seat, capacity - 1) if "push" in mistakes else seat
        if seat < capacity:
            combine_TEC[t, expert, seat] += weight or asked.weight_TK[t, k].item()
    return combine_TEC


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
    given = untouched(answer, expert_T, 2, 4, when="ten tokens for expert 0 of 2, four seats")
    kept = tensor_of(given, (10, 2), "kept")
    said = f"ten tokens for expert 0, four seats: {int(kept[:, 0].sum())} sit. "
    demand(kept[:, 1].sum() == 0, said + "And expert 1, whom nobody asked, has guests: mask them")
    is_mask = bool(((kept == 0) | (kept == 1)).all())
    demand(is_mask, f"kept holds {kept[:, 0].int().tolist()}: it must hold 0 and 1")
    count = int(kept[:, 0].sum())
    demand(count != 10, said + "Does the count run down the tokens, and do you ask for capacity?")
    demand(count != 3, said + "The first token counts as 1, not as 0")
    demand(count != 5, said + "Now there is a seat too many: is 0 to C four seats or five?")
    demand(count == 4, said + "It must be four")
    first = kept[:4, 0].sum() == 4
    demand(
        first, said + f"They are tokens {kept[:, 0].nonzero().flatten().tolist()}: not the first"
    )
    mixed = torch.tensor(QUEUE)
    given = called(answer, mixed, 3, 2, when=f"experts {QUEUE}, two seats")
    found = tensor_of(given, (8, 3), "kept")
    wanted = F.one_hot(mixed, 3) * (_nth(mixed) <= 2)[:, None]
    said = f"experts {QUEUE}, two seats: sitting are {found.sum(1).nonzero().flatten().tolist()}, "
    said += f"it must be {wanted.sum(1).nonzero().flatten().tolist()}. "
    demand(found.sum() != 8, said + "Is 4 written into your function? Use capacity")
    demand(near(found, wanted), said + "Is the count per expert?")
