"""W9, expert surgery: take an expert away, force one, change k, and see who pays."""

import functools
import html
import math

import ipywidgets

from moe_lesson.lessons.lesson10.figures_interventions import loss_changes
from moe_lesson.lessons.lesson10.interventions import (
    ablate,
    chain,
    everywhere,
    forced,
    intervened,
    random_control,
    swapped,
    token_losses,
    with_k,
)
from moe_lesson.study.figures.frame import new_axes, png
from moe_lesson.study.statistics import intervals
from moe_lesson.study.trace import check_labels, documents
from moe_lesson.study.widgets.explorer import CALM, WIDE, Explorer
from moe_lesson.study.widgets.view import View, figure

MOST = 1024  # tokens: an operation with its control is up to ten readings of them
GROUPS = {
    "language and part of speech": ("language", "pos"),
    "language": ("language",),
    "part of speech": ("pos",),
}
ACTIONS = ["mask", "force", "hash router", "random router", "leave"]
SAID = {"mask": "Without", "force": "Always"}
STATES = {
    "Mask one": {"by": "language"},
    "Force one": {"action": "force", "by": "language"},
    "One expert a token": {"action": "leave", "k": 1},
}
QUESTION = "Is the expert that is used most also the one that is missed most?"


def expert_surgery(model, trace, sample=None):
    """Operate on one layer and on k; read the change of loss by language and part of speech.

    Args:
        model: the Mixtral that made the trace; it is the same again after each reading.
        trace: a RoutingTrace of at most 1,024 tokens with the labels "language" and "pos";
            ``some_documents`` chooses them.
        sample: a function of the model that returns a text, shown before and after.

    Returns:
        An Explorer.

    Raises:
        ValueError: the trace has fewer than 2 tokens or more than 1,024, lacks a label, or the
            model is dense.

    Lesson 10.
    """
    if not 2 <= len(trace.tokens) <= MOST:
        raise ValueError(f"the trace has {len(trace.tokens)} tokens: 2 up to {MOST} can be shown")
    check_labels(trace, "language", "pos")
    layers, _, experts = trace.prob_LTE.shape
    trained, document, measured = model.config.top_k, documents(trace), _measurer(model, trace)
    written = sample(model) if sample else ""

    def view(layer, action, experts_text, k, by):
        chosen = _numbers(experts_text, experts) if action in SAID else ()
        names, what = _names(trace.labels, by), _what(layer, action, chosen, k, trained)
        both = [one for one in measured(layer, action, chosen, k) if one is not None]
        axes = new_axes(height=3.0, shown=False)
        found = [intervals(one, document, names) for one in both]
        if not found[0]:
            raise ValueError(f"no token has a loss and a label: {by}")
        picture = png(loss_changes(axes, *found, what=what).figure)
        sentence = _sentence(what, [intervals(one, document)["all"] for one in both], found[0])
        if not sample:
            return View(picture, sentence)
        after = _written(model, sample, _changes(model, layer, action, chosen, k), action)
        return View(figure(picture, sentence) + _texts(written, after), sentence)

    def poster():
        both = measured(layers - 1, "mask", (0,), trained)
        parts = [intervals(one, document, trace.labels["language"]) for one in both]
        return png(loss_changes(new_axes(shown=False), *parts, "Without expert 0").figure)

    controls = _controls(layers, experts, trained)
    return Explorer(view, controls, STATES, QUESTION, poster if sample else None)


def _measurer(model, trace):
    """Return a function: from an operation to its change of loss and that of the control."""
    plain, trained = token_losses(model, trace.id_T), model.config.top_k

    @functools.lru_cache(maxsize=64)
    def measured(layer, action, chosen, k):
        changes = _changes(model, layer, action, chosen, k)
        now = token_losses(model, trace.id_T, changes) - plain if changes else plain * 0
        if action not in SAID:
            return now, None
        around = everywhere(model, with_k(k)) if k != trained else None
        make = {"mask": ablate, "force": forced}[action]
        return now, random_control(model, trace.id_T, layer, chosen, make, around) - plain

    return measured


def _controls(layers, experts, trained):
    return {
        "layer": ipywidgets.IntSlider(layers - 1, 0, layers - 1, description="Layer", **CALM),
        "action": ipywidgets.Dropdown(options=ACTIONS, description="Action"),
        "experts_text": ipywidgets.Text(
            "0", description="Experts", placeholder=f"0 to {experts - 1}, spaces between", **CALM
        ),
        "k": ipywidgets.IntSlider(
            trained, 1, max(trained, min(4, experts)), description="k (all layers)", **CALM, **WIDE
        ),
        "by": ipywidgets.Dropdown(options=list(GROUPS), description="Split by", **WIDE),
    }


def _numbers(text, experts):
    """Read the numbers of experts that a reader typed."""
    words = text.replace(",", " ").split()
    if not words or not all(word.isdecimal() and int(word) < experts for word in words):
        raise ValueError(f"experts are {text!r}: type numbers from 0 to {experts - 1}, with spaces")
    return tuple(sorted({int(word) for word in words}))


def _changes(model, layer, action, chosen, k):
    """Return layer -> change for the controls' values; k goes around the rest."""
    other_k = k != model.config.top_k
    changes = everywhere(model, with_k(k)) if other_k else {}
    makers = {
        "mask": lambda: ablate(chosen),
        "force": lambda: forced(chosen),
        "hash router": lambda: swapped("hash", seed=layer),
        "random router": lambda: swapped("random", seed=layer),
    }
    if action in makers:
        around = [changes[layer]] if other_k else []
        changes[layer] = chain(makers[action](), *around)
    return changes


def _names(labels, by):
    """Return the group of each token, "" where a label is missing."""
    parts = [labels[name] for name in GROUPS[by]]
    return [" / ".join(words) if all(words) else "" for words in zip(*parts)]


def _what(layer, action, chosen, k, trained):
    with_other_k = f", k {k}" if k != trained else ""
    if action == "leave":
        return f"k {k} (trained with {trained})"
    if action in SAID:
        word = "expert" if len(chosen) == 1 else "experts"
        return f"{SAID[action]} {word} {', '.join(map(str, chosen))} in layer {layer}{with_other_k}"
    return f"A {action} in layer {layer}{with_other_k}"


def _sentence(what, both, found):
    whole = both[0]
    span = f"95 % over documents: {whole.low:+.3f} to {whole.high:+.3f}"
    if math.isnan(whole.low):
        span = "one document: no interval"
    text = f"{what}: the loss changes by {whole.mean:+.3f} nats a token ({span})."
    if len(both) > 1:
        text += f" The same with other experts: {both[1].mean:+.3f}."
    top = max(found, key=lambda name: found[name].mean)
    text += f" It costs most for {top}: {found[top].mean:+.3f} ({found[top].tokens} tokens)."
    return text.replace("-0.000", "+0.000").replace(" -", " \u2212")


def _written(model, sample, changes, action):
    """Let the intervened model write; a hash router would need ids that are not written yet."""
    if action == "hash router":
        return "(no sample: a hash router needs the ids beforehand)"
    with intervened(model, changes):
        return sample(model)


def _texts(before, after):
    style = "white-space: pre-wrap; border-left: 3px solid #8A8A8A; padding-left: 6px"
    parts = [("Before", before), ("After", after)]
    return "".join(
        f'<b>{name}</b><p style="{style}">{html.escape(text)}</p>' for name, text in parts
    )
