"""W3, the tug of war: one target, two experts, and the way each error function pulls them."""

import ipywidgets
import numpy as np

from moe_lesson.lessons.lesson01.figures import tug
from moe_lesson.mixtures.local import (
    Outputs,
    competitive,
    cooperative,
    likelihood,
    posterior,
    squared_error,
)
from moe_lesson.study.figures.frame import new_axes, png
from moe_lesson.study.widgets.explorer import CALM, Explorer
from moe_lesson.study.widgets.view import View

LOSSES = {
    "1.1 cooperative": cooperative,
    "1.2 competitive": competitive,
    "1.3 likelihood": likelihood,
}


def tug_of_war():
    """Move a target, two experts' outputs and the router's bet; see the three gradients.

    Jacobs et al. 1991, eqs. 1.1 to 1.5.

    Returns:
        An Explorer.

    >>> tug_of_war().sentence
    "1.3 likelihood, loss 0.99: expert 0 is pulled by +0.82, expert 1 by -0.36. The router's \
score of expert 0 moves by +0.32: p = 0.50, h = 0.82."

    Lesson 1.
    """
    axes = new_axes(height=2.2, shown=False)

    def view(loss, target, guess0, guess1, prob):
        target_TV, out = _one_token(target, (guess0, guess1), prob)
        value, slope_BTEV, slope_BTE = LOSSES[loss](target_TV, out)
        share_BTE = posterior(out.logits_BTE, squared_error(target_TV, out.guess_BTEV))
        move_E, router_E = -slope_BTEV[0, 0, :, 0], -slope_BTE[0, 0]
        axes.clear()
        seen = out.prob_BTE[0, 0], share_BTE[0, 0]
        tug(axes, target, out.guess_BTEV[0, 0, :, 0], move_E, *seen)
        return View(png(axes.figure), _sentence(loss, value.item(), (move_E, router_E), seen))

    loss = dict(zip("abc", LOSSES))
    return Explorer(
        view,
        _controls(),
        {
            "Cooperation": {"loss": loss["a"]},
            "Competition": {"loss": loss["b"]},
            "Likelihood": {"loss": loss["c"]},
            "Both near": {"loss": loss["c"], "guess0": 0.3, "guess1": -0.8},
        },
        "Expert 0 is nearer to the target. Which of the two is pulled harder, by which loss?",
    )


def _one_token(target, guesses, prob):
    """Set up one token as forward would: scores whose softmax is (prob, 1 - prob)."""
    prob_BTE = np.array([[[prob, 1 - prob]]])
    guess_BTEV = np.array(guesses, dtype=float).reshape(1, 1, 2, 1)
    return np.array([[float(target)]]), Outputs(guess_BTEV, np.log(prob_BTE), prob_BTE)


def _controls():
    fine = {"step": 0.1, "readout_format": ".1f"} | CALM

    def place(value, name):
        return ipywidgets.FloatSlider(value, min=-5, max=5, description=name, **fine)

    return {
        "loss": ipywidgets.Dropdown(options=list(LOSSES), value="1.3 likelihood", description="E"),
        "target": place(0.0, "Target d"),
        "guess0": place(-1.0, "Expert 0"),
        "guess1": place(2.0, "Expert 1"),
        "prob": ipywidgets.FloatSlider(
            0.5, min=0.01, max=0.99, step=0.01, description="p of 0", **CALM
        ),
    }


def _sentence(loss, value, moves, seen):
    (first, second), router_E = moves
    prob_E, share_E = seen
    return (
        f"{loss}, loss {value:.2f}: expert 0 is pulled by {first:+.2f}, expert 1 by {second:+.2f}. "
        f"The router's score of expert 0 moves by {router_E[0]:+.2f}: p = {prob_E[0]:.2f}, "
        f"h = {share_E[0]:.2f}."
    )
