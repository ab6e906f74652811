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
    found = {name: (2 * RANDOM.random(3), *(0.2 * RANDOM.random((2, 3)))) for name in NAMES}
    return figures.information_by_balance(axes, found, "part of speech", ("none", "noise"))


def remedy_rows(axes):
    found = {name: 100 * RANDOM.random(3) for name in NAMES}
    return figures.remedy_rows(axes, found, "labels remembered, %")


@pytest.fixture(params=[busiest_curves, information_by_balance, remedy_rows], scope="module")
def drawn(request):
    axes = request.param(frame.new_axes(shown=False))
    FigureCanvasAgg(axes.figure).draw()
    return axes


def test_the_correlation_is_of_the_means_over_seeds():
    """Three ways rise together although single seeds do not; two ways fall."""
    none = [0, 0]
    rising = {"a": ([0, 2], [0, 2], none), "b": ([1, 3], [3, 1], none), "c": ([5, 5], [5, 5], none)}
    falling = {"a": ([0, 2], [9, 8], none), "b": ([1, 3], [3, 1], none)}
    for found, wanted in ((rising, "1.00 over 3 ways"), (falling, "-1.00 over 2 ways")):
        axes = figures.information_by_balance(frame.new_axes(shown=False), found, "language")
        assert f"rank correlation {wanted}" in axes.get_title("left").replace("\n", " ")
    bent = rising | {"d": ([9, 9], [0, 0], none)}
    axes = figures.information_by_balance(frame.new_axes(shown=False), bent, "language", ["d"])
    assert "1.00 over the 3 without d" in axes.get_title("left").replace("\n", " ")


def test_the_best_row_is_the_best_mean_and_the_line_is_the_first_rows():
    found = {"none": [1.0, 3.0], "one lucky seed": [0.0, 9.0], "steady": [6.0, 5.0]}
    for best, name in ((max, "steady 5 to 6"), (min, "none 1 to 3")):
        axes = figures.remedy_rows(frame.new_axes(shown=False), found, "labels", best)
        assert f"best {name}" in axes.get_title("left")
        assert axes.lines[-1].get_xdata()[0] == 2.0


def test_names_do_not_overlap():
    crowd = {name: ([1.0, 1.0], [0.1, 0.1], [0.0, 0.0]) for name in NAMES}
    axes = frame.new_axes(height=3.6, shown=False)
    axes = figures.information_by_balance(axes, crowd, "language")
    FigureCanvasAgg(axes.figure).draw()
    names = [text for text in axes.texts if " " in text.get_text()]
    heights = sorted(axes.transData.transform((0, text.xyann[1]))[1] for text in names)
    assert len(heights) == len(NAMES) and np.diff(heights).min() > 8  # pixels
