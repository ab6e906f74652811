"""ReLU routing: gates that are 0 by themselves, and a penalty that keeps enough of them so."""

import torch

from moe_lesson.moe.balance import as_list
from moe_lesson.moe.routing import Routing, at_least_float32, of_real_tokens


def relu_routing(logits_TE):
    """Send each token to the experts whose score is above 0, with that score as the weight.

    Wang et al. 2024 (ReMoE, arXiv:2412.14711). Nothing is compared, so the output has a gradient
    wherever a gate is open; a token may visit E experts or none. New scores are as often above
    0 as below: a layer that starts sends E/2 rows a token, not k. A score has no bias, so fewer
    gates than half open only where tokens have a direction in common.

    Returns:
        A Routing with K = the most visits any token makes; a token with fewer has expert id E
        and weight 0 in its last places.

    >>> relu_routing(torch.tensor([[0.5, 2.0, -1.0], [-1.0, -1.0, 3.0]])).expert_TK.tolist()
    [[1, 0], [2, 3]]

    Lesson 14.
    """
    logits_TE = at_least_float32(logits_TE)
    most = int((logits_TE > 0).sum(-1).max())  # the one wait for the device
    weight_TK, expert_TK = logits_TE.relu().topk(most)
    expert_TK = expert_TK.where(weight_TK > 0, logits_TE.shape[1])
    return Routing(logits_TE, weight_TK, expert_TK, has_unfilled=True)


@of_real_tokens
def sparsity(routings):
    """Measure the share of gates that are shut, over tokens, experts and layers.

    Returns:
        A number: 0 when each token visits all experts, 1 - k/E at k experts a token, 1 at none.

    >>> sparsity(relu_routing(torch.tensor([[0.5, 2.0, -1.0, -1.0]])))
    0.5

    Lesson 14.
    """
    shut = [(routing.logits_TE <= 0).float().mean() for routing in as_list(routings)]
    return torch.stack(shut).mean().item()


@of_real_tokens
def relu_penalty(routings, k):
    """Push open gates down, those of busy experts most: E/k times the sum of f_i G_i.

    Wang et al. 2024 (ReMoE, arXiv:2412.14711), the L1 penalty with load balancing: f_i is the
    share of tokens that visit expert i, without a gradient, G_i its mean gate. The mean over
    layers.

    Returns:
        In units of the scores: 0 when every gate is shut, E * E / k for gates of 1 everywhere.

    >>> relu_penalty(relu_routing(torch.tensor([[1.0, 3.0], [-1.0, 1.0]])), k=1).item()
    4.5

    Lesson 14.
    """
    return torch.stack([_agreement(routing, k) for routing in as_list(routings)]).mean()


def _agreement(routing, k):
    E = routing.logits_TE.shape[1]
    visited_E = (routing.logits_TE > 0).to(routing.logits_TE.dtype).mean(0)
    return E / k * (visited_E * routing.logits_TE.relu().mean(0)).sum()


def next_coefficient(coefficient, found, target, factor=1.2):
    """Multiply the penalty's weight while too many gates are open, divide it while too few.

    Wang et al. 2024 (ReMoE, arXiv:2412.14711): after each step, by the sign of the error alone.

    Args:
        found: the ``sparsity`` of the step just made.
        target: 1 - k/E.

    Returns:
        The next step's coefficient.

    >>> next_coefficient(1.0, found=0.5, target=0.75), next_coefficient(1.2, 0.8, 0.75)
    (1.2, 1.0)

    Lesson 14.
    """
    return coefficient * factor ** ((target > found) - (target < found))
