"""Figures of lesson 12: a finding with its number as title, nothing cut off, few bytes."""

import numpy as np

from moe_lesson.lessons.lesson12 import figures
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
def ratings(axes):
    draws = 1000 + 40 * RANDOM.normal(size=(200, 6))
    return figures.ratings(axes, NAMES, draws.mean(0), draws, draws[:50])


@figure
def ratings_alone(axes):
    draws = 1000 + 40 * RANDOM.normal(size=(200, 6))
    return figures.ratings(axes, NAMES, draws.mean(0), draws)


drawn = drawn_of(FIGURES)
