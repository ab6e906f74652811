"""Mixtral: attention and a sparse layer in every block. With one expert: Mistral."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moe_lesson.models.attention import Attention, attention_mask, rotation, slot_positions
from moe_lesson.moe.experts import swiglu
from moe_lesson.moe.layer import MoELayer


class Cache(NamedTuple):
    """Hold what attention remembers of the positions so far.

    >>> Cache([], seen=0, pad_B=None).seen
    0

    Lesson 8.
    """

    layers: list  # one KeyValue per layer
    seen: int  # how many positions came before, padding included
    pad_B: Tensor | None  # how many of them are padding, at the left of each sequence


class Output(NamedTuple):
    """Hold what a model returns.

    >>> Output(torch.zeros(1, 1, 4), [], None).routings
    []

    Lesson 8.
    """

    logits_BSV: Tensor  # scores of the next token, before the softmax
    routings: list  # one Routing per layer, T = B * S, padding marked; empty in a dense model
    cache: Cache | None  # hand it to the next call to go on from here; None: no such thing
    auxiliary: Tensor | float = 0.0  # what the model itself wants added to its training loss


class FeedForward(nn.Module):
    """Compute one SwiGLU network: what a sparse layer replaces.

    Returns:
        y_TD and None, where a sparse layer returns its Routing.

    >>> y_TD, routing = FeedForward(4, 8)(torch.zeros(1, 4))
    >>> y_TD.tolist(), routing
    ([[0.0, 0.0, 0.0, 0.0]], None)

    Lesson 8.
    """

    def __init__(self, dim, hidden_dim):
        super().__init__()
        self.gate_up_JFD = nn.Parameter(torch.randn(2, hidden_dim, dim) * dim**-0.5)
        self.down_DF = nn.Parameter(torch.randn(dim, hidden_dim) * hidden_dim**-0.5)

    def forward(self, x_TD):
        return swiglu(x_TD, self.gate_up_JFD, self.down_DF), None


class Block(nn.Module):
    """Attend, then feed forward; each adds to the residual.

    >>> from moe_lesson.models.config import TINY
    >>> type(Block(TINY).feed_forward).__name__
    'MoELayer'

    Lesson 8.
    """

    def __init__(self, config):
        super().__init__()
        dim, hidden_dim = config.dim, config.hidden_dim
        self.attention_norm = nn.RMSNorm(dim, eps=config.norm_eps)
        self.attention = Attention(config)
        self.feed_forward_norm = nn.RMSNorm(dim, eps=config.norm_eps)
        if config.num_experts == 1:
            self.feed_forward = FeedForward(dim, hidden_dim)
        else:
            self.feed_forward = MoELayer(dim, hidden_dim, config.num_experts, config.top_k)

    def forward(self, x_BSD, cos_sin, mask_BSP, past, seen):
        normed_BSD = self.attention_norm(x_BSD)
        added_BSD, new_cache = self.attention(normed_BSD, cos_sin, mask_BSP, past, seen)
        x_BSD = x_BSD + added_BSD
        y_TD, routing = self.feed_forward(self.feed_forward_norm(x_BSD).flatten(0, 1))
        return x_BSD + y_TD.view_as(x_BSD), routing, new_cache


def check_ids(id_BS, vocab_size):
    """Refuse token ids that have no embedding.

    Raises:
        ValueError: an id is outside the vocabulary.

    >>> check_ids(torch.tensor([[3, 9]]), vocab_size=9)
    Traceback (most recent call last):
    ValueError: token id 9: allowed are 0 to 8

    Lesson 8.
    """
    lowest, highest = (int(end) for end in id_BS.aminmax())
    if lowest < 0 or highest >= vocab_size:
        wrong = lowest if lowest < 0 else highest
        raise ValueError(f"token id {wrong}: allowed are 0 to {vocab_size - 1}")


class Mixtral(nn.Module):
    """Predict the next token: embed, n_layers blocks, norm, unembed.

    Jiang et al. 2024 (arXiv:2401.04088), section 2. The starting weights are normal with
    standard deviation 0.02, those that write to the residual smaller by sqrt(2 L), as
    in GPT-2: Mixtral's own are not published.

    Args:
        pad_B: how many ids at the left of each sequence are padding; None: none.
        cache: an earlier ``Output.cache``; the ids then follow what it has seen.
        dialogue_BS: the number of the text that each id belongs to, where several share a row:
            none sees another. Below 0 is padding. Positions go on, which RoPE, being relative,
            does not notice. Without a cache.

    Raises:
        ValueError: more positions than ``context_len``, or none at all; as ``check_ids``
            (on the CPU; elsewhere torch itself reports an id without an embedding).

    >>> from moe_lesson.models.config import TINY
    >>> Mixtral(TINY)(torch.tensor([[1, 2, 3]])).logits_BSV.shape
    torch.Size([1, 3, 320])

    Lesson 8.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.dim)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = nn.RMSNorm(config.dim, eps=config.norm_eps)
        if not config.tied:
            self.unembed = nn.Linear(config.dim, config.vocab_size, bias=False)
        self.apply_start()

    def apply_start(self):
        """Draw the starting weights anew from torch's generator.

        >>> from moe_lesson.models.config import TINY
        >>> Mixtral(TINY).embed.weight.std().item() < 0.03
        True

        Lesson 9.
        """
        residual = 0.02 * (2 * self.config.n_layers) ** -0.5
        for name, weight in self.named_parameters():
            if weight.dim() > 1 and not weight.is_meta:
                writes = name.endswith(("output.weight", "down_EDF", "down_DF"))
                nn.init.normal_(weight, std=residual if writes else 0.02)

    def forward(self, id_BS, pad_B=None, cache=None, dialogue_BS=None):
        cache = cache or Cache([None] * len(self.blocks), 0, pad_B)
        seen, pad_B, window = cache.seen, cache.pad_B, self.config.window
        total = seen + id_BS.shape[1]
        if not seen < total <= self.config.context_len:
            raise ValueError(f"{total} positions: allowed are 1 to {self.config.context_len}")
        if id_BS.device.type == "cpu":  # elsewhere a look would make the host wait
            check_ids(id_BS, self.config.vocab_size)
        x_BSD = self.embed(id_BS)
        position_S = torch.arange(seen, total, device=id_BS.device)
        key_P = torch.cat([slot_positions(seen, window, id_BS.device), position_S])
        mask_BSP = attention_mask(position_S, key_P, pad_B, window).expand(len(id_BS), -1, -1)
        # Without padding all sequences turn alike: computed once, shown to each.
        place = position_S[None] if pad_B is None else (position_S - pad_B[:, None]).clamp(0)
        cos_sin = rotation(place, self.config.head_dim, self.config.rope_theta, x_BSD.dtype)
        cos_sin = [angle.expand(len(id_BS), -1, -1) for angle in cos_sin]
        real_T = None if pad_B is None else (position_S >= pad_B[:, None]).flatten()
        if dialogue_BS is not None:
            mask_BSP = mask_BSP & (dialogue_BS[:, :, None] == dialogue_BS[:, None])
            real_T = (dialogue_BS >= 0).flatten()
        routings, layers = [], []
        for block, past in zip(self.blocks, cache.layers, strict=True):
            x_BSD, routing, new_cache = block(x_BSD, cos_sin, mask_BSP, past, seen)
            routings += [] if routing is None else [routing._replace(real_T=real_T)]
            layers.append(new_cache)
        return Output(self.logits(x_BSD), routings, Cache(layers, total, pad_B))

    def logits(self, x_BSD):
        """Turn the last block's output into scores of the next token.

        >>> from moe_lesson.models.config import TINY
        >>> Mixtral(TINY).logits(torch.zeros(1, 2, 32)).abs().max().item()
        0.0

        Lesson 8.
        """
        table_VD = self.embed.weight if self.config.tied else self.unembed.weight
        return F.linear(self.norm(x_BSD), table_VD)
