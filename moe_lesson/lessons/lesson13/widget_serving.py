"""The serving board: model, batch, context, bits and device against memory, limit and speed."""

import ipywidgets

from moe_lesson.lessons.lesson13 import figures
from moe_lesson.lessons.lesson13.cost_model import DEVICES, LLAMA_2_70B, Load, decode_step
from moe_lesson.models.config import MISTRAL_7B, MIXTRAL_8X7B
from moe_lesson.study.figures.frame import cleared, new_axes, png
from moe_lesson.study.widgets.explorer import CALM, Explorer
from moe_lesson.study.widgets.view import View

MODELS = {"Mixtral 8x7B": MIXTRAL_8X7B, "Llama 2 70B": LLAMA_2_70B, "Mistral 7B": MISTRAL_7B}
STATES = {
    "One reader": {"batch": 1, "context": 1024, "device": "two H100"},
    "A crowd": {"batch": 64, "context": 4096, "device": "two H100"},
    "Llama's crowd": {"model": "Llama 2 70B", "batch": 64, "context": 4096, "device": "two H100"},
    "Four bits": {"batch": 16, "context": 4096, "bits": 4, "device": "H100"},
}
QUESTION = (
    "One H100 of 80 GB, Mixtral in 16 bits: how many tokens a second for one reader? And what "
    "stops a hundred readers with 4,096 tokens each: weights, cache, arithmetic, or memory?"
)


def board():
    """Turn model, batch, context, bits and device; see room, time and limit of a step.

    >>> board().sentence.split(":")[0]
    'Mixtral 8x7B, 16 bits, 1 sequence of 1,024, two H100'

    Lesson 13.
    """
    rows = new_axes(rows=2, height=3.0, shown=False)

    def view(model, batch, context, bits, device):
        if context > MODELS[model].context_len:
            longest = MODELS[model].context_len
            raise ValueError(f"{context:,} positions: {model} holds up to {longest:,}")
        load, where = Load(MODELS[model], batch, context, bits), DEVICES[device]
        step = decode_step(load, where)
        parts = load.weight_bytes / 1e9, load.cache_bytes / 1e9, where.memory / 1e9
        figures.room_of(cleared(rows[0]), *parts)
        figures.step_of(cleared(rows[1]), step, batch / step.seconds)
        sequences = f"{batch:,} sequence{'s' * (batch > 1)} of {context:,}"
        name = f"{model}, {bits} bits, {sequences}, {device}"
        return View(png(rows[0].figure), f"{name}: {_sentence(load, step, where)}")

    view("Llama 2 70B", 64, 4096, 16, "two H100")  # margins are those of the first drawing
    return Explorer(view, _controls(), STATES, QUESTION)


def _controls():
    def choice(name, options, value):
        return ipywidgets.SelectionSlider(options=options, value=value, description=name, **CALM)

    return {
        "model": ipywidgets.Dropdown(options=list(MODELS), description="Model"),
        "batch": choice("Batch", [4**power for power in range(6)], 1),
        "context": choice("Context", [0, 256, 1024, 4096, 16384, 32768], 1024),
        "bits": choice("Bits", [2, 4, 8, 16], 16),
        "device": ipywidgets.Dropdown(
            options=list(DEVICES), value="two H100", description="Device"
        ),
    }


def _sentence(load, step, device):
    """Say what limits a step, and how fast it is at most."""
    wanted = (load.weight_bytes + load.cache_bytes) / 1e9
    room = f"{wanted:.1f} of {device.memory / 1e9:.0f} GB"
    if not step.fits:
        return f"no room, {room} wanted."
    rate = load.batch / step.seconds
    limit = {"weights": "reading weights", "cache": "reading the cache"}
    return (
        f"{room}; at most {rate:,.0f} tokens a second, {1 / step.seconds:,.0f} for each "
        f"sequence; {limit.get(step.limit, step.limit)} is the limit."
    )
