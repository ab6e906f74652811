"""Figures of lesson 04: a collapse while it happens, and what balance has to do with meaning."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, apart, baseline, finish, our_style
from moe_lesson.study.figures.palette import OUTLINE


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
    'The busiest expert at step 2, over the mean: even 1.00, leaning 3.90 to 4.00'

    Lesson 4.
    """
    ends, last = [], 1
    for (name, rows), (shade, marker, dash) in zip(runs.items(), SERIES):
        rows = np.asarray(rows, dtype=float)
        step = np.arange(1, rows.shape[1] + 1)
        last = max(last, step[-1])
        for at, row in enumerate(rows):
            label = name if at == 0 else None
            axes.plot(step, row, color=shade, linestyle=dash, linewidth=1.2, label=label)
        axes.scatter(np.full(len(rows), step[-1]), rows[:, -1], 18, shade, marker=marker, zorder=4)
        ends.append(f"{name} {_range(rows[:, -1])}")
    baseline(axes, 1, "even")
    baseline(axes, ceiling, "as few as there can be")
    axes.set_ylim(0.8, 1.08 * ceiling)
    axes.set_xlim(1, 1.1 * last + 1)  # room for the names of the dotted lines
    axes.legend(fontsize=FONT - 1.5, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    title = f"The busiest expert at step {last}, over the mean: {', '.join(ends)}"
    return finish(axes, title, "training step", "visits of the busiest / mean")


def _range(values):
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


@our_style()
def information_by_balance(axes, found, label):
    """Place ways to route by how uneven the load is and by what an expert's number tells.

    Args:
        found: name -> (coefficients of variation of the load, bits told), one number a seed in
            each.
        label: what the expert tells about, in words.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"none": ([1.7, 1.6], [0.0, 0.1]), "Switch": ([0.3, 0.2], [0.2, 0.3])}
    >>> information_by_balance(new_axes(shown=False), found, "part of speech").get_title("left")
    'Load and bits about part of speech: rank correlation -1.00 over 2 means'

    Lesson 4.
    """
    runs = {name: np.asarray(pair, dtype=float) for name, pair in found.items()}
    means = np.array([pair.mean(1) for pair in runs.values()])
    wide = max(means[:, 0].max(), *(pair[0].max() for pair in runs.values()), 1e-9)
    high = max(*(pair[1].max() for pair in runs.values()), 1e-9)
    levels = apart(means[:, 1], 0.082 * high)
    levels = levels + max(0.0, -0.03 * high - levels.min())
    for at, (name, pair) in enumerate(runs.items()):
        shade, marker, _ = SERIES[at % len(SERIES)]
        axes.scatter(*pair, 9, shade, marker=marker, linewidths=0, alpha=0.7)
        axes.scatter(*means[at], 34, shade, marker=marker, edgecolors=OUTLINE, zorder=4)
        axes.annotate(
            name,
            means[at],
            (1.08 * wide, levels[at]),
            fontsize=FONT - 1.5,
            va="center",
            arrowprops={"arrowstyle": "-", "color": shade, "linewidth": 0.6},
        )
    axes.set_xlim(-0.04 * wide, 1.4 * wide)
    axes.set_ylim(-0.08 * high, max(1.1 * high, levels.max() + 0.06 * high))
    title = f"Load and bits about {label}: rank correlation {_rank(means):.2f} over "
    title += f"{len(means)} means"
    across = "coefficient of variation of the load (0: even)"
    return finish(axes, title, across, f"bits told about {label}")


def _rank(pairs):
    """Correlate the two columns by rank."""
    first, second = pairs.argsort(0).argsort(0).T
    return np.corrcoef(first, second)[0, 1]
