"""W6, the parallel story: the same story in two languages, concept beside concept."""

import functools

import ipywidgets
import numpy as np

from moe_lesson.lessons.lesson10.divergence import divergence
from moe_lesson.lessons.lesson10.figures_information import divergence_by_layer
from moe_lesson.study.figures.frame import new_axes, png
from moe_lesson.study.trace import check_labels, select
from moe_lesson.study.widgets.explorer import WIDE, Explorer
from moe_lesson.study.widgets.view import View, figure
from moe_lesson.study.widgets.xray import strip_html

SHOWN = 10  # pairs of words, or tokens of a line


def parallel_story(trace):
    """Lay a story in two languages side by side; see in which layers they share experts.

    Args:
        trace: a RoutingTrace with the labels "story", shared by the languages, "language" and
            "concept".

    Returns:
        An Explorer.

    Raises:
        ValueError: no story is told in two languages, or a label is missing.

    Lesson 10.
    """
    check_labels(trace, "story", "language", "concept")
    stories, languages = _told(trace)
    parted, picture, text = _readers(trace)

    def view(story, one, other, layer, align):
        if one == other:
            raise ValueError(f"both languages are {one}: choose two")
        two = text(story, one), text(story, other)
        if not all(len(side.tokens) for side in two):
            raise ValueError(f"story {story} is not told in both {one} and {other}")
        pairs = matched(*two)
        found = parted(one, other, align)
        sentence = _sentence(layer, (one, other), found, two, pairs)
        strips = (
            _aligned(two, pairs, (one, other), layer) if align else _lines(two, (one, other), layer)
        )
        return View(strips + figure(picture(one, other, align), sentence), sentence)

    layers = len(trace.expert_LTK)
    last = {"layer": layers - 1}
    states = {"First layer": {}, "Last layer": last, "Not aligned": last | {"align": False}}
    question = "In which layer are two languages nearest, for words that mean the same?"
    controls = _controls(stories, languages, layers)
    return Explorer(view, controls, states, question, lambda: picture(*languages[:2], True))


def _told(trace):
    """Return the stories told in two languages or more, and these languages."""
    told = {}
    for story, language in sorted(set(zip(trace.labels["story"], trace.labels["language"]))):
        if story and language:
            told.setdefault(story, []).append(language)
    told = {story: languages for story, languages in told.items() if len(languages) > 1}
    if not told:
        raise ValueError("no story is told in two languages")
    return list(told), sorted({language for languages in told.values() for language in languages})


def _readers(trace):
    """Return three functions that remember what they worked out."""
    story, language = (np.asarray(trace.labels[name]) for name in ("story", "language"))

    @functools.lru_cache(maxsize=32)
    def parted(one, other, align):
        return divergence(trace, one, other, align="concept" if align else None)

    @functools.lru_cache(maxsize=32)
    def picture(one, other, align):
        names = f"{one} and {other}" + ", by concept," * align
        axes = new_axes(height=2.4, shown=False)
        return png(divergence_by_layer(axes, parted(one, other, align), names).figure)

    @functools.lru_cache(maxsize=32)
    def text(name, tongue):
        return select(trace, (story == name) & (language == tongue))

    return parted, picture, text


def _controls(stories, languages, layers):
    return {
        "story": ipywidgets.Dropdown(options=stories, description="Story"),
        "one": ipywidgets.Dropdown(options=languages, description="Language"),
        "other": ipywidgets.Dropdown(options=languages, value=languages[1], description="Beside"),
        "layer": ipywidgets.IntSlider(0, 0, layers - 1, description="Layer"),
        "align": ipywidgets.Checkbox(True, description="align by concept", **WIDE),
    }


def matched(one, other):
    """Pair the words of two texts that have the same concept, in order of the first text.

    The n-th time a concept is named in one text goes with the n-th time in the other.

    Returns:
        A list of pairs of lists: places of the word's tokens in either text.

    Lesson 10.
    """
    mine, theirs = _words(one), _words(other)
    return [(places, theirs[key]) for key, places in mine.items() if key in theirs]


def _words(text):
    """Return (concept, how often it was named before) -> places of the tokens."""
    words, seen, before = {}, {}, ""
    for place, concept in enumerate(text.labels["concept"]):
        if concept and concept != before:
            seen[concept] = seen.get(concept, -1) + 1
        if concept:
            words.setdefault((concept, seen[concept]), []).append(place)
        before = concept
    return words


def _aligned(two, pairs, names, layer):
    """Write each pair of words as a column that wraps with the line."""
    style = "display: inline-block; margin: 2px 4px; vertical-align: top"
    columns = []
    for pair in pairs[:SHOWN]:
        cells = [
            strip_html(select(side, places), layer, "first choice", -1)
            for side, places in zip(two, pair)
        ]
        columns.append(f'<div style="{style}">{"".join(cells)}</div>')
    head = f"<b>above {names[0]}, below {names[1]}</b>"
    return f"{head}<div>{''.join(columns)}</div>"


def _lines(two, names, layer):
    """Write both texts from their beginning, one above the other."""
    lines = []
    for side, name in zip(two, names):
        first = select(side, np.arange(min(2 * SHOWN, len(side.tokens))))
        lines.append(f"<b>{name}</b>{strip_html(first, layer, 'first choice', -1)}")
    return "".join(lines)


def _sentence(layer, names, found, two, pairs):
    text = (
        f"Layer {layer}: {names[0]} and {names[1]} are {found.between_L[layer]:.3f} bits apart, "
        f"halves of one language {found.within_L[layer]:.3f}."
    )
    if not pairs:
        return text + " This story names no concept in both."
    first = [
        side.expert_LTK[layer, [pair[at][0] for pair in pairs], 0].astype(int)
        for at, side in enumerate(two)
    ]
    experts = two[0].prob_LTE.shape[2]
    loads = [np.bincount(one, minlength=experts) / len(one) for one in first]
    same, chance = (100 * share for share in ((first[0] == first[1]).mean(), loads[0] @ loads[1]))
    return text + (
        f" In this story {same:.0f} % of {len(pairs)} words with the same concept go to the same "
        f"expert ({chance:.0f} % if paired at random)."
    )
