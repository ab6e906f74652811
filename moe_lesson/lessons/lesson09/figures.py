"""Figures of lesson 09: losses by label and by clock, and what a model knows."""

import numpy as np
from matplotlib.ticker import NullLocator, PercentFormatter

from moe_lesson.study.figures.frame import FONT, SERIES, baseline, finish, our_style


@our_style()
def label_bars(axes, scores, floor=None):
    """Draw the loss of two models by a label of the tokens, side by side.

    Args:
        scores: model -> {label: bits per byte}; the title tells how far the first is below
            the second, as a share.
        floor: {label: the lowest loss there can be}, drawn as a dotted line over its bars.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> two = {"sparse": {"en": 1.0, "fr": 0.9}, "dense": {"en": 1.1, "fr": 1.2}}
    >>> label_bars(new_axes(shown=False), two).get_title("left")
    'sparse below dense by 9.1 % (en) to 25.0 % (fr)'

    Lesson 9.
    """
    labels = list(next(iter(scores.values())))
    width = 0.8 / len(scores)
    for n, ((name, bits), (shade, _, _)) in enumerate(zip(scores.items(), SERIES)):
        at = np.arange(len(labels)) - 0.4 + width * (n + 0.5)
        heights = [bits[label] for label in labels]
        axes.bar(at, heights, width, color=shade, edgecolor="black", linewidth=0.6, label=name)
    for n, label in enumerate(labels):
        if floor and label in floor:
            axes.plot([n - 0.45, n + 0.45], [floor[label]] * 2, ":", color="black", linewidth=1.4)
    axes.set_xticks(range(len(labels)), labels, fontsize=FONT)
    axes.set_ylim(0, 1.3 * max(max(bits.values()) for bits in scores.values()))
    axes.legend(ncols=len(scores), loc="upper right", fontsize=FONT, frameon=False)
    return finish(axes, _lead(scores, labels), "", "bits per byte")


def _lead(scores, labels):
    """State the least and the largest share by which the first model is below the second."""
    (one, low), (other, high) = list(scores.items())[:2]
    share = {label: 100 * (1 - low[label] / high[label]) for label in labels}
    least, most = min(share, key=share.get), max(share, key=share.get)
    ends = f"{share[least]:.1f} % ({least}) to {share[most]:.1f} % ({most})"
    return f"{one} below {other} by {ends}"


@our_style()
def gap_lines(axes, steps, gaps, rival):
    """Draw a dense model's loss minus the sparse one's, at equal tokens, operations, seconds.

    Args:
        steps: of the dense model, one number for each length of run.
        gaps: clock -> a row for each seed of bits per byte at each length; nan: not known.
        rival: the dense model's name.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> gaps = {"tokens": [[0.01, 0.02], [0.03, 0.04]]}
    >>> gap_lines(new_axes(shown=False), [100, 300], gaps, "dense").get_title("left")
    'dense: +0.030 after 300 steps, at equal tokens (2 seeds)'

    Lesson 9.
    """
    for at, ((clock, rows), (shade, marker, dash)) in enumerate(zip(gaps.items(), SERIES)):
        rows, shift = np.asarray(rows), 1.06 ** (at - 1)  # so that no mark hides another
        here = ~np.isnan(rows).any(0)
        across = np.asarray(steps)[here] * shift
        label = f"equal {clock}"
        axes.plot(across, rows.mean(0)[here], dash, color=shade, linewidth=1.5, label=label)
        for row in rows:
            axes.plot(across, row[here], marker, color=shade, markersize=4)
    baseline(axes, 0)
    axes.set_xscale("log")
    axes.set_xticks(steps, [f"{n:,}" for n in steps], fontsize=FONT - 1)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(min(steps) / 1.4, max(steps) * 1.4)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.45 * (high - low))
    axes.legend(loc="upper left", ncols=len(gaps), fontsize=FONT - 2, frameon=False)
    last = np.asarray(gaps["tokens"])[:, -1]
    seeds = f"({len(last)} seed{'s' * (len(last) > 1)})"
    title = f"{rival}: {last.mean():+.3f} after {steps[-1]:,} steps, at equal tokens {seeds}"
    across = "steps of the dense model; above the dotted line sparse leads"
    return finish(axes, title, across, "dense minus sparse (bits per byte)")


@our_style()
def told_lines(axes, known):
    """Draw which share of the facts a model knows against how often it was told each.

    Args:
        known: model -> a list, for each seed {tellings: share}.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> known = {"sparse": [{10: 0.1, 100: 0.9}], "dense": [{10: 0.1, 100: 0.6}]}
    >>> told_lines(new_axes(shown=False), known).get_title("left")
    'Told 100 times: sparse 90 %, dense 60 % known (1 seed)'

    Lesson 9.
    """
    told = sorted(next(iter(known.values()))[0])
    rows = {
        name: np.array([[one[n] for n in told] for one in runs]) for name, runs in known.items()
    }
    for (name, one), (shade, marker, dash) in zip(rows.items(), SERIES):
        style = {"marker": marker, "color": shade, "markersize": 4, "linewidth": 1.5}
        axes.plot(told, one.mean(0), linestyle=dash, label=name, **style)
        axes.fill_between(told, one.min(0), one.max(0), color=shade, alpha=0.2, linewidth=0)
    axes.set_xscale("log")
    axes.set_xticks(told, [f"{n:,}" for n in told], fontsize=FONT - 1)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, 1.08)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="lower right", fontsize=FONT - 1, frameon=False)
    at = np.ptp([one.mean(0) for one in rows.values()], axis=0).argmax()
    shares = ", ".join(f"{name} {100 * one.mean(0)[at]:.0f} %" for name, one in rows.items())
    seeds = len(next(iter(rows.values())))
    title = f"Told {told[at]:,} times: {shares} known ({seeds} seed{'s' * (seeds > 1)})"
    return finish(axes, title, "times that the text tells a fact", "facts known")


@our_style()
def right_dots(axes, shares, task):
    """Draw the share of right answers of several models, a dot for each seed.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> two = {"sparse": [0.9, 1.0], "dense": [0.2, 0.3]}
    >>> right_dots(new_axes(shown=False), two, "stored").get_title("left")
    'stored: 95, 25 % right'

    Lesson 9.
    """
    for n, (one, (shade, marker, _)) in enumerate(zip(shares.values(), SERIES)):
        axes.bar(n, np.mean(one), 0.6, color=shade, alpha=0.3)
        across = n + 0.12 * (np.arange(len(one)) - (len(one) - 1) / 2)
        axes.plot(across, one, marker, color=shade, markersize=5, markeredgecolor="black")
    names = [name.replace(", ", ",\n") for name in shares]
    axes.set_xticks(range(len(shares)), names, fontsize=FONT - 1)
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    means = ", ".join(f"{100 * np.mean(one):.0f}" for one in shares.values())
    return finish(axes, f"{task}: {means} % right", "model", "share right")
