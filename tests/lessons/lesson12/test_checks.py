"""What the checks of lesson 12 say: of a stub and of a right answer written in another way."""

from fractions import Fraction
from math import factorial

import numpy as np

from moe_lesson.lessons.lesson12 import checks
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    test_a_forgotten_return_is_named,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)


def four_ways(logps, alone, choices):
    rows = [[], [], [], []]
    for after, before, choice in zip(logps, alone, choices):
        rows[0].append(after)
        rows[1].append(after / len(choice))
        rows[2].append(after / len(choice.encode("utf-8")))
        rows[3].append(after - before)
    return dict(zip(checks.WAYS, rows))


def shuffled(options, generator):
    numbers = generator.random(len(options)).argsort().tolist()
    return [options[n] for n in numbers], numbers.index(0)


def clustered(scores, clusters):
    rest, total = scores - scores.mean(), 0.0
    names = set(clusters.tolist())
    for name in names:
        total += rest[clusters == name].sum() ** 2
    return (total * len(names) / (len(names) - 1)) ** 0.5 / len(scores)


def pass_at_k(n, c, k):
    none = Fraction(1)
    for one in range(k):
        none *= Fraction(max(n - c - one, 0), n - one)
    return float(1 - none) if factorial(k) else None


def bias_scores(answers):
    named = [answer == "stereotype" for answer in answers if answer != "unknown"]
    bias = 2 * np.mean(named) - 1 if named else 0.0
    accuracy = 1 - len(named) / len(answers)
    return accuracy, bias, (1 - accuracy) * bias


RIGHT = [
    (checks.four_ways, four_ways),
    (checks.shuffled, shuffled),
    (checks.clustered, clustered),
    (checks.pass_at_k, pass_at_k),
    (checks.bias_scores, bias_scores),
]
