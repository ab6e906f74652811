"""Train a small Mixtral, sample from it, see its routing, measure it, export it."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import torch

from moe_lesson import DATA, pick_device
from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.checkpoints.files import replacing
from moe_lesson.corpus.store import training_data
from moe_lesson.inference.generate import stream_text
from moe_lesson.inference.sampling import Sampling
from moe_lesson.models import config as configs
from moe_lesson.models.likelihood import bits_by, evaluate, token_nats
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.terminal import coloured_text
from moe_lesson.study.trace import trace_text
from moe_lesson.text import tokenizer
from moe_lesson.text.folder import read_folder
from moe_lesson.training import loop
from moe_lesson.training.plan import RUN, check_run, sized
from moe_lesson.training.settings import MEANING, Settings

PROMPT = "One day, a baker"
SHIPPED = DATA / "checkpoints" / "small"


def parser():
    """Describe the five commands and their options.

    >>> parser().parse_args(["sample", "--top-k", "5"]).top_k
    5

    Lesson 9.
    """
    top = argparse.ArgumentParser(prog="python -m moe_lesson", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    for name, text in {
        "train": "train a small Mixtral and keep it in a folder",
        "sample": "continue a prompt",
        "routes": "print a text, each token in the colour and with the digit of its expert",
        "evaluate": "measure nats per token and bits per byte on the held-out part of a text",
        "export": "write a folder that Hugging Face's transformers opens",
    }.items():
        shown = argparse.ArgumentDefaultsHelpFormatter
        one = commands.add_parser(name, help=text, description=text, formatter_class=shown)
        if name != "train":
            one.add_argument("--model", help="folder of a model; none: runs/small, else ours")
        if name in ("train", "evaluate"):
            one.add_argument("--text", help="folder of .txt files; none: the course's corpus")
        if name in ("sample", "routes"):
            one.add_argument("--prompt", default=PROMPT, help="text to begin with")
    _add_options(*(commands.choices[name] for name in ("train", "sample", "routes", "export")))
    return top


def _add_options(train, sample, routes, export):
    train.add_argument("--out", default="runs/small", help="folder for the run and its model")
    train.add_argument("--resume", action="store_true", help="go on with an unfinished run")
    train.add_argument("--budget", type=int, default=2_000_000, help="bytes of the course's corpus")
    train.add_argument("--preset", choices=("small", "tiny"), default="small", help="model size")
    train.add_argument("--experts", type=int, help="experts a layer, 1: dense; none: the preset's")
    train.add_argument("--top-k", type=int, help="experts a token; none: the preset's")
    for field in dataclasses.fields(Settings):
        option = "--" + field.name.replace("_", "-")
        text = MEANING[field.name]
        train.add_argument(option, type=field.type, default=field.default, help=text)
    sample.add_argument("--tokens", type=int, default=120, help="how many to add at most")
    sample.add_argument("--temperature", type=float, default=0.8, help="0 is greedy")
    sample.add_argument("--top-k", type=int, help="keep only the k most likely tokens; none: all")
    sample.add_argument("--top-p", type=float, default=0.95, help="keep this share of likelihood")
    sample.add_argument("--seed", type=int, default=0, help="another seed, another text")
    routes.add_argument("--layer", type=int, default=0, help="counted from 0")
    export.add_argument("--out", required=True, help="folder to write")
    export.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")


def _train(args):
    folder = Path(args.out)
    plan = {name: getattr(args, name) for name in ("text", "budget", "preset", "experts", "top_k")}
    base = getattr(configs, args.preset.upper())
    settings = Settings(**{name: getattr(args, name) for name in MEANING})
    check_run(folder, plan, args.resume)
    if settings.length > base.context_len:
        found = f"length is {settings.length}"
        raise ValueError(f"{found}: the model's context is {base.context_len}")
    saved = folder / checkpoint.TOKENIZER
    known = tokenizer.load(saved) if args.resume and saved.exists() else None
    words, data, labels = _read(plan, base.vocab_size, known)
    config = sized(base, args.experts, args.top_k, words.get_vocab_size())
    torch.manual_seed(settings.seed)
    model = Mixtral(config).to(pick_device())
    print(
        f"{config.total_parameters:,} parameters, {config.active_parameters:,} of them active; "
        f"{data.train.bytes_T.sum():,} bytes in {len(data.train.id_T):,} tokens to train on"
    )
    _keep_plan(folder, plan, words)
    rows = loop.train(model, data, settings, folder)
    checkpoint.save(folder, model, words)
    score = evaluate(model, data.valid, settings.length)
    print(
        f"step {rows[-1]['step']}, {rows[-1]['seconds']:.0f} s of training; held-out text: "
        f"{score.nats:.3f} nats per token, {score.bits:.3f} bits per byte"
    )
    _by_language(model, data.valid, labels)
    print("a sample:")
    _write(stream_text(model, words, PROMPT, 100, Sampling(0.8, top_p=0.95)))
    print(f"the model is in {folder}: try python -m moe_lesson sample --model {folder}")


def _keep_plan(folder, plan, words):
    """Write what resuming needs besides the state."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {RUN: json.dumps(plan), checkpoint.TOKENIZER: words.to_str(pretty=True)}
    for name, text in texts.items():
        with replacing(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _read(plan, vocab_size, known):
    """Return a tokenizer, a Data, and the labels of its held-out part ({} for another text)."""
    if plan["text"]:
        return *tokenizer.prepare(read_folder(plan["text"]), vocab_size, known), {}
    return training_data(vocab_size, plan["budget"], tokenizer=known)


def _by_language(model, text, labels):
    """Print what the corpus's labels allow to tell apart."""
    for name in ("language", "kind") if labels else ():
        bits = bits_by(labels[name], token_nats(model, text), text.bytes_T)
        shown = ", ".join(f"{label} {value:.3f}" for label, value in sorted(bits.items()))
        print(f"bits per byte by {name}: {shown}")


def _write(pieces):
    for piece in pieces:
        print(piece, end="", flush=True)
    print()


def _model_folder(args):
    """Return the folder asked for; without one the reader's own run, else the shipped model."""
    if args.model:
        return args.model
    return "runs/small" if Path("runs/small", checkpoint.CONFIG).exists() else SHIPPED


def _load(args):
    folder = _model_folder(args)
    model, words = checkpoint.load(folder, device=pick_device())
    if words is None:
        raise ValueError(f"{folder} holds no tokenizer.json")
    return model, words


def _sample(args):
    sampling = Sampling(args.temperature, args.top_k, args.top_p, args.seed)
    _write(stream_text(*_load(args), args.prompt, args.tokens, sampling))


def _routes(args):
    print(coloured_text(trace_text(*_load(args), args.prompt), args.layer))


def _evaluate(args):
    model, words = _load(args)
    run = Path(_model_folder(args)) / RUN
    known = json.loads(run.read_text(encoding="utf-8")) if run.exists() else {"budget": 2_000_000}
    plan = {"text": None, **known} if args.text is None else {"text": args.text}
    _, data, labels = _read(plan, model.config.vocab_size, words)
    score = evaluate(model, data.valid, min(128, model.config.context_len))
    print(
        f"{score.nats:.4f} nats per token, {score.bits:.4f} bits per byte "
        f"({score.tokens:,} tokens, {score.bytes:,} bytes)"
    )
    _by_language(model, data.valid, labels)


def _export(args):
    model, words = _load(args)
    checkpoint.save(args.out, model, words, dtype=getattr(torch, args.dtype))
    print(f"wrote {args.out}: transformers.AutoModelForCausalLM.from_pretrained opens it")


COMMANDS = {
    "train": _train,
    "sample": _sample,
    "routes": _routes,
    "evaluate": _evaluate,
    "export": _export,
}


def main(argv=None):
    """Run one command.

    Returns:
        0, or 2 after printing a mistake in one line.

    >>> main(["sample", "--model", "absent"])
    2

    Lesson 9.
    """
    args = parser().parse_args(argv)
    try:
        COMMANDS[args.command](args)
    except (ValueError, IndexError, OSError, FloatingPointError) as error:
        print(f"moe_lesson {args.command}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
