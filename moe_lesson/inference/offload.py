"""A model whose experts stay on the disk and come into a few places in memory when visited.

Eliseev & Mazur 2023 (arXiv:2312.17238): experts used lately are kept, and those that the next
layer may want are guessed by its router, early.
"""

import math
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from moe_lesson.checkpoints.files import check_tensors, read_object
from moe_lesson.checkpoints.hf_config import config_from_hf
from moe_lesson.checkpoints.hf_weights import places
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.experts import swiglu

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
ONE_EXPERT = ("w1", "w3", "w2")  # gate, up, down


class LRU:
    """Keep as many experts as there are slots; the one not used for longest makes room.

    ``held`` tells the slot of each, in the order of their last use, the latest at the end.

    Raises:
        ValueError: ``slots`` is no whole number, 1 or more.

    >>> cache = LRU(slots=2)
    >>> [cache.touch(expert) for expert in (4, 7, 4, 1, 7)], cache.held
    ([False, False, True, False, False], {1: 1, 7: 0})

    Lesson 13.
    """

    def __init__(self, slots):
        if not isinstance(slots, int) or isinstance(slots, bool) or slots < 1:
            raise ValueError(f"slots is {slots!r}: it must be a whole number, 1 or more")
        self.slots, self.held = slots, {}

    def touch(self, expert):
        """Use an expert; return whether it was held."""
        hit = expert in self.held
        if hit or len(self.held) < self.slots:
            slot = self.held.pop(expert, len(self.held))
        else:
            slot = self.held.pop(next(iter(self.held)))
        self.held[expert] = slot
        return hit

    def held_first(self, experts):
        """Order experts so that none that is held is dropped for another before its turn."""
        return sorted(experts, key=lambda expert: expert not in self.held)


class Stats(NamedTuple):
    """Count what one layer asked of its experts, a step and an expert at a time.

    >>> Stats(hits=3, misses=1, guesses=0, used=0, bytes=8).hits
    3

    Lesson 13.
    """

    hits: int  # the expert was in a slot
    misses: int  # it was not
    guesses: int  # experts that were read on a guess
    used: int  # misses that a guess had foreseen: no wait for the disk
    bytes: int  # read from the disk


def stats(model):
    """Tell what the layers of an ``offloaded`` model have done so far.

    Returns:
        One Stats per layer.

    >>> import tempfile
    >>> from moe_lesson.checkpoints.folder import save
    >>> from moe_lesson.models.config import TINY
    >>> folder = tempfile.mkdtemp()
    >>> save(folder, Mixtral(TINY))
    >>> model = offloaded(folder, slots=2)
    >>> _ = model(torch.tensor([[1]])), model(torch.tensor([[1]]))
    >>> stats(model)[1]
    Stats(hits=2, misses=2, guesses=0, used=0, bytes=36864)

    Lesson 13.
    """
    return [Stats(**block.feed_forward.experts.count) for block in model.blocks]


def mapped(path):
    """Map a safetensors file into memory, to be read only.

    ``files.read_tensors`` maps it so that it could be written to; the kernel counts all of
    that as memory that the process may need.

    Returns:
        A dict of tensors; a page of the file is read when it is used. Never write to them.

    Raises:
        OSError: there is no such file.
        ValueError: it is no whole safetensors file, or holds other than floating point.

    >>> mapped("absent.safetensors")
    Traceback (most recent call last):
    FileNotFoundError: No such file or directory: absent.safetensors

    Lesson 13.
    """
    try:
        with safe_open(path, framework="np") as file:  # which checks that there are no gaps
            parts = [(name, file.get_slice(name)) for name in file.offset_keys()]
            kinds = [(name, part.get_dtype(), part.get_shape()) for name, part in parts]
    except SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from None
    file, found = np.memmap(path, mode="r"), {}
    end = len(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch has no tensors that can only be read
        for name, kind, shape in reversed(kinds):
            if kind not in DTYPES:
                raise ValueError(f"{path}: {name} is {kind}, allowed are {', '.join(DTYPES)}")
            begin = end - DTYPES[kind].itemsize * math.prod(shape)
            found[name] = torch.from_numpy(file[begin:end]).view(DTYPES[kind]).view(shape)
            end = begin
    return found


class OffloadedExperts(nn.Module):
    """Run E SwiGLU networks that are on the disk, at most ``slots`` of them in memory.

    Args:
        disk: for each expert its gate, up and down, as ``mapped``.

    >>> disk = [[torch.ones(8, 4), torch.ones(8, 4), torch.zeros(4, 8)]] * 3
    >>> experts = OffloadedExperts(disk, slots=1, dtype=torch.float32)
    >>> experts(torch.ones(2, 4), torch.tensor([1, 0, 1])).sum().item(), list(experts.lru.held)
    (0.0, [2])

    Lesson 13.
    """

    def __init__(self, disk, slots, dtype):
        super().__init__()
        self.disk, self.lru, self.dtype = disk, LRU(slots), dtype
        if slots > len(disk):
            raise ValueError(f"slots is {slots}: a layer has {len(disk)} experts to hold")
        self.slot, self.size = [None] * slots, sum(part.nbytes for part in disk[0])
        self.count = dict.fromkeys(Stats._fields, 0)
        self.early = {}  # expert -> what a guess is reading or has read
        self.following = None  # the next layer, and how what it reads differs from what this does

    def forward(self, x_RD, count_E):
        if self.following is not None:
            self._guess(x_RD, *self.following)
        y = list(x_RD.split(count_E.tolist()))
        for e in self.lru.held_first(e for e, own in enumerate(y) if len(own)):
            y[e] = swiglu(y[e], *self._weights(e))
        self.early.clear()
        return torch.cat(y)

    def _weights(self, e):
        """Return an expert's weights, from its slot or into one."""
        hit = self.lru.touch(e)
        slot = self.lru.held[e]
        self.count["hits" if hit else "misses"] += 1
        if not hit:
            self.slot[slot] = None  # whoever was there leaves before the next one comes
            early = self.early.pop(e, None)
            self.count["used" if early else "bytes"] += 1 if early else self.size
            self.slot[slot] = early.result() if early else self._read(e)
        return self.slot[slot]

    def _read(self, e):
        """Copy an expert from the disk."""
        gate, up, down = self.disk[e]
        return torch.stack([gate, up]).to(self.dtype), down.to(self.dtype, copy=True)

    def _guess(self, x_RD, layer, ratio_D, pool):
        """Begin to read the experts that most rows may want next, ``top_k`` at most."""
        router, other = layer.router, layer.experts
        count_E = router(x_RD * ratio_D).routing.expert_TK.flatten().bincount()
        order = count_E.argsort(descending=True, stable=True).tolist()
        wanted = [e for e in order if count_E[e] and e not in other.lru.held][: router.top_k]
        other.early = {e: pool.submit(other._read, e) for e in wanted}
        other.count["guesses"] += len(wanted)
        other.count["bytes"] += len(wanted) * other.size


def offloaded(folder, slots=4, guess=False, dtype=None):
    """Open a saved Mixtral whose experts are read from the disk when they are visited.

    In memory are: all but the experts; ``slots`` experts a layer; with ``guess`` ``top_k`` more.
    What the system keeps of the file besides is memory that nobody else wanted.

    Args:
        folder: as ``checkpoints.folder.save`` or transformers' ``save_pretrained`` left it.
        guess: whether the router of the next layer is asked early: its choice for what this
            layer reads, as far as not held, is read beside this layer's work, as in the paper.
            Nobody leaves a slot for a guess before it comes true.
        dtype: of the weights in memory; None: as on the disk.

    Returns:
        The model in evaluation mode, on the CPU and without gradients. See ``stats``.

    Raises:
        FileNotFoundError: the folder lacks its ``config.json``.
        ValueError: the model is dense, ``slots`` is not between 1 and the number of experts,
            or the weights are not those of the configuration.

    >>> offloaded("absent")
    Traceback (most recent call last):
    FileNotFoundError: absent/config.json: there is no such file

    Lesson 13.
    """
    folder, tensors = Path(folder), {}
    config = config_from_hf(read_object(folder / "config.json"))
    if config.num_experts == 1:
        raise ValueError(f"{folder}: num_experts is 1, a dense model has no experts to offload")
    for path in sorted(folder.glob("model*.safetensors")):  # one file, or several numbered ones
        tensors |= mapped(path)
    with torch.random.fork_rng(devices=[]):
        model = Mixtral(replace(config, hidden_dim=1))  # no memory for experts yet
    model.config, outer = config, _check(tensors, config, model.state_dict())
    dtype = dtype or tensors["model.embed_tokens.weight"].dtype
    for layer, block in enumerate(model.blocks):
        stem = f"model.layers.{layer}.block_sparse_moe.experts"
        disk = [
            [tensors[f"{stem}.{e}.{part}.weight"] for part in ONE_EXPERT]
            for e in range(config.num_experts)
        ]
        block.feed_forward.experts = OffloadedExperts(disk, slots, dtype)
    state = {ours: tensors[name].to(dtype, copy=True) for name, ours in outer.items()}
    model.load_state_dict(state, assign=True)
    if guess:
        pool = ThreadPoolExecutor(max_workers=1)
        for block, then in pairwise(model.blocks):
            # What a layer reads is normalised; two norms of the same differ by their weights.
            ratio_D = (then.feed_forward_norm.weight / block.feed_forward_norm.weight).detach()
            block.feed_forward.experts.following = then.feed_forward, ratio_D, pool
    return model.requires_grad_(False).eval()


def _check(tensors, config, state):
    """Refuse tensors of other shapes; return those of no expert: their name -> ours."""
    wide, high = (config.hidden_dim, config.dim), (config.dim, config.hidden_dim)
    shapes, table = {"w1": wide, "w2": high, "w3": wide}, places(config)
    outer = {name: ours for name, (ours, _) in table.items() if ".experts." not in name}
    wanted = {name: shapes[name.split(".")[-2]] for name in table if name not in outer}
    check_tensors(tensors, wanted | {name: state[ours].shape for name, ours in outer.items()})
    return outer
