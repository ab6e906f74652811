"""Figures of lesson 13: a number in the title, nothing cut off, few bytes."""

import numpy as np

from moe_lesson.lessons.lesson13 import caches, cost_model, figures, serving
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
    found = {name: np.linspace(0.45, 0.9, 5) - 0.05 * n for n, name in enumerate(names)}
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
