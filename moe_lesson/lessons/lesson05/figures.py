"""Figures of lesson 05: who sits where, what seats cost, and what leaks."""

import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from moe_lesson.study.figures.frame import FONT, SERIES, baseline, dot_rows, finish, our_style
from moe_lesson.study.figures.palette import MUTED, OUTLINE, colour, ink


@our_style()
def seat_map(axes, asked, seated, tokens, capacity, experts):
    """Draw each expert's seats as a row of squares, and hatched behind them who found none.

    Args:
        asked: the expert that each visit asks for, in the order of seating.
        seated: whether it found a seat.
        tokens: whose visit it is.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = new_axes(shown=False)
    >>> seat_map(axes, [0, 0, 1], [True, False, True], [0, 1, 2], 1, 2).get_title("left")
    '1 of 3 visits finds no seat; 0 of 2 seats stay empty'

    Lesson 5.
    """
    filled, standing = [0] * experts, [0] * experts
    most = max(np.bincount(asked, minlength=experts).max(), capacity) if len(asked) else 1
    size = FONT - 2.5 if most > 14 else FONT - 1
    for expert in range(experts):
        for seat in range(capacity):
            _square(axes, seat, expert, facecolor="white", edgecolor=MUTED)
    for expert, is_seated, token in zip(asked, seated, tokens):
        count, first = (filled, 0) if is_seated else (standing, capacity + 0.6)
        place = first + count[expert], expert
        count[expert] += 1
        _visit(axes, place, expert, str(token), not is_seated, size)
    axes.axvline(capacity + 0.25, color=MUTED, linestyle=":", linewidth=1.4)
    axes.set_xlim(-0.3, max(most, capacity) + 1.0)
    axes.set_ylim(experts - 0.4, -0.6)
    axes.set_yticks(range(experts))
    axes.set_xticks(np.arange(capacity) + 0.45, [str(n + 1) for n in range(capacity)])
    lost, empty = sum(standing), experts * capacity - sum(filled)
    verb = "finds" if lost == 1 else "find"
    title = f"{lost} of {len(asked)} visits {verb} no seat; {empty} of {experts * capacity}"
    return finish(axes, f"{title} seats stay empty", "seat (hatched: no seat)", "expert")


@our_style()
def routed_words(axes, words, routes, dropped, title, across):
    """Draw a row of boxes for each router: whom it asks for each word, hatched if in vain.

    Args:
        words: as the axis names them.
        routes: name -> expert of each word.
        dropped: name -> whether the word finds no seat.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> two = {"you": np.array([0, 1])}, {"you": np.array([False, True])}
    >>> routed_words(new_axes(shown=False), ["a", "b"], *two, "Two", "").get_title("left")
    'Two'

    Lesson 5.
    """
    for row, (name, expert_T) in enumerate(routes.items()):
        for at, (expert, lost) in enumerate(zip(expert_T.tolist(), dropped[name].tolist())):
            _visit(axes, (at - 0.45, row), expert, str(expert + 1), lost, FONT - 1.5)
    axes.set(xlim=(-0.7, len(words) - 0.3), ylim=(len(routes) - 0.4, -0.6))
    axes.set_yticks(range(len(routes)), list(routes))
    turned = {"rotation": 60, "ha": "right", "rotation_mode": "anchor", "fontsize": FONT - 2}
    axes.set_xticks(range(len(words)), words, **turned)
    return finish(axes, title, across, "")


def _visit(axes, place, expert, text, lost, size):
    """Draw a visit as a square with a text, hatched if it finds no seat."""
    shade, box = colour(expert), None
    if lost:
        shade, box = "#E8E8E8", {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    _square(axes, *place, facecolor=shade, edgecolor=OUTLINE, hatch="////" if lost else None)
    axes.text(place[0] + 0.45, place[1], text, ha="center", va="center", fontsize=size, bbox=box,
              color="#000000" if lost else ink(expert))  # fmt: skip


def _square(axes, place, row, **style):
    axes.add_patch(Rectangle((place, row - 0.42), 0.9, 0.84, linewidth=0.9, **style))


@our_style()
def architecture(axes, blocks, kind, top_k):
    """Draw a Transformer block by block: attention, then a dense network or experts.

    Args:
        blocks: the number of experts of each block, 0 for a dense one, the lowest first.
        kind: "encoder" or "decoder".

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> architecture(new_axes(shown=False), [0, 4], "encoder", 1).get_title("left")
    'Transformer encoder with MoE layers: 1 of 2 blocks sparse, 4 experts, top-1'

    Lesson 5.
    """
    for at, experts in enumerate(blocks):
        left = at * 3.4
        axes.add_patch(
            Rectangle((left, 0.3), 3.0, 4.1, facecolor="#F4F4F4", edgecolor=MUTED, linewidth=0.9)
        )
        axes.text(left + 1.5, 4.1, f"block {at}", ha="center", va="center", fontsize=FONT - 1)
        _part(axes, left + 0.2, 0.6, f"norm, attention\n({_sees(kind)})", "#D6E6F2")
        _arrow(axes, (left + 1.5, 1.45), (left + 1.5, 1.8))
        if experts:
            _part(axes, left + 0.2, 1.8, "norm, router", "#FBE3C4", height=0.6)
            wide = 2.6 / experts
            for expert in range(experts):
                _arrow(axes, (left + 1.5, 2.4), (left + 0.2 + (expert + 0.5) * wide, 2.85))
                box = Rectangle((left + 0.2 + expert * wide, 2.85), 0.86 * wide, 0.8)
                box.set(facecolor=colour(expert), edgecolor=OUTLINE, linewidth=0.8)
                axes.add_patch(box)
                axes.text(left + 0.2 + (expert + 0.43) * wide, 3.25, str(expert), ha="center",
                          va="center", fontsize=FONT - 2, color=ink(expert))  # fmt: skip
        else:
            _part(axes, left + 0.2, 1.8, "norm,\ndense network", "#E2EEDD", height=1.85)
        if at:
            _arrow(axes, (left - 0.4, 2.35), (left, 2.35))
    axes.set(xlim=(-0.15, len(blocks) * 3.4 - 0.25), ylim=(0, 4.7), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    sparse = [experts for experts in blocks if experts]
    title = f"Transformer {kind} with MoE layers: {len(sparse)} of {len(blocks)} blocks sparse, "
    title += f"{max(sparse, default=0)} experts, top-{top_k}"
    return finish(axes, title, "embedding at the left, next norm and output layer at the right", "")


def _sees(kind):
    return "both sides" if kind == "encoder" else "the past"


def _part(axes, left, low, text, shade, height=0.85):
    box = Rectangle((left, low), 2.6, height, facecolor=shade, edgecolor=OUTLINE, linewidth=0.8)
    axes.add_patch(box)
    middle = left + 1.3, low + height / 2
    axes.text(*middle, text, ha="center", va="center", fontsize=FONT - 2.5)


def _arrow(axes, start, end):
    style = {"arrowstyle": "-|>", "mutation_scale": 7, "color": OUTLINE, "linewidth": 0.8}
    axes.add_patch(FancyArrowPatch(start, end, shrinkA=0, shrinkB=0, **style))


@our_style()
def drops_by_chance(axes, curves, found):
    """Draw the share that finds no seat when a router draws experts by lot.

    Args:
        curves: capacity factor -> (tokens an expert on average, share dropped by formula).
        found: capacity factor -> the same, counted.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> curves = {1.0: ([8, 128], [0.13, 0.033]), 1.25: ([8, 128], [0.05, 0.0])}
    >>> drops_by_chance(new_axes(shown=False), curves, {}).get_title("left")
    'Factor 1: a random router drops 13.0 % at 8 tokens an expert, 3.3 % at 128'

    Lesson 5.
    """
    for (factor, (mean, share)), (shade, marker, dash) in zip(curves.items(), SERIES):
        name = f"factor {factor:g}"
        axes.plot(mean, 100 * np.asarray(share), color=shade, linestyle=dash, linewidth=1.4)
        if factor in found:
            axes.scatter(found[factor][0], 100 * np.asarray(found[factor][1]), 22, shade,
                         marker=marker, zorder=3)  # fmt: skip
        axes.annotate(name, (mean[0], 100 * share[0]), (-4, 0), textcoords="offset points",
                      ha="right", va="center", fontsize=FONT - 1.5, color=shade)  # fmt: skip
    first = next(iter(curves.values()))
    axes.set_xscale("log", base=2)
    axes.set_xlim(first[0][0] / 2.4, first[0][-1] * 1.2)
    axes.set_xticks(first[0], [f"{n:g}" for n in first[0]])
    axes.minorticks_off()
    title = f"Factor {next(iter(curves)):g}: a random router drops "
    title += f"{100 * first[1][0]:.1f} % at {first[0][0]:g} tokens an expert, "
    title += f"{100 * first[1][-1]:.1f} % at {first[0][-1]:g}"
    across = "tokens per expert in a group (lines: formula; marks: counted)"
    return finish(axes, title, across, "% without a seat")


@our_style()
def dots_by_name(axes, found, title, across, level=None, name=""):
    """Draw a row of dots for each name, one a seed, with a bar at their mean.

    Args:
        found: name -> a number for each seed.
        level: of a dotted line, called ``name``.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = dots_by_name(new_axes(shown=False), {"a": [1.0], "b": [2.0]}, "2 rows", "bits")
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['a', 'b']

    Lesson 5.
    """
    dot_rows(axes, found)
    if level is not None:
        baseline(axes, level, name, vertical=True)
        axes.set_ylim(top=-0.9)  # room for the name
    return finish(axes, title, across, "")


@our_style()
def grid(axes, shares, names, title, across, up):
    """Draw percentages as a table in shades, with every number in it.

    Args:
        shares: shares from 0 to 1, a row for each name.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = grid(new_axes(shown=False), [[0.5, 1.0], [0.0, 1.0]], ["a", "b"], "1", "x", "y")
    >>> [text.get_text() for text in axes.texts]
    ['50', '100', '0', '100']

    Lesson 5.
    """
    shares = np.asarray(shares, dtype=float)
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for row, line in enumerate(shares):
        for column, share in enumerate(line):
            shade = "#FFFFFF" if share < 0.55 else "#000000"
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=shade,
                      fontsize=FONT)  # fmt: skip
    axes.set_xticks(range(len(names)), names, fontsize=FONT - 1)
    axes.set_yticks(range(len(names)), names, fontsize=FONT - 1)
    axes.spines[:].set_visible(False)
    return finish(axes, title, across, up)
