"""One small Mixtral, and what its successors change in it: every variant trained alike."""

from functools import partial
from typing import NamedTuple

from torch import nn

from moe_lesson.models.config import Config
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.balance import switch_loss
from moe_lesson.moe.groups import device_limited, node_limited
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.relu import next_coefficient, relu_penalty, relu_routing, sparsity
from moe_lesson.moe.routers import BiasedRouter, move_biases
from moe_lesson.moe.routing import micro_batches, top_k
from moe_lesson.moe.shared import SharedExpert

UNIT = 32  # the finest expert's width; all widths are multiples
STORED, USED = 64, 16  # units a layer stores and a token uses, in every sparse variant
BASE = Config(
    dim=64,
    n_layers=2,
    head_dim=16,
    hidden_dim=UNIT,
    n_heads=4,
    n_kv_heads=1,
    context_len=256,
    vocab_size=1024,
)


class Variant(NamedTuple):
    """Say in what a variant differs from the small Mixtral.

    >>> Variant(num_experts=8, top_k=2, hidden_dim=256).balance
    0.01

    Lesson 14.
    """

    num_experts: int
    top_k: int
    hidden_dim: int  # width of one routed expert
    shared_dim: int = 0  # of the expert for all beside them; 0: there is none
    gated: bool = False  # whether a sigmoid of the token weighs the shared expert
    kind: str = "softmax"  # one of the routers that ``layer`` knows
    devices: int = 0  # of 8, from which a token's experts may come; 0: no limit
    balance: float = 0.01  # weight of the Switch loss
    parts: int = 1  # micro-batches of each of which the loss is computed by itself
    rate: float = 0.0  # how far biases move after a step
    factor: float = 1.2  # by which ReLU routing's penalty moves after a step


def fine(times, **more):
    """Cut the units into experts that are ``times`` as many and as narrow as eight of 256.

    >>> fine(4)[:3], fine(8)[:3]
    ((32, 8, 64), (64, 16, 32))

    Lesson 14.
    """
    width = STORED * UNIT // (8 * times)
    return Variant(8 * times, 2 * times, width, **more)


def variants():
    """List what is compared; every sparse one stores 64 units a layer and uses 16.

    Returns:
        name -> Variant.

    >>> stored = {v.num_experts * v.hidden_dim + v.shared_dim for v in variants().values()}
    >>> stored  # the dense one has what a token uses
    {512, 2048}

    Lesson 14.
    """
    found = {"dense": Variant(1, 1, USED * UNIT)}
    found |= {f"{2 * n} of {8 * n}": fine(n) for n in (1, 2, 4, 8)}
    found |= {"sequence, 0.1": fine(4, balance=0.1, parts=16), "batch, 0.1": fine(4, balance=0.1)}
    sigmoid = {"kind": "sigmoid", "balance": 0.0}
    found |= {"none": fine(4, balance=0.0), "sigmoid, none": fine(4, **sigmoid)}
    found["bias, 0.01"] = fine(4, **sigmoid, rate=0.01)
    shared = {"num_experts": 30, "top_k": 6, "hidden_dim": 64, "shared_dim": 128}
    found |= {"shared": Variant(**shared), "shared, gated": Variant(**shared, gated=True)}
    found["relu, 1.2"] = fine(4, kind="relu", balance=0.0)
    found |= {f"{n} devices": fine(4, kind="devices", devices=n) for n in (8, 2)}
    found["relu, 1.05"] = fine(4, kind="relu", balance=0.0, factor=1.05)
    return found


def config_of(variant):
    """Give a variant's sizes to the small Mixtral; the shared expert is not among them.

    >>> config_of(fine(1)).total_parameters, config_of(fine(8)).total_parameters
    (939328, 946496)

    Lesson 14.
    """
    sizes = variant.num_experts, variant.top_k, variant.hidden_dim
    names = ("num_experts", "top_k", "hidden_dim")
    return Config(**{**vars(BASE), **dict(zip(names, sizes))})


def layer(variant):
    """Make a variant's sparse layer.

    >>> type(layer(variants()["shared"])).__name__
    'SharedExpert'

    Lesson 14.
    """
    dim, sizes = BASE.dim, (variant.num_experts, variant.top_k)
    biased = partial(BiasedRouter, dim, *sizes, route=node_limited)
    routers = {
        "softmax": lambda: top_k,
        "sigmoid": biased,
        "relu": lambda: lambda logits_TE, k: relu_routing(logits_TE),
        "devices": lambda: partial(device_limited, groups=8, kept=variant.devices),
    }
    made = MoELayer(dim, variant.hidden_dim, *sizes, router=routers[variant.kind]())
    if variant.shared_dim:
        made = SharedExpert(made, dim, variant.shared_dim, gated=variant.gated)
    return made


class Penalised(nn.Module):
    """Add to a model's training loss what a function asks of its routings.

    >>> import torch
    >>> model = Penalised(Mixtral(config_of(fine(1))), lambda routings: len(routings))
    >>> model(torch.zeros(1, 3, dtype=torch.long)).auxiliary
    2

    Lesson 14.
    """

    def __init__(self, model, penalty):
        super().__init__()
        self.model, self.penalty, self.config = model, penalty, model.config

    def forward(self, id_BS):
        output = self.model(id_BS)
        if not self.training:
            return output
        return output._replace(auxiliary=self.penalty(output.routings))


class ReluPenalty:
    """Weigh ReLU routing's penalty, and move the weight after each step by what it sees.

    Args:
        factor: how far it moves; Wang et al. 2024 have 1.2.
        coefficient: the first weight.

    >>> import torch
    >>> penalty = ReluPenalty(k=1, factor=1.5, coefficient=1.0)
    >>> penalty([relu_routing(torch.tensor([[1.0, 3.0], [-1.0, 1.0]]))]).item()
    4.5
    >>> penalty.coefficient  # three of four gates were open: too many
    1.5

    Lesson 14.
    """

    def __init__(self, k, factor, coefficient=1e-3):
        self.k, self.factor, self.coefficient = k, factor, coefficient

    def __call__(self, routings):
        asked = self.coefficient * relu_penalty(routings, self.k)
        target = 1 - self.k / routings[0].logits_TE.shape[1]
        found = sparsity(routings)
        self.coefficient = next_coefficient(self.coefficient, found, target, self.factor)
        return asked


def penalty_of(variant):
    """Make what a variant adds to the cross entropy: a function of routings.

    >>> import torch
    >>> even = top_k(torch.zeros(16, 32), k=8)
    >>> round(penalty_of(fine(4, parts=16))([even]).item(), 3)
    0.01

    Lesson 14.
    """
    if variant.kind == "relu":
        return ReluPenalty(variant.top_k, variant.factor)

    def balanced(routings):
        if not (variant.balance and routings):
            return 0.0
        pieces = [piece for one in routings for piece in micro_batches(one, variant.parts)]
        return variant.balance * switch_loss(pieces)

    return balanced


def build(variant):
    """Make a variant's model, ready for ``training.loop.train`` without a balance loss there.

    Returns:
        The Penalised model, and what ``train`` calls after every step.

    >>> model, watch = build(fine(1))
    >>> sum(weight.numel() for weight in model.parameters())
    939328

    Lesson 14.
    """
    model = Mixtral(config_of(variant))
    if variant.num_experts > 1:
        for block in model.blocks:
            block.feed_forward = layer(variant)
        model.apply_start()

    def watch(row):
        if variant.rate:
            move_biases(model, row["load"], variant.rate)

    return Penalised(model, penalty_of(variant)), watch
