"""The model of 2017: an LSTM, a sparse layer with a noisy router, an LSTM."""

from dataclasses import dataclass

import torch
from torch import nn

from moe_lesson.models.config import check_positive
from moe_lesson.models.mixtral import Output, check_ids
from moe_lesson.moe.balance import cv_squared, importance
from moe_lesson.moe.experts import ReLUExperts
from moe_lesson.moe.layer import visit
from moe_lesson.moe.routers import NoisyRouter, TwoLevelRouter
from moe_lesson.moe.routing import at_least_float32, check_k

POSITIVE = "dim hidden_dim num_experts top_k groups context_len vocab_size"


@dataclass(frozen=True)
class RecurrentConfig:
    """Name the sizes of an LSTM - MoE - LSTM language model.

    Shazeer et al. 2017 (arXiv:1701.06538), appendix C. With ``groups`` the router has two
    levels: it chooses ``top_k`` groups, then ``top_k`` experts in each of them.

    Raises:
        ValueError: the numbers contradict one another.

    >>> few, many = RecurrentConfig(num_experts=4), RecurrentConfig(num_experts=128)
    >>> round(many.operations / few.operations, 2), round(many.parameters / few.parameters, 1)
    (1.12, 16.6)

    Lesson 3.
    """

    dim: int = 64  # width of the model and of both LSTMs
    hidden_dim: int = 128  # width of one expert
    num_experts: int = 32
    top_k: int = 4
    groups: int = 1
    context_len: int = 64
    vocab_size: int = 512
    dropout: float = 0.1

    def __post_init__(self):
        check_positive(self, POSITIVE)
        if self.num_experts % self.groups:
            raise ValueError(
                f"groups is {self.groups}: it must divide num_experts {self.num_experts}"
            )
        if self.groups > 1:
            check_k(self.top_k, self.groups)
        check_k(self.top_k, self.num_experts // self.groups)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}: it must be at least 0 and below 1")

    @property
    def experts_per_token(self):
        """Count the experts a token visits: ``top_k``, squared with two levels.

        >>> RecurrentConfig(top_k=2, groups=4).experts_per_token
        4

        Lesson 3.
        """
        return self.top_k if self.groups == 1 else self.top_k**2

    @property
    def parameters(self):
        """Count what is in memory, without embedding and output layer, as the paper does.

        >>> paper = RecurrentConfig(dim=512, hidden_dim=1024, num_experts=256)
        >>> round(paper.parameters / 1e6, 1)
        272.9

        Lesson 3.
        """
        scored = self.num_experts + (self.groups if self.groups > 1 else 0)
        return self._lstms + self.num_experts * self._expert + self._router(scored)

    @property
    def operations(self):
        """Count one token's multiply-adds, forward, without the output layer.

        >>> paper = RecurrentConfig(dim=512, hidden_dim=1024, num_experts=256)
        >>> round(paper.operations / 1e6, 2)
        8.65

        Lesson 3.
        """
        scored = self.num_experts
        if self.groups > 1:
            scored = self.groups + self.top_k * self.num_experts // self.groups
        return self._lstms + self.experts_per_token * self._expert + self._router(scored)

    @property
    def _lstms(self):
        return 16 * self.dim**2  # two layers, four gates, two matrices; biases left out

    @property
    def _expert(self):
        return 2 * self.dim * self.hidden_dim

    def _router(self, scored):
        return 2 * self.dim * scored  # scores and noise scales


def importance_and_load(routed, w_importance, w_load):
    """Grow when experts are used unevenly, by weight and by visits.

    Shazeer et al. 2017, eqs. 7 and 11.

    Returns:
        Dimensionless: 0 when both are even, (E - 1) times both weights when one expert
        takes all.

    Raises:
        ValueError: the router estimates no load, and ``w_load`` is not 0.

    >>> from moe_lesson.moe.routers import RouterOutput
    >>> from moe_lesson.moe.routing import top_k
    >>> routed = RouterOutput(top_k(torch.tensor([[9.0, 0.0]]), k=1), torch.tensor([1.0, 0.0]))
    >>> importance_and_load(routed, w_importance=0.1, w_load=0.2).item()
    0.30000001192092896

    Lesson 3.
    """
    uneven = w_importance * cv_squared(importance(routed.routing))
    if not w_load:
        return uneven
    if routed.load_E is None:
        raise ValueError(f"w_load is {w_load}: it must be 0 for a router that estimates no load")
    return uneven + w_load * cv_squared(routed.load_E)


class SparseBetween(nn.Module):
    """Apply the experts to all time steps of all sequences at once.

    Shazeer et al. 2017, section 3.1 and appendix C: between the LSTMs each time step is
    one more example, so T = B * S; the sum of the experts passes a sigmoid.

    >>> layer = SparseBetween(RecurrentConfig(dim=4, num_experts=8))
    >>> y_BSD, routed = layer(torch.randn(2, 3, 4), torch.zeros(2, 3, dtype=torch.long))
    >>> y_BSD.shape, routed.routing.expert_TK.shape
    (torch.Size([2, 3, 4]), torch.Size([6, 4]))

    Lesson 3.
    """

    def __init__(self, config, router=None):
        super().__init__()
        self.router = router or make_router(config)
        self.experts = ReLUExperts(config.dim, config.hidden_dim, config.num_experts)
        self.shared = 0.0  # added to all that router and experts read; lesson 4 turns it

    def forward(self, x_BSD, id_BS, generator=None):
        x_TD = x_BSD.flatten(0, 1) + self.shared
        routed = self.router(x_TD, id_BS.flatten(), generator)
        y_TD = visit(x_TD, routed.routing, self.experts)
        return y_TD.sigmoid().view_as(x_BSD), routed


def make_router(config):
    """Build the noisy router that a config asks for.

    >>> type(make_router(RecurrentConfig(groups=4))).__name__
    'TwoLevelRouter'

    Lesson 3.
    """
    sizes = config.dim, config.num_experts, config.top_k
    return NoisyRouter(*sizes) if config.groups == 1 else TwoLevelRouter(*sizes, config.groups)


class Recurrent(nn.Module):
    """Predict the next token: embed, LSTM, sparse layer, LSTM, unembed.

    Shazeer et al. 2017, appendix C: after every layer but the last, dropout; then the
    layer's input is added. Noise and dropout are on in training only, from torch's own
    generator. Every call starts from an empty state.

    Args:
        router: a module called as ``router(x_TD, id_T, generator)`` that returns a RouterOutput;
            None: the noisy one of the config.
        penalty: a function of that RouterOutput, added to the loss; None: ``importance_and_load``
            with the weights 0.1 and 0.1.

    Raises:
        ValueError: more positions than ``context_len``, or an id outside the vocabulary.

    >>> model = Recurrent(RecurrentConfig())
    >>> output = model(torch.tensor([[1, 2, 3]]))
    >>> output.logits_BSV.shape, len(output.routings)
    (torch.Size([1, 3, 512]), 1)

    Lesson 3.
    """

    def __init__(self, config, router=None, penalty=None):
        super().__init__()
        self.config, self.penalty = config, penalty or _paper_penalty
        self.embed = nn.Embedding(config.vocab_size, config.dim)
        self.before = nn.LSTM(config.dim, config.dim, batch_first=True)
        self.sparse = SparseBetween(config, router)
        self.after = nn.LSTM(config.dim, config.dim, batch_first=True)
        self.unembed = nn.Linear(config.dim, config.vocab_size)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, id_BS):
        if not 1 <= id_BS.shape[1] <= self.config.context_len:
            raise ValueError(
                f"{id_BS.shape[1]} positions: allowed are 1 to {self.config.context_len}"
            )
        if id_BS.device.type == "cpu":  # elsewhere a look would make the host wait
            check_ids(id_BS, self.config.vocab_size)
        generator = noise_source(id_BS.device) if self.training else None
        x_BSD = self.dropout(self.embed(id_BS))
        x_BSD = x_BSD + self.dropout(_lstm(self.before, x_BSD))
        y_BSD, routed = self.sparse(x_BSD, id_BS, generator)
        x_BSD = x_BSD + self.dropout(y_BSD)
        x_BSD = x_BSD + self.dropout(_lstm(self.after, x_BSD))
        return Output(self.unembed(x_BSD), [routed.routing], None, self.penalty(routed))


def _paper_penalty(routed):
    return importance_and_load(routed, w_importance=0.1, w_load=0.1)


def _lstm(layer, x_BSD):
    """Run an LSTM; under autocast in float32 on a CPU for which oneDNN has no narrow one."""
    narrow = x_BSD.is_cpu and torch.is_autocast_enabled("cpu")
    if not narrow or torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return layer(x_BSD)[0]
    with torch.autocast("cpu", enabled=False):
        return layer(at_least_float32(x_BSD))[0]


def noise_source(device):
    """Return the generator that torch itself draws from on a device.

    A saved run keeps its state, so a run that goes on sees the same noise.

    >>> noise_source(torch.device("cpu")) is torch.default_generator
    True

    Lesson 3.
    """
    if device.type == "cuda":
        return torch.cuda.default_generators[device.index or 0]
    if device.type == "mps":
        return torch.mps._get_default_mps_generator()
    return torch.default_generator
