"""How much an expert's number tells about a token, beside what shuffled labels would tell."""

from typing import NamedTuple

import numpy as np

from moe_lesson.study.trace import documents, select


class Information(NamedTuple):
    """Hold what experts tell about a label in each layer, in bits.

    >>> Information(*np.array([[1.0], [2.0], [0.1], [0.2], [0.3]]), "tokens").share().bits_L
    array([0.5])

    Lesson 10.
    """

    bits_L: np.ndarray  # I(E; label), or I(E; label | token id): 0 to the entropy
    entropy_L: np.ndarray  # H(E): what a choice tells in all
    mean_L: np.ndarray  # the same information, the labels shuffled: mean ...
    high95_L: np.ndarray  # ... the value that 95 % of the shuffles stay below
    high99_L: np.ndarray  # ... and 99 %
    shuffled: str  # what was shuffled: "documents" or "tokens"

    def share(self):
        """Divide all by the entropy: shares of H(E), 0 to 1; NaN if one expert takes all."""
        with np.errstate(invalid="ignore"):
            shares = [value_L / self.entropy_L for value_L in self[:5]]
        return Information(*shares, self.shuffled)


class Cells(NamedTuple):
    """Hold one layer's table of label against first expert, beside what chance would put there.

    >>> Cells(["en"], *np.ones((4, 1, 2))).count.sum()
    np.float64(2.0)

    Lesson 10.
    """

    values: list  # the label's values: the rows
    count: np.ndarray  # tokens by value and expert
    expected: np.ndarray  # the same if expert and label were independent (given the token id)
    low: np.ndarray  # 99 % of the shuffles lie between low ...
    high: np.ndarray  # ... and high


class _Design(NamedTuple):
    """What is counted, and what a shuffle may exchange."""

    pair_T: np.ndarray  # number of the (group, value) of each token; a group: one token id, or all
    block_T: np.ndarray  # tokens of one block keep one value together
    pairs: np.ndarray  # the pair of each block
    groups: np.ndarray  # the group of each block
    shuffled: str


def integer_codes(label):
    """Number the values of a label.

    Returns:
        The values in order, and for each token the place of its own; -1 where it is "".

    >>> values, code_T = integer_codes(["en", "", "de"])
    >>> values, code_T.tolist()
    (['de', 'en'], [1, -1, 0])

    Lesson 10.
    """
    found, code_T = np.unique(np.asarray(label), return_inverse=True)
    known = found.astype(str) != ""
    return found[known].tolist(), np.where(known, known.cumsum() - 1, -1)[code_T]


def mutual_information(expert_T, label):
    """Measure how many bits an expert's number tells about a token's label.

    The plain estimate from counts: with few tokens it is above 0 even for noise, by about
    (E - 1)(values - 1) / (2 T ln 2) bits. ``information`` says what noise would score.

    Returns:
        Bits: 0 if the two are independent in the counts, the entropy of either if one
        follows from the other.

    >>> mutual_information(np.array([0, 0, 1, 1]), ["en", "en", "de", "de"])
    1.0

    Lesson 10.
    """
    both = np.unique(expert_T, return_inverse=True)[1], np.unique(label, return_inverse=True)[1]
    table = np.zeros((both[0].max() + 1, both[1].max() + 1))
    np.add.at(table, both, 1)
    sides = _bits(table.sum(0)) + _bits(table.sum(1))
    return max(0.0, float(sides - _bits(table.ravel())))


def information(trace, label, given_token=False, weighted=False, permutations=200, seed=0):
    """Measure I(E; label) in every layer, beside the same for shuffled labels.

    Where a label is the same all through a document (language, topic, register), whole
    documents exchange labels: their tokens resemble each other for other reasons too, so
    shuffling single tokens would give a null far too narrow. Given the token id, labels are
    exchanged among the occurrences of one id only, those of one document together.
    Tokens whose label is "" are left out.

    Args:
        label: a name in ``trace.labels``.
        given_token: measure I(E; label | token id): 0 if the id alone decides.
        weighted: count all K visits by weight; else first choices.

    Returns:
        An Information.

    Raises:
        KeyError: the trace has no such label.
        ValueError: no token has this label.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> both = np.array([[[0], [0], [1], [1]]])
    >>> labels = {"language": ["en", "en", "de", "de"]}
    >>> rest = np.ones((1, 4, 1)), np.zeros((1, 4, 2)), labels
    >>> four = RoutingTrace("a b c d".split(), np.arange(4), both, *rest)
    >>> information(four, "language").bits_L, information(four, "language", True).bits_L
    (array([1.]), array([0.]))

    Lesson 10.
    """
    trace, _, code_T = _labelled(trace, label)
    expert_LTK, weight_LTK = _visits(trace, weighted)
    design = _design(trace, code_T, given_token)
    entropy_L = _bits(_tally(expert_LTK, weight_LTK, np.zeros_like(code_T)))
    # A token id with one label tells nothing, shuffled or not: count the others only.
    groups = design.groups[design.block_T]
    use = np.bincount(_group_of_pair(design))[groups] > 1
    if not use.any():
        return Information(entropy_L * 0, entropy_L, *np.zeros((3, len(entropy_L))), "tokens")
    told = _teller(expert_LTK[:, use], weight_LTK[:, use], groups[use], use.mean())
    null = np.stack([told(pair_T[use]) for pair_T in _shuffles(design, permutations, seed)])
    quantiles = np.quantile(null, (0.95, 0.99), axis=0)
    found_L = told(design.pair_T[use])
    return Information(found_L, entropy_L, null.mean(0), *quantiles, design.shuffled)


def contingency_table(trace, label, layer, given_token=False, permutations=200):
    """Count one layer's first choices by label, beside what shuffled labels give in each cell.

    Shuffled as in ``information``.

    Returns:
        A Cells; of many cells one in a hundred lies outside its band by chance.

    Raises:
        As ``information``.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> both = np.array([[[0], [0], [1], [1]]])
    >>> labels = {"language": ["en", "en", "de", "de"]}
    >>> rest = np.ones((1, 4, 1)), np.zeros((1, 4, 2)), labels
    >>> four = RoutingTrace("a b c d".split(), np.arange(4), both, *rest)
    >>> contingency_table(four, "language", layer=0).count.tolist()
    [[0.0, 2.0], [2.0, 0.0]]

    Lesson 10.
    """
    trace, values, code_T = _labelled(trace, label)
    E, expert_T = trace.prob_LTE.shape[2], trace.expert_LTK[layer, :, 0].astype(int)
    design = _design(trace, code_T, given_token)
    of_pair = np.zeros(design.pair_T.max() + 1, dtype=int)
    of_pair[design.pair_T] = code_T

    def table(pair_T):
        place = of_pair[pair_T] * E + expert_T
        return np.bincount(place, minlength=len(values) * E).reshape(len(values), E).astype(float)

    null = np.stack([table(pair_T) for pair_T in _shuffles(design, permutations, seed=0)])
    group = _group_of_pair(design)
    choices = np.bincount(group[design.pair_T] * E + expert_T, minlength=(group.max() + 1) * E)
    choices = choices.reshape(-1, E) / np.bincount(group[design.pair_T])[:, None]
    expected = np.zeros((len(values), E))
    np.add.at(expected, of_pair, np.bincount(design.pair_T)[:, None] * choices[group])
    return Cells(values, table(design.pair_T), expected, *np.quantile(null, (0.005, 0.995), axis=0))


def _known(trace, label):
    """Return values and codes of a label that at least one token has."""
    if label not in (trace.labels or {}):
        have = ", ".join(trace.labels or {}) or "none"
        raise KeyError(f"the trace has no label {label!r}: it has {have}")
    values, code_T = integer_codes(trace.labels[label])
    if not values:
        raise ValueError(f"the label {label!r} is empty for all {len(code_T)} tokens")
    return values, code_T


def _labelled(trace, label):
    """Return the tokens that have the label, its values and their codes."""
    values, code_T = _known(trace, label)
    known = code_T >= 0
    return (trace if known.all() else select(trace, known)), values, code_T[known]


def _visits(trace, weighted):
    """Return the visits that count, and how much; those of one token count 1 together."""
    if weighted:
        total = trace.weight_LTK.sum(-1, keepdims=True)
        return trace.expert_LTK.astype(int), trace.weight_LTK / total
    first_LTK = trace.expert_LTK[:, :, :1].astype(int)
    return first_LTK, np.ones(first_LTK.shape)


def _teller(expert_LTK, weight_LTK, group_T, share):
    """Return a function: from the tokens' pairs to I(E; label | group) in every layer."""
    fixed_L = _bits(_tally(expert_LTK, weight_LTK, group_T)) - _bits(np.bincount(group_T))

    def told(pair_T):
        joint_L = _bits(_tally(expert_LTK, weight_LTK, pair_T))
        # Rounded, so that what is 0 does not lie above or below a null that is 0.
        return (fixed_L + _bits(np.bincount(pair_T)) - joint_L).round(12).clip(0) * share

    return told


def _design(trace, code_T, given_token):
    """Number groups, pairs and blocks; no label is empty here."""
    group_T = np.zeros(len(code_T), dtype=int)
    if given_token:
        group_T = np.unique(trace.id_T, return_inverse=True)[1]
    document_T = np.unique(documents(trace), return_inverse=True)[1]
    constant = len(np.unique(document_T * (code_T.max() + 1) + code_T)) == document_T.max() + 1
    # With one document there is nothing to exchange it with.
    constant = constant and document_T.max() > 0
    member_T = document_T if constant else np.arange(len(code_T))
    pair_T = np.unique(group_T * (code_T.max() + 1) + code_T, return_inverse=True)[1]
    _, first, block_T = np.unique(
        group_T * (member_T.max() + 1) + member_T, return_index=True, return_inverse=True
    )
    unit = "documents" if constant else "tokens"
    return _Design(pair_T, block_T, pair_T[first], group_T[first], unit)


def _group_of_pair(design):
    """Tell the group of each pair."""
    group = np.zeros(design.pairs.max() + 1, dtype=int)
    group[design.pairs] = design.groups
    return group


def _shuffles(design, permutations, seed):
    """Yield the pairs of all tokens, blocks having exchanged labels within their group."""
    generator = np.random.default_rng(seed)
    order = np.argsort(design.groups, kind="stable")
    for _ in range(permutations):
        drawn = np.argsort(design.groups + generator.random(len(order)))
        pairs = np.empty_like(design.pairs)
        pairs[order] = design.pairs[drawn]
        yield pairs[design.block_T]


def _tally(expert_LTK, weight_LTK, pair_T):
    """Count visits by pair and expert; one row per layer."""
    L, E = len(expert_LTK), int(expert_LTK.max()) + 1
    wide = E * (int(pair_T.max()) + 1)
    place = expert_LTK + E * pair_T[:, None] + wide * np.arange(L)[:, None, None]
    count = np.bincount(place.ravel(), weight_LTK.ravel(), minlength=L * wide)
    return count.reshape(L, wide)


def _bits(mass):
    """Return the entropy of counts along the last axis, in bits."""
    mass = np.asarray(mass, dtype=float)
    safe = np.where(mass > 0, mass, 1.0)
    total = mass.sum(-1)
    return np.log2(total) - (mass * np.log2(safe)).sum(-1) / total
