"""Tokens to rows sorted by expert, and back.

``dispatch`` and ``combine`` are a pair: what one scatters, the other gathers. Between them
the experts see contiguous rows: expert 0's, then expert 1's, and so on.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Plan(NamedTuple):
    """List every visit, sorted by expert.

    >>> Plan(torch.tensor([1, 0]), torch.tensor([0.5, 1.0]), torch.tensor([1, 1])).count_E.sum()
    tensor(2)

    Lesson 6.
    """

    token_R: Tensor  # which token each row is a copy of
    weight_R: Tensor  # how much the row counts in that token's sum
    count_E: Tensor  # how many rows each expert has; sums to R


def plan(routing):
    """Sort all visits by expert; within an expert first choices stand first.

    Returns:
        A Plan with R = T * K rows, fewer where the routing has unfilled places.

    >>> from moe_lesson.moe.routing import Routing
    >>> expert_TK = torch.tensor([[1, 0], [0, 1]])
    >>> plan(Routing(torch.zeros(2, 2), torch.ones(2, 2), expert_TK)).token_R.tolist()
    [1, 0, 0, 1]

    Lesson 6.
    """
    T, E = routing.logits_TE.shape
    # Choice by choice: all first choices, then all second ones. A stable sort keeps that
    # order inside each expert, so "first choices first" is a prefix of the expert's rows.
    expert = routing.expert_TK.t().reshape(-1)
    weight = routing.weight_TK.t().reshape(-1)
    visit_R = expert.argsort(stable=True)
    # Not bincount: on CUDA that waits for the device.
    count_E = expert.new_zeros(E + 1).scatter_add(0, expert, torch.ones_like(expert))[:E]
    if routing.has_unfilled:
        # Visits that are not made carry id E, so they were sorted behind all the others.
        visit_R = visit_R[: int(count_E.sum())]
    return Plan(visit_R % max(T, 1), weight[visit_R], count_E)


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


def within_capacity(plan, capacity):
    """Drop the rows past each expert's capacity: first choices stay longest.

    Lepikhin et al. 2020 (GShard, arXiv:2006.16668), algorithm 1: all first choices take
    their seats before any second choice, earlier tokens before later ones.

    Returns:
        A Plan with at most ``capacity`` rows an expert; a dropped row adds exactly zero.

    Raises:
        ValueError: ``capacity`` is below 0.

    >>> rows = Plan(torch.tensor([0, 1, 2]), torch.ones(3), torch.tensor([3, 0]))
    >>> within_capacity(rows, 2).token_R.tolist()
    [0, 1]

    Lesson 5.
    """
    if capacity < 0:
        raise ValueError(f"capacity is {capacity}: it must be 0 or more")
    token_R, weight_R, count_E = plan
    start_E = count_E.cumsum(0) - count_E
    place_R = torch.arange(len(token_R), device=token_R.device)
    seat_R = place_R - start_E.repeat_interleave(count_E, output_size=len(token_R))
    kept_R = seat_R < capacity
    return Plan(token_R[kept_R], weight_R[kept_R], count_E.clamp(max=capacity))
