"""The vowels: synthetic and said so, the paper's split, and the rule for steps."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson01 import vowels
from moe_lesson.mixtures import local


def test_the_stand_in_says_that_it_is_one():
    assert vowels.task(vowels.synthetic_rows()).source == "synthetic stand-in"
    assert "SYNTHETIC" in vowels.__doc__


def test_75_speakers_say_four_vowels_twice():
    rows = vowels.synthetic_rows()
    assert len(rows) == 75 * 4 * 2 and {len(row) for row in rows} == {9}
    kinds = [row[0] for row in rows[::8]]
    assert [kinds.count(kind) for kind in "mwc"] == [33, 28, 14]
    assert len({row[2:5] for row in rows}) == len(rows)
    assert rows == [*vowels.synthetic_rows(seed=0)] or np.isnan(rows[0][5])


def test_drawn_means_and_spreads_are_the_published_ones():
    rows = [row for seed in range(8) for row in vowels.synthetic_rows(seed)]
    for vowel, numbers in vowels.STATISTICS.items():
        for kind, (first, second, sd1, sd2, tie) in zip(
            "mwc", np.array(numbers.split(), float).reshape(3, 5)
        ):
            drawn = np.array([row[6:8] for row in rows if (row[0], row[3]) == (kind, vowel)])
            many = len(drawn) ** -0.5
            assert abs(drawn.mean(0) - [first, second]).max() < 4 * max(sd1, sd2) * many
            assert np.allclose(drawn.std(0), [sd1, sd2], rtol=4 * many)
            assert abs(np.corrcoef(drawn.T)[0, 1] - tie) < 4 * many


def test_the_split_is_by_speaker_and_the_target_by_pair():
    rows = vowels.synthetic_rows()
    found = vowels.task(rows)
    speaker = np.array([row[2] for row in rows])
    heard, unheard = set(speaker[found.train_T]), set(speaker[~found.train_T])
    assert len(heard) == 50 and len(unheard) == 25 and not heard & unheard
    firsts = np.isin(found.vowel_T, ["i", "A"])
    assert (found.target_TV[:, 0] == firsts).all() and found.x_TD[:, 2].all()
    assert np.allclose(found.x_TD[0, :2], np.array(rows[0][6:8]) / 1000)


def test_measured_rows_lose_other_vowels_and_the_76th_speaker():
    rows = [
        ("m", "m", speaker, vowel, turn, 120.0, 300.0, 2000.0, 2500.0)
        for speaker in range(1, 77)
        for vowel in ("i", "I", "A", "V", "u")
        for turn in (1, 2)
    ]
    found = vowels.task(rows, source="measured")
    assert found.x_TD.shape == (600, 3) and found.train_T.sum() == 400
    assert found.source == "measured" and set(found.vowel_T) == set("iIAV")


def test_too_few_speakers_are_refused():
    with pytest.raises(ValueError, match="50 speakers: more than 50"):
        vowels.task([row for row in vowels.synthetic_rows() if row[2] <= 50])


def rule(steps):
    start = local.Mixture(np.zeros((2, 1, 1, 1)), np.zeros((2, 1, 1)))
    one = np.ones((1, 1))
    slopes = lambda model: local.mixture_slopes(model, one, one, squash=None)  # noqa: E731
    taken = vowels.epochs_by_step(start, slopes, steps)
    return min(taken, key=taken.get)


def test_the_fastest_step_wins_and_one_that_explodes_does_not():
    assert rule((0.01, 0.1, 0.7, 5.0)) == 0.7
    assert rule((0.7, 0.1)) == 0.7


def test_no_step_is_no_answer():
    with pytest.raises(ValueError, match="brings all 2 runs"):
        rule((0.0001, 9.0))


def test_every_system_learns_the_vowels():
    """A few runs: the criterion is reached, and two or three of four experts stay active."""
    task = vowels.task(vowels.synthetic_rows())
    x_TD, target_TV = task.x_TD[task.train_T], task.target_TV[task.train_T]
    start = local.start_mixture(np.random.default_rng(0), 3, (3, 4, 1))
    slopes = lambda model: local.mixture_slopes(model, x_TD, target_TV)  # noqa: E731
    done = local.descend(start, slopes, 16, 1500, stop=0.08)
    assert not np.isnan(done.epochs_B).any()
    out = local.forward(done.model, task.x_TD[~task.train_T], local.logistic)
    right = (local.blend(out) > 0.5) == (task.target_TV[~task.train_T] > 0.5)
    assert right.mean() > 0.85
    assert set(local.active_experts(out.prob_BTE)) <= {2, 3}
