"""Kill a run for real, at random moments: ``python tools/kills.py`` (100 kills; a number: so many).

A process trains a tiny model with a folder, is killed (SIGKILL) at a moment drawn from a seed,
and a new one goes on, until the run is over; then comes another run with another seed. After
every kill the folder is read: it must hold every step up to the last state that the process
had saved before it was killed, and each row must equal the row of a run that nobody killed, to
the last bit, the clock's seconds apart. Prints a table; ends with 1 if a step or a loss differs.
"""

import argparse
import os
import random
import select
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch

from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import Data, Text
from moe_lesson.training import loop, resume
from moe_lesson.training.settings import Settings, make_optimizer

SAVE_EVERY, LONGEST = 3, 0.5  # seconds that a process lives at most; on a busy machine more


class Killed(NamedTuple):
    """What one kill met."""

    halved: bool  # a file was half written
    redone: int  # steps that were done, and not yet saved
    lost: int  # steps that had been saved, and are gone
    changed: int  # rows that are not those of the unbroken run


def settings(seed, steps):
    """Return what all processes of one run share."""
    measured = {"measure_every": 50, "measure_tokens": 64}
    return Settings(steps, 2, 16, warmup=5, save_every=SAVE_EVERY, seed=seed, **measured)


def train(seed, steps, folder=None, watch=None):
    """Train from the start, or go on."""
    pattern = torch.arange(2_000) % (23 + seed) + 3
    text = Text(pattern, torch.ones_like(pattern))
    torch.manual_seed(seed)
    model, data = Mixtral(TINY), Data(text, text)
    return loop.train(model, data, settings(seed, steps), folder, progress=False, watch=watch)


def four_bytes(step):
    """Write a step so that every write to a pipe has one length, and is whole."""
    return step.to_bytes(4, "big")


def live(seed, steps, folder, seconds):
    """Let a process train, and kill it; return the last step it did, None if it came to its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            train(seed, steps, folder, lambda row: os.write(writing, four_bytes(row["step"])))
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    end, told = time.monotonic() + seconds, b""
    while (left := end - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            part = os.read(reading, 1 << 16)
            told += part
            if not part:  # it has ended by itself
                break
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while part := os.read(reading, 1 << 16):
        told += part
    os.close(reading)
    if not os.WIFSIGNALED(status):
        if os.waitstatus_to_exitcode(status):
            raise RuntimeError(f"the process failed: {folder}")
        return None
    return int.from_bytes(told[-4:], "big")


def saved_rows(seed, steps, folder):
    """Read what the folder holds, as the next process will."""
    if not resume.has_state(folder):
        return []
    model = Mixtral(TINY)
    rows = resume.load_state(folder, model, make_optimizer(model, settings(seed, steps)))["rows"]
    return plain(rows)


def plain(rows):
    """Return the rows without what a clock measured."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def one_run(seed, steps, dice, most):
    """Kill one run until it is over, or ``most`` times; return a list of Killed."""
    since = time.monotonic()
    whole, kills, before = plain(train(seed, steps)), [], 0
    longest = max(LONGEST, (time.monotonic() - since) / 2)
    with tempfile.TemporaryDirectory() as folder:
        while len(kills) < most:
            begun = live(seed, steps, folder, dice.uniform(0, longest))
            if begun is None:
                break
            halved = any(Path(folder).rglob("*.tmp"))
            rows = saved_rows(seed, steps, folder)
            # The step it told of last may not be saved yet; those before it are.
            sure = max(before, (begun - 1) // SAVE_EVERY * SAVE_EVERY) if begun else before
            changed = sum(a != b for a, b in zip(rows, whole))
            redone, lost = max(begun - len(rows), 0), max(sure - len(rows), 0)
            kills.append(Killed(halved, redone, lost, changed))
            before = len(rows)
        train(seed, steps, folder)
        rows = saved_rows(seed, steps, folder)
    if rows != whole:
        raise RuntimeError(f"run {seed}: it ended with other rows than the one nobody killed")
    return kills


def main():
    """Print a line for each run, and their sum."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--steps", type=int, default=400, help="of one run")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other moments")
    args = parser.parse_args()
    torch.set_num_threads(1)
    dice, every, seed = random.Random(args.seed), [], 0
    print("run  kills  half-written files met  steps redone  steps lost  rows changed")
    began = time.monotonic()
    while len(every) < args.kills:
        found = one_run(seed, args.steps, dice, args.kills - len(every))
        if found:
            print(line(seed, found), flush=True)
        every += found
        seed += 1
    print(line("all", every), f"  ({time.monotonic() - began:.0f} s)")
    return int(any(kill.lost or kill.changed for kill in every))


def line(name, kills):
    """Add up kills for one line of the table."""
    halved, redone, lost, changed = (sum(column) for column in zip(*kills))
    return f"{name:>3} {len(kills):>6} {halved:>23} {redone:>13} {lost:>11} {changed:>13}"


if __name__ == "__main__":
    sys.exit(main())
