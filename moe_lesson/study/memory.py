"""One layer that must remember: what a sparse layer stores, and what it computes."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moe_lesson.models.mixtral import FeedForward
from moe_lesson.moe.balance import load, switch_loss
from moe_lesson.moe.dispatch import plan
from moe_lesson.moe.experts import SwiGLUExperts
from moe_lesson.moe.layer import visit
from moe_lesson.moe.routers import LinearRouter
from moe_lesson.study.trials import BalancingMethod

RATE, BATCH = 0.01, 1024
WIDTH = 64  # of the network that makes a smooth function


class Size(NamedTuple):
    """Name the sizes of one layer between inputs and labels; one expert is a dense network.

    >>> Size(num_experts=64).operations - Size(num_experts=16).operations
    1536

    Lesson 3.
    """

    num_experts: int = 16
    top_k: int = 2
    hidden_dim: int = 32  # width of one expert
    dim: int = 32  # numbers in an input
    labels: int = 16

    @property
    def parameters(self):
        """Count what is stored, the output layer included.

        >>> sum(w.numel() for w in OneLayer(Size()).parameters()) == Size().parameters
        True

        Lesson 3.
        """
        return self.num_experts * self._expert + self._router + self._output

    @property
    def operations(self):
        """Count one input's multiply-adds.

        >>> Size(num_experts=1, hidden_dim=64).operations
        6656

        Lesson 3.
        """
        visits = min(self.top_k, self.num_experts)
        return visits * self._expert + self._router + self.labels * self.dim

    @property
    def _expert(self):
        return 3 * self.dim * self.hidden_dim

    @property
    def _router(self):
        return self.num_experts * self.dim if self.num_experts > 1 else 0

    @property
    def _output(self):
        return self.labels * (self.dim + 1)


def _demand(name, number, least=1):
    if number < least:
        raise ValueError(f"{name} is {number}: it must be at least {least}")


class OneLayer(nn.Module):
    """Add one sparse or dense layer to the input, then score the labels.

    Args:
        router: a module as ``routers`` has them; None: a ``LinearRouter`` as torch draws it.

    Raises:
        ValueError: a size is below 1 (labels: 2), or ``top_k`` above the number of experts.

    >>> logits_TV, routed = OneLayer(Size())(torch.randn(5, 32))
    >>> logits_TV.shape, routed.routing.expert_TK.shape
    (torch.Size([5, 16]), torch.Size([5, 2]))

    Lesson 3.
    """

    def __init__(self, size, router=None):
        super().__init__()
        self.plan = plan  # as ``visit`` takes it; lesson 5 gives it seats
        for name, number in size._asdict().items():
            _demand(name, number, least=2 if name == "labels" else 1)
        self.router, self.network = None, FeedForward(size.dim, size.hidden_dim)
        if size.num_experts > 1:
            sizes = size.dim, size.num_experts, size.top_k
            self.router = router or LinearRouter(*sizes, start=None)
            self.network = SwiGLUExperts(size.dim, size.hidden_dim, size.num_experts)
        self.unembed = nn.Linear(size.dim, size.labels)

    def forward(self, x_TD, id_T=None, generator=None):
        if self.router is None:
            y_TD, routed = self.network(x_TD)[0], None
        else:
            routed = self.router(x_TD, id_T, generator)
            y_TD = visit(x_TD, routed.routing, self.network, self.plan)
        return self.unembed(x_TD + y_TD), routed


class Facts(NamedTuple):
    """Hold random inputs with random labels: nothing but memory gets them right.

    >>> facts(100, Size(), seed=0).draw(4, torch.Generator().manual_seed(0))[0].shape
    torch.Size([4, 32])

    Lesson 3.
    """

    x_ND: Tensor
    label_N: Tensor

    def draw(self, batch, generator):
        """Draw facts with replacement: inputs, labels, and which facts they are.

        >>> facts(1, Size(), seed=0).draw(3, torch.Generator().manual_seed(0))[2].tolist()
        [0, 0, 0]

        Lesson 3.
        """
        id_T = torch.randint(len(self.x_ND), (batch,), generator=generator)
        return self.x_ND[id_T], self.label_N[id_T], id_T


def facts(count, size, seed, shared=0.0):
    """Make facts to learn by heart.

    Args:
        shared: added to every number of every input: a direction in common.

    Returns:
        Facts; the entropy of the labels is ``count * log2(labels)`` bits.

    Raises:
        ValueError: ``count`` is below 1.

    >>> facts(1000, Size(), seed=0, shared=5.0).x_ND.mean().round().item()
    5.0

    Lesson 3.
    """
    _demand("count", count)
    generator = torch.Generator().manual_seed(seed)
    x_ND = torch.randn(count, size.dim, generator=generator)
    label_N = torch.randint(size.labels, (count,), generator=generator)
    return Facts(x_ND + shared, label_N)


class Teacher(NamedTuple):
    """Hold a fixed random network: its largest output is the label, so computing finds it.

    >>> teacher(Size(), seed=0).draw(4, torch.Generator().manual_seed(0))[1].shape
    torch.Size([4])

    Lesson 9.
    """

    in_FD: Tensor
    out_VF: Tensor

    def draw(self, batch, generator):
        """Draw fresh inputs, which no later step sees again, with their labels.

        >>> teacher(Size(), seed=0).draw(3, torch.Generator().manual_seed(0))[2] is None
        True

        Lesson 9.
        """
        x_TD = torch.randn(batch, self.in_FD.shape[1], generator=generator)
        return x_TD, ((x_TD @ self.in_FD.T).tanh() @ self.out_VF.T).argmax(-1), None


def teacher(size, seed):
    """Draw a network of one hidden layer, 64 wide, to be imitated.

    >>> teacher(Size(), seed=0).in_FD.shape
    torch.Size([64, 32])

    Lesson 9.
    """
    generator = torch.Generator().manual_seed(seed)
    in_FD = torch.randn(WIDTH, size.dim, generator=generator) * size.dim**-0.5
    return Teacher(in_FD, torch.randn(size.labels, WIDTH, generator=generator))


def _check_task(task, size):
    """Draw a batch, and refuse one that a layer of this size cannot read or answer."""
    x_TD, label_T, _ = task.draw(BATCH, torch.Generator().manual_seed(0))
    dim, last = x_TD.shape[1], label_T.max().item()
    if dim != size.dim:
        raise ValueError(f"inputs have {dim} numbers: this layer reads {size.dim}")
    if last >= size.labels:
        raise ValueError(f"labels go up to {last}: this layer has {size.labels}")


def even(routed):
    """Weigh the Switch loss by 0.01.

    >>> from moe_lesson.moe.routers import RouterOutput
    >>> from moe_lesson.moe.routing import top_k
    >>> round(even(RouterOutput(top_k(torch.zeros(2, 4), k=1), None)).item(), 3)
    0.01

    Lesson 3.
    """
    return 0.01 * switch_loss(routed.routing)


EVEN = BalancingMethod(penalty=even)


def learn(task, size, steps, seed, remedy=None, plan=plan):
    """Train one layer: AdamW at a peak rate of 0.01 with a cosine to 0, batches of 1,024.

    Args:
        task: Facts or a Teacher.
        remedy: a BalancingMethod, whose ``prepare`` is not asked; None: the Switch loss at 0.01.
        plan: as ``visit`` takes it; the OneLayer keeps it.

    Returns:
        The OneLayer.

    Raises:
        ValueError: the task's inputs or labels are not those of ``size``, or no step is asked.

    >>> learn(facts(50, Size(), seed=0), Size(), steps=2, seed=0).router.top_k
    2

    Lesson 3.
    """
    _demand("steps", steps)
    _check_task(task, size)
    remedy = remedy or EVEN
    torch.manual_seed(seed)
    model = OneLayer(size, remedy.router(size) if remedy.router else None)
    model.plan = plan
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        x_TD, label_T, id_T = task.draw(BATCH, generator)
        logits_TV, routed = model(x_TD, id_T, generator)
        asked = remedy.penalty(routed) if routed else 0.0
        optimizer.zero_grad()
        (F.cross_entropy(logits_TV, label_T) + asked).backward()
        optimizer.step()
        schedule.step()
        if routed and remedy.rate:
            model.router.balance(load(routed.routing), remedy.rate)
    return model


class Recall(NamedTuple):
    """Hold what a layer gives back.

    >>> Recall._fields
    ('share', 'bits', 'load_E')

    Lesson 3.
    """

    share: float  # of labels that are its first guess: 1 / labels by chance, 1 at best
    bits: float  # stored: log2(labels) an input, less the cross entropy
    load_E: Tensor | None  # share of the visits by expert; None for a dense layer


@torch.no_grad()
def recall(model, x_TD, label_T):
    """Ask a layer for labels, without noise.

    Returns:
        A Recall; bits are 0 for a layer that knows nothing, and negative for one that is sure
        of what is wrong.

    >>> size = Size(labels=4)
    >>> found = recall(OneLayer(size)._apply(torch.zeros_like), *facts(10, size, seed=0))
    >>> abs(round(found.bits, 3)), found.load_E.sum().item()
    (0.0, 1.0)

    Lesson 3.
    """
    logits_TV, routed = model(x_TD, torch.arange(len(x_TD)))
    nats = F.cross_entropy(logits_TV, label_T).item()
    told = len(x_TD) * (math.log(logits_TV.shape[1]) - nats) / math.log(2)
    share = (logits_TV.argmax(-1) == label_T).float().mean().item()
    return Recall(share, told, load(routed.routing) if routed else None)
