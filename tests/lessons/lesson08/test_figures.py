"""Figures of lesson 08: a finding with its number as title, nothing cut off, few bytes."""

import numpy as np

from moe_lesson.lessons.lesson08 import figures
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on the ``drawn`` of this module
    assert_titles_fit,
    drawn_of,
    listed_in,
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

FIGURES = {}
figure = listed_in(FIGURES)


@figure
def ledger_bars(axes):
    parts = {"experts": (45.1e9, 11.3e9), "attention": (1.3e9, 1.3e9), "embeddings": (3e8, 3e8)}
    return figures.ledger_bars(axes, parts)


@figure
def cache_memory(axes):
    positions = np.arange(0, 32769, 1024)
    memory = {"full": positions * 131072, "rolling": np.minimum(positions, 4096) * 131072}
    return figures.cache_memory(axes, positions, memory, window=4096)


@figure
def rope_products(axes):
    distances = np.arange(64)
    products = np.cos(distances / 4)
    return figures.rope_products(axes, distances, {"at 0": products, "at 9": products}, level=1)


drawn = drawn_of(FIGURES)


def test_titles_fit_beside_each_other():
    assert_titles_fit(cache_memory)
