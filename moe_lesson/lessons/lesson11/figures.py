"""Figures of tuning: what falls, what is forgotten, which way, and what three losses ask for."""

import numpy as np

from moe_lesson.study.figures.frame import (
    FONT,
    SERIES,
    baseline,
    dot_rows,
    finish,
    our_style,
)
from moe_lesson.study.figures.lines import names_right
from moe_lesson.study.figures.palette import MUTED, OUTLINE

HARDEST = 1.6  # the strongest push that is drawn


def _means(values, window):
    """Average neighbours."""
    return np.convolve(values, np.ones(window) / window, "valid")


@our_style()
def tuning_curve(axes, rows):
    """Draw what instruction tuning made small: each kept step, and means of five.

    Args:
        rows: of the run, with step and nats.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> rows = [{"step": n, "nats": 2.0} for n in range(1, 10)]
    >>> tuning_curve(new_axes(shown=False), rows).get_title("left")
    'Means of five: from 2.00 to 2.00 nats a learnt token'

    Lesson 11.
    """
    step, nats = (np.array([row[name] for row in rows]) for name in ("step", "nats"))
    shade = SERIES[0][0]
    axes.plot(step, nats, ".", color=MUTED, markersize=3)
    smooth = _means(nats, 5)
    axes.plot(_means(step, 5), smooth, color=shade, linewidth=1.8)
    axes.set_ylim(0, 1.05 * nats.max())
    axes.set_xlim(0, step[-1])
    title = f"Means of five: from {smooth[0]:.2f} to {smooth[-1]:.2f} nats a learnt token"
    return finish(axes, title, "step of tuning", "nats per learnt token")


@our_style()
def set_ups(axes, found, unit):
    """Draw both models in each set-up, a dot a seed, a bar at the mean.

    Args:
        found: "sparse, alone" and so on -> a number a seed; sparse before dense.
        unit: of the numbers.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"sparse, both": [1.0, 1.5], "dense, both": [1.5, 2.0]}
    >>> set_ups(new_axes(shown=False), found, "nats").get_title("left")
    'Sparse minus dense: both −0.500'

    Lesson 11.
    """
    dot_rows(axes, found, [name for name in found if name.startswith("dense")])
    names = list(found)
    pairs = [(one, other) for one, other in zip(names[::2], names[1::2])]
    gaps = [np.mean(found[one]) - np.mean(found[other]) for one, other in pairs]
    parts = (f"{one.split(', ')[1]} {gap:+.3f}" for (one, _), gap in zip(pairs, gaps))
    title = f"Sparse minus dense: {', '.join(parts)}".replace("-", "−")
    return finish(axes, title, unit, "")


@our_style()
def what_moves(axes, rows):
    """Draw how the log-probabilities of both answers and their gap move: means of three steps.

    Args:
        rows: of the run, with step, better, worse and gap: means of that step's pairs.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> rows = [{"step": n, "better": -n, "worse": -3 * n, "gap": 2 * n} for n in range(5)]
    >>> what_moves(new_axes(shown=False), rows).get_title("left")
    'The gap: +4.0 nats against the reference'

    Lesson 11.
    """
    smooth = {
        name: _means([row[name] for row in rows], 3) for name in ("step", "better", "worse", "gap")
    }
    names = ("better", "worse", "gap")
    for name, (shade, marker, dash) in zip(names, SERIES):
        style = {"color": shade, "marker": marker, "linestyle": dash, "markersize": 4}
        axes.plot(smooth["step"], smooth[name], markevery=4, linewidth=1.5, **style)
    baseline(axes, 0)
    shown = {"better": "better answer", "worse": "worse answer", "gap": "gap"}
    names_right(axes, [smooth[name][-1] for name in names], [shown[name] for name in names])
    wider = smooth["gap"][-1] - smooth["gap"][0]
    title = f"The gap: {wider:+.1f} nats against the reference"
    return finish(axes, title.replace("-", "−"), "step of preference tuning", "nats an answer")


@our_style()
def losses_by_gap(axes, losses, rests):
    """Draw how hard losses push, by how far the gap is already.

    Args:
        losses: name -> (gaps, slope of the loss in the gap), both arrays; at most five.
        rests: name -> the gap at which it pushes no more.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> losses = {"IPO": (np.array([0.0, 5.0]), np.array([-10.0, 0.0]))}
    >>> losses_by_gap(new_axes(shown=False), losses, {"IPO": 5}).get_title("left")
    "Where the push ends: IPO 5 nats; DPO's never does"

    Lesson 11.
    """
    for (name, (gap, slope)), (shade, marker, dash) in zip(losses.items(), SERIES):
        push = -slope / np.abs(np.interp(0.0, gap, slope))
        inside = np.abs(push) <= HARDEST
        gap, push = gap[inside], push[inside]  # a line that leaves has its name where it does
        every = max(1, len(gap) // 6)
        style = {"color": shade, "linestyle": dash, "marker": marker, "markevery": every}
        axes.plot(gap, push, markersize=4, linewidth=1.5, **style)
        beside_end = {"textcoords": "offset points", "annotation_clip": False, "va": "center"}
        axes.annotate(
            name, (gap[-1], push[-1]), (11, 0), color=shade, fontsize=FONT - 1, **beside_end
        )
    axes.set_ylim(-1.1 * HARDEST, 1.1 * HARDEST)
    axes.margins(x=0.02)
    baseline(axes, 0)
    parts = ", ".join(f"{name} {gap:.0f}" for name, gap in rests.items())
    title = f"Where the push ends: {parts} nats; DPO's never does"
    return finish(axes, title, "gap (nats)", "push (start: 1)")


@our_style()
def forgotten(axes, scores):
    """Draw bits per byte of held-out pages, language by language, before and after tuning.

    Args:
        scores: "base", "answers", "instruct" -> language -> bits per byte.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> scores = {"base": {"de": 0.5}, "answers": {"de": 0.75}}
    >>> forgotten(new_axes(shown=False), scores).get_title("left")
    'Mean without code: base 0.500, answers 0.750'

    Lesson 11.
    """
    names = sorted(scores["base"])
    width = 0.26
    for place, (name, one) in enumerate(scores.items()):
        at = np.arange(len(names)) + (place - 1) * width
        shade = SERIES[place][0]
        bars = axes.bar(at, [one[key] for key in names], width, color=shade, edgecolor=OUTLINE)
        for bar in bars:
            text = f"{bar.get_height():.2f}"
            place_xy = bar.get_x() + width / 2, bar.get_height()
            axes.annotate(
                text, place_xy, (0, 1), textcoords="offset points", ha="center", fontsize=FONT - 3
            )
        axes.bar(0, 0, color=shade, edgecolor=OUTLINE, label=name)
    axes.set_xticks(range(len(names)), names)
    axes.set_ylim(0, 1.3 * max(max(one.values()) for one in scores.values()))
    axes.legend(ncols=3, fontsize=FONT - 1, frameon=False, loc="upper left")
    spoken = [key for key in names if key != "code"]
    means = {name: np.mean([one[key] for key in spoken]) for name, one in scores.items()}
    said = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
    return finish(axes, f"Mean without code: {said}", "held-out pages", "bits per byte")


@our_style()
def told_by_wording(axes, found):
    """Draw how often a banned fact is told, wording by wording; without the ban beside it.

    Args:
        found: "answers" and "instruct" -> wording -> (share told without the ban, with it).

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"answers": {"plain": (0.75, 0.5)}}
    >>> told_by_wording(new_axes(shown=False), found).get_title("left")
    'Told though banned: from 50 % (plain) to 50 % (plain)'

    Lesson 11.
    """
    wordings = list(next(iter(found.values())))
    for place, (name, one) in enumerate(found.items()):
        free, banned = (100 * np.array([one[w][n] for w in wordings]) for n in (0, 1))
        row = np.arange(len(wordings)) + (place - 0.5) * 0.34
        shade, marker, _ = SERIES[place]
        axes.hlines(row, banned, free, color=shade, linewidth=1.2)
        axes.plot(free, row, marker, color="white", markeredgecolor=shade, markersize=9)
        label = f"{name}: banned"
        axes.plot(banned, row, marker, color=shade, markersize=4, label=label)
    axes.set_yticks(range(len(wordings)), wordings, fontsize=FONT - 1)
    axes.set_ylim(len(wordings) - 0.4, -1.5)
    axes.set_xlim(-3, 103)
    axes.legend(ncols=2, fontsize=FONT - 1.5, frameon=False, loc="upper left")
    told = [(100 * pair[1], wording) for one in found.values() for wording, pair in one.items()]
    (few, hard), (many, easy) = min(told), max(told)
    title = f"Told though banned: from {few:.0f} % ({hard}) to {many:.0f} % ({easy})"
    return finish(axes, title, "told (%; open: without the ban)", "")


@our_style()
def agreement_by_layer(axes, found):
    """Draw how far two models' routing agrees, layer by layer.

    Args:
        found: name -> share for each layer, 0 to 1; at most five.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"instruct": [0.75, 0.5]}
    >>> agreement_by_layer(new_axes(shown=False), found).get_title("left")
    'Same experts in layer 1: instruct 50 %'

    Lesson 11.
    """
    for shares, (shade, marker, dash) in zip(found.values(), SERIES):
        style = {"color": shade, "marker": marker, "linestyle": dash, "markersize": 5}
        axes.plot(range(len(shares)), 100 * np.asarray(shares), **style)
    axes.set_ylim(0, 104)
    names_right(axes, [100 * shares[-1] for shares in found.values()], list(found))
    layers = len(next(iter(found.values())))
    axes.set_xticks(range(layers), [str(layer) for layer in range(layers)])
    first = list(found.items())[:2]
    said = ", ".join(f"{name} {100 * shares[-1]:.0f} %" for name, shares in first)
    return finish(axes, f"Same experts in layer {layers - 1}: {said}", "layer", "same experts (%)")
