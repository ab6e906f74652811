"""How far the routing of two groups parts, and how soon it follows a change of language."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from moe_lesson.study.information import integer_codes
from moe_lesson.study.statistics import jensen_shannon
from moe_lesson.study.trace import documents, select

SPLITS = 20  # how often a baseline cuts its documents in half


class Divergence(NamedTuple):
    """Hold how far two groups' routing parts, layer by layer, in bits: 0 the same, 1 disjoint.

    >>> Divergence(*np.zeros((4, 2)), 9).units
    9

    Lesson 10.
    """

    between_L: np.ndarray  # half of one group against half of the other
    within_L: np.ndarray  # one half of a group against its other half: what chance gives
    low_L: np.ndarray  # 95 % of the cuts in half have a within from low to high
    high_L: np.ndarray
    units: int  # concepts (or ids) that were compared, mean over the cuts


class Concepts(NamedTuple):
    """Hold how far routing parts by language and by concept, layer by layer, in bits.

    >>> Concepts(*np.zeros((4, 2)), 9).units
    9

    Lesson 10.
    """

    same_L: np.ndarray  # one concept, two languages
    other_L: np.ndarray  # another concept of the same part of speech, two languages
    one_L: np.ndarray  # another concept of the same part of speech, one language
    halves_L: np.ndarray  # one concept, one language, halves of the documents: what chance gives
    units: int  # concepts that were compared, mean over the cuts


class Switches(NamedTuple):
    """Hold how routing follows where the language changes within a document.

    >>> Switches(np.arange(-1, 2), np.eye(3), np.ones(3), np.zeros(3), np.ones(3), 5).lag()
    [nan, 0.0, 1.0]

    Lesson 10.
    """

    distance: np.ndarray  # tokens after the switch; 0 is the first of the new language
    share: np.ndarray  # L rows: share of tokens routed like the new language
    count: np.ndarray  # tokens at each distance
    floor_L: np.ndarray  # the same share for plain text in the old language
    ceiling_L: np.ndarray  # and in the new one
    switches: int

    def lag(self):
        """Tell, per layer, the first distance whose share is past the middle; NaN if none."""
        middle = (self.floor_L + self.ceiling_L) / 2
        past = (self.share >= middle[:, None]) & (self.distance >= 0)
        first = np.where(past.any(1), self.distance[past.argmax(1)], np.nan)
        return first.tolist()


def divergence(trace, one, other, label="language", align="concept"):
    """Measure how far the routing of two groups parts, beside halves of the same group.

    Jensen-Shannon divergence of mean router probabilities, for each concept that both have,
    averaged over concepts. Means of few tokens differ by chance; so every comparison, within
    a group or between the two, is of two random halves of the documents, 20 times (halves of
    the tokens where a group has one document only).

    Args:
        one, other: two values of ``label``.
        align: a label; None compares all tokens at once, whatever they say.

    Returns:
        A Divergence.

    Raises:
        ValueError: no concept occurs in both halves of both groups.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> prob_LTE = np.array([[[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 4])
    >>> labels = {"language": ["en"] * 4 + ["de"] * 4}
    >>> eight = RoutingTrace(["a"] * 8, np.arange(8), prob_LTE, prob_LTE, prob_LTE, labels)
    >>> apart = divergence(eight, "en", "de", align=None)
    >>> apart.between_L.tolist(), apart.within_L.tolist()
    ([1.0], [0.0])

    Lesson 10.
    """
    cuts = []
    for mean, _ in _cuts(trace, one, other, label, align):
        # Quarters 0 and 1 are the halves of one side, 2 and 3 those of the other.
        between, within = _apart(mean, mean, (0, 3), (1, 2)), _apart(mean, mean, (0, 1), (2, 3))
        cuts.append((between, within, len(mean)))
    between, within, units = (np.array(part) for part in zip(*cuts))
    band = np.quantile(within, (0.025, 0.975), axis=0)
    return Divergence(between.mean(0), within.mean(0), *band, round(float(units.mean())))


def other_concepts(trace, one, other, kind="pos"):
    """Measure whether two languages part more, or two concepts of one part of speech.

    As ``divergence`` by concept; beside it each concept's means are compared with those of
    another concept, drawn anew at every cut.

    Returns:
        A Concepts.

    Raises:
        ValueError: no concept, or no two of one kind, occur in both halves of both languages.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> prob_LTE = np.array([[[1.0, 0.0], [0.0, 1.0]] * 4])
    >>> labels = {"language": ["en"] * 4 + ["de"] * 4, "concept": ["sea", "key"] * 4}
    >>> labels |= {"pos": ["noun"] * 8, "document": list("00112233")}
    >>> eight = RoutingTrace(["a"] * 8, np.arange(8), prob_LTE, prob_LTE, prob_LTE, labels)
    >>> found = other_concepts(eight, "en", "de")
    >>> found.same_L.tolist(), found.other_L.tolist(), found.one_L.tolist()
    ([0.0], [1.0], [1.0])

    Lesson 10.
    """
    concept, pos = (np.asarray(trace.labels[name]) for name in ("concept", kind))
    generator, cuts = np.random.default_rng(1), []
    kinds = {name: Counter(pos[concept == name].tolist()).most_common(1) for name in set(concept)}
    for mean, names in _cuts(trace, one, other, "language", "concept"):
        left, right = _partners([kinds[name][0][0] for name in names], generator)
        if not len(left):
            continue
        ours, theirs = mean[left], mean[right]
        cuts.append(
            (
                _apart(ours, ours, (0, 3), (1, 2)),
                _apart(ours, theirs, (0, 3), (1, 2)),
                _apart(ours, theirs, (0, 1), (2, 3)),
                _apart(ours, ours, (0, 1), (2, 3)),
                len(ours),
            )
        )
    if not cuts:
        raise ValueError(f"no two concepts of one {kind} are in both {one!r} and {other!r}")
    *four, units = (np.mean(part, axis=0) for part in zip(*cuts))
    return Concepts(*four, round(float(units)))


def _partners(kinds, generator):
    """Pair each item with another of its kind, in a ring of random order."""
    kinds = np.asarray(kinds)
    rings = [generator.permutation(np.flatnonzero(kinds == kind)) for kind in np.unique(kinds)]
    rings = [ring for ring in rings if len(ring) > 1] or [np.array([], dtype=int)]
    return np.concatenate(rings), np.concatenate([np.roll(ring, 1) for ring in rings])


def homographs(trace, one, other):
    """Measure how far the routing of the same token ids parts in two languages.

    The tokens compared have the label "homograph" and the same id: only context differs.

    Returns:
        A Divergence; its ``units`` are token ids.

    Raises:
        ValueError: no such id occurs in both halves of both languages.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> prob_LTE = np.full((1, 8, 2), 0.5)
    >>> labels = {"language": ["en", "de"] * 4, "homograph": ["die"] * 8}
    >>> same = RoutingTrace(["die"] * 8, np.ones(8), prob_LTE, prob_LTE, prob_LTE, labels)
    >>> homographs(same, "en", "de").between_L.tolist()
    [0.0]

    Lesson 10.
    """
    ours = select(trace, np.asarray(trace.labels["homograph"]) != "")
    labels = ours.labels | {"token id": [str(one) for one in ours.id_T.tolist()]}
    return divergence(ours._replace(labels=labels), one, other, align="token id")


def _halves(document, side, generator):
    """Assign documents to halves within each side; tokens where a side has one document."""
    half = np.zeros(len(document), dtype=int)
    for which in (False, True):
        mine = np.flatnonzero(side == which)
        found, row = np.unique(document[mine], return_inverse=True)
        if len(found) < 2:
            found, row = mine, np.arange(len(mine))
        half[mine] = generator.permutation(np.arange(len(found)) % 2)[row]
    return half


def follow_switch(trace, reference, before=5, after=20):
    """Measure how many tokens after a change of language the routing has followed.

    A token is routed like the new language if its router probabilities have the smaller
    Kullback-Leibler divergence from that language's mean, of the two.

    Args:
        trace: code-switched documents, with the label "language".
        reference: documents in one language each, for the means, the floor and the ceiling.
        before, after: distances shown; a token counts up to the next switch.

    Returns:
        A Switches.

    Raises:
        ValueError: no document changes its language.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> prob_LTE = np.array([[[0.9, 0.1]] * 3 + [[0.1, 0.9]] * 2])
    >>> labels = {"language": ["en"] * 3 + ["de"] * 2}
    >>> five = RoutingTrace(["a"] * 5, np.arange(5), prob_LTE, prob_LTE, prob_LTE, labels)
    >>> follow_switch(five, five, before=1, after=2).share.tolist()
    [[0.0, 1.0, 1.0]]

    Lesson 10.
    """
    languages, code = integer_codes(trace.labels["language"])
    document, code = documents(trace)[code >= 0], code[code >= 0]
    prob = trace.prob_LTE[:, np.asarray(trace.labels["language"]) != ""]
    new = np.r_[True, document[1:] != document[:-1]]
    starts = np.flatnonzero(new | np.r_[False, code[1:] != code[:-1]])
    ends = np.r_[starts[1:], len(code)]
    distance = np.arange(-before, after)
    like, count = np.zeros((len(prob), len(distance))), np.zeros(len(distance))
    ends_of_scale, directions = [], _directions(reference)
    for at in range(1, len(starts)):
        if new[starts[at]]:
            continue
        pair = languages[code[starts[at - 1]]], languages[code[starts[at]]]
        direction, floor, ceiling = directions(*pair)
        low, high = max(starts[at] - before, starts[at - 1]), min(starts[at] + after, ends[at])
        place = slice(low - starts[at] + before, high - starts[at] + before)
        like[:, place] += np.einsum("lte,le->lt", prob[:, low:high], direction) > 0
        count[place] += 1
        ends_of_scale.append((floor, ceiling))
    if not ends_of_scale:
        raise ValueError("no document changes its language")
    floor_L, ceiling_L = np.mean(ends_of_scale, axis=0)
    share = np.where(count > 0, like / np.maximum(count, 1), np.nan)
    return Switches(distance, share, count, floor_L, ceiling_L, len(ends_of_scale))


def _directions(reference):
    """Return a function: two languages -> what tells them apart, and both ends of the scale."""
    names, found = np.asarray(reference.labels["language"]), {}

    def direction(old, new):
        if (old, new) not in found:
            parts = [reference.prob_LTE[:, names == name] for name in (old, new)]
            # A probability of exactly 0 (a hash router's) would make its logarithm infinite.
            means = [np.log(part.mean(1) + 1e-9) for part in parts]
            towards = means[1] - means[0]
            ends = [(np.einsum("lte,le->lt", part, towards) > 0).mean(1) for part in parts]
            found[old, new] = towards, *ends
        return found[old, new]

    return direction


def _cuts(trace, one, other, label, align):
    """Return, for each cut in halves, the units' means in four quarters, and their names."""
    names = np.asarray(trace.labels[label])
    values, unit = (
        integer_codes(trace.labels[align]) if align else ([""], np.zeros(len(names), dtype=int))
    )
    chosen = ((names == one) | (names == other)) & (unit >= 0)
    side, (seen, unit) = names[chosen] == other, np.unique(unit[chosen], return_inverse=True)
    mass = np.moveaxis(trace.prob_LTE[:, chosen], 1, 0)
    document, generator, cuts = documents(trace)[chosen], np.random.default_rng(0), []
    for _ in range(SPLITS):
        half = _halves(document, side, generator)
        mean, whole = _quarters(mass, unit, half + 2 * side)
        if whole.any():
            cuts.append((mean, [values[at] for at in seen[whole]]))
    if not cuts:
        raise ValueError(f"no {align or 'token'} is in both halves of both {one!r} and {other!r}")
    return cuts


def _apart(ours, theirs, *pairs):
    """Compare quarters of one group of units with quarters of another; average over units."""
    far = [jensen_shannon(ours[:, a], theirs[:, b]).mean(0) for a, b in pairs]
    return np.mean(far, axis=0)


def _quarters(mass, unit, quarter):
    """Return the means of the units found in all four quarters, and which these are."""
    place, wide = unit * 4 + quarter, 4 * (int(unit.max(initial=0)) + 1)
    count = np.bincount(place, minlength=wide).reshape(-1, 4)
    whole = (count > 0).all(1)
    columns = mass.reshape(len(mass), -1).T
    total = np.stack([np.bincount(place, column, wide) for column in columns], -1)
    means = total.reshape(-1, 4, *mass.shape[1:])[whole] / count[whole][:, :, None, None]
    return means, whole
