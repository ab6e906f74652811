"""Figures of lesson 11: a number in the title, nothing cut off, few bytes."""

import numpy as np

from moe_lesson.lessons.lesson11 import bans, claims, figures, figures_chat
from moe_lesson.study.figures.frame import new_axes
from tests.lessons.lesson11.test_claims import made
from tests.rules.figure_checks import (  # noqa: F401  pytest runs them on ``drawn``
    drawn_of,
    listed_in,
    test_a_picture_is_small_and_has_the_size_of_all_lessons,
    test_nothing_is_cut_off,
    test_the_title_holds_a_number_and_axes_are_named,
)

FIGURES = {}
figure = listed_in(FIGURES)
CHANCE = np.random.default_rng(0)


@figure
def tuning_curve(axes):
    rows = [{"step": n, "nats": 0.6 + 3 * np.exp(-n / 900)} for n in range(1, 7500, 50)]
    return figures.tuning_curve(axes, rows)


@figure
def set_ups(axes):
    return figures.set_ups(axes, claims.table(made(0.1), "nats"), "nats per answer token")


@figure
def what_moves(axes):
    rows = [
        {"step": n, "better": -9 + n / 90, "worse": -13 - n / 30, "gap": n / 30}
        for n in range(1, 200, 5)
    ]
    return figures.what_moves(axes, rows)


@figure
def losses_by_gap(axes):
    gap = np.linspace(-10, 40, 101)
    losses = {"DPO": (gap, -0.1 / (1 + np.exp(gap / 10))), "IPO, tau 0.1": (gap, 2 * (gap - 5))}
    return figures.losses_by_gap(axes, losses, {"IPO": 5.0})


@figure
def forgotten(axes):
    names = ("code", "de", "en", "es", "fr", "it")
    scores = {
        kind: {name: level + 0.1 * n for n, name in enumerate(names)}
        for kind, level in (("base", 0.5), ("answers", 0.7), ("instruct", 0.8))
    }
    return figures.forgotten(axes, scores)


@figure
def told_by_wording(axes):
    found = {
        name: {wording: (0.9, CHANCE.random() * 0.9) for wording in bans.WORDINGS}
        for name in ("answers", "instruct")
    }
    return figures.told_by_wording(axes, found)


@figure
def agreement_by_layer(axes):
    found = {name: CHANCE.random(4) for name in ("instruct", "live, frozen", "step 3,200")}
    return figures.agreement_by_layer(axes, found | {"shuffled": np.full(4, 0.25)})


@figure
def next_tokens(axes):
    shares = np.sort(CHANCE.dirichlet(np.ones(8)))[::-1]
    tokens = [" In", " at", "the", "</s>", "\n", " $", "a" * 30, ""]
    return figures_chat.next_tokens(axes, tokens, shares, "base", " In")


drawn = drawn_of(FIGURES)


def test_a_line_that_leaves_has_its_name_where_it_does():
    axes = FIGURES["losses_by_gap"](new_axes(shown=False))
    dpo, ipo = axes.texts
    assert dpo.xy[0] == 40 and 12 < ipo.xy[0] < 14 and ipo.xy[1] < -1.4


def test_languages_are_averaged_without_code():
    axes = FIGURES["forgotten"](new_axes(shown=False))
    assert axes.get_title("left").startswith("Mean without code: base 0.800, ")


def test_a_title_says_the_gaps():
    axes = FIGURES["set_ups"](new_axes(shown=False))
    assert (
        axes.get_title("left") == "Sparse minus dense: alone −0.100, instructed −0.100, both −0.100"
    )
