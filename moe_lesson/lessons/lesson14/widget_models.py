"""A table of models: choose two, and a batch; see memory, bytes a token and experts visited."""

import ipywidgets

from moe_lesson.lessons.lesson14 import figures
from moe_lesson.lessons.lesson14.touch import countable, read_a_token, touched
from moe_lesson.models.families import read_families
from moe_lesson.study.figures.frame import cleared, new_axes, png
from moe_lesson.study.widgets.explorer import CALM, Explorer
from moe_lesson.study.widgets.view import View

STATES = {
    "Two ages": {"first": "Mixtral 8x7B", "second": "DeepSeek-V3"},
    "Same active": {"first": "DeepSeek-V2-Lite", "second": "Qwen1.5-MoE-A2.7B", "batch": 64},
    "One or four": {"first": "Llama 4 Maverick", "second": "gpt-oss-120b", "batch": 16},
}
QUESTION = (
    "Which reads more bytes for one reader's token, Mixtral 8x7B or DeepSeek-V3, which stores "
    "fourteen times as much? And for each of 64 readers' tokens?"
)


def models_table():
    """Choose two published models and a batch; see what each asks of memory.

    >>> models_table().sentence.split(";")[0]
    'Mixtral 8x7B: 46.7 B total, 12.9 active, 2 of 8 experts, grain 0.6, no shared expert'

    Lesson 14.
    """
    families = countable(read_families())
    axes = new_axes(columns=2, height=2.6, shown=False)

    def view(first, second, batch):
        if first == second:
            raise ValueError(f"both are {first}: choose two models")
        pair = {name: families[name] for name in (first, second)}
        figures.sizes_of(cleared(axes[0]), pair)
        figures.touched_by(cleared(axes[1]), pair, batch)
        return View(png(axes[0].figure), " · ".join(_said(one, batch) for one in pair.values()))

    view("Qwen1.5-MoE-A2.7B", "Llama 4 Maverick", 1024)  # margins are those of the first drawing
    return Explorer(view, _controls(families), STATES, QUESTION)


def _controls(families):
    def choice(title, value):
        return ipywidgets.Dropdown(options=list(families), value=value, description=title)

    batches = [2**power for power in range(11)]
    return {
        "first": choice("First", "Mixtral 8x7B"),
        "second": choice("Second", "DeepSeek-V3"),
        "batch": ipywidgets.SelectionSlider(options=batches, value=1, description="Batch", **CALM),
    }


def _said(one, batch):
    """Say a model's numbers in one sentence."""
    shared = f"shared {one.shared_dim} wide" if one.shared_dim else "no shared expert"
    total, active = one.total_parameters / 1e9, one.active_parameters / 1e9
    size = f"{one.name}: {total:.1f} B total, {active:.1f} active"
    cut = f"{one.top_k} of {one.num_experts} experts, grain {one.granularity:.1f}, {shared}"
    seen = f"a batch of {batch} visits {float(touched(one, batch)):.1f}"
    moved = f"reads {read_a_token(one, batch) / 1e9:.1f} GB a token"
    kept = f"{2 * one.cache_width / 1e3:.0f} kB of cache a position"
    return f"{size}, {cut}; {2 * total:.0f} GB in 16 bits; {seen}, {moved}, {kept}"
