"""Figures of lesson 02: titles computed from the numbers, nothing cut off, few bytes; the panel."""

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from moe_lesson.lessons.lesson02 import figures
from moe_lesson.lessons.lesson02.widget_hard_choice import hard_gate
from moe_lesson.study.figures import frame
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on the ``drawn`` of this module
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

RANDOM = np.random.default_rng(0)
FIGURES = {}


def figure(draw):
    """Register a function that draws on given axes."""
    FIGURES[draw.__name__] = draw
    return draw


@figure
def likelihood_climb(axes):
    em = -1.5 + 2.4 * (1 - np.exp(-np.arange(61) / 9)) + 0.05 * RANDOM.normal(size=(10, 1))
    slow = -1.6 + np.linspace(0, 1.2, 601) + 0.05 * RANDOM.normal(size=(5, 1))
    climbs, cost = {"EM": em, "gradient ascent": slow}, {"EM": 2.4, "gradient ascent": 0.9}
    return figures.likelihood_climb(axes, climbs, cost, level=0.88)


@figure
def bias_variance(axes):
    found = {"REINFORCE": (0, 9.6), "mean baseline": (0, 4.7), "best baseline": (0, 3.6)}
    found |= {"straight-through": (1.1, 8.0), "top-1": (1.7, 0), "top-2": (1.13, 0)}
    return figures.bias_variance(axes, found | {"top-4": (1.11, 0)})


@figure
def estimate_bars(axes):
    exact = np.array([2.9, -0.7, -1.3, -0.9])
    return figures.estimate_bars(axes, exact, exact + 0.3, np.array([5.0, 3.6, 1.3, 0.6]))


@figure
def price_list(axes):
    models = {"one linear model": (640, [81.0, 81.4]), "bag of 4": (2560, [80.9, 81.6])}
    models |= {"soft mixture": (2816, [91, 92]), "hard mixture": (896, [90, 91.5])}
    return figures.price_list(axes, models | {"network, 38 units": (2812, [93, 94.0])})


@figure
def owner_map(axes):
    return figures.owner_map(axes, RANDOM.dirichlet(np.ones(4), 4), ["0", "90", "180", "270"])


@pytest.fixture(params=FIGURES, scope="module")
def drawn(request):
    axes = FIGURES[request.param](frame.new_axes(shown=False))
    FigureCanvasAgg(axes.figure).draw()
    return axes


@pytest.mark.parametrize("draw", [bias_variance, price_list], ids=lambda draw: draw.__name__)
def test_names_do_not_overlap(draw):
    axes = draw(frame.new_axes(height=3.2, shown=False))
    FigureCanvasAgg(axes.figure).draw()
    boxes = [text.get_bbox_patch() or text.get_tightbbox() for text in axes.texts]
    heights = sorted((box.y0 + box.y1) / 2 for box in boxes)
    assert len(set(heights)) == len(heights) == len(axes.texts)


def test_bias_and_spread_of_zero_are_named_in_the_title():
    title = FIGURES["bias_variance"](frame.new_axes(shown=False)).get_title("left")
    assert title.replace("\n", " ") == (
        "No bias: REINFORCE, mean baseline, best baseline. No spread: top-1, top-2, top-4. "
        "Largest spread: REINFORCE, 3.10"
    )


@pytest.mark.parametrize(
    "state, said",
    [
        ({"estimate": "top-1"}, "top-1: wrong by 3.36 on average, the same for every draw"),
        ({"estimate": "straight-through"}, "wrong by"),
        ({"estimate": "REINFORCE, best baseline"}, "right on average, one draw spreads by 3.47"),
        ({"estimate": "top-2"}, "it computes 2 of 4 experts."),
        ({"certainty": 0.0}, "Expected loss 5.62"),
    ],
)
def test_the_hard_gate_says_what_it_shows(state, said):
    panel = hard_gate()
    panel.move(**state)
    assert said in panel.sentence
    assert Image.open(io.BytesIO(panel.picture)).format == "PNG"


def test_each_state_of_the_hard_gate_is_another_picture():
    panel = hard_gate()
    pictures = {bytes(panel.view(**values).picture) for values in panel.states.values()}
    assert len(pictures) == len(panel.states) == 3
