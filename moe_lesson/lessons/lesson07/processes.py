"""Four ranks on one machine: a function is run by so many processes, and none is left behind."""

import multiprocessing
import os
import tempfile
import threading
from pathlib import Path

import torch
from torch.multiprocessing import ProcessExitedException, ProcessRaisedException, start_processes

# A server that has loaded torch once makes each rank in a moment; Windows has no such thing.
METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def run_ranks(work, ranks, *given):
    """Run a function as so many processes on this machine, joined by gloo; one thread each.

    Args:
        work: called as ``work(rank, *given)`` in each; it stands in a module, not in a notebook.

    Returns:
        What each rank returned, in order: tensors, numbers, and lists or dicts of them.

    Raises:
        RuntimeError: a rank raised something, or died; it is named, and no other one is left.

    >>> run_ranks(max, 2, 7)
    [7, 7]

    Lesson 7.
    """
    needed = ["moe_lesson.moe.parallel", "torch._dynamo"]  # the last is what optimizers load
    multiprocessing.set_forkserver_preload([*needed, __name__, work.__module__])
    with tempfile.TemporaryDirectory() as folder:
        try:
            start_processes(_rank, (work, ranks, given, folder), ranks, start_method=METHOD)
        except ProcessRaisedException as error:
            raise RuntimeError(f"rank {error.error_index} of {ranks}: {error.msg}") from None
        except ProcessExitedException as error:
            how = error.signal_name or f"exit code {error.exit_code}"
            raise RuntimeError(f"rank {error.error_index} of {ranks} died: {how}") from None
        return [torch.load(Path(folder, f"{rank}.pt")) for rank in range(ranks)]


def _rank(rank, work, ranks, given, folder):
    """Be one of the processes of ``run_ranks``."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from moe_lesson.moe import parallel  # loads torch.distributed

    torch.set_num_threads(1)
    store = parallel.dist.FileStore(str(Path(folder, "store")), ranks)
    with parallel.process_group(rank, ranks, store):
        torch.save(work(rank, *given), Path(folder, f"{rank}.pt"))
        parallel.dist.barrier()  # nobody closes while another still talks


def _end_with_parent():
    """End this rank when the process that began it is gone, however it went."""
    multiprocessing.parent_process().join()
    os._exit(1)
