"""How far a score can be trusted: errors, clusters, pairs, and how many questions it takes."""

from math import ceil, comb, sqrt
from statistics import NormalDist

import numpy as np

CERTAIN = NormalDist().inv_cdf(0.975)  # 1.96 standard errors on either side hold 95 %
POWER = NormalDist().inv_cdf(0.8)  # and 0.84 more show a difference in four of five trials


def standard_error(scores):
    """Estimate how far the mean of independent scores strays.

    Miller 2024 (arXiv:2411.00640): the sample's standard deviation over the root of n.

    Returns:
        In the unit of the scores: 0 when all are equal.

    Raises:
        ValueError: there are fewer than two scores.

    >>> standard_error([0, 1, 0, 1]) ** 2
    0.08333333333333333

    Lesson 12.
    """
    score_N = np.asarray(scores, dtype=float)
    if len(score_N) < 2:
        raise ValueError(f"{len(score_N)} scores have no spread: give 2 or more")
    return float(score_N.std(ddof=1) / sqrt(len(score_N)))


def clustered_error(scores, clusters, strata=None):
    """Estimate how far a mean strays when questions come in clusters.

    Miller 2024 (arXiv:2411.00640), appendix A, times C / (C - 1) for C clusters, as Inspect's
    code has it: deviations are summed within a cluster before they are squared.

    Args:
        clusters: a name for each question: its document, its story, its group.
        strata: a name for each question: the family that it was taken from, where families
            were chosen and not drawn. Deviations are then from each stratum's own mean, and
            C counts its own clusters.

    Returns:
        In the unit of the scores; that of ``standard_error`` if each cluster has one question.

    Raises:
        ValueError: there are not as many names as scores, a stratum has fewer than two
            clusters, or a cluster lies in two strata.

    >>> round(clustered_error([1, 1, 0, 0], [0, 0, 1, 1]), 3), clustered_error([1, 0], [0, 1])
    (0.5, 0.5)
    >>> clustered_error([1, 1, 0, 0], [0, 1, 2, 3], ["easy", "easy", "hard", "hard"])
    0.0

    Lesson 12.
    """
    score_N = np.asarray(scores, dtype=float)
    cluster_N = _names(clusters, score_N, "clusters")
    stratum_N = _names([""] * len(score_N) if strata is None else strata, score_N, "strata")
    if len(set(zip(cluster_N, stratum_N))) > len(set(cluster_N)):
        raise ValueError("a cluster lies in two strata: give its parts names of their own")
    squares = 0.0
    for each in sorted(set(stratum_N)) or [""]:
        here_N = stratum_N == each
        squares += _squares(score_N[here_N], cluster_N[here_N], each)
    return float(sqrt(squares) / len(score_N))


def _names(given, score_N, what):
    """Turn names of any kind into words, as many as scores."""
    names = np.array([str(name) for name in given], dtype=str)
    if len(names) != len(score_N):
        raise ValueError(f"{len(score_N)} scores, but {len(names)} {what}: give as many of each")
    return names


def _squares(score_N, cluster_N, stratum):
    """Sum deviations within clusters, square, sum again, times C / (C - 1)."""
    names, place_N = np.unique(cluster_N, return_inverse=True)
    if len(names) < 2:
        where = f"stratum {stratum}: " if stratum else ""
        raise ValueError(f"{where}{len(names)} cluster has no spread: give 2 or more")
    sums = np.bincount(place_N, score_N - score_N.mean())
    return len(names) / (len(names) - 1) * (sums**2).sum()


def wilson(hits, count):
    """Bound a share by the shares that would make it likely, also where all or none were hit.

    Wilson 1927's score interval, 95 %.

    Returns:
        The lower and the upper bound, shares from 0 to 1.

    Raises:
        ValueError: nothing was counted, or the hits are not 0 to ``count``.

    >>> [round(bound, 3) for bound in wilson(0, 512)], [round(b, 3) for b in wilson(66, 164)]
    ([0.0, 0.007], [0.33, 0.479])

    Lesson 12.
    """
    if count < 1:
        raise ValueError(f"{count} trials: an interval needs 1 or more")
    if not 0 <= hits <= count:
        raise ValueError(f"{hits} hits of {count} trials: hits must lie between 0 and {count}")
    share, square = hits / count, CERTAIN**2 / count
    middle = (share + square / 2) / (1 + square)
    half = CERTAIN * sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def sign_test(wins, losses):
    """Tell how often fair coins would part wins and losses at least as unevenly.

    Two-sided: as unevenly one way or the other, twice the share of one way.

    Returns:
        A probability: 1 for as many of each; ties are left out beforehand.

    >>> sign_test(9, 3)
    0.14599609375

    Lesson 12.
    """
    count, most = wins + losses, max(wins, losses)
    tail = sum(comb(count, n) for n in range(most, count + 1)) / 2**count
    return min(1.0, 2 * tail)


def questions_needed(variance, gap):
    """Count the questions that show a difference in four of five trials, at 95 %.

    Miller 2024 (arXiv:2411.00640): n = (1.96 + 0.84)^2 variance / gap^2.

    Args:
        variance: of the difference for one question: paired, or the sum of both models'.
        gap: the difference to be seen, in the unit of the scores.

    Returns:
        A whole number, rounded up.

    Raises:
        ValueError: the difference is 0, which no number of questions shows.

    >>> questions_needed(1 / 9, 0.03)
    969

    Lesson 12.
    """
    if gap == 0:
        raise ValueError("a difference of 0 is shown by no number of questions: give another")
    return ceil((CERTAIN + POWER) ** 2 * variance / gap**2)
