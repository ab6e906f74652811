"""W17, the exchange board: devices, experts, k, skew and copies against bytes and waiting."""

import ipywidgets
import numpy as np

from moe_lesson.lessons.lesson07 import figures, traffic
from moe_lesson.lessons.lesson07.cost_model import MIXTRAL_LAYER, layer_step
from moe_lesson.study.figures.frame import cleared, new_axes, png
from moe_lesson.study.widgets.explorer import CALM, Explorer
from moe_lesson.study.widgets.view import View

TOKENS = 512  # on each device
STATES = {
    "Even": {"devices": 4, "experts": 8, "k": 2, "skew": 0.0, "copies": 0},
    "Skewed": {"devices": 4, "experts": 8, "k": 2, "skew": 1.0, "copies": 0},
    "Copies": {"devices": 4, "experts": 8, "k": 2, "skew": 1.0, "copies": 1},
    "Many": {"devices": 16, "experts": 64, "k": 4, "skew": 1.0, "copies": 0},
}
QUESTION = (
    "Four devices, two experts each, and the first experts are asked more than the last. How much "
    "longer is a step than with an even load? What does one more copy on each device mend?"
)


def draw_visits(devices, experts, k, skew):
    """Draw whom the tokens of all devices visit: expert e in proportion to (e + 1) ** -skew.

    Returns:
        expert_TK, the same for the same numbers.

    >>> draw_visits(2, 4, 2, 0.0).shape
    (1024, 2)

    Lesson 7.
    """
    random = np.random.default_rng(0)
    score_E = -skew * np.log(np.arange(1, experts + 1))
    chance_TE = score_E + random.gumbel(size=(devices * TOKENS, experts))
    return np.argsort(-chance_TE, axis=1)[:, :k]


def board():
    """Turn devices, experts, visits, skew and copies; see the bytes, the fullest, the time.

    >>> board().sentence.split(":")[0]
    '4 devices, 8 experts, k = 2'

    Lesson 7.
    """
    axes = new_axes(height=3.2, shown=False)

    def view(devices, experts, k, skew, copies):
        if experts < devices or k > experts:
            raise ValueError(f"{experts} experts on {devices} devices, k = {k}: too few experts")
        expert_TK = draw_visits(devices, experts, k, skew)
        rows_WW = rows_of(expert_TK, devices, experts, copies)
        size = MIXTRAL_LAYER.dim * MIXTRAL_LAYER.size
        figures.exchange(cleared(axes), rows_WW * size, "MB")
        return View(png(axes.figure), _sentence(rows_WW, size, (devices, experts, k)))

    view(16, 64, 1, 0.0, 0)  # margins are those of the first drawing: labels of two digits

    def choice(name, options, value):
        return ipywidgets.SelectionSlider(options=options, value=value, description=name, **CALM)

    controls = {
        "devices": choice("Devices", [2, 4, 8, 16], 4),
        "experts": choice("Experts", [4, 8, 16, 32, 64], 8),
        "k": choice("k", [1, 2, 4], 2),
        "skew": choice("Skew", [0.0, 0.5, 1.0, 1.5], 0.5),
        "copies": choice("Copies", [0, 1, 2], 0),
    }
    return Explorer(view, controls, STATES, QUESTION)


def rows_of(expert_TK, devices, experts, copies):
    """Count who sends how many rows to whom; copies stand where the load asks for them.

    Args:
        copies: further experts that each device has room for.

    Returns:
        rows_WW.

    >>> rows_of(draw_visits(2, 4, 1, 0.0), 2, 4, 0).sum().item()
    1024.0

    Lesson 7.
    """
    count_E = np.bincount(expert_TK.ravel(), minlength=experts)
    copies_E = traffic.copy_busiest(count_E, copies * devices)
    owner_R = traffic.owners(experts, devices)
    if copies:
        owner_R = traffic.place_copies(count_E, copies_E, devices)
    # Each copy takes an equal part of its expert's rows, from everybody.
    share_EW = np.zeros((experts, devices))
    np.add.at(share_EW, (np.repeat(np.arange(experts), copies_E), owner_R), 1)
    share_EW /= copies_E[:, None]
    home_T = np.repeat(np.arange(devices), len(expert_TK) // devices)
    asked_EE = traffic.send_counts(expert_TK, home_T, np.arange(experts))  # devices come first
    return asked_EE[:devices] @ share_EW


def _sentence(rows_WW, size, numbers):
    devices, experts, k = numbers
    load = rows_WW.sum(0)
    skew = float(traffic.max_over_mean(load))
    layer = MIXTRAL_LAYER._replace(num_experts=experts, top_k=k, tokens=TOKENS)
    step, even = (layer_step(layer, devices, skew=each).total for each in (skew, 1.0))
    moved = (rows_WW.sum() - np.trace(rows_WW)) * size
    return (
        f"{devices} devices, {experts} experts, k = {k}: {moved / 1e6:.1f} MB travel there, "
        f"{1 - np.trace(rows_WW) / rows_WW.sum():.0%} of all rows; device {load.argmax()} is "
        f"fullest, with {skew:.2f} times the mean; the step takes {step / even:.2f} times as "
        f"long as with an even load."
    ).replace("%", " %")
