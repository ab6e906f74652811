"""The sparse layer: router, dispatch, experts, combine."""

from torch import nn

from moe_lesson.moe.dispatch import combine, dispatch, plan
from moe_lesson.moe.experts import SwiGLUExperts
from moe_lesson.moe.fast_cpu import fused_forward, supports
from moe_lesson.moe.routing import check_k, score, top_k


class MoELayer(nn.Module):
    """Send each token to k of E experts and add what they say.

    Jiang et al. 2024 (Mixtral, arXiv:2401.04088), section 2.1. The routing is returned,
    never stored.

    Args:
        route: a function of ``routing``, called as ``route(logits_TE, k)``.
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

    def __init__(self, dim, hidden_dim, num_experts, top_k, route=top_k, experts=SwiGLUExperts):
        super().__init__()
        check_k(top_k, num_experts)
        self.router = nn.Linear(dim, num_experts, bias=False)
        self.experts = experts(dim, hidden_dim, num_experts)
        self.top_k, self.route = top_k, route

    def forward(self, x_TD):
        routing = self.route(self.score(x_TD), self.top_k)
        if supports(x_TD, routing, self.experts):
            return fused_forward(x_TD, routing, self.experts), routing
        visits = plan(routing)
        y_RD = self.experts(dispatch(x_TD, visits), visits.count_E)
        return combine(y_RD, visits, len(x_TD)), routing

    def score(self, x_TD):
        """Score every expert for every token, in float32 at least even under autocast.

        >>> import torch
        >>> MoELayer(4, 8, 3, 2).score(torch.zeros(1, 4)).tolist()
        [[0.0, 0.0, 0.0]]

        Lesson 4.
        """
        return score(x_TD, self.router.weight)
