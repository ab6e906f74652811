"""Check lesson 07's exercise on placement: room, ranks, and how full the fullest rank is."""

import itertools

import numpy as np

from moe_lesson.study.checks import array_of, demand, exercise, untouched

# Rows of experts, and ranks. In the first neither the order they come in, nor their turn, nor
# ranks that belong to sorted experts pass by chance.
CASES = [([17, 29, 10, 2, 4, 20, 31, 16], 4), ([9, 8, 2, 1], 2)]
CASES += [([50, 9, 8, 7, 6, 5, 4, 3], 4), ([7] * 6, 3), ([12, 9, 8, 5, 4, 2], 2)]
MUCH = 4 / 3 + 1e-9  # times the best one's fullest rank


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
    found = _as_array(untouched(answer, count_E, ranks, when=when))
    found = array_of(found, count_E.shape, "owner_E")
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


def _as_array(given):
    """Make an array of a list, a tuple, or a tensor of ranks, and refuse all else by name."""
    kind = type(given).__name__
    demand(hasattr(given, "__getitem__"), f"owner_E is a {kind}: a rank for each expert, in order")
    demand(not isinstance(given, (dict, str)), f"owner_E is a {kind}: make an array of ranks")
    try:
        return np.asarray(given)
    except ValueError:
        raise AssertionError(
            f"give a rank for each expert, not lists of experts: {given}"
        ) from None


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
