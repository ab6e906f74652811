"""Grouped-query attention with rotary positions and a key-value cache, full or rolling."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class KeyValue(NamedTuple):
    """Hold one layer's remembered keys (rotated already) and values.

    >>> KeyValue(torch.zeros(1, 2, 5, 8), torch.zeros(1, 2, 5, 8)).key_BGPA.shape[2]
    5

    Lesson 8.
    """

    key_BGPA: Tensor
    value_BGPA: Tensor


def rotation(position_BS, head_dim, theta, dtype):
    """Compute the cosine and sine of each position's angles.

    Su et al. 2021 (RoPE, arXiv:2104.09864): pair i of A/2 turns by position * theta^(-2i/A).
    Pairs are (i, i + A/2), as in Hugging Face's weights; the paper pairs neighbours.

    Returns:
        cos_BSA and sin_BSA in ``dtype``, computed in float32 at least.

    >>> rotation(torch.tensor([[0]]), 4, 1e6, torch.float32)[0].tolist()
    [[[1.0, 1.0, 1.0, 1.0]]]

    Lesson 8.
    """
    wide = torch.promote_types(dtype, torch.float32)
    pair = torch.arange(0, head_dim, 2, device=position_BS.device).to(wide)
    angle = position_BS[..., None].to(wide) * theta ** (-pair / head_dim)
    angle_BSA = torch.cat([angle, angle], -1)
    return angle_BSA.cos().to(dtype), angle_BSA.sin().to(dtype)


def rotate(x_BHSA, cos_BSA, sin_BSA):
    """Turn each pair (i, i + A/2) of a head by its position's angle.

    Su et al. 2021 (arXiv:2104.09864), eq. 34. Lengths stay; the product of a rotated query
    and a rotated key depends only on how far apart they stand.

    >>> quarter_turn = torch.zeros(1, 1, 2), torch.ones(1, 1, 2)
    >>> rotate(torch.tensor([[[[1.0, 0.0]]]]), *quarter_turn).flatten().tolist()
    [0.0, 1.0]

    Lesson 8.
    """
    first, second = x_BHSA.chunk(2, -1)
    turned_BHSA = torch.cat([-second, first], -1)
    return x_BHSA * cos_BSA[:, None] + turned_BHSA * sin_BSA[:, None]


def attend(query_BHSA, key_BGPA, value_BGPA, mask_BSP):
    """Average the values, weighted by the softmax of query times key.

    Vaswani et al. 2017 (arXiv:1706.03762), eq. 1, with groups (Ainslie et al. 2023,
    arXiv:2305.13245): H / G query heads share a key-value head, so their queries are
    stacked as more rows of one product and no key is copied.

    Args:
        mask_BSP: whether query s may look at position p.

    Returns:
        One vector per query head, in the shape of ``query_BHSA``.

    >>> key, value = torch.zeros(1, 1, 2, 2), torch.tensor([[[[1.0, 0.0], [3.0, 0.0]]]])
    >>> attend(key[:, :, :1], key, value, torch.ones(1, 1, 2, dtype=torch.bool)).tolist()
    [[[[2.0, 0.0]]]]

    Lesson 8.
    """
    if query_BHSA.is_cuda:
        mask = mask_BSP[:, None]
        return F.scaled_dot_product_attention(
            query_BHSA, key_BGPA, value_BGPA, attn_mask=mask, enable_gqa=True
        )
    B, H, S, A = query_BHSA.shape
    G = key_BGPA.shape[1]
    stacked = query_BHSA.reshape(B, G, H // G * S, A) * A**-0.5
    # Added in place, not filled in: this mask costs no second copy and no backward pass.
    hidden = torch.zeros_like(mask_BSP, dtype=stacked.dtype).masked_fill(~mask_BSP, float("-inf"))
    score = (stacked @ key_BGPA.transpose(2, 3)).add_(hidden.repeat(1, H // G, 1)[:, None])
    return (score.softmax(-1) @ value_BGPA).view(B, H, S, A)


def update_cache(past, new, seen, window):
    """Add new keys or values to a cache: all of them, or the last ``window`` of them.

    Jiang et al. 2023 (Mistral 7B, arXiv:2310.06825), figure 3: with a window position p
    lies in slot p mod W, so the cache never grows past W slots.

    Args:
        past: what is remembered, B G P A, or None.
        new: what comes, B G S A.
        seen: how many positions came before.

    >>> past, new = torch.tensor([0.0, 1, 2]).view(1, 1, 3, 1), torch.full((1, 1, 1, 1), 3.0)
    >>> update_cache(past, new, seen=3, window=3).flatten().tolist()
    [3.0, 1.0, 2.0]

    Lesson 8.
    """
    joined = new if past is None else torch.cat([past, new], 2)
    last = seen + new.shape[2]
    if window is None or last <= window:
        return joined
    latest = slot_positions(last, window, new.device)
    is_new, first_new = latest >= seen, joined.shape[2] - new.shape[2]
    return joined.index_select(2, torch.where(is_new, first_new + latest - seen, latest % window))


def slot_positions(seen, window, device=None):
    """Tell which position lies in each slot of a cache that has seen ``seen`` positions.

    >>> slot_positions(seen=5, window=3).tolist()
    [3, 4, 2]

    Lesson 8.
    """
    if window is None or seen <= window:
        return torch.arange(seen, device=device)
    slot = torch.arange(window, device=device)
    return seen - 1 - (seen - 1 - slot) % window


def attention_mask(query_S, key_P, pad_B, window):
    """Tell which positions each query may see: not later, not padding, not past the window.

    Returns:
        mask_BSP, B = 1 without padding. A padding position sees itself alone, so that no
        row of the softmax is empty.

    >>> attention_mask(torch.arange(3), torch.arange(3), None, window=2).int().tolist()
    [[[1, 0, 0], [1, 1, 0], [0, 1, 1]]]

    Lesson 8.
    """
    ahead_SP = query_S[:, None] - key_P[None]
    mask_SP = ahead_SP >= 0
    if window is not None:
        mask_SP = mask_SP & (ahead_SP < window)
    if pad_B is None:
        return mask_SP[None]
    real_BP = key_P[None] >= pad_B[:, None]
    return (mask_SP[None] & real_BP[:, None]) | (ahead_SP == 0)[None]


class Attention(nn.Module):
    """Let each position gather from those before it.

    Jiang et al. 2023 (Mistral 7B, arXiv:2310.06825), section 2; no biases.

    >>> from moe_lesson.models.config import TINY
    >>> sum(p.numel() for p in Attention(TINY).parameters()) == TINY.attention_parameters
    True

    Lesson 8.
    """

    def __init__(self, config):
        super().__init__()
        self.head_dim, self.window = config.head_dim, config.window
        wide, narrow = (n * config.head_dim for n in (config.n_heads, config.n_kv_heads))
        self.query = nn.Linear(config.dim, wide, bias=False)
        self.key = nn.Linear(config.dim, narrow, bias=False)
        self.value = nn.Linear(config.dim, narrow, bias=False)
        self.output = nn.Linear(wide, config.dim, bias=False)

    def forward(self, x_BSD, cos_sin, mask_BSP, past=None, seen=0):
        heads = [
            project(x_BSD).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)
            for project in (self.query, self.key, self.value)
        ]
        query_BHSA, key_BGPA = (rotate(each, *cos_sin) for each in heads[:2])
        value_BGPA = heads[2]
        old = past or (None, None)
        new_cache = KeyValue(
            update_cache(old[0], key_BGPA, seen, self.window),
            update_cache(old[1], value_BGPA, seen, self.window),
        )
        if past is not None:
            key_BGPA = torch.cat([past.key_BGPA, key_BGPA], 2)
            value_BGPA = torch.cat([past.value_BGPA, value_BGPA], 2)
        y_BHSA = attend(query_BHSA, key_BGPA, value_BGPA, mask_BSP)
        return self.output(y_BHSA.transpose(1, 2).flatten(2)), new_cache
