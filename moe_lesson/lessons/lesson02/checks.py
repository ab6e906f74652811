"""Check the exercises of lesson 02: shares in a tree, weighted lines, prices, REINFORCE."""

import math

import numpy as np

from moe_lesson.study.checks import array_of, called, comparison, demand, exercise, near, no_mistake

ONE_LINE = -1.33  # nats per point of the best single line through `four_pieces`, held out
NOISE = 0.884  # nats per point of the noise alone


@exercise("a group is as responsible as its experts together, and inside it shares sum to 1.")
def group_shares(answer):
    """Check ``answer(share_TE, groups)``: each group's share, and each expert's within it.

    >>> def ours(share_TE, groups):
    ...     nested = share_TE.reshape(len(share_TE), groups, -1)
    ...     group = nested.sum(2)
    ...     return group, nested / group[:, :, None]
    >>> group_shares(ours)
    correct: a group is as responsible as its experts together, and inside it shares sum to 1.

    Lesson 2.
    """
    share_TE = np.array([[0.1, 0.3, 0.6, 0.0], [0.2, 0.2, 0.3, 0.3], [0.5, 0.1, 0.1, 0.3]])
    group, branch = _two_arrays(answer, share_TE, 2)
    said = f"experts 0.1 0.3 | 0.6 0.0: you give the groups {group[0].round(3).tolist()}. "
    mistakes = {
        "These are means: a group's share is the sum": [0.2, 0.3],
        "Experts 0 and 1 are the first group, not 0 and 2": [0.7, 0.3],
        "These are the largest: a group's share is the sum": [0.3, 0.6],
    }
    no_mistake(group[0], mistakes, said)
    demand(near(group[0], [0.4, 0.6]), said + "It must be [0.4, 0.6]")
    found = f"within the groups you give {branch[0].round(3).tolist()}: "
    nested = share_TE.reshape(3, 2, 2)
    mistakes = {
        "divide by the group's share": nested,
        "you divide by sums over points, not by the group's share": nested / nested.sum(0),
        "the groups got mixed: group[:, :, None] keeps the axis": nested / group[:, None],
        "divide by the group's share, do not multiply": nested * group[:, :, None],
    }
    no_mistake(branch, mistakes, found)
    demand(near(branch[0], [[0.25, 0.75], [1, 0]]), found + "it must be [[0.25, 0.75], [1, 0]]")
    six = np.arange(1.0, 25).reshape(4, 6) / 100
    group, branch = _two_arrays(answer, six, 3)
    said = "4 points, 3 groups of 2 experts: "
    demand(near(group[0], [0.03, 0.07, 0.11]), f"{said}the first point's groups are {group[0]}")
    demand(near(branch.sum(2), np.ones((4, 3))), f"{said}shares in a group must sum to 1")


def _two_arrays(answer, share_TE, groups):
    """Demand the groups' shares, T x groups, and those within groups, T x groups x branches."""
    points, experts = share_TE.shape
    when = f"{points} points, {experts} experts in {groups} groups"
    given = called(answer, share_TE.copy(), groups, when=when)
    pair = isinstance(given, (tuple, list)) and len(given) == 2
    demand(pair, "return two arrays: group, branch")
    dims = [np.ndim(part) for part in given]
    demand(dims != [3, 2], "the groups' shares come first, those within groups second")
    demand(dims[0] < 3, "the groups' share still has an axis of experts: sum it away")
    hint = "the groups' share (reshape to points, groups, -1: groups come before branches)"
    group = array_of(given[0], (points, groups), hint)
    shape = points, groups, experts // groups
    return group, array_of(given[1], shape, "the shares within groups")


@exercise("a point with weight 2 counts like two points, no more.")
def weighted_line(answer):
    """Check ``answer(x_TD, y_T, share_T)``: the weights of a line, each point by its share.

    >>> from moe_lesson.mixtures.hierarchy import fit_expert
    >>> weighted_line(lambda x_TD, y_T, share_T: fit_expert(x_TD, y_T, share_T)[0])
    correct: a point with weight 2 counts like two points, no more.

    Lesson 2.
    """
    flat, y_T, load = np.ones((2, 1)), np.array([1.0, 4.0]), np.array([3.0, 1.0])
    line = called(answer, flat, y_T, load, when="two points, a flat line")
    height = array_of(line, (1,), "the line (a share for each row: [:, None])")[0]
    said = f"targets 1 and 4 with weights 3 and 1: your height is {height:.3f}. "
    root = np.sqrt(load)
    mistakes = {
        "That is what weights 9 and 1 give: they were squared": 1.3,
        "That is the plain mean: the weights do nothing": 2.5,
        "The inputs are not weighted: only the targets are": root @ y_T / 2,
        "The targets are not weighted: only the inputs are": root @ y_T / 4,
        "That is what the roots of the weights give: take one root": root @ y_T / root.sum(),
        "Divide by the sum of the weights, not by the number of points": load @ y_T / 2,
        "The weights are the wrong way round: 3 counts more than 1": 3.25,
        "That is the heavier point alone: the other counts too": 1.0,
    }
    no_mistake(height, mistakes, said)
    demand(near(height, 1.75), said + "It must be (3 * 1 + 1 * 4) / 4 = 1.75")
    draw = np.random.default_rng(0)
    x_TD, y_T, weight = draw.normal(size=(6, 2)), draw.normal(size=6), np.array([1, 2, 3, 1, 2, 3])
    twice = np.repeat(np.arange(6), weight)
    wanted = np.linalg.lstsq(x_TD[twice], y_T[twice], rcond=None)[0]
    line = called(answer, x_TD, y_T, weight.astype(float), when="six points")
    line = array_of(line, (2,), "the line of six points")
    first = np.linalg.lstsq(x_TD[twice][:, :1], y_T[twice], rcond=None)[0][0]
    no_mistake(line, {"six points: the second column of x_TD has no part": (first, 0.0)})
    demand(near(line, wanted), f"repeating points gives {wanted}, your weights {line}")


@exercise("only a hard choice stops paying for experts; all of them are stored either way.")
def price(answer):
    """Check ``answer(how, experts, expert, router)``: (numbers stored, products per image).

    ``expert`` and ``router`` are the weights of one expert and of the router, biases left
    out; ``how`` is "average", "soft" or "hard".

    >>> def ours(how, experts, expert, router):
    ...     router = 0 if how == "average" else router
    ...     return experts * expert + router, (1 if how == "hard" else experts) * expert + router
    >>> price(ours)
    correct: only a hard choice stops paying for experts; all of them are stored either way.

    Lesson 2.
    """
    wanted = {"average": (400, 400), "soft": (440, 440), "hard": (440, 140)}
    for how, right in wanted.items():
        given = _two_numbers(answer, how, 4, 100, 40)
        said = f"{how}, 4 experts of 100, a router of 40: you say {given}. "
        demand(how != "hard" or given != (140, 440), said + "Stored first, computed second")
        demand(given[0] != 140, said + "All experts are stored, whoever is asked")
        bare = how != "average" and given[0] == 400
        demand(not bare, said + "Someone must choose: the router is missing")
        bare = how == "hard" and given[1] == 100
        demand(not bare, said + "The router computes before anyone is chosen")
        demand(how != "average" or given[0] != 440, said + "An average needs no router")
        demand(how != "average" or given[1] != 100, said + "An average asks all of its experts")
        demand(how != "soft" or given[1] != 140, said + "A soft gate mixes all of the experts")
        demand(how != "hard" or given[1] != 440, said + "A hard gate computes one of them")
        demand(how != "hard" or given[1] != 240, said + "A hard gate asks the first choice alone")
        demand(given[0] != 560, said + "`router` counts the whole router: not once per expert")
        demand(given == right, said + f"It must be {right}")
    given = _two_numbers(answer, "hard", 8, 100, 80)
    demand(given[0] != 480, f"8 experts, not 4: you say {given}")
    demand(given == (880, 180), f"8 experts of 100, router of 80: (880, 180), not {given}")


def _two_numbers(answer, how, *sizes):
    """Demand a pair, in a tuple or a list."""
    given = called(answer, how, *sizes, when=f"{how}, {sizes}")
    pair = isinstance(given, (tuple, list)) and len(given) == 2
    demand(pair, f"return two numbers, stored and computed: you return {given}")
    return tuple(given)


@exercise("right on average with any baseline, and steadier with a good one.")
def reinforce(answer):
    """Check ``answer(logits_TE, loss_TE, expert_T, baseline_T)`` by trying every choice.

    >>> from moe_lesson.mixtures.gradient_estimators import reinforce as ours
    >>> reinforce(ours)
    correct: right on average with any baseline, and steadier with a good one.

    Lesson 2.
    """
    even, loss_TE = np.zeros((1, 2)), np.array([[1.0, 3.0]])
    given = array_of(answer(even, loss_TE, np.array([1]), np.zeros(1)), (1, 2), "the estimate")
    said = f"even scores, losses 1 and 3, expert 1 drawn: you give {given[0].tolist()}. "
    demand(not near(given, [[1.5, -1.5]]), said + "The sign is turned: descent would reward losses")
    demand(not near(given, [[0, 3.0]]), said + "Subtract the probabilities from the chosen one-hot")
    demand(near(given, [[-1.5, 1.5]]), said + "It must be 3 * ([0, 1] - [0.5, 0.5])")
    _of_three_tokens(answer)
    prob_TE, loss_TE = np.array([[0.2, 0.3, 0.5]]), np.array([[1.0, 2.0, 4.0]])
    exact = np.array([[-0.36, -0.24, 0.60]])
    for baseline in (0.0, 2.8):
        ask = [(np.log(prob_TE), loss_TE, np.array([e]), np.array([baseline])) for e in range(3)]
        tried = [answer(*inputs) for inputs in ask]
        mean = sum(p * each for p, each in zip(prob_TE[0], tried))
        demand(
            near(mean, exact),
            f"baseline {baseline}: the mean over all choices is {mean[0].round(3).tolist()}, the "
            f"exact gradient {exact[0].tolist()}. Take the baseline from the loss, nothing else",
        )
    first = (1.0 - 2.8) * (np.array([[1.0, 0, 0]]) - prob_TE)
    demand(near(tried[0], first), f"baseline 2.8 and loss 1: it must be {first.tolist()}")


def _of_three_tokens(answer):
    """Check three tokens and three experts, each token with a draw and a baseline of its own."""
    prob_TE = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7]])
    loss_TE = np.array([[1.0, 2.0, 4.0], [0.5, 3.0, 1.5], [2.5, 0.7, 5.0]])
    expert_T, base_T = np.array([2, 0, 1]), np.array([1.0, 0.2, 2.0])
    ask = np.log(prob_TE), loss_TE, expert_T
    given = called(answer, *ask, base_T, when="three tokens, three experts")
    given = array_of(given, (3, 3), "the estimate for three tokens")
    paid_T, apart_TE = loss_TE[np.arange(3), expert_T], np.eye(3)[expert_T] - prob_TE
    right = (paid_T - base_T)[:, None] * apart_TE
    mistakes = {
        "tokens got mixed: the paid loss needs [:, None]": (paid_T - base_T) * apart_TE,
        "each token has its own row of loss": (loss_TE[0, expert_T] - base_T)[:, None] * apart_TE,
        "you divide by T: the estimate is per token": right / 3,
        "the mean loss of all tokens: each pays its own": (paid_T - base_T).mean() * apart_TE,
        "the baseline is subtracted, not added": (paid_T + base_T)[:, None] * apart_TE,
        "the baseline is ignored: subtract it from the loss": paid_T[:, None] * apart_TE,
        "each token has a baseline of its own": (paid_T - base_T.mean())[:, None] * apart_TE,
        "only the drawn expert's loss is known": (loss_TE - base_T[:, None]) * apart_TE,
    }
    no_mistake(given, mistakes, "three tokens: ")
    bare = called(answer, *ask, when="no baseline given, the default None is 0")
    bare = array_of(bare, (3, 3), "the estimate without a baseline")
    demand(near(bare, paid_T[:, None] * apart_TE), "without a baseline the whole loss counts")


@exercise("two designs, two starts each: now you can tell a difference from luck.")
def experiment(answer):
    """Check ``answer()``: a dict name -> held-out nats per point, two starts of each at least.

    "1 x 1", a single line, must be among them: what it reaches is known, so it shows whether
    the measure has the right sign, is a mean, and is of points that were held out.

    >>> experiment(lambda: {"1 x 1": [-1.33, -1.33], "a": [0.5, 0.7], "b": [0.8, 0.84]})
    b minus a: 0.22 nats per point; runs of one setting differ by up to 0.2
    correct: two designs, two starts each: now you can tell a difference from luck.

    Lesson 2.
    """
    results = called(answer, when="no argument")
    demand(isinstance(results, dict), f"return a dict, not a {type(results).__name__}")
    demand("1 x 1" in results, 'measure "1 x 1" too, a single line: what it reaches is known')
    known = np.ravel(results["1 x 1"]).astype(float)
    said = f'"1 x 1" has {known.round(2).tolist()}, and a line has about {ONE_LINE}. '
    demand(not (known > 1).any(), said + "These are not nats per point: is the sign turned?")
    demand(not (known < -5).any(), said + "These are not nats per point: take the mean of points")
    demand(bool((abs(known - ONE_LINE) < 0.2).all()), said + "Are these `four_pieces`?")
    designs = {name: runs for name, runs in results.items() if name != "1 x 1"}
    for name, runs in designs.items():
        same = isinstance(runs, (list, tuple)) and len(runs) > 1 and len(set(runs)) == 1
        demand(not same, f"{name}: all runs give {runs}. Are their starts different?")
    comparison(designs, "nats per point", seeds=2, between=(-math.inf, NOISE + 0.1))
