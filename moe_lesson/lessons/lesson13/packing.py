"""What a packed model loses, by kind of token, and how large it is."""

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
