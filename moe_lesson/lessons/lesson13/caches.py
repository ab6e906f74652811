"""A few slots for many experts: who stays, and what comes in."""

from collections import Counter
from typing import NamedTuple

import numpy as np


def lru_hits(expert_TK, slots):
    """Count which visits find their expert in a cache that drops what was used longest ago.

    A token's experts are all looked up before any is loaded.

    Args:
        slots: experts that have room, K or more.

    Returns:
        Share of the visits, 0 to 1.

    >>> lru_hits(np.array([[0, 1], [1, 2], [0, 3]]), slots=2)
    0.16666666666666666

    Lesson 13.
    """
    kept, hits = [], 0
    for asked in expert_TK.tolist():
        hits += sum(one in kept for one in asked)
        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return hits / expert_TK.size


class Look(NamedTuple):
    """Hold what one token found in a cache.

    >>> Look([0, 1], [1], [0], [2], [0, 1]).loaded
    [0]

    Lesson 13.
    """

    asked: list  # experts that it visits, best first
    hits: list  # those that were there
    loaded: list
    dropped: list
    kept: list  # what the cache holds afterwards, in order of their numbers


POLICIES = ("least recent", "first in", "least often", "knows the future")


def play(expert_TK, slots, policy):
    """Run a cache over the visits of one layer, token by token.

    "Knows the future" drops what is needed latest: no cache with these slots does better.

    Args:
        slots: K or more.
        policy: one of ``POLICIES``: what is dropped.

    Returns:
        A Look for each token.

    Raises:
        ValueError: a token's experts have no room.

    >>> steps = play(np.array([[0, 1], [1, 2], [0, 3]]), 2, "least recent")
    >>> [len(one.hits) for one in steps]
    [0, 1, 0]

    Lesson 13.
    """
    if slots < expert_TK.shape[1]:
        raise ValueError(f"{slots} slots: a token visits {expert_TK.shape[1]} experts at once")
    next_TK = _next_use(expert_TK)
    came, last, often, then = {}, {}, Counter(), {}  # of each expert, came of those held
    rank = dict(zip(POLICIES, (last, came, often, then), strict=True))[policy]
    steps = []
    for time, asked in enumerate(expert_TK.tolist()):
        hits = [one for one in asked if one in came]
        missing = [one for one in asked if one not in came]
        came |= dict.fromkeys(missing, time)
        last |= {one: (time, place) for place, one in enumerate(asked)}
        then |= {one: -after for one, after in zip(asked, next_TK[time].tolist())}
        often.update(asked)
        others = sorted(came.keys() - set(asked), key=lambda one: (rank[one], one))
        dropped = others[: max(0, len(came) - slots)]
        for one in dropped:
            del came[one]
        steps.append(Look(asked, hits, missing, dropped, sorted(came)))
    return steps


def _next_use(expert_TK):
    """Return for each visit when its expert is visited next; T if never."""
    next_TK, seen = np.full(expert_TK.shape, len(expert_TK)), {}
    for time in reversed(range(len(expert_TK))):
        asked = expert_TK[time].tolist()
        next_TK[time] = [seen.get(one, len(expert_TK)) for one in asked]
        seen |= dict.fromkeys(asked, time)
    return next_TK


def hit_ratio(steps):
    """Return the share of visits that found their expert.

    >>> hit_ratio(play(np.array([[0, 1], [1, 2], [0, 3]]), 2, "least recent"))
    0.16666666666666666

    Lesson 13.
    """
    return sum(len(one.hits) for one in steps) / sum(len(one.asked) for one in steps)
