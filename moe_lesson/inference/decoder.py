"""Decoding without overhead: one token per sequence, the same numbers as the model's own.

At one token a step most of the model's time goes into calls, not arithmetic. A ``Decoder``
prepares what does not change, joins the attention's four small products into two, and
writes keys and values into a buffer where the model makes a longer copy at every step.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from moe_lesson.models.attention import rotation, slot_positions


class Layer(NamedTuple):
    """Hold what one layer needs at every step.

    >>> Layer(None, None, None, None, None)._fields
    ('block', 'norm_weight', 'qkv_weight', 'key', 'value')

    Lesson 13.
    """

    block: torch.nn.Module
    norm_weight: Tensor  # the second norm's weight; the first one's is in ``qkv_weight``
    qkv_weight: Tensor  # query, key and value matrices, one above the other
    key: Tensor  # buffers of B * G sequences of P places
    value: Tensor


class Decoder:
    """Continue a batch from a prompt's cache, one token per sequence at a time.

    For inference: it returns inference tensors, and attention's weights are copied as they
    are now. The cache that is handed in stays as it was.

    Args:
        cache: the ``Output.cache`` of the prompt.
        tokens: how many tokens will follow at most; None: as many as the context holds.

    Raises:
        ValueError: the cache is empty, or more tokens come than there is room for.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> model = Mixtral(TINY)
    >>> step = Decoder(model, model(torch.tensor([[1, 2]])).cache)
    >>> logits_BV, routings = step(torch.tensor([3]))
    >>> logits_BV.shape, len(routings)
    (torch.Size([1, 320]), 2)

    Lesson 13.
    """

    @torch.inference_mode()
    def __init__(self, model, cache, tokens=None):
        config = model.config
        self.model, self.config = model, config
        self.seen, self.pad_B = cache.seen, cache.pad_B
        self.end = last_position(config, cache, tokens)
        places = min(self.end, config.window or self.end)
        self.hidden = hidden_places(cache, places, config)
        self.layers = [
            Layer(
                block,
                norm_weight(block.feed_forward_norm),
                qkv_weight(block),
                *(_buffer(part, places) for part in kept),
            )
            for block, kept in zip(model.blocks, cache.layers, strict=True)
        ]
        table = model.embed.weight
        self.floor = table.new_tensor((config.dim * config.norm_eps) ** 0.5)
        position_BS = torch.arange(self.end, device=table.device)[None]
        cos, sin = rotation(position_BS, config.head_dim, config.rope_theta, table.dtype)
        # Rolling by half a head swaps the partners of a pair; the minus of the first of them
        # moves into the sine.
        first, second = sin[0].chunk(2, -1)
        self.cos, self.sin = cos[0], torch.cat([-first, second], -1)

    @torch.inference_mode()
    def __call__(self, id_B):
        """Read one token of each sequence.

        Returns:
            logits_BV of the next one, and one Routing per layer (none in a dense model).
        """
        if self.seen >= self.end:
            raise ValueError(f"{self.seen + 1} positions: this decoder has room for {self.end}")
        x_BD, cos_sin, routings = self.model.embed(id_B), self._cos_sin(), []
        self.hidden[..., self.seen % self.hidden.shape[-1]] = 0  # padding is overwritten
        for layer in self.layers:
            block = layer.block
            x_BD = self._attend(layer, _norm(x_BD, self.floor), x_BD, cos_sin)
            y_BD, routing = block.feed_forward(_norm(x_BD, self.floor) * layer.norm_weight)
            routings += [] if routing is None else [routing]
            x_BD = x_BD + y_BD
        self.seen += 1
        return self.model.logits(x_BD[:, None])[:, 0], routings

    def _cos_sin(self):
        """Look up this position's cosine and sine, per sequence if they are padded."""
        if self.pad_B is None:
            return self.cos[self.seen], self.sin[self.seen]
        position_B = self.seen - self.pad_B
        return self.cos[position_B][:, None], self.sin[position_B][:, None]

    def _attend(self, layer, normed_BD, x_BD, cos_sin):
        """Add attention's answer to ``x_BD``; remember the new key and value."""
        B, H, G = len(x_BD), self.config.n_heads, self.config.n_kv_heads
        A, places = self.config.head_dim, layer.key.shape[1]
        heads = F.linear(normed_BD, layer.qkv_weight).view(B, H + 2 * G, A)
        turning = heads[:, : H + G]
        turned = torch.addcmul(turning * cos_sin[0], turning.roll(A // 2, -1), cos_sin[1])
        slot = self.seen % places
        layer.key[:, slot] = turned[:, H:].reshape(B * G, A)
        layer.value[:, slot] = heads[:, H + G :].reshape(B * G, A)
        filled = min(self.seen + 1, places)
        score = torch.bmm(turned[:, :H].reshape(B * G, H // G, A), layer.key[:, :filled].mT)
        if self.pad_B is not None:
            score = score + self.hidden[..., :filled]
        y = torch.bmm(score.softmax(-1), layer.value[:, :filled]).view(B, H * A)
        return torch.addmm(x_BD, y, layer.block.attention.output.weight.t())


def last_position(config, cache, tokens):
    """Return how many positions there will be after so many tokens, or fill the context.

    Raises:
        ValueError: the cache is empty, or more tokens come than there is room for.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Cache
    >>> last_position(TINY, Cache([], seen=7, pad_B=None), tokens=None) == TINY.context_len
    True

    Lesson 13.
    """
    if not cache.seen:
        raise ValueError("the cache has seen 0 positions: it must hold a prompt, 1 or more")
    room = config.context_len - cache.seen
    if tokens is not None and tokens > room:
        raise ValueError(f"{tokens} tokens after {cache.seen}: there is room for {room}")
    return cache.seen + (room if tokens is None else tokens)


def hidden_places(cache, places, config):
    """Return what to add to scores: minus infinity where a place of the buffers holds padding.

    Returns:
        B * G rows of one row of places; without padding all are 0.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> cache = Mixtral(TINY)(torch.tensor([[2, 5, 6]]), pad_B=torch.tensor([1])).cache
    >>> hidden_places(cache, 4, TINY).tolist()
    [[[-inf, 0.0, 0.0, 0.0]], [[-inf, 0.0, 0.0, 0.0]]]

    Lesson 13.
    """
    key_BGPA = cache.layers[0].key_BGPA
    hidden = key_BGPA.new_zeros(len(key_BGPA), places)
    if cache.pad_B is not None:
        position_P = slot_positions(cache.seen, config.window, key_BGPA.device)
        padding_BP = position_P < cache.pad_B[:, None]
        hidden[:, : len(position_P)].masked_fill_(padding_BP, float("-inf"))
    return hidden.repeat_interleave(config.n_kv_heads, 0)[:, None]


def _norm(x_BD, floor):
    """Divide by the root mean square, but for the square root of D: a third of torch's calls.

    sqrt(x.x + D eps) is the hypotenuse of the length of x and ``floor`` = sqrt(D eps).
    """
    return x_BD / torch.hypot(torch.linalg.vector_norm(x_BD, dim=-1, keepdim=True), floor)


def norm_weight(norm):
    """Move the square root of D that a decoder's norm leaves out into the norm's weight.

    >>> norm_weight(torch.nn.RMSNorm(4)).tolist()
    [2.0, 2.0, 2.0, 2.0]

    Lesson 13.
    """
    return norm.weight * len(norm.weight) ** 0.5


def qkv_weight(block):
    """Join the matrices that read a position, the norm's weight and the scores' scale in them.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Block
    >>> qkv_weight(Block(TINY)).shape == ((4 + 2 * 2) * 8, 32)
    True

    Lesson 13.
    """
    attention = block.attention
    parts = [attention.query.weight, attention.key.weight, attention.value.weight]
    joined = torch.cat(parts).mul_(norm_weight(block.attention_norm))
    joined[: len(parts[0])] *= attention.head_dim**-0.5
    return joined


def _buffer(kept_BGPA, places):
    """Copy what is remembered to the front of a buffer with room for more."""
    B, G, P, A = kept_BGPA.shape
    buffer = kept_BGPA.new_zeros(B * G, places, A)
    buffer[:, :P] = kept_BGPA.reshape(B * G, P, A)
    return buffer
