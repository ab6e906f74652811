"""What the checks of lesson 12 say: of a stub and of a right answer written in another way."""

from fractions import Fraction
from math import factorial

import numpy as np
import pytest

from moe_lesson.lessons.lesson12 import checks
from moe_lesson.lessons.lesson12.checks_ways import WAYS
from moe_lesson.lessons.lesson12.errors import questions_needed
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    test_a_forgotten_return_is_named,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)
from tests.lessons.lesson12.right_answers import OTHERS


def four_ways(logps, alone, choices):
    rows = [[], [], [], []]
    for after, before, choice in zip(logps, alone, choices):
        rows[0].append(after)
        rows[1].append(after / len(choice))
        rows[2].append(after / len(choice.encode("utf-8")))
        rows[3].append(after - before)
    return dict(zip(WAYS, rows))


def shuffled(options, generator):
    numbers = generator.random(len(options)).argsort().tolist()
    return [options[n] for n in numbers], numbers.index(0)


def shuffled_array(options, generator):
    """Hand back an array of texts, and the two as a list."""
    order = generator.permutation(options)
    return [order, list(order).index(options[0])]


def shuffled_by_hand(options, generator):
    """Swap each with one of those that are left; give tuples."""
    order = list(options)
    for n in range(len(order) - 1):
        m = n + int(generator.integers(len(order) - n))
        order[n], order[m] = order[m], order[n]
    return tuple(order), order.index(options[0])


def clustered(scores, clusters):
    if len(set(clusters.tolist())) == 1:
        raise ValueError("one")
    rest, total = scores - scores.mean(), 0.0
    names = set(clusters.tolist())
    for name in names:
        total += rest[clusters == name].sum() ** 2
    return (total * len(names) / (len(names) - 1)) ** 0.5 / len(scores)


def pass_at_k(n, c, k):
    if min(k, n - k + 1) < 1 or min(c, n - c) < 0:
        raise ValueError("no such choice")
    none = Fraction(1)
    for one in range(k):
        none *= Fraction(max(n - c - one, 0), n - one)
    return float(1 - none) if factorial(k) else None


def bias_scores(answers):
    named = [answer == "stereotype" for answer in answers if answer != "unknown"]
    bias = 2 * np.mean(named) - 1 if named else 0.0
    accuracy = 1 - len(named) / len(answers)
    return accuracy, bias, (1 - accuracy) * bias


def bias_array(answers):
    return np.array(bias_scores(answers))


RIGHT = [
    (checks.four_ways, four_ways),
    (checks.shuffled, shuffled),
    (checks.shuffled, shuffled_array),
    (checks.shuffled, shuffled_by_hand),
    (checks.clustered, clustered),
    (checks.pass_at_k, pass_at_k),
    (checks.bias_scores, bias_scores),
    (checks.bias_scores, bias_array),
    *OTHERS,
]


EACH_ALONE = range(40)


def own(predicted="first", gain=0.0, clusters=EACH_ALONE):
    one, other = np.arange(40) % 2 + gain * (np.arange(40) % 3), np.arange(40) % 5 == 0
    return lambda: ["one beats the other", predicted, one, other.tolist(), clusters]


@pytest.mark.parametrize(
    "predicted, gain, says",
    [("first", 1, "first"), ("neither", -0.3, "neither"), ("first", -2, "second")],
)
def test_a_benchmark_is_held_against_its_prediction(predicted, gain, says, capsys):
    checks.own_benchmark(own(predicted, gain))
    said = capsys.readouterr().out
    assert f"predicted {predicted}: the interval says {says}\n" in said and "correct: " in said


def test_names_of_clusters_may_be_tuples_and_more_witnesses_are_needed_where_they_agree(capsys):
    needed = []
    for clusters in (EACH_ALONE, [("page", n // 4) for n in range(40)]):
        checks.own_benchmark(own(gain=-0.3, clusters=clusters))
        needed.append(capsys.readouterr().out.split("about ")[1].split(" ")[0])
    plain, ours = (int(count.replace(",", "")) for count in needed)
    one, other = own(gain=-0.3)()[2:4]
    gap = one - np.array(other)
    rest = (gap - gap.mean()).reshape(10, 4).sum(1)
    assert plain == np.ceil(questions_needed(gap.var(ddof=1), 0.01))
    more = 10 / 9 * (rest**2).sum() / 40 / gap.var(ddof=1)
    assert ours == pytest.approx(plain * more, abs=2) and abs(more - 1) > 0.1
