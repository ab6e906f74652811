"""Routers with weights of their own, called as ``router(x_TD, id_T, generator)``.

Each returns a RouterOutput. Only the hashed one looks at the token ids, only noisy ones draw noise.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from moe_lesson.moe.balance import smooth_load, update_bias
from moe_lesson.moe.dispatch import dispatch, plan
from moe_lesson.moe.routing import (
    Routing,
    biased_top_k,
    check_k,
    hash_router,
    noisy_top_k,
    score,
    top_k,
)


class RouterOutput(NamedTuple):
    """Hold what a router with weights returns.

    >>> RouterOutput(None, torch.ones(2)).load_E.sum().item()
    2.0

    Lesson 3.
    """

    routing: Routing
    load_E: Tensor | None  # visits expected over fresh noise, with a gradient; None: no estimate


class NoisyRouter(nn.Module):
    """Score experts and the noise to add to each score; keep the k best.

    Shazeer et al. 2017 (arXiv:1701.06538), eqs. 3-5 and 8-10. Both matrices start at zero:
    no signal, and noise of standard deviation softplus(0) = ln 2.

    Args:
        start: standard deviation of the starting scores' weights; 0 as in the paper.
        generator: where the noise comes from; None: no noise, as in evaluation.

    Raises:
        ValueError: ``top_k`` is not between 1 and ``num_experts``.

    >>> router = NoisyRouter(dim=2, num_experts=4, top_k=2)
    >>> routing, load_E = router(torch.ones(6, 2), generator=torch.Generator().manual_seed(0))
    >>> routing.expert_TK.shape, load_E.shape
    (torch.Size([6, 2]), torch.Size([4]))

    Lesson 3.
    """

    def __init__(self, dim, num_experts, top_k, start=0.0):
        super().__init__()
        check_k(top_k, num_experts)
        self.top_k = top_k
        self.score_ED = nn.Parameter(start * torch.randn(num_experts, dim))
        self.noise_ED = nn.Parameter(torch.zeros(num_experts, dim))

    def forward(self, x_TD, id_T=None, generator=None):
        clean_TE, scale_TE = score(x_TD, self.score_ED), score(x_TD, self.noise_ED)
        routing = noisy_top_k(clean_TE, scale_TE, self.top_k, generator)
        return RouterOutput(routing, smooth_load(clean_TE, routing.logits_TE, scale_TE, self.top_k))


class TwoLevelRouter(nn.Module):
    """Choose k groups by noisy top-k, then k experts in each: K = k * k visits a token.

    Shazeer et al. 2017, appendix B: weights multiply, and an expert's load is its group's
    load times its share in the group. Only the chosen groups are scored.

    Returns:
        A RouterOutput. ``logits_TE`` is the log of the product of both softmaxes, -inf in groups
        that were not chosen.

    Raises:
        ValueError: ``groups`` does not divide ``num_experts``, or ``top_k`` is not between
            1 and the number of groups and the number of experts in one.

    >>> routing, load_E = TwoLevelRouter(dim=2, num_experts=4, top_k=2, groups=2)(torch.ones(1, 2))
    >>> routing.weight_TK.tolist(), load_E.sum().item()
    ([[0.25, 0.25, 0.25, 0.25]], 4.0)

    Lesson 3.
    """

    def __init__(self, dim, num_experts, top_k, groups):
        super().__init__()
        if groups < 1 or num_experts % groups:
            raise ValueError(f"groups is {groups}: it must divide num_experts {num_experts}")
        self.first = NoisyRouter(dim, groups, top_k)
        inner = [NoisyRouter(dim, num_experts // groups, top_k) for _ in range(groups)]
        self.inner = nn.ModuleList(inner)

    def forward(self, x_TD, id_T=None, generator=None):
        chosen, load_of_groups = self.first(x_TD, generator=generator)
        visits = plan(chosen)
        chunks = dispatch(x_TD, visits).split(visits.count_E.tolist())
        pairs = zip(self.inner, chunks, strict=True)
        parts = [router(chunk, generator=generator) for router, chunk in pairs]
        shares = [part.load_E / max(len(chunk), 1) for part, chunk in zip(parts, chunks)]
        load_E = (load_of_groups[:, None] * torch.stack(shares)).flatten()
        return RouterOutput(_joined(chosen, visits, [part.routing for part in parts]), load_E)


def _joined(chosen, visits, inner):
    """Make one Routing over all experts of the choice of groups and the choices in them."""
    T, groups = chosen.logits_TE.shape
    own = inner[0].logits_TE.shape[1]  # experts in a group
    group = torch.arange(groups, device=visits.token_R.device).repeat_interleave(visits.count_E)
    first = group[:, None] * own  # the number of the group's first expert
    expert = torch.cat([routing.expert_TK for routing in inner]) + first
    weight = torch.cat([routing.weight_TK for routing in inner]) * visits.weight_R[:, None]
    log_share = torch.cat([routing.logits_TE.log_softmax(-1) for routing in inner])
    log_share = log_share + chosen.logits_TE.log_softmax(-1)[visits.token_R, group, None]
    column = first + torch.arange(own, device=first.device)
    logits_TE = log_share.new_full((T, groups * own), -torch.inf)
    logits_TE = logits_TE.index_put((visits.token_R[:, None], column), log_share)
    back = visits.token_R.argsort(stable=True)  # rows stand by group: put them by token again
    weight_TK, order_TK = weight[back].view(T, -1).sort(descending=True, stable=True)
    return Routing(logits_TE, weight_TK, expert[back].view(T, -1).gather(1, order_TK))


class LinearRouter(nn.Module):
    """Score experts by one matrix and let a function of ``routing`` choose.

    Args:
        start: standard deviation of the starting weights; None: as torch's Linear draws them.
        route: called as ``route(logits_TE, top_k)``.

    Raises:
        ValueError: ``top_k`` is not between 1 and ``num_experts``.

    >>> LinearRouter(dim=2, num_experts=4, top_k=2)(torch.ones(3, 2)).routing.expert_TK.shape
    torch.Size([3, 2])

    Lesson 4.
    """

    def __init__(self, dim, num_experts, top_k, start=0.02, route=top_k):
        super().__init__()
        check_k(top_k, num_experts)
        self.top_k, self.route = top_k, route
        if start is None:
            self.score_ED = nn.Linear(dim, num_experts, bias=False).weight
        else:
            self.score_ED = nn.Parameter(start * torch.randn(num_experts, dim))

    def forward(self, x_TD, id_T=None, generator=None):
        return RouterOutput(self.route(score(x_TD, self.score_ED), self.top_k), None)


class BiasedRouter(nn.Module):
    """Choose by score plus a bias that ``balance`` moves after each step.

    Wang et al. 2024 (loss-free balancing, arXiv:2408.15664), algorithm 1. The bias is a
    buffer: saved with the model, never trained by a gradient.

    Args:
        route: called as ``route(logits_TE, bias_E, top_k)``.

    Raises:
        ValueError: ``top_k`` is not between 1 and ``num_experts``.

    >>> router = BiasedRouter(dim=2, num_experts=2, top_k=1)
    >>> router.balance(torch.tensor([0.9, 0.1]), rate=0.5)
    >>> router.bias_E.tolist()
    [-0.5, 0.5]

    Lesson 4.
    """

    def __init__(self, dim, num_experts, top_k, start=0.02, route=biased_top_k):
        super().__init__()
        check_k(top_k, num_experts)
        self.top_k, self.route = top_k, route
        self.score_ED = nn.Parameter(start * torch.randn(num_experts, dim))
        self.register_buffer("bias_E", torch.zeros(num_experts))

    def forward(self, x_TD, id_T=None, generator=None):
        logits_TE = score(x_TD, self.score_ED)
        return RouterOutput(self.route(logits_TE, self.bias_E, self.top_k), None)

    def balance(self, load_E, rate):
        """Move the bias against the load of the step that has just been made.

        >>> router = BiasedRouter(2, 2, 1)
        >>> router.balance(torch.tensor([0.5, 0.5]), rate=0.5)
        >>> router.bias_E.tolist()
        [0.0, 0.0]

        Lesson 4.
        """
        self.bias_E = update_bias(self.bias_E, load_E.to(self.bias_E.device), rate)


def move_biases(model, loads, rate):
    """Move the biases of all of a model's routers that have one, after a step of training.

    Wang et al. 2024 (arXiv:2408.15664), algorithm 1. As ``watch`` of ``training.loop.train``:
    ``lambda row: move_biases(model, row["load"], rate)``.

    Args:
        loads: of each sparse layer in turn, the load of the step: numbers, one an expert.

    Raises:
        ValueError: there are more or fewer loads than BiasedRouters.

    >>> router = BiasedRouter(dim=2, num_experts=2, top_k=1)
    >>> move_biases(nn.Sequential(router), [[0.9, 0.1]], rate=0.5)
    >>> router.bias_E.tolist()
    [-0.5, 0.5]

    Lesson 14.
    """
    routers = [module for module in model.modules() if isinstance(module, BiasedRouter)]
    if len(routers) != len(loads):
        raise ValueError(f"{len(loads)} loads for {len(routers)} routers with a bias")
    for router, share in zip(routers, loads):
        router.balance(torch.tensor(share), rate)


class HashRouter(nn.Module):
    """Send each token where its id says: no weights, nothing to learn.

    Roller et al. 2021 (hash layers, arXiv:2106.04426).

    >>> HashRouter(8, 2)(torch.ones(3, 4), torch.tensor([5, 6, 5])).routing.expert_TK.shape
    torch.Size([3, 2])

    Lesson 4.
    """

    def __init__(self, num_experts, top_k):
        super().__init__()
        check_k(top_k, num_experts)
        self.num_experts, self.top_k = num_experts, top_k

    def forward(self, x_TD, id_T, generator=None):
        return RouterOutput(hash_router(id_T, self.num_experts, self.top_k), None)
