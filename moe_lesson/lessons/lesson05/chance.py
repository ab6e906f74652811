"""How many a router without any preference leaves without a seat."""

import torch
from torch.distributions import Binomial

from moe_lesson.moe.dispatch import plan, seats, within_capacity
from moe_lesson.moe.routing import Routing


def dropped_by_chance(tokens, num_experts, factor):
    """Compute the share that a perfectly random top-1 router drops, in expectation.

    An expert's visits are binomial: T draws, each hits with chance 1/E. Past its seats C it drops
    X - C, so E experts drop E * mean(max(0, X - C)) of T.

    Returns:
        A share: 0 if C reaches T.

    >>> round(dropped_by_chance(1024, 8, 1.0), 4), round(dropped_by_chance(1024, 128, 1.0), 3)
    (0.033, 0.139)

    Lesson 5.
    """
    capacity = seats(tokens, num_experts, 1, factor)
    count = torch.arange(tokens + 1, dtype=torch.float64)
    hit = torch.tensor(1 / num_experts, dtype=torch.float64)
    chance = Binomial(tokens, hit).log_prob(count).exp()
    return (num_experts / tokens * (chance * (count - capacity).clamp(min=0)).sum()).item()


def dropped_by_lot(tokens, num_experts, factor, draws, generator):
    """Count what a random top-1 router drops, over some draws.

    >>> dropped_by_lot(6, 3, None, 1, torch.Generator().manual_seed(0))
    0.0

    Lesson 5.
    """
    lost, capacity = 0, seats(tokens, num_experts, 1, factor)
    for _ in range(draws):
        expert_TK = torch.randint(num_experts, (tokens, 1), generator=generator)
        ones_TK = torch.ones(tokens, 1)
        routing = Routing(torch.zeros(tokens, num_experts), ones_TK, expert_TK)
        lost += tokens - len(within_capacity(plan(routing), capacity).token_R)
    return lost / tokens / draws
