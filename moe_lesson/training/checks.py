"""What can be known before the first step, and what a run may not change when it goes on."""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import torch

from moe_lesson.training.resume import STATE

PARTS = {"train": "training", "valid": "held-out"}  # of a text, and what a reader calls them


def check_start(model, data, settings, folder=None):
    """Refuse a run that would fail later, before its first step.

    Args:
        data: a ``text.tokenizer.Data``.
        folder: where the run keeps its state; None keeps nothing.

    Raises:
        ValueError: a sequence is longer than the model's context, a part of the text is
            shorter than one, holds an id that the model has no entry for, or the windows
            that are measured stand for no bytes.
        OSError: the disk has no room for two states, the old and the new.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import Data, Text
    >>> from moe_lesson.training.settings import Settings
    >>> long, short = (Text(torch.arange(n), torch.ones(n)) for n in (300, 9))
    >>> check_start(Mixtral(TINY), Data(long, short), Settings(length=16))
    Traceback (most recent call last):
    ValueError: the held-out part of the text has 9 tokens: a window of 16 needs 17

    Lesson 9.
    """
    config = getattr(model, "config", None)
    check_length(settings.length, getattr(config, "context_len", settings.length))
    for field, name in PARTS.items():
        check_part(getattr(data, field), name, settings.length, getattr(config, "vocab_size", None))
    limit = min(len(data.valid.id_T) - 1, settings.measure_tokens)
    measured = limit // settings.length * settings.length
    if not data.valid.bytes_T[1:][:measured].sum() > 0:
        raise ValueError(
            f"the first {measured:,} tokens of the held-out part of the text stand for 0 bytes: "
            f"bits per byte need 1 or more"
        )
    if folder is not None:
        check_room(folder, 2 * _state_bytes(model), "two states of the run, the old and the new")


def check_length(length, context_len):
    """Refuse sequences that the model cannot read.

    >>> check_length(65, context_len=64)
    Traceback (most recent call last):
    ValueError: length is 65: the model's context is 64

    Lesson 9.
    """
    if length > context_len:
        raise ValueError(f"length is {length}: the model's context is {context_len}")


def check_part(text, name, length, vocab_size=None):
    """Refuse a part of a text that is shorter than one window, or of another vocabulary.

    Args:
        text: a ``text.tokenizer.Text``.
        vocab_size: the model's; None does not ask.

    >>> from moe_lesson.text.tokenizer import Text
    >>> check_part(Text(torch.arange(9), torch.ones(9)), "training", 4, vocab_size=8)
    Traceback (most recent call last):
    ValueError: the training part of the text holds id 8: the model has entries 0 to 7

    Lesson 9.
    """
    tokens = len(text.id_T)
    if tokens <= length:
        what = "sequence" if name == PARTS["train"] else "window"
        raise ValueError(
            f"the {name} part of the text has {tokens:,} tokens: "
            f"a {what} of {length} needs {length + 1}"
        )
    least, most = text.id_T.aminmax()
    if vocab_size is not None and not 0 <= least <= most < vocab_size:
        wrong = (least if least < 0 else most).item()
        raise ValueError(
            f"the {name} part of the text holds id {wrong}: "
            f"the model has entries 0 to {vocab_size - 1}"
        )


def check_room(folder, size, what):
    """Refuse to begin what the disk has no room for.

    Args:
        folder: it need not exist yet.
        size: bytes; those of a state that is there and will be replaced count as free.

    Raises:
        OSError: there is less.

    >>> check_room("absent", 10**18, "a large model")
    Traceback (most recent call last):
    OSError: absent: the disk has no room for a large model, 1,000,000,000,000,000,000 bytes

    Lesson 9.
    """
    whole = Path(folder).resolve()
    there = next(path for path in (whole, *whole.parents) if path.exists())
    usage, state = shutil.disk_usage(there), whole / STATE
    held = state.stat().st_size if state.exists() else 0
    if usage.total and usage.free + held < size:  # some file systems tell nothing: 0 in all
        raise OSError(f"{folder}: the disk has no room for {what}, {size:,} bytes")


def _state_bytes(model):
    """Add up the weights and AdamW's two averages of each."""
    sizes = [weight.numel() * weight.element_size() for weight in model.parameters()]
    return 3 * sum(sizes)


def fingerprint(model, data, settings):
    """Write down what a run depends on, as JSON holds it.

    Returns:
        ``settings``, ``model`` and ``text``, each name -> value; a part of the text by its
        tokens and the start of a SHA-256 over its ids.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import Data, Text
    >>> from moe_lesson.training.settings import Settings
    >>> text = Text(torch.arange(9), torch.ones(9))
    >>> fingerprint(Mixtral(TINY), Data(text, text), Settings())["text"]["training part"]
    '9 tokens, 419ce84f0e9d8926'

    Lesson 9.
    """
    config = getattr(model, "config", None)
    sizes = dataclasses.asdict(config) if dataclasses.is_dataclass(config) else {}
    described = {"class": type(model).__name__, "dtype": str(next(model.parameters()).dtype)}
    found = {
        "settings": dataclasses.asdict(settings),
        "model": described | sizes,
        "text": digests(data),
    }
    return json.loads(json.dumps(found, default=str))


def digests(data):
    """Tell two texts apart: name of the part -> its tokens, and a digest of their ids.

    The bytes that held-out tokens stand for count as well: they are measured with.

    >>> from moe_lesson.text.tokenizer import Data, Text
    >>> text = Text(torch.arange(9), torch.ones(9))
    >>> list(digests(Data(text, text)))
    ['training part', 'held-out part']

    Lesson 9.
    """
    train = hashlib.sha256(_raw(data.train.id_T))
    valid = hashlib.sha256(_raw(data.valid.id_T) + _raw(data.valid.bytes_T))
    pairs = (data.train, "training part", train), (data.valid, "held-out part", valid)
    return {
        name: f"{len(text.id_T):,} tokens, {digest.hexdigest()[:16]}"
        for text, name, digest in pairs
    }


def _raw(x_T):
    return x_T.cpu().to(torch.int64).numpy().astype("<i8").tobytes()


def check_same(folder, found, ours):
    """Refuse to go on with a run that depends on something else.

    Args:
        found, ours: as ``fingerprint``; ``found`` is what the state remembers.

    Raises:
        ValueError: what differs, by name, as it was and as it is now.

    >>> check_same("run", {"settings": {"seed": 0}}, {"settings": {"seed": 1}})
    Traceback (most recent call last):
    ValueError: run holds a run with other settings: seed=0 (now 1)

    Lesson 9.
    """
    told = {"settings": "other settings", "model": "another model", "text": "another text"}
    for part, values in ours.items():
        if part not in found:
            raise ValueError(f"{folder} holds a run that did not note its {part}: begin it again")
        if other := differences(found.get(part), values):
            raise ValueError(f"{folder} holds a run with {told[part]}: {other}")


def differences(found, ours):
    """Name the values that are not what they were; "" if all are.

    >>> differences({"a": 1, "b": 2}, {"a": 1, "b": 3})
    'b=2 (now 3)'

    Lesson 9.
    """
    found = found if isinstance(found, dict) else {}
    other = [name for name in ours if found.get(name) != ours[name]]
    return ", ".join(f"{name}={found.get(name)} (now {ours[name]})" for name in other)
