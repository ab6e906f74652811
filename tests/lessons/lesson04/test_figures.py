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


def remedy_rows(axes):
    found = {name: 100 * RANDOM.random(3) for name in NAMES}
    return figures.remedy_rows(axes, found, "labels remembered, %")


@pytest.fixture(params=[busiest_curves, remedy_rows], scope="module")
def drawn(request):
    axes = request.param(frame.new_axes(shown=False))
    FigureCanvasAgg(axes.figure).draw()
    return axes


def test_the_best_row_is_the_best_mean_and_the_line_is_the_first_rows():
    found = {"none": [1.0, 3.0], "one lucky seed": [0.0, 9.0], "steady": [6.0, 5.0]}
    for best, name in ((max, "best steady 5 to 6"), (min, "none 1 to 3, the best mean")):
        axes = figures.remedy_rows(frame.new_axes(shown=False), found, "labels", best)
        assert name in axes.get_title("left")
        assert axes.lines[-1].get_xdata()[0] == 2.0
