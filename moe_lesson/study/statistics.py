"""Numbers that say what a trace shows, each beside what chance alone would give."""

from typing import NamedTuple

import numpy as np

from moe_lesson.study.information import integer_codes


class Interval(NamedTuple):
    """Hold a mean and where it may lie.

    >>> Interval(0.5, 0.4, 0.6, 100).low
    0.4

    Lesson 10.
    """

    mean: float
    low: float  # 95 % of the resampled means lie between low and high
    high: float
    tokens: int


def intervals(value_T, document_T, groups=None, draws=1000, seed=0):
    """Average a value of every token, with 95 % bootstrap intervals over documents.

    Whole documents are drawn again with replacement: the tokens of one are no independent
    witnesses, and drawing tokens would give intervals far too narrow.

    Args:
        value_T: NaN where there is none.
        groups: T names; an average for each of them, "" left out. None: one, named "all".

    Returns:
        A dict of Interval, empty if no token has a value and a group; the ends are NaN where
        fewer than two documents have the group.

    >>> both = intervals(np.array([1.0, 3.0]), np.array([0, 1]))["all"]
    >>> both.mean, both.low, both.high
    (2.0, 1.0, 3.0)

    Lesson 10.
    """
    names, code_T = integer_codes(["all"] * len(value_T) if groups is None else groups)
    use = ~np.isnan(value_T) & (code_T >= 0)
    if not use.any():
        return {}
    found, row = np.unique(np.asarray(document_T)[use], return_inverse=True)
    place, size = row * len(names) + code_T[use], len(found) * len(names)
    total = np.bincount(place, value_T[use], size).reshape(len(found), len(names))
    count = np.bincount(place, minlength=size).reshape(len(found), len(names))
    often = np.random.default_rng(seed).multinomial(
        len(found), np.full(len(found), 1 / max(1, len(found))), size=draws
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (often @ total) / (often @ count)
    result = {}
    for at, name in enumerate(names):
        low = high = np.nan
        if (count[:, at] > 0).sum() > 1:
            low, high = np.nanquantile(means[:, at], (0.025, 0.975))
        tokens = int(count[:, at].sum())
        if tokens:
            mean = total[:, at].sum() / tokens
            result[name] = Interval(float(mean), float(low), float(high), tokens)
    return result


def repeat_share(expert_T):
    """Measure how often a token goes where the token before it went.

    Jiang et al. 2024 (Mixtral, arXiv:2401.04088), Table 5, first choices.

    Returns:
        Two shares, 0 to 1: the measured one, and the one expected if the same choices came
        in random order. Uneven load alone makes repeats, so 1/E would be too low a bar.
        NaN for fewer than two tokens.

    >>> repeat_share(np.array([0, 0, 1, 1]))
    (0.6666666666666666, 0.3333333333333333)

    Lesson 10.
    """
    tokens = len(expert_T)
    if tokens < 2:
        return float("nan"), float("nan")
    count = np.bincount(expert_T)
    shuffled = (count * (count - 1)).sum() / (tokens * (tokens - 1))
    return float((expert_T[1:] == expert_T[:-1]).mean()), float(shuffled)


def changed_share(before_T, after_T):
    """Measure how often a token's first expert has another number in the next layer.

    The numbers of two layers name different networks: the share says whether numbers go
    together, not whether a token stays with an expert.

    Returns:
        Two shares, 0 to 1: the measured one, and the one expected if the two layers chose
        independently with the loads they have.

    >>> changed_share(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]))
    (0.25, 0.5)

    Lesson 10.
    """
    experts = int(max(before_T.max(), after_T.max())) + 1
    loads = [np.bincount(expert, minlength=experts) / len(expert) for expert in (before_T, after_T)]
    return float((before_T != after_T).mean()), float(1 - loads[0] @ loads[1])


def choice_entropy(prob_TE):
    """Measure how undecided the router is about each token.

    Returns:
        Bits per token: 0 when certain of one expert, log2(E) when all are equal.

    >>> choice_entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).tolist()
    [1.0, 0.0]

    Lesson 10.
    """
    safe_TE = np.where(prob_TE > 0, prob_TE, 1.0)
    return np.abs(-(prob_TE * np.log2(safe_TE)).sum(-1))
