"""W10, paths: the experts that tokens meet one after the other, layer by layer."""

from collections import Counter

import ipywidgets
import numpy as np

from moe_lesson.lessons.lesson10.figures_interventions import path_flow
from moe_lesson.study.figures.frame import cleared, new_axes, png
from moe_lesson.study.information import integer_codes
from moe_lesson.study.widgets.explorer import CALM, WIDE, Explorer
from moe_lesson.study.widgets.view import View

FILTERS = "homograph language pos kind register topic lexeme construction role".split()
VALUES = 12  # values of a label that the list of filters offers
COLOURS = ["first expert", "language"]
KINDS = 4  # languages that are told apart by colour, the others together


def expert_paths(trace):
    """Follow tokens through the layers; choose them by a label, colour them by language.

    Args:
        trace: a RoutingTrace of two layers or more, with labels.

    Returns:
        An Explorer.

    Raises:
        ValueError: the trace has one layer: there is no path.

    Lesson 10.
    """
    layers = len(trace.expert_LTK)
    if layers < 2:
        raise ValueError("the trace has 1 layer: a path needs 2 or more")
    labels = trace.labels or {}
    filters = _filters(labels)
    colours = COLOURS if "language" in labels else COLOURS[:1]
    first_LT = trace.expert_LTK[:, :, 0].astype(int)
    tongues = np.asarray(labels.get("language", [""] * len(trace.tokens)))
    axes = new_axes(height=3.2, shown=False)
    axes.figure.set_layout_engine("none")
    axes.set_position([0.05, 0.14, 0.81, 0.72])

    def view(tokens, colour, top, last):
        chosen = filters[tokens]()
        path = first_LT[: last + 1, chosen].T
        kinds = tongues[chosen] if colour == "language" else None
        rows, count, names = _commonest(path, kinds, top)
        chance = _chance(path, kinds, top)
        title = f"{tokens}: {len(count)} paths hold {100 * count.sum() / len(path):.0f} % of \
{len(path)} tokens ({100 * chance:.0f} % if layers chose independently)"
        path_flow(cleared(axes), rows, count, names, title)
        return View(png(axes.figure), _sentence(tokens, path, tongues[chosen], count, chance))

    homograph = next((name for name in filters if name.startswith("homograph")), None)
    states = {"All tokens": {}, "First two layers": {"last": 1}, "Two paths": {"top": 2}}
    if homograph and len(colours) > 1:
        states["A homograph"] = {"tokens": homograph, "colour": "language"}
        del states["Two paths"]
    question = "Do the two languages of a homograph enter at one expert? Do they stay together?"
    return Explorer(view, _controls(list(filters), colours, layers), states, question)


def _controls(filters, colours, layers):
    return {
        "tokens": ipywidgets.Dropdown(options=filters, description="Tokens"),
        "colour": ipywidgets.Dropdown(options=colours, description="Colour"),
        "top": ipywidgets.IntSlider(10, 1, 24, description="Paths shown", **CALM, **WIDE),
        "last": ipywidgets.IntSlider(
            layers - 1, 1, layers - 1, description="Last layer", **CALM, **WIDE
        ),
    }


def _filters(labels):
    """Return name -> function that finds the tokens, for the commonest values of each label."""
    some = len(next(iter(labels.values()), []))
    filters = {"all": lambda: np.arange(some)} if labels else {"all": lambda: slice(None)}
    for label in FILTERS:
        names = Counter(name for name in labels.get(label, ()) if name)
        for value, _ in names.most_common(VALUES):
            filters[f"{label}: {value}"] = lambda label=label, value=value: np.flatnonzero(
                np.asarray(labels[label]) == value
            )
    return filters


def _commonest(path, kinds, top):
    """Count equal paths, of each kind apart; keep the commonest."""
    both = path if kinds is None else np.c_[path, integer_codes(kinds)[1]]
    found, count = np.unique(both, axis=0, return_counts=True)
    kept = np.argsort(-count, kind="stable")[:top]
    if kinds is None:
        return found[kept], count[kept], None
    values = integer_codes(kinds)[0]
    rows, count = found[kept], count[kept]
    common = [name for name, _ in Counter(kinds.tolist()).most_common(KINDS)]
    names = [values[at] if at >= 0 else "" for at in rows[:, -1]]
    names = [name if name in common else "other" for name in names]
    return rows[:, :-1], count, names


def _chance(path, kinds, top):
    """Return the share of the commonest paths if each layer's choices were shuffled."""
    generator = np.random.default_rng(0)
    mixed = np.stack([generator.permutation(column) for column in path.T], axis=1)
    return _commonest(mixed, kinds, top)[1].sum() / len(path)


def _sentence(tokens, path, tongues, count, chance):
    different = len(np.unique(path, axis=0))
    text = (
        f"{tokens}: {len(path)} tokens take {different} paths; the {len(count)} shown hold "
        f"{100 * count.sum() / len(path):.0f} % ({100 * chance:.0f} % if layers chose "
        "independently)."
    )
    two = [name for name, _ in Counter(tongues.tolist()).most_common(2) if name]
    if len(two) < 2:
        return text
    experts = path.max() + 1
    shared = []
    for layer in (0, path.shape[1] - 1):
        one, other = (path[tongues == name, layer] for name in two)
        loads = [np.bincount(side, minlength=experts) / len(side) for side in (one, other)]
        shared.append(100 * np.minimum(*loads).sum())
    return text + (
        f" The loads of {two[0]} and {two[1]} overlap by {shared[0]:.0f} % in layer 0 and "
        f"{shared[1]:.0f} % in layer {path.shape[1] - 1}."
    )
