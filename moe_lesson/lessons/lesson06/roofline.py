"""How fast a layer may be at all: operations a byte, beside what a machine computes and reads."""

import time
from typing import NamedTuple

import torch

from moe_lesson.study.statistics import touched


class Machine(NamedTuple):
    """Hold the two limits of a machine.

    >>> Machine("toy", 100.0, 10.0).balance
    10.0

    Lesson 6.
    """

    name: str
    speed: float  # operations a second in large matrix products
    bandwidth: float  # bytes a second from memory

    @property
    def balance(self):
        """Return the operations a byte from which arithmetic is the limit, not memory."""
        return self.speed / self.bandwidth

    def roof(self, intensity):
        """Return the most operations a second at so many operations a byte."""
        return min(self.speed, intensity * self.bandwidth)


# An H100 (SXM) by its data sheet: 3.35 TB/s, and about 295 operations in bfloat16 for each byte.
H100 = Machine("H100, data sheet", 295 * 3.35e12, 3.35e12)


def operations(tokens, dim, hidden_dim, top_k):
    """Count a SwiGLU layer's operations, a multiplication and an addition as two.

    >>> operations(tokens=1, dim=1, hidden_dim=1, top_k=1)
    6

    Lesson 6.
    """
    return 2 * 3 * tokens * top_k * dim * hidden_dim


def intensity(tokens, dim, hidden_dim, num_experts, top_k, size):
    """Divide a layer's operations by the bytes of its weights and its rows.

    Each touched expert's three matrices are read once, each row is read and written once. What
    stands between them, sorted copies and hidden numbers, is not counted.

    Args:
        size: bytes of a number.

    Returns:
        Operations a byte: about 2 / size for one token; at most 3 / size * hidden_dim.

    >>> intensity(1, 1, 1, num_experts=1, top_k=1, size=1)  # 6 operations, 3 + 2 bytes
    1.2

    Lesson 6.
    """
    weights = touched(tokens, num_experts, top_k) * 3 * dim * hidden_dim
    rows = 2 * tokens * top_k * dim
    return operations(tokens, dim, hidden_dim, top_k) / (size * (weights + rows))


def measured_machine(width, megabytes, rounds=5):
    """Measure this machine on one thread: a large product, and reading a matrix once.

    Args:
        width: of the square matrices that are multiplied.
        megabytes: of the matrix that is read, times a vector; more than caches hold.

    Returns:
        A Machine, the best of some rounds each.

    >>> measured_machine(width=64, megabytes=1).balance > 0
    True

    Lesson 6.
    """
    left, right = torch.randn(2, width, width)
    rows = int((megabytes * 2**20 / 4) ** 0.5)
    matrix, vector = torch.randn(rows, rows), torch.randn(rows)
    product = best(lambda: left @ right, rounds)
    read = best(lambda: matrix @ vector, rounds)
    return Machine("this machine", 2 * width**3 / product, matrix.nbytes / read)


def best(run, rounds):
    """Return the processor's seconds of the fastest of some rounds, after one that warms up.

    >>> best(lambda: None, rounds=2) < 1
    True

    Lesson 6.
    """
    run()
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        run()
        seconds.append(time.process_time() - began)
    return min(seconds)
