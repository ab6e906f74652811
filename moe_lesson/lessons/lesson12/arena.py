"""Systems that write, judges that compare two texts, and ratings made of their verdicts."""

import re
from itertools import combinations

import numpy as np

from moe_lesson.corpus import heldout
from moe_lesson.inference.generate import continued
from moe_lesson.inference.sampling import Sampling
from moe_lesson.lessons.lesson12.benchmarks import scored_after
from moe_lesson.text.tokenizer import START, text_ids

TOKENS, OPENING = 24, 16  # of an answer, and of the opening that it goes on from
SCALE, MIDDLE = 400, 1000  # points of tenfold odds, and the mean rating
STEPS = 200  # of Bradley-Terry's fit
CORPUS = "corpus"


def openings(words, count=20):
    """Begin held-out stories, in five languages in turn.

    Returns:
        (language, ids of the opening, <s> first, ids of what the corpus says next).

    >>> from moe_lesson.lessons.lesson12.benchmarks import examinee
    >>> language, before, after = openings(examinee("dense").words, 1)[0]
    >>> language, len(before), len(after)
    ('en', 17, 24)

    Lesson 12.
    """
    found = []
    for page in (page for story in heldout.parallel(-(-count // 5)) for page in story):
        ids = text_ids(words, page.text)
        cut = OPENING, OPENING + TOKENS
        found.append((page.about["language"], [START, *ids[: cut[0]]], ids[cut[0] : cut[1]]))
    return found[:count]


def written(one, begun, temperature):
    """Let a model go on from each opening, as plain text.

    Returns:
        A list of texts.

    >>> from moe_lesson.lessons.lesson12.benchmarks import examinee
    >>> one = examinee("dense")
    >>> len(written(one, openings(one.words, 2), 1.0))
    2

    Lesson 12.
    """
    prompts, sampling = [ids for _, ids, _ in begun], Sampling(temperature=temperature)
    return [one.words.decode(ids) for ids in continued(one.model, prompts, TOKENS, sampling)]


def vocabulary(pages=240):
    """Gather the words that held-out documents of each language have.

    >>> "the" in vocabulary(10)["en"]
    True

    Lesson 12.
    """
    known = {}
    for page in heldout.held_out(pages):
        known.setdefault(page.about["language"], set()).update(_words(page.text))
    return known


def _words(text):
    return re.findall(r"\w+", text.lower())


def known_words(language, text, known):
    """Judge a text by its words: the share that the language has.

    >>> known_words("en", "The hyrse xx", {"en": {"the"}})
    0.5

    Lesson 12.
    """
    found = _words(text)[:-1] or [""]  # the last one may be cut off
    return sum(word in known[language] for word in found) / len(found)


def varied(text):
    """Judge a text by what it does not say again: the share of its words that are new.

    >>> varied("the cat and the dog")
    0.8

    Lesson 12.
    """
    found = _words(text)
    return len(set(found)) / max(1, len(found))


def taste(one, begun, texts):
    """Let a model judge texts: its log-probability of each after its opening, a character.

    >>> from moe_lesson.lessons.lesson12.benchmarks import examinee
    >>> one = examinee("dense")
    >>> bool((taste(one, openings(one.words, 1), ["It rained."]) < 0).all())
    True

    Lesson 12.
    """
    rows = []
    for (_, before, _), text in zip(begun, texts, strict=True):
        rows.append((before + text_ids(one.words, text), len(before)))
    return scored_after(one, rows) / np.array([max(1, len(text)) for text in texts])


def verdicts(score, first_bonus=0.0):
    """Compare all systems on all prompts.

    Args:
        score: an array, what a judge thinks of each system's text on each prompt.
        first_bonus: what a judge adds to the text that it reads first.

    Returns:
        An array over prompts, the system that is read first, the one read second: 1 where the
        first wins, 0 where it loses, 1/2 for a tie.

    >>> verdicts(np.array([[1.0], [2.0]]))[0].tolist()
    [[0.5, 0.0], [1.0, 0.5]]

    Lesson 12.
    """
    gap = score.T[:, :, None] + first_bonus - score.T[:, None, :]
    return np.where(np.abs(gap) < 1e-9, 0.5, gap > 0)


def swapped(judged):
    """Find out whether a judge favours a place: show each pair in both orders.

    Args:
        judged: as ``verdicts`` returns it.

    Returns:
        Shares of the pairs: the same verdict in both orders; the first text preferred both
        times; the second preferred both times. What is left is a tie in one of the orders.

    >>> swapped(verdicts(np.array([[1.0], [2.0]]), first_bonus=3.0))
    (0.0, 1.0, 0.0)

    Lesson 12.
    """
    one, other = np.triu_indices(judged.shape[1], 1)
    straight, turned = judged[:, one, other], judged[:, other, one]
    same = (straight == 1 - turned).mean()
    first = ((straight == 1) & (turned == 1)).mean()
    return float(same), float(first), float(((straight == 0) & (turned == 0)).mean())


def both_ways(judged):
    """Average the verdicts of both orders: a place then favours nobody.

    >>> both_ways(verdicts(np.array([[1.0], [2.0]]), first_bonus=3.0))[0].tolist()
    [[0.5, 0.5], [0.5, 0.5]]

    Lesson 12.
    """
    return (judged + 1 - judged.swapaxes(-1, -2)) / 2


def bradley_terry(points):
    """Rate systems so that the odds of their battles are as likely as can be.

    P(i beats j) = 1 / (1 + 10^((R_j - R_i) / 400)); the maximum by Hunter's 2004 iteration.
    One tie a pair is added, or a system that never loses would have no rating.

    Args:
        points: ..., what system i won against j: a win 1, a tie 1/2; leading axes are fitted
            one by one.

    Returns:
        Ratings, mean 1000; 400 points are tenfold odds.

    >>> gap = np.ptp(bradley_terry(np.array([[0.0, 9.5], [0.5, 0.0]])))
    >>> round(float(gap), 3)
    400.0

    Lesson 12.
    """
    size = points.shape[-1]
    points = (points + 0.5) * (1 - np.eye(size))
    games, strength = points + points.swapaxes(-1, -2), np.ones(points.shape[:-1])
    for _ in range(STEPS):
        pull = games / (strength[..., :, None] + strength[..., None, :])
        strength = points.sum(-1) / pull.sum(-1)
        strength = strength / np.exp(np.log(strength).mean(-1, keepdims=True))
    return MIDDLE + SCALE * np.log10(strength)


def battles(judged):
    """List the battles of a judge or of several: (first system, second, points of the first).

    >>> battles(verdicts(np.array([[1.0], [2.0]])))
    [(0, 1, 0.0)]

    Lesson 12.
    """
    judged = judged.reshape(-1, *judged.shape[-2:])
    pairs = list(combinations(range(judged.shape[-1]), 2))
    return [(i, j, float(prompt[i, j])) for prompt in judged for i, j in pairs]


def online_elo(fought, systems, k=32):
    """Rate systems battle by battle: each moves both by k times its surprise.

    Args:
        fought: battles in their order, which changes the result.

    Returns:
        Ratings; their mean stays 1000.

    >>> online_elo([(0, 1, 1.0)], 2).tolist()
    [1016.0, 984.0]

    Lesson 12.
    """
    rating = np.full(systems, float(MIDDLE))
    for i, j, point in fought:
        expected = 1 / (1 + 10 ** ((rating[j] - rating[i]) / SCALE))
        rating[[i, j]] += k * (point - expected) * np.array([1, -1])
    return rating


def resampled(judged, draws=200, seed=0):
    """Rate systems again and again, on prompts drawn with replacement.

    Args:
        judged: over judges, prompts, systems, systems, of ``both_ways``.

    Returns:
        An array of ratings: a row for each draw. All judges see the same prompts: a prompt
        is a cluster.

    >>> resampled(verdicts(np.array([[1.0, 1.0], [2.0, 0.0]]))[None], draws=3).shape
    (3, 2)

    Lesson 12.
    """
    points = judged.sum(0)
    often = np.random.default_rng(seed).multinomial(
        len(points), np.full(len(points), 1 / len(points)), size=draws
    )
    return bradley_terry(np.tensordot(often, points, 1))
