"""W2, the territory map: who owns which part of the plane, while a mixture learns."""

from typing import NamedTuple

import ipywidgets
import numpy as np

from moe_lesson.lessons.lesson01.figures import PLACES, territories
from moe_lesson.mixtures.local import (
    active_experts,
    blend,
    descend,
    forward,
    logistic,
    mixture_slopes,
    start_mixture,
)
from moe_lesson.study.figures.frame import new_axes, png
from moe_lesson.study.widgets.explorer import CALM, Explorer
from moe_lesson.study.widgets.view import View

SHOWN = ("owner", "probability", "entropy", "decision")
MOMENTS = (0, 1, 2, 5, 10, 20, 30, 50, 80, 120, 200, 300, 400, 600, 1000)


class Scene(NamedTuple):
    """Hold one mixture's life on one task, for the map.

    >>> Scene(np.ones((2, 3)), np.zeros((2, 1)), np.array([True, False]), {}).train_T.sum().item()
    1

    Lesson 1.
    """

    x_TD: np.ndarray  # two inputs and the constant 1
    target_TV: np.ndarray  # 0 or 1
    train_T: np.ndarray  # whether the token was trained on
    film: dict  # epoch -> Mixture of one run, with logistic experts
    names: tuple = PLACES  # of the two inputs, with their units


def film_scene(x_TD, target_TV, train_T, experts, step, seed=0):
    """Train one mixture by eq. 1.3 and keep its weights at the map's moments.

    Args:
        train_T: which tokens to train on.
        seed: of the start.

    Returns:
        A Scene of 1,000 epochs; training goes on where the paper's criterion would stop it.

    >>> x_TD = np.array([[-1.0, 0, 1], [1, 0, 1]])
    >>> scene = film_scene(x_TD, np.array([[0.0], [1]]), np.array([True, True]), 2, 1.0)
    >>> max(scene.film)
    1000

    Lesson 1.
    """
    start = start_mixture(np.random.default_rng(seed), 1, (x_TD.shape[1], experts, 1))
    kept = x_TD[train_T], target_TV[train_T]
    slopes = lambda model: mixture_slopes(model, *kept)  # noqa: E731
    film = descend(start, slopes, step, MOMENTS[-1], moments=MOMENTS).film
    return Scene(x_TD, target_TV, train_T, film)


def four_squares(points=200):
    """Draw points in a square whose class changes at both middle lines, like a chessboard.

    One line cannot part them, two lines and a router can.

    Returns:
        x_TD (two inputs and 1), target_TV, and train_T, true for every other point.

    >>> x_TD, target_TV, train_T = four_squares()
    >>> bool(((x_TD[:, 0] * x_TD[:, 1] > 0) == target_TV[:, 0]).all()), train_T.sum().item()
    (True, 100)

    Lesson 1.
    """
    place = np.random.default_rng(0).uniform(-1, 1, (points, 2))
    target_TV = (place[:, :1] * place[:, 1:] > 0).astype(float)
    return np.c_[place, np.ones(points)], target_TV, np.arange(points) % 2 == 0


def territory_map(scenes):
    """Walk through a mixture's training: owners, probabilities, entropy, decisions.

    Args:
        scenes: name -> Scene.

    Returns:
        An Explorer with a Play button beside the slider of epochs.

    >>> squares = film_scene(*four_squares(), experts=2, step=8.0)
    >>> territory_map({"squares": squares}).sentence.split(":")[0]
    'squares, epoch 0'

    Lesson 1.
    """
    axes = new_axes(height=3.4, shown=False)

    def view(task, epoch, show, expert, points):
        scene = scenes[task]
        mixture = scene.film[epoch]
        chosen = scene.train_T if points == "train" else ~scene.train_T
        if expert >= mixture.expert_BEDV.shape[1] and show == "probability":
            raise ValueError(f"{task} has experts 0 to {mixture.expert_BEDV.shape[1] - 1}")
        axes.clear()
        axes.figure.set_layout_engine("constrained")  # tasks differ in the width of their numbers
        x_TD, target_TV = scene.x_TD[chosen], scene.target_TV[chosen]
        shown = expert if show == "probability" else show
        territories(axes, x_TD, target_TV[:, 0], mixture, shown, scene.names)
        said = f"{task}, epoch {epoch}: {_finding(mixture, x_TD, target_TV, points)}"
        return View(png(axes.figure), said)

    first, last = list(scenes)[0], list(scenes)[-1]
    states = {
        "Early": {"task": first, "epoch": 30},
        "End": {"task": first, "epoch": MOMENTS[-1]},
        "Another task": {"task": last, "epoch": MOMENTS[-1]},
    }
    question = "Where will the router draw its border, and how many experts will own land?"
    return _with_play(Explorer(view, _controls(scenes), states, question))


def _controls(scenes):
    return {
        "task": ipywidgets.Dropdown(options=list(scenes), description="Task"),
        "epoch": ipywidgets.SelectionSlider(options=MOMENTS, description="Epoch", **CALM),
        "show": ipywidgets.Dropdown(options=SHOWN, description="Show"),
        "expert": ipywidgets.BoundedIntText(0, 0, 7, description="Expert"),
        "points": ipywidgets.Dropdown(options=["train", "test"], description="Points"),
    }


def _with_play(panel):
    """Put a Play button beside the slider of epochs: it moves the slider, nothing else."""
    slider = panel.controls["epoch"]
    play = ipywidgets.Play(0, 0, len(slider.options) - 1, interval=700, description="Play")
    ipywidgets.link((play, "value"), (slider, "index"))
    *before, screen, status = panel.box.children
    panel.box.children = (*before, ipywidgets.HBox([play]), screen, status)
    return panel


def _finding(mixture, x_TD, target_TV, points):
    out = forward(mixture, x_TD, logistic)
    owners = np.bincount(out.prob_BTE[0].argmax(1), minlength=out.prob_BTE.shape[2])
    shares = ", ".join(f"{e} owns {100 * n / len(x_TD):.0f} %" for e, n in enumerate(owners) if n)
    own = f"expert {shares} of the {points} points"
    if not np.ptp(out.logits_BTE):
        own = f"the router gives each expert {out.prob_BTE[0, 0, 0]:.3g} of every point"
    right = 100 * ((blend(out)[0] > 0.5) == (target_TV > 0.5)).mean()
    many = active_experts(out.prob_BTE)[0]
    return (
        f"{own}; {many} of {len(owners)} experts reach probability 0.1 somewhere; "
        f"{right:.1f} % right."
    )
