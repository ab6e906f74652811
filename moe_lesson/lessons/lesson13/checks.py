"""Check exercises of lesson 13: bytes of a cache, a cut cache, experts of a batch, a policy."""

import math
from types import SimpleNamespace

import numpy as np
import torch

from moe_lesson.study.checks import called, demand, exercise, near, no_mistake, number_of

ARRAY = "share_E is a NumPy array, not a tensor"
FEWEST = 20  # documents in the last exercise
SIZES = SimpleNamespace(n_layers=3, n_heads=20, n_kv_heads=4, head_dim=5, dim=48)
OTHER = SimpleNamespace(n_layers=5, n_heads=6, n_kv_heads=3, head_dim=6, dim=40)


@exercise("keys and values, of each layer and key-value head, for each position of each sequence.")
def cache_bytes(answer):
    """Check ``answer(config, batch, context)``: bytes of a cache in 16 bits.

    >>> def ours(config, batch, context):
    ...     numbers = 2 * config.n_layers * config.n_kv_heads * config.head_dim
    ...     return 2 * numbers * batch * context
    >>> cache_bytes(ours)
    correct: keys and values, of each layer and key-value head, for each position of each sequence.

    Lesson 13.
    """
    hint = "config has n_layers, n_kv_heads and head_dim"
    given = called(answer, SIZES, 7, 11, when="7 sequences of 11", hint=hint)
    given = number_of(given, "the result")
    right = 2 * 2 * 3 * 4 * 5 * 7 * 11
    said = f"3 layers, 4 key-value heads of 5, 7 sequences of 11: yours are {given:g} bytes; "
    no_mistake(
        given,
        {
            "these are numbers, and each has 2 bytes": right / 2,
            "n_heads counts queries, which nobody keeps": right * 5,
            "dim is as wide as the model, not as what is kept": right * 48 / 20,
            "each layer has a cache of its own": right / 3,
            "each key-value head has keys and values of its own": right / 4,
            "a head is head_dim wide: dim over n_heads need not be that": right * 2 / 5,
            "each sequence has a cache of its own": right / 7,
            "that is one position": right / 11,
            "that is one position of one sequence": right / 77,
            "these are bits": right * 8,
            "16 bits are 2 bytes, not 4": right * 2,
        },
        said,
        tolerance=1e-9,
    )
    demand(given == right, said + f"they must be {right}")
    demand(answer(SIZES, 1, 1) == right / 77, "one position of one sequence must be 240 bytes")
    given = answer(OTHER, 2, 9)
    said = f"5 layers, 3 key-value heads of 6, 2 sequences of 9: yours are {given:g} bytes; "
    demand(given == 6480, said + "they must be 6480: sizes come from config")


def turn(vector, place):
    """Turn a vector of two numbers by half a radian a place, as rotary positions do.

    >>> turn(torch.tensor([1.0, 0.0]), 0).tolist()
    [1.0, 0.0]

    Lesson 13.
    """
    cos, sin = math.cos(place / 2), math.sin(place / 2)
    return torch.stack([cos * vector[0] - sin * vector[1], sin * vector[0] + cos * vector[1]])


@exercise("a cut shortens the cache, and time goes on.")
def go_on(answer):
    """Check ``answer(rotate, cache, key, query, most)``: one position more in a cache that is cut.

    >>> def ours(rotate, cache, key, query, most):
    ...     keys, seen = cache
    ...     keys = (keys + [rotate(key, seen)])[-most:]
    ...     scores = [rotate(query, seen) @ old for old in keys]
    ...     return scores, (keys, seen + 1)
    >>> go_on(ours)
    correct: a cut shortens the cache, and time goes on.

    Lesson 13.
    """
    pairs = torch.randn(7, 2, 2, generator=torch.Generator().manual_seed(0))
    for most in (3, 2):
        cache = [], 0
        for place, (key, query) in enumerate(pairs):
            when = f"position {place}, at most {most} kept"
            given = called(answer, turn, cache, key.clone(), query.clone(), most, when=when)
            demand(_is_pair(given), "return scores and the new cache")
            scores, cache = given
            demand(_is_pair(cache), "the new cache must be two things: keys, seen")
            demand(np.ndim(scores) > 0, f"{when}: give a score for each key in the cache")
            scores = [number_of(one, f"{when}: a score") for one in scores]
            _at(place, scores, cache, pairs, most)


def _is_pair(given):
    return isinstance(given, (tuple, list)) and len(given) == 2


def _at(place, scores, cache, pairs, most):
    """Demand the scores at one place, and the cache after it."""
    first = max(0, place + 1 - most)
    olds, query = pairs[first : place + 1, 0], pairs[place, 1]
    said = f"at position {place}, at most {most} kept: "
    room = len(olds)
    demand(len(scores) == room, said + f"{len(scores)} scores, and {room} keys are in the cache")
    demand(cache[1] == place + 1, said + f"{cache[1]} seen after it: it must be {place + 1}")
    far = [turn(query, place - first - n) @ old for n, old in enumerate(olds)]
    oldest = [turn(query, place - n) @ old for n, old in enumerate(pairs[:most, 0])]
    wrong = {
        "you keep the oldest keys: the cut takes these": oldest[:room],
        "keys stay where they were when they came: rotate each once": [query @ o for o in olds],
        "the key must be rotated, too": [turn(query, place) @ one for one in olds],
        "the query must be rotated, too": [
            query @ turn(one, first + n) for n, one in enumerate(olds)
        ],
        "the oldest key stands first in the cache, the newest last": far[::-1],
        "a score is the product as it is: divide by no root": [one / 2**0.5 for one in far],
        "the query stands where its own key stands": [
            turn(query, place + 1 - first - n) @ one for n, one in enumerate(olds)
        ],
    }
    if near(scores, far):
        return
    no_mistake(scores, {k: v for k, v in wrong.items() if len(v) == room}, said)
    cut = "the cut has come, and positions began again" if first else "before any cut"
    demand(False, said + f"the scores are wrong: {cut}")


@exercise("a share that all miss, expert by expert; the rest is visited.")
def expected_distinct(answer):
    """Check ``answer(share_E, batch)``: how many experts a batch visits.

    >>> expected_distinct(lambda share_E, batch: (1 - (1 - share_E) ** batch).sum())
    correct: a share that all miss, expert by expert; the rest is visited.

    Lesson 13.
    """
    share_E, batch = np.array([0.6, 0.25, 0.5]), 3
    given = called(answer, share_E.copy(), batch, when="3 tokens", hint=ARRAY)
    given = number_of(given, "the result")
    missed_E = (1 - share_E) ** batch
    said = f"shares 0.6, 0.25, 0.5 and 3 tokens: yours is {given:.4f}; "
    no_mistake(
        given,
        {
            "these are the experts that nobody visits": missed_E.sum(),
            "that is their mean: add them up": (1 - missed_E).mean(),
            "that is the chance that all of them are visited": (1 - missed_E).prod(),
            "that is as if the load were even": 3 * (1 - 0.55**batch),
            "that counts visits, and two may be to one expert": share_E.sum() * batch,
            "that is one token": share_E.sum(),
            "a share to the power of the batch is visited by *all*": (share_E**batch).sum(),
            "1 less the chance that all visit it: take that all miss": (1 - share_E**batch).sum(),
            "shares are of tokens: do not divide by k": (1 - (1 - share_E / 1.35) ** batch).sum(),
        },
        said,
    )
    right = (1 - missed_E).sum()
    demand(near(given, right), said + f"it must be {right:.4f}")
    given = number_of(answer(np.full(64, 8 / 64), 1), "the result")
    demand(near(given, 8), f"64 experts, 8 visited by each token, one token: {given:.4f} is not 8")


@exercise("the same documents and slots, paired: now you know whether it is better.")
def own_cache(answer):
    """Check ``answer()``: policy -> hit ratio of each document, least recent use first.

    >>> own_cache(lambda: {"lru": [0.5, 0.25] * 10, "mine": [0.75, 0.25] * 10})
    lru: mean 0.375; mine: mean 0.500
    mine is better in 10 of 20 documents, worse in 0
    correct: the same documents and slots, paired: now you know whether it is better.

    Lesson 13.
    """
    given = answer()
    demand(isinstance(given, dict), f"return a dict, not a {type(given).__name__}")
    demand(len(given) == 2, f"{len(given)} policies: give two, the least recent first, then yours")
    runs = {name: _ratios(name, each) for name, each in given.items()}
    (first, old), (second, new) = runs.items()
    demand(len(old) == len(new), f"{len(old)} and {len(new)} documents: take the same ones")
    demand(len(old) >= FEWEST, f"{len(old)} documents: fewer than {FEWEST} say little")
    demand(old != new, "both are equal, document by document: is your policy used?")
    for name, each in runs.items():
        same = f"{name}: all documents give {each[0]:.3f}: give one ratio a document"
        demand(len(set(each)) > 1, same)
    print(f"{first}: mean {np.mean(old):.3f}; {second}: mean {np.mean(new):.3f}")
    better, worse = (sum(sign * (b - a) > 0 for a, b in zip(old, new)) for sign in (1, -1))
    print(f"{second} is better in {better} of {len(old)} documents, worse in {worse}")


def _ratios(name, each):
    """Demand a list of hit ratios."""
    demand(hasattr(each, "__len__"), f"{name}: give a list, one a document, not {each}")
    found = [number_of(one, f"a ratio of {name}") for one in each]
    demand(all(0 <= one <= 1 for one in found), f"{name}: a hit ratio lies between 0 and 1")
    return found
