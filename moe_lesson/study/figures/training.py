"""Figures of training: what was gained, by which clock."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, baseline, beside, finish, our_style


@our_style()
def loss_curves(axes, curves, clock="training step", floor=None, zoom=None):
    """Draw the held-out loss of several models against one clock, every seed included.

    The line is the mean over seeds, the band runs from the lowest to the highest.

    Args:
        curves: name -> (N clock readings, N losses, or one row of N losses per seed).
        clock: what is counted, with its unit: "training step", "seconds", ...
        floor: the lowest loss there can be, drawn dotted.
        zoom: lowest and highest loss shown; None: all.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = new_axes(shown=False)
    >>> two = {"sparse": ([0, 9], [3.0, 2.0]), "dense": ([0, 4], [3.0, 2.5])}
    >>> loss_curves(axes, two, clock="seconds").get_title("left")
    'At 4 seconds: dense 2.500, sparse 2.556 bits per byte (1 run each)'

    Lesson 9.
    """
    curves = {
        name: (np.asarray(at, dtype=float), np.atleast_2d(np.asarray(loss, dtype=float)))
        for name, (at, loss) in curves.items()
    }
    for (at, loss), (shade, marker, dash) in zip(curves.values(), SERIES):
        every = max(1, len(at) // 8)
        axes.fill_between(at, loss.min(0), loss.max(0), color=shade, alpha=0.2, linewidth=0)
        axes.plot(
            at,
            loss.mean(0),
            color=shade,
            marker=marker,
            markersize=4,
            markevery=every,
            linestyle=dash,
            linewidth=1.5,
        )
    last = max(at[-1] for at, _ in curves.values())
    axes.set_xlim(0, last)
    if zoom:
        axes.set_ylim(*zoom)
    if floor is not None:
        baseline(axes, floor, f"floor {floor:.3f}")
    _name_ends(axes, curves)
    return finish(axes, _verdict(curves, clock), clock, "bits per byte")


def _name_ends(axes, curves):
    """Write each name right of the axes at the height where its line ends."""
    means = [loss.mean(0)[-1] for _, loss in curves.values()]
    low, high = axes.get_ylim()
    levels = beside(axes, means, 0.24)
    for name, mean, level, (shade, _, _) in zip(curves, means, levels, SERIES):
        at, _ = curves[name]
        axes.annotate(
            f"{name} {mean:.3f}",
            (at[-1], np.clip(mean, low, high)),
            (1.02, level),
            "data",
            ("axes fraction", "data"),
            fontsize=FONT - 1,
            color=shade,
            va="center",
            arrowprops={"arrowstyle": "-", "color": shade, "linewidth": 0.7, "shrinkA": 0},
            annotation_clip=False,
        )


def _verdict(curves, clock):
    """Compare all at the last reading that every model reached."""
    budget = min(at[-1] for at, _ in curves.values())
    reached = {
        name: np.mean([np.interp(budget, at, row) for row in loss])
        for name, (at, loss) in curves.items()
    }
    ranked = ", ".join(f"{name} {reached[name]:.3f}" for name in sorted(reached, key=reached.get))
    seeds = min(len(loss) for _, loss in curves.values())
    runs = f"{seeds} run{'s' if seeds > 1 else ''} each"
    at = f"{clock} {budget:,.4g}" if clock.endswith("step") else f"{budget:,.4g} {clock}"
    return f"At {at}: {ranked} bits per byte ({runs})"
