"""Check the exercise of lesson 00."""

import math

import torch

from moe_lesson.study.checks import demand, exercise, near, no_mistake, rounded, tensor_of


@exercise("the expert that fits better takes more of the point, in proportion to its probability.")
def responsibilities(answer):
    """Check a posterior over experts: probability times exp(-error / 2), shared out.

    Jacobs et al. 1991, the term inside equation 1.3. ``answer(prob_TE, error_TE)`` takes
    squared errors and returns responsibilities.

    >>> responsibilities(lambda prob_TE, error_TE: (prob_TE.log() - error_TE / 2).softmax(-1))
    correct: the expert that fits better takes more of the point, in proportion to its probability.

    Lesson 0.
    """
    even, errors = torch.full((1, 2), 0.5), torch.tensor([[0.0, 2 * math.log(3)]])
    shares = tensor_of(answer(even, errors), (1, 2), "the result")[0]
    said = f"probabilities 0.5 and 0.5, errors 0 and 2 ln 3: you return {shares.tolist()}. "
    demand(
        not near(shares.sum(), 2 / 3),
        said + "They do not sum to 1: divide each by the sum over experts",
    )
    no_mistake(
        shares,
        {
            "You divide by the sum over points: it is the sum over experts, -1": [1.0, 1.0],
            "Multiply by prob_TE before you divide: the sum must be of products": [0.375, 0.125],
        },
        said,
    )
    demand(near(shares.sum(), 1), said + "The responsibilities of a point must sum to 1")
    demand(shares[0] > shares[1], said + "Expert 0 has no error, so it must get more: check a sign")
    demand(not near(shares, [0.9, 0.1]), said + "exp(-error) is 1/9, exp(-error / 2) is 1/3")
    twice = [0.5, 0.5 * math.exp(-2 * math.log(3) ** 2)]
    squared = [share / sum(twice) for share in twice]
    demand(not near(shares, squared), said + "error_TE is squared already")
    demand(near(shares, [0.75, 0.25]), said + "The terms are 0.5 and 0.5 / 3: shares 0.75 and 0.25")
    _of_three_points(answer)


def _of_three_points(answer):
    """Check rows: three points and three experts, no two numbers alike, then four experts."""
    prob_TE = torch.tensor([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.3, 0.5]])
    error_TE = torch.tensor([[0.0, 1.0, 4.0], [2.0, 0.5, 1.0], [0.1, 3.0, 0.6]])
    shares = tensor_of(answer(prob_TE, error_TE), (3, 3), "the result for three points")
    term_TE = prob_TE * (-error_TE / 2).exp()
    wanted = term_TE / term_TE.sum(-1, keepdim=True)
    no_mistake(
        shares,
        {
            "Rows got mixed: `sum(-1)` needs `keepdim=True`": term_TE / term_TE.sum(-1),
            "You divide by the sum of everything: each row has its own": term_TE / term_TE.sum(),
            "The router's bet is left out: multiply by prob_TE": (-error_TE / 2).softmax(-1),
            "softmax takes exponents: log(prob), not prob": (prob_TE - error_TE / 2).softmax(-1),
            "softmax takes exponentials once more: divide by the sum": term_TE.softmax(-1),
        },
        "three points, three experts: ",
    )
    demand(
        near(shares, wanted),
        f"three points, three experts: the first row must be {rounded(wanted[0])}, "
        f"yours is {rounded(shares[0])}",
    )
    quarters = torch.full((3, 4), 0.25)
    shares = tensor_of(answer(quarters, torch.ones(3, 4)), (3, 4), "the result for four experts")
    demand(near(shares, quarters), "four equal experts must get a quarter each")
