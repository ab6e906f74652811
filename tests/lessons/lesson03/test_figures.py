"""Figures of lesson 03: titles computed from the numbers, nothing cut off, few bytes."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from moe_lesson.lessons.lesson03 import figures, storage
from moe_lesson.study.figures import frame
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on the ``drawn`` of this module
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

RANDOM = np.random.default_rng(0)
PAPER = {4: [1.0], 32: [0.88], 256: [0.79]}


def chance_check(axes):
    chance = RANDOM.random(480)
    return figures.chance_check(axes, chance, RANDOM.binomial(2000, chance) / 2000, 2000)


def runs(size, bits):
    what = size.num_experts, size.top_k, size.hidden_dim
    cost = size.parameters, size.operations, 0.3
    return [storage.Stored(*what, 16_000, seed, *cost, bits * (1 + seed / 9)) for seed in range(3)]


RUNS = [run for n in (4, 16, 64) for run in runs(storage.sparse(n), 700.0 * n)]
RUNS += [run for times in (2, 16) for run in runs(storage.dense(times), 500.0 * times)]


def stored_bits(axes):
    grid = axes.figure.subplots(1, 2)
    axes.remove()
    return figures.stored_bits(grid, RUNS)[0]


def by_experts(axes):
    sizes = (4, 8, 16, 32, 64, 128)
    ours = {n: 1 - 0.03 * np.log2(n / 4) + 0.01 * RANDOM.normal(size=3) for n in sizes}
    two_levels = {128: 0.9 + 0.01 * RANDOM.normal(size=3)}
    found = {"corpus": ours, "corpus, two levels": two_levels, "real": ours, "paper": PAPER}
    return figures.by_experts(axes, found)


def lit_by_rank(axes):
    names = ("trained", "random router", "shuffled words")
    return figures.lit_by_rank(axes, {name: RANDOM.random(32) for name in names})


@pytest.fixture(params=[chance_check, stored_bits, by_experts, lit_by_rank], scope="module")
def drawn(request):
    axes = request.param(frame.new_axes(shown=False))
    FigureCanvasAgg(axes.figure).draw()
    return axes


def test_a_wrong_formula_leaves_the_band():
    """Right chances stay inside about 95 times in 100; the same chances squared do not."""
    chance = RANDOM.uniform(0.1, 0.9, 1000)
    counted = RANDOM.binomial(2000, chance) / 2000
    inside = []
    for claimed in (chance, chance**2):
        title = figures.chance_check(frame.new_axes(shown=False), claimed, counted, 2000)
        inside.append(int(title.get_title("left").split()[0]))
    assert 92 <= inside[0] <= 98 and inside[1] < 20


def test_the_best_number_of_experts_is_by_the_mean_over_seeds():
    found = {"ours": {4: [1.0, 1.0], 32: [0.9, 0.9], 128: [0.7, 1.3]}}
    title = figures.by_experts(frame.new_axes(shown=False), found).get_title("left")
    assert title == "Perplexity is lowest at 32 experts (ours: 0.90 of the dense control)"


def test_bits_are_drawn_at_what_a_layer_holds_and_at_what_it_costs():
    held, cost = figures.stored_bits(frame.new_axes(columns=2, shown=False), RUNS)
    for axes, name in ((held, "parameters"), (cost, "operations")):
        spots = [tuple(spot) for marks in axes.collections for spot in marks.get_offsets().data]
        assert sorted(spots) == sorted((getattr(run, name), run.bits) for run in RUNS)
        assert axes.get_ylim() == held.get_ylim()
    names = [text.get_text() for text in cost.texts]
    assert names == ["4 experts", "16 experts", "64 experts", "dense, as 2", "dense, as 16"]
    assert cost.get_title("left") == "... at 1.5 x operations"
