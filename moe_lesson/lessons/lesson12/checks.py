"""Check the exercises of lesson 12: four scores, a fair order, errors, pass@k, bias, your own."""

from functools import partial

import numpy as np

from moe_lesson.lessons.lesson12.checks_own import held_against_its_error
from moe_lesson.lessons.lesson12.checks_shuffle import fair_shuffle
from moe_lesson.lessons.lesson12.checks_ways import four_scores
from moe_lesson.study.checks import (
    NotAttempted,
    called,
    demand,
    exercise,
    near,
    no_mistake,
    number_of,
    untouched,
)


def _refused(answer, *inputs, when):
    """Demand a ValueError for what cannot be."""
    try:
        given = answer(*inputs)
    except ValueError:
        return
    except NotAttempted:
        raise
    except AssertionError as error:
        said = str(error) or "your function stops at an assert"
        raise AssertionError(f"{when}: {said} (raise a ValueError instead)") from error
    except Exception as error:
        said = f"{when}: your function stops with {type(error).__name__}, {error}"
        raise AssertionError(said + ": look first, and raise a ValueError") from error
    demand(False, f"{when}: your function returns {given}: raise a ValueError")


@exercise("one answer, four scores, and any of them may win.")
def four_ways(answer):
    """Check ``answer(logps, alone, choices)``: a dict of four arrays of scores.

    >>> from moe_lesson.lessons.lesson12 import benchmarks
    >>> four_ways(benchmarks.four_ways)
    correct: one answer, four scores, and any of them may win.

    Lesson 12.
    """
    four_scores(answer)


@exercise("the place of the right answer tells nothing, nor does the order of the wrong ones.")
def shuffled(answer):
    """Check ``answer(options, generator)``: (the options in another order, the right one's place).

    >>> from moe_lesson.lessons.lesson12 import questions
    >>> shuffled(questions.shuffled)
    correct: the place of the right answer tells nothing, nor does the order of the wrong ones.

    Lesson 12.
    """
    fair_shuffle(answer)


@exercise("as many witnesses as clusters: more error where they agree, less where they balance.")
def clustered(answer):
    """Check ``answer(scores, clusters)``: the standard error of a mean over clusters.

    >>> from moe_lesson.lessons.lesson12 import errors
    >>> clustered(errors.clustered_error)
    correct: as many witnesses as clusters: more error where they agree, less where they balance.

    Lesson 12.
    """
    asked = partial(_error, answer)
    found = asked([1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1])
    said = f"1 1 1 | 0 0 0: you say {found:.4f}. "
    wrong = {
        "That is the error without clusters": 0.22361,
        "Square after the sum over a cluster, not before": np.sqrt(6 * 0.25) / 6 * np.sqrt(2),
        "The factor C / (C - 1) is missing": 0.35355,
        "That is its square: take the root": 0.25,
        "Divide by the number of questions, not of clusters": 1.5,
        "n / (n - 1) is not C / (C - 1): C counts clusters": 0.35355 * np.sqrt(6 / 5),
    }
    no_mistake(found, wrong, said, 1e-3)
    demand(near(found, 0.5), said + "Sums are 1.5 and -1.5: root of 2 (2.25 + 2.25) over 6 is 0.5")
    found = asked([1, 0, 1, 0], [0, 0, 1, 1])
    said = f"1 0 | 1 0: you say {found:.4f}. "
    demand(near(found, 0), said + "Each cluster balances itself: the error is 0")
    found = asked([1, 0, 0, 0], [3, 7, 7, 9])
    said = f"1 | 0 0 | 0 in clusters called 3, 7, 9: you say {found:.4f}. "
    said += "It must be 0.2864: sums 0.75, -0.5, -0.25, times 3/2"
    demand(near(found, 0.28641, 1e-3), said)
    found = asked([1, 0, 1, 0, 1, 0], ["b", "a", "b", "a", "b", "a"])
    said = f"1 0 1 0 1 0 in clusters b a b a b a: you say {found:.4f}. "
    no_mistake(found, {"A cluster's questions need not stand together": 0.22361}, said, 1e-3)
    demand(near(found, 0.5), said + "It must be 0.5, as for 1 1 1 | 0 0 0")
    _refused(answer, np.array([1.0, 0.0]), np.array([3, 3]), when="one cluster has no spread")


def _error(answer, scores, clusters):
    """Ask for the error of scores in clusters."""
    when = f"scores {scores} in clusters {clusters}"
    hint = "clusters differ in size, and names may be words: number them first"
    hint *= clusters[0] != 0
    said, given = "you changed the scores that were handed to you", np.array(scores, float)
    found = untouched(answer, given, np.array(clusters), when=when, hint=hint, said=said)
    return number_of(found, "the error")


@exercise("the share of all choices of k that hold a program which passes.")
def pass_at_k(answer):
    """Check ``answer(n, c, k)``: the unbiased estimate of pass@k.

    >>> from moe_lesson.lessons.lesson12 import programs
    >>> pass_at_k(programs.pass_at_k)
    correct: the share of all choices of k that hold a program which passes.

    Lesson 12.
    """

    def asked(n, c, k):
        when, hint = f"n, c, k = {n}, {c}, {k}", "k and c may be as large as n, c may be 0"
        return number_of(called(answer, n, c, k, when=when, hint=hint), "pass@k")

    found = asked(10, 3, 5)
    said = f"3 of 10 pass, k = 5: you say {found:.4f}. "
    wrong = {
        "That is the plug-in, 1 - (1 - c/n)^k, which is low": 1 - 0.7**5,
        "That is the chance that none passes: 1 minus it": 21 / 252,
        "That is c/n, which is pass@1": 0.3,
        "That is the chance that all of them pass": 0.3**5,
    }
    no_mistake(found, wrong, said)
    demand(near(found, 1 - 21 / 252), said + "C(7, 5) is 21, C(10, 5) is 252: 1 - 21/252")
    found = asked(10, 7, 5)
    demand(near(found, 1), f"3 of 10 fail, 5 are drawn: one passes for sure, not {found:.4f}")
    found = asked(4, 0, 2)
    demand(near(found, 0), f"none passes: 0, not {found:.4f}")
    found = asked(400, 100, 1)
    demand(near(found, 0.25), f"k = 1 is c/n: 100 of 400 is 0.25, not {found:.4f}")
    found = asked(5, 2, 5), asked(4, 4, 2)
    demand(near(found, [1, 1]), f"5, 2, 5 and 4, 4, 2: one passes for sure, not {found}")
    _refused(answer, 3, 1, 4, when="n, c, k = 3, 1, 4: of 3 programs nobody draws 4")
    _refused(answer, 3, 4, 1, when="n, c, k = 3, 4, 1: of 3 programs 4 cannot pass")
    _refused(answer, 3, 1, 0, when="n, c, k = 3, 1, 0: who draws none draws nothing")
    _refused(answer, 3, -1, 1, when="n, c, k = 3, -1, 1: fewer than none cannot pass")


@exercise("who is named, and how often nobody is: two numbers that BBQ keeps apart.")
def bias_scores(answer):
    """Check ``answer(answers)``: (accuracy, bias of those named, the two as one score).

    >>> from moe_lesson.lessons.lesson12 import bias
    >>> bias_scores(bias.bias_scores)
    correct: who is named, and how often nobody is: two numbers that BBQ keeps apart.

    Lesson 12.
    """

    when, (accuracy, bias, score) = _three(answer, 6, 2, 2)
    said = f"{when}: you say {accuracy:.3f}, {bias:.3f}, {score:.3f}. "
    demand(not near(accuracy, 0.6), said + "In an open question nobody knows: unknown is right")
    demand(near(accuracy, 0.2), said + "The accuracy is 2 of 10")
    wrong = {
        "Leave unknown out: 6 of the 8 that name somebody": 2 * 6 / 10 - 1,
        "That is a share: 0 must mean even, so 2 share - 1": 0.75,
        "That is a half of it: 2 share - 1": 0.25,
    }
    no_mistake(bias, wrong, said)
    demand(near(bias, 0.5), said + "The bias is 2 * 6/8 - 1")
    no_mistake(score, {"Times the share of wrong answers, 0.8, not of right ones": 0.1}, said)
    demand(near(score, 0.4), said + "The one score is 0.8 * 0.5")
    when, (_, bias, score) = _three(answer, 0, 4, 0)
    said = f"{when}: you say {bias:.3f}. "
    demand(not near(bias, 0), said + "Nobody follows the stereotype: that is -1, not 0")
    demand(near(bias, -1) and near(score, -1), said + "All against the stereotype is -1")
    found = _three(answer, 0, 0, 3)[1]
    said = f"nobody is named: you say {found}. "
    demand(near(found, [1, 0, 0]), said + "All right, no bias, and no score of it: 1, 0, 0")
    when, found = _three(answer, 3, 1, 4)
    said = f"{when}: you say {found}. It must be 0.5, 0.5, 0.25: count the answers that you get"
    demand(near(found, [0.5, 0.5, 0.25]), said)


def _three(answer, biased, other, unknown):
    """Ask for the three numbers of so many answers; return what was given, in words, and them."""
    answers = ["unknown"] * unknown + ["other"] * other + ["stereotype"] * biased
    answers = answers[::2] + answers[1::2]  # mixed: a place says nothing
    when = f"{biased} stereotyped, {other} other, {unknown} unknown"
    said, hint = "you changed the answers that were handed to you", "0 answers may name somebody"
    given = untouched(answer, answers, when=when, hint=hint, said=said)
    given = given.tolist() if hasattr(given, "tolist") else given
    fits = isinstance(given, (tuple, list)) and len(given) == 3
    demand(fits, "return three numbers: accuracy, bias, their one score")
    return when, [number_of(part, f"{when}: a score") for part in given]


@exercise("a difference with its interval: now anybody can judge your claim.")
def own_benchmark(answer):
    """Check ``answer()``: (claim, who will win, scores of one system, of another, clusters).

    Who will win is said before: "first", "second" or "neither".

    >>> scores = np.arange(40) % 3 / 2
    >>> claim = "one beats another", "first"
    >>> own_benchmark(lambda: (*claim, scores, scores[::-1], np.arange(40) // 2))
    one beats another: +0.000 ± 0.094 over 20 clusters; unpaired ± 0.128
    predicted first: the interval says neither
    to show a difference of 0.01 in four of five trials it takes about 7,230 questions like these
    correct: a difference with its interval: now anybody can judge your claim.

    Lesson 12.
    """
    print(held_against_its_error(answer))
