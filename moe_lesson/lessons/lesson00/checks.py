"""Check the exercise of lesson 00."""

import math

import torch

from moe_lesson.study.checks import demand, exercise, near, tensor_of


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
    demand(near(shares.sum(), 1), said + "The responsibilities of a point must sum to 1")
    demand(shares[0] > shares[1], said + "Expert 0 has no error, so it must get more: check a sign")
    demand(not near(shares, [0.9, 0.1]), said + "exp(-error) is 1/9, exp(-error / 2) is 1/3")
    demand(near(shares, [0.75, 0.25]), said + "The terms are 0.5 and 0.5 / 3: shares 0.75 and 0.25")
    prob_TE, same_TE = torch.tensor([[0.8, 0.2], [0.3, 0.7]]), torch.ones(2, 2)
    shares = tensor_of(answer(prob_TE, same_TE), (2, 2), "the result for two points")
    demand(
        near(shares, prob_TE),
        f"with equal errors the router decides: wanted {prob_TE.tolist()}, got {shares.tolist()}. "
        "Is each term multiplied by its probability, and each row divided by its own sum?",
    )
