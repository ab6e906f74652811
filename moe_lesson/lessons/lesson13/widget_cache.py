"""The cache player: slots, policy and trace, token by token."""

import ipywidgets

from moe_lesson.lessons.lesson13 import figures
from moe_lesson.lessons.lesson13.caches import POLICIES, hit_ratio, play
from moe_lesson.study.figures.frame import cleared, new_axes, png
from moe_lesson.study.widgets.explorer import CALM, Explorer
from moe_lesson.study.widgets.view import View

SHOWN = 24  # tokens
QUESTION = (
    "Four slots for eight experts: a cache that knows the future hits how much more often than "
    "one that drops what was used longest ago?"
)


def cache_player(traces):
    """Step through a cache of experts over a layer's visits.

    Args:
        traces: name -> RoutingTrace; the first ``SHOWN`` tokens of each are played.

    Returns:
        An Explorer.

    >>> import numpy as np
    >>> from moe_lesson.study.trace import RoutingTrace
    >>> expert_LTK = np.array([[[0, 1], [1, 2], [0, 1]]])
    >>> one = RoutingTrace(["a", "b", "c"], np.arange(3), expert_LTK, None, np.ones((1, 3, 4)) / 4)
    >>> cache_player({"abc": one}).sentence
    "Token 2, 'c': visits 0, 1. 0, 1 were there. So far 3 of 6 visits hit."

    Lesson 13.
    """
    axes = new_axes(height=2.8, shown=False)

    def view(text, layer, slots, policy, token):
        trace = traces[text]
        expert_TK = trace.expert_LTK[layer, :SHOWN]
        token = min(token, len(expert_TK) - 1)
        steps = play(expert_TK, slots, policy)
        figures.cache_film(cleared(axes), steps, token, trace.prob_LTE.shape[2])
        return View(png(axes.figure), _sentence(trace.tokens[token], steps, token))

    first = next(iter(traces.values()))
    depth, experts = len(first.expert_LTK), first.prob_LTE.shape[2]
    controls = {
        "text": ipywidgets.Dropdown(options=list(traces), description="Text"),
        "layer": ipywidgets.IntSlider(depth - 1, 0, depth - 1, description="Layer", **CALM),
        "slots": ipywidgets.IntSlider(4, 2, experts, description="Slots", **CALM),
        "policy": ipywidgets.Dropdown(options=POLICIES, description="Drops"),
        "token": ipywidgets.IntSlider(SHOWN - 1, 0, SHOWN - 1, description="Token", **CALM),
    }
    states = {
        "Least recent": {},
        "Knows the future": {"policy": "knows the future"},
        "Two slots": {"slots": 2},
    }
    return Explorer(view, controls, states, QUESTION)


def _sentence(text, steps, token):
    """Say what one token found, and how often visits hit so far."""
    one = steps[token]

    def listed(experts):
        return ", ".join(map(str, experts))

    parts = [f"visits {listed(one.asked)}."]
    if one.hits:
        parts.append(f"{listed(one.hits)} {'was' if len(one.hits) == 1 else 'were'} there.")
    if one.loaded:
        instead = f" for {listed(one.dropped)}" if one.dropped else ""
        verb = "comes" if len(one.loaded) == 1 else "come"
        parts.append(f"{listed(one.loaded)} {verb} in{instead}.")
    asked = sum(len(each.asked) for each in steps[: token + 1])
    hits = round(hit_ratio(steps[: token + 1]) * asked)
    return f"Token {token}, {text!r}: {' '.join(parts)} So far {hits} of {asked} visits hit."
