"""Figures of lesson 13: a number in the title, nothing cut off, few bytes."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson13 import caches, cost_model, figures, serving
from moe_lesson.study.figures.frame import cleared, new_axes, png
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on ``drawn``
    drawn_of,
    listed_in,
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

FIGURES = {}
figure = listed_in(FIGURES)
CHANCE = np.random.default_rng(0)


@figure
def cache_pays(axes):
    found = {"with the cache": [450.0, 440, 430, 400], "without": [100.0, 70, 30, 3]}
    return figures.cache_pays(axes, [16, 64, 256, 1024], found)


@figure
def slots_in_time(axes):
    sizes = list(zip(CHANCE.integers(20, 140, 30).tolist(), CHANCE.integers(4, 30, 30).tolist()))
    costs = serving.Costs(0.0002, tuple(0.002 + 0.001 * n for n in range(8)))
    served = serving.static(serving.queue_of(sizes, 40.0, 0), 8, costs)
    return figures.slots_in_time(axes, served, 8, "batches", max(one.leaves for one in served))


@figure
def distinct_by_batch(axes):
    sizes = [1, 2, 4, 8, 16]
    even = [8 * (1 - 0.75**B) for B in sizes]
    names = ("even, alone", "loads, alone", "documents", "one language", "one text")
    found = {name: [2 + (x - 2) * (1 - n / 12) for x in even] for n, name in enumerate(names)}
    return figures.distinct_by_batch(axes, sizes, found, 3)


@figure
def faster_by_batch(axes):
    sizes = [4**n for n in range(7)]
    found = {"no context": np.array([5.4, 2.1, 1.5, 1.5, 1.8, 5.4, 5.4])}
    found |= {"4,096 before": np.array([5.3, 2.1, 1.6, 1.8, 2.1, 2.4, 2.5])}
    return figures.faster_by_batch(axes, sizes, found)


@figure
def lost_by_bits(axes):
    found = {"experts": [0.0, 0.003, 0.022, 0.371], "attention": [0.0, 0.003, 0.026, 0.27]}
    return figures.lost_by_bits(axes, [8, 4, 3, 2], found)


@figure
def hits_by_slots(axes):
    names = (*caches.POLICIES, "any experts")
    found = {name: np.linspace(0.455, 0.86, 5) for name in names[:3]}  # as close as ours
    found |= {names[3]: [0.455, 0.675, 0.79, 0.87, 0.93], names[4]: np.arange(2, 7) / 8}
    return figures.hits_by_slots(axes, [2, 3, 4, 5, 6], found)


@figure
def drafts(axes):
    names = ("dense", "mixture, as counted", "mixture, by chance")
    found = {name: np.linspace(0.6 + n / 8, 0.3 + n / 5, 5) for n, name in enumerate(names)}
    return figures.drafts(axes, [1, 2, 3, 4, 7], found)


@figure
def cache_film(axes):
    steps = caches.play(CHANCE.random((24, 8)).argsort(1)[:, :2], 4, "least recent")
    return figures.cache_film(axes, steps, 20, 8)


@figure
def step_of(axes):
    return figures.step_of(axes, cost_model.Step(0.0053, 0.0011, 0.0004, True), 188.0)


@figure
def room_of(axes):
    return figures.room_of(axes, 93.4, 34.4, 160.0)


drawn = drawn_of(FIGURES)


def test_the_title_touches_no_name(drawn):
    title = drawn._left_title.get_window_extent().padded(8)  # pixels: a space is between them
    assert not [one.get_text() for one in drawn.texts if title.overlaps(one.get_window_extent())]


def test_a_line_under_another_is_seen():
    under, *others = hits_by_slots(new_axes(shown=False)).lines
    assert under.get_linewidth() > 2 * max(one.get_linewidth() for one in others)
    assert under.get_markersize() > max(one.get_markersize() for one in others)


@pytest.mark.parametrize("milliseconds", [3.83, 3.9, 0.47, 19.04, 33.1, 142.8])
def test_no_number_below_is_cut_at_the_edge(milliseconds):
    rows = new_axes(rows=2, height=3.0, shown=False)
    for first in (33.1, milliseconds):  # a widget's margins are those of its first picture
        figures.step_of(cleared(rows[1]), cost_model.Step(first / 1000, 0.0, 0.0, True), 1.0)
        figures.room_of(cleared(rows[0]), first, 0.0, 1.0)
        png(rows[0].figure)
    for axes in rows:
        assert len(axes.get_xticks()) > 3
        assert axes.get_tightbbox().x1 <= axes.figure.bbox.x1
