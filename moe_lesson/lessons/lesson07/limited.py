"""Routing to few devices: choose the devices first, then the experts on them."""

import torch

from moe_lesson.moe.routing import at_least_float32, check_k, top_k


def limited_top_k(logits_TE, k, devices, limit, best=1):
    """Keep each token's k best experts among those of its ``limit`` best devices.

    DeepSeek-AI 2024 (DeepSeek-V2, arXiv:2405.04434), section 2.2: a device counts as much as its
    best expert. DeepSeek-V3 (arXiv:2412.19437): as the sum of its ``best`` = 2 best. The weights
    are Mixtral's here, a softmax over the kept scores, so that only the limit differs.

    Args:
        devices: they hold as many experts each, in order.

    Returns:
        A Routing, its scores those of all experts.

    Raises:
        ValueError: the devices' experts are fewer than ``k``, or there are no such devices.

    >>> logits_TE = torch.tensor([[3.0, 0.0, 2.9, 2.8]])
    >>> limited_top_k(logits_TE, k=2, devices=2, limit=1).expert_TK.tolist()
    [[0, 1]]
    >>> limited_top_k(logits_TE, k=2, devices=2, limit=1, best=2).expert_TK.tolist()
    [[2, 3]]

    Lesson 7.
    """
    logits_TE = at_least_float32(logits_TE)
    T, E = logits_TE.shape
    if E % devices or not 1 <= limit <= devices:
        raise ValueError(f"limit {limit} of {devices} devices: they must divide {E} experts")
    check_k(k, limit * E // devices)
    by_device = logits_TE.detach().sigmoid().view(T, devices, -1)
    worth = by_device.topk(best, dim=-1).values.sum(-1)
    allowed = torch.zeros_like(worth, dtype=torch.bool)
    allowed = allowed.scatter(1, worth.topk(limit).indices, True)
    allowed_TE = allowed[..., None].expand_as(by_device).reshape(T, E)
    found = top_k(logits_TE.masked_fill(~allowed_TE, -torch.inf), k)
    return found._replace(logits_TE=logits_TE)
