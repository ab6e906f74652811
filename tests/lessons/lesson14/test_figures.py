"""Figures of lesson 14: a number in the title, nothing cut off, few bytes."""

import json

from moe_lesson import DATA
from moe_lesson.lessons.lesson14 import figures
from moe_lesson.models.families import read_families
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on ``drawn``
    drawn_of,
    listed_in,
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

FIGURES = {}
figure = listed_in(FIGURES)
PAIR = ("Qwen1.5-MoE-A2.7B", "DeepSeek-V3")


@figure
def seeds(axes):
    names = ("dense", "2 of 8", "4 of 16", "8 of 32", "16 of 64")
    found = {name: [2.3 - n / 20, 2.35 - n / 20, 2.32 - n / 20] for n, name in enumerate(names)}
    return figures.seeds(axes, found, "bits per byte")


@figure
def cost_by_grain(axes):
    return figures.cost_by_grain(axes, [8, 16, 32, 64], [284, 285, 287, 291], [1, 1.2, 1.6, 2.2])


@figure
def load_and_language(axes):
    ways = ("none", "batch", "sequence", "bias", "no bias")
    found = {way: [(1.5 + n, 0.3 - n / 20), (1.4 + n, 0.32 - n / 20)] for n, way in enumerate(ways)}
    return figures.load_and_language(axes, found)


@figure
def law_of_grain(axes):
    return figures.law_of_grain(axes)


@figure
def timeline(axes):
    ideas = json.loads((DATA / "models.json").read_text(encoding="utf-8"))["ideas"]
    return figures.timeline(axes, read_families(), ideas)


@figure
def sizes_of(axes):
    return figures.sizes_of(axes, {name: read_families()[name] for name in PAIR})


@figure
def touched_by(axes):
    return figures.touched_by(axes, {name: read_families()[name] for name in PAIR}, 64)


drawn = drawn_of(FIGURES)


def test_words_of_the_timeline_do_not_touch():
    """Each year's words end above those of the next."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from moe_lesson.study.figures.frame import new_axes

    axes = timeline(new_axes(shown=False))
    FigureCanvasAgg(axes.figure).draw()
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    boxes.sort(key=lambda box: -box.y0)
    assert all(above.y0 >= below.y1 - 1 for above, below in zip(boxes, boxes[1:]))
    assert all(box.x1 <= axes.figure.bbox.x1 for box in boxes)
