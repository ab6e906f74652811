"""Figures of lesson 09: losses by a label of the tokens."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, finish, our_style


@our_style()
def label_bars(axes, scores, floor=None):
    """Draw the loss of several models by a label of the tokens, side by side.

    Args:
        scores: model -> {label: bits per byte}.
        floor: {label: the lowest loss there can be}, drawn as a dotted line over its bars.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> two = {"sparse": {"en": 1.0, "fr": 0.9}, "dense": {"en": 1.1, "fr": 1.2}}
    >>> label_bars(new_axes(shown=False), two).get_title("left")
    'Widest apart at fr: dense 1.200, sparse 0.900 bits per byte'

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
    return finish(axes, _widest(scores, labels), "", "bits per byte")


def _widest(scores, labels):
    """State where two models differ most."""
    spread = {label: np.ptp([bits[label] for bits in scores.values()]) for label in labels}
    label = max(spread, key=spread.get)
    ordered = sorted(scores, key=lambda name: -scores[name][label])
    shown = ", ".join(f"{name} {scores[name][label]:.3f}" for name in ordered)
    return f"Widest apart at {label}: {shown} bits per byte"
