"""Numbers that say what a trace shows, each beside what chance alone would give."""

from itertools import permutations
from math import comb
from typing import NamedTuple

import numpy as np
import torch

from moe_lesson.moe.routing import hash_router
from moe_lesson.study.information import integer_codes
from moe_lesson.study.trace import documents, with_choices

# Jiang et al. 2024 (Mixtral, arXiv:2401.04088), Table 5, in per cent: the first choice is the
# same in layers 0, 15, 31; then the same for an expert that is first or second choice of both.
MIXTRAL_REPEATS = {
    "ArXiv": (14.0, 27.9, 22.7, 46.5, 62.3, 52.9),
    "DM Mathematics": (14.1, 28.4, 19.7, 44.9, 67.0, 44.5),
    "Github": (14.9, 28.1, 19.7, 49.9, 66.9, 49.2),
    "Gutenberg": (13.9, 26.1, 26.3, 49.5, 63.1, 52.2),
    "PhilPapers": (13.6, 25.3, 22.1, 46.9, 61.9, 51.3),
    "PubMed": (14.2, 24.6, 22.0, 48.6, 61.6, 51.8),
    "StackExchange": (13.6, 27.2, 23.6, 48.2, 64.6, 53.6),
    "Wikipedia": (14.4, 23.6, 25.3, 49.8, 62.1, 51.8),
}


def touched(tokens, num_experts, top_k):
    """Estimate how many experts some tokens visit, if each chooses evenly and alone.

    >>> touched(1, 8, 2), round(touched(2, 8, 2), 2)
    (2.0, 3.5)

    Lesson 6.
    """
    return num_experts * (1 - (1 - top_k / num_experts) ** tokens)


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


def rank_correlation(one, other, draws=20_000):
    """Measure whether two short lists rank their items alike, and how far chance would get.

    Spearman's coefficient. The null pairs the items in every order: all of them for eight
    items or fewer, else as many as ``draws``.

    Returns:
        The coefficient, -1 (reversed) to 1 (the same order); and the size, whatever the sign,
        that at most one pairing in twenty reaches: what lies below it is no finding.

    Raises:
        ValueError: the lists differ in length or hold fewer than five items.

    >>> [round(float(part), 2) for part in rank_correlation([1, 2, 3, 4, 5], [1, 2, 3, 5, 4])]
    [0.9, 1.0]

    Lesson 10.
    """
    if len(one) != len(other) or len(one) < 5:
        raise ValueError(f"{len(one)} and {len(other)} items: give 5 or more, as many of each")
    ours, theirs = (_ranks(np.asarray(side, dtype=float)) for side in (one, other))
    if len(ours) < 9:
        orders = np.array(list(permutations(range(len(ours)))))
    else:
        orders = np.random.default_rng(0).random((draws, len(ours))).argsort(-1)
    null = np.abs(theirs[orders] @ ours).round(9)
    sizes, count = np.unique(null, return_counts=True)
    reach = count[::-1].cumsum()[::-1] / len(null)
    return float(ours @ theirs), float(sizes[reach <= 0.05].min(initial=1.0))


def spearman(one, other):
    """Correlate two lists by rank; equal values share the mean of their ranks.

    Returns:
        -1 (reversed) to 1 (the same order); 0 if all values of a list are equal.

    >>> round(spearman([1, 2, 3], [30, 10, 20]), 9)
    -0.5

    Lesson 4.
    """
    return float(_ranks(np.asarray(one, dtype=float)) @ _ranks(np.asarray(other, dtype=float)))


def _ranks(values):
    """Rank values about 0, scaled to length 1; equal ones share the mean of their ranks."""
    below = (values[:, None] > values).sum(1) + ((values[:, None] == values).sum(1) - 1) / 2
    below = below - below.mean()
    return below / (np.linalg.norm(below) or 1.0)


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


def jensen_shannon(one, other):
    """Measure how far two distributions over experts lie apart, along the last axis.

    Returns:
        Bits: 0 for the same, 1 for those without a common expert.

    >>> jensen_shannon(np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]])).tolist()
    [0.0, 1.0]

    Lesson 10.
    """
    one, other = np.broadcast_arrays(one, other)
    middle, *sides = (_bits(each) for each in ((one + other) / 2, one, other))
    return (middle - sum(sides) / 2).clip(0)


def _bits(prob):
    """Return the entropy along the last axis, whatever stands before it."""
    return choice_entropy(prob.reshape(-1, prob.shape[-1])).reshape(prob.shape[:-1])


class Repeats(NamedTuple):
    """Hold how often neighbouring tokens share an expert, layer by layer, as shares 0 to 1.

    >>> Repeats(3, *np.ones((4, 2))).pairs
    3

    Lesson 10.
    """

    pairs: int  # neighbours within a document that were compared
    first_L: np.ndarray  # both have the same first choice
    any_L: np.ndarray  # a chosen expert of one is a chosen expert of the other
    shuffled_first_L: np.ndarray  # expected if each document's tokens came in random order
    shuffled_any_L: np.ndarray


def random_repeats(num_experts, k):
    """Compute how often neighbours would share an expert if choices were random.

    Jiang et al. 2024, Table 5: the second of two tokens avoids both experts of the first
    with probability 6/8 in its first choice and then 5/7 in its second, so they share one
    with 1 - (6/8)(5/7) = 1 - 30/56 = 13/28.

    Returns:
        Two shares: the same first choice, 1/E; a chosen expert in common.

    >>> from fractions import Fraction
    >>> first, either = random_repeats(8, 2)
    >>> Fraction(first), Fraction(either).limit_denominator(100)
    (Fraction(1, 8), Fraction(13, 28))

    Lesson 10.
    """
    return 1 / num_experts, 1 - comb(num_experts - k, k) / comb(num_experts, k)


def repeats(trace, label=None):
    """Measure how often a token shares an expert with the token before it, by layer.

    Jiang et al. 2024 (Mixtral, arXiv:2401.04088), Table 5. Pairs never cross documents. The
    expectation shuffles tokens within their document, so that what a whole document shares
    (its language) does not pass for a bond between neighbours.

    Args:
        label: split by its values; a pair counts where both tokens have the value.

    Returns:
        A dict of Repeats: "all", then each value of the label that has a pair.

    Raises:
        KeyError: the trace has no such label.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> ids = np.array([[[0], [0], [1], [1]]])
    >>> found = repeats(RoutingTrace(list("abcd"), np.arange(4), ids, None, np.zeros((1, 4, 2))))
    >>> float(found["all"].first_L[0]), float(found["all"].shuffled_first_L[0])
    (0.6666666666666666, 0.3333333333333333)

    Lesson 10.
    """
    document_T = documents(trace)
    kinds = [[_kinds(ids) for ids in trace.expert_LTK[:, :, :k]] for k in (1, None)]
    groups = {"all": np.ones(len(document_T), dtype=bool)}
    if label:
        values, code_T = integer_codes(trace.labels[label])
        groups |= {value: code_T == at for at, value in enumerate(values)}
    found = {}
    for name, chosen in groups.items():
        segment = np.where(chosen, document_T, -1)
        pairs = int(((segment[1:] == segment[:-1]) & chosen[1:]).sum())
        if pairs:
            sides = [_shared(kind, segment) for kind in kinds]
            (first, shuffled_first), (either, shuffled_any) = (np.array(s).T for s in sides)
            found[name] = Repeats(pairs, first, either, shuffled_first, shuffled_any)
    return found


def _kinds(expert_TK):
    """Number the sets of experts that tokens visit; tell which sets meet, and each token's."""
    sets, kind = np.unique(np.sort(expert_TK, -1), axis=0, return_inverse=True)
    return (sets[:, None, :, None] == sets[None, :, None, :]).any((2, 3)), kind.ravel()


def _shared(kinds, segment):
    """Return, per layer, the share of neighbours with an expert in common, and its expectation."""
    pair = (segment[1:] == segment[:-1]) & (segment[1:] >= 0)
    # A stretch of a value may be short: the expectation weighs each document by its pairs.
    document, before = np.unique(segment[1:][pair], return_inverse=True)
    weight = np.bincount(before) / pair.sum()
    inside = np.isin(segment, document)
    row = np.searchsorted(document, segment[inside])
    results = []
    for meet, kind in kinds:
        place = row * len(meet) + kind[inside]
        count = np.bincount(place, minlength=len(document) * len(meet)).reshape(-1, len(meet))
        size = count.sum(1)
        met = ((count @ meet) * count).sum(1) - size
        same = meet[kind[1:], kind[:-1]][pair].mean()
        results.append((same, (weight * met / (size * (size - 1))).sum()))
    return results


def hashed_trace(own, k=2):
    """Replace every layer's choices by those of a hash router: the token id decides.

    Returns:
        A RoutingTrace; I(E; token id) is all of H(E), I(E; label | token id) is 0 (k = 1).

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> one, none = np.zeros((1, 2, 1), dtype=int), np.zeros((1, 2, 4))
    >>> same = hashed_trace(RoutingTrace(["a", "a"], np.array([5, 5]), one, one, none))
    >>> bool((same.expert_LTK[0, 0] == same.expert_LTK[0, 1]).all())
    True

    Lesson 10.
    """
    L, _, E = own.prob_LTE.shape
    id_T = torch.as_tensor(np.asarray(own.id_T), dtype=torch.long)
    layers = [hash_router(id_T, E, k, seed=layer).expert_TK.numpy() for layer in range(L)]
    return with_choices(own, np.stack(layers))


def oracle_trace(own, label="language"):
    """Replace every layer's choices by the label itself: value n goes to expert n.

    Returns:
        A RoutingTrace with K = 1; I(E; label) is all of H(E). Tokens without the label go
        to the last expert.

    Raises:
        ValueError: the label has more values than there are experts.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> none = np.zeros((1, 2, 4))
    >>> two = RoutingTrace(["a", "b"], np.arange(2), none, none, none, {"language": ["en", "de"]})
    >>> oracle_trace(two).expert_LTK.tolist()
    [[[1], [0]]]

    Lesson 10.
    """
    values, code_T = integer_codes(own.labels[label])
    L, T, E = own.prob_LTE.shape
    if len(values) > E:
        raise ValueError(f"{label} has {len(values)} values: with {E} experts at most {E}")
    return with_choices(own, np.broadcast_to((code_T % E)[:, None], (L, T, 1)).copy())
