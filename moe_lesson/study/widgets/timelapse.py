"""W7, the time-lapse: how a router's choices form while the model trains."""

import math
from typing import NamedTuple

import ipywidgets
import numpy as np

from moe_lesson.study.figures.frame import cleared, finish, new_axes, png
from moe_lesson.study.figures.palette import OUTLINE
from moe_lesson.study.figures.routing import entropy_histogram, expert_load, ternary
from moe_lesson.study.statistics import choice_entropy
from moe_lesson.study.trace import RoutingTrace
from moe_lesson.study.widgets.explorer import CALM, WIDE, Explorer
from moe_lesson.study.widgets.view import View

VIEWS = ["load shares", "entropy of the router", "triangle of three experts"]
POINTS = 500  # tokens in the triangle


class Frame(NamedTuple):
    """Hold what is known of one checkpoint.

    Lesson 10.
    """

    step: float
    shares_LE: np.ndarray  # load: share of visits
    trace: RoutingTrace | None = None  # needed for entropy and triangle
    numbers: dict | None = None  # name -> number, read out in the sentence


def frame(step, seen, numbers=None):
    """Make a checkpoint's Frame from a RoutingTrace or from the shares of load.

    Args:
        seen: a RoutingTrace, or L rows of E shares.

    Lesson 10.
    """
    if not isinstance(seen, RoutingTrace):
        return Frame(step, np.asarray(seen, dtype=float), None, numbers)
    E = seen.prob_LTE.shape[2]
    count = np.array([np.bincount(ids.ravel(), minlength=E) for ids in seen.expert_LTK.astype(int)])
    return Frame(step, count / count.sum(1, keepdims=True), seen, numbers)


def time_lapse(runs):
    """Play the checkpoints of one or more training runs.

    Args:
        runs: name -> list of (step, RoutingTrace or shares of load [, numbers]), at least two
            each; e.g. one per balance weight and start of the router.

    Returns:
        An Explorer, with a Play button beside the slider; no slider for a single layer.

    Raises:
        ValueError: there is no run; one has fewer than two checkpoints, or steps out of order.

    Lesson 10.
    """
    films = {name: [frame(*one) for one in run] for name, run in runs.items()}
    _check(films)
    every = [one for film in films.values() for one in film]
    traced = all(one.trace is not None for one in every)
    corners = min(one.shares_LE.shape[1] for one in every)
    views = VIEWS[: min(corners, len(VIEWS))] if traced else VIEWS[:1]
    axes = new_axes(height=2.8, shown=False)
    axes.figure.set_layout_engine("none")
    axes.set_position([0.09, 0.17, 0.89, 0.67])

    def view(run, checkpoint, show, layer=0):
        film = films[run]
        now = film[min(checkpoint, len(film) - 1)]
        axes.set_aspect("auto")
        draw = {VIEWS[0]: _shares, VIEWS[1]: _entropy, VIEWS[2]: _triangle}[show]
        _draw(draw, cleared(axes), films, run, now, layer)
        return View(png(axes.figure), _sentence(run, film, now, layer))

    longest = max(map(len, films.values()))
    controls = _controls(list(films), len(every[0].shares_LE), longest, views)
    end = {"checkpoint": longest - 1}
    states = {"Start": {}, "Half way": {"checkpoint": longest // 2}, "End": end}
    if len(films) > 1:
        states["Other run, end"] = end | {"run": list(films)[-1]}
    question = "Does the expert that leads at the start still lead at the end?"
    panel = Explorer(view, controls, states, question)
    play = ipywidgets.Play(min=0, max=longest - 1, interval=500, description="Play")
    panel.play_link = ipywidgets.jslink((play, "value"), (controls["checkpoint"], "value"))
    panel.box.children = (*panel.box.children[:2], play, *panel.box.children[2:])
    return panel


def _draw(draw, axes, films, run, now, layer):
    """Draw a picture; where there are several runs its title says whose it is."""
    draw(axes, films[run], now, layer)
    if len(films) > 1:
        title = axes.get_title("left").replace("\n", " ")
        finish(axes, f"{run}: {title[0].lower()}{title[1:]}", axes.get_xlabel(), axes.get_ylabel())


def _check(films):
    """Refuse what is no film: no run, one picture, steps that do not grow."""
    if not films:
        raise ValueError("there are 0 runs: a time-lapse needs 1 or more")
    for name, film in films.items():
        steps = [one.step for one in film]
        if len(film) < 2:
            raise ValueError(f"run {name!r} has fewer than two checkpoints")
        if any(later <= earlier for earlier, later in zip(steps, steps[1:])):
            raise ValueError(f"run {name!r} has its checkpoints at steps {steps}: they must grow")


def _controls(names, layers, longest, views):
    layer = ipywidgets.IntSlider(layers - 1, 0, layers - 1, description="Layer", **CALM)
    return {
        "run": ipywidgets.Dropdown(options=names, description="Run"),
        **({"layer": layer} if layers > 1 else {}),
        "checkpoint": ipywidgets.IntSlider(
            0, 0, longest - 1, description="Checkpoint", **CALM, **WIDE
        ),
        "show": ipywidgets.Dropdown(options=views, description="Show"),
    }


def _shares(axes, film, now, layer):
    axes.set_axis_on()
    steps, shares = [one.step for one in film], [one.shares_LE[layer] for one in film]
    expert_load(axes, steps, shares, layer)
    axes.axvline(now.step, color="white", linewidth=4)
    axes.axvline(now.step, color=OUTLINE, linewidth=2)


def _entropy(axes, _, now, layer):
    axes.set_axis_on()
    entropy_histogram(axes, now.trace.prob_LTE[layer], layer, now.step)


def _triangle(axes, film, now, layer):
    # The three that lead at the end: so the corners stay while the film runs.
    experts = np.sort(np.argsort(-film[-1].shares_LE[layer], kind="stable")[:3]).tolist()
    prob_TE = now.trace.prob_LTE[layer]
    some = np.linspace(0, len(prob_TE) - 1, min(POINTS, len(prob_TE))).astype(int)
    ternary(axes, prob_TE[some], experts, layer, now.step)


def _sentence(run, film, now, layer):
    load_E, first_E = now.shares_LE[layer], film[0].shares_LE[layer]
    busy, led = int(load_E.argmax()), int(first_E.argmax())
    text = (
        f"{run}, layer {layer}, step {now.step:g}: expert {busy} takes {100 * load_E[busy]:.0f} % "
        f"of visits (even: {100 / len(load_E):.1f} %); expert {led}, which led at step "
        f"{film[0].step:g}, takes {100 * load_E[led]:.0f} %."
    )
    if now.trace is not None:
        bits = choice_entropy(now.trace.prob_LTE[layer]).mean()
        text += f" The router is undecided by {bits:.2f} bits."
    for name, number in (now.numbers or {}).items():
        known = number is not None and math.isfinite(number)
        text += f" {name}: {number:.3g}." if known else f" {name}: no finite number."
    return text
