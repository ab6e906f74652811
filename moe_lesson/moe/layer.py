"""The sparse layer: router, dispatch, experts, combine."""

from torch import nn

from moe_lesson.moe.dispatch import combine, dispatch, plan
from moe_lesson.moe.experts import SwiGLUExperts
from moe_lesson.moe.fast_cpu import fused_forward, supports
from moe_lesson.moe.routers import LinearRouter
from moe_lesson.moe.routing import top_k


def visit(x_TD, routing, experts, plan=plan):
    """Send tokens where a routing says, and add what the experts answer by its weights.

    Args:
        plan: makes a Plan of the routing; one with seats drops visits.

    Returns:
        y_TD; exactly zero for a token that visits nobody.

    >>> import torch
    >>> from moe_lesson.moe.routing import top_k
    >>> routing = top_k(torch.randn(5, 3), k=2)
    >>> visit(torch.zeros(5, 4), routing, SwiGLUExperts(4, 8, 3)).abs().max().item()
    0.0

    Lesson 6.
    """
    visits = plan(routing)
    y_RD = experts(dispatch(x_TD, visits), visits.count_E)
    return combine(y_RD, visits, len(x_TD))


def _visit(x_TD, routing, experts):
    """Do what ``visit`` does, by the fast path where there is one."""
    if supports(x_TD, routing, experts):
        return fused_forward(x_TD, routing, experts)
    return visit(x_TD, routing, experts)


class MoELayer(nn.Module):
    """Send each token to k of E experts and add what they say.

    Jiang et al. 2024 (Mixtral, arXiv:2401.04088), section 2.1. The routing is returned,
    never stored.

    Args:
        router: a function of ``routing``, called as ``router(logits_TE, top_k)`` on a matrix of
            scores; or a module of ``routers``, with a ``top_k`` of its own.
        experts: a class of ``experts``.

    Raises:
        ValueError: ``top_k`` is not between 1 and ``num_experts``.

    >>> import torch
    >>> layer = MoELayer(dim=4, hidden_dim=8, num_experts=3, top_k=2)
    >>> y_TD, routing = layer(torch.randn(5, 4))
    >>> y_TD.shape, routing.expert_TK.shape
    (torch.Size([5, 4]), torch.Size([5, 2]))

    Lesson 8.
    """

    def __init__(self, dim, hidden_dim, num_experts, top_k, router=top_k, experts=SwiGLUExperts):
        super().__init__()
        if not isinstance(router, nn.Module):
            router = LinearRouter(dim, num_experts, top_k, start=None, route=router)
        self.router = router
        self.experts = experts(dim, hidden_dim, num_experts)

    def forward(self, x_TD, id_T=None, generator=None):
        routing = self.router(x_TD, id_T, generator).routing
        return _visit(x_TD, routing, self.experts), routing
