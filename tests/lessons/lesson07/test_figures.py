"""Figures of lesson 07: titles computed from the numbers, nothing cut off, few bytes."""

import numpy as np

from moe_lesson.lessons.lesson07 import figures
from moe_lesson.lessons.lesson07.cost_model import Step
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
HELD = {
    "data": [[1e6, 2.2e7, 2e6]] * 4,
    "tensor": [[2e5, 5.5e6, 5e5]] * 4,
    "pipeline": [[2e5, 5.5e6, 1e6], [2e5, 5.5e6, 0], [2e5, 5.5e6, 0], [2e5, 5.5e6, 1e6]],
    "expert": [[1e6, 5.5e6, 2e6]] * 4,
}


@figure
def bytes_by_rank(axes):
    return figures.bytes_by_rank(axes, HELD)


@figure
def exchange(axes):
    return figures.exchange(axes, np.arange(16).reshape(4, 4) * 1e6, "MB")


@figure
def large_exchange(axes):
    return figures.exchange(axes, np.arange(256).reshape(16, 16) * 1e3)


@figure
def waiting(axes):
    seconds = [[0.004, 0.006, 0.008, 0.012], *[[0.004, 0.0035, 0.003, 0.002]] * 3]
    return figures.waiting(axes, [1.0, 1.5, 2.0, 3.0], seconds)


@figure
def remedies(axes):
    found = {
        "in order": [1.1, 1.2, 1.6, 1.5],
        "placed": [1.05, 1.1, 1.2, 1.3],
        "4 copies": [1.0] * 4,
    }
    return figures.remedies(axes, found)


@figure
def lines(axes):
    curves = {name: ([8, 64, 512], [1.0, 2.0, rank]) for rank, name in enumerate("abcd", 3)}
    return figures.lines(axes, "3 times", "devices", "ms", curves)


@figure
def parts(axes):
    return figures.parts(axes, {n: Step(7e-3, 2e-3, n * 1e-4) for n in (1, 8, 64, 4096)})


drawn = drawn_of(FIGURES)


def test_a_bar_for_each_rank_and_all_bytes_in_it():
    axes = bytes_by_rank(frame.new_axes(shown=False))
    assert len(axes.patches) == 16 * 3
    assert (
        abs(sum(bar.get_height() for bar in axes.patches) - sum(map(np.sum, HELD.values())) / 1e6)
        < 1e-6
    )


def test_the_matrix_names_who_gets_most():
    bytes_WW = np.zeros((4, 4))
    bytes_WW[:, 2] = 3e3
    axes = figures.exchange(frame.new_axes(shown=False), bytes_WW)
    assert axes.get_title("left") == "Rank 2 gets 12 of 12 kB"
    assert len(axes.texts) == 16 and len(axes.patches) == 4  # the diagonal stays at home


def test_the_longest_is_compared_with_the_even_load():
    title = waiting(frame.new_axes(shown=False)).get_title("left")
    assert title == "At twice the mean load the fullest rank takes 2.00 times as long"


def test_what_is_left_for_an_even_load():
    title = parts(frame.new_axes(shown=False)).get_title("left")
    assert title.startswith("On 4,096 devices 2 % of the time")
