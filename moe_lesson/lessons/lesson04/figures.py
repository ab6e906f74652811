"""Figures of lesson 04: a collapse while it happens, what it costs, and what experts tell."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, baseline, dot_rows, finish, our_style
from moe_lesson.study.figures.palette import MUTED


@our_style()
def busiest_curves(axes, runs, ceiling):
    """Draw how busy the busiest expert is while a model trains, a line per seed.

    Args:
        runs: name -> rows of (visits of the busiest expert over the mean), one row per seed,
            one number per step from step 1.
        ceiling: what it is when k experts take everything, E / k.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> runs = {"even": [[1.0, 1.0]], "leaning": [[2.0, 4.0], [2.0, 3.9]]}
    >>> busiest_curves(new_axes(shown=False), runs, ceiling=4.0).get_title("left")
    'Busiest over mean at step 2: leaning 3.90 to 4.00, all others at most 1.00'

    Lesson 4.
    """
    ends, last = {}, 1
    for (name, rows), (shade, marker, dash) in zip(runs.items(), SERIES):
        rows = np.asarray(rows, dtype=float)
        step = np.arange(1, rows.shape[1] + 1)
        last = max(last, step[-1])
        for at, row in enumerate(rows):
            label = name if at == 0 else None
            axes.plot(step, row, color=shade, linestyle=dash, linewidth=1.2, label=label)
        axes.scatter(np.full(len(rows), step[-1]), rows[:, -1], 18, shade, marker=marker, zorder=4)
        ends[name] = rows[:, -1]
    baseline(axes, 1, "even")
    baseline(axes, ceiling, "in every token's choice")
    axes.set_ylim(0.8, 1.08 * ceiling)
    axes.set_xlim(1, 1.1 * last + 1)  # room for the names of the dotted lines
    axes.legend(fontsize=FONT - 1.5, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    top = max(ends, key=lambda name: ends[name].mean())
    title = f"Busiest over mean at step {last}: {top} {_range(ends.pop(top))}"
    if ends:
        title += f", all others at most {max(each.max() for each in ends.values()):.2f}"
    return finish(axes, title, "training step", "visits of the busiest / mean")


def _range(values, digits=2):
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return low if low == high else f"{low} to {high}"


@our_style()
def remedy_rows(axes, found, what, best=max, digits=0):
    """Draw a row of dots for each way to route, beside a dotted line at the first way's mean.

    Args:
        found: name -> a number for each seed.
        what: it is, with its unit.
        best: ``max`` or ``min``.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"none": [36.0, 31.0], "Switch": [86.0, 85.0], "hash": [97.0, 97.0]}
    >>> remedy_rows(new_axes(shown=False), found, "% remembered").get_title("left")
    '% remembered: none 31 to 36, best hash 97'

    Lesson 4.
    """
    first = next(iter(found))
    means = {name: float(np.mean(runs)) for name, runs in found.items()}
    top = best(means, key=means.get)
    dot_rows(axes, found, marked=(first, top))
    axes.axvline(means[first], color=MUTED, linestyle=":", linewidth=1.4, zorder=1)
    rest = "the best mean" if top == first else f"best {top} {_range(found[top], digits)}"
    title = f"{what[0].upper()}{what[1:]}: {first} {_range(found[first], digits)}, {rest}"
    return finish(axes, title, f"{what} (dotted: mean of {first})", "")
