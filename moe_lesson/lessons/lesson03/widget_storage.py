"""W15, the storage dial: experts, k and facts, turned over runs that were recorded."""

import ipywidgets
import numpy as np

from moe_lesson.lessons.lesson03.storage import Stored
from moe_lesson.study.figures.frame import SERIES, baseline, cleared, finish, new_axes, png
from moe_lesson.study.figures.palette import OUTLINE
from moe_lesson.study.widgets.explorer import CALM, Explorer
from moe_lesson.study.widgets.view import View

LABEL_BITS = 4  # of 16 labels
STATES = {
    "Small layer, full": {"experts": 4, "facts": 16_000},
    "Large layer": {"experts": 64, "facts": 16_000},
    "Few facts": {"experts": 64, "facts": 4000},
    "One expert each": {"experts": 16, "k": 1, "facts": 16_000},
}
QUESTION = (
    "With a quarter of the facts, what do 4 experts store, and what do 64? And with k = 1, where "
    "the one weight is always 1?"
)


def storage_dial(runs):
    """Turn experts, k and facts, and read what the layer stores.

    Args:
        runs: dicts with the fields of ``storage.Stored``; dense ones are left out.

    Returns:
        An Explorer. A setting without runs says so.

    >>> size = {"hidden_dim": 16, "parameters": 3408, "operations": 1856, "seed": 0}
    >>> run = size | {"num_experts": 4, "top_k": 2, "facts": 9, "share": 0.5, "bits": 18.0}
    >>> storage_dial([run]).sentence
    '4 experts, k = 2, 9 facts: 18 of 36 bits stored (1 run: 18 to 18), 50 % of the labels right; \
3,408 parameters, 1,856 operations.'

    Lesson 3.
    """
    runs = [Stored(**run) for run in runs if run["num_experts"] > 1]
    axes = new_axes(height=2.8, shown=False)

    def view(experts, k, facts):
        same = [run for run in runs if (run.top_k, run.facts) == (k, facts)]
        mine = [run for run in same if run.num_experts == experts]
        if not mine:
            raise ValueError(f"{experts} experts, k = {k}, {facts:,} facts: not recorded")
        _draw(cleared(axes), same, mine)
        return View(png(axes.figure), _sentence(mine))

    choices = {"experts": "num_experts", "k": "top_k", "facts": "facts"}
    controls = {name: _choice(name, runs, field) for name, field in choices.items()}
    fits = {name: state for name, state in STATES.items() if _known(state, controls)}
    return Explorer(view, controls, fits, QUESTION)


def _choice(name, runs, field):
    """Offer what was recorded, the largest number of facts and k = 2 first."""
    options = sorted({getattr(run, field) for run in runs})
    first = 2 if name == "k" and 2 in options else options[-1] if name == "facts" else options[0]
    name = name if name == "k" else name.capitalize()
    return ipywidgets.SelectionSlider(options=options, value=first, description=name, **CALM)


def _known(state, controls):
    return all(value in controls[name].options for name, value in state.items())


def _draw(axes, same, mine):
    """Draw bits against parameters for every number of experts, the chosen one filled."""
    for run in same:
        chosen = run.num_experts == mine[0].num_experts
        fill = SERIES[0][0] if chosen else "white"
        style = {"edgecolors": OUTLINE, "linewidths": 0.8, "zorder": 3 + chosen}
        axes.scatter(run.num_experts, run.bits / 1000, 60 if chosen else 34, fill, **style)
    asked = LABEL_BITS * mine[0].facts / 1000
    baseline(axes, asked, f"all there is: {asked:g} thousand bits")
    axes.set_xscale("log", base=2)
    numbers = sorted({run.num_experts for run in same})
    held = {run.num_experts: run.parameters for run in same}
    axes.set_xticks(numbers, [f"{number}\n{held[number]:,}" for number in numbers])
    axes.set_xlim(numbers[0] / 1.5, numbers[-1] * 3.6)  # room for the dotted line's name
    axes.set_ylim(min(0, *(1.1 * run.bits / 1000 for run in same)), 1.15 * asked)
    bits = np.mean([run.bits for run in mine])
    title = f"{mine[0].num_experts} experts, k = {mine[0].top_k}, {mine[0].facts:,} facts: "
    title += f"{bits:,.0f} bits, {bits / mine[0].parameters:.2f} a parameter"
    axes.locator_params(axis="y", nbins=5, integer=True)  # margins were set for two digits
    return finish(axes, title, "experts, and total parameters", "thousand bits stored")


def _sentence(mine):
    one, bits = mine[0], [run.bits for run in mine]
    share = 100 * np.mean([run.share for run in mine])
    runs = f"{len(mine)} run{'s' if len(mine) > 1 else ''}"
    return (
        f"{one.num_experts} experts, k = {one.top_k}, {one.facts:,} facts: {np.mean(bits):,.0f} of "
        f"{LABEL_BITS * one.facts:,} bits stored ({runs}: {min(bits):,.0f} to {max(bits):,.0f}), "
        f"{share:.0f} % of the labels right; {one.parameters:,} parameters, "
        f"{one.operations:,} operations."
    )
