"""Figures of lesson 04: titles computed from the numbers, nothing cut off, few bytes."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from moe_lesson.lessons.lesson04 import figures
from moe_lesson.study.figures import frame
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on the ``drawn`` of this module
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

RANDOM = np.random.default_rng(0)
NAMES = (
    "none, noise, importance, load, both, Switch, Switch x 10, z, bias, expert choice, hash"
).split(", ")


def busiest_curves(axes):
    climb = 1 + 3 * (1 - np.exp(-np.arange(60) / 5)) + 0.05 * RANDOM.normal(size=(3, 60))
    names = ("none", "share 10 %", "share 80 %", "share 80 %, hot")
    return figures.busiest_curves(axes, dict.fromkeys(names, climb), ceiling=4.0)


def information_by_balance(axes):
    found = {name: (2 * RANDOM.random(3), 0.2 * RANDOM.random(3)) for name in NAMES}
    return figures.information_by_balance(axes, found, "part of speech")


@pytest.fixture(params=[busiest_curves, information_by_balance], scope="module")
def drawn(request):
    axes = request.param(frame.new_axes(shown=False))
    FigureCanvasAgg(axes.figure).draw()
    return axes


def test_the_correlation_is_of_the_means_over_seeds():
    """Three ways rise together although single seeds do not; two ways fall."""
    rising = {"a": ([0, 2], [0, 2]), "b": ([1, 3], [3, 1]), "c": ([5, 5], [5, 5])}
    falling = {"a": ([0, 2], [9, 8]), "b": ([1, 3], [3, 1])}
    for found, wanted in ((rising, "1.00 over 3 means"), (falling, "-1.00 over 2 means")):
        axes = figures.information_by_balance(frame.new_axes(shown=False), found, "language")
        assert f"rank correlation {wanted}" in axes.get_title("left")


def test_names_do_not_overlap():
    crowd = {name: ([1.0, 1.0], [0.1, 0.1]) for name in NAMES}
    axes = frame.new_axes(height=3.6, shown=False)
    axes = figures.information_by_balance(axes, crowd, "language")
    FigureCanvasAgg(axes.figure).draw()
    heights = sorted(axes.transData.transform((0, text.xyann[1]))[1] for text in axes.texts)
    assert len(heights) == len(NAMES) and np.diff(heights).min() > 8  # pixels
