"""Five faults of routers and balance, each as small as it can be written.

Each function here is wrong on purpose, and its docstring measures the symptom. The right
version is named beside it and takes the same arguments. Nothing else may call these.
"""

import torch
import torch.nn.functional as F

from moe_lesson.moe.balance import load
from moe_lesson.moe.routing import Routing, top_k


def always_noisy(logits_TE, scale_TE, k, generator=None):
    """Route with noise whether or not there is a generator.

    The fault: torch reads ``generator=None`` as "the global generator", so leaving it out
    in evaluation turns nothing off. Right: ``routing.noisy_top_k``.

    Returns:
        A Routing. Of one token with two equal scores, 100 times, the expert changes:

    >>> x_TE = torch.zeros(1, 2)
    >>> len({always_noisy(x_TE, x_TE, k=1).expert_TK.item() for _ in range(100)})
    2

    Lesson 4.
    """
    noise_TE = torch.empty_like(logits_TE).normal_(generator=generator)
    return top_k(logits_TE + noise_TE * F.softplus(scale_TE), k)


def masked_loss(routing):
    """Multiply loads by probabilities that only the chosen experts share.

    The fault: P must come from the softmax over all experts. Of one chosen expert the
    masked probability is 1 whatever its score. Right: ``balance.switch_loss``.

    Returns:
        Dimensionless scalar: 1 for an even router, E when one expert takes all; with K = 1
        its gradient is 0 for every router. (Right: here 0.5 and -0.5.)

    >>> logits_TE = torch.zeros(1, 2, requires_grad=True)
    >>> loss = masked_loss(top_k(logits_TE, k=1))
    >>> loss.item(), torch.autograd.grad(loss, logits_TE)[0].tolist()
    (2.0, [[0.0, 0.0]])

    Lesson 4.
    """
    E = routing.logits_TE.shape[-1]
    kept_TK = routing.logits_TE.gather(-1, routing.expert_TK)
    masked_TE = torch.full_like(routing.logits_TE, -torch.inf)
    prob_E = masked_TE.scatter(-1, routing.expert_TK, kept_TK).softmax(-1).mean(0)
    return E * (load(routing) * prob_E).sum()


def mixed_load(clean_TE, noisy_TE, scale_TE, k):
    """Estimate the load by comparing scores with probabilities.

    The fault: the score to beat is read off after a softmax, so it lies between 0 and 1
    wherever the scores are. Right: ``balance.smooth_load``. Needs k below E.

    Returns:
        load_E, in visits, with a sum that may be anything from 0 to T*E. Two equal scores
        and k = 1 must give 0.5 each. At 0 they get the chance of a normal draw below
        (0 - 0.5) / ln 2 = -0.72; at 5 both are taken for certain:

    >>> x_TE = torch.zeros(1, 2)
    >>> [round(x, 3) for x in mixed_load(x_TE, x_TE, x_TE, k=1).tolist()]
    [0.235, 0.235]
    >>> mixed_load(x_TE + 5, x_TE + 5, x_TE, k=1).tolist()
    [1.0, 1.0]

    Lesson 4.
    """
    best_TK, expert_TK = noisy_TE.softmax(-1).topk(k + 1)
    chosen_TE = torch.zeros_like(noisy_TE, dtype=torch.bool).scatter(1, expert_TK[:, :k], True)
    rival_TE = torch.where(chosen_TE, best_TK[:, k:], best_TK[:, k - 1 : k])
    return torch.special.ndtr((clean_TE - rival_TE) / F.softplus(scale_TE)).sum(0)


def sure_switch(logits_TE):
    """Send each token to one expert with its probability divided by itself.

    The fault: a single weight that is renormalised is 1, so what the layer says does not
    depend on the score, and the language loss teaches the router nothing. Right:
    ``routing.switch``.

    Returns:
        A Routing with K = 1 and weight 1. (Right: weight 0.25 here, with a gradient of
        0.1875 at the chosen score and -0.0625 at the others.)

    >>> logits_TE = torch.zeros(1, 4, requires_grad=True)
    >>> weight_TK = sure_switch(logits_TE).weight_TK
    >>> weight_TK.item(), torch.autograd.grad(weight_TK.sum(), logits_TE)[0].tolist()
    (1.0, [[0.0, 0.0, 0.0, 0.0]])

    Lesson 4.
    """
    prob_TK, expert_TK = logits_TE.softmax(-1).topk(1)
    return Routing(logits_TE, prob_TK / prob_TK.sum(-1, keepdim=True), expert_TK)


def feed_bias(bias_E, count_E, rate):
    """Move each expert's bias towards its overload.

    The fault: a sign. The busy expert becomes more attractive, and the next batch makes it
    busier still. Right: ``balance.update_bias``.

    Returns:
        A new bias_E, in units of the router's scores. With 9 and 1 visits the busy one must
        go down; here it goes up:

    >>> feed_bias(torch.zeros(2), torch.tensor([9, 1]), rate=0.5).tolist()
    [0.5, -0.5]

    Lesson 4.
    """
    count_E = count_E.to(bias_E.dtype)
    return bias_E + rate * (count_E - count_E.mean()).sign()
