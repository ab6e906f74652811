"""Experts in groups, one a device: a token's choice limited to few of them (DeepSeek)."""

import torch
import torch.nn.functional as F

from moe_lesson.moe.routing import Routing, at_least_float32, check_k


def limit_to_groups(score_TE, groups, kept, best):
    """Rule out the experts of all but a token's ``kept`` best groups.

    DeepSeek-AI 2024 (V2, arXiv:2405.04434), section 2.2: a group is what stands on one device.
    Experts are numbered group by group.

    Args:
        best: how many of a group's best scores add up to the group's own.

    Returns:
        score_TE, -inf in the groups that were not kept.

    Raises:
        ValueError: ``groups`` does not divide E, ``kept`` is not between 1 and ``groups``, or
            ``best`` not between 1 and the size of a group.

    >>> limit_to_groups(torch.tensor([[5.0, 0.0, 3.0, 3.0]]), groups=2, kept=1, best=2).tolist()
    [[-inf, -inf, 3.0, 3.0]]

    Lesson 14.
    """
    E = score_TE.shape[-1]
    if groups < 1 or E % groups:
        raise ValueError(f"groups is {groups}: it must divide {E} experts")
    size = E // groups
    for name, number, most in (("kept", kept, groups), ("best", best, size)):
        if not 1 <= number <= most:
            raise ValueError(f"{name} is {number}: {groups} groups of {size} allow 1 to {most}")
    by_group = score_TE.unflatten(-1, (groups, size))
    chosen = by_group.topk(best).values.sum(-1).topk(kept).indices
    lost = torch.ones_like(by_group[..., 0], dtype=torch.bool).scatter(-1, chosen, False)
    return by_group.masked_fill(lost[..., None], -torch.inf).flatten(-2)


def device_limited(logits_TE, k, groups, kept):
    """Keep each token's k likeliest experts of the ``kept`` devices that hold its likeliest.

    DeepSeek-AI 2024 (V2, arXiv:2405.04434), section 2.2: a device counts by the largest
    probability on it. Weights are not renormalised; V2's fixed factor on them is left out.

    Returns:
        A Routing; the k weights sum to 1 at most.

    Raises:
        ValueError: ``k`` is above the experts of ``kept`` groups; as ``limit_to_groups``.

    >>> logits_TE = torch.tensor([[3.0, 0.0, 2.0, 2.0]])
    >>> device_limited(logits_TE, k=2, groups=2, kept=1).expert_TK.tolist()
    [[0, 1]]

    Lesson 14.
    """
    logits_TE = at_least_float32(logits_TE)
    prob_TE = logits_TE.softmax(-1)
    return _chosen(logits_TE, prob_TE, prob_TE, k, (groups, kept, 1))


def node_limited(logits_TE, bias_E, k, groups=1, kept=1):
    """Choose by sigmoid plus bias on a token's best nodes; weigh by the sigmoids' shares.

    DeepSeek-AI 2024 (V3, arXiv:2412.19437), section 2.1.2: a node counts by its K / ``kept`` best
    biased scores. The bias moves no weight. One group is V3's routing without a limit. V3's
    fixed factor on the weights is left out.

    Returns:
        A Routing; each token's k weights are shares that sum to 1.

    Raises:
        ValueError: ``k`` is above the experts of ``kept`` groups; as ``limit_to_groups``.

    >>> bias_E = torch.tensor([0.0, 0.0, 9.0])
    >>> [field.tolist() for field in node_limited(torch.zeros(1, 3), bias_E, k=2)[1:3]]
    [[[0.5, 0.5]], [[2, 0]]]

    Lesson 14.
    """
    logits_TE = at_least_float32(logits_TE)
    score_TE, limit = logits_TE.sigmoid(), (groups, kept, max(k // kept, 1))
    routing = _chosen(logits_TE, score_TE + bias_E, score_TE, k, limit)
    # The shares of sigmoids that may all have rounded to 0: a softmax over their logarithms.
    kept_TK = F.logsigmoid(logits_TE).gather(-1, routing.expert_TK)
    return routing._replace(weight_TK=kept_TK.softmax(-1))


def _chosen(logits_TE, rank_TE, score_TE, k, limit):
    """Choose each token's k highest ranks within the limit; weigh by score."""
    groups, kept, _ = limit
    check_k(k, logits_TE.shape[-1] * kept // groups)
    expert_TK = limit_to_groups(rank_TE, *limit).topk(k).indices
    return Routing(logits_TE, score_TE.gather(-1, expert_TK), expert_TK)
