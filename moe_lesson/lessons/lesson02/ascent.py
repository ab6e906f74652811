"""Adam on a mixture's likelihood: the rival of EM that came twenty years later (NumPy)."""

import numpy as np

from moe_lesson.mixtures.hierarchy import VARIANCE_FLOOR, Tree, gradient, log_likelihood

FADE, SQUARE_FADE, TINY = 0.9, 0.999, 1e-8


def adam_climb(tree, x_TD, y_T, rate, steps):
    """Climb the likelihood by Adam, each weight with a step size of its own.

    Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1, with its constants. The noise moves by
    its logarithm, as in ``gradient_step``.

    Returns:
        The last Tree, and steps + 1 likelihoods in nats per point.

    >>> from moe_lesson.mixtures.hierarchy import four_pieces, start
    >>> x_TD, y_T = four_pieces(50, seed=0)
    >>> tree, climb = adam_climb(start(1, 4, seed=0), x_TD, y_T, rate=0.03, steps=20)
    >>> len(climb), bool(climb[-1] > climb[0])
    (21, True)

    Lesson 2.
    """
    climb = [log_likelihood(tree, x_TD, y_T)]
    mean = square = [np.zeros_like(weight) for weight in tree]
    for step in range(1, steps + 1):
        slope = gradient(tree, x_TD, y_T)
        mean = [FADE * m + (1 - FADE) * s for m, s in zip(mean, slope)]
        square = [SQUARE_FADE * q + (1 - SQUARE_FADE) * s**2 for q, s in zip(square, slope)]
        grown = rate / (1 - FADE**step), 1 - SQUARE_FADE**step  # both averages start at 0
        top, lower, expert_DE, log_E = (
            grown[0] * m / (np.sqrt(q / grown[1]) + TINY) for m, q in zip(mean, square)
        )
        variance_E = np.maximum(tree.variance_E * np.exp(log_E), VARIANCE_FLOOR)
        tree = Tree(tree.top + top, tree.lower + lower, tree.expert_DE + expert_DE, variance_E)
        climb.append(log_likelihood(tree, x_TD, y_T))
    return tree, np.array(climb)
