"""Caches of experts: by hand, against the package's own, and against all that there could be."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest

from moe_lesson.inference.offload import LRU
from moe_lesson.lessons.lesson13.caches import POLICIES, hit_ratio, lru_hits, play

VISITS = np.random.default_rng(0).random((60, 6)).argsort(1)[:, :2]
FEW = np.array([[0, 1], [1, 2], [0, 3], [0, 1], [2, 3]])


@pytest.mark.parametrize("slots", [2, 3, 4, 6])
def test_lru_is_that_of_the_package(slots):
    held, hits = LRU(slots), 0
    for asked in VISITS.tolist():
        for one in held.held_first(asked):
            hits += held.touch(one)
        for one in asked:  # the order among one token's experts is ours: best first
            held.touch(one)
    assert lru_hits(VISITS, slots) == hits / VISITS.size
    steps = play(VISITS, slots, "least recent")
    assert hit_ratio(steps) == lru_hits(VISITS, slots)


def test_two_slots_hold_the_token_before():
    same = (VISITS[1:, :, None] == VISITS[:-1, None]).any(-1).sum()
    for policy in POLICIES:
        assert hit_ratio(play(VISITS, 2, policy)) == same / VISITS.size
    shared = (VISITS[1:, :, None] == VISITS[:-1, None]).any((1, 2)).mean()
    assert shared / 2 <= lru_hits(VISITS[:], 2) * 60 / 59 <= shared


def test_each_policy_drops_another_by_hand():
    visits = np.array([[0], [1], [0], [2], [1], [0]])
    dropped = {policy: [one.dropped for one in play(visits, 2, policy)] for policy in POLICIES}
    assert dropped["least recent"][3] == [1] and dropped["first in"][3] == [0]
    assert dropped["least often"][3] == [1]  # 0 came twice
    assert dropped["knows the future"][3] == [0]  # 1 is next


def best_of_all(visits, slots):
    """Return the most hits that any choice of what to drop can reach."""

    @cache
    def most(time, kept):
        if time == len(visits):
            return 0
        asked = frozenset(visits[time].tolist())
        wanted, hits = kept | asked, len(kept & asked)
        if len(wanted) <= slots:
            return hits + most(time + 1, wanted)
        return hits + max(most(time + 1, frozenset(left)) for left in subsets(wanted, asked, slots))

    return most(0, frozenset())


def subsets(wanted, asked, slots):
    """Yield what may stay: all that is asked, and others up to the slots."""
    for others in combinations(sorted(wanted - asked), slots - len(asked)):
        yield asked | set(others)


@pytest.mark.parametrize("slots", [2, 3, 4])
def test_nobody_beats_who_knows_the_future(slots):
    visits = VISITS[:14]
    best = best_of_all(visits, slots) / visits.size
    found = {policy: hit_ratio(play(visits, slots, policy)) for policy in POLICIES}
    assert found["knows the future"] == best and max(found.values()) == best


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_look_says_adds_up(policy):
    before = []
    for asked, one in zip(FEW.tolist(), play(FEW, 3, policy), strict=True):
        assert one.asked == asked and sorted(one.hits + one.loaded) == sorted(asked)
        assert set(one.hits) == set(asked) & set(before)
        assert set(one.kept) == (set(before) | set(asked)) - set(one.dropped)
        assert len(one.kept) <= 3 and set(asked) <= set(one.kept)
        before = one.kept


def test_too_few_slots_are_refused():
    with pytest.raises(ValueError, match="1 slots: a token visits 2"):
        play(FEW, 1, "least recent")
