"""The Transformers of 2020 and 2021: every n-th feed-forward network is a layer with seats."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from moe_lesson import one_of
from moe_lesson.models.attention import Attention, attention_mask, rotation
from moe_lesson.models.config import check_positive
from moe_lesson.models.mixtral import check_ids
from moe_lesson.models.recurrent import noise_source
from moe_lesson.moe.dispatch import ORDERS, Plan, combine, dispatch, plan, seats, within_capacity
from moe_lesson.moe.experts import ReLUExperts
from moe_lesson.moe.routing import (
    Routing,
    expert_choice,
    random_second,
    score,
    switch,
    top_k,
)

POSITIVE = "dim n_layers head_dim hidden_dim n_heads context_len vocab_size num_experts every"
ROUTERS = {"top-1": 1, "top-2": 2, "GShard": 2, "expert choice": 1}  # name -> K
GROUPS = ("sequence", "batch")


@dataclass(frozen=True)
class SwitchConfig:
    """Name the sizes of a Transformer with seats, and the policy that fills them.

    Lepikhin et al. 2020 (GShard, arXiv:2006.16668): every other network is sparse. Dense ones are
    as wide as the K experts of a token together, so ``every`` changes no operation but the
    router's.

    Raises:
        ValueError: the numbers contradict one another, or a name is unknown.

    >>> once, twice = SwitchConfig(every=2), SwitchConfig(every=1)
    >>> twice.operations - once.operations == 2 * 8 * 32  # two more routers
    True

    Lesson 5.
    """

    dim: int = 32
    n_layers: int = 4
    head_dim: int = 8
    hidden_dim: int = 64  # width of an expert
    n_heads: int = 4
    context_len: int = 32
    vocab_size: int = 512
    num_experts: int = 8
    every: int = 2  # each n-th block is sparse; 1: all
    router: str = "top-1"  # one of ``ROUTERS``
    capacity: float | None = 1.25  # factor in training; None: dropless
    eval_capacity: float | None = 2.0  # factor in evaluation
    order: str = "left to right"  # one of ``ORDERS``
    group: str = "sequence"  # whose tokens share seats: each sequence's, or the batch's
    causal: bool = True  # a decoder; False: an encoder, which sees both sides

    def __post_init__(self):
        check_positive(self, POSITIVE)
        named = {"router": ROUTERS, "order": ORDERS, "group": GROUPS}
        for name, names in named.items():
            one_of(name, getattr(self, name), names)
        if self.top_k > self.num_experts or self.every > self.n_layers:
            raise ValueError(
                f"{self.num_experts} experts in every {self.every}th of {self.n_layers} blocks: "
                f"{self.router} needs {self.top_k} or more, and a block to stand in"
            )
        for name in ("capacity", "eval_capacity"):
            factor = getattr(self, name)
            if factor is None and self.router == "expert choice":
                raise ValueError(f"{name} is None: experts that choose need a number of seats")
            seats(1, 1, 1, factor)  # which refuses 0 and less

    # What ``Attention`` asks of its config: a key and a value for every head, and no window.
    window = None

    @property
    def n_kv_heads(self):
        """Count the key-value heads: as many as query heads.

        >>> SwitchConfig().n_kv_heads
        4

        Lesson 5.
        """
        return self.n_heads

    @property
    def top_k(self):
        """Count the experts that a token visits, with expert choice on average.

        >>> SwitchConfig(router="GShard").top_k
        2

        Lesson 5.
        """
        return ROUTERS[self.router]

    @property
    def operations(self):
        """Count one token's multiply-adds in the blocks, products of attention left out.

        >>> SwitchConfig(router="top-2", hidden_dim=32).operations == SwitchConfig().operations
        True

        Lesson 5.
        """
        attention = 4 * self.dim * self.n_heads * self.head_dim
        network = 2 * self.dim * self.hidden_dim * self.top_k
        routers = self.n_layers // self.every * self.dim * self.num_experts
        return self.n_layers * (attention + network) + routers


class Seated(NamedTuple):
    """Hold what a layer with seats returns.

    >>> Seated(torch.zeros(1, 2), None, None).y_TD.shape
    torch.Size([1, 2])

    Lesson 5.
    """

    y_TD: Tensor
    routing: Routing | None  # whom tokens asked for, seat or none; None: a dense network
    visits: Plan | None  # who got a seat


class SeatedLayer(nn.Module):
    """Send tokens to ReLU experts that have a number of seats.

    Fedus et al. 2021 (Switch, arXiv:2101.03961), section 2; GShard, algorithm 1; Zhou et al.
    2022 (arXiv:2202.09368). GShard's draw of the second expert is made in training only.

    Args:
        length: tokens of one sequence. Each sequence then is a group, with the seats that
            ``context_len`` tokens have, however short it is. None: all tokens are one group, and
            their number decides the seats.

    Returns:
        Seated.

    >>> layer = SeatedLayer(SwitchConfig(num_experts=3, capacity=1.0))
    >>> y_TD, routing, visits = layer(torch.randn(6, 32))
    >>> bool(visits.count_E.max() <= 2)
    True

    Lesson 5.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.score_ED = nn.Parameter(torch.randn(config.num_experts, config.dim) * 0.02)
        self.experts = ReLUExperts(config.dim, config.hidden_dim, config.num_experts)

    def forward(self, x_TD, length=None):
        config, (T, _) = self.config, x_TD.shape
        factor = config.capacity if self.training else config.eval_capacity
        size, known = (length, config.context_len) if length else (T, T)
        capacity = min(size, seats(known, config.num_experts, config.top_k, factor))
        routing = self._route(score(x_TD, self.score_ED), capacity, size)
        visits = plan(routing, config.order)
        if config.router != "expert choice":
            visits = within_capacity(visits, capacity, size)
        y_RD = self.experts(dispatch(x_TD, visits), visits.count_E)
        return Seated(combine(y_RD, visits, T), routing, visits)

    def _route(self, logits_TE, capacity, size):
        if self.config.router == "expert choice":
            return expert_choice(logits_TE, capacity, size)
        if self.config.router == "top-1":
            return switch(logits_TE)
        routing = top_k(logits_TE, 2)
        if self.config.router == "GShard" and self.training:
            return random_second(routing, noise_source(logits_TE.device))
        return routing


class DenseNetwork(nn.Module):
    """Compute one ReLU network for every token: what a layer with seats replaces.

    >>> DenseNetwork(SwitchConfig())(torch.zeros(2, 32)).routing is None
    True

    Lesson 5.
    """

    def __init__(self, config):
        super().__init__()
        self.network = ReLUExperts(config.dim, config.hidden_dim * config.top_k, 1)

    def forward(self, x_TD, length=None):
        everyone = torch.tensor([len(x_TD)], device=x_TD.device)
        return Seated(self.network(x_TD, everyone), None, None)


class SeatedBlock(nn.Module):
    """Attend, then feed forward; each reads a norm and adds to the residual (pre-norm).

    >>> type(SeatedBlock(SwitchConfig(), sparse=True).feed_forward).__name__
    'SeatedLayer'

    Lesson 5.
    """

    def __init__(self, config, sparse):
        super().__init__()
        self.by_sequence = config.group == "sequence"
        self.attention_norm, self.attention = nn.RMSNorm(config.dim), Attention(config)
        self.feed_forward_norm = nn.RMSNorm(config.dim)
        self.feed_forward = (SeatedLayer if sparse else DenseNetwork)(config)

    def forward(self, x_BSD, cos_sin, mask_BSP):
        x_BSD = x_BSD + self.attention(self.attention_norm(x_BSD), cos_sin, mask_BSP)[0]
        length = x_BSD.shape[1] if self.by_sequence else None
        seated = self.feed_forward(self.feed_forward_norm(x_BSD).flatten(0, 1), length)
        return x_BSD + seated.y_TD.view_as(x_BSD), seated


class SeatedOutput(NamedTuple):
    """Hold what a Transformer with seats returns.

    >>> SeatedOutput(torch.zeros(1, 1, 4), [], []).auxiliary
    0.0

    Lesson 5.
    """

    logits_BSV: Tensor  # of the next token (decoder), or of this one (encoder)
    routings: list  # whom tokens asked for, one Routing a sparse block
    plans: list  # who got a seat, one Plan a sparse block

    @property
    def auxiliary(self):
        """Nothing of its own is added to the training loss."""
        return 0.0


class SwitchTransformer(nn.Module):
    """Embed, n_layers blocks of which each ``every``-th is sparse, norm, unembed.

    GShard and Switch, in the course's own parts: rotary positions where they have learned or
    relative ones, one stack where they have an encoder and a decoder.

    Raises:
        ValueError: more positions than ``context_len``, or an id outside the vocabulary.

    >>> output = SwitchTransformer(SwitchConfig())(torch.tensor([[1, 2, 3]]))
    >>> output.logits_BSV.shape, len(output.routings)
    (torch.Size([1, 3, 512]), 2)

    Lesson 5.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.dim)
        sparse = [(at + 1) % config.every == 0 for at in range(config.n_layers)]
        self.blocks = nn.ModuleList(SeatedBlock(config, each) for each in sparse)
        self.norm = nn.RMSNorm(config.dim)
        self.unembed = nn.Linear(config.dim, config.vocab_size, bias=False)

    def forward(self, id_BS):
        B, S = id_BS.shape
        if not 1 <= S <= self.config.context_len:
            raise ValueError(f"{S} positions: allowed are 1 to {self.config.context_len}")
        if id_BS.device.type == "cpu":  # elsewhere a look would make the host wait
            check_ids(id_BS, self.config.vocab_size)
        x_BSD = self.embed(id_BS)
        place = torch.arange(S, device=id_BS.device)
        mask_BSP = attention_mask(place, place, None, None).expand(B, -1, -1)
        if not self.config.causal:
            mask_BSP = torch.ones_like(mask_BSP)
        angles = rotation(place[None], self.config.head_dim, 1e4, x_BSD.dtype)
        cos_sin = [angle.expand(B, -1, -1) for angle in angles]
        all_seated = []
        for block in self.blocks:
            x_BSD, seated = block(x_BSD, cos_sin, mask_BSP)
            all_seated += [seated] if seated.routing is not None else []
        logits_BSV = self.unembed(self.norm(x_BSD))
        routings, plans = ([each[at] for each in all_seated] for at in (1, 2))
        return SeatedOutput(logits_BSV, routings, plans)
