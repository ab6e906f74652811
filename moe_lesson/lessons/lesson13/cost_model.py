"""What a step of decoding reads and computes, and what a device makes of it."""

from typing import NamedTuple

import numpy as np

from moe_lesson.inference.compress import GROUP
from moe_lesson.models.config import Config

CACHE_BYTES = 2  # of a number in the cache, whatever the weights have
# Touvron et al. 2023 (Llama 2, arXiv:2307.09288); sizes from its published configuration.
LLAMA_2_70B = Config(
    dim=8192,
    n_layers=80,
    head_dim=128,
    hidden_dim=28672,
    n_heads=64,
    n_kv_heads=8,
    context_len=4096,
    vocab_size=32000,
)


class Device(NamedTuple):
    """Hold what bounds a device.

    >>> Device("toy", memory=10, bandwidth=2.0, speed=100.0).speed
    100.0

    Lesson 13.
    """

    name: str
    memory: float  # bytes
    bandwidth: float  # bytes a second
    speed: float  # operations a second in large products of 16 bits


# 3.35 and 4.8 TB/s; 295 operations a byte on an H100, whose arithmetic an H200 shares.
H100 = Device("H100", 80e9, 3.35e12, 295 * 3.35e12)
H200 = Device("H200", 141e9, 4.8e12, 295 * 3.35e12)
DEVICES = {one.name: one for one in (H100, H200)}
DEVICES |= {
    f"two {one.name}": Device(f"two {one.name}", *(2 * x for x in one[1:])) for one in (H100, H200)
}


def expected_distinct(share_E, batch):
    """Expect how many experts a batch visits, if its tokens choose alone.

    An expert that a token visits with probability s is missed by all with (1 - s) ** batch.

    Args:
        share_E: of the tokens that visit each expert; their sum is k.

    Returns:
        Experts: k for one token, at most E.

    >>> float(expected_distinct(np.full(8, 2 / 8), 2))
    3.5

    Lesson 13.
    """
    return (1 - (1 - share_E) ** batch).sum()


def weights_read(config, batch):
    """Count the weights that one step of decoding reads: each that some token needs, once.

    The embedding is looked up, not read. Routers choose evenly, each token for itself.

    Returns:
        Parameters, not bytes.

    >>> from moe_lesson.models.config import MIXTRAL_8X7B
    >>> round(weights_read(MIXTRAL_8X7B, 1) / 1e9, 1), round(weights_read(MIXTRAL_8X7B, 8) / 1e9, 1)
    (12.7, 42.1)

    Lesson 13.
    """
    even_E = np.full(config.num_experts, config.top_k / config.num_experts)
    more = expected_distinct(even_E, batch) - config.top_k
    lookup = 0 if config.tied else config.dim * config.vocab_size
    one_token = config.active_parameters - lookup
    return one_token + float(more) * config.n_layers * config.expert_parameters


class Load(NamedTuple):
    """Hold what is decoded: a model, how many sequences, how long each is, bits a weight.

    >>> from moe_lesson.models.config import MIXTRAL_8X7B
    >>> Load(MIXTRAL_8X7B, batch=1, context=32768).cache_bytes == 4 * 2**30
    True

    Lesson 13.
    """

    config: Config
    batch: int = 1
    context: int = 0  # positions of each sequence that are in the cache
    bits: int = 16  # of a weight, its scale not counted

    @property
    def byte_each(self):
        """Return the bytes of one weight, with its part of a scale."""
        return (self.bits + (16 / GROUP if self.bits < 16 else 0)) / 8

    @property
    def weight_bytes(self):
        """Return the bytes of all weights: they must be there."""
        return self.config.total_parameters * self.byte_each

    @property
    def cache_bytes(self):
        """Return the bytes of keys and values of all sequences."""
        wide = 2 * self.config.n_layers * self.config.n_kv_heads * self.config.head_dim
        return wide * CACHE_BYTES * self.batch * self.context


class Step(NamedTuple):
    """Hold the seconds of one step of decoding, by what they are spent on.

    Reading and computing go on at once: the longer of the two is the step's time.

    >>> Step(weights=1.0, cache=0.5, arithmetic=2.0, fits=True).limit
    'arithmetic'

    Lesson 13.
    """

    weights: float  # seconds to read the weights that are needed
    cache: float  # seconds to read keys and values
    arithmetic: float  # seconds to compute
    fits: bool  # whether all weights and the cache have room

    @property
    def seconds(self):
        """Return the step's time."""
        return max(self.weights + self.cache, self.arithmetic)

    @property
    def limit(self):
        """Name what to make smaller first."""
        if not self.fits:
            return "memory"
        if self.arithmetic > self.weights + self.cache:
            return "arithmetic"
        return "weights" if self.weights > self.cache else "cache"


def decode_step(load, device):
    """Bound one step of decoding from below: bytes over bandwidth, operations over speed.

    No launch of a kernel, no exchange between devices, no overhead: a real one takes longer.

    Returns:
        A Step.

    >>> from moe_lesson.models.config import MIXTRAL_8X7B
    >>> step = decode_step(Load(MIXTRAL_8X7B), H100)
    >>> round(1 / step.seconds), step.limit
    (131, 'memory')

    Lesson 13.
    """
    read = weights_read(load.config, load.batch) * load.byte_each
    operations = load.batch * load.config.operations_per_token(load.context)
    return Step(
        read / device.bandwidth,
        load.cache_bytes / device.bandwidth,
        operations / device.speed,
        load.weight_bytes + load.cache_bytes <= device.memory,
    )


def largest_batch(load, device):
    """Tell how many sequences of a context have room beside the weights; 0: none.

    >>> from moe_lesson.models.config import MIXTRAL_8X7B
    >>> largest_batch(Load(MIXTRAL_8X7B, context=4096), H200)
    88

    Lesson 13.
    """
    one = load._replace(batch=1).cache_bytes
    return max(0, int((device.memory - load.weight_bytes) // one))
