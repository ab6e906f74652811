"""Weights in few bits: packed by groups, unpacked where and when they are multiplied.

Experts and attention get bits of their own. Routers, norms and embeddings stay as they are.
"""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from moe_lesson.checkpoints.files import check_tensors, read_object, read_tensors, replacing
from moe_lesson.checkpoints.hf_config import config_from_hf, config_to_hf
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.experts import loop, swiglu
from moe_lesson.moe.routing import at_least_float32

# Bits of a code -> how many a word holds, and the word. Ten of three bits leave two bits idle.
WORDS = {8: (1, torch.uint8), 4: (2, torch.uint8), 3: (10, torch.int32), 2: (4, torch.uint8)}
WEIGHTS, CONFIG, FIELD = "model.safetensors", "config.json", "quantization_config"
GROUP = 64  # weights that share a scale of 16 bits, unless a caller says otherwise
METHOD = {"quant_method": "absmax by groups"}  # other readers refuse it, as they should


class Packed(NamedTuple):
    """Hold a weight matrix, or a stack of them, in few bits.

    >>> pack(torch.ones(2, 6, 64), bits=4).codes.shape
    torch.Size([2, 6, 32])

    Lesson 13.
    """

    codes: Tensor  # words of joined codes, row by row: the first in the lowest bits
    scale: Tensor  # float16, one per group: what one code is worth
    shape: tuple  # of the weight
    bits: int
    group: int

    def unbind(self, axis):
        """Take a stack apart along its first axis, as a tensor's ``unbind(0)``."""
        parts = zip(self.codes.unbind(axis), self.scale.unbind(axis), strict=True)
        return [Packed(*part, self.shape[1:], self.bits, self.group) for part in parts]


def pack(weight, bits=8, group=GROUP):
    """Round weights to whole multiples of a scale; each group of an output's inputs has its own.

    Absmax: the scale is the group's largest magnitude over 2^(bits - 1) - 1, in float16, and
    the next float16 up where that falls short: no weight is cut off, and none is off by more
    than half a scale. How many scales it is, 2^(bits - 1) added, is its code, from 1 to
    2^bits - 1. At 4 bits a byte holds two, at 3 a word of 32 bits ten.

    Args:
        weight: its last axis holds an output's inputs.
        group: how many inputs share a scale; the last group is short where that does not
            divide the row.

    Returns:
        A Packed.

    Raises:
        ValueError: other bits than 2, 3, 4, 8; a group that is no whole number, 1 or more; a
            weight that is NaN, infinite, or too large for a scale in float16.

    >>> packed = pack(torch.tensor([[7.0, -3.0, 0.0, 2.0]]), bits=4)
    >>> [f"{byte:08b}" for byte in packed.codes.flatten().tolist()], packed.scale.item()
    (['01011111', '10101000'], 1.0)

    Lesson 13.
    """
    if not isinstance(bits, int) or bits not in WORDS:
        raise ValueError(f"bits is {bits!r}: allowed are 2, 3, 4 and 8")
    if not isinstance(group, int) or group < 1:
        raise ValueError(f"group is {group!r}: it must be a whole number, 1 or more")
    (count, word), top, width = WORDS[bits], 2 ** (bits - 1) - 1, weight.shape[-1]
    wide = at_least_float32(weight.detach())
    parts = F.pad(wide, (0, -width % group)).unflatten(-1, (-1, group))
    largest = parts.abs().amax(-1)
    scale = (largest / top).half()
    scale = (scale.view(torch.int16) + (scale.to(wide.dtype) * top < largest)).view(torch.half)
    if not scale.isfinite().all():
        worst = largest[~scale.isfinite()][0].item()
        raise ValueError(f"a weight of magnitude {worst}: allowed is up to {65504 * top}")
    divisor = scale.to(wide.dtype).where(scale > 0, 1)[..., None]
    code = (parts / divisor).round().int().flatten(-2)[..., :width] + top + 1
    code = F.pad(code, (0, -width % count))
    codes = sum(code[..., place::count] << bits * place for place in range(count))
    return Packed(codes.to(word), scale, tuple(weight.shape), bits, group)


def unpack(packed):
    """Turn packed weights back into numbers, float32: code times scale.

    >>> unpack(pack(torch.tensor([[7.0, -3.0, 0.2, 2.0]]), bits=4)).tolist()
    [[7.0, -3.0, 0.0, 2.0]]

    Lesson 13.
    """
    codes, scale, (*_, width), bits, group = packed
    count = WORDS[bits][0]
    weight = scale.new_empty(*codes.shape[:-1], count * codes.shape[-1], dtype=torch.float32)
    for place in range(count):  # half the time of one shift by a tensor
        weight[..., place::count] = codes >> bits * place & 2**bits - 1
    weight = weight[..., :width].sub_(2 ** (bits - 1))
    groups, whole = width // group, width // group * group
    weight[..., :whole].unflatten(-1, (groups, group)).mul_(scale[..., :groups, None])
    weight[..., whole:].mul_(scale[..., -1:])
    return weight


def bits_per_weight(packed):
    """Count the bits that a weight takes, its share of the scale included.

    >>> bits_per_weight(pack(torch.ones(3, 128), bits=4, group=64))
    4.25

    Lesson 13.
    """
    return 8 * (packed.codes.nbytes + packed.scale.nbytes) / math.prod(packed.shape)


class PackedWeight(nn.Module):
    """Multiply by a packed matrix: it is unpacked for each product, then forgotten.

    >>> PackedWeight((6, 64), bits=4, group=64)(torch.ones(2, 64)).shape
    torch.Size([2, 6])

    Lesson 13.
    """

    def __init__(self, shape, bits, group):
        super().__init__()
        self.about = tuple(shape), bits, group
        row = pack(torch.zeros(1, shape[-1]), bits, group)
        for name in ("codes", "scale"):  # expanded: they take no memory as yet
            self.register_buffer(name, getattr(row, name).expand(*shape[:-1], -1))
        self.register_buffer("like", torch.empty(0), persistent=False)  # has the model's dtype

    @property
    def packed(self):
        """Return what is held, as ``pack`` returns it."""
        return Packed(self.codes, self.scale, *self.about)

    @property
    def weight(self):
        """Unpack it all: for each product, and for the decoder, which prepares it once."""
        return unpack(self.packed).to(self.like.dtype)

    def forward(self, x):
        return F.linear(x, self.weight)


class PackedExperts(nn.Module):
    """Hold E packed SwiGLU networks; a step unpacks only those that its tokens visit.

    >>> from moe_lesson.models.config import TINY
    >>> experts = PackedExperts(TINY, bits=4, group=64)
    >>> experts(torch.randn(1, 32), torch.tensor([0, 1, 0, 0])).abs().max().item()
    0.0

    Lesson 13.
    """

    def __init__(self, config, bits, group):
        super().__init__()
        E, F, D = config.num_experts, config.hidden_dim, config.dim
        self.gate_up = PackedWeight((E, 2, F, D), bits, group)
        self.down = PackedWeight((E, D, F), bits, group)

    def forward(self, x_RD, count_E):
        stacks, dtype = (self.gate_up.packed, self.down.packed), x_RD.dtype
        return loop(
            x_RD, count_E, stacks, lambda x, *own: swiglu(x, *(unpack(w).to(dtype) for w in own))
        )


def compressed(model, experts=4, attention=8, group=GROUP):
    """Copy a Mixtral with its experts and its attention in few bits.

    The copy generates and is evaluated as any model, in the ``dtype`` of what is not packed;
    what is packed gets no gradient. ``packing``, a dict, says how it is held.

    Args:
        experts: bits of a weight: 2, 3, 4 or 8; None: as they are.
        attention: the same of query, key, value and output.
        group: how many inputs share a scale.

    Raises:
        ValueError: the model is dense; as ``pack``.

    >>> from moe_lesson.models.config import TINY
    >>> small = compressed(Mixtral(TINY), experts=4)
    >>> small(torch.tensor([[1, 2, 3]])).logits_BSV.shape
    torch.Size([1, 3, 320])

    Lesson 13.
    """
    copy, state = _skeleton(model.config, experts, attention, group), {}
    room = copy.state_dict()
    for name, weight in model.state_dict().items():
        stem = re.sub(r"\.weight$|_[A-Z]+$", "", name)
        if f"{stem}.codes" in room:
            packed = pack(weight, experts if ".experts." in name else attention, group)
            state |= {f"{stem}.codes": packed.codes, f"{stem}.scale": packed.scale}
        else:
            state[name] = weight.clone()
    copy.to(model.embed.weight.dtype).load_state_dict(state, assign=True)
    return copy.train(model.training)


def _skeleton(config, experts, attention, group):
    """Build a model with room for packed weights; experts that will be packed are never drawn."""
    if config.num_experts == 1:
        raise ValueError("num_experts is 1: a dense model has no experts to pack")
    with torch.random.fork_rng(devices=[]):
        model = Mixtral(config if experts is None else replace(config, hidden_dim=1))
    model.config = config
    model.packing = {"experts": experts, "attention": attention, "group": group}
    for block in model.blocks:
        if experts is not None:
            block.feed_forward.experts = PackedExperts(config, experts, group)
        for name, linear in block.attention.named_children() if attention is not None else ():
            setattr(block.attention, name, PackedWeight(linear.weight.shape, attention, group))
    return model


def save_compressed(model, folder):
    """Save what ``compressed`` made: ``config.json`` and one safetensors file.

    Other readers of the folder, ours of whole models too, refuse it by its configuration.

    >>> import tempfile
    >>> from moe_lesson.models.config import TINY
    >>> folder = tempfile.mkdtemp()
    >>> save_compressed(compressed(Mixtral(TINY), experts=2), folder)
    >>> load_compressed(folder).packing
    {'experts': 2, 'attention': 8, 'group': 64}

    Lesson 13.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    fields = config_to_hf(model.config) | {FIELD: METHOD | model.packing}
    (folder / CONFIG).unlink(missing_ok=True)  # it comes last: a folder half written is refused
    with replacing(folder / WEIGHTS) as temporary:
        save_file(model.state_dict(), temporary)
    with replacing(folder / CONFIG) as temporary:
        temporary.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


def load_compressed(folder):
    """Load what ``save_compressed`` wrote; nothing is unpacked, the disk is read as it is used.

    Returns:
        The model in evaluation mode.

    Raises:
        FileNotFoundError: the folder lacks a file.
        ValueError: the configuration is of no packed model or of one with other bits, groups
            or shapes than the tensors have, or the weights are no whole safetensors file.

    >>> load_compressed("absent")
    Traceback (most recent call last):
    FileNotFoundError: absent/config.json: there is no such file

    Lesson 13.
    """
    path = Path(folder) / CONFIG
    fields = read_object(path)
    about = fields.pop(FIELD, None)
    if not isinstance(about, dict) or about | METHOD != about:
        raise ValueError(f"{path}: {FIELD} is {about!r}, not of save_compressed")
    tensors = read_tensors(path.with_name(WEIGHTS))[0]
    names = "experts", "attention", "group"
    model = _skeleton(config_from_hf(fields), *(about.get(name) for name in names))
    check_tensors(tensors, {name: tensor.shape for name, tensor in model.state_dict().items()})
    model.to(tensors["embed.weight"].dtype).load_state_dict(tensors, assign=True)
    return model.eval()
