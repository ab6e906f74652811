"""Figures of the 1991 mixture while it learns."""

import numpy as np

from moe_lesson.study.figures.frame import OUTLINED, finish, our_style
from moe_lesson.study.figures.palette import MUTED, OUTLINE, colour


@our_style()
def router_follows(axes, x_T, prob_T, share_T):
    """Draw what the router promises expert 0, and what the targets then say it deserved.

    Args:
        prob_T: the router's probability of the expert, blind to the target.
        share_T: the expert's responsibility, target known.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = new_axes(shown=False)
    >>> router_follows(axes, np.arange(2), np.full(2, 0.5), np.array([1.0, 0.0])).get_title("left")
    'Router (line) and responsibilities (dots) differ by 0.50 on average'

    Lesson 0.
    """
    order, shade = np.argsort(x_T), colour(0)
    prob_T, share_T = np.asarray(prob_T), np.asarray(share_T)
    axes.plot(np.asarray(x_T)[order], prob_T[order], color=shade, path_effects=OUTLINED)
    axes.scatter(x_T, share_T, 16, shade, edgecolors=OUTLINE, linewidths=0.6, zorder=4)
    axes.set_ylim(-0.05, 1.05)
    axes.axhline(0.5, color=MUTED, linestyle=":", linewidth=1.4, zorder=1)
    gap = np.abs(prob_T - share_T).mean()
    title = f"Router (line) and responsibilities (dots) differ by {gap:.2f} on average"
    return finish(axes, title, "input x", "share of expert 0 (0 to 1)")
