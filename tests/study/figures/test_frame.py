"""The frame of every figure: axes of its own, laid out once, names kept apart."""

import base64
import html
import io
import re

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from moe_lesson.study.figures import frame
from moe_lesson.study.figures.frame import apart


def test_notebook_axes_are_pyplots_own_and_a_widgets_are_not():
    before = set(plt.get_fignums())
    frame.new_axes(shown=False)
    assert set(plt.get_fignums()) == before
    axes = frame.new_axes()
    assert set(plt.get_fignums()) != before
    plt.close(axes.figure)


def shown(monkeypatch, axes):
    """Return what a notebook would be given of a figure when its cell ends."""
    given = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: given.append(data))
    axes.figure._ipython_display_()
    plt.close(axes.figure)
    return given[0]


def test_a_figure_is_shown_with_its_title_and_axes_in_words(monkeypatch):
    axes = frame.finish(frame.new_axes(), 'Loss < "0.1"', "step", "")
    data = shown(monkeypatch, axes)
    assert set(data) == {"text/html", "text/plain"}
    alt, wide, bits = re.fullmatch(
        r'<img alt="([^"]*)" style="max-width: 100%" width="(\d+)" '
        r'src="data:image/png;base64,([^"]*)">',
        data["text/html"],
    ).groups()
    assert html.unescape(alt) == 'Loss < "0.1". Across: step.'
    picture = Image.open(io.BytesIO(base64.b64decode(bits)))
    assert picture.width == int(wide) and len(picture.getcolors()) <= 64


def test_each_of_two_axes_is_said_and_a_bare_one_too(monkeypatch):
    left, right = frame.new_axes(columns=2)
    frame.finish(left, "One line of a title that is so long that it breaks", "a", "b")
    frame.finish(right, "Two", "", "")
    said = frame.described(left.figure)
    assert said == "One line of a title that is so long that it breaks. Across: a; up: b. Two."
    plt.close(left.figure)
    assert frame.described(frame.new_axes(shown=False).figure) == "A figure without a title."


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
