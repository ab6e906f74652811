"""What a packed model loses, by kind of token, and how large it is."""

import copy

from moe_lesson.models.likelihood import bits_by, token_nats

SHOWN = ("en", "fr", "it", "de", "es", "grammar", "content", "fact", "name")


def megabytes(model):
    """Return the size of all that a model holds, in millions of bytes.

    >>> import torch
    >>> megabytes(torch.nn.Linear(500, 500, bias=False))
    1.0

    Lesson 13.
    """
    return sum(one.nbytes for one in model.state_dict().values()) / 1e6


def with_zero_point(model, part, bits, group):
    """Round one part of a copy to levels a scale apart, from a group's smallest weight upwards.

    All 2^bits codes are used, and the smallest weight is kept beside the scale: that is the kind
    of rounding that HQQ begins with. ``compress.pack`` goes by the largest magnitude instead.

    Args:
        part: "experts" or "attention".
        group: inputs of an output that share a scale.

    Returns:
        A Mixtral; the weights are rounded but not packed.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> near = with_zero_point(Mixtral(TINY), "attention", bits=2, group=16)
    >>> near.blocks[0].attention.query.weight[0, :16].unique().numel()
    4

    Lesson 13.
    """
    near = copy.deepcopy(model)
    for block in near.blocks:
        room = block.feed_forward.experts if part == "experts" else block.attention
        for weight in room.parameters():
            for own in weight.detach().split(group, -1):
                low, high = own.aminmax(dim=-1, keepdim=True)
                scale = ((high - low) / (2**bits - 1)).clamp(min=1e-12)
                own.copy_(((own - low) / scale).round() * scale + low)
    return near


def bits_a_byte(model, text, labels):
    """Measure bits a byte, all tokens together, by language and by kind.

    Args:
        labels: as ``label_tokens`` returns them, with language and kind.

    Returns:
        name -> bits a byte; "all" first.

    >>> import torch
    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import Text
    >>> text = Text(torch.tensor([1, 7, 8]), torch.ones(3))
    >>> labels = {"language": ["en"] * 3, "kind": ["", "fact", "name"]}
    >>> list(bits_a_byte(Mixtral(TINY), text, labels))
    ['all', 'en', 'fact', 'name']

    Lesson 13.
    """
    nats_T = token_nats(model, text)
    found = bits_by(["all"] * len(nats_T), nats_T, text.bytes_T)
    for name in ("language", "kind"):
        found |= bits_by(labels[name], nats_T, text.bytes_T)
    return {name: found[name] for name in ("all", *SHOWN) if name in found}
