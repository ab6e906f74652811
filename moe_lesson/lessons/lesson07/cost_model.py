"""Seconds of an exchange and of a step, from latency, bandwidth and the fullest device."""

import math
from typing import NamedTuple

import numpy as np

from moe_lesson.lessons.lesson07.traffic import expected_max


class Link(NamedTuple):
    """Hold what one kind of connection does.

    >>> Link("toy", 1e-6, 1e9).seconds(2, 1000)
    3e-06

    Lesson 7.
    """

    name: str
    latency: float  # seconds a message
    bandwidth: float  # bytes a second that one device sends

    def seconds(self, messages, size):
        """Compute the time of so many messages with so many bytes together.

        >>> Link("toy", 0.0, 1e9).seconds(5, 1e9)
        1.0

        Lesson 7.
        """
        return messages * self.latency + size / self.bandwidth


# DeepSeek-AI 2024 (DeepSeek-V3, arXiv:2412.19437) counts with 160 and 50 GB/s a GPU inside and
# between nodes of 8. The latencies are our assumption, and so is what a copy in memory costs.
INSIDE = Link("NVLink, H800", 2e-6, 160e9)
BETWEEN = Link("InfiniBand, H800", 5e-6, 50e9)
NODE = 8
COPY = 2e12  # bytes a second, read and written


def direct(sent, ranks, inside=INSIDE, between=BETWEEN):
    """Compute the time of an exchange in which every device writes to every other.

    Args:
        sent: bytes of a device, those to itself included; spread evenly.

    Returns:
        Seconds: the two kinds of links work at once, so the slower one counts.

    >>> direct(8e9, 8, Link("", 0, 7e9))
    1.0

    Lesson 7.
    """
    near = min(ranks, NODE)
    far = ranks - near
    there = inside.seconds(near - 1, sent * (near - 1) / ranks)
    return max(there, between.seconds(far, sent * far / ranks))


def in_two_steps(sent, ranks, inside=INSIDE, between=BETWEEN):
    """Compute the time of Tutel's exchange: gather within the node, then once to each node.

    Hwang et al. 2022 (arXiv:2206.03382): instead of W - 1 messages (m - 1) + (W / m - 1), with m
    devices a node, for two copies in memory and for sending all bytes within the node first.

    Returns:
        Seconds.

    >>> in_two_steps(8e9, 8, Link("", 0, 7e9)) > direct(8e9, 8, Link("", 0, 7e9))
    True

    Lesson 7.
    """
    near = min(ranks, NODE)
    nodes = ranks // near
    copies = 2 * 2 * sent / COPY
    there = inside.seconds(near - 1, sent * (near - 1) / near)
    return copies + there + between.seconds(nodes - 1, sent * (nodes - 1) / nodes)


def on_a_torus(sent, ranks, bandwidth):
    """Compute the time of an exchange on a square torus, where the middle is the limit.

    Half of all bytes cross the middle, half of these in each direction, over two rows of links
    (a torus closes at its ends): W * sent / 4 bytes over 2 sqrt(W) links.

    Returns:
        Seconds, in proportion to the square root of the number of devices.

    >>> on_a_torus(8.0, 16, 1.0), on_a_torus(8.0, 64, 1.0)
    (4.0, 8.0)

    Lesson 7.
    """
    return ranks * sent / 4 / (2 * math.sqrt(ranks) * bandwidth)


class Step(NamedTuple):
    """Hold the parts of a step's time, in seconds.

    >>> Step(1.0, 0.5, 0.5).total
    2.0

    Lesson 7.
    """

    even: float  # of the experts, were all devices as full
    waiting: float  # for the fullest device
    exchange: float

    @property
    def total(self):
        """Add up the parts.

        >>> Step(1.0, 0.0, 0.5).total
        1.5

        Lesson 7.
        """
        return self.even + self.waiting + self.exchange


class Layer(NamedTuple):
    """Hold the sizes of a sparse layer and of what one device brings to it.

    >>> MIXTRAL_LAYER.row_operations
    352321536

    Lesson 7.
    """

    dim: int
    hidden_dim: int
    num_experts: int
    top_k: int
    tokens: int  # of one device
    size: int = 2  # bytes a number
    speed: float = 4e14  # operations a second: our assumption for a device of this kind

    @property
    def row_operations(self):
        """Count the operations of one row: three products, two operations each.

        >>> Layer(1, 1, 8, 2, 16).row_operations
        6

        Lesson 7.
        """
        return 6 * self.dim * self.hidden_dim


MIXTRAL_LAYER = Layer(dim=4096, hidden_dim=14336, num_experts=8, top_k=2, tokens=4096)
# DeepSeek-V3: 256 experts of width 2,048, 8 a token.
V3_LAYER = Layer(dim=7168, hidden_dim=2048, num_experts=256, top_k=8, tokens=4096)


def layer_step(layer, ranks, exchange=direct, skew=None):
    """Compute the time of one sparse layer, forward, on so many devices.

    Args:
        layer: a Layer; where there are more devices than experts, each has copies.
        exchange: ``direct`` or ``in_two_steps``.
        skew: max / mean load of the devices; None: that of an even router's own chance.

    Returns:
        A Step.

    >>> layer_step(MIXTRAL_LAYER, 1, skew=1.0).exchange
    0.0

    Lesson 7.
    """
    rows = layer.tokens * layer.top_k
    if skew is None:
        skew = expected_max(rows * ranks, min(ranks, layer.num_experts), draws=20)
    even = rows * layer.row_operations / layer.speed
    sent = rows * layer.dim * layer.size
    moved = 2 * exchange(sent, ranks) if ranks > 1 else 0.0  # there and back
    return Step(even, even * (skew - 1), moved)


def fit(sizes, seconds):
    """Fit latency and bandwidth to measured times: a line through them.

    Args:
        sizes: bytes that one device sent.

    Returns:
        A Link: its latency that of a whole exchange, at least 0.

    >>> found = fit([0, 1000], [0.5, 1.5])
    >>> round(found.latency, 6), round(found.bandwidth)
    (0.5, 1000)

    Lesson 7.
    """
    slope, start = np.polyfit(sizes, seconds, 1)
    return Link("measured", max(float(start), 0.0), float(1 / max(slope, 1e-15)))
