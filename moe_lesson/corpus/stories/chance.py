"""Random choices whose surprise is added up."""

import math
import random
from bisect import bisect
from functools import cache, lru_cache
from itertools import accumulate


class Chance:
    """Choose at random, the same on every platform, and count the bits of each choice.

    Only ``random.Random.random`` is used, whose numbers Python promises to keep, and only
    exact arithmetic decides.

    >>> chance = Chance(seed=0)
    >>> chance.pick("abcd") in "abcd", chance.bits
    (True, 2.0)

    Lesson 10.
    """

    def __init__(self, seed):
        self._draw = random.Random(seed).random
        self.bits = 0.0

    def pick(self, options, weights=None):
        """Choose one of several options, evenly or by weight.

        Raises:
            ValueError: there is nothing to choose from.

        >>> chance = Chance(seed=0)
        >>> chance.pick(["only"]), chance.bits
        ('only', 0.0)

        Lesson 10.
        """
        if not options:
            raise ValueError("there are 0 options: a choice needs 1 or more")
        if len(options) == 1:
            return options[0]
        if weights is None:
            self.bits += math.log2(len(options))
            return options[int(self._draw() * len(options))]
        sums, bits = _table(tuple(weights))
        index = bisect(sums, self._draw() * sums[-1])
        self.bits += bits[index]
        return options[index]

    def zipf(self, options):
        """Choose one of several options, the first ones more often.

        Zipf's law in Mandelbrot's form with exponent 1: option n, from 0, has a weight of
        1 / (n + 6).

        >>> chance = Chance(seed=0)
        >>> picks = [chance.zipf("abc") for _ in range(600)]
        >>> picks.count("a") > picks.count("c")
        True

        Lesson 10.
        """
        return self.pick(options, _ranks(len(options)))

    def flip(self, probability):
        """Say yes with a probability between 0 and 1.

        >>> chance = Chance(seed=0)
        >>> _ = chance.flip(0.5)
        >>> chance.bits
        1.0

        Lesson 10.
        """
        yes = self._draw() < probability
        share = probability if yes else 1 - probability
        self.bits -= math.log2(share)
        return yes

    def below(self, limit):
        """Choose a whole number from 0 to ``limit - 1``.

        >>> chance = Chance(seed=0)
        >>> 0 <= chance.below(8) < 8, chance.bits
        (True, 3.0)

        Lesson 10.
        """
        return self.pick(range(limit))


@cache
def _ranks(count):
    return tuple(1 / (n + 6) for n in range(count))


@lru_cache(maxsize=4096)
def _table(weights):
    """Return the running sums of weights, and the bits of each choice."""
    sums = list(accumulate(weights))
    return sums, [-math.log2(weight / sums[-1]) for weight in weights]
