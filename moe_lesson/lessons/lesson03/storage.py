"""How much one layer stores: runs that differ in experts, k and facts, and in nothing else."""

from dataclasses import dataclass
from typing import NamedTuple

from moe_lesson.study.memory import BATCH, RATE, Size, facts, learn, recall

DIM, WIDTH, STEPS = 16, 16, 600  # a run of 64 experts takes seconds
EXPERTS, TOP_K, FACTS = (4, 16, 64), (1, 2, 4), (1000, 4000, 16_000)


@dataclass(frozen=True)
class Practice:
    """Say how every run learnt, for the file that keeps them.

    >>> Practice().dim
    16

    Lesson 3.
    """

    steps: int = STEPS
    batch: int = BATCH
    learning_rate: float = RATE
    dim: int = DIM
    hidden_dim: int = WIDTH  # of one expert
    balance_weight: float = 0.01


class Stored(NamedTuple):
    """Hold what one run cost and what it remembers.

    >>> Stored(64, 2, 16, 1000, 0, 3000, 900, 0.5, 1200.0).share
    0.5

    Lesson 3.
    """

    num_experts: int  # 1: dense
    top_k: int
    hidden_dim: int  # width of one expert
    facts: int  # of log2(16) = 4 bits each
    seed: int
    parameters: int  # total, the output layer included
    operations: int  # multiply-adds an input
    share: float  # of labels that are the first guess, 1/16 by chance
    bits: float  # stored


def sparse(num_experts, top_k=2):
    """Return the sizes of a sparse layer whose experts are as wide as all others' here.

    >>> sparse(16).parameters - sparse(4).parameters == 12 * (3 * 16 * 16 + 16)
    True

    Lesson 3.
    """
    return Size(num_experts, top_k, WIDTH, DIM)


def dense(times):
    """Return the sizes of a dense layer as wide as some experts together.

    >>> sparse(4).operations - dense(2).operations == 4 * 16  # the router's rows
    True

    Lesson 3.
    """
    return Size(1, 1, times * WIDTH, DIM)


def stored(size, count, seed, steps=STEPS):
    """Let a layer learn facts by heart, and ask for them.

    Returns:
        A Stored.

    >>> stored(sparse(4), count=100, seed=0, steps=1).parameters
    3408

    Lesson 3.
    """
    known = facts(count, size, seed)
    model = learn(known, size, steps, seed)
    found = recall(model, *known)
    what = size.num_experts, size.top_k, size.hidden_dim, count, seed
    return Stored(*what, size.parameters, size.operations, found.share, found.bits)


def grid(seeds):
    """Yield (size, facts, seed) of the recorded runs, seed by seed, those that matter most first.

    >>> first, *others = grid(seeds=3)
    >>> first[0].num_experts, first[1:], len(others) + 1
    (4, (16000, 0), 90)

    Lesson 3.
    """
    for seed in range(seeds):
        for count in reversed(FACTS):
            for k in sorted(TOP_K, key=lambda k: k != 2):
                yield from ((sparse(number, k), count, seed) for number in EXPERTS)
        yield from ((dense(times), FACTS[-1], seed) for times in (2, 16, 64))
