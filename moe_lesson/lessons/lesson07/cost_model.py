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
# Lepikhin et al. 2020 (GShard, arXiv:2006.16668), tables 1 and 3: layers -> devices -> steps a
# second. One expert of each sparse layer lies on each device; batches are "1M" and "4M" tokens.
GSHARD = {36: {128: 0.67, 512: 1.05, 2048: 0.72}, 12: {128: 2.16, 512: 3.28, 2048: 2.15}}
GSHARD_TOKENS = {128: 1e6, 512: 1e6, 2048: 4e6}
GSHARD_SHARE = 0.16  # of the exchange in a step on 128 devices, section 5


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


def torus_step(tokens, devices):
    """Scale a whole step: a share of it, the exchange, grows as on a torus, all else does not.

    Lepikhin et al. 2020 (GShard, arXiv:2006.16668), section 5: the exchange is 16 % of a step on
    128 devices. Everything is in proportion to the tokens of one device.

    Args:
        tokens: of all devices.

    Returns:
        A time whose unit is that of a token on 128 devices: only ratios mean something.

    >>> round(torus_step(128, 128), 2), round(torus_step(512, 512), 2)
    (1.0, 1.16)

    Lesson 7.
    """
    grown = on_a_torus(1.0, devices, 1.0) / on_a_torus(1.0, 128, 1.0)
    return tokens / devices * (1 - GSHARD_SHARE + GSHARD_SHARE * grown)


def gshard_curves():
    """Put GShard's published steps beside the torus model, which starts from their 512 devices.

    Returns:
        name -> (devices, seconds a step), as ``figures.lines`` takes it.

    >>> curves = gshard_curves()
    >>> [round(one, 2) for one in curves["36 layers, published"][1]]
    [1.49, 0.95, 1.39]
    >>> [round(one, 2) for one in curves["36 layers, model"][1]]
    [3.28, 0.95, 1.22]

    Lesson 7.
    """
    curves = {}
    for layers, speeds in GSHARD.items():
        devices = list(speeds)
        scale = [torus_step(GSHARD_TOKENS[each], each) for each in devices]
        start = 1 / speeds[512] / torus_step(GSHARD_TOKENS[512], 512)
        curves[f"{layers} layers, published"] = devices, [1 / speeds[each] for each in devices]
        curves[f"{layers} layers, model"] = devices, [start * each for each in scale]
    return curves


class Step(NamedTuple):
    """Hold the parts of a step's time, in seconds.

    >>> Step(1.0, 0.5, 0.5).total
    2.0

    Lesson 7.
    """

    even: float  # of the experts, were all devices as full
    waiting: float  # for the fullest device: its rows, and their way
    exchange: float  # were all devices as full

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

    The fullest device computes ``skew`` times the mean; it gets as many times the bytes, and sends
    as many back.

    Args:
        layer: a Layer. With more devices than experts each row of the mesh, as many devices as
            experts, has a copy of all of them, and exchanges within itself.
        exchange: ``direct`` or ``in_two_steps``.
        skew: max / mean load of the devices; None: that of an even router's own chance.

    Returns:
        A Step.

    >>> layer_step(MIXTRAL_LAYER, 1, skew=1.0).exchange
    0.0

    Lesson 7.
    """
    rows, ranks = layer.tokens * layer.top_k, min(ranks, layer.num_experts)
    if skew is None:
        skew = expected_max(rows * ranks, ranks, draws=20)
    even = rows * layer.row_operations / layer.speed
    sent = rows * layer.dim * layer.size
    # There and back.
    moved, most = (2 * exchange(each, ranks) if ranks > 1 else 0.0 for each in (sent, sent * skew))
    return Step(even, even * (skew - 1) + most - moved, moved)


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
