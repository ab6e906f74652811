"""What a run reads and how large its model is, kept beside it; whose a folder is."""

import dataclasses
import hashlib
import json
import os
import platform
from pathlib import Path

from moe_lesson import pick_device
from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.checkpoints.files import read_object, replacing
from moe_lesson.checkpoints.gguf import GGUF
from moe_lesson.checkpoints.shipped import FOLDER
from moe_lesson.corpus.store import training_data
from moe_lesson.text import tokenizer
from moe_lesson.text.folder import account, read_texts
from moe_lesson.training.checks import differences, digests
from moe_lesson.training.resume import STATE, drop_state, has_state

RUN = "run.json"
# Where ``train`` and ``train --instruct`` put a model unless they are told otherwise.
OWN, OWN_INSTRUCT = "runs/small", "runs/instruct"
ASKED = ("text", "budget", "preset", "experts", "top_k")  # options that a run keeps
# What belongs to a model's folder, here or elsewhere, besides its weights.
MODEL_FILES = (
    f"{checkpoint.CONFIG} {checkpoint.INDEX} {checkpoint.TOKENIZER} tokenizer_config.json "
    f"{RUN} generation_config.json special_tokens_map.json added_tokens.json tokenizer.model "
    f"vocab.json merges.txt vocab.txt chat_template.jinja {GGUF}"
).split()


def plan_of(args):
    """Take from the options what a run keeps; a folder by its whole path.

    >>> from moe_lesson.commands.options import parser
    >>> plan_of(parser().parse_args(["train"]))["budget"]
    2000000

    Lesson 9.
    """
    plan = {name: getattr(args, name) for name in ASKED}
    if plan["text"] is not None:
        plan["text"] = str(Path(plan["text"]).resolve())
    return plan


def read_plan(folder):
    """Read what ``keep_plan`` wrote.

    Returns:
        A dict; empty where there is no ``run.json``.

    Raises:
        ValueError: it is not a JSON object, or its ``text`` or ``budget`` make no sense.

    >>> read_plan("absent")
    {}

    Lesson 9.
    """
    path = Path(folder, RUN)
    if not path.exists():
        return {}
    found = read_object(path)
    text, budget = found.get("text"), found.get("budget", 10_000)
    if not isinstance(text, str | None) or not isinstance(budget, int):
        raise ValueError(f"{path} holds text {text!r} and budget {budget!r}: it is no run of ours")
    return found


def check_run(folder, plan, resume, overwrite=False):
    """Refuse to write over a run, a model or anybody's files, or to go on with another run.

    Args:
        folder: a ``Path``.
        plan: as ``plan_of``.

    Raises:
        ValueError: ``resume`` where there is no run or another one; both are asked for.
        OSError: the folder is a file, or holds a run or model and neither is asked for.

    >>> check_run(Path("absent"), {}, resume=False)

    Lesson 9.
    """
    if resume and overwrite:
        raise ValueError("--resume goes on with a run, --overwrite replaces it: choose one")
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file: --out must name a folder")
    if resume:
        found = read_plan(folder)
        if not found and not has_state(folder):
            raise ValueError(f"{folder} holds no run: leave --resume out to begin one")
        if found and (other := differences(found, plan)):
            raise ValueError(f"{folder} holds a run with {other}")
    elif has_state(folder) and not overwrite:
        ways = "add --resume to go on or --overwrite to begin again, or choose another --out"
        raise FileExistsError(f"{folder} holds a run: {ways}")
    elif not _only_begun(folder):
        check_free(folder, overwrite)


def check_free(folder, overwrite):
    """Refuse to write over what may be somebody's work.

    Raises:
        FileExistsError: the folder holds a model, or files that would be replaced.

    >>> check_free(Path("absent"), overwrite=False)

    Lesson 9.
    """
    if overwrite or not (found := _occupied(folder)):
        return
    names = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if found[3:] else "")
    ways = "add --overwrite to replace them, or choose another --out"
    raise FileExistsError(f"{folder} holds {names}, of a model or a run: {ways}")


def _occupied(folder):
    """List the files that a run or a model would replace; links to nothing are files."""
    weights = [path.name for path in folder.glob("*.safetensors")]
    names = [*MODEL_FILES, *sorted(weights), STATE.as_posix()]
    return [name for name in names if os.path.lexists(folder / name)]


def _only_begun(folder):
    """Tell whether a run of ours began here and was killed before it had saved anything."""
    if set(_occupied(folder)) != {RUN, checkpoint.TOKENIZER}:
        return False
    try:
        return read_plan(folder).get("tokenizer") == digest(_kept_tokenizer(folder))
    except ValueError:
        return False


def clear(folder):
    """Delete a run and its model, or a model, as ``--overwrite`` asks; nothing else.

    >>> clear(Path("absent"))

    Lesson 9.
    """
    # The configuration first: a folder that is caught in between is refused, never half read.
    for name in _occupied(folder):
        if name != STATE.as_posix():
            (folder / name).unlink()
    drop_state(folder)


def _kept_tokenizer(folder):
    path = folder / checkpoint.TOKENIZER
    return tokenizer.load(path) if path.exists() else None


def known_tokenizer(folder):
    """Read the tokenizer that a run goes on with.

    Returns:
        A tokenizer; None if it has gone: it will be learnt again.

    Raises:
        ValueError: it is not the one that the run began with.

    >>> known_tokenizer(Path("absent"))

    Lesson 9.
    """
    words = _kept_tokenizer(folder)
    began = read_plan(folder).get("tokenizer")
    if words and began and digest(words) != began:
        path = folder / checkpoint.TOKENIZER
        raise ValueError(f"{path} is not the tokenizer that the run in {folder} began with")
    return words


def asked_or_own(folder, own, name):
    """Name a model's folder: the one asked for, else the reader's own run, else a shipped one.

    >>> asked_or_own(None, "runs/none", "small").name
    'small'

    Lesson 9.
    """
    if folder is not None:
        return Path(folder)
    return Path(own) if Path(own, checkpoint.CONFIG).exists() else FOLDER / name


def opened(folder):
    """Open a model with its tokenizer, on the device of this machine.

    Raises:
        ValueError: the folder has no tokenizer; as ``checkpoints.folder.load``.

    >>> opened(FOLDER / "small")[0].config.num_experts
    8

    Lesson 9.
    """
    model, words = checkpoint.load(folder, device=pick_device())
    if words is None:
        raise ValueError(f"{folder} holds no tokenizer.json")
    return model, words


def digest(words):
    """Hash a tokenizer.

    >>> digest(None)

    Lesson 9.
    """
    return words and hashlib.sha256(words.to_str().encode()).hexdigest()[:16]


def complete_plan(plan, words, data):
    """Add to a plan what tells its text and its tokenizer from others.

    Lesson 9.
    """
    made_of = {"tokenizer": digest(words), "parts": digests(data)}
    if plan["text"] is None:  # the corpus quotes Python's own library
        made_of["python"] = platform.python_version()
    return plan | made_of


def check_text(folder, plan):
    """Refuse to go on with a run whose text has changed.

    Args:
        plan: as ``complete_plan`` returned it.

    Raises:
        ValueError: which part differs, and what may be the reason.

    Lesson 9.
    """
    found = read_plan(folder)
    if "parts" not in found or not (other := differences(found["parts"], plan["parts"])):
        return
    reason = f"the files in {plan['text']} have changed"
    if plan["text"] is None:
        reason = "the corpus is another one"
        if found.get("python") != plan["python"]:
            reason = f"it quotes the library of Python {found.get('python')}"
            reason += f", and this is Python {plan['python']}"
    raise ValueError(f"{folder} holds a run on another text: {reason}: {other}")


def keep_plan(folder, plan, words):
    """Write what resuming needs besides the state.

    Lesson 9.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {RUN: json.dumps(plan), checkpoint.TOKENIZER: words.to_str(pretty=True)}
    for name, text in texts.items():
        with replacing(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def read_text(plan, vocab_size, known):
    """Read the text of a plan and cut it into tokens.

    Args:
        plan: its ``text`` and ``budget``.
        known: a tokenizer; None learns one.

    Returns:
        A tokenizer, a Data, the labels of its held-out part ({} for a reader's own text), and
        one line about what was read, "" for the corpus.

    Lesson 9.
    """
    if plan["text"] is None:
        return *training_data(vocab_size, plan["budget"], tokenizer=known), ""
    reading = read_texts(plan["text"])
    return *tokenizer.prepare(reading.documents, vocab_size, known), {}, account(reading)


def sized(base, experts, top_k, vocab_size):
    """Vary a preset by what was asked for; the sizes that were not keep to it.

    Args:
        experts, top_k: None keeps the preset's.

    Returns:
        A Config.

    Raises:
        ValueError: as ``Config``.

    >>> from moe_lesson.models.config import TINY
    >>> sized(TINY, 1, None, 300).top_k
    1

    Lesson 9.
    """
    experts = base.num_experts if experts is None else experts
    top_k = min(base.top_k, experts) if top_k is None else top_k
    return dataclasses.replace(base, num_experts=experts, top_k=top_k, vocab_size=vocab_size)
