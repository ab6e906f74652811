"""Check the exercises of lesson 02: shares in a tree, weighted lines, prices, REINFORCE."""

import math

import numpy as np

from moe_lesson.study.checks import array_of, comparison, demand, exercise, near


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
    share_TE = np.array([[0.1, 0.3, 0.6, 0.0], [0.2, 0.2, 0.3, 0.3]])
    given = answer(share_TE.copy(), 2)
    demand(isinstance(given, tuple) and len(given) == 2, "return two arrays: group, branch")
    group = array_of(given[0], (2, 2), "the groups' share")
    said = f"experts 0.1 0.3 | 0.6 0.0: you give the groups {group[0].round(3).tolist()}. "
    demand(not near(group[0], [0.2, 0.3]), said + "These are means: a group's share is the sum")
    demand(
        not near(group[0], [0.7, 0.3]), said + "Experts 0 and 1 are the first group, not 0 and 2"
    )
    demand(near(group[0], [0.4, 0.6]), said + "It must be [0.4, 0.6]")
    branch = array_of(given[1], (2, 2, 2), "the shares within groups")
    found = branch[0].round(3).tolist()
    demand(
        not near(branch[0], [[0.1, 0.3], [0.6, 0.0]]),
        f"within the groups you give {found}: divide by the group's share",
    )
    demand(
        near(branch[0], [[0.25, 0.75], [1, 0]]),
        f"within the groups you give {found}: it must be [[0.25, 0.75], [1, 0]]",
    )


@exercise("a point with weight 2 counts like two points, no more.")
def weighted_line(answer):
    """Check ``answer(x_TD, y_T, share_T)``: the weights of a line, each point by its share.

    >>> from moe_lesson.mixtures.hierarchy import fit_expert
    >>> weighted_line(lambda x_TD, y_T, share_T: fit_expert(x_TD, y_T, share_T)[0])
    correct: a point with weight 2 counts like two points, no more.

    Lesson 2.
    """
    flat, y_T = np.ones((2, 1)), np.array([0.0, 3.0])
    height = array_of(answer(flat, y_T, np.array([2.0, 1.0])), (1,), "the line")[0]
    said = f"targets 0 and 3 with weights 2 and 1: your height is {height:.3f}. "
    demand(not near(height, 0.6), said + "That is what weights 4 and 1 give: they were squared")
    demand(not near(height, 1.5), said + "That is the plain mean: the weights do nothing")
    demand(near(height, 1.0), said + "It must be (2 * 0 + 1 * 3) / 3 = 1")
    draw = np.random.default_rng(0)
    x_TD, y_T, weight = draw.normal(size=(6, 2)), draw.normal(size=6), np.array([1, 2, 3, 1, 2, 3])
    twice = np.repeat(np.arange(6), weight)
    wanted = np.linalg.lstsq(x_TD[twice], y_T[twice], rcond=None)[0]
    line = array_of(answer(x_TD, y_T, weight.astype(float)), (2,), "the line of six points")
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
    for how, (stored, work) in wanted.items():
        given = answer(how, 4, 100, 40)
        demand(isinstance(given, tuple) and len(given) == 2, "return two numbers")
        said = f"{how}, 4 experts of 100, a router of 40: you say {given}. "
        demand(given[0] != 140, said + "All experts are stored, whoever is asked")
        demand(
            how == "average" or given[0] != 400,
            said + "Someone must choose: the router is missing",
        )
        demand(how != "average" or given[0] != 440, said + "An average needs no router")
        demand(how != "soft" or given[1] != 140, said + "A soft gate mixes all of the experts")
        demand(how != "hard" or given[1] != 440, said + "A hard gate computes one of them")
        demand(given == (stored, work), said + f"It must be {(stored, work)}")
    demand(answer("hard", 8, 100, 80) == (880, 180), "8 experts, router of 80: (880, 180)")


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
    logits_TE = np.log(np.array([[0.2, 0.3, 0.5]]))
    loss_TE, exact = np.array([[1.0, 2.0, 4.0]]), np.array([[-0.36, -0.24, 0.60]])
    prob_TE = np.array([[0.2, 0.3, 0.5]])
    for baseline in (0.0, 2.8):
        tried = [answer(logits_TE, loss_TE, np.array([e]), np.array([baseline])) for e in range(3)]
        mean = sum(p * each for p, each in zip(prob_TE[0], tried))
        demand(
            near(mean, exact),
            f"baseline {baseline}: the mean over all choices is {mean[0].round(3).tolist()}, the "
            f"exact gradient {exact[0].tolist()}. Take the baseline from the loss, nothing else",
        )
    demand(not near(tried[0], given[0, 0] * exact), "the estimate must depend on the draw")
    first = (1.0 - 2.8) * (np.array([[1.0, 0, 0]]) - prob_TE)
    demand(near(tried[0], first), f"baseline 2.8 and loss 1: it must be {first.tolist()}")


@exercise("two designs, two starts each: now you can tell a difference from luck.")
def experiment(answer):
    """Check ``answer()``: a dict name -> held-out nats per point, two starts of each at least.

    >>> experiment(lambda: {"a": [0.5, 0.7], "b": [0.8, 0.9]})
    b minus a: 0.25 nats per point; runs of one setting differ by up to 0.2
    correct: two designs, two starts each: now you can tell a difference from luck.

    Lesson 2.
    """
    comparison(answer(), "nats per point", seeds=2, between=(-math.inf, 3.7))
