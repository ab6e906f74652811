"""Decoding on a CPU in NumPy: a small product costs a microsecond there, in torch six to ten.

The arrays are the weights' own memory; only attention's joined matrix is a copy. Tokens stand
in columns, so that each product reads ``weight.dot(x_DB)``, with the weights as they lie.
"""

import math
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from moe_lesson.inference.decoder import hidden_places, last_position, norm_weight, qkv_weight
from moe_lesson.models.attention import Attention, rotation
from moe_lesson.models.mixtral import Block, FeedForward, Mixtral
from moe_lesson.moe.experts import SwiGLUExperts
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.routers import LinearRouter
from moe_lesson.moe.routing import Routing, top_k

PLAIN = {Mixtral, Block, Attention, FeedForward, MoELayer, LinearRouter, SwiGLUExperts}
PLAIN |= {nn.Embedding, nn.ModuleList, nn.RMSNorm, nn.Linear}
MOST = 16  # sequences; with more the experts get rows enough for torch's products to win


def suits_arrays(model, batch):
    """Tell whether an ``ArrayDecoder`` can stand for a model, and is quicker: on a CPU, few rows.

    It can where all parts are Mixtral's own, without hooks, the routers choose by ``top_k``,
    and the weights are all in float32 or all in float64.

    >>> from moe_lesson.models.config import TINY
    >>> suits_arrays(Mixtral(TINY), batch=1), suits_arrays(Mixtral(TINY).bfloat16(), batch=1)
    (True, False)

    Lesson 13.
    """
    parts = list(model.modules())
    if batch > MOST or not {type(part) for part in parts} <= PLAIN:
        return False
    hooked = any(part._forward_hooks or part._forward_pre_hooks for part in parts)
    choices = {(part.route, part.top_k) for part in parts if isinstance(part, LinearRouter)}
    kinds = {(type(weight), weight.device.type, weight.dtype) for weight in model.parameters()}
    allowed = [{(nn.Parameter, "cpu", dtype)} for dtype in (torch.float32, torch.float64)]
    usual = not hooked and choices <= {(top_k, model.config.top_k)} and kinds in allowed
    return usual and not torch.is_autocast_enabled("cpu")


class Arrays(NamedTuple):
    """Hold what one layer needs at every step.

    >>> Arrays._fields[:3]
    ('qkv', 'output', 'norm')

    Lesson 13.
    """

    qkv: np.ndarray  # D columns; the first norm's weight is in it
    output: np.ndarray
    norm: np.ndarray  # the second norm's weight, a column
    router_ED: np.ndarray | None  # None: a dense layer, whose one network everybody visits
    gate_up: list  # of each expert: gate above up
    down: list
    kept: np.ndarray  # a buffer: B, keys and values of G each, P places, A numbers


class ArrayDecoder:
    """Continue a batch as ``Decoder`` does, on the memory of the weights as they are now.

    Args:
        cache: the ``Output.cache`` of the prompt; it stays as it was.
        tokens: how many tokens will follow at most; None: as many as the context holds.

    Raises:
        ValueError: as ``Decoder``.

    >>> from moe_lesson.models.config import TINY
    >>> model = Mixtral(TINY)
    >>> step = ArrayDecoder(model, model(torch.tensor([[1, 2]])).cache)
    >>> logits_BV, routings = step(torch.tensor([3]))
    >>> logits_BV.shape, len(routings)
    (torch.Size([1, 320]), 2)

    Lesson 13.
    """

    @torch.no_grad()
    def __init__(self, model, cache, tokens=None):
        config = self.config = model.config
        H, G, A = config.n_heads, config.n_kv_heads, config.head_dim
        self.seen, self.end = cache.seen, last_position(config, cache, tokens)
        self.pad_B = None if cache.pad_B is None else cache.pad_B.numpy()
        places = min(self.end, config.window or self.end)
        self.hidden = hidden_places(cache, places, config).numpy().reshape(-1, G, 1, places)
        # Partners become neighbours, one complex number: a product turns it by its angle.
        table = model.embed.weight
        cos, sin = rotation(torch.arange(self.end)[None], A, config.rope_theta, table.dtype)
        self.turn = torch.complex(cos, sin)[0, :, : A // 2].numpy()
        self.layers = [
            _arrays(block, kept, places)
            for block, kept in zip(model.blocks, cache.layers, strict=True)
        ]
        self.table_VD = _array(table)
        self.norm = _array(norm_weight(model.norm))[:, None]
        self.unembed_VD = self.table_VD if config.tied else _array(model.unembed.weight)
        self.floor = config.dim * config.norm_eps
        # Filled anew in each layer, and seen in parts: queries, keys, values.
        B = len(cache.layers[0].key_BGPA)
        self.heads = np.empty((B, H + 2 * G, A), self.table_VD.dtype)
        self.turning = self.heads[:, : H + G].view(self.turn.dtype)

    def __call__(self, id_B):
        """Read one token of each sequence.

        Returns:
            logits_BV of the next one, and one Routing per layer (none in a dense model).
        """
        if self.seen >= self.end:
            raise ValueError(f"{self.seen + 1} positions: this decoder has room for {self.end}")
        x_DB, routes = np.ascontiguousarray(self.table_VD[id_B.numpy()].T), []
        turn = self.turn[self.seen]
        if self.pad_B is not None:
            turn = self.turn[self.seen - self.pad_B][:, None]
            self.hidden[..., self.seen % self.hidden.shape[-1]] = 0  # padding is overwritten
        with np.errstate(all="ignore"):  # exp may be infinite in silu; ``choose`` finds NaN
            for layer in self.layers:
                x_DB += self._attend(layer, _normed(x_DB, self.floor), turn)
                y_DB, route = self._visit(layer, _normed(x_DB, self.floor) * layer.norm)
                routes += [] if route is None else [route]
                x_DB += y_DB
            logits = self.unembed_VD.dot(_normed(x_DB, self.floor) * self.norm)
        self.seen += 1
        logits_BV = torch.from_numpy(np.ascontiguousarray(logits.T))
        return logits_BV, [Routing(*map(torch.from_numpy, route)) for route in routes]

    def _attend(self, layer, normed_DB, turn):
        """Return attention's answer; remember the new key and value."""
        (B, pairs, places, A), G = layer.kept.shape, self.config.n_kv_heads
        slot, filled = self.seen % places, min(self.seen + 1, places)
        np.dot(normed_DB.T, layer.qkv.T, out=self.heads.reshape(B, -1))
        np.multiply(self.turning, turn, out=self.turning)
        layer.kept[:, :, slot] = self.heads[:, -pairs:]
        query = self.heads[:, :-pairs].reshape(B, G, -1, A)
        share = query @ layer.kept[:, :G, :filled].swapaxes(2, 3)
        if self.pad_B is not None:
            share += self.hidden[..., :filled]
        share -= share.max(-1, keepdims=True)
        np.exp(share, out=share)
        y = share @ layer.kept[:, G:, :filled]
        y /= share.sum(-1, keepdims=True)
        return layer.output.dot(y.reshape(B, -1).T)

    def _visit(self, layer, normed_DB):
        """Ask each token's experts, or the one network of a dense layer.

        Returns:
            y_DB; and the parts of a Routing, None in a dense layer.
        """
        if layer.router_ED is None:
            return _network(layer, 0, normed_DB), None
        logits_BE = layer.router_ED.dot(normed_DB).T
        weight_BK, expert_BK = _top_k(logits_BE, self.config.top_k)
        route, (B, K) = (logits_BE, weight_BK, expert_BK), expert_BK.shape
        if B == 1:  # nothing to sort
            visits = zip(weight_BK[0].tolist(), expert_BK[0].tolist())
            return sum(share * _network(layer, e, normed_DB) for share, e in visits), route
        order = expert_BK.argsort(axis=None, kind="stable")
        token, experts = order // K, expert_BK.ravel()[order].tolist()
        groups = [list(rows) for _, rows in groupby(range(B * K), experts.__getitem__)]
        own = [(experts[rows[0]], slice(rows[0], rows[-1] + 1)) for rows in groups]
        x_DR = normed_DB.take(token, 1)
        inner = _inner(np.concatenate([layer.gate_up[e].dot(x_DR[:, r]) for e, r in own], 1))
        y_DR = np.concatenate([layer.down[e].dot(inner[:, r]) for e, r in own], 1)
        mix_RB = np.zeros((B * K, B), y_DR.dtype)  # row r counts for its token alone
        mix_RB[range(B * K), token] = weight_BK.ravel()[order]
        return y_DR.dot(mix_RB), route


def _array(weight):
    """Show a weight's memory as an array."""
    return weight.detach().numpy()


def _arrays(block, kept, places):
    """Show a layer's weights as arrays; keep what is remembered in buffers with room for more."""
    B, G, P, A = kept.key_BGPA.shape
    partner = torch.arange(A).view(2, -1).t().flatten()
    qkv = qkv_weight(block).unflatten(0, (-1, A))
    qkv[:-G] = qkv[:-G, partner]
    buffer = np.empty((B, 2 * G, places, A), _array(qkv).dtype)
    buffer[:, :G, :P] = _array(kept.key_BGPA)[..., partner]
    buffer[:, G:, :P] = _array(kept.value_BGPA)
    network, router = block.feed_forward, None
    if isinstance(network, MoELayer):
        router = _array(network.router.score_ED)
        gate_up, down = network.experts.gate_up_EJFD.flatten(1, 2), network.experts.down_EDF
    else:
        gate_up, down = network.gate_up_JFD.flatten(0, 1)[None], network.down_DF[None]
    output, norm = block.attention.output.weight, norm_weight(block.feed_forward_norm)[:, None]
    return Arrays(
        *map(_array, (qkv.flatten(0, 1), output, norm)),
        router,
        list(_array(gate_up)),
        list(_array(down)),
        buffer,
    )


def _normed(x_DB, floor):
    """Divide by the root mean square, but for the square root of D, as ``decoder`` does."""
    if x_DB.shape[1] == 1:  # a plain number is the quickest
        return x_DB / math.sqrt(np.vdot(x_DB, x_DB) + floor)
    return x_DB / np.sqrt(np.einsum("db,db->b", x_DB, x_DB) + floor)


def _top_k(logits_BE, k):
    """Return ``top_k``'s weight_BK and expert_BK."""
    expert_BK = (-logits_BE).argsort(1)[:, :k]
    score_BK = logits_BE[np.arange(len(expert_BK))[:, None], expert_BK]
    share_BK = np.exp(score_BK - score_BK[:, :1])
    return share_BK / share_BK.sum(1, keepdims=True), expert_BK


def _network(layer, e, x_DB):
    """Apply one expert to all tokens."""
    return layer.down[e].dot(_inner(layer.gate_up[e].dot(x_DB)))


def _inner(hidden):
    """Return silu(gate) * up, of which ``hidden`` is the pair."""
    half = len(hidden) // 2
    gate, up = hidden[:half], hidden[half:]
    return gate / (1 + np.exp(-gate)) * up
