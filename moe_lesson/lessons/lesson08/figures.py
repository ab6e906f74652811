"""Figures of a model's parts: what is stored, what is remembered, what distance does."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, apart, baseline, finish, our_style
from moe_lesson.study.figures.palette import OUTLINE

PARTS = {  # fill, hatch
    "experts": ("#E69F00", ""),
    "attention": ("#56B4E9", "////"),
    "embeddings": ("#009E73", "...."),
    "router and norms": ("#CC79A7", "xxxx"),
}


BINARY = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "bytes"))


def scale_of(amount, units):
    """Choose the largest unit that an amount fills.

    >>> scale_of(5e6, ((1e9, "GB"), (1e6, "MB"), (1, "bytes")))
    (1000000.0, 'MB')

    Lesson 8.
    """
    return next(pair for pair in units if amount >= pair[0])


@our_style()
def ledger_bars(axes, parts):
    """Draw a model's parameters: stored, and used by one token.

    Args:
        parts: name -> (parameters stored, parameters that one token uses).

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> parts = {"experts": (8e9, 2e9), "attention": (1e9, 1e9)}
    >>> ledger_bars(new_axes(shown=False), parts).get_title("left")
    '9.00 billion stored, 3.00 billion used by a token (33.3 %)'

    Lesson 8.
    """
    total, active = (sum(pair[which] for pair in parts.values()) for which in (0, 1))
    scale, word = scale_of(total, ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"), (1, "")))
    left = np.zeros(2)
    for name, pair in parts.items():
        fill, hatch = PARTS.get(name, ("white", "||"))
        width = np.array(pair) / scale
        axes.barh([1, 0], width, 0.62, left, color=fill, hatch=hatch, edgecolor=OUTLINE, label=name)
        left = left + width
    for row, amount in zip((1, 0), left):
        axes.text(amount, row, f" {amount:.2f}", va="center", fontsize=FONT)
    axes.axvline(active / scale, color="#555555", linestyle=":", linewidth=1.4)
    axes.set_yticks([1, 0], ["stored", "used by\none token"], fontsize=FONT)
    axes.set_ylim(-0.45, 1.45)
    axes.set_xlim(0, left[0] * 1.12)
    axes.figure.legends.clear()
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.45, -0.25),
        ncols=4,
        fontsize=FONT - 1,
        frameon=False,
        handlelength=1.4,
        columnspacing=1.2,
    )
    title = (
        f"{total / scale:.2f} {word} stored, {active / scale:.2f} {word} used by a token "
        f"({100 * active / total:.1f} %)"
    )
    return finish(axes, title, f"parameters ({word})" if word else "parameters", "")


@our_style()
def cache_memory(axes, positions, memory, window=None):
    """Draw how many bytes of keys and values a sequence holds as it grows.

    Args:
        memory: name -> bytes at each of ``positions``.
        window: where a rolling buffer is full, drawn dotted.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> memory = {"full": np.array([1, 8]) * 2**30, "rolling": np.array([1, 1]) * 2**30}
    >>> cache_memory(new_axes(shown=False), np.array([1, 8]), memory).get_title("left")
    'At 8 positions: full 8.00 GiB, rolling 1.00 GiB (8.0 times less)'

    Lesson 8.
    """
    held = np.array([np.asarray(row, dtype=float) for row in memory.values()])
    scale, unit = scale_of(held.max(), BINARY)
    held = held / scale
    style = {"markersize": 4, "markevery": max(1, len(positions) // 8), "clip_on": False}
    beside = {"textcoords": "offset points", "annotation_clip": False, "va": "center"}
    levels = apart(held[:, -1], 0.08 * held.max())
    for row, name, level, (shade, marker, dash) in zip(held, memory, levels, SERIES):
        axes.plot(positions, row, color=shade, marker=marker, linestyle=dash, **style)
        axes.annotate(name, (positions[-1], level), (5, 0), color=shade, fontsize=FONT, **beside)
    if window is not None:
        baseline(axes, window, f"window {window:,}", vertical=True)
    axes.set_xlim(0, positions[-1])
    axes.set_ylim(0)
    ends = sorted(zip(held[:, -1], memory), reverse=True)
    amounts = ", ".join(f"{name} {amount:.2f} {unit}" for amount, name in ends)
    title = f"At {positions[-1]:,} positions: {amounts}"
    if len(ends) > 1:
        title += f" ({ends[0][0] / ends[-1][0]:.1f} times less)"
    return finish(axes, title, "positions in the sequence", f"key-value cache ({unit})")


@our_style()
def rope_products(axes, distances, products, level=None):
    """Draw the product of a rotated query and a rotated key against their distance.

    Args:
        products: name of the query's position -> product at each distance.
        level: the product without rotation, drawn dotted.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> products = {"query at 0": np.array([1.0, 0.5]), "query at 9": np.array([1.0, 0.5])}
    >>> rope_products(new_axes(shown=False), np.arange(2), products).get_title("left")
    'Only distance counts: moving both changes the product by at most 0e+00'

    Lesson 8.
    """
    rows = np.stack([np.asarray(row, dtype=float) for row in products.values()])
    for (name, row), (shade, marker, dash), size in zip(products.items(), SERIES, (9, 6, 4, 3, 2)):
        axes.plot(
            distances,
            row,
            color=shade,
            marker=marker,
            linestyle=dash,
            markersize=size,
            markevery=max(1, len(distances) // 12),
            linewidth=1.2,
            label=name,
            markerfacecolor="white",
        )
    if level is not None:
        baseline(axes, level, "without rotation")
    axes.legend(fontsize=FONT - 1, frameon=False)
    title = (
        "Only distance counts: moving both changes the product by at most "
        f"{np.ptp(rows, axis=0).max():.0e}"
    )
    return finish(axes, title, "distance (positions)", "query times key")
