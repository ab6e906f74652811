"""Figures of lesson 12: a finding with its number as title, nothing cut off, few bytes."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson12 import figures
from moe_lesson.study.figures import frame
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on the ``drawn`` of this module
    drawn_of,
    listed_in,
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

FIGURES = {}
figure = listed_in(FIGURES)
RANDOM = np.random.default_rng(0)
NAMES = [f"{name}, T {t}" for name in ("small", "dense", "instruct") for t in (0.5, 1.0)]


@figure
def scoreboard(axes):
    tests = {"knowledge": 0.25, "reading": 0.25, "grammar": 0.5}
    found = {
        name: {test: (RANDOM.uniform(0.2, 0.95), 0.06) for test in tests}
        for name in ("small", "dense", "instruct")
    }
    return figures.scoreboard(axes, found, tests)


@figure
def lifts(axes):
    rows = {n: np.c_[RANDOM.normal(0, 0.1, 4), np.full(4, 0.05)] for n in ("small", "instruct")}
    return figures.lifts(axes, (48, 128, 256, 384), rows, 256)


@figure
def planted_bias(axes):
    told = np.tile([0.5, 0.8, 1.0], 3)
    ways = ("aloud", "probabilities", "argmax")
    return figures.planted_bias(axes, told, {way: RANDOM.random(9) for way in ways})


@figure
def pass_curves(axes):
    curves = {"unbiased": [0.2, 0.3, 0.4], "plug-in": [0.2, 0.28, 0.35]}
    return figures.pass_curves(axes, (1, 5, 10), curves)


@figure
def pass_curves_with_intervals(axes):
    curves = {"unbiased": [0.2, 0.3, 0.4], "plug-in": [0.2, 0.28, 0.35]}
    return figures.pass_curves(axes, (1, 5, 10), curves, [0.3, 0.1, 0.1])


@figure
def scoreboard_of_three(axes):
    rows = ("knowledge", 0.59, 0.25), ("reading", 0.2, 0.25), ("grammar", 0.9, 0.5)
    chances = {test: chance for test, _, chance in rows}
    tuned = {test: (score, 0.14) for test, score, _ in rows}
    base = {name: tuned | {"knowledge": (0.25, 0.02)} for name in ("small", "dense")}
    return figures.scoreboard(axes, base | {"instruct": tuned}, chances)


@figure
def ratings(axes):
    draws = 1000 + 40 * RANDOM.normal(size=(200, 6))
    return figures.ratings(axes, NAMES, draws.mean(0), draws, draws[:50])


@figure
def ratings_alone(axes):
    draws = 1000 + 40 * RANDOM.normal(size=(200, 6))
    return figures.ratings(axes, NAMES, draws.mean(0), draws)


drawn = drawn_of(FIGURES)


def new():
    return frame.new_axes(shown=False)


@pytest.mark.parametrize(
    "scores, title",
    [
        ([[0.3, 0.3], [0.6, 0.3]], "Above chance in 1 of 4: b in read"),
        ([[0.6, 0.3], [0.6, 0.9]], "Above chance in 3 of 4: all in read; b in write"),
        ([[0.3, 0.3], [0.3, 0.2]], "Above chance in 0 of 4"),
        ([[0.6, 0.3], [0.3, 0.9]], "Above chance in 2 of 4: a in read; b in write"),
    ],
)
def test_a_scoreboard_says_who_is_surely_above_chance(scores, title):
    found = {
        name: {test: (score, 0.15) for test, score in zip(("read", "write"), row)}
        for name, row in zip("ab", scores)
    }
    assert figures.scoreboard(new(), found, {"read": 0.25, "write": 0.5}).get_title("left") == title


def test_a_long_board_is_told_in_short():
    tests = ["knowledge", "reading", "counting", "grammar"]
    found = {
        name: {test: (0.9 if at & 1 << n else 0.1, 0.1) for n, test in enumerate(tests)}
        for at, name in [(5, "small"), (9, "dense"), (14, "instruct")]
    }
    title = figures.scoreboard(new(), found, dict.fromkeys(tests, 0.25)).get_title("left")
    assert title == "Above chance, of 4 tests: small 2, dense 2, instruct 3"


def test_rivals_are_counted_by_paired_differences():
    common = 200 * RANDOM.normal(size=(400, 1))  # all move together: intervals meet
    own = np.array([40.0, 0.0, 39.0]) + RANDOM.normal(size=(400, 3))
    draws = 1000 + common + own
    low, high = np.quantile(draws, (0.025, 0.975), axis=0)
    assert high[1] > low[0]
    axes = figures.ratings(new(), ["a", "b", "c"], draws.mean(0), draws)
    assert axes.get_title("left").endswith("points; 1 other may be as good")


def test_markers_stand_within_the_axes_and_apart():
    rows = {name: np.zeros((3, 2)) + 0.01 for name in ("small", "dense", "instruct")}
    axes = figures.lifts(new(), (48, 128, 384), rows, 256)
    x = np.concatenate([bar.lines[0].get_xdata() for bar in axes.containers])
    assert np.diff(np.sort(x)).min() > 0.11
    assert all(bar.lines[0].get_linestyle() == "None" for bar in axes.containers)
    axes = figures.planted_bias(new(), [0.5, 1.0], {"a": [0.5, 1], "b": [0, 0.8], "c": [1, 1]})
    assert axes.get_title("left") == "Mean distance from planted: a 0.00, b 0.35, c 0.25"
    edges = axes.get_xlim()
    x = np.concatenate([dots.get_offsets()[:, 0] for dots in axes.collections])
    assert edges[0] + 0.02 < x.min() and x.max() < edges[1] - 0.02


def test_passes_are_drawn_from_nothing_with_their_intervals():
    both = {"unbiased": [0.3, 0.9], "plug-in": [0.3, 0.8]}
    for half, count in ((None, 0), ([0.4, 0.1], 1)):
        axes = figures.pass_curves(new(), [1, 5], both, half)
        assert axes.get_ylim()[0] == 0 and len(axes.containers) == count
    low, high = axes.containers[0].lines[2][0].get_segments()[1][:, 1]
    assert (low, high) == pytest.approx((80, 100)) and axes.get_ylim()[1] >= 100
