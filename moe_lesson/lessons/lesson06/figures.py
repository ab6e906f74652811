"""Figures of lesson 06: the ladder of ways, the roofline, tiles on a GPU's processors."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, READABLE, SERIES, baseline, finish, our_style
from moe_lesson.study.figures.palette import MUTED, OUTLINE, colour

PT = "offset points"
HATCH = "////"


@our_style()
def ladder(axes, found, costs):
    """Draw each way's time, and the operations it computes, over the dense layer's.

    Args:
        found: way -> time over the dense layer's, a number for each round.
        costs: way -> ``ladder.Cost``; the one of "dense" is what they are compared with.

    >>> from moe_lesson.lessons.lesson06.ladder import Cost
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> costs = {"dense": Cost(9, 100, 8, 0), "masks": Cost(50, 100, 40, 0)}
    >>> ladder(new_axes(shown=False), {"masks": [1.5, 1.4]}, costs).get_title("left")
    'From 1.45 (masks) to 1.45 (masks) times the dense layer'

    Lesson 6.
    """
    middles = {name: np.median(each) for name, each in found.items()}
    names = sorted(middles, key=middles.get, reverse=True)
    (blue, *_), (red, mark, _) = SERIES[:2]
    for line, name in enumerate(names):
        axes.barh(line, middles[name], 0.55, color=blue, edgecolor=OUTLINE, linewidth=0.6)
        axes.plot([min(found[name]), max(found[name])], [line, line], color="#000000", linewidth=1)
        more = costs[name].operations / costs["dense"].operations
        label = "operations" if line == 0 else None
        style = {"marker": mark, "edgecolors": OUTLINE, "linewidths": 0.6, "zorder": 4}
        axes.scatter(more, line, 34, red, label=label, **style)
        right = max(*found[name], more)
        text = {"fontsize": FONT - 1, "va": "center", "textcoords": PT}
        axes.annotate(f"{middles[name]:.2f}", (right, line), (7, 0), **text)
    baseline(axes, 1, "dense", vertical=True)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1.15 * max(*(max(each) for each in found.values()), *axes.get_xlim()))
    axes.legend(fontsize=FONT - 1, frameon=False, loc="upper right")
    slow, fast = names[0], names[-1]
    title = f"From {middles[fast]:.2f} ({fast}) to {middles[slow]:.2f} ({slow})"
    return finish(axes, f"{title} times the dense layer", "time / dense layer's", "")


@our_style()
def roofline(axes, machine, points, speeds=None):
    """Draw what a machine can do by operations a byte, and where a layer's sizes stand.

    Args:
        machine: a ``roofline.Machine``.
        points: name -> operations a byte.
        speeds: name -> measured operations a second; None: the points stand on the roof.

    >>> from moe_lesson.lessons.lesson06.roofline import Machine
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = roofline(new_axes(shown=False), Machine("toy", 1e9, 1e8), {"1 token": 0.5})
    >>> axes.get_title("left")
    'toy: below 10 operations a byte, memory is the limit'

    Lesson 6.
    """
    low = 0.4 * min(points.values())
    high = 12 * max(*points.values(), machine.balance)  # room for the last point's name
    at = np.geomspace(low, high, 200)
    top = machine.speed * 2.5
    axes.plot(at, [machine.roof(one) for one in at], color="#000000", linewidth=1.5)
    axes.axvline(machine.balance, color=MUTED, linestyle=":", linewidth=1.4, zorder=1)
    for (name, where), (shade, marker, _) in zip(points.items(), SERIES):
        height = machine.roof(where) if speeds is None else speeds[name]
        style = {"marker": marker, "edgecolors": OUTLINE, "linewidths": 0.6, "zorder": 4}
        axes.scatter(where, height, 44, shade, **style)
        share = (
            "" if speeds is None else f"\n{100 * height / machine.roof(where):.0f} % of the roof"
        )
        text = {"fontsize": FONT - 1, "va": "top", "textcoords": PT, "path_effects": READABLE}
        axes.annotate(f"{name}{share}", (where, height), (7, -6), **text)
    axes.set_xscale("log")
    axes.set_yscale("log")
    lowest = min([machine.roof(low), *(speeds or {}).values()])
    axes.set_ylim(lowest / 4, top)
    axes.set_xlim(low, high)
    balance = f"{machine.balance:.{int(machine.balance < 10)}f}"
    title = f"{machine.name}: below {balance} operations a byte, memory is the limit"
    return finish(axes, title, "operations a byte", "operations a second")


@our_style()
def tiles(axes, counts, block, processors):
    """Draw every row as part of a tile, tiles in the order in which processors take them.

    Args:
        counts: rows of each expert, a number each above its first tiles where there is room.
        block: rows of a tile.
        processors: how many tiles are computed at once: one wave.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> tiles(new_axes(shown=False), [3, 0, 5], block=4, processors=2).get_title("left")
    '3 tiles, 2 waves; 4 of 12 rows (33 %) are padding'

    Lesson 6.
    """
    place, told = 0, -1.0
    waves = -(-sum(-(-count // block) for count in counts) // processors)
    least = waves * processors / 40  # numbers that would touch are left out
    for expert, count in enumerate(counts):
        for first in range(0, count, block):
            full = min(block, count - first)
            style = {"width": 0.86, "edgecolor": OUTLINE, "linewidth": 0.4}
            axes.bar(place, full, color=colour(expert), **style)
            rest = {"facecolor": "white", "hatch": HATCH, **style}
            axes.bar(place, block - full, bottom=full, **rest)
            place += 1
        middle = place - (-(-count // block) + 1) / 2
        if count and middle - told > least:
            axes.text(middle, 1.02 * block, expert, ha="center", va="bottom", fontsize=FONT - 1.5)
            told = middle
    for wave in range(1, waves):
        axes.axvline(wave * processors - 0.5, color=MUTED, linestyle=":", linewidth=1.4)
    axes.set_xlim(-0.8, waves * processors - 0.2)
    axes.set_ylim(0, 1.25 * block)
    rows, wasted = place * block, place * block - sum(counts)
    title = f"{place} tiles, {waves} wave{'s' if waves != 1 else ''}; {wasted:,} of {rows:,} rows "
    title += f"({wasted / max(rows, 1):.0%}".replace("%", " %") + ") are padding"
    return finish(axes, title, "tile, and between dotted lines one wave", "rows of a tile")
