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

    bits_L: np.ndarray  # I(E; label), or I(E; label | what is given): 0 to the entropy
    entropy_L: np.ndarray  # H(E): what a choice tells in all
    mean_L: np.ndarray  # the same information, the labels shuffled: mean ...
    high95_L: np.ndarray  # ... the value that 95 % of the shuffles stay below
    high99_L: np.ndarray  # ... and 99 %
    shuffled: str  # what exchanged labels: "documents", or "tokens" of one document

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
    low: np.ndarray  # 99 % of the shuffles are as far from what they expect as low ...
    high: np.ndarray  # ... to high are from ``expected``


class _Design(NamedTuple):
    """What is counted, and what a shuffle may exchange."""

    code_T: np.ndarray  # the label's value of each token
    group_T: np.ndarray  # what is given of each token, as a number
    member_T: np.ndarray  # tokens of one member keep one value together
    codes: np.ndarray  # the value of each member
    strata: np.ndarray  # members of one stratum exchange values
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


def information(trace, label, given=(), within=(), permutations=200, seed=0):
    """Measure I(E; label) of first choices in every layer, beside the same for shuffled labels.

    Where a label is the same all through a document (language, topic, register), whole
    documents exchange labels, also given the token id: the tokens of a document resemble each
    other for other reasons too, so exchanging single tokens would give a null far too narrow.
    Where it changes inside documents (part of speech), tokens exchange labels with others of
    their own document, and given the token id with the same id there. Labels tossed for each
    token, for each document, or with odds of the document's own reach ``high95_L`` one time
    in twenty. A language has words of its own, a shuffled language has not: given the token
    id its null is too high, and what still exceeds it does so all the more.
    Tokens whose label is "" are left out.

    Args:
        label: a name in ``trace.labels``.
        given: names of labels that are known; "token" is the id. 0 if they alone decide.
        within: names of labels, the same all through a document: only documents that agree
            in them exchange labels. So a null keeps what the design of the text balances.

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
    >>> information(four, "language").bits_L, information(four, "language", ["token"]).bits_L
    (array([1.]), array([0.]))

    Lesson 10.
    """
    trace, _, code_T = _labelled(trace, label)
    expert_LT = trace.expert_LTK[:, :, 0].astype(int)
    design = _design(trace, code_T, given, within)
    entropy_L = _bits(_tally(expert_LT, np.zeros_like(code_T)))
    use = _can_tell(design)
    if not use.any():
        return Information(entropy_L * 0, entropy_L, *np.zeros((3, len(entropy_L))), "tokens")
    told = _teller(expert_LT[:, use], design.group_T[use], use.mean())
    null = np.stack([told(codes_T[use]) for codes_T in _shuffles(design, permutations, seed)])
    # Rounded up: of 100 shuffles 5 reach the bound, with the measured one 5 of 101.
    quantiles = np.quantile(null, (0.95, 0.99), axis=0, method="higher")
    found_L = told(design.code_T[use])
    return Information(found_L, entropy_L, null.mean(0), *quantiles, design.shuffled)


def contingency_table(trace, label, layer, given=(), within=(), permutations=200):
    """Count one layer's first choices by label, beside what shuffled labels give in each cell.

    Shuffled as in ``information``; the band is that of the distance from what is expected,
    because documents differ in length.

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
    design = _design(trace, code_T, given, within)
    groups = design.group_T.max() + 1
    share = np.bincount(design.group_T * E + expert_T, minlength=groups * E).reshape(-1, E)
    share_TE = (share / np.maximum(share.sum(1, keepdims=True), 1))[design.group_T]

    def tables(codes_T):
        wide = len(values) * E
        count = np.bincount(codes_T * E + expert_T, minlength=wide).reshape(-1, E)
        chance = [np.bincount(codes_T, share_T, len(values)) for share_T in share_TE.T]
        return count.astype(float), np.stack(chance, axis=1)

    far = [np.subtract(*tables(c_T)) for c_T in _shuffles(design, permutations, seed=0)]
    count, expected = tables(code_T)
    low, high = np.quantile(far, (0.005, 0.995), axis=0)
    return Cells(values, count, expected, expected + low, expected + high)


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


def _teller(expert_LT, group_T, share):
    """Return a function: from the tokens' values to I(E; label | group) in every layer."""
    fixed_L = _bits(_tally(expert_LT, group_T)) - _bits(np.bincount(group_T))

    def told(code_T):
        pair_T = _numbered(group_T, code_T)
        joint_L = _bits(_tally(expert_LT, pair_T))
        # Rounded, so that what is 0 does not lie above or below a null that is 0.
        return (fixed_L + _bits(np.bincount(pair_T)) - joint_L).round(12).clip(0) * share

    return told


def _numbered(*columns):
    """Number the rows of several columns of whole numbers; equal rows share a number."""
    row = np.zeros(len(columns[0]), dtype=int)
    for column in columns:
        row = np.unique(row * (int(column.max()) + 1) + column, return_inverse=True)[1]
    return row


def _design(trace, code_T, given, within):
    """Say what is given, and which tokens exchange labels; no label is empty here."""
    group_T = _numbered(code_T * 0, *(_column(trace, name) for name in given))
    document_T = np.unique(documents(trace), return_inverse=True)[1]
    whole = document_T.max() + 1
    # With one document there is nothing to exchange it with.
    constant = whole > 1 and _numbered(document_T, code_T).max() + 1 == whole
    member_T = document_T if constant else np.arange(len(code_T))
    first = np.unique(member_T, return_index=True)[1]
    strata_T = _numbered(code_T * 0, *(_column(trace, name) for name in within))
    if not constant:
        strata_T = _numbered(document_T, group_T)
    unit = "documents" if constant else "tokens"
    return _Design(code_T, group_T, member_T, code_T[first], strata_T[first], unit)


def _column(trace, name):
    """Number the values of what is given; "" is a value like others."""
    if name == "token":
        return np.unique(trace.id_T, return_inverse=True)[1]
    _known(trace, name)
    return np.unique(np.asarray(trace.labels[name]), return_inverse=True)[1]


def _can_tell(design):
    """Find the tokens whose group can have two values at once: the others tell 0 bits."""
    kinds_T = design.member_T if design.shuffled == "documents" else design.code_T
    pairs = np.unique(design.group_T * (int(kinds_T.max()) + 1) + kinds_T)
    return np.bincount(pairs // (int(kinds_T.max()) + 1))[design.group_T] > 1


def _shuffles(design, permutations, seed):
    """Yield all tokens' values, members of one stratum having exchanged theirs."""
    generator = np.random.default_rng(seed)
    order = np.argsort(design.strata, kind="stable")
    for _ in range(permutations):
        drawn = np.argsort(design.strata + generator.random(len(order)))
        codes = np.empty_like(design.codes)
        codes[order] = design.codes[drawn]
        yield codes[design.member_T]


def _tally(expert_LT, pair_T):
    """Count tokens by pair and expert; one row per layer."""
    L, E = len(expert_LT), int(expert_LT.max()) + 1
    wide = E * (int(pair_T.max()) + 1)
    place = expert_LT + E * pair_T + wide * np.arange(L)[:, None]
    return np.bincount(place.ravel(), minlength=L * wide).reshape(L, wide)


def _bits(mass):
    """Return the entropy of counts along the last axis, in bits."""
    mass = np.asarray(mass, dtype=float)
    safe = np.where(mass > 0, mass, 1.0)
    total = mass.sum(-1)
    return np.log2(total) - (mass * np.log2(safe)).sum(-1) / total
