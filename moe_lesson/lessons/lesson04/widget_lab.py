"""W8, the balance lab: a small sparse layer trained while you watch, in and out of balance."""

import functools

import ipywidgets

from moe_lesson.lessons.lesson04.figures_lab import (
    chosen_experts,
    emptied,
    error_trail,
    lab_axes,
    share_and_probability,
)
from moe_lesson.lessons.lesson04.toy_layer import (
    ToySettings,
    draw_points,
    observe,
    seats,
    single_error,
    start,
    train,
)
from moe_lesson.study.figures.frame import png
from moe_lesson.study.widgets.explorer import CALM, WIDE, Explorer
from moe_lesson.study.widgets.view import View

AT_ONCE, LAST = 50, 400  # steps a press of the button, and steps in all
ORDERS = ("first to last", "last to first")
HOT = 5.0


def balance_lab(seed=0):
    """Train four linear experts on four clusters; turn each remedy against collapse.

    A changed setting trains again from step 0 to the step shown, from the same start: what
    differs between two pictures is the setting.

    Args:
        seed: of points and first weights.

    Returns:
        An Explorer, with a button that trains on.

    >>> balance_lab().sentence.split(".")[0]
    'Step 0: expert 0 takes 100 % of the points (even: 25 %)'

    Lesson 4.
    """
    trained = _memory(seed)
    single, axes = single_error(draw_points(seed)), lab_axes()

    def view(step, **choices):
        settings = _settings(**choices)
        state, seen = trained(settings, step)
        plane, shares, error = map(emptied, axes)
        chosen_experts(plane, state.points, seen, state.router_ED, state.bias_E)
        share_and_probability(shares, seen.share_E, seen.prob_E)
        so_far = range(0, step + 1, AT_ONCE)
        errors = [trained(settings, at)[1].error for at in so_far]
        error_trail(error, so_far, errors, single, LAST)
        return View(png(plane.figure), _sentence(state, seen, settings))

    hot = {"step": 200, "init": HOT}
    states = {
        "Hot start": hot,
        "Balance loss": hot | {"aux": 0.3},
        "Bias": hot | {"bias_rate": 0.02},
        "Seats": {"step": 200, "capacity": "1"},
    }
    question = "The router starts out certain, and nothing balances it: will all experts be used?"
    return _with_button(Explorer(view, _controls(), states, question))


def _memory(seed):
    """Make a function from settings and step to State and Snapshot that trains each step once."""

    @functools.lru_cache(maxsize=1024)
    def trained(settings, step):
        if step == 0:
            state = start(settings, seed)
        else:
            state = train(trained(settings, step - AT_ONCE)[0], settings, AT_ONCE)
        return state, observe(state, settings)

    return trained


def _settings(capacity, order, **numbers):
    seats = None if capacity == "none" else float(capacity)
    return ToySettings(capacity=seats, backwards=order == ORDERS[1], **numbers)


def _controls():
    calm = CALM | WIDE

    def choice(options, name):
        return ipywidgets.SelectionSlider(options=options, description=name, **calm)

    def slider(value, high, step, name):
        return ipywidgets.FloatSlider(value, min=0, max=high, step=step, description=name, **calm)

    return {
        "step": ipywidgets.IntSlider(0, 0, LAST, AT_ONCE, description="Steps", **calm),
        "aux": choice([0.0, 0.01, 0.03, 0.1, 0.3, 1.0], "Balance loss, weight"),
        "init": slider(0.1, HOT, 0.1, "Router's first weights"),
        "noise": slider(0.0, 3, 0.1, "Noise"),
        "capacity": choice(["none", "2", "1.5", "1.25", "1", "0.75", "0.5"], "Capacity factor"),
        "bias_rate": choice([0.0, 0.001, 0.003, 0.01, 0.02, 0.05], "Bias, rate"),
        "order": ipywidgets.Dropdown(options=ORDERS, description="Order"),
    }


def _with_button(panel):
    """Put a button that trains on, and what a change means, above the picture."""
    slider = panel.controls["step"]
    button = ipywidgets.Button(description=f"{AT_ONCE} steps", tooltip="Train on")

    def train_on(_):
        slider.value = min(slider.value + AT_ONCE, LAST)

    def at_end(_):
        button.disabled = slider.value == LAST

    button.on_click(train_on)
    slider.observe(at_end, "value")
    note = ipywidgets.HTML(
        "<p>A changed setting trains again from step 0 to the step shown, from the same start. "
        "Points are dispatched in a fixed order; noise is left out of the picture.</p>"
    )
    *before, screen, status = panel.box.children
    panel.box.children = (*before, ipywidgets.HBox([button, note]), screen, status)
    return panel


def _sentence(state, seen, settings):
    busy, E = int(seen.share_E.argmax()), len(seen.share_E)
    text = (
        f"Step {state.step}: expert {busy} takes {100 * seen.share_E[busy]:.0f} % of the points "
        f"(even: {100 / E:.0f} %). f is {_list(seen.share_E)}, P {_list(seen.prob_E)}: "
        f"balance loss {seen.balance:.2f} (even: 1). Squared error {seen.error:.3f}."
    )
    if settings.aux:
        text += f" {_push(seen)}"
    if settings.capacity is not None:
        text += f" {_drops(seen, settings)}"
    if settings.bias_rate:
        text += f" {_moves(state, seen)}"
    return text


def _push(seen):
    """Say what the balance loss does to each expert, and to whom it does next to nothing."""
    text = (
        "f counts and has no gradient; through P the balance loss pushes the experts' scores by "
        f"{_list(seen.push_E, '+.3f')}."
    )
    lost = [str(expert) for expert, prob in enumerate(seen.prob_E.tolist()) if prob < 0.005]
    return text + (f" Where P is near 0 the push is too: {', '.join(lost)}." if lost else "")


def _moves(state, seen):
    """Say whom the bias sends elsewhere, and what their new experts count for them."""
    moved = int(seen.moved_T.sum())
    text = (
        f"The bias, {_list(state.bias_E, '+.2f')}, sends {moved} of {len(seen.expert_T)} points "
        "past their most probable expert"
    )
    if not moved:
        return f"{text}."
    mean = seen.weight_T[seen.moved_T].mean()
    return f"{text}; it is not in their weights, which stay p: {mean:.2f} on average."


def _list(numbers, form=".2f"):
    return ", ".join(format(round(number, 6) + 0.0, form) for number in numbers.tolist())


def _drops(seen, settings):
    """Say how many found no seat, and where in the order they stand."""
    T, E = len(seen.expert_T), len(seen.share_E)
    lost = seen.dropped_T.nonzero().flatten()
    many = seats(settings, T, E)
    if not len(lost):
        return f"Each expert has {many} seats: nobody is dropped."
    return (
        f"Each expert has {many} seats: {len(lost)} of {T} points are dropped and get exactly 0, "
        f"the first of them number {lost[0] + 1} in the order."
    )
