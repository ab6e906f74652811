"""Every figure: a finding with its number as title, named axes, nothing cut off, few bytes."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from moe_lesson.lessons.lesson08 import figures
from moe_lesson.study.figures import frame, routing, training
from moe_lesson.study.figures.frame import apart
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on the ``drawn`` of this module
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

RANDOM = np.random.default_rng(0)
STEPS = np.arange(0, 601, 50)
FIGURES = {}


def figure(draw):
    """Register a function that draws on given axes."""
    FIGURES[draw.__name__] = draw
    return draw


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


def runs(noise=0.01):
    fall = 1.8 + 2 * np.exp(-STEPS / 150)
    return {
        name: (STEPS * pace, fall + noise * RANDOM.normal(size=(3, len(STEPS))))
        for name, pace in (
            ("sparse", 1.0),
            ("dense, equal active", 1.0),
            ("dense, equal total", 0.6),
        )
    }


@figure
def loss_curves(axes):
    return training.loss_curves(axes, runs(), floor=1.5)


@figure
def loss_curves_zoomed(axes):
    return training.loss_curves(axes, runs(), clock="billion operations", zoom=(1.75, 2.2))


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


@pytest.fixture(params=FIGURES, scope="module")
def drawn(request):
    axes = FIGURES[request.param](frame.new_axes(shown=False))
    FigureCanvasAgg(axes.figure).draw()
    return axes


@pytest.mark.parametrize("draw", [cache_memory, loss_curves], ids=lambda draw: draw.__name__)
def test_titles_fit_beside_each_other(draw):
    both = frame.new_axes(columns=2, height=3.2, shown=False)
    for axes in both:
        draw(axes)
    FigureCanvasAgg(both[0].figure).draw()
    left, right = (axes._left_title.get_window_extent() for axes in both)
    assert left.x1 < right.x0 and right.x1 <= both[0].figure.bbox.x1 + 1


def test_names_at_line_ends_do_not_overlap():
    axes = loss_curves(frame.new_axes(shown=False))
    FigureCanvasAgg(axes.figure).draw()
    named = [text for text in axes.texts if "floor" not in text.get_text()]
    # Text's own method: an annotation's counts its arrow too.
    boxes = sorted((Text.get_window_extent(text) for text in named), key=lambda box: box.y0)
    assert len(boxes) == 3
    assert all(below.y1 <= above.y0 + 1 for below, above in zip(boxes, boxes[1:]))


def test_losses_are_compared_where_all_have_been():
    curves = {"slow": ([0, 10], [4.0, 2.0]), "fast": ([0, 5], [[4.0, 2.4], [4.0, 2.6]])}
    title = training.loss_curves(frame.new_axes(shown=False), curves, clock="seconds").get_title(
        "left"
    )
    assert (
        title.replace("\n", " ")
        == "At 5 seconds: fast 2.500, slow 3.000 bits per byte (1 run each)"
    )


def test_the_split_names_the_error_of_both():
    place, target = np.array([-1.0, 1.0]), np.array([1.0, 2.0])
    guesses, shares = np.array([[1.0, 9.0], [9.0, 2.0]]), np.eye(2)
    axes = routing.mixture_split(
        frame.new_axes(shown=False), place, target, guesses, shares, np.zeros(2)
    )
    title = axes.get_title("left").replace("\n", " ")
    assert "mean squared error 0.000 (one alone, dotted: 2.500)" in title


def test_notebook_axes_are_pyplots_own_and_a_widgets_are_not():
    before = set(plt.get_fignums())
    frame.new_axes(shown=False)
    assert set(plt.get_fignums()) == before
    axes = frame.new_axes()
    assert set(plt.get_fignums()) != before
    plt.close(axes.figure)


def test_a_second_drawing_is_not_laid_out_again():
    axes = frame.new_axes(shown=False)
    frame.png(axes.figure)
    where = axes.get_position().bounds
    axes.set_ylabel("a\nvery\ntall\nname")
    frame.png(axes.figure)
    assert axes.get_position().bounds == where


@pytest.mark.parametrize("seed", range(20))
def test_apart_keeps_order_distance_and_mean(seed):
    generator = np.random.default_rng(seed)
    levels = generator.normal(size=generator.integers(1, 9))
    moved = apart(levels, gap=0.4)
    order = np.argsort(levels, kind="stable")
    assert (np.diff(moved[order]) >= 0.4 - 1e-9).all()
    assert moved.mean() == pytest.approx(levels.mean())
    assert apart(np.array([0.0, 9.0]), gap=1.0).tolist() == [0.0, 9.0]
