"""Experts cut finer, where nothing but storage counts: facts by heart, and facts in parts."""

import math
import time
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from moe_lesson.study.memory import BATCH, RATE, Size, facts, learn, recall

TASKS = ("facts", "parts")
TIMES = (1, 4)  # how many experts one wide expert is cut into
DIM, STORED, LABELS = 32, 256, 16  # width of an input and of all experts together
FACTS, PARTS, VALUES, STEPS = 12_000, 4, 300, 700
ASKED = 8192  # new inputs in parts that are asked


@dataclass(frozen=True)
class Practice:
    """Say how every run learnt, for the file that keeps them.

    >>> PRACTICE.parts
    4

    Lesson 14.
    """

    steps: int
    batch: int
    learning_rate: float
    dim: int
    stored: int  # width of all experts together
    facts: int
    parts: int
    values: int  # of a part


PRACTICE = Practice(STEPS, BATCH, RATE, DIM, STORED, FACTS, PARTS, VALUES)


def size_of(times):
    """Cut eight experts into ``times`` as many, of which a token visits a quarter; 0: dense.

    >>> size_of(1)[:3], size_of(8)[:3], size_of(0)[:3]
    ((8, 2, 32), (64, 16, 4), (1, 1, 64))

    Lesson 14.
    """
    if not times:
        return Size(1, 1, STORED // 4, DIM, LABELS)
    return Size(8 * times, 2 * times, STORED // (8 * times), DIM, LABELS)


class Parts(NamedTuple):
    """Hold facts of which each input carries four at once, one in each quarter of its numbers.

    Every value of a part has a bit of its own, learnt whatever stands in the other parts; the
    label is the four bits. Inputs are combinations that no later step draws again.

    >>> in_parts(seed=0).draw(3, torch.Generator().manual_seed(0))[0].shape
    torch.Size([3, 32])

    Lesson 14.
    """

    value_PND: Tensor  # parts x values x the numbers of one part
    bit_PN: Tensor  # 0 or 1

    def draw(self, batch, generator):
        """Draw new combinations: inputs, labels, and None.

        >>> in_parts(seed=0).draw(3, torch.Generator().manual_seed(0))[1].max().item() < 16
        True

        Lesson 14.
        """
        parts, values, _ = self.value_PND.shape
        id_TP = torch.randint(values, (batch, parts), generator=generator)
        column_P = torch.arange(parts)
        x_TD = self.value_PND[column_P, id_TP].flatten(1)
        return x_TD, (self.bit_PN[column_P, id_TP] << column_P).sum(-1), None


def in_parts(seed, values=VALUES):
    """Make facts in parts.

    >>> in_parts(seed=0, values=5).bit_PN.shape
    torch.Size([4, 5])

    Lesson 14.
    """
    generator = torch.Generator().manual_seed(seed)
    value_PND = torch.randn(PARTS, values, DIM // PARTS, generator=generator)
    return Parts(value_PND, torch.randint(2, (PARTS, values), generator=generator))


def grain(task, times, seed, steps=STEPS):
    """Let one layer learn, and ask it.

    Args:
        task: "facts" by heart, or "parts".

    Returns:
        A dict for ``data/measurements``: sizes, seconds of the processor, and ``bits`` stored.

    >>> grain("parts", 1, seed=0, steps=1)["num_experts"]
    8

    Lesson 14.
    """
    size, began = size_of(times), time.process_time()
    known = facts(FACTS, size, seed) if task == "facts" else in_parts(seed)
    model = learn(known, size, steps, seed)
    seconds = time.process_time() - began
    told = size._asdict() | {"parameters": size.parameters, "operations": size.operations}
    told |= {"task": task, "times": times, "seed": seed, "seconds": round(seconds, 1)}
    if task == "facts":
        return told | {"bits": round(recall(model, *known).bits)}
    x_TD, label_T, _ = known.draw(ASKED, torch.Generator().manual_seed(seed + 1000))
    a_label = recall(model, x_TD, label_T).bits / ASKED  # of log2(16) = 4 bits
    return told | {"bits": round(a_label / math.log2(LABELS) * PARTS * VALUES)}
