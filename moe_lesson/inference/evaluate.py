"""How well a model predicts a text, in nats per token and in bits per byte."""

import math
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F

from moe_lesson.moe.routing import at_least_float32


class Score(NamedTuple):
    """Hold how well a text was predicted.

    >>> Score(math.log(2), 1.0, 8, 8).nats == math.log(2)
    True

    Lesson 9.
    """

    nats: float  # per token: 0 when certain, log(V) when every token is as likely
    bits: float  # per byte: comparable between tokenizers
    tokens: int  # how many were predicted
    bytes: int  # how many bytes they stand for


@contextmanager
def measuring(model):
    """Switch a model to evaluation without gradients, then back to what it was.

    >>> model = torch.nn.Linear(1, 1)
    >>> with measuring(model):
    ...     model.training
    False
    >>> model.training
    True

    Lesson 9.
    """
    training = model.training
    if training:
        model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        if training:
            model.train()


def evaluate(model, text, length, batch=16, limit=None):
    """Measure a model's cross entropy on a text, cut into windows; no auxiliary loss in it.

    The first token of a window has no context but the one before it, so longer windows
    score a little better.

    Args:
        text: a ``text.tokenizer.Text``.
        length: positions per window, at most the model's ``context_len``.
        limit: stop after this many tokens; None reads all.

    Returns:
        A Score.

    Raises:
        ValueError: the text is shorter than one window.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import Text
    >>> text = Text(torch.arange(64), torch.ones(64, dtype=torch.long))
    >>> score = evaluate(Mixtral(TINY), text, length=16)
    >>> abs(score.nats - math.log(320)) < 0.1, score.tokens
    (True, 48)

    Lesson 9.
    """
    windows = (min(len(text.id_T), limit or len(text.id_T)) - 1) // length
    if windows < 1:
        raise ValueError(
            f"the text has {len(text.id_T)} tokens: a window of {length} needs {length + 1}"
        )
    device = next(model.parameters()).device
    whole, nats = slice(0, windows * length), 0.0
    inputs = text.id_T[whole].view(windows, length)
    targets = text.id_T[1:][whole].view(windows, length)
    with measuring(model):
        for first in range(0, windows, batch):
            part = slice(first, first + batch)
            logits = at_least_float32(model(inputs[part].to(device)).logits_BSV).flatten(0, 1)
            wanted = targets[part].to(device).flatten()
            nats += F.cross_entropy(logits, wanted, reduction="sum").item()
    count = int(text.bytes_T[1:][whole].sum())
    return Score(nats / targets.numel(), nats / math.log(2) / max(count, 1), targets.numel(), count)
