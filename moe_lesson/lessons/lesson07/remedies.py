"""Remedies of an uneven load that change the model: seats on a device, and an evened router."""

import numpy as np
import torch

from moe_lesson.moe.balance import update_bias

ROUNDS, RATE = 300, 0.05  # of ``even_bias``, the rate falling to 0: a bias goes up to 7.5


def seats(load, factor):
    """Let each device take at most ``factor`` times the mean; further rows are dropped.

    DeepSeek-AI 2024 (DeepSeek-V2, arXiv:2405.04434), section 2.2, trains with a factor of 1 and
    drops the visits that weigh least; how many are left does not depend on which.

    Returns:
        The rows that each device keeps, and the share that is dropped.

    >>> kept, dropped = seats(np.array([6, 2]), factor=1)
    >>> kept.tolist(), dropped
    ([4.0, 2.0], 0.25)

    Lesson 7.
    """
    kept = np.minimum(load, factor * load.mean())
    return kept, float(1 - kept.sum() / load.sum())


def biased(prob_TE, bias_E, k):
    """Choose k experts by the logarithm of their probability, plus a bias.

    Returns:
        expert_TK.

    >>> biased(np.array([[0.6, 0.4]]), np.array([0.0, 1.0]), k=1).tolist()
    [[1]]

    Lesson 7.
    """
    return np.argsort(-(np.log(prob_TE) + bias_E), axis=1, kind="stable")[:, :k]


def even_bias(prob_TE, k):
    """Find the bias under which all experts are chosen as often in this text.

    Wang et al. 2024 (loss-free balancing, arXiv:2408.15664), algorithm 1, on one text again and
    again, with a rate that falls to 0; there each batch moves it once, as the model learns.

    Returns:
        bias_E.

    >>> prob_TE = np.array([[0.6, 0.4], [0.7, 0.3]])
    >>> biased(prob_TE, even_bias(prob_TE, k=1), k=1).tolist()
    [[1], [0]]

    Lesson 7.
    """
    E = prob_TE.shape[1]
    bias_E = torch.zeros(E, dtype=torch.float64)
    for turn in range(ROUNDS):
        count_E = np.bincount(biased(prob_TE, bias_E.numpy(), k).ravel(), minlength=E)
        bias_E = update_bias(bias_E, torch.from_numpy(count_E), RATE * (1 - turn / ROUNDS))
    return bias_E.numpy()


def kept_visits(expert_TK, other_TK):
    """Tell which share of a token's visits two choices have in common, on average.

    Returns:
        0 when none is the same, 1 when all are, in whatever order.

    >>> kept_visits(np.array([[0, 1]]), np.array([[1, 2]])).item()
    0.5

    Lesson 7.
    """
    return (expert_TK[:, :, None] == other_TK[:, None, :]).any(2).mean()
