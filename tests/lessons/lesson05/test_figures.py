"""Figures of lesson 05: titles computed from the numbers, nothing cut off, few bytes."""

import numpy as np

from moe_lesson.lessons.lesson05 import figures
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
NAMES = ("top-1", "top-2, first choices first", "expert choice, 32 tokens", "dropless")


@figure
def seat_map(axes):
    asked = sorted([0, 1, 2, 3] * 5 + [0] * 8)
    seated = [at % 3 > 0 for at in range(len(asked))]
    return figures.seat_map(axes, asked, seated, range(len(asked)), 10, 4)


@figure
def drops_by_chance(axes):
    means = [4, 8, 16, 32, 64, 128]
    curves = {f: (means, (0.3 / f / np.arange(1, 7)).tolist()) for f in (1.0, 1.25, 2.0)}
    return figures.drops_by_chance(axes, curves, curves)


@figure
def dots_by_name(axes):
    found = {name: 3 + RANDOM.random(3) for name in NAMES}
    return figures.dots_by_name(axes, found, "4 policies", "bits a token", 3.4, "floor")


@figure
def grid(axes):
    shares = RANDOM.random((5, 5))
    return figures.grid(axes, shares, list("abcde"), "25 shares", "asked", "trained")


drawn = drawn_of(FIGURES)


def test_the_architecture_shows_the_experts_of_each_block():
    axes = frame.new_axes(shown=False)
    figures.architecture(axes, [0, 8, 0, 8], "decoder", 2)
    texts = [text.get_text() for text in axes.texts]
    assert [texts.count(str(expert)) for expert in range(9)] == [2] * 8 + [0]
    assert sum("dense" in text for text in texts) == 2 and sum("the past" in t for t in texts) == 4
    assert "2 of 4 blocks sparse, 8 experts, top-2" in axes.get_title("left")


def test_the_seat_map_counts_who_stands_and_what_is_empty():
    axes = frame.new_axes(shown=False)
    figures.seat_map(axes, [0, 0, 0, 1], [True, True, False, True], [3, 1, 2, 0], 2, 3)
    assert axes.get_title("left") == "1 of 4 visits finds no seat; 3 of 6 seats stay empty"
    hatched = [patch for patch in axes.patches if patch.get_hatch()]
    assert len(hatched) == 1 and hatched[0].get_x() > 2
    assert [text.get_text() for text in axes.texts] == ["3", "1", "2", "0"]
