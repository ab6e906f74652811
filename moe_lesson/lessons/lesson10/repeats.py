"""How often neighbouring tokens share an expert, beside what chance alone would give."""

from math import comb
from typing import NamedTuple

import numpy as np

from moe_lesson.study.information import integer_codes
from moe_lesson.study.trace import documents

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
