"""Figures of lesson 06: titles computed from the numbers, nothing cut off, few bytes."""

from moe_lesson.lessons.lesson06 import figures
from moe_lesson.lessons.lesson06.ladder import Cost
from moe_lesson.lessons.lesson06.roofline import H100, Machine, intensity
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
TIMES = {
    "masks": [1.3, 1.5],
    "padded batch": [1.7, 1.6],
    "one-hot": [3.5, 3.7],
    "package": [1.0, 1.1],
}
COSTS = {name: Cost(9, 100 + 40 * place, 8, 0) for place, name in enumerate(["dense", *TIMES])}
POINTS = {f"{t:,} tokens": intensity(t, 512, 1792, 8, 2, 4) for t in (1, 16, 4096)}


@figure
def ladder(axes):
    return figures.ladder(axes, TIMES, COSTS)


@figure
def roofline(axes):
    machine = Machine("this machine", 9e10, 1.5e10)
    speeds = {name: 0.6 * machine.roof(at) for name, at in POINTS.items()}
    return figures.roofline(axes, machine, POINTS, speeds)


@figure
def data_sheet(axes):
    return figures.roofline(axes, H100, POINTS)


@figure
def tiles(axes):
    return figures.tiles(axes, [300, 0, 129, 5] + [1] * 30, 128, 16)


drawn = drawn_of(FIGURES)


def test_the_title_names_the_slowest_and_the_fastest():
    title = ladder(frame.new_axes(shown=False)).get_title("left")
    assert title == "From 1.05 (package) to 3.60 (one-hot) times the dense layer"


def test_every_row_is_drawn_once():
    counts, block = [5, 0, 4, 9], 4
    axes = figures.tiles(frame.new_axes(shown=False), counts, block, processors=2)
    bars = [bar for bar in axes.patches if not bar.get_hatch()]
    padding = [bar for bar in axes.patches if bar.get_hatch()]
    assert sum(bar.get_height() for bar in bars) == sum(counts)
    assert sum(bar.get_height() for bar in padding) == 3 + 0 + 3
    assert axes.get_title("left") == "6 tiles, 3 waves; 6 of 24 rows (25 %) are padding"
    assert len(axes.lines) == 2 and [text.get_text() for text in axes.texts] == ["0", "2", "3"]


def test_points_stand_where_they_were_measured():
    axes = roofline(frame.new_axes(shown=False))
    spots = [tuple(marks.get_offsets()[0]) for marks in axes.collections]
    machine = Machine("this machine", 9e10, 1.5e10)
    assert spots == [(at, 0.6 * machine.roof(at)) for at in POINTS.values()]
    assert "60 % of the roof" in axes.texts[0].get_text()
