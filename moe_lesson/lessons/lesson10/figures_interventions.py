"""Figures of operations on experts, of paths through layers, of a router while it learns."""

import numpy as np
from matplotlib.patches import Patch, Polygon

from moe_lesson.study.figures.frame import FONT, READABLE, SERIES, apart, digit, finish, our_style
from moe_lesson.study.figures.palette import MUTED, OUTLINE, colour

ORANGE, PURPLE = "#E08214", "#8073AC"  # both ends of PuOr: above and below 0


@our_style()
def loss_changes(axes, found, control=None, what="The operation"):
    """Draw how the loss changes by group, with intervals, beside a control.

    Args:
        found: name -> Interval, in nats; a name "en / noun" stands under a common "en".
        control: name -> Interval of the same operation on other experts, drawn as diamonds.

    >>> from moe_lesson.study.statistics import Interval
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> one, two = Interval(0.3, 0.1, 0.5, 10), Interval(0.1, 0.0, 0.2, 30)
    >>> loss_changes(new_axes(shown=False), {"en": one, "de": two}).get_title("left")
    'The operation, tokens of these groups: +0.150 nats, most for en (+0.300)'

    Lesson 10.
    """
    names, rows = list(found), np.array([one[:3] for one in found.values()])
    place = np.arange(len(names))
    axes.axhline(0, color=OUTLINE, linewidth=0.8)
    fill = [ORANGE if mean >= 0 else PURPLE for mean in rows[:, 0]]
    axes.bar(place, rows[:, 0], 0.74, color=fill, edgecolor=OUTLINE, linewidth=0.7)
    _interval_lines(axes, place, rows)
    if control:
        means = [control[name].mean if name in control else np.nan for name in names]
        style = {"marker": "D", "s": 18, "color": "white", "edgecolors": OUTLINE, "zorder": 4}
        axes.scatter(place, means, **style)
    outer = [name.split(" / ")[0] for name in names]
    inner = [name.split(" / ")[-1] for name in names]
    many = len(names) > 8
    axes.set_xticks(place, inner, rotation=90 * many, fontsize=FONT - 1 - 1.5 * many)
    axes.set_xlim(-0.6, len(names) - 0.4)
    if outer != inner:
        _outer_names(axes, outer)
    whole = np.average(rows[:, 0], weights=[one.tokens for one in found.values()])
    top = int(np.nanargmax(rows[:, 0]))
    title = f"{what}, tokens of these groups: {_signed(whole)} nats, "
    title += f"most for {names[top]} ({_signed(rows[top, 0])})"
    across = "bars: 95 % interval over documents" + "; diamonds: other experts" * bool(control)
    return finish(axes, title, across, "loss change (nats)")


def _interval_lines(axes, place, rows):
    """Draw the intervals that are known: one document alone has none."""
    known = np.isfinite(rows).all(1)
    if known.any():
        axes.vlines(place[known], rows[known, 1], rows[known, 2], color=OUTLINE, linewidth=1.2)


def _signed(nats):
    """Write a change with its sign; one that rounds to nothing has none of its own."""
    return f"{round(float(nats), 3) + 0.0:+.3f}".replace("-", "−")


def _outer_names(axes, outer):
    """Write each common name once, over its bars, and a line where the next begins."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.12 * (high - low))
    for name in dict.fromkeys(outer):
        at = [place for place, one in enumerate(outer) if one == name]
        if at[0]:
            axes.axvline(at[0] - 0.5, color=MUTED, linewidth=0.6)
        style = {"ha": "center", "va": "top", "fontsize": FONT - 1, "path_effects": READABLE}
        middle = (at[0] + at[-1]) / 2
        axes.annotate(name, (middle, 1), xycoords=("data", "axes fraction"), **style)


@our_style()
def need_against_load(axes, load_E, found, layer):
    """Draw what masking each expert costs against how busy it is.

    Args:
        found: an Interval for each expert, in nats.

    >>> from moe_lesson.study.statistics import Interval
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> two = [Interval(0.3, 0.2, 0.4, 10), Interval(0.1, 0.0, 0.2, 10)]
    >>> axes = need_against_load(new_axes(shown=False), np.array([0.2, 0.8]), two, layer=1)
    >>> axes.get_title("left").replace("\\n", " ")[:60]
    'Layer 1: the busiest expert, 1 (80 % of visits), costs +0.10'

    Lesson 10.
    """
    rows = np.array([one[:3] for one in found])
    axes.axhline(rows[:, 0].mean(), color=MUTED, linestyle=":", linewidth=1.4)
    _interval_lines(axes, 100 * load_E, rows)
    # Numbers step aside for each other; the lines stay where the load is.
    beside = apart(100 * load_E, 2.2 * np.ptp(load_E))
    for expert, (load, mean) in enumerate(zip(beside, rows[:, 0])):
        digit(axes, load, mean, expert)
    axes.margins(0.08, 0.15)
    busy, need = int(np.argmax(load_E)), int(rows[:, 0].argmax())
    more = f"; the most needed, {need}, {_signed(rows[need, 0])}"
    more = ", the most of all" if busy == need else more
    title = (
        f"Layer {layer}: the busiest expert, {busy} ({100 * load_E[busy]:.0f} % of visits), costs "
        f"{_signed(rows[busy, 0])} nats{more}"
    )
    across = "share of visits (%); dotted: mean cost; lines: 95 % over documents"
    return finish(axes, title, across, "loss change when masked (nats)")


@our_style()
def path_flow(axes, path, count, kinds=None, title=""):
    """Draw paths through the layers as ribbons as thick as their tokens are many.

    Args:
        path: a row per path: its expert in each layer.
        count: tokens on each path.
        kinds: a name per path; ribbons then take its colour, else that of the first expert.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> two = np.array([[0, 1], [0, 0]])
    >>> len(path_flow(new_axes(shown=False), two, [3, 1], title="4 tokens").patches)
    2

    Lesson 10.
    """
    path, count = np.asarray(path), np.asarray(count, dtype=float)
    kinds = [None] * len(path) if kinds is None else list(kinds)
    names = sorted({kind for kind in kinds if kind is not None})
    looks = {
        name: {"facecolor": series[0], "hatch": hatch}
        for name, series, hatch in zip(names, SERIES, ("", "///", "...", "xxx", "---"))
    }
    bottoms, layers = _stacked_paths(path, count), path.shape[1]
    smooth = np.linspace(0, 1, 12)
    rise, steps = 3 * smooth**2 - 2 * smooth**3, np.arange(layers - 1)[:, None] + smooth
    for row in range(len(path)):
        low, up = bottoms[row, :-1, None], np.diff(bottoms[row])[:, None]
        edge, across = (low + up * rise).ravel(), steps.ravel()
        ring = np.r_[np.c_[across, edge], np.c_[across, edge + count[row]][::-1]]
        look = looks.get(kinds[row], {"facecolor": colour(path[row, 0])})
        axes.add_patch(Polygon(ring, edgecolor=OUTLINE, linewidth=0.5, antialiased=False, **look))
    for layer, expert in sorted({(at, e) for row in path for at, e in enumerate(row.tolist())}):
        here = path[:, layer] == expert
        low = bottoms[here, layer].min()
        digit(axes, layer, low + count[here].sum() / 2, expert)
    if looks:
        handles = [Patch(label=name, edgecolor=OUTLINE, **look) for name, look in looks.items()]
        place = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        axes.legend(handles=handles, fontsize=FONT - 1, frameon=False, **place)
    axes.set_xlim(-0.15, layers - 0.85)
    axes.set_ylim(0, (bottoms + count[:, None]).max() * 1.02)
    axes.set_xticks(range(layers), [str(layer) for layer in range(layers)])
    axes.set_yticks([])
    return finish(axes, title, "layer (boxes: first expert)", "tokens")


def _stacked_paths(path, count):
    """Return the lower edge of each path in each layer, experts one above the other."""
    bottoms, gap = np.zeros(path.shape), 0.05 * count.sum()
    for layer in range(path.shape[1]):
        order = np.lexsort((path[:, 0], path[:, layer]))
        new = np.diff(path[order, layer], prepend=path[order[0], layer]) != 0
        bottoms[order, layer] = np.cumsum(count[order]) - count[order] + gap * new.cumsum()
    return bottoms
