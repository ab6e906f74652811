"""Figures of what experts specialise in, each beside what chance alone would draw."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, apart, baseline, finish, our_style
from moe_lesson.study.figures.palette import MUTED, OUTLINE
from moe_lesson.study.statistics import MIXTRAL_REPEATS, random_repeats

SMALLEST = 1e-4  # information below this share of H(E) is drawn at it


@our_style()
def repeats_by_depth(axes, found):
    """Draw how often neighbours share an expert, beside Mixtral's Table 5 and random choices.

    Args:
        found: a Repeats of our model, of 8 experts and k = 2 as Mixtral.

    >>> from moe_lesson.study.statistics import Repeats
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> half = Repeats(9, *np.full((4, 2), 0.5))
    >>> print(repeats_by_depth(new_axes(shown=False), half).get_title("left"))
    First choice repeats: ours 50 to 50 %, Mixtral 14 to 26 % (random 12.5 %, ours
    shuffled 50 to 50 %)

    Lesson 10.
    """
    theirs = np.mean(list(MIXTRAL_REPEATS.values()), axis=0).reshape(2, 3)
    depth, lines = np.linspace(0, 1, len(found.first_L)), []
    kinds = ("first choice", "a chosen expert")
    for kind, ours, shuffled, mixtral, random in zip(
        kinds, found[1:3], found[3:5], theirs, random_repeats(8, 2)
    ):
        # Above the lines: where nothing repeats beyond chance, a cross lies on a mark.
        axes.plot(depth, 100 * shuffled, "x", color=OUTLINE, markersize=6, zorder=4)
        axes.axhline(100 * random, color=MUTED, linestyle=":", linewidth=1.4, zorder=1)
        lines.append((100 * random, f"random {100 * random:.1f} %", "#555555"))
        for name, where, share, (shade, marker, dash) in (
            ("ours", depth, 100 * ours, SERIES[0]),
            ("Mixtral", np.array([0, 15, 31]) / 31, mixtral, SERIES[1]),
        ):
            axes.plot(where, share, color=shade, marker=marker, linestyle=dash, markersize=4)
            lines.append((share[-1], f"{name}, {kind}", shade))
    axes.set_ylim(0, 105)
    _names_right(axes, apart([line[0] for line in lines], 9), lines)
    first, chance = 100 * found.first_L, 100 * found.shuffled_first_L
    title = (
        f"First choice repeats: ours {first.min():.0f} to {first.max():.0f} %, Mixtral "
        f"{theirs[0].min():.0f} to {theirs[0].max():.0f} % (random {100 / 8:.1f} %, ours "
        f"shuffled {chance.min():.0f} to {chance.max():.0f} %)"
    )
    across = "depth (0: first layer, 1: last); crosses: ours, shuffled"
    return finish(axes, title, across, "share of neighbours (%)")


def _told(found):
    """Say what a label explains where that is most; of several, the first two from end to end."""
    part = {name: one.share() for name, one in found.items()}
    if len(part) > 1:
        ends = [(name, *np.take(100 * one.bits_L, (0, -1))) for name, one in part.items()][:2]
        said = (f"{name} {first:.1f} to {last:.1f} %" for name, first, last in ends)
        return "Of H(E), first to last layer: " + ", ".join(said)
    ((name, one),) = part.items()
    at = int(np.nanargmax(one.bits_L))
    told, chance = 100 * one.bits_L[at], 100 * one.high95_L[at]
    said = f"Layer {at}: {name} explains {told:.1f} % of H(E), 95 % of shuffles below"
    return f"{said} {chance:.1f} %"


@our_style()
def information_by_layer(axes, found):
    """Draw the share of H(E) that labels explain; a band ends where 95 % of the shuffles do.

    Args:
        found: name -> Information, at most five; one alone is drawn from 0, several on a
            logarithmic scale.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> from moe_lesson.study.information import Information
    >>> half = Information(*np.array([[1.0], [2.0], [0.0], [0.1], [0.1]]), "documents")
    >>> information_by_layer(new_axes(shown=False), {"language": half}).get_title("left")
    'Layer 0: language explains 50.0 % of H(E), 95 % of shuffles below 5.0 %'

    Lesson 10.
    """
    low, ends = 0 if len(found) == 1 else 100 * SMALLEST, []
    for (name, one), (shade, marker, dash) in zip(found.items(), SERIES):
        share = one.share()
        layers = np.arange(len(share.bits_L))
        told, null = (np.maximum(100 * one_L, low) for one_L in (share.bits_L, share.high95_L))
        if not low:
            axes.fill_between(layers, low, null, color=shade, alpha=0.18, linewidth=0)
        axes.plot(layers, null, ":", color=shade, linewidth=1.2)
        axes.plot(layers, told, color=shade, marker=marker, linestyle=dash, markersize=5)
        ends.append((told[-1], name, shade))
    if low:
        axes.set(yscale="log", ylim=(low, 130))
        _names_right(axes, np.exp(apart(np.log([end[0] for end in ends]), 0.85)), ends)
    else:
        axes.set_ylim(0, 1.15 * max(np.nanmax(told), np.nanmax(null), 0.1))
    axes.set_xticks(layers, [str(layer) for layer in layers])
    return finish(
        axes, _told(found), "layer (dotted: 95 % of shuffles lie below)", "I(E; label) / H(E) (%)"
    )


def _names_right(axes, levels, ends):
    """Write the names of lines right of the axes."""
    for level, (_, name, shade) in zip(levels, ends):
        style = {"fontsize": FONT - 1, "color": shade, "va": "center", "annotation_clip": False}
        axes.annotate(name, (1.01, level), xycoords=("axes fraction", "data"), **style)


@our_style()
def label_map(axes, values, table, title, signed=False):
    """Draw a table of label against expert, its numbers printed; NaN stays white.

    Args:
        table: a row per value, a column per expert; shares (per cent are printed), or signed
            numbers about 0.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> label_map(new_axes(shown=False), ["en"], np.array([[0.25, 0.75]]), "75 %").get_title("left")
    '75 %'

    Lesson 10.
    """
    table = np.asarray(table, dtype=float)
    rows, experts = table.shape
    top = max(1e-9, np.nanmax(np.abs(table), initial=0.0))
    colours = {"cmap": "PuOr_r", "vmin": -top, "vmax": top} if signed else {"vmin": 0, "vmax": top}
    drawn = axes.pcolormesh(
        np.arange(experts + 1) - 0.5,
        np.arange(rows + 1) - 0.5,
        table,
        **{"cmap": "cividis"} | colours,
    )
    shades = drawn.cmap(drawn.norm(table))[..., :3] @ (0.299, 0.587, 0.114)
    style = {"ha": "center", "va": "center", "fontsize": FONT - 2}
    for (row, expert), value in np.ndenumerate(table):
        if not np.isnan(value) and rows <= 14:
            text = f"{value:+.1f}".replace("-", "−") if signed else f"{100 * value:.0f}"
            pen = "black" if shades[row, expert] > 0.5 else "white"
            axes.text(expert, row, text, color=pen, **style)
    if np.isnan(table).all():
        axes.text(experts / 2 - 0.5, rows / 2 - 0.5, "no cell differs from chance", **style)
    axes.set_xticks(range(experts), [str(expert) for expert in range(experts)])
    axes.set_yticks(range(rows), [str(value)[:14].replace("$", r"\$") for value in values])
    axes.set_ylim(rows - 0.5, -0.5)
    return finish(axes, title, "expert", "")


@our_style()
def divergence_by_layer(axes, found, names):
    """Draw how far two groups' routing parts, above what halves of one group do.

    Args:
        found: a Divergence.

    >>> from moe_lesson.lessons.lesson10.divergence import Divergence
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> two = Divergence(*np.array([[0.2, 0.4], [0.1, 0.1], [0.0, 0.0], [0.2, 0.2]]), 9)
    >>> divergence_by_layer(new_axes(shown=False), two, "en and de").get_title("left")
    'en and de part most in layer 1: 0.400 bits (halves of one: 0.100)'

    Lesson 10.
    """
    layers = np.arange(len(found.between_L))
    axes.fill_between(layers, found.low_L, found.high_L, color=MUTED, alpha=0.3, linewidth=0)
    axes.plot(layers, found.within_L, ":", color="#555555", linewidth=1.4)
    shade, marker, _ = SERIES[0]
    axes.plot(layers, found.between_L, color=shade, marker=marker, markersize=5)
    axes.set_xticks(layers, [str(layer) for layer in layers])
    axes.set_ylim(0, 1.15 * max(found.between_L.max(), found.high_L.max(), 1e-9))
    at = int((found.between_L - found.within_L).argmax())
    title = (
        f"{names} part most in layer {at}: {found.between_L[at]:.3f} bits "
        f"(halves of one: {found.within_L[at]:.3f})"
    )
    compared = f"; {found.units} compared" if found.units > 1 else ""
    across = f"layer (dotted: halves of one group{compared})"
    return finish(axes, title, across, "Jensen-Shannon (bits)")


@our_style()
def concepts_by_layer(axes, found):
    """Draw how far routing parts by language and by concept.

    Args:
        found: a Concepts.

    >>> from moe_lesson.lessons.lesson10.divergence import Concepts
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> two = Concepts(*np.array([[0.1, 0.4], [0.1, 0.5], [0.2, 0.1], [0.0, 0.0]]), 9)
    >>> print(concepts_by_layer(new_axes(shown=False), two).get_title("left").replace("\\n", " "))
    Layer 1: another language parts by 0.400 bits, another concept of one language by 0.100

    Lesson 10.
    """
    layers, lines = np.arange(len(found.same_L)), []
    names = (
        "one concept, two languages",
        "two concepts, two languages",
        "two concepts, one language",
    )
    for name, bits, (shade, marker, dash) in zip(names, found[:3], SERIES):
        axes.plot(layers, bits, color=shade, marker=marker, linestyle=dash, markersize=5)
        lines.append((bits[-1], name.replace(", ", ",\n"), shade))
    axes.plot(layers, found.halves_L, ":", color="#555555", linewidth=1.4)
    lines.append((found.halves_L[-1], "halves of one", "#555555"))
    top = max(row.max() for row in found[:4])
    axes.set_ylim(0, 1.15 * top)
    _names_right(axes, apart([line[0] for line in lines], 0.2 * top), lines)
    axes.set_xticks(layers, [str(layer) for layer in layers])
    at = int((found.same_L - found.one_L).argmax())
    title = (
        f"Layer {at}: another language parts by {found.same_L[at]:.3f} bits, another concept of "
        f"one language by {found.one_L[at]:.3f}"
    )
    return finish(axes, title, "layer", "Jensen-Shannon (bits)")


@our_style()
def switch_curve(axes, found, layer):
    """Draw how many tokens after a change of language are routed like the new one.

    Args:
        found: a Switches.

    >>> from moe_lesson.lessons.lesson10.divergence import Switches
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> step = Switches(np.arange(-1, 2), np.eye(3)[2:], np.ones(3), np.zeros(1), np.ones(1), 5)
    >>> switch_curve(new_axes(shown=False), step, 0).get_title("left")
    'Layer 0: half way to the new language at distance 1 (5 switches)'

    Lesson 10.
    """
    shade, marker, _ = SERIES[0]
    axes.plot(found.distance, 100 * found.share[layer], color=shade, marker=marker, markersize=4)
    baseline(axes, 100 * found.floor_L[layer], "plain text in the old language")
    level = 100 * found.ceiling_L[layer]
    axes.axhline(level, color=MUTED, linestyle=":", linewidth=1.4, zorder=1)
    style = {"fontsize": FONT - 1.5, "color": "#555555", "va": "bottom"}
    left = found.distance[0]  # where the curve is low
    axes.text(left, level + 1, "plain text in\nthe new language", **style)
    axes.axvline(-0.5, color=OUTLINE, linewidth=0.8)
    axes.set_ylim(0, 124)
    lag = found.lag()[layer]
    when = "at no distance shown" if np.isnan(lag) else f"at distance {lag:.0f}"
    title = f"Layer {layer}: half way to the new language {when} ({found.switches} switches)"
    across = "tokens after the change of language (0: the first in the new one)"
    return finish(axes, title, across, "routed like the new one (%)")
