"""Time the ways beside a dense layer of equal operations, and count what they move."""

import random
import sys
import time
from statistics import median
from typing import NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from moe_lesson.moe.experts import SwiGLUExperts, swiglu
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

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
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


def grouped_operations(left_shape, right_shape, *_, out_shape=None, **__):
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
    """Run one way forward and backward; the gradients are thrown away.

    >>> x_TD, routing, experts, dy_TD = drawn(tokens=3, dim=4, hidden_dim=8)
    >>> step(dense_twin, x_TD, routing, experts, dy_TD)

    Lesson 6.
    """
    x_TD = x_TD.detach().requires_grad_()
    torch.autograd.grad(function(x_TD, routing, experts), [x_TD, *experts.parameters()], dy_TD)


def drawn(tokens, dim, hidden_dim, num_experts=8, k=2, skew=0.0):
    """Draw tokens, a routing, experts and a gradient of the result.

    Args:
        skew: how far scores lean to the first experts: 0 is even but for chance.

    >>> drawn(tokens=3, dim=4, hidden_dim=8)[1].expert_TK.shape
    torch.Size([3, 2])

    Lesson 6.
    """
    lean_E = -skew * torch.arange(num_experts) / num_experts
    routing = top_k(torch.randn(tokens, num_experts) + lean_E, k)
    experts = SwiGLUExperts(dim, hidden_dim, num_experts)
    return torch.randn(tokens, dim), routing, experts, torch.randn(tokens, dim)


def dense_twin(x_TD, routing, experts):
    """Send every token through the first k experts, side by side: one dense network of k F.

    Its operations are those of the sparse layer, and nothing has to be sorted or weighed.

    >>> x_TD, routing, experts, _ = drawn(tokens=3, dim=4, hidden_dim=8)
    >>> dense_twin(x_TD, routing, experts).shape
    torch.Size([3, 4])

    Lesson 6.
    """
    k = routing.expert_TK.shape[1]
    gate_up = experts.gate_up_EJFD[:k].transpose(0, 1).flatten(1, 2)
    down = experts.down_EDF[:k].transpose(0, 1).flatten(1, 2)
    return swiglu(x_TD, gate_up, down)


def cost(function, given):
    """Count what one step of a way asks for, after a first one that fills caches.

    Returns:
        A Cost.

    >>> given = drawn(tokens=3, dim=4, hidden_dim=8)
    >>> cost(dense_twin, given).operations == 3 * 2 * 3 * 3 * 2 * 4 * 8  # 3 products, thrice each
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
    """Let ways and the dense twin take turns; compare within each round.

    Args:
        ways: name -> function.
        given: a function that draws what ``step`` takes, anew for each round.

    Returns:
        Name -> time over the dense twin's, a number for each round: processor time, so that
        other programs disturb little.

    >>> found = ratios({"twin": dense_twin}, lambda: drawn(3, 4, 8), rounds=3)
    >>> len(found["twin"])
    3

    Lesson 6.
    """
    rivals = {"dense": dense_twin, **ways}
    seconds = {name: [] for name in rivals}
    for turn in range(rounds + 1):
        numbers = given()
        for name in random.sample(list(rivals), len(rivals)):
            began = time.process_time()
            step(rivals[name], *numbers)
            if turn:  # the first fills caches
                seconds[name].append(time.process_time() - began)
    dense = seconds.pop("dense")
    return {name: [a / b for a, b in zip(spent, dense)] for name, spent in seconds.items()}


def middle(found):
    """Return the median of each way's rounds.

    >>> middle({"a": [1.0, 5.0, 2.0]})
    {'a': 2.0}

    Lesson 6.
    """
    return {name: median(each) for name, each in found.items()}
