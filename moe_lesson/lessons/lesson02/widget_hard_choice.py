"""The hard gate: one token, four experts, and what each estimate makes of its gradient."""

import ipywidgets
import numpy as np

from moe_lesson.lessons.lesson02.figures import estimate_bars
from moe_lesson.mixtures.gradient_estimators import (
    best_baseline,
    choice_losses,
    exact_gradient,
    expected_loss,
    quality,
    reinforce,
    softmax,
    straight_through,
    top_k_gradient,
)
from moe_lesson.study.figures.frame import new_axes, png
from moe_lesson.study.widgets.explorer import CALM, Explorer
from moe_lesson.study.widgets.view import View

OUTPUTS = np.array([[-3.0, -1.0, 1.0, 3.0]])  # what experts 0 to 3 say
SCORES = np.array([[1.0, 0.5, 0.0, -0.5]])
# Name -> (from scores, losses, target and drawn expert to a gradient, experts computed).
ESTIMATES = {
    "REINFORCE": (lambda z, f, d, e: reinforce(z, f, e), 1),
    "REINFORCE, expected loss as baseline": (
        lambda z, f, d, e: reinforce(z, f, e, (softmax(z) * f).sum(1)),
        4,
    ),
    "REINFORCE, best baseline": (lambda z, f, d, e: reinforce(z, f, e, best_baseline(z, f)), 4),
    "straight-through": (lambda z, f, d, e: straight_through(z, OUTPUTS, d, e), 4),
    "top-1": (lambda z, f, d, e: top_k_gradient(z, OUTPUTS, d, 1), 1),
    "top-2": (lambda z, f, d, e: top_k_gradient(z, OUTPUTS, d, 2), 2),
    "soft, all four": (lambda z, f, d, e: top_k_gradient(z, OUTPUTS, d, 4), 4),
}


def hard_gate():
    """Move a token's target and the router's certainty; compare an estimate with the truth.

    Returns:
        An Explorer.

    >>> hard_gate().sentence
    'Expected loss 8.77. REINFORCE: right on average, one draw spreads by 6.30; it computes 1 of \
4 experts.'

    Lesson 2.
    """
    axes = new_axes(height=2.6, shown=False)

    def view(estimate, target, certainty):
        logits_TE, target_T = certainty * SCORES, np.array([target])
        loss_TE = choice_losses(OUTPUTS, target_T)
        call, computed = ESTIMATES[estimate]
        found = quality(logits_TE, loss_TE, lambda e_T: call(logits_TE, loss_TE, target_T, e_T))
        axes.clear()
        exact_E = exact_gradient(logits_TE, loss_TE)[0]
        estimate_bars(axes, exact_E, found.mean_TE[0], np.sqrt(found.variance_TE[0]))
        loss = expected_loss(logits_TE, loss_TE)
        return View(png(axes.figure), _sentence(estimate, loss, found, computed))

    return Explorer(
        view,
        _controls(),
        {
            "REINFORCE": {},
            "With a baseline": {"estimate": "REINFORCE, best baseline"},
            "Top-1": {"estimate": "top-1"},
        },
        "Which estimates are right on average, and which are the same for every draw?",
    )


def _controls():
    def slider(value, low, high, step, name):
        return ipywidgets.FloatSlider(value, min=low, max=high, step=step, description=name, **CALM)

    return {
        "estimate": ipywidgets.Dropdown(options=list(ESTIMATES), description="Estimate"),
        "target": slider(2.5, -4, 4, 0.5, "Target"),
        "certainty": slider(1.0, 0, 5, 0.25, "Certainty"),
    }


def _sentence(estimate, loss, found, computed):
    bias, spread = round(found.bias, 9), found.variance**0.5
    average = "right on average" if bias == 0 else f"wrong by {bias:.2f} on average"
    single = f"one draw spreads by {spread:.2f}" if spread > 1e-9 else "the same for every draw"
    work = f"it computes {computed} of 4 experts"
    return f"Expected loss {loss:.2f}. {estimate}: {average}, {single}; {work}."
