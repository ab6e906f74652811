"""Check the exercises of lesson 07: counts, rows, bytes, placement, the way home, an experiment."""

import itertools

import numpy as np

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
)

__all__ = ["all_to_all", "answers_home", "expected_bytes", "experiment", "place", "send_counts"]
# Six tokens on three ranks, two visits each; five experts, one rank with one.
EXPERTS = np.array([[0, 4], [1, 2], [4, 3], [0, 1], [2, 0], [4, 2]])
HOME = np.array([0, 0, 0, 1, 1, 2])
OWNER = np.array([0, 0, 1, 1, 2])
ROWS = np.array([[2, 2, 2], [3, 1, 0], [0, 1, 1]])
# Rows of experts, and ranks. In the first neither the order they come in, nor their turn, nor
# ranks that belong to sorted experts pass by chance.
CASES = [([17, 29, 10, 2, 4, 20, 31, 16], 4), ([9, 8, 2, 1], 2)]
CASES += [([50, 9, 8, 7, 6, 5, 4, 3], 4), ([7] * 6, 3)]
MUCH = 4 / 3 + 1e-9  # times the best one's fullest rank


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
    found = array_of(called(answer, *given, when=when, hint=hint), (3, 3), "rows_WW")
    same = all(map(np.array_equal, given, (EXPERTS, HOME, OWNER)))
    demand(same, "one of the arrays that were handed to you was changed: work on a copy")
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
    demand(near(part, 2 / 3), f"{said}: you give {part:g}, do not round")


@exercise("no rank is much fuller than it must be, and each holds as many experts.")
def place(answer):
    """Check ``answer(count_E, ranks)``: owner_E that keeps the fullest rank low.

    >>> from moe_lesson.lessons.lesson07.traffic import place as ours
    >>> place(ours)
    correct: no rank is much fuller than it must be, and each holds as many experts.

    Lesson 7.
    """
    for counts, ranks in CASES:
        _placed(answer, np.array(counts), ranks)


def _placed(answer, count_E, ranks):
    """Demand what no placement may lack, and at most 4/3 of the best one's fullest rank."""
    when = f"rows {count_E.tolist()} on {ranks} ranks"
    given = count_E.copy()
    found = called(answer, given, ranks, when=when)
    demand(np.array_equal(given, count_E), f"{when}: count_E itself was changed, work on a copy")
    found = array_of(np.asarray(found), count_E.shape, "owner_E")
    inside = bool(((found >= 0) & (found < ranks) & (found == found.round())).all())
    demand(inside, f"{when}: {found.tolist()} are not ranks, 0 to {ranks - 1}")
    held = np.bincount(found.astype(int), minlength=ranks)
    each = len(count_E) // ranks
    said = f"{when}: ranks hold {held.tolist()} experts"
    demand((held == each).all(), f"{said}, each has room for {each}")
    found = found.astype(int)
    if len(set(count_E.tolist())) > 1:
        _no_known_order(found, count_E, ranks, when)
    load, best = _rows_of(found, count_E, ranks), best_maximum(count_E, ranks)
    said = f"{when}: the ranks have {load} rows, and the fullest could have {best:g}"
    demand(max(load) <= MUCH * best, said)


def _rows_of(owner_E, count_E, ranks):
    return np.bincount(owner_E, weights=count_E, minlength=ranks).tolist()


def _no_known_order(found, count_E, ranks, when):
    """Name a placement that does not look where it is empty; one that happens to be best passes."""
    places, order = np.arange(len(count_E)), np.argsort(-count_E, kind="stable")
    load, best = _rows_of(found, count_E, ranks), best_maximum(count_E, ranks)
    dealt, named = np.empty_like(found), np.empty_like(found)
    dealt[order], named[order] = places % ranks, found
    said = {
        "that is the order they come in, busy or not": places // (len(places) // ranks),
        f"dealt like cards, rank 0 gets the better card every round: {load}": dealt,
        "in turn, as they come: nothing looks at count_E": places % ranks,
    }
    for message, wrong in said.items():
        is_fair = max(load) <= 1.001 * best
        demand(is_fair or not np.array_equal(found, wrong), f"{when}: {message}")
    meant = max(_rows_of(named, count_E, ranks)) <= 1.001 * best and max(load) > MUCH * best
    demand(not meant, f"{when}: owner_E[e] is the rank of expert e, not of the e-th busiest")


def best_maximum(count_E, ranks):
    """Find by trying all the least that the fullest rank can have; for a handful of experts.

    >>> best_maximum(np.array([9, 8, 2, 1]), 2)
    10.0

    Lesson 7.
    """
    each, best = len(count_E) // ranks, float(count_E.sum())

    def fill(left, most):
        nonlocal best
        if most >= best:
            return
        if not left:
            best = most
            return
        first, *rest = left
        for others in itertools.combinations(rest, each - 1):
            load = float(count_E[first] + sum(count_E[other] for other in others))
            fill([expert for expert in rest if expert not in others], max(most, load))

    fill(list(range(len(count_E))), 0.0)
    return best


@exercise("now you can tell a difference from the spread of one setting.")
def experiment(answer):
    """Check ``answer()``: a setting -> max / mean loads of the devices, three or more.

    >>> experiment(lambda: {"in order": [1.5, 1.6, 1.4], "placed": [1.2, 1.1, 1.2]})
    placed minus in order: -0.3333 times the mean load; runs of one setting differ by up to 0.2
    correct: now you can tell a difference from the spread of one setting.

    Lesson 7.
    """
    comparison(answer(), "times the mean load", seeds=3, between=(0.999, 64.0))
