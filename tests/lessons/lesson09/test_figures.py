"""Figures of lesson 09: a finding with its number as title, nothing cut off, few bytes."""

import numpy as np

from moe_lesson.lessons.lesson09 import figures
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on the ``drawn`` of this module
    drawn_of,
    listed_in,
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

FIGURES = {}
figure = listed_in(FIGURES)
NAMES = "sparse", "dense, as active", "dense, as total"


@figure
def gap_lines(axes):
    rows = np.array([[-0.05, 0.01, 0.02, 0.03]] * 3) + np.arange(3)[:, None] / 100
    late = rows - np.array([np.nan, 0.01, 0.01, 0.01])
    gaps = {"tokens": rows, "operations": rows - 0.001, "seconds": late}
    return figures.gap_lines(axes, [100, 300, 1000, 3000], gaps, NAMES[1])


@figure
def told_lines(axes):
    one = {10: 0.1, 30: 0.5, 100: 0.9, 300: 0.97, 1000: 1.0}
    less = {n: share**2 for n, share in one.items()}
    return figures.told_lines(axes, dict(zip(NAMES, ([one] * 3, [less, one], [one]))))


@figure
def right_dots(axes):
    return figures.right_dots(axes, dict(zip(NAMES, ([0.9, 1.0], [0.2, 0.3], [0.8]))), "stored")


drawn = drawn_of(FIGURES)
