"""Curves of a training run: compared where all have been, their names apart."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from moe_lesson.study.figures import frame, training
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on the ``drawn`` of this module
    assert_titles_fit,
    drawn_of,
    listed_in,
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

RANDOM = np.random.default_rng(0)
STEPS = np.arange(0, 601, 50)
FIGURES = {}
figure = listed_in(FIGURES)


def runs(noise=0.01):
    fall = 1.8 + 2 * np.exp(-STEPS / 150)
    return {
        name: (STEPS * pace, fall + noise * RANDOM.normal(size=(3, len(STEPS))))
        for name, pace in (
            ("sparse", 1.0),
            ("dense, equal active", 1.0),
            ("dense, equal total", 0.6),
        )
    }


@figure
def loss_curves(axes):
    return training.loss_curves(axes, runs(), floor=1.5)


@figure
def loss_curves_zoomed(axes):
    return training.loss_curves(axes, runs(), clock="billion operations", zoom=(1.75, 2.2))


drawn = drawn_of(FIGURES)


def test_titles_fit_beside_each_other():
    assert_titles_fit(loss_curves)


def test_names_at_line_ends_do_not_overlap():
    axes = loss_curves(frame.new_axes(shown=False))
    FigureCanvasAgg(axes.figure).draw()
    named = [text for text in axes.texts if "floor" not in text.get_text()]
    # Text's own method: an annotation's counts its arrow too.
    boxes = sorted((Text.get_window_extent(text) for text in named), key=lambda box: box.y0)
    assert len(boxes) == 3
    assert all(below.y1 <= above.y0 + 1 for below, above in zip(boxes, boxes[1:]))


def test_losses_are_compared_where_all_have_been():
    curves = {"slow": ([0, 10], [4.0, 2.0]), "fast": ([0, 5], [[4.0, 2.4], [4.0, 2.6]])}
    title = training.loss_curves(frame.new_axes(shown=False), curves, clock="seconds").get_title(
        "left"
    )
    assert (
        title.replace("\n", " ")
        == "At 5 seconds: fast 2.500, slow 3.000 bits per byte (1 run each)"
    )
