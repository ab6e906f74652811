"""W12, you are the router: 24 words, four experts, your digits beside two routers'."""

import functools

import ipywidgets
import torch

from moe_lesson.lessons.lesson05.figures import routed_words
from moe_lesson.lessons.lesson05.word_routers import LANGUAGES, exam, mark
from moe_lesson.study.figures.frame import cleared, new_axes, png
from moe_lesson.study.widgets.explorer import CALM, WIDE, Explorer
from moe_lesson.study.widgets.view import View

FACTORS = ("none", "2", "1.5", "1.25", "1")
EXPERTS = "1 has read English, 2 French, 3 German, 4 Spanish nouns"
QUESTION = (
    f"{EXPERTS}. If you send every word to the expert that suits it, are the four equally busy?"
)
_exam = functools.cache(exam)


def you_are_the_router():
    """Type a digit from 1 to 4 for each of 24 words; read what your routing is worth.

    Returns:
        An Explorer; the first control is the capacity factor, the second your digits.

    >>> you_are_the_router().sentence.split(";")[0]
    'Type 24 digits from 1 to 4, one a word'

    Lesson 5.
    """
    axes = new_axes(height=2.9, shown=False)

    def view(seats, digits):
        words, factor = _exam(), None if seats == "none" else float(seats)
        routes = {}
        if digits.strip():  # the best is told to those who have tried
            yours = _read(digits, len(words.words))
            routes = {"best": words.bits_TE.argmin(-1), "you": yours}
        routes |= {"learned": words.learned_T, "by lot": words.lot_T}
        marks = {name: mark(words, expert_T, factor) for name, expert_T in routes.items()}
        _draw(cleared(axes), words, routes, marks)
        return View(png(axes.figure), _sentence(marks, digits, seats))

    controls = {
        "seats": ipywidgets.SelectionSlider(
            options=FACTORS, value="none", description="Capacity factor", **CALM, **WIDE
        ),
        "digits": ipywidgets.Text(
            description="Your 24 digits", placeholder="1 en, 2 fr, 3 de, 4 es", **CALM, **WIDE
        ),
    }
    best = "".join(str(expert + 1) for expert in _exam().bits_TE.argmin(-1).tolist())
    states = {
        "The best, no limit": {"digits": best},
        "The best, factor 1": {"digits": best, "seats": "1"},
        "In turn, factor 1": {"digits": "1234" * 6, "seats": "1"},
    }
    return Explorer(view, controls, states, QUESTION)


def _read(digits, count):
    found = [letter for letter in digits if not letter.isspace()]
    if len(found) != count or set(found) - set("1234"):
        raise ValueError(f"{len(found)} signs: type {count} digits from 1 to 4, one a word")
    return torch.tensor([int(digit) - 1 for digit in found])


def _draw(axes, words, routes, marks):
    shown = "you" if "you" in marks else "learned"
    lost = int(marks[shown].dropped_T.sum())
    title = f"{shown}: {marks[shown].best} of {len(words.words)} right, busiest "
    title += f"{marks[shown].busiest:.2f} x the mean, {lost} without a seat (hatched)"
    dropped = {name: one.dropped_T for name, one in marks.items()}
    across = ", ".join(f"{n + 1} {name}" for n, name in enumerate(LANGUAGES))
    return routed_words(axes, words.words, routes, dropped, title, across)


def _sentence(marks, digits, seats):
    told = [
        f"{name}: {one.best} of {len(one.dropped_T)} to the expert that suits, busiest "
        f"{one.busiest:.2f} times the mean, {int(one.dropped_T.sum())} without a seat, "
        f"{one.bits:.2f} bits a letter"
        for name, one in marks.items()
    ]
    start = [] if digits.strip() else ["Type 24 digits from 1 to 4, one a word"]
    return "; ".join([*start, f"capacity factor {seats}", *told]) + "."
