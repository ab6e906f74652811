"""Figures of the panels of lessons 03 and 04: noise before a choice, a small layer in balance."""

import functools

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path

from moe_lesson.study.figures.frame import FONT, baseline, finish, new_axes, our_style
from moe_lesson.study.figures.palette import OUTLINE, colour, ink

EDGE, CELLS = 1.5, 60  # half the side of the plane, and the cells along it
SLASH = Path([(-1, -1), (1, 1)])


@our_style()
def lab_axes():
    """Lay out a panel's figure: the plane at the left, shares and error at the right.

    Returns:
        Three Axes: plane, shares, error.

    >>> len(lab_axes())
    3

    Lesson 4.
    """
    grid = new_axes(columns=2, rows=2, height=3, shown=False)
    figure, cells = grid[0, 0].figure, grid[0, 0].get_gridspec()
    for axes in grid[:, 0]:
        axes.remove()
    plane = figure.add_subplot(cells[:, 0])
    plane.spines[["top", "right"]].set_visible(False)
    plane.tick_params(labelsize=FONT - 1, length=3)
    return plane, *grid[:, 1]


def emptied(drawn):
    """Take what was drawn off axes; ticks and names stay, which is faster than ``cleared``.

    >>> drawn = new_axes(shown=False)
    >>> len(emptied(baseline(drawn, 0.5, "half")).texts)
    0

    Lesson 4.
    """
    for artist in (*drawn.images, *drawn.collections, *drawn.lines, *drawn.patches, *drawn.texts):
        artist.remove()
    drawn.containers.clear()
    return drawn


@our_style()
def chosen_experts(axes, points, seen, router_ED, bias_E):
    """Draw points by the expert that each chose, on its land; strike out the dropped ones.

    Args:
        points: Points of ``lessons.lesson04.toy_layer``; its clusters are named A, B and so on.
        seen: Snapshot of the same.
        bias_E: zero, or what is added to the probabilities before the choice.

    >>> from moe_lesson.lessons.lesson04.toy_layer import ToySettings, observe, start
    >>> state = start(ToySettings())
    >>> seen, axes = observe(state, ToySettings(capacity=1.0)), new_axes(shown=False)
    >>> axes = chosen_experts(axes, state.points, seen, state.router_ED, state.bias_E)
    >>> axes.get_title("left")
    'Expert 0: 80 of 80; dropped: 60'

    Lesson 4.
    """
    x_TD, expert_T, dropped_T = (np.asarray(a) for a in (points.x_TD, *seen[:2]))
    _land(axes, np.asarray(router_ED), np.asarray(bias_E))
    lost_T = dropped_T > 0
    for expert in np.unique(expert_T):
        mine = expert_T == expert
        edge = {"edgecolors": OUTLINE, "linewidths": 0.8, "zorder": 3}
        axes.scatter(*x_TD[mine & ~lost_T, :2].T, 46, colour(expert), **edge)
        axes.scatter(*x_TD[mine & lost_T, :2].T, 46, "white", **edge)
        for some, shade in ((mine & ~lost_T, ink(expert)), (mine & lost_T, OUTLINE)):
            digit = {"marker": _digit(expert), "linewidths": 0, "zorder": 4}
            axes.scatter(*x_TD[some, :2].T, 17, shade, **digit)
    axes.scatter(*x_TD[lost_T, :2].T, 74, OUTLINE, marker=SLASH, linewidths=1.2, zorder=5)
    cluster_T = np.asarray(points.cluster_T)
    for cluster in np.unique(cluster_T):
        centre = x_TD[cluster_T == cluster, :2].mean(0)
        place = 0.9 * EDGE * centre / np.abs(centre).max()
        style = {"ha": "center", "va": "center", "fontsize": FONT + 2, "weight": "bold"}
        axes.text(*place, "ABCDEFGH"[cluster], **style)
    count = np.bincount(expert_T)
    title = f"Expert {count.argmax()}: {count.max()} of {len(lost_T)}; dropped: {lost_T.sum()}"
    return finish(axes, title, "first input", "second input")


def _land(axes, router_ED, bias_E):
    """Paint every place in the pale colour of the expert that a point there would choose."""
    side = np.linspace(-EDGE, EDGE, CELLS)
    across, up = np.meshgrid(side, side)
    score = np.stack([across, up, np.ones_like(up)], -1) @ router_ED.T
    share = np.exp(score - score.max(-1, keepdims=True))
    owner = (share / share.sum(-1, keepdims=True) + bias_E).argmax(-1)
    pale = ListedColormap([colour(expert) for expert in range(len(bias_E))])
    shades = {"cmap": pale, "vmin": -0.5, "vmax": len(bias_E) - 0.5, "alpha": 0.3}
    extent = (-EDGE, EDGE) * 2
    axes.imshow(owner, extent=extent, origin="lower", aspect="auto", **shades)
    axes.set_xticks([-1, 0, 1])
    axes.set_yticks([-1, 0, 1])


@functools.cache
def _digit(expert):
    """Make a digit a marker: a text object for each point would take too long."""
    return MarkerStyle(f"${expert}$")


@our_style()
def share_and_probability(axes, share_E, prob_E):
    """Draw f beside P for every expert; above them their product, for the balance loss.

    Args:
        share_E: f, the share of the points.
        prob_E: P, the mean probability.

    >>> axes = new_axes(shown=False)
    >>> share_and_probability(axes, np.array([1.0, 0]), np.array([0.75, 0.25])).get_title("left")
    '2 Σ f P = 1.50 (even: 1)'

    Lesson 4.
    """
    share_E, prob_E = np.asarray(share_E), np.asarray(prob_E)
    E = len(share_E)
    place, edge = np.arange(E), {"edgecolor": OUTLINE, "linewidth": 0.9}
    axes.bar(place - 0.19, share_E, 0.38, color=[colour(expert) for expert in place], **edge)
    axes.bar(place + 0.19, prob_E, 0.38, color="white", hatch="////", **edge)
    baseline(axes, 1 / E)
    style = {"ha": "center", "va": "bottom", "fontsize": FONT - 1.5}
    for expert, product in enumerate(share_E * prob_E):
        axes.text(expert, 1.05, f"fP {product:.2f}", **style)
    axes.set_xticks(place, [str(expert) for expert in place])
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylim(0, 1.3)
    axes.set_xlim(-0.6, E - 0.4)
    title = f"{E} Σ f P = {E * (share_E * prob_E).sum():.2f} (even: 1)"
    return finish(axes, title, "expert (coloured: f; hatched: P)", "share")


@our_style()
def error_trail(axes, step, error, single, last):
    """Draw the error of the steps so far, and what one linear unit could reach at best.

    Args:
        single: the error of one linear unit for all points.
        last: the step at which the axis ends.

    >>> axes = new_axes(shown=False)
    >>> error_trail(axes, [0, 50], [1.0, 0.25], 0.9, 400).get_title("left")
    'Squared error, step 50: 0.250'

    Lesson 4.
    """
    axes.plot(step, error, color=OUTLINE, linewidth=1.5, marker="o", markersize=3.5)
    baseline(axes, single, "best single linear unit")
    axes.set_xlim(-0.02 * last, 1.02 * last)
    axes.set_ylim(0, 1.25 * max(single, *error))
    title = f"Squared error, step {step[-1]}: {error[-1]:.3f}"
    return finish(axes, title, "step", "error")
