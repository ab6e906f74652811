"""Adam on the likelihood, against torch's own Adam on the same numbers."""

import numpy as np
import torch

from moe_lesson.lessons.lesson02.ascent import adam_climb
from moe_lesson.mixtures import hierarchy


def test_adam_is_that_of_torch():
    x_TD, y_T = hierarchy.four_pieces(40, seed=0)
    begin = hierarchy.start(2, 2, seed=1)
    ours, climb = adam_climb(begin, x_TD, y_T, rate=0.05, steps=7)
    weights = [torch.tensor(part) for part in begin]
    weights[3] = weights[3].log()  # the noise moves by its logarithm
    optimiser = torch.optim.Adam(weights, lr=0.05, maximize=True)
    for _ in range(7):
        tree = hierarchy.Tree(*(w.numpy() for w in weights[:3]), weights[3].exp().numpy())
        for weight, slope in zip(weights, hierarchy.gradient(tree, x_TD, y_T)):
            weight.grad = torch.tensor(slope)
        optimiser.step()
    for weight, part in zip(weights[:3], ours):
        np.testing.assert_allclose(weight.numpy(), part, atol=1e-10)
    np.testing.assert_allclose(weights[3].exp().numpy(), ours.variance_E, atol=1e-10)
    assert climb[-1] == hierarchy.log_likelihood(ours, x_TD, y_T)
