"""Experts on many devices: each rank holds some, and rows travel to the rank that holds theirs.

A *rank* is one of W processes, each with a device of its own. ``ParallelExperts`` takes the place
of a layer's ``experts``; router, plan, dispatch and combine stay as they are. Import this module
inside functions: it loads ``torch.distributed``.
"""

import copy
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import nn

from moe_lesson.moe.layer import MoELayer

PATIENCE = timedelta(minutes=30)  # how long a rank waits for another: one may read a text


class Trip(NamedTuple):
    """Say what one exchange took away from this rank.

    >>> Trip([3, 0], row_bytes=8).rows
    [3, 0]

    Lesson 7.
    """

    rows: list  # how many rows went to each rank; those to oneself do not travel
    row_bytes: int


def share_of(num_experts, rank, ranks):
    """Say which experts a rank holds: as many each, in order.

    Returns:
        A slice of the experts' numbers.

    Raises:
        ValueError: the experts cannot be divided evenly.

    >>> share_of(8, rank=1, ranks=4)
    slice(2, 4, None)

    Lesson 7.
    """
    if num_experts % ranks:
        raise ValueError(f"{num_experts} experts on {ranks} ranks: each must hold as many")
    each = num_experts // ranks
    return slice(rank * each, (rank + 1) * each)


def exchange_counts(count_E, group=None):
    """Tell every rank how many rows it will get, before the rows themselves.

    Args:
        count_E: how many rows of this rank each of all experts gets.
        group: the ranks among which the experts are divided; None: all.

    Returns:
        Two matrices, a row for each rank. The first: what this rank sends to each expert there.
        The second: what each rank sends to the experts here.

    >>> with process_group():  # of this process alone
    ...     exchange_counts(torch.tensor([2, 0]))
    (tensor([[2, 0]]), tensor([[2, 0]]))

    Lesson 7.
    """
    sent = count_E.view(dist.get_world_size(group), -1)
    received = torch.empty_like(sent)
    dist.all_to_all_single(received, sent.contiguous(), group=group)
    return sent, received


class _Exchange(torch.autograd.Function):
    """Carry rows to other ranks; backward carries their gradients home by the same way."""

    @staticmethod
    def forward(ctx, x_RD, sent, received, group, watch):
        ctx.way_back = received, sent, group, watch
        return _carry(x_RD, sent, received, group, watch)

    @staticmethod
    def backward(ctx, dy_RD):
        return _carry(dy_RD, *ctx.way_back), None, None, None, None


def _carry(x_RD, sent, received, group, watch):
    """Send the first rows to rank 0, the next to rank 1, ...; what comes stands in that order."""
    came = x_RD.new_empty(sum(received), x_RD.shape[1])
    dist.all_to_all_single(came, x_RD.contiguous(), received, sent, group)
    if watch:
        watch(Trip(sent, x_RD.shape[1] * x_RD.element_size()))
    return came


class ParallelExperts(nn.Module):
    """Hold this rank's experts, and send all other rows to the ranks that hold theirs.

    Lepikhin et al. 2020 (GShard, arXiv:2006.16668), section 3. Called as any ``experts`` are,
    with rows sorted by expert, by all ranks of the group together: one without rows must take
    part, forward and backward.

    Args:
        own: the experts of this rank, a module of ``experts``.
        group: the ranks among which the experts are divided, in order; None: all.
        watch: called after every exchange with its Trip: two forward, two backward.

    Returns:
        y_RD, as the experts would answer if they were all here.

    >>> with process_group():
    ...     doubled = ParallelExperts(lambda x_RD, count_E: 2 * x_RD)
    ...     doubled(torch.ones(1, 1), torch.tensor([1])).tolist()
    [[2.0]]

    Lesson 7.
    """

    def __init__(self, own, group=None, watch=None):
        super().__init__()
        self.own, self.group, self.watch = own, group, watch

    def forward(self, x_RD, count_E):
        if torch.is_grad_enabled() and not x_RD.requires_grad:
            x_RD = x_RD.detach().requires_grad_()  # else a rank would be missing in backward
        leave, come = exchange_counts(count_E, self.group)
        sent, received = leave.sum(1).tolist(), come.sum(1).tolist()  # waits for the device
        x_RD = _Exchange.apply(x_RD, sent, received, self.group, self.watch)
        # They came rank by rank; experts want them expert by expert.
        ranks, own = come.shape
        expert_R = torch.arange(own, device=come.device).repeat(ranks)
        expert_R = expert_R.repeat_interleave(come.flatten(), output_size=len(x_RD))
        order_R = expert_R.argsort(stable=True)
        y_RD = self.own(x_RD[order_R], come.sum(0))
        y_RD = y_RD[order_R.argsort()]
        return _Exchange.apply(y_RD, received, sent, self.group, self.watch)


def divide(model, group=None, watch=None):
    """Divide the experts of each of a model's sparse layers among the ranks of a group.

    Args:
        model: any module with a ``MoELayer`` in it, the same on every rank.
        watch: as ``ParallelExperts``.

    Returns:
        A copy; what is not expert is on every rank.

    Raises:
        ValueError: as ``share_of``.

    >>> layer = MoELayer(dim=4, hidden_dim=8, num_experts=4, top_k=2)
    >>> with process_group():
    ...     divide(layer).experts.own.down_EDF.shape
    torch.Size([4, 4, 8])

    Lesson 7.
    """
    rank, ranks = dist.get_rank(group), dist.get_world_size(group)
    model = copy.deepcopy(model)
    for layer in [part for part in model.modules() if isinstance(part, MoELayer)]:
        for name, stacked in list(layer.experts.named_parameters()):
            mine = stacked.detach()[share_of(len(stacked), rank, ranks)].clone()
            setattr(layer.experts, name, nn.Parameter(mine))
        layer.experts = ParallelExperts(layer.experts, group, watch)
    return model


def mean_over_ranks(x):
    """Average a tensor over all ranks; no gradient.

    Returns:
        A new tensor, the same on every rank.

    >>> with process_group():
    ...     mean_over_ranks(torch.tensor([3.0]))
    tensor([3.])

    Lesson 7.
    """
    total = x.detach().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


@contextmanager
def process_group(rank=0, ranks=1, store=None, backend="gloo"):
    """Belong to a group of ranks within the block.

    Args:
        store: where they find one another; None: a group of this process alone.

    >>> with process_group():
    ...     dist.get_world_size()
    1

    Lesson 7.
    """
    store = store or dist.HashStore()
    dist.init_process_group(backend, timeout=PATIENCE, store=store, rank=rank, world_size=ranks)
    dist.barrier()  # nobody leaves at once while another still connects
    try:
        yield
    finally:
        dist.destroy_process_group()
