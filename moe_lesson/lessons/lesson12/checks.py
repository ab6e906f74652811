"""Check the exercises of lesson 12: four scores, a fair order, errors, pass@k, bias, your own."""

from itertools import permutations

import numpy as np

from moe_lesson.lessons.lesson12.errors import CERTAIN, clustered_error, questions_needed
from moe_lesson.study.checks import called, demand, exercise, near, no_mistake, number_of

WAYS = ("acc", "acc_norm", "acc_bytes", "acc_mutual_info")


@exercise("one answer, four scores, and any of them may win.")
def four_ways(answer):
    """Check ``answer(logps, alone, choices)``: a dict of four arrays of scores.

    >>> from moe_lesson.lessons.lesson12 import benchmarks
    >>> four_ways(benchmarks.four_ways)
    correct: one answer, four scores, and any of them may win.

    Lesson 12.
    """
    logps, alone, choices = [-6.0, -8.0, -9.0], [-5.0, -9.0, -8.5], ["Straße", "été", "an inn"]
    given = called(answer, list(logps), list(alone), list(choices), when="three choices")
    demand(isinstance(given, dict), f"return a dict, not a {type(given).__name__}")
    missing = [name for name in WAYS if name not in given]
    demand(not missing, f"your dict lacks {', '.join(missing)}")
    found = {name: np.asarray(given[name], dtype=float) for name in WAYS}
    sizes = {name: scores.shape for name, scores in found.items() if scores.shape != (3,)}
    demand(not sizes, f"three choices, three scores each; yours have shapes {sizes}")
    said = "acc: "
    no_mistake(found["acc"], {"these are probabilities: leave the logarithm": np.exp(logps)}, said)
    demand(near(found["acc"], logps), said + "it is the log-probability as it comes")
    said = f"acc_norm: you say {found['acc_norm'].round(3).tolist()}. "
    wrong = {
        "These are bytes: Straße has 6 characters, été 3": [-6 / 7, -8 / 5, -9 / 6],
        "The space in front is scored, but not counted": [-6 / 7, -8 / 4, -9 / 7],
        "These are words: count characters": [-6.0, -8.0, -9 / 2],
        "Divide, do not multiply": [-36.0, -24.0, -54.0],
    }
    no_mistake(found["acc_norm"], wrong, said)
    demand(near(found["acc_norm"], [-1.0, -8 / 3, -1.5]), said + "It must be -1, -2.667, -1.5")
    said = f"acc_bytes: you say {found['acc_bytes'].round(3).tolist()}. "
    wrong = {
        "These are characters: ß and é take two bytes of UTF-8 each": [-1.0, -8 / 3, -1.5],
        "The space in front is scored, but not counted in bytes": [-6 / 8, -8 / 6, -9 / 7],
    }
    no_mistake(found["acc_bytes"], wrong, said)
    demand(near(found["acc_bytes"], [-6 / 7, -8 / 5, -1.5]), said + "Straße has 7 bytes, été 5")
    said = f"acc_mutual_info: you say {found['acc_mutual_info'].round(3).tolist()}. "
    wrong = {
        "The sign is turned: what stands alone is taken away": [1.0, -1.0, 0.5],
        "You added it: take it away": [-11.0, -17.0, -17.5],
        "That is a ratio: logarithms are subtracted": [6 / 5, 8 / 9, 9 / 8.5],
    }
    no_mistake(found["acc_mutual_info"], wrong, said)
    demand(near(found["acc_mutual_info"], [-1.0, 1.0, -0.5]), said + "It must be -1, 1, -0.5")


@exercise("the place of the right answer tells nothing, nor does the order of the wrong ones.")
def shuffled(answer):
    """Check ``answer(options, generator)``: (the options in another order, the right one's place).

    >>> from moe_lesson.lessons.lesson12 import questions
    >>> shuffled(questions.shuffled)
    correct: the place of the right answer tells nothing, nor does the order of the wrong ones.

    Lesson 12.
    """
    options, generator, golds, rest = ["right", "c", "a", "b"], np.random.default_rng(0), [], []
    for _ in range(480):
        before = list(options)
        given = answer(before, generator)
        demand(isinstance(given, tuple) and len(given) == 2, "return two: the order and the place")
        order, gold = given
        demand(before == options, "you changed the options that were handed to you")
        said = f"the options come out as {list(order)}: each of the four must stand there once"
        demand(sorted(order) == sorted(options), said)
        gold = number_of(gold, "the place")
        demand(gold in range(4), f"the place is {gold:g}: it must be 0, 1, 2 or 3")
        said = f"{list(order)}: you say that the right one stands in place {gold:.0f}"
        demand(order[int(gold)] == "right", said)
        golds.append(int(gold))
        rest.append(tuple(one for one in order if one != "right"))
    count = [golds.count(place) for place in range(4)]
    said = f"480 times: the right one stood {count} times in places 0 to 3. "
    demand(len(set(golds)) > 1, said + "Who always takes that place scores 100 %")
    demand(min(count) > 0, said + "Who leaves out the place it never has beats chance")
    demand(min(count) > 80, said + "About 120 each would be fair")
    orders = len(set(rest))
    said = f"the wrong ones come in {orders} of {len(list(permutations('abc')))} orders. "
    demand(orders > 1, said + "If they stand sorted, the one out of order is the right one")
    demand(orders == 6, said + "Permute all four together")
    demand(
        answer(options, np.random.default_rng(1)) == answer(options, np.random.default_rng(1)),
        "the same generator gives another order: use the one that you are given",
    )


@exercise("as many witnesses as clusters: more error where they agree, less where they balance.")
def clustered(answer):
    """Check ``answer(scores, clusters)``: the standard error of a mean over clusters.

    >>> clustered(clustered_error)
    correct: as many witnesses as clusters: more error where they agree, less where they balance.

    Lesson 12.
    """

    def asked(scores, clusters):
        when = f"scores {scores} in clusters {clusters}"
        given = called(answer, np.array(scores, float), np.array(clusters), when=when)
        return number_of(given, "the error")

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


@exercise("the share of all choices of k that hold a program which passes.")
def pass_at_k(answer):
    """Check ``answer(n, c, k)``: the unbiased estimate of pass@k.

    >>> from moe_lesson.lessons.lesson12 import programs
    >>> pass_at_k(programs.pass_at_k)
    correct: the share of all choices of k that hold a program which passes.

    Lesson 12.
    """

    def asked(n, c, k):
        return number_of(called(answer, n, c, k, when=f"n, c, k = {n}, {c}, {k}"), "pass@k")

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


@exercise("who is named, and how often nobody is: two numbers that BBQ keeps apart.")
def bias_scores(answer):
    """Check ``answer(answers)``: (accuracy, bias of those named, the two as one score).

    >>> from moe_lesson.lessons.lesson12 import bias
    >>> bias_scores(bias.bias_scores)
    correct: who is named, and how often nobody is: two numbers that BBQ keeps apart.

    Lesson 12.
    """

    def asked(biased, other, unknown):
        answers = ["unknown"] * unknown + ["other"] * other + ["stereotype"] * biased
        when = f"{biased} stereotyped, {other} other, {unknown} unknown"
        given = called(answer, answers, when=when, hint="0 answers may name somebody")
        fits = isinstance(given, (tuple, list)) and len(given) == 3
        demand(fits, "return three numbers: accuracy, bias, their one score")
        return when, [number_of(part, "a score") for part in given]

    when, (accuracy, bias, score) = asked(6, 2, 2)
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
    when, (_, bias, score) = asked(0, 4, 0)
    said = f"{when}: you say {bias:.3f}. "
    demand(not near(bias, 0), said + "Nobody follows the stereotype: that is -1, not 0")
    demand(near(bias, -1) and near(score, -1), said + "All against the stereotype is -1")
    when, (accuracy, bias, _) = asked(0, 0, 3)
    demand(near(accuracy, 1) and near(bias, 0), f"{when}: all right, no bias: 1 and 0")


@exercise("a difference with its interval: now anybody can judge your claim.")
def own_benchmark(answer):
    """Check ``answer()``: (claim, scores of one system, scores of another, clusters).

    >>> scores = np.arange(40) % 3 / 2
    >>> own_benchmark(lambda: ("one beats another", scores, scores[::-1], np.arange(40) // 2))
    one beats another: +0.000 ± 0.094 over 20 clusters; unpaired ± 0.128
    for ± 0.01 at 80 % power it takes about 13,082 questions like these
    correct: a difference with its interval: now anybody can judge your claim.

    Lesson 12.
    """
    given = answer()
    demand(isinstance(given, tuple) and len(given) == 4, "return claim, scores, scores, clusters")
    claim, one, other, clusters = given
    demand(isinstance(claim, str) and len(claim.split()) > 2, "say in words what you claim")
    one, other = (np.array([number_of(x, "a score") for x in side]) for side in (one, other))
    sizes = len(one), len(other), len(clusters)
    demand(len(set(sizes)) == 1, f"{sizes} scores, scores, clusters: as many of each, please")
    demand(len(one) > 29, f"{len(one)} questions: ask 30 or more")
    count = len(set(np.asarray(clusters).tolist()))
    demand(count > 9, f"{count} clusters: an error over fewer than 10 is a guess")
    demand(np.ptp(one - other) > 0, "both score alike on every question: they are one system")
    gap = one - other
    half = CERTAIN * clustered_error(gap, clusters)
    apart = CERTAIN * np.sqrt(sum(clustered_error(each, clusters) ** 2 for each in (one, other)))
    print(f"{claim}: {gap.mean():+.3f} ± {half:.3f} over {count} clusters; unpaired ± {apart:.3f}")
    needed = questions_needed(gap.var(ddof=1), 0.01)
    print(f"for ± 0.01 at 80 % power it takes about {needed:,} questions like these")
