"""What a reader's own benchmark must show, and what its numbers say of the claim."""

import numpy as np

from moe_lesson.lessons.lesson12.errors import CERTAIN, clustered_error, questions_needed
from moe_lesson.study.checks import called, demand, number_of

SIDES = ("first", "second", "neither")


def held_against_its_error(answer):
    """Tell the difference that ``answer()`` claims, its interval, and who was to win.

    Returns:
        Three lines of text.

    Raises:
        AssertionError: the five things are not what they should be, there are too few
            questions or clusters, or the difference cannot have an interval.

    >>> held_against_its_error(lambda: ("one beats another", "first"))
    Traceback (most recent call last):
    AssertionError: return claim, who will win, scores, scores, clusters

    Lesson 12.
    """
    given = called(answer, when="your benchmark")
    fits = isinstance(given, (tuple, list)) and len(given) == 5
    demand(fits, "return claim, who will win, scores, scores, clusters")
    claim, predicted, *sides, clusters = given
    demand(isinstance(claim, str) and len(claim.split()) > 2, "say in words what you claim")
    said = f"you predict {predicted!r}: who will win, first, second or neither?"
    demand(isinstance(predicted, str) and predicted in SIDES, said)
    one, other = (np.array([number_of(x, "a score") for x in _listed(s, "scores")]) for s in sides)
    clusters = [str(name) for name in _listed(clusters, "clusters")]
    half = _can_differ(one, other, clusters)
    gap, count = one - other, len(set(clusters))
    apart = CERTAIN * np.sqrt(sum(clustered_error(each, clusters) ** 2 for each in (one, other)))
    says = SIDES[0 if gap.mean() > half else 1 if gap.mean() < -half else 2]
    # As many witnesses as clusters: n times the squared error is what one question varies.
    needed = questions_needed(len(gap) * (half / CERTAIN) ** 2, 0.01)
    return (
        f"{claim}: {gap.mean():+.3f} ± {half:.3f} over {count} clusters; unpaired ± {apart:.3f}\n"
        f"predicted {predicted}: the interval says {says}\n"
        "to show a difference of 0.01 in four of five trials it takes "
        f"about {needed:,} questions like these"
    )


def _listed(given, what):
    """Demand something that can be listed."""
    try:
        return list(given)
    except TypeError:
        said = f"your {what} are {given}: give a list or an array"
        raise AssertionError(said) from None


def _can_differ(one, other, clusters):
    """Demand questions and clusters enough, and a difference that varies; return its 95 %."""
    sizes = len(one), len(other), len(clusters)
    demand(len(set(sizes)) == 1, f"{sizes} scores, scores, clusters: as many of each, please")
    demand(len(one) > 29, f"{len(one)} questions: ask 30 or more")
    count, gap = len(set(clusters)), one - other
    demand(count > 9, f"{count} clusters: an error over fewer than 10 is a guess")
    demand(np.abs(gap).max() > 1e-9, "both score alike on every question: they are one system")
    said = f"the first is better by {gap.mean():.3f} on every question alike: was it measured? "
    demand(np.ptp(gap) > 1e-9, said + "A difference that never varies has no interval")
    half = CERTAIN * clustered_error(gap, clusters)
    said = "in each cluster the differences sum to the same: ± 0 is no interval. "
    demand(half > 1e-9, said + "Are the clusters what the questions share?")
    return half
