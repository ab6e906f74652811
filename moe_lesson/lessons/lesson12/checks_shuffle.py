"""What a fair shuffle must show: every order as often, of any texts, of any number."""

from collections import Counter

import numpy as np

from moe_lesson.study.checks import called, demand, number_of

ROUNDS = 4800  # of a shuffle: 200 for each of the 24 orders of four
UNEVEN = 65  # chi-squared of 24 orders: fair shuffles exceed it once in 100,000 checks


def fair_shuffle(answer):
    """Demand of ``answer(options, generator)`` what no reader without knowledge can use.

    Raises:
        AssertionError: the order is not all of the options, the place is wrong, some place or
            order comes more often, or other texts and numbers of options are not mixed so.

    >>> fair_shuffle(lambda options, generator: sorted(options))
    Traceback (most recent call last):
    AssertionError: return two: the order and the place

    Lesson 12.
    """
    options, generator = ["right", "c", "a", "b"], np.random.default_rng(0)
    dealt = [_dealt(answer, options, generator) for _ in range(ROUNDS)]
    golds = Counter(gold for _, gold in dealt)
    count = [golds[place] for place in range(4)]
    said = f"{ROUNDS} times: the right one stood {count} times in places 0 to 3. "
    demand(max(count) < ROUNDS, said + "Who always takes that place scores 100 %")
    demand(min(count) > 0, said + "Who leaves out the place it never has beats chance")
    demand(1050 < min(count) and max(count) < 1350, said + "About 1200 each would be fair")
    rest = Counter(tuple(one for one in order if one != "right") for order, _ in dealt)
    said = f"the wrong ones come in {len(rest)} of 6 orders. "
    demand(len(rest) > 1, said + "If they stand sorted, the one out of order is the right one")
    demand(len(rest) == 6, said + "Permute all four together")
    often = rest.most_common(1)[0]
    said = f"the wrong ones stand as {' '.join(often[0])} in {often[1]} of {ROUNDS} rounds. "
    demand(often[1] < 960, said + "About 800 would be fair: who knows it finds the odd one out")
    whole = Counter(tuple(order) for order, _ in dealt).most_common()
    said = f"of 24 orders one comes {whole[0][1]} times, another {whole[-1][1]}. "
    said += "About 200 each would be fair: a swap of each with anybody is no fair shuffle"
    uneven = sum((times - 200) ** 2 for _, times in whole) / 200
    demand(len(whole) == 24 and uneven < UNEVEN, said)
    _other_rounds(answer, generator)
    first, second = (_dealt(answer, options, np.random.default_rng(1)) for _ in range(2))
    said = "the same generator gives another order: use the one that you are given"
    demand(first == second, said)


def _dealt(answer, options, generator):
    """Have options shuffled once; demand that all are there and the right one's place is true."""
    before = list(options)
    given = called(answer, before, generator, when=f"options {options}")
    fits = isinstance(given, (tuple, list)) and len(given) == 2
    fits = fits and isinstance(given[0], (tuple, list, np.ndarray))
    demand(fits, "return two: the order and the place")
    order, gold = [str(one) for one in given[0]], number_of(given[1], "the place")
    demand(before == options, "you changed the options that were handed to you")
    said = f"the options {options} come out as {order}: each must stand there once"
    demand(sorted(order) == sorted(options), said)
    said = f"the place is {gold:g}: it must be a whole number from 0 to {len(options) - 1}"
    demand(gold in range(len(options)), said)
    said = f"{order}: you say that the right one, {options[0]}, stands in place {gold:.0f}"
    demand(order[int(gold)] == options[0], said)
    return order, int(gold)


def _other_rounds(answer, generator):
    """Demand the same of other texts and other numbers of options."""
    for options in (["Mestum.", "Ilva.", "Orra.", "Tarn."], ["yes", "no"], list("peach")):
        places = {_dealt(answer, options, generator)[1] for _ in range(200)}
        said = f"options {options}: in 200 rounds the right one stood only in places "
        demand(len(places) == len(options), said + f"{sorted(places)}")
