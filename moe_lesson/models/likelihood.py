"""How well a model predicts a text, in nats per token and in bits per byte."""

import itertools
import math
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

from moe_lesson.moe.routing import at_least_float32
from moe_lesson.text.tokenizer import START

WINDOWS = 16  # read at once by ``token_nats``


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
    # Of a model in training, whose parts may differ; generation, a token at a time, walks none.
    modes = {part: part.training for part in model.modules()} if model.training else {}
    if modes:
        model.eval()
    try:
        # What FSDP gathers while it measures must serve training afterwards.
        with torch.no_grad() if modes else torch.inference_mode():
            yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def cut(id_T, length, limit=None):
    """Cut the start of a text into windows, side by side.

    Args:
        limit: stop after this many tokens; None cuts all.

    Returns:
        What is read and what follows it, a row for each window.

    Raises:
        ValueError: the text is shorter than one window.

    >>> [each.tolist() for each in cut(torch.arange(6), length=2)]
    [[[0, 1], [2, 3]], [[1, 2], [3, 4]]]

    Lesson 9.
    """
    windows = (min(len(id_T), limit or len(id_T)) - 1) // length
    if windows < 1:
        raise ValueError(
            f"the text has {len(id_T)} tokens: a window of {length} needs {length + 1}"
        )
    whole = windows * length
    return id_T[:whole].view(windows, length), id_T[1 : whole + 1].view(windows, length)


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
    inputs, targets = cut(text.id_T, length, limit)
    device, nats = next(model.parameters()).device, 0.0
    with measuring(model):
        for first in range(0, len(inputs), batch):
            part = slice(first, first + batch)
            logits = at_least_float32(model(inputs[part].to(device)).logits_BSV).flatten(0, 1)
            wanted = targets[part].to(device).flatten()
            nats += F.cross_entropy(logits, wanted, reduction="sum").item()
    count = int(text.bytes_T[1 : targets.numel() + 1].sum())
    return Score(nats / targets.numel(), nats / math.log(2) / max(count, 1), targets.numel(), count)


def token_nats(model, text):
    """Measure the cross entropy of every token, each document read from its own start.

    A document longer than the model's reach is read in windows that overlap by half, so
    that every token has at least half a window before it where the document has that much.

    Args:
        text: a ``text.tokenizer.Text`` of documents that start with <s>.

    Returns:
        nats_T, float32 on the CPU: the surprise of each token; nan for <s>, which nothing
        predicts.

    Raises:
        ValueError: the text does not begin with <s>.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import Text
    >>> text = Text(torch.tensor([1, 7, 2, 1, 8, 2]), torch.ones(6))
    >>> token_nats(Mixtral(TINY), text).isnan().tolist()
    [True, False, False, True, False, False]

    Lesson 9.
    """
    if not len(text.id_T) or text.id_T[0] != START:
        raise ValueError(f"the text has to begin with <s> (id {START})")
    nats_T = torch.full((len(text.id_T),), float("nan"))
    device = next(model.parameters()).device
    windows = _windows(text.id_T, model.config.context_len)
    with measuring(model):
        for first in range(0, len(windows), WINDOWS):
            part = windows[first : first + WINDOWS]
            whole = pad_sequence([text.id_T[begin:end] for begin, _, end in part], True).to(device)
            id_BS, next_BS = whole[:, :-1], whole[:, 1:]
            logits_BSV = at_least_float32(model(id_BS).logits_BSV)
            nats_BS = F.cross_entropy(logits_BSV.mT, next_BS, reduction="none").cpu()
            for row, (begin, new, end) in zip(nats_BS, part, strict=True):
                nats_T[new:end] = row[new - begin - 1 : end - begin - 1]
    return nats_T


def bits_by(names, nats_T, bytes_T):
    """Average the surprise of tokens by a label.

    Args:
        names: text for each token; "" leaves a token out.
        nats_T: as ``token_nats`` returns it; nan leaves a token out.

    Returns:
        label -> bits per byte: 0 when certain.

    >>> nats_T = torch.tensor([math.log(2), math.log(4)], dtype=torch.float64)
    >>> bits_by(["noun", "verb"], nats_T, torch.tensor([1, 1]))
    {'noun': 1.0, 'verb': 2.0}

    Lesson 9.
    """
    sums = {}
    columns = (names, nats_T.tolist(), bytes_T.tolist())
    for label, nats, size in zip(*columns, strict=True):
        if label and not math.isnan(nats):
            bits, count = sums.get(label, (0.0, 0))
            sums[label] = bits + nats / math.log(2), count + size
    return {str(label): bits / max(count, 1) for label, (bits, count) in sums.items()}


def _windows(id_T, length):
    """List (where a window begins, its first token that no window before it measured, its end)."""
    edges = [*(id_T == START).nonzero().flatten().tolist(), len(id_T)]
    windows = []
    for begin, end in itertools.pairwise(edges):
        new = begin + 1
        while new < end:
            stop = min(begin + length + 1, end)
            windows.append((begin, new, stop))
            begin, new = begin + length // 2, stop
    return windows
