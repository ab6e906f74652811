"""Figures of lesson 10: a finding with its number as title, nothing cut off, few bytes."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from moe_lesson.lessons.lesson10 import figures_information, figures_interventions
from moe_lesson.lessons.lesson10.divergence import divergence, follow_switch, other_concepts
from moe_lesson.study.figures import frame, routing
from moe_lesson.study.information import contingency_table, information
from moe_lesson.study.statistics import Interval, intervals, repeats
from moe_lesson.study.trace import documents
from tests.planted import planted
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on the ``drawn`` of this module
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
)

TRACE = planted()
SWITCHED = planted(switch=True, seed=2)
FIGURES = {}


def figure(draw):
    """Register a function that draws on given axes."""
    FIGURES[draw.__name__] = draw
    return draw


def losses(names):
    """Measure a made-up loss change by group, and that of other experts."""
    change = 0.1 + np.random.default_rng(0).normal(size=len(names))
    return intervals(change, documents(TRACE), names), intervals(
        change / 3, documents(TRACE), names
    )


@figure
def repeats_by_depth(axes):
    return figures_information.repeats_by_depth(axes, repeats(TRACE)["all"])


@figure
def information_of_one(axes):
    found = {"language": information(TRACE, "language", permutations=40)}
    return figures_information.information_by_layer(axes, found)


@figure
def information_of_five(axes):
    names = ["language", "topic", "register", "pos", "concept"]
    found = {name: information(TRACE, name, permutations=40) for name in names}
    return figures_information.information_by_layer(axes, found)


@figure
def label_map(axes):
    found = contingency_table(TRACE, "language", 3, permutations=40)
    share = found.count / found.count.sum(0)
    share[(found.count >= found.low) & (found.count <= found.high)] = np.nan
    title = "Layer 3: 96 % of expert 1 is code"
    return figures_information.label_map(axes, found.values, share, title)


@figure
def label_map_signed(axes):
    found = contingency_table(TRACE, "pos", 0, permutations=40)
    lift = np.log2(np.maximum(found.count, 0.5) / found.expected)
    return figures_information.label_map(axes, found.values, lift, "Layer 0: 3.1 bits", signed=True)


@figure
def divergence_by_layer(axes):
    return figures_information.divergence_by_layer(axes, divergence(TRACE, "en", "de"), "en and de")


@figure
def concepts_by_layer(axes):
    return figures_information.concepts_by_layer(axes, other_concepts(TRACE, "en", "de"))


@figure
def switch_curve(axes):
    return figures_information.switch_curve(axes, follow_switch(SWITCHED, TRACE, 5, 12), layer=2)


@figure
def loss_changes(axes):
    found, control = losses(TRACE.labels["language"])
    return figures_interventions.loss_changes(axes, found, control, "Without expert 3 of layer 2")


@figure
def loss_changes_of_pairs(axes):
    names = [f"{a} / {b}" for a, b in zip(TRACE.labels["language"], TRACE.labels["pos"])]
    found, control = losses(names)
    return figures_interventions.loss_changes(axes, found, control, "Without expert 3 of layer 2")


@figure
def need_against_load(axes):
    random = np.random.default_rng(1)
    means = random.normal(0.1, 0.04, 8)
    found = [Interval(m, m - 0.03, m + 0.03, 100) for m in means]
    load_E = random.dirichlet(np.ones(8) * 9)
    return figures_interventions.need_against_load(axes, load_E, found, layer=2)


@figure
def path_flow(axes):
    random = np.random.default_rng(1)
    count = np.sort(random.integers(1, 60, 10))[::-1]
    path = random.integers(0, 8, (10, 4))
    return figures_interventions.path_flow(axes, path, count, title="10 paths of 500")


@figure
def path_flow_by_kind(axes):
    random = np.random.default_rng(1)
    kinds = ["en", "de"] * 5
    path = random.integers(0, 8, (10, 4))
    return figures_interventions.path_flow(axes, path, [9] * 10, kinds, "2 kinds")


@figure
def entropy_histogram(axes):
    return routing.entropy_histogram(axes, TRACE.prob_LTE[0], 0, 600)


@figure
def ternary(axes):
    return routing.ternary(axes, TRACE.prob_LTE[3, :600], [1, 4, 6], 3, 600)


@pytest.fixture(params=FIGURES, scope="module")
def drawn(request):
    axes = FIGURES[request.param](frame.new_axes(shown=False))
    FigureCanvasAgg(axes.figure).draw()
    return axes


def test_the_title_holds_a_number(drawn):
    assert any(letter.isdigit() for letter in drawn.get_title("left"))
    assert drawn.get_xlabel() or not drawn.axison
