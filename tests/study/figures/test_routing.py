"""Pictures of routing: a finding with its number as title, nothing cut off, few bytes."""

import numpy as np

from moe_lesson.study.figures import frame, routing
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on the ``drawn`` of this module
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


@figure
def gate_bars(axes):
    weights = np.array([0, 0.6, 0, 0.4, 0, 0, 0, 0])
    return routing.gate_bars(axes, np.array([0.1, 0.3, 0.1, 0.2, 0.1, 0.1, 0.05, 0.05]), weights)


@figure
def gate_bars_of_all(axes):
    return routing.gate_bars(axes, np.full(8, 1 / 8), np.full(8, 1 / 8))


@figure
def mixture_split(axes):
    place = RANDOM.uniform(-1, 1, 200)
    target = abs(place) + 0.05 * RANDOM.normal(size=200)
    share = 1 / (1 + np.exp(40 * place))
    guesses, shares = np.stack([-place, place], 1), np.stack([share, 1 - share], 1)
    return routing.mixture_split(axes, place, target, guesses, shares, np.full(200, target.mean()))


@figure
def expert_load(axes):
    return routing.expert_load(axes, STEPS, RANDOM.dirichlet(np.ones(8) * 9, len(STEPS)), layer=3)


@figure
def routing_strip(axes):
    tokens = [" a", "\n", " $x_1$", " mixture", " of", " experts", "é", "�"] * 4
    return routing.routing_strip(axes, tokens, RANDOM.integers(0, 8, (4, 32)))


drawn = drawn_of(FIGURES)


def test_the_split_names_the_error_of_both():
    place, target = np.array([-1.0, 1.0]), np.array([1.0, 2.0])
    guesses, shares = np.array([[1.0, 9.0], [9.0, 2.0]]), np.eye(2)
    axes = routing.mixture_split(
        frame.new_axes(shown=False), place, target, guesses, shares, np.zeros(2)
    )
    title = axes.get_title("left").replace("\n", " ")
    assert "mean squared error 0.000 (one alone, dotted: 2.500)" in title
