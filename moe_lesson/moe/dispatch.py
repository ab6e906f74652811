"""Tokens to rows sorted by expert, and back.

``dispatch`` and ``combine`` are a pair: what one scatters, the other gathers. Between them
the experts see contiguous rows: expert 0's, then expert 1's, and so on.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from moe_lesson import one_of

# Who is seated before whom in one expert.
ORDERS = ("first choices first", "left to right", "by probability")


class Plan(NamedTuple):
    """List every visit, sorted by expert.

    >>> Plan(torch.tensor([1, 0]), torch.tensor([0.5, 1.0]), torch.tensor([1, 1])).count_E.sum()
    tensor(2)

    Lesson 6.
    """

    token_R: Tensor  # which token each row is a copy of
    weight_R: Tensor  # how much the row counts in that token's sum
    count_E: Tensor  # how many rows each expert has; sums to R


def plan(routing, order=ORDERS[0]):
    """Sort all visits by expert; within an expert they stand in an order.

    "first choices first": all first choices, token by token, then all second ones (Lepikhin et
    al. 2020, GShard, arXiv:2006.16668, algorithm 1). "left to right": token by token. "by
    probability": the heaviest visit first, as DeepSpeed's policy "probs" does.

    Returns:
        A Plan with R = T * K rows, fewer where the routing has unfilled places.

    Raises:
        ValueError: there is no such order; those there are are listed.

    >>> from moe_lesson.moe.routing import Routing
    >>> expert_TK = torch.tensor([[1, 0], [0, 1]])
    >>> routing = Routing(torch.zeros(2, 2), torch.ones(2, 2), expert_TK)
    >>> plan(routing).token_R.tolist(), plan(routing, "left to right").token_R.tolist()
    ([1, 0, 0, 1], [0, 1, 0, 1])

    Lesson 6.
    """
    one_of("order", order, ORDERS)
    T, E = routing.logits_TE.shape
    # Choice by choice: all first choices, then all second ones. A stable sort keeps that
    # order inside each expert, so "first choices first" is a prefix of the expert's rows.
    expert = routing.expert_TK.t().reshape(-1)
    weight = routing.weight_TK.t().reshape(-1)
    queue = _queue(routing, order)
    line = expert if queue is None else expert[queue]
    visit_R = line.argsort(stable=True)
    visit_R = visit_R if queue is None else queue[visit_R]
    # Not bincount: on CUDA that waits for the device.
    count_E = _count(expert, E)
    if routing.has_unfilled:
        # Visits that are not made carry id E, so they were sorted behind all the others.
        visit_R = visit_R[: int(count_E.sum())]
    return Plan(visit_R % max(T, 1), weight[visit_R], count_E)


def _queue(routing, order):
    """Return the visits, numbered choice by choice, as they stand in line; None: as numbered."""
    T, K = routing.expert_TK.shape
    if order == "left to right":
        visit = torch.arange(T * K, device=routing.expert_TK.device)
        return visit.view(K, T).t().reshape(-1)
    if order == "by probability":
        return routing.weight_TK.t().reshape(-1).argsort(stable=True, descending=True)
    return None


def _count(expert, num_experts):
    """Count the visits of each expert; the id ``num_experts`` is none."""
    ones = torch.ones_like(expert)
    return expert.new_zeros(num_experts + 1).scatter_add(0, expert, ones)[:num_experts]


def dispatch(x_TD, plan):
    """Copy each token to the rows of the experts it visits.

    Returns:
        x_RD, sorted by expert.

    >>> rows = Plan(torch.tensor([1, 0]), torch.ones(2), torch.tensor([2]))
    >>> dispatch(torch.tensor([[5.0], [7.0]]), rows).tolist()
    [[7.0], [5.0]]

    Lesson 6.
    """
    return x_TD.index_select(0, plan.token_R)


def combine(y_RD, plan, tokens):
    """Sum each token's rows, weighted; a token without rows gets exactly zero.

    Returns:
        y_TD with T = ``tokens``. Sums of two rows do not depend on their order; for K > 2
        CUDA may add them in another order from run to run.

    >>> rows = Plan(torch.tensor([0, 0]), torch.tensor([0.5, 0.5]), torch.tensor([1, 1]))
    >>> combine(torch.tensor([[2.0], [4.0]]), rows, tokens=2).tolist()
    [[3.0], [0.0]]

    Lesson 6.
    """
    weighted_RD = y_RD * plan.weight_R[:, None]
    y_TD = weighted_RD.new_zeros(tokens, y_RD.shape[-1])
    return y_TD.index_add(0, plan.token_R, weighted_RD).to(y_RD.dtype)


def seats(tokens, num_experts, top_k, factor):
    """Count the seats of one expert: the capacity factor times an even share of the visits.

    Fedus et al. 2021 (Switch, arXiv:2101.03961), eq. 3, there for K = 1 and without a word on
    rounding; here up, as V-MoE does, so that one token always finds a seat.

    Returns:
        Rows: T where ``factor`` is None (dropless).

    Raises:
        ValueError: ``factor`` is not above 0.

    >>> seats(6, num_experts=3, top_k=1, factor=1.0), seats(1, 8, 1, 1.25), seats(6, 3, 1, None)
    (2, 1, 6)

    Lesson 5.
    """
    if factor is None:
        return tokens
    if not factor > 0:
        raise ValueError(f"the capacity factor is {factor}: it must exceed 0")
    # Rounded first: 1.1 * 10 is 11.000000000000002, and needs no twelfth seat.
    return max(1, math.ceil(round(factor * tokens * top_k / num_experts, 9)))


def within_capacity(plan, capacity, group_size=None):
    """Drop the rows past each expert's capacity: those in front stay longest.

    Lepikhin et al. 2020 (GShard, arXiv:2006.16668), algorithm 1. Who stands in front was
    decided by ``plan``.

    Args:
        group_size: tokens in a group, each of which has ``capacity`` seats of its own in every
            expert; None: all tokens share them.

    Returns:
        A Plan with at most ``capacity`` rows an expert and group; a dropped row adds exactly zero.

    Raises:
        ValueError: ``capacity`` is below 0, or ``group_size`` below 1.

    >>> rows = Plan(torch.tensor([0, 1, 2]), torch.ones(3), torch.tensor([3, 0]))
    >>> within_capacity(rows, 2).token_R.tolist()
    [0, 1]
    >>> within_capacity(rows, 1, group_size=2).token_R.tolist()
    [0, 2]

    Lesson 5.
    """
    if capacity < 0:
        raise ValueError(f"capacity is {capacity}: it must be 0 or more")
    if group_size is not None and group_size < 1:
        raise ValueError(f"group_size is {group_size}: it must be 1 or more")
    token_R, weight_R, count_E = plan
    E = len(count_E)
    expert_R = torch.arange(E, device=token_R.device).repeat_interleave(
        count_E, output_size=len(token_R)
    )
    # One number for expert and group; sorted, a row's seat is how far it stands from the first.
    key_R = expert_R << 32 if group_size is None else (expert_R << 32) + token_R // group_size
    sorted_R, from_R = key_R.sort(stable=True)
    place_R = torch.arange(len(token_R), device=token_R.device)
    seat_R = torch.empty_like(place_R)
    seat_R[from_R] = place_R - torch.searchsorted(sorted_R, sorted_R)
    kept_R = seat_R < capacity
    return Plan(token_R[kept_R], weight_R[kept_R], _count(expert_R[kept_R], E))


def combine_tensor(routing, capacity):
    """Write who sits where as one tensor: a token's weight at its expert and seat, else 0.

    Lepikhin et al. 2020 (GShard, arXiv:2006.16668), algorithm 1, for one group: a running count
    gives each visit its seat, all first choices before any second. It holds T * E * C numbers
    where a Plan holds at most T * K.

    Returns:
        combine_TEC; a visit without a seat is nowhere in it.

    >>> from moe_lesson.moe.routing import top_k
    >>> routing = top_k(torch.tensor([[9.0, 0.0], [9.0, 0.0]]), k=1)
    >>> combine_tensor(routing, capacity=1).tolist()
    [[[1.0], [0.0]], [[0.0], [0.0]]]

    Lesson 5.
    """
    T, E = routing.logits_TE.shape
    chosen_RE = F.one_hot(routing.expert_TK.t().reshape(-1), E + 1)[:, :E]
    seat_RE = chosen_RE.cumsum(0) - chosen_RE  # how many came before: the first has seat 0
    kept_RE = chosen_RE * (seat_RE < capacity)
    seat_REC = F.one_hot(seat_RE.clamp(max=capacity - 1), capacity) * kept_RE[..., None]
    weight_R = routing.weight_TK.t().reshape(-1)
    return (weight_R[:, None, None] * seat_REC).view(-1, T, E, capacity).sum(0)


def through_seats(x_TD, combine_TEC, experts):
    """Let experts work on full tables of seats, empty ones included: GShard's two products.

    Returns:
        y_TD, what ``combine`` gives of the same seats.

    >>> combine_TEC = torch.tensor([[[0.5], [0.0]], [[0.0], [0.0]]])
    >>> through_seats(torch.ones(2, 1), combine_TEC, lambda x_RD, count_E: 3 * x_RD).tolist()
    [[1.5], [0.0]]

    Lesson 5.
    """
    T, E, C = combine_TEC.shape
    dispatch_TEC = (combine_TEC > 0).to(x_TD.dtype)
    x_ECD = torch.einsum("tec,td->ecd", dispatch_TEC, x_TD)
    count_E = torch.full((E,), C, device=x_TD.device)
    y_ECD = experts(x_ECD.flatten(0, 1), count_E).view(E, C, -1)
    return torch.einsum("tec,ecd->td", combine_TEC, y_ECD.to(combine_TEC.dtype)).to(x_TD.dtype)
