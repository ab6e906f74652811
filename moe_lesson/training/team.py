"""Who trains together under torchrun: this rank's place, and with whom it divides what.

Import this module inside functions: it loads ``torch.distributed``.
"""

import os
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh

from moe_lesson import pick_device
from moe_lesson.moe.parallel import process_group


class Team(NamedTuple):
    """Hold this rank's place among the others.

    >>> Team(0, 1, None, None, None, None).size
    1

    Lesson 7.
    """

    rank: int
    size: int
    experts: Any  # the group of ranks among which the experts are divided
    replicas: Any  # the group of ranks that hold the same experts
    everyone: Any  # a mesh of all ranks, among which what is no expert is divided; None: it is not
    store: Any  # where ranks leave word for one another; torchrun keeps it

    @contextmanager
    def in_turn(self):
        """Let one rank after another through the block.

        Lesson 7.
        """
        for turn in range(self.size):
            if turn == self.rank:
                yield
            dist.barrier()

    def train(self, model, data, settings, folder):
        """Train with all others, as ``train_together``.

        Lesson 7.
        """
        from moe_lesson.training.distributed import train_together

        return train_together(model, data, settings, folder, self)


@contextmanager
def joined(expert_parallel, shard):
    """Belong to the ranks that torchrun started: gloo on CPUs, nccl where each has a GPU.

    Args:
        expert_parallel, shard: as ``team_here``.

    Yields:
        A Team.

    Raises:
        ValueError: as ``team_here``.

    >>> os.environ |= {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
    >>> os.environ |= {"MASTER_PORT": "0", "LOCAL_RANK": "0"}
    >>> with joined(expert_parallel=1, shard=False) as team:
    ...     team.size
    1

    Lesson 7.
    """
    store, rank, ranks = next(dist.rendezvous("env://"))
    on_gpus = pick_device().type == "cuda"
    if on_gpus:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    backend = "nccl" if on_gpus else "gloo"
    with process_group(rank, ranks, dist.PrefixStore("group", store), backend):
        yield team_here(expert_parallel, shard, store)


def team_here(expert_parallel, shard=False, store=None):
    """Divide the ranks of the process group: a mesh of replicas by experts.

    Args:
        expert_parallel: how many ranks divide the experts of a layer among them.
        shard: divide what is no expert too, among all.
        store: what ``roll_call`` asks; None: nobody will.

    Returns:
        A Team.

    Raises:
        ValueError: ``expert_parallel`` does not divide the number of ranks.

    >>> with process_group():
    ...     team_here(expert_parallel=2)
    Traceback (most recent call last):
    ValueError: expert_parallel is 2: it must divide 1 ranks

    Lesson 7.
    """
    size = dist.get_world_size()
    if size % expert_parallel:
        raise ValueError(f"expert_parallel is {expert_parallel}: it must divide {size} ranks")
    shape, names = (size // expert_parallel, expert_parallel), ("replicas", "experts")
    kind = "cuda" if dist.get_backend() == "nccl" else "cpu"
    mesh = init_device_mesh(kind, shape, mesh_dim_names=names)
    groups = mesh.get_group("experts"), mesh.get_group("replicas")
    everyone = init_device_mesh(kind, (size,)) if shard else None
    return Team(dist.get_rank(), size, *groups, everyone, store)
