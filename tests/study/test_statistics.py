"""Intervals over documents, and numbers that say what a trace shows."""

import numpy as np
import pytest

from moe_lesson.study.statistics import (
    changed_share,
    choice_entropy,
    intervals,
    rank_correlation,
    repeat_share,
)


def test_intervals_over_documents_are_wider_and_cover():
    generator = np.random.default_rng(0)
    covered, wider = 0, 0
    for seed in range(60):
        value = generator.normal(size=40).repeat(10) + generator.normal(size=400)
        document = np.arange(40).repeat(10)
        ours = intervals(value, document, draws=400, seed=seed)["all"]
        naive = intervals(value, np.arange(400), draws=400, seed=seed)["all"]
        covered += ours.low <= 0 <= ours.high
        wider += ours.high - ours.low > 1.5 * (naive.high - naive.low)
    assert covered >= 52 and wider == 60


def test_intervals_by_group_leave_out_what_is_not_known():
    value = np.array([1.0, np.nan, 3.0, 5.0])
    found = intervals(value, np.array([0, 0, 1, 1]), ["en", "en", "en", ""])
    assert list(found) == ["en"] and found["en"][:1] == (2.0,) and found["en"].tokens == 2
    alone = intervals(value, np.zeros(4, dtype=int))["all"]
    assert alone.mean == 3.0 and np.isnan([alone.low, alone.high]).all()


def test_shuffling_gives_the_repeats_expected_of_it():
    generator = np.random.default_rng(0)
    first = generator.choice(4, size=200, p=[0.4, 0.3, 0.2, 0.1])
    expected = repeat_share(first)[1]
    shuffled = [repeat_share(generator.permutation(first))[0] for _ in range(2000)]
    assert abs(np.mean(shuffled) - expected) < 4 * np.std(shuffled) / len(shuffled) ** 0.5


def test_repeats_at_both_extremes():
    assert repeat_share(np.zeros(5, dtype=int)) == (1.0, 1.0)
    assert repeat_share(np.arange(5)) == (0.0, 0.0)
    assert np.isnan(repeat_share(np.array([3]))).all()


def test_changes_between_layers():
    same = np.array([0, 1, 2, 3])
    assert changed_share(same, same) == (0.0, 0.75)
    assert changed_share(same, same[::-1])[0] == 1.0


def test_entropy_against_a_sum_by_hand():
    prob_TE = np.array([[0.5, 0.25, 0.25, 0.0]])
    assert choice_entropy(prob_TE) == pytest.approx([1.5])
    assert choice_entropy(np.full((1, 8), 1 / 8)) == pytest.approx([3.0])


def test_ranks_by_hand_and_a_bound_from_every_order():
    # One swap of five: 1 - 6 * 2 / (5 * 24).
    told, bound = rank_correlation([10, 20, 30, 40, 50], [1, 2, 3, 5, 4])
    assert (told, bound) == (pytest.approx(0.9), 1.0)
    told, bound = rank_correlation(np.arange(8), -(np.arange(8.0) ** 3))
    assert told == pytest.approx(-1.0) and bound == pytest.approx(0.738, abs=1e-3)  # tabulated
    assert rank_correlation([1, 1, 2, 2, 3], [5, 5, 6, 6, 7])[0] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="4 and 4 items"):
        rank_correlation([1, 2, 3, 4], [1, 2, 3, 4])
