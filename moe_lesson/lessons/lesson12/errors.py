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


def clustered_error(scores, clusters):
    """Estimate how far a mean strays when questions come in clusters.

    Miller 2024 (arXiv:2411.00640), appendix A, times C / (C - 1) for C clusters, as Inspect's
    code has it: deviations are summed within a cluster before they are squared.

    Args:
        clusters: a name for each question: its document, its story, its group.

    Returns:
        In the unit of the scores; that of ``standard_error`` if each cluster has one question.

    Raises:
        ValueError: there are fewer than two clusters.

    >>> round(clustered_error([1, 1, 0, 0], [0, 0, 1, 1]), 3), clustered_error([1, 0], [0, 1])
    (0.5, 0.5)

    Lesson 12.
    """
    score_N = np.asarray(scores, dtype=float)
    names, place_N = np.unique(np.asarray(clusters), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{len(names)} cluster has no spread: give 2 or more")
    sums = np.bincount(place_N, score_N - score_N.mean())
    return float(sqrt(len(names) / (len(names) - 1) * (sums**2).sum()) / len(score_N))


def wilson(hits, count):
    """Bound a share by the shares that would make it likely, also where all or none were hit.

    Wilson 1927's score interval, 95 %.

    Returns:
        The lower and the upper bound, shares from 0 to 1.

    Raises:
        ValueError: nothing was counted.

    >>> [round(bound, 3) for bound in wilson(0, 512)], [round(b, 3) for b in wilson(66, 164)]
    ([0.0, 0.007], [0.33, 0.479])

    Lesson 12.
    """
    if count < 1:
        raise ValueError(f"{count} trials: an interval needs 1 or more")
    share, square = hits / count, CERTAIN**2 / count
    middle = (share + square / 2) / (1 + square)
    half = CERTAIN * sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def sign_test(wins, losses):
    """Tell how often fair coins would part wins and losses at least as unevenly.

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

    >>> questions_needed(1 / 9, 0.03)
    969

    Lesson 12.
    """
    return ceil((CERTAIN + POWER) ** 2 * variance / gap**2)
