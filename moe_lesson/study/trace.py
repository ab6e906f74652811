"""What a router did with a text: every layer's choices as plain NumPy arrays."""

import os
from typing import NamedTuple

import numpy as np
import torch

from moe_lesson.moe.balance import pool
from moe_lesson.study.palette import colour, ink


class RoutingTrace(NamedTuple):
    """Hold each layer's routing of one text, on the CPU.

    >>> RoutingTrace._fields[:3]
    ('tokens', 'id_T', 'expert_LTK')

    Lesson 10.
    """

    tokens: list  # the text of each token
    id_T: np.ndarray
    expert_LTK: np.ndarray  # whom each token visits, best first
    weight_LTK: np.ndarray  # how much each visit counts
    prob_LTE: np.ndarray  # softmax of the router's scores over all E
    labels: dict | None = None  # name -> what is known of each token, in order


@torch.no_grad()
def trace(model, id_T, tokens=None, labels=None):
    """Run a model over token ids and keep what its routers decided.

    A text longer than the model's context is read in pieces, each from its own start.

    Args:
        model: any model with ``config.context_len`` whose output has ``routings``.
        tokens: the text of each token; None: the ids as numbers.

    Returns:
        A RoutingTrace.

    Raises:
        ValueError: there is no token, or the model is dense: it has no router.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> trace(Mixtral(TINY), [5, 6, 7]).expert_LTK.shape
    (2, 3, 2)

    Lesson 10.
    """
    id_T = torch.as_tensor(id_T, dtype=torch.long)
    if not len(id_T):
        raise ValueError("there are 0 tokens: a trace needs 1 or more")
    device = next(model.parameters()).device
    pieces = [
        model(piece[None].to(device)).routings for piece in id_T.split(model.config.context_len)
    ]
    layers = [pool(layer) for layer in zip(*pieces, strict=True)]
    if not layers:
        raise ValueError("the model is dense: it has no router to trace")
    return RoutingTrace(
        list(tokens) if tokens is not None else [str(one) for one in id_T.tolist()],
        id_T.cpu().numpy(),
        torch.stack([layer.expert_TK for layer in layers]).cpu().numpy(),
        torch.stack([layer.weight_TK for layer in layers]).float().cpu().numpy(),
        torch.stack([layer.logits_TE.softmax(-1) for layer in layers]).float().cpu().numpy(),
        labels,
    )


def trace_text(model, tokenizer, text):
    """Run a model over a text and keep what its routers decided.

    Returns:
        A RoutingTrace; a token that is part of a character shows as the sign U+FFFD.

    Raises:
        ValueError: the text is empty, or the model is dense.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> trace_text(Mixtral(TINY), train_tokenizer(["a b"], 259), "a b").tokens
    ['a', ' ', 'b']

    Lesson 10.
    """
    ids = tokenizer.encode(text).ids
    tokens = [tokenizer.decode([one], skip_special_tokens=False) for one in ids]
    return trace(model, ids, tokens)


def coloured_text(trace, layer, colours=None):
    """Write the text for a terminal, each token behind its first expert's number and colour.

    Args:
        colours: whether to colour; None: unless the environment variable NO_COLOR is set.

    Returns:
        A string with 24-bit ANSI colours; without them, number and bar before each token.

    Raises:
        IndexError: the model has no such layer.

    >>> none = np.zeros((1, 2, 1))
    >>> two = RoutingTrace(["a", " b"], None, np.array([[[3], [0]]]), none, none)
    >>> coloured_text(two, layer=0, colours=False)
    '3|a 0| b'

    Lesson 10.
    """
    layers = len(trace.expert_LTK)
    if not 0 <= layer < layers:
        raise IndexError(f"layer is {layer}: the trace has layers 0 to {layers - 1}")
    if colours is None:
        colours = not os.environ.get("NO_COLOR")
    first = trace.expert_LTK[layer, :, 0].tolist()
    pieces = [
        _paint(token, expert, colours) for token, expert in zip(trace.tokens, first, strict=True)
    ]
    return ("" if colours else " ").join(pieces).replace("\n ", "\n")


def _paint(token, expert, colours):
    """Colour one token; a line break comes after the colour has ended."""
    shown, breaks = token.replace("\r", "").replace("\n", "¶"), "\n" * token.count("\n")
    if not colours:
        return f"{expert}|{shown}{breaks}"
    paper, pen = (_rgb(shade) for shade in (colour(expert), ink(expert)))
    return f"\x1b[48;2;{paper}m\x1b[38;2;{pen}m{expert}|{shown}\x1b[0m{breaks}"


def _rgb(shade):
    return ";".join(str(int(shade[at : at + 2], 16)) for at in (1, 3, 5))
