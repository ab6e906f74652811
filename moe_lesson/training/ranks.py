"""One process or many: whom a command trains with, and what is said when a rank is lost."""

import os
import signal
import time
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

from moe_lesson.training import resume
from moe_lesson.training.loop import train

ALONE = SimpleNamespace(rank=0, in_turn=nullcontext, train=train)  # a team of one
ROLL_CALL = 5.0  # seconds that a rank has to say that it is still there
SIGNS = ("gloo", "peer", "connect", "nccl", "timed out", "store")  # of a lost connection


@contextmanager
def together(expert_parallel, shard, folder):
    """Join the ranks that torchrun started; if one dies, end with its name and what is saved.

    Yields:
        A ``team.Team``; ``ALONE`` where no torchrun is.

    Raises:
        ValueError: experts are to be divided, and this process is alone.
        ConnectionError: a rank is gone, or torchrun was told to end. One rank says so; the
            others end in silence.

    >>> with together(1, False, "absent") as team:
    ...     team.rank
    0

    Lesson 7.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        if expert_parallel > 1 or shard:
            wish = "--shard" if shard else f"--expert-parallel is {expert_parallel}"
            way = f"torchrun --nproc-per-node {max(expert_parallel, 2)} -m moe_lesson train ..."
            raise ValueError(f"{wish}, and there is 1 rank: {way}")
        yield ALONE
        return
    from moe_lesson.training.team import joined  # loads torch.distributed

    with joined(expert_parallel, shard) as team:
        signal.signal(signal.SIGTERM, _end)
        try:
            yield team
        except RuntimeError as error:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun ends us soon: first the news
            if not any(sign in str(error).lower() for sign in SIGNS):
                raise
            gone = roll_call(team)
            if team.rank != min(set(range(team.size)) - set(gone)):
                raise SystemExit(2) from None
            raise ConnectionError(_news(gone, team.size, folder)) from error


def _end(*_):
    raise RuntimeError("torchrun ends this process: it lost its peers, or was told to")


def roll_call(team):
    """Name the ranks that no longer answer.

    Args:
        team: a ``team.Team``.

    Returns:
        Their numbers; none if the store where ranks leave word is gone too.

    >>> from torch.distributed import HashStore
    >>> roll_call(SimpleNamespace(rank=0, size=2, store=HashStore()))
    [1]

    Lesson 7.
    """
    absent, deadline = list(range(team.size)), time.monotonic() + ROLL_CALL
    try:
        team.store.set(f"here {team.rank}", "")
        while absent and time.monotonic() < deadline:
            absent = [rank for rank in absent if not team.store.check([f"here {rank}"])]
            time.sleep(0.05)
    except RuntimeError:
        return []
    return absent


def _news(gone, size, folder):
    """Say who is gone, and where the run can go on."""
    who = f"rank {', '.join(map(str, gone))} of {size} is gone" if gone else "ended from outside"
    if not resume.has_state(folder):
        return f"{who}: nothing was saved yet"
    step = resume.peek(folder).get("step", "of an earlier run")
    return f"{who}: step {step} is saved in {folder}, --resume goes on, with any number of ranks"
