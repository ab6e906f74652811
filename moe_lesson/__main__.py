"""Train a small Mixtral, sample from it, see its routing, measure it, export it."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import torch

from moe_lesson import pick_device
from moe_lesson.inference.evaluate import evaluate
from moe_lesson.inference.generate import stream_text
from moe_lesson.inference.sampling import Sampling
from moe_lesson.models import config as configs
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trace import coloured_text, trace_text
from moe_lesson.text import sources, tokenizer
from moe_lesson.training import checkpoint, loop, state
from moe_lesson.training.files import replacing
from moe_lesson.training.settings import MEANING, Settings

PROMPT = "The first time a module is imported, "
RUN = "run.json"  # what a run reads and how large its model is


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
            one.add_argument("--model", default="runs/small", help="folder of a trained model")
        if name in ("train", "evaluate"):
            one.add_argument("--text", help="folder of .txt files; none: Python's own texts")
        if name in ("sample", "routes"):
            one.add_argument("--prompt", default=PROMPT, help="text to begin with")
    _add_options(*(commands.choices[name] for name in ("train", "sample", "routes", "export")))
    return top


def _add_options(train, sample, routes, export):
    train.add_argument("--out", default="runs/small", help="folder for the run and its model")
    train.add_argument("--resume", action="store_true", help="go on with an unfinished run")
    train.add_argument("--budget", type=int, default=2_000_000, help="bytes of Python's own texts")
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
    _check_run(folder, plan, args.resume)
    _check_length(settings, base)
    documents = _read(plan)
    saved = folder / "tokenizer.json"
    known = tokenizer.load(saved) if args.resume and saved.exists() else None
    words, data = tokenizer.prepare(documents, base.vocab_size, known)
    config = _sized(base, args.experts, args.top_k, words.get_vocab_size())
    torch.manual_seed(settings.seed)
    model = Mixtral(config).to(pick_device())
    print(
        f"{config.total_parameters:,} parameters, {config.active_parameters:,} of them active; "
        f"{data.train.bytes_T.sum():,} bytes in {len(data.train.id_T):,} tokens to train on"
    )
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in ((folder / RUN, json.dumps(plan)), (saved, words.to_str(pretty=True))):
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    rows = loop.train(model, data, settings, folder)
    checkpoint.save(folder, model, words)
    score = evaluate(model, data.valid, settings.length)
    print(
        f"step {rows[-1]['step']}, {rows[-1]['seconds']:.0f} s of training; held-out text: "
        f"{score.nats:.3f} nats per token, {score.bits:.3f} bits per byte\na sample:"
    )
    _write(stream_text(model, words, PROMPT, 100, Sampling(0.8, top_p=0.95)))
    print(f"the model is in {folder}: try python -m moe_lesson sample --model {folder}")


def _sized(base, experts, top_k, vocab_size):
    """Vary a preset by what was asked for; the sizes that were not keep to it."""
    experts = experts or base.num_experts
    top_k = top_k or min(base.top_k, experts)
    return dataclasses.replace(base, num_experts=experts, top_k=top_k, vocab_size=vocab_size)


def _check_run(folder, plan, resume):
    """Refuse to write over a run, or to go on with another one."""
    if not state.has_state(folder):
        return
    if not resume:
        raise ValueError(f"{folder} holds a run: add --resume to go on, or choose another --out")
    found = json.loads((folder / RUN).read_text(encoding="utf-8"))
    other = [f"{k}={found.get(k)} (now {plan[k]})" for k in plan if found.get(k) != plan[k]]
    if other:
        raise ValueError(f"{folder} holds a run with {', '.join(other)}")


def _check_length(settings, base):
    if settings.length > base.context_len:
        raise ValueError(f"length is {settings.length}: the model's context is {base.context_len}")


def _read(plan):
    if plan["text"]:
        return sources.read_folder(plan["text"])
    return sources.default_text(plan["budget"])


def _write(pieces):
    for piece in pieces:
        print(piece, end="", flush=True)
    print()


def _load(folder):
    model, words = checkpoint.load(folder, device=pick_device())
    if words is None:
        raise ValueError(f"{folder} holds no tokenizer.json")
    return model, words


def _sample(args):
    sampling = Sampling(args.temperature, args.top_k, args.top_p, args.seed)
    _write(stream_text(*_load(args.model), args.prompt, args.tokens, sampling))


def _routes(args):
    print(coloured_text(trace_text(*_load(args.model), args.prompt), args.layer))


def _evaluate(args):
    model, words = _load(args.model)
    run = Path(args.model) / RUN
    known = json.loads(run.read_text(encoding="utf-8")) if run.exists() else {"budget": 2_000_000}
    documents = _read({"text": None, **known} if args.text is None else {"text": args.text})
    text = tokenizer.encode(words, tokenizer.split(documents)[1])
    score = evaluate(model, text, min(128, model.config.context_len))
    print(
        f"{score.nats:.4f} nats per token, {score.bits:.4f} bits per byte "
        f"({score.tokens:,} tokens, {score.bytes:,} bytes)"
    )


def _export(args):
    model, words = _load(args.model)
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
