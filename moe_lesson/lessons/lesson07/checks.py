"""Check the exercises of lesson 07: counts, rows, bytes, placement, the way home, an experiment."""

import numpy as np

from moe_lesson.lessons.lesson07.checks_place import place
from moe_lesson.lessons.lesson07.checks_rows import all_to_all, answers_home
from moe_lesson.study.checks import (
    array_of,
    called,
    comparison,
    demand,
    exercise,
    near,
    no_mistake,
    number_of,
    untouched,
)

__all__ = ["all_to_all", "answers_home", "expected_bytes", "experiment", "place", "send_counts"]
# Six tokens on three ranks, two visits each; five experts, one rank with one.
EXPERTS = np.array([[0, 4], [1, 2], [4, 3], [0, 1], [2, 0], [4, 2]])
HOME = np.array([0, 0, 0, 1, 1, 2])
OWNER = np.array([0, 0, 1, 1, 2])
ROWS = np.array([[2, 2, 2], [3, 1, 0], [0, 1, 1]])


@exercise("each visit is one row, from its token's rank to its expert's.")
def send_counts(answer):
    """Check ``answer(expert_TK, home_T, owner_E)``: rows_WW, from rank by to rank.

    >>> from moe_lesson.lessons.lesson07.traffic import send_counts as ours
    >>> send_counts(ours)
    correct: each visit is one row, from its token's rank to its expert's.

    Lesson 7.
    """
    hint = "owner_E[expert_TK] has a rank for every visit; home_T[:, None] the token's own"
    when = "6 tokens on 3 ranks, 5 experts"
    given = [EXPERTS.copy(), HOME.copy(), OWNER.copy()]
    found = array_of(untouched(answer, *given, when=when, hint=hint), (3, 3), "rows_WW")
    first = np.zeros((3, 3))
    np.add.at(first, (HOME, OWNER[EXPERTS[:, 0]]), 1)
    second = ROWS - first
    once = np.zeros((3, 3))
    for home, row in zip(HOME, EXPERTS):
        once[home, np.unique(OWNER[row])] += 1
    away = ROWS * (1 - np.eye(3))
    mistakes = {
        "turned round: a row of the matrix is who sends, a column who gets": ROWS.T,
        "only first choices: a token sends a row for each of its visits": first,
        "only second choices: a token sends a row for each of its visits": second,
        "a token with two experts on one rank sends two rows there, you count one": once,
        "rows for one's own rank count too: they only do not travel": away,
        "these are shares, not rows": ROWS / ROWS.sum(1, keepdims=True),
        "these are shares of all rows, not rows": ROWS / ROWS.sum(),
        "each row is counted where it leaves and where it comes: once is enough": ROWS + ROWS.T,
        "a row stands for a visit, here you only say whether there is one (to add 1 at an array of "
        "places adds once where places are equal)": ROWS > 0,
        "all visits are counted as if every token were on rank 0": _from_rank_0(),
    }
    no_mistake(found, mistakes, "rows_WW: ")
    demand(near(found, ROWS), f"rows_WW is {found.tolist()}: it must be {ROWS.tolist()}")
    _one_token(answer)


def _from_rank_0():
    return np.vstack([ROWS.sum(0), np.zeros((2, 3))])


def _one_token(answer):
    """Check another number of ranks, where the last rank has no token."""
    given = np.array([[0], [3]]), np.array([0, 1]), np.array([0, 1, 2, 3])
    hint = "owner_E knows the highest rank too, and minlength=ranks**2 keeps empty lanes"
    when = "2 tokens on ranks 0 and 1, 4 experts on 4 ranks"
    found = called(answer, *given, when=when, hint=hint)
    what = "with an expert on rank 3 and no token there, rows_WW"
    found = array_of(found, (4, 4), what)
    wanted = np.zeros((4, 4))
    wanted[0, 0] = wanted[1, 3] = 1
    demand(near(found, wanted), f"{what} is {found.tolist()}: token 1 sends one row to rank 3")
    _rank_without_experts(answer)


def _rank_without_experts(answer):
    """Check three visits a token, and a highest rank that has tokens alone."""
    given = np.array([[0, 1, 2], [2, 1, 0]]), np.array([1, 4]), np.array([0, 2, 2])
    hint = "the highest rank may be one of home_T, without an expert"
    when = "2 tokens on ranks 1 and 4, 3 visits each, no expert on rank 4"
    found = array_of(called(answer, *given, when=when, hint=hint), (5, 5), f"{when}: rows_WW")
    wanted = np.zeros((5, 5))
    wanted[[1, 4], 0], wanted[[1, 4], 2] = 1, 2
    said = f"{when}: rows_WW is {found.tolist()}, it must be {wanted.tolist()}"
    demand(near(found, wanted), said)


@exercise("a row a visit, less the part that stays at home.")
def expected_bytes(answer):
    """Check ``answer(tokens, top_k, dim, size, ranks)``: bytes a rank sends in one exchange.

    >>> from moe_lesson.lessons.lesson07.traffic import expected_bytes as ours
    >>> expected_bytes(ours)
    correct: a row a visit, less the part that stays at home.

    Lesson 7.
    """
    when = "30 tokens, k = 3, width 7, 2 bytes a number, 5 ranks"
    found = number_of(called(answer, 30, 3, 7, 2, 5, when=when), "the number of bytes")
    right = 30 * 3 * 7 * 2 * 4 / 5
    mistakes = {
        "A fifth of the rows stays at home": 30 * 3 * 7 * 2,
        "That is what stays at home": 30 * 3 * 7 * 2 / 5,
        "These are numbers, not bytes": right / 2,
        "A token sends a row for each of its k visits": right / 3,
        "That is one number a row: a row has dim of them": right / 7,
        "That is all ranks together: one rank sends a fifth of it": right * 5,
        "That is there and back: one exchange is one way": right * 2,
        "Four exchanges are a whole step: one is asked for": right * 4,
        "tokens are those of one rank already": right / 5,
        "The part that travels is (ranks - 1) / ranks, below 1": 30 * 3 * 7 * 2 * 5 / 4,
        "These are bits": right * 8,
        "(ranks - 1) // ranks is 0, rounded down": 0,
        "Each row travels or stays for itself: no power of k": 30 * 3 * 7 * 2 * (4 / 5) ** 3,
    }
    no_mistake(found, mistakes, f"{when}: you give {found:g}. ")
    demand(near(found, right), f"{when}: you give {found:g}, it must be {right:g}")
    found = number_of(called(answer, 30, 3, 7, 2, 1, when="1 rank"), "the number of bytes")
    demand(near(found, 0), f"1 rank: nothing travels, and you give {found:g}")
    wide = number_of(called(answer, 30, 3, 7, 8, 5, when="8 bytes"), "the number of bytes")
    said = "with 8 bytes a number in place of 2 there are four times as many"
    demand(near(wide, 4 * right), f"{said}: you give {wide:g}, is a size written into it?")
    part = number_of(called(answer, 1, 1, 1, 1, 3, when="1 byte, 3 ranks"), "the number of bytes")
    said = "1 byte, 3 ranks: two times in three it travels, so the mean is 2/3 of a byte"
    demand(part not in (0, 1), f"{said}: you give {part:g}, do not round")
    written = "is a number of the cases before written into it?"
    demand(near(part, 2 / 3), f"{said}: you give {part:g}, {written}")


@exercise("now you can tell a difference from the spread of one setting.")
def experiment(answer):
    """Check ``answer()``: a setting -> max / mean loads of the devices, three or more.

    >>> experiment(lambda: {"in order": [1.5, 1.6, 1.4], "placed": [1.2, 1.1, 1.2]})
    placed minus in order: -0.3333 times the mean load; runs of one setting differ by up to 0.2
    correct: now you can tell a difference from the spread of one setting.

    Lesson 7.
    """
    comparison(answer(), "times the mean load", seeds=3, between=(0.999, 64.0))
