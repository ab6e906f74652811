"""Mixture-of-Depths: a block takes some tokens of a sequence, the others skip it."""

import torch
import torch.nn.functional as F
from torch import nn

from moe_lesson.moe.dispatch import seats
from moe_lesson.moe.routing import Routing, score


def passing(score_BS, share):
    """Choose the ``share`` of each sequence's tokens that score highest.

    Raposo et al. 2024 (Mixture-of-Depths, arXiv:2404.02258): expert choice between a block and
    nothing. Whether a token passes depends on tokens after it: not causal.

    Returns:
        chosen_BS, true for the same number in each sequence: 1 or more.

    Raises:
        ValueError: ``share`` is not above 0.

    >>> passing(torch.tensor([[0.1, 0.9, 0.5, 0.2]]), share=0.5).tolist()
    [[False, True, True, False]]

    Lesson 14.
    """
    S = score_BS.shape[1]
    many = min(seats(S, 1, 1, share), S)
    nobody_BS = torch.zeros_like(score_BS, dtype=torch.bool)
    return nobody_BS.scatter(1, score_BS.topk(many).indices, True)


class SkippingBlock(nn.Module):
    """Let a block work on the tokens that are chosen; the others stay as they are.

    Raposo et al. 2024 (Mixture-of-Depths, arXiv:2404.02258): the chosen attend to one another
    alone, at their own positions. What the block adds is weighed by the sigmoid of the score,
    theirs by the score itself. It takes a dense block's place in ``models.mixtral``.

    Args:
        block: a ``Block`` whose feed-forward network is dense.
        share: how many of a sequence's tokens pass.
        causal: whether the tokens that pass are those that score above 0, each by itself, as in
            sampling; else the best of the sequence. It may be set later.

    Returns:
        x_BSD; a Routing with one expert, the block (id 0; id 1 has skipped it); no cache.

    Raises:
        ValueError: the block is sparse, or it is called with a cache.

    >>> from dataclasses import replace
    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> model = Mixtral(replace(TINY, num_experts=1, top_k=1))
    >>> model.blocks[1] = SkippingBlock(model.blocks[1], dim=32, share=0.25)
    >>> routing, = model(torch.zeros(1, 8, dtype=torch.long)).routings
    >>> int((routing.expert_TK == 0).sum())
    2

    Lesson 14.
    """

    def __init__(self, block, dim, share, causal=False):
        super().__init__()
        if hasattr(block.feed_forward, "router"):
            raise ValueError("the block is sparse: its own routing would be lost")
        self.block, self.share, self.causal = block, share, causal
        self.score_ED = nn.Parameter(0.02 * torch.randn(1, dim))

    def forward(self, x_BSD, cos_sin, mask_BSP, past, seen):
        if seen:
            raise ValueError(f"{seen} positions are in a cache: a block that is skipped has none")
        logits_TE = score(x_BSD.flatten(0, 1), self.score_ED)
        score_BS = logits_TE.view(x_BSD.shape[:2])
        chosen_BS = score_BS > 0 if self.causal else passing(score_BS, self.share)
        weight_BS = score_BS.sigmoid() * chosen_BS
        x_BSD = self._pass(x_BSD, cos_sin, mask_BSP, chosen_BS, weight_BS)
        weight_TK, skips_TK = (each.reshape(-1, 1) for each in (weight_BS, ~chosen_BS))
        return x_BSD, Routing(logits_TE, weight_TK, skips_TK.long(), has_unfilled=True), None

    def _pass(self, x_BSD, cos_sin, mask_BSP, chosen_BS, weight_BS):
        """Gather the chosen, in order, let the block work, and add what it says."""
        most = int(chosen_BS.sum(1).max())  # the one wait for the device
        place = (~chosen_BS).to(torch.uint8).argsort(dim=1, stable=True)[:, :most]
        row = torch.arange(len(place), device=place.device)[:, None]
        # Sequences with fewer are filled up by skipping tokens: nobody sees them, they weigh 0.
        sees = mask_BSP[row[..., None], place[:, :, None], place[:, None]]
        itself = torch.eye(most, dtype=torch.bool, device=place.device)
        sees = sees & chosen_BS[row, place][:, None] | itself
        near = x_BSD[row, place]
        angles = [angle_BSA[row, place] for angle_BSA in cos_sin]
        added = self.block(near, angles, sees, None, 0)[0] - near
        weight = weight_BS[row, place][..., None].to(added.dtype)
        return x_BSD.index_put((row, place), weight * added, accumulate=True)


def choice_loss(routing):
    """Teach each token's score to be above 0 exactly if the token is chosen.

    Raposo et al. 2024 (arXiv:2404.02258): a cross entropy, so that in sampling a token can decide
    by itself. Its gradient moves the score too.

    Args:
        routing: of a ``SkippingBlock``.

    Returns:
        Nats a token: log 2 for scores of 0, 0 when each score tells for certain.

    >>> routing = Routing(torch.tensor([[0.0], [0.0]]), None, torch.tensor([[0], [1]]))
    >>> round(choice_loss(routing).item(), 3)
    0.693

    Lesson 14.
    """
    chosen_TE = (routing.expert_TK == 0).to(routing.logits_TE.dtype)
    return F.binary_cross_entropy_with_logits(routing.logits_TE, chosen_TE)
