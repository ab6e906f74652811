"""Time the ways beside a dense layer of equal operations, and count what they move."""

import random
import sys
import time
from statistics import median
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from moe_lesson.moe.experts import SwiGLUExperts
from moe_lesson.moe.routing import top_k

UNWRITTEN = ("empty", "new_empty", "empty_like", "empty_strided")


class Cost(NamedTuple):
    """Hold what one forward and backward asks of the machine.

    >>> Cost(3, 2.0, 100, 0).calls
    3

    Lesson 6.
    """

    calls: int  # of torch's own operations, views included
    operations: int  # in matrix products, a multiplication and an addition counted as two
    written: int  # bytes of results
    faults: int  # pages of memory that the system had to hand over; 0 where nobody counts them


class _Writes(TorchDispatchMode):
    """Count operations, and the bytes of what each of them writes."""

    def __init__(self):
        super().__init__()
        self.calls = self.bytes = 0

    def __torch_dispatch__(self, func, types, args, kwargs):
        found = func(*args, **(kwargs or {}))
        self.calls += 1
        if func.overloadpacket.__name__ not in UNWRITTEN:
            results = found if isinstance(found, (tuple, list)) else [found]
            for result, declared in zip(results, func._schema.returns):
                is_view = declared.alias_info is not None and not declared.alias_info.is_write
                if isinstance(result, torch.Tensor) and not is_view:
                    self.bytes += result.nbytes
        return found


def faults():
    """Return how many pages this process was given so far, 0 where Python cannot tell.

    >>> faults() >= 0
    True

    Lesson 6.
    """
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def grouped_operations(left_shape, right_shape, *_, **__):
    """Count the multiplications and additions of torch's grouped product.

    Rows by a stack of matrices, or, in the gradient of the weights, a matrix by rows: every row
    meets one expert's matrix, so the number of experts does not enter.

    >>> grouped_operations((6, 4), (2, 4, 3))
    144

    Lesson 6.
    """
    rows, inner = left_shape[-2:]
    return 2 * rows * inner * right_shape[-1]


COUNTED = {torch.ops.aten._grouped_mm: grouped_operations}


def step(function, x_TD, routing, experts, dy_TD):
    """Run one way forward and backward; old gradients are thrown away first.

    >>> step(dense, *twin(drawn(tokens=3, dim=4, hidden_dim=8)))

    Lesson 6.
    """
    experts.zero_grad()
    function(x_TD.detach().requires_grad_(), routing, experts).backward(dy_TD)


def drawn(tokens, dim, hidden_dim, skew=0.0):
    """Draw tokens, a routing to 2 of 8 experts, the experts, and a gradient of the result.

    Args:
        skew: how far scores lean to the first experts: 0 is even but for chance.

    >>> drawn(tokens=3, dim=4, hidden_dim=8)[1].expert_TK.shape
    torch.Size([3, 2])

    Lesson 6.
    """
    lean_E = -skew * torch.arange(8) / 8
    routing = top_k(torch.randn(tokens, 8) + lean_E, k=2)
    experts = SwiGLUExperts(dim, hidden_dim, 8)
    return torch.randn(tokens, dim), routing, experts, torch.randn(tokens, dim)


class Dense(nn.Module):
    """Hold one SwiGLU network as any dense model has it: three linear maps.

    >>> Dense(4, 16)(torch.zeros(3, 4)).shape
    torch.Size([3, 4])

    Lesson 6.
    """

    def __init__(self, dim, hidden_dim):
        super().__init__()
        self.gate, self.up = (nn.Linear(dim, hidden_dim, bias=False) for _ in "gu")
        self.down = nn.Linear(hidden_dim, dim, bias=False)

    def forward(self, x_TD):
        return self.down(F.silu(self.gate(x_TD)) * self.up(x_TD))


def dense(x_TD, routing, network):
    """Send every token through one network; nothing is sorted or weighed.

    >>> dense(*twin(drawn(tokens=3, dim=4, hidden_dim=8))[:3]).shape
    torch.Size([3, 4])

    Lesson 6.
    """
    return network(x_TD)


def twin(given):
    """Put in the experts' place a dense network as wide as the k that a token visits.

    >>> twin(drawn(tokens=3, dim=4, hidden_dim=8))[2].down.in_features
    16

    Lesson 6.
    """
    x_TD, routing, experts, dy_TD = given
    dim, hidden_dim = experts.down_EDF.shape[1:]
    return x_TD, routing, Dense(dim, routing.expert_TK.shape[1] * hidden_dim), dy_TD


def cost(function, given):
    """Count what one step of a way asks for, after a first one that fills caches.

    Returns:
        A Cost.

    >>> given = twin(drawn(tokens=3, dim=4, hidden_dim=8))
    >>> cost(dense, given).operations == 3 * 2 * 3 * 3 * 2 * 4 * 8  # 3 products, thrice each
    True

    Lesson 6.
    """
    step(function, *given)
    before = faults()
    step(function, *given)
    pages = faults() - before
    with FlopCounterMode(display=False, custom_mapping=COUNTED) as sums, _Writes() as writes:
        step(function, *given)
    return Cost(writes.calls, sums.get_total_flops(), writes.bytes, pages)


def ratios(ways, given, rounds):
    """Let ways and a dense network of equal operations take turns; compare within each round.

    Args:
        ways: name -> function.
        given: a function that draws what ``step`` takes, anew for each round.

    Returns:
        Name -> time over the dense network's, a number for each round: processor time, so that
        other programs disturb little.

    >>> from moe_lesson.lessons.lesson06.ways import by_masks
    >>> len(ratios({"masks": by_masks}, lambda: drawn(3, 4, 8), rounds=3)["masks"])
    3

    Lesson 6.
    """
    rivals = {"dense": dense, **ways}
    seconds = {name: [] for name in rivals}
    for turn in range(rounds + 1):
        numbers = given()
        own = {"dense": twin(numbers)}
        for name in random.sample(list(rivals), len(rivals)):
            began = time.process_time()
            step(rivals[name], *own.get(name, numbers))
            if turn:  # the first fills caches
                seconds[name].append(time.process_time() - began)
    plain = seconds.pop("dense")
    return {name: [a / b for a, b in zip(spent, plain)] for name, spent in seconds.items()}


def middle(found):
    """Return the median of each way's rounds.

    >>> middle({"a": [1.0, 5.0, 2.0]})
    {'a': 2.0}

    Lesson 6.
    """
    return {name: median(each) for name, each in found.items()}
