"""A dense expert beside the routed ones."""

import torch
from torch import nn

from moe_lesson.moe.experts import SwiGLUExperts
from moe_lesson.moe.routing import score


class SharedExpert(nn.Module):
    """Add to a sparse layer one expert that every token visits.

    Dai et al. 2024 (DeepSeekMoE, arXiv:2401.06066): what all tokens need is learned once. Several
    shared experts are one of their joint width. It takes the layer's place: same call, same
    results.

    Args:
        layer: a ``MoELayer``.
        hidden_dim: width of the shared expert.
        gated: whether a sigmoid of the token weighs it, as in Qwen1.5-MoE; else its weight is 1.

    >>> from moe_lesson.moe.layer import MoELayer
    >>> layer = SharedExpert(MoELayer(4, 8, num_experts=3, top_k=1), dim=4, hidden_dim=16)
    >>> y_TD, routing = layer(torch.randn(5, 4))
    >>> y_TD.shape, routing.expert_TK.shape
    (torch.Size([5, 4]), torch.Size([5, 1]))

    Lesson 14.
    """

    def __init__(self, layer, dim, hidden_dim, gated=False):
        super().__init__()
        self.layer, self.shared = layer, SwiGLUExperts(dim, hidden_dim, 1)
        self.score_ED = nn.Parameter(torch.zeros(1, dim)) if gated else None

    def forward(self, x_TD, id_T=None, generator=None):
        y_TD, routing = self.layer(x_TD, id_T, generator)
        everyone = torch.tensor([len(x_TD)], device=x_TD.device)
        shared_TD = self.shared(x_TD, everyone)
        if self.score_ED is not None:
            shared_TD = score(x_TD, self.score_ED).sigmoid().to(y_TD.dtype) * shared_TD
        return y_TD + shared_TD, routing
