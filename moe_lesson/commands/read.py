"""The commands that open a model: ``sample``, ``routes``, ``evaluate``, ``export``."""

import math
import os
import shutil
import tempfile
from pathlib import Path

import torch

from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.checkpoints.gguf import GGUF, write_gguf
from moe_lesson.commands import plan as plans
from moe_lesson.commands.console import complain, say, say_pieces
from moe_lesson.commands.train import say_bits
from moe_lesson.corpus.labels import label_tokens
from moe_lesson.corpus.store import held_out_pages
from moe_lesson.inference.generate import stream_text
from moe_lesson.inference.sampling import Sampling
from moe_lesson.models.likelihood import evaluate as measure
from moe_lesson.study.terminal import coloured_text
from moe_lesson.study.trace import trace_text
from moe_lesson.training.checks import PARTS, check_part, check_room, digests


def model_folder(args):
    """Return the folder asked for; without one the reader's own run, else the shipped model.

    Lesson 9.
    """
    return plans.asked_or_own(args.model, plans.OWN, "small")


def load(args):
    """Open the model, with its tokenizer.

    Raises:
        ValueError: as ``plan.opened``.

    Lesson 9.
    """
    return plans.opened(model_folder(args))


def sample(args):
    """Continue a prompt.

    Lesson 9.
    """
    sampling = Sampling(args.temperature, args.top_k, args.top_p, args.seed)
    say_pieces(stream_text(*load(args), args.prompt, args.tokens, sampling))


def routes(args):
    """Print a text with the expert of each token.

    Lesson 10.
    """
    say(coloured_text(trace_text(*load(args), args.prompt), args.layer))


def evaluate(args):
    """Measure a model on held-out text: of its own run, unless another is named.

    Lesson 9.
    """
    model, words = load(args)
    known = plans.read_plan(model_folder(args)) if args.text is None else {}
    plan = {"text": args.text, "budget": 2_000_000, **known}
    valid, labels, told, parts = _read(plan, known, model.config.vocab_size, words)
    length = min(128, model.config.context_len)
    check_part(valid, PARTS["valid"], length, model.config.vocab_size)
    score = measure(model, valid, length)
    if not math.isfinite(score.nats):
        raise FloatingPointError(f"the model's scores are not finite: {score.nats} nats per token")
    say(
        f"{score.nats:.4f} nats per token, {score.bits:.4f} bits per byte "
        f"({score.tokens:,} tokens, {score.bytes:,} bytes)"
    )
    say_bits(model, valid, labels)
    if told:
        say(told)
    if known.get("parts", parts) != parts:
        complain("evaluate", "the text has changed since the run: this may be what it learnt from")


def _read(plan, known, vocab_size, words):
    """Return what to measure on, its labels, an account, and digests of both parts of the text."""
    if plan["text"] is None and "parts" not in known:
        # There is nothing to compare the training part with, and writing it takes minutes.
        return *label_tokens(words, held_out_pages(budget=plan["budget"])), "", None
    _, data, labels, told = plans.read_text(plan, vocab_size, words)
    return data.valid, labels, told, digests(data)


def export(args):
    """Write a model for others to open.

    Lesson 13.
    """
    out, dtype = Path(args.out), getattr(torch, args.dtype)
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"{out} is a file: --out must name a folder")
    plans.check_free(out, args.overwrite)
    model, words = load(args)
    size = sum(weight.numel() for weight in model.parameters()) * dtype.itemsize
    check_room(out, size, "the model")
    out.mkdir(parents=True, exist_ok=True)
    # Made whole in a corner of the folder: if that fails, all is as it was.
    corner = Path(tempfile.mkdtemp(prefix=".export-", dir=out))
    try:
        checkpoint.save(corner, model, words, dtype=dtype)
        if args.gguf:
            write_gguf(corner / GGUF, model, words, dtype)
        plans.clear(out)
        for name in sorted(os.listdir(corner), key=lambda name: name == checkpoint.CONFIG):
            os.replace(corner / name, out / name)
    finally:
        shutil.rmtree(corner, ignore_errors=True)
    say(f"wrote {out}: transformers.AutoModelForCausalLM.from_pretrained opens it")
    if args.gguf:
        say(f"wrote {out / GGUF}: llama.cpp opens it")
