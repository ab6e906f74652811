"""Every way to keep experts busy, as lesson 4 compares them."""

from functools import partial

import torch
from torch import nn

from moe_lesson.models.recurrent import importance_and_load
from moe_lesson.moe.balance import switch_loss, z_loss
from moe_lesson.moe.routers import BiasedRouter, HashRouter, LinearRouter, NoisyRouter
from moe_lesson.moe.routing import Routing, expert_choice
from moe_lesson.study.trials import BalancingMethod

SHARED = 1.0  # about the standard deviation of what the sparse layer reads


def share_direction(model, size=SHARED):
    """Give all that the sparse layer reads a direction in common.

    Trained models have a smaller one: lesson 4 measures it in the shipped Mixtral. Along it a
    router's gradient adds up over tokens; without it the routers of lesson 4 do not collapse.

    Args:
        size: what is added to every number.

    >>> from moe_lesson.models.recurrent import Recurrent, RecurrentConfig
    >>> model = Recurrent(RecurrentConfig())
    >>> share_direction(model, size=5.0)
    >>> model.sparse.shared
    5.0

    Lesson 4.
    """
    model.sparse.shared = size


def smaller_start(model, scale):
    """Draw all matrices anew from a truncated normal of variance ``scale`` / fan-in.

    Fedus et al. 2021 (Switch, arXiv:2101.03961), section 2.4: 0.1 instead of 1.

    >>> from moe_lesson.models.recurrent import Recurrent, RecurrentConfig
    >>> model = Recurrent(RecurrentConfig(dim=100))
    >>> smaller_start(model, scale=0.01)
    >>> round(model.unembed.weight.std().item(), 3)
    0.009

    Lesson 4.
    """
    for name, weight in model.named_parameters():
        if weight.dim() > 1 and "embed.weight" != name:
            std = (scale / weight.shape[-1]) ** 0.5
            nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


def narrow_top_k(logits_TE, k):
    """Keep each token's k best experts with scores and softmax in bfloat16.

    What Fedus et al. 2021 warn of, made to be measured.

    Returns:
        A Routing; its weights have 8 bits of precision.

    >>> narrow_top_k(torch.tensor([[256.0, 257.0, 0.0]]), k=2).weight_TK.tolist()
    [[0.5, 0.5]]

    Lesson 4.
    """
    score_TK, expert_TK = logits_TE.to(torch.bfloat16).topk(k)
    return Routing(logits_TE, score_TK.softmax(-1).to(logits_TE.dtype), expert_TK)


def evenly_chosen(logits_TE, k):
    """Let each expert take T * k / E tokens: expert choice at the cost of top-k.

    >>> evenly_chosen(torch.eye(4), k=1).expert_TK.flatten().tolist()
    [0, 1, 2, 3]

    Lesson 4.
    """
    T, E = logits_TE.shape
    return expert_choice(logits_TE, max(1, T * k // E))


def nothing(routed):
    """Ask nothing of the router.

    >>> nothing(None)
    0.0

    Lesson 4.
    """
    return 0.0


def product(routed, balance=0.01, z=0.0):
    """Weigh the Switch loss and the z-loss of one layer.

    >>> from moe_lesson.moe.routers import RouterOutput
    >>> from moe_lesson.moe.routing import top_k
    >>> product(RouterOutput(top_k(torch.zeros(2, 4), k=1), None), balance=0.5).item()
    0.5

    Lesson 4.
    """
    asked = balance * switch_loss(routed.routing)
    return asked + z * z_loss(routed.routing) if z else asked


def remedies(start=0.02):
    """List every remedy of lesson 4, each for the model that ``share_direction`` prepares.

    Args:
        start: standard deviation of the router's first weights (0 in noisy ones).

    Returns:
        name -> BalancingMethod.

    >>> list(remedies())[:3]
    ['none', 'noise', 'importance']

    Lesson 4.
    """

    def scored(make, **options):
        return lambda config: make(config.dim, config.num_experts, config.top_k, **options)

    def hashed(config):
        return HashRouter(config.num_experts, config.top_k)

    linear, noisy = scored(LinearRouter, start=start), scored(NoisyRouter)
    biased = scored(BiasedRouter, start=start)
    even = scored(LinearRouter, start=start, route=evenly_chosen)
    paper = importance_and_load
    found = {
        "none": BalancingMethod(linear, nothing),
        "noise": BalancingMethod(noisy, nothing),
        "importance": BalancingMethod(noisy, partial(paper, w_importance=0.1, w_load=0.0)),
        "load": BalancingMethod(noisy, partial(paper, w_importance=0.0, w_load=0.1)),
        "importance, load": BalancingMethod(noisy, partial(paper, w_importance=0.1, w_load=0.1)),
        "Switch": BalancingMethod(linear, product),
        "Switch x 10": BalancingMethod(linear, partial(product, balance=0.1)),
        "Switch, z": BalancingMethod(linear, partial(product, z=0.001)),
        "z": BalancingMethod(linear, partial(product, balance=0.0, z=0.001)),
        "bias": BalancingMethod(biased, nothing, rate=0.001),
        "bias x 10": BalancingMethod(biased, nothing, rate=0.01),
        "expert choice": BalancingMethod(even, nothing),
        "hash": BalancingMethod(hashed, nothing),
    }
    return {name: one._replace(prepare=share_direction) for name, one in found.items()}
