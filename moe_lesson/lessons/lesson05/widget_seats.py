"""W16, the seat map: capacity, order and skew, and who is left standing."""

import ipywidgets
import torch

from moe_lesson.lessons.lesson05.figures import seat_map
from moe_lesson.moe.dispatch import ORDERS, Plan, plan, seats, within_capacity
from moe_lesson.moe.routing import top_k
from moe_lesson.study.figures.frame import cleared, new_axes, png
from moe_lesson.study.widgets.explorer import CALM, WIDE, Explorer
from moe_lesson.study.widgets.view import View

TOKENS, EXPERTS = 16, 4
QUESTION = (
    "Every token asks for two of four experts, the load is even on average, and there are exactly "
    "as many seats as visits. Does everybody find one?"
)


def seat_explorer():
    """Turn capacity factor, order and skew over sixteen tokens, and see who stands.

    Returns:
        An Explorer.

    >>> seat_explorer().sentence.split(":")[0]
    'Capacity factor 1'

    Lesson 5.
    """
    draw_TE = torch.randn(TOKENS, EXPERTS, generator=torch.Generator().manual_seed(0))
    axes = new_axes(height=2.4, shown=False)

    def view(factor, order, skew, k):
        lean_E = skew * torch.tensor([1.0, 0.3, -0.3, -1.0])
        routing = top_k(draw_TE + lean_E, k)
        capacity = seats(TOKENS, EXPERTS, k, factor)
        asked = plan(routing, order)
        expert_R = torch.arange(EXPERTS).repeat_interleave(asked.count_E)
        seated_R = _seated(asked, capacity)
        seat_map(cleared(axes), expert_R.tolist(), seated_R.tolist(), asked.token_R.tolist(),
                 capacity, EXPERTS)  # fmt: skip
        return View(png(axes.figure), _sentence(asked, seated_R, factor, order, capacity))

    controls = {
        "factor": ipywidgets.FloatSlider(
            1.0, min=0.25, max=3, step=0.25, description="Capacity factor", **CALM, **WIDE
        ),
        "order": ipywidgets.Dropdown(options=ORDERS, description="Order"),
        "skew": ipywidgets.FloatSlider(0.0, min=0, max=3, step=0.25, description="Skew", **CALM),
        "k": ipywidgets.IntSlider(2, min=1, max=2, description="k", **CALM),
    }
    states = {
        "Even on average": {},
        "Skewed": {"skew": 1.5},
        "By probability": {"skew": 1.5, "order": "by probability"},
        "Factor 2": {"skew": 1.5, "factor": 2.0},
    }
    return Explorer(view, controls, states, QUESTION)


def _seated(asked, capacity):
    """Tell which rows of a plan sit: those whose number within the expert is below capacity."""
    number_R = torch.arange(len(asked.token_R))
    kept = within_capacity(Plan(number_R, asked.weight_R, asked.count_E), capacity)
    return torch.isin(number_R, kept.token_R)


def _sentence(asked, seated_R, factor, order, capacity):
    lost, total = int((~seated_R).sum()), len(seated_R)
    without = TOKENS - len(asked.token_R[seated_R].unique())
    weight = asked.weight_R[~seated_R].sum() / asked.weight_R.sum()
    empty = EXPERTS * capacity - total + lost
    return (
        f"Capacity factor {factor:g}: {capacity} seats an expert, {order}; {lost} of {total} "
        f"visits ({lost / total:.0%}) find none, with {weight:.0%} of all weight; {without} of "
        f"{TOKENS} tokens have no expert at all. {empty} seats stay empty."
    )
