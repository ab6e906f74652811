"""The frame of every figure: axes of its own, laid out once, names kept apart."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from moe_lesson.study.figures import frame
from moe_lesson.study.figures.frame import apart


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
