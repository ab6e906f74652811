"""A reader's own style changes no figure, and no figure changes a reader's style."""

import doctest
import importlib
import io
import warnings

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib import rc_context, rcParams

from moe_lesson.study.figures import frame, routing
from moe_lesson.study.figures.frame import new_axes, our_style, png
from moe_lesson.study.widgets.router_bench import gate_bench
from tests.rules.source import dotted
from tests.rules.test_figures import DEFINITIONS, FIGURES, PLOTS

# A machine without LaTeX cannot draw one letter with text.usetex.
STYLES = {
    "dark": ["dark_background", {"axes.prop_cycle": plt.cycler(color=["white"])}],
    "LaTeX": [{"text.usetex": True, "font.family": "serif", "mathtext.fontset": "cm"}],
    "slides": [
        {"font.size": 30, "axes.titlesize": 40, "figure.dpi": 40, "figure.autolayout": True},
        {"lines.linewidth": 9, "hatch.linewidth": 5, "axes.grid": True, "axes.xmargin": 0.4},
        {"path.sketch": (3, 100, 2), "axes.unicode_minus": False, "image.cmap": "jet"},
        {"text.antialiased": False, "patch.force_edgecolor": True, "savefig.pad_inches": 1},
    ],
}


@pytest.fixture(params=STYLES)
def style(request):
    """Live with a reader's style for the length of a test."""
    with rc_context():
        plt.style.use(STYLES[request.param])
        yield request.param


def examples():
    """Draw what the docstrings of all figures draw; return name -> PNG."""
    drawn, pictures, make = [], {}, frame.Figure

    def kept(**options):
        drawn.append(make(**options))
        return drawn[-1]

    frame.Figure = kept
    try:
        for path in PLOTS:
            names = {"torch": torch, "np": np}
            module = importlib.import_module(dotted(path))
            for test in doctest.DocTestFinder().find(module, extraglobs=names):
                drawn.clear()
                torch.manual_seed(0)
                doctest.DocTestRunner(verbose=False).run(test, out=lambda _: None)
                pictures |= {f"{test.name} {n}": png(one) for n, one in enumerate(drawn)}
    finally:
        frame.Figure = make
    return pictures


@pytest.fixture(scope="module")
def plain():
    """Draw all examples with matplotlib's defaults, which the tests run with."""
    return examples()


def test_every_figure_is_among_the_examples(plain):
    shown = {name.split(" ")[0].split(".")[-1] for name in plain}
    assert set(FIGURES) <= shown


def test_a_readers_style_changes_no_byte_of_any_figure(plain):
    with rc_context():
        plt.style.use([part for parts in STYLES.values() for part in parts])
        found = examples()
    assert found.keys() == plain.keys()
    assert [name for name in plain if found[name] != plain[name]] == []


def test_the_styles_are_hostile_indeed(style):
    axes = plt.figure().subplots()
    try:
        axes.plot([0, 1])
        axes.figure.savefig(there := io.BytesIO(), format="png")
    except (RuntimeError, FileNotFoundError):  # no LaTeX here
        return
    finally:
        plt.close(axes.figure)
    with our_style():
        calm = plt.figure().subplots()
        calm.plot([0, 1])
        calm.figure.savefig(here := io.BytesIO(), format="png")
        plt.close(calm.figure)
    assert there.getvalue() != here.getvalue()


def shown_picture():
    """Draw a figure as a notebook does: made in a cell, drawn by the canvas after the cell."""
    axes = routing.gate_bars(new_axes(), np.full(2, 0.5), np.array([1.0, 0]))
    buffer = io.BytesIO()
    axes.figure.canvas.print_figure(buffer, format="png", dpi=110, bbox_inches="tight")
    plt.close(axes.figure)
    return buffer.getvalue()


def test_a_figure_that_a_notebook_shows_is_the_same_too(style):
    theirs = shown_picture()
    with our_style():
        assert theirs == shown_picture()


def test_a_panel_moved_under_a_readers_style_draws_the_same_picture(style):
    panel = gate_bench()
    with our_style():
        calm = gate_bench()
    for bench in (panel, calm):
        bench.move(tau=0.5, k=3)
    assert panel.picture == calm.picture


def test_drawing_leaves_the_readers_style_as_it_was(style):
    before = dict(rcParams)
    shown_picture()
    gate_bench()
    assert dict(rcParams) == before


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_wears_our_style(name):
    worn = [decorator.func.id for decorator in DEFINITIONS[name].decorator_list]
    assert worn == ["our_style"], "put @our_style() above it, or a reader's style changes it"


def test_the_readers_style_is_back_after_a_mistake_too(style):
    before = dict(rcParams)
    with pytest.raises(ZeroDivisionError):
        routing.gate_bars(new_axes(shown=False), [], [])
    assert dict(rcParams) == before


def test_a_backend_that_cannot_be_loaded_is_named_and_the_figure_drawn(monkeypatch):
    def absent(**_):
        raise ImportError("Cannot load backend 'QtAgg'")

    monkeypatch.setattr(frame.plt, "figure", absent)
    with pytest.warns(UserWarning, match="'QtAgg'.*%matplotlib inline"):
        axes = new_axes()
    monkeypatch.undo()
    assert png(axes.figure) == png(new_axes(shown=False).figure)


@pytest.mark.parametrize(
    "backend", ["agg", "svg", "pdf", "module://matplotlib_inline.backend_inline"]
)
def test_a_backend_changes_no_byte(backend):
    before = plt.get_backend()
    plain = png(new_axes(shown=False).figure)
    try:
        plt.switch_backend(backend)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            axes = new_axes()
            assert png(axes.figure) == plain
            plt.close(axes.figure)
    finally:
        plt.switch_backend(before)
