"""Soft MoE: experts read weighted sums of tokens, so nothing is chosen and nothing is dropped."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from moe_lesson.moe.experts import SwiGLUExperts


class Mixed(NamedTuple):
    """Hold what a soft layer returns.

    >>> Mixed(torch.zeros(1, 2, 4), None, None).y_BSD.shape
    torch.Size([1, 2, 4])

    Lesson 14.
    """

    y_BSD: Tensor
    dispatch_BSEC: Tensor  # what each slot is made of: sums to 1 over a sequence's positions
    combine_BSEC: Tensor  # what each position takes: sums to 1 over experts and slots


class SoftLayer(nn.Module):
    """Mix each sequence into C slots an expert, let the experts work, and mix back.

    Puigcerver et al. 2023 (Soft MoE, arXiv:2308.00951), section 2.1: one matrix of scores, its
    softmax over positions on the way in, over all slots on the way out. Their normalisation of
    tokens and slots is left out. Every position sees every other: not causal, for images and
    encoders. E * C rows a sequence, however many experts.

    Returns:
        Mixed.

    >>> layer = SoftLayer(dim=4, hidden_dim=8, num_experts=3, slots=2)
    >>> mixed = layer(torch.randn(5, 7, 4))
    >>> mixed.y_BSD.shape, mixed.dispatch_BSEC.shape
    (torch.Size([5, 7, 4]), torch.Size([5, 7, 3, 2]))

    Lesson 14.
    """

    def __init__(self, dim, hidden_dim, num_experts, slots):
        super().__init__()
        self.slot_ECD = nn.Parameter(torch.randn(num_experts, slots, dim) * dim**-0.5)
        self.experts = SwiGLUExperts(dim, hidden_dim, num_experts)

    def forward(self, x_BSD):
        E, C, D = self.slot_ECD.shape
        logits_BSEC = torch.einsum("bsd,ecd->bsec", x_BSD, self.slot_ECD)
        dispatch_BSEC = logits_BSEC.softmax(1)
        combine_BSEC = logits_BSEC.flatten(2).softmax(-1).view_as(logits_BSEC)
        x_EBCD = torch.einsum("bsec,bsd->ebcd", dispatch_BSEC, x_BSD)
        count_E = torch.full((E,), len(x_BSD) * C, device=x_BSD.device)
        y_EBCD = self.experts(x_EBCD.reshape(-1, D), count_E).view_as(x_EBCD)
        y_BSD = torch.einsum("bsec,ebcd->bsd", combine_BSEC, y_EBCD)
        return Mixed(y_BSD, dispatch_BSEC, combine_BSEC)
