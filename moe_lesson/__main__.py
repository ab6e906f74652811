"""Train, sample, read, evaluate and export from the command line."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import torch

from moe_lesson import pick_device
from moe_lesson.inference.evaluate import evaluate
from moe_lesson.inference.generate import stream
from moe_lesson.inference.sampling import Sampling
from moe_lesson.models import config as configs
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trace import coloured_text, trace
from moe_lesson.text import sources, tokenizer
from moe_lesson.training import checkpoint, loop, state
from moe_lesson.training.settings import Settings

PROMPT = "The first time a module is imported, "


def parser():
    """Describe the five commands and their options.

    Lesson 9.
    """
    top = argparse.ArgumentParser(prog="python -m moe_lesson", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    _train_options(_command(commands, "train", "train a small Mixtral and keep it in a folder"))
    for name, text in [
        ("sample", "continue a prompt"),
        ("routes", "print a text, each token in the colour and with the digit of its expert"),
        ("evaluate", "measure nats per token and bits per byte on a text"),
        ("export", "write a folder that Hugging Face's transformers opens"),
    ]:
        one = _command(commands, name, text)
        one.add_argument("--model", default="runs/small", help="folder of a trained model")
        if name in ("sample", "routes"):
            one.add_argument("--prompt", default=PROMPT)
        if name in ("train", "evaluate"):
            one.add_argument("--text", help="folder of .txt files; default: Python's own texts")
    sample, routes, export = (commands.choices[n] for n in ("sample", "routes", "export"))
    sample.add_argument("--tokens", type=int, default=120, help="how many to add at most")
    sample.add_argument("--temperature", type=float, default=0.8, help="0 is greedy")
    sample.add_argument("--top-k", type=int, help="keep only the k most likely tokens")
    sample.add_argument("--top-p", type=float, default=0.95, help="keep this share of likelihood")
    sample.add_argument("--seed", type=int, default=0)
    routes.add_argument("--layer", type=int, default=0, help="counted from 0")
    export.add_argument("--out", required=True, help="folder to write")
    export.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    return top


def _command(commands, name, text):
    return commands.add_parser(
        name, help=text, description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )


def _train_options(one):
    one.add_argument("--out", default="runs/small", help="folder for state and trained model")
    one.add_argument("--resume", action="store_true", help="go on with an unfinished run")
    one.add_argument("--text", help="folder of .txt files; default: Python's own texts")
    one.add_argument("--budget", type=int, default=2_000_000, help="bytes of the default text")
    one.add_argument("--preset", choices=("small", "tiny"), default="small", help="model size")
    one.add_argument("--experts", type=int, help="experts per layer; 1 is a dense model")
    one.add_argument("--top-k", type=int, help="experts per token")
    for field in dataclasses.fields(Settings):
        option = "--" + field.name.replace("_", "-")
        one.add_argument(option, type=field.type, default=field.default, help=field.name)


def run_train(args):
    """Train on a text, keep the model, end with what it scores and writes.

    Lesson 9.
    """
    folder = Path(args.out)
    if state.has_state(folder) and not args.resume:
        raise ValueError(f"{folder} holds a run: add --resume to go on, or choose another --out")
    documents = sources.read_folder(args.text) if args.text else sources.default_text(args.budget)
    base = getattr(configs, args.preset.upper())
    experts = args.experts or base.num_experts
    saved = folder / "tokenizer.json"
    known = tokenizer.Tokenizer.from_file(str(saved)) if args.resume and saved.exists() else None
    words, data = tokenizer.prepare(documents, base.vocab_size, known)
    config = dataclasses.replace(
        base,
        vocab_size=words.get_vocab_size(),
        num_experts=experts,
        top_k=args.top_k or min(base.top_k, experts),
    )
    settings = Settings(**{f.name: getattr(args, f.name) for f in dataclasses.fields(Settings)})
    torch.manual_seed(settings.seed)
    model = Mixtral(config).to(pick_device())
    print(
        f"{config.total_parameters:,} parameters, {config.active_parameters:,} active; "
        f"{data.train.bytes_T.sum():,} bytes, {len(data.train.id_T):,} tokens to train on"
    )
    folder.mkdir(parents=True, exist_ok=True)
    words.save(str(saved))
    rows = loop.train(model, data, settings, folder)
    checkpoint.save(folder, model, words)
    (folder / "history.json").write_text(json.dumps(rows))
    _report(model, words, data, settings, rows)
    print(f"kept in {folder}")


def _report(model, words, data, settings, rows):
    score = evaluate(model, data.valid, settings.length)
    print(
        f"step {rows[-1]['step']}, {rows[-1]['seconds']:.0f} s of training: held-out loss "
        f"{score.nats:.3f} nats per token, {score.bits:.3f} bits per byte"
    )
    print("a sample (temperature 0.8):")
    _print_sample(model, words, PROMPT, 100, Sampling(0.8, top_p=0.95))


def _print_sample(model, words, prompt, tokens, sampling):
    ids = words.encode(prompt).ids
    shown = words.decode(ids)
    print(shown, end="", flush=True)
    for token in stream(model, [ids], min(tokens, model.config.context_len - len(ids)), sampling):
        ids.append(token.id_B.item())
        text = words.decode(ids)
        if not text.endswith("\ufffd"):  # a character whose bytes are not all there yet
            print(text[len(shown) :], end="", flush=True)
            shown = text
    print()


def _load(args):
    model, words = checkpoint.load(args.model, device=pick_device())
    if words is None:
        raise ValueError(f"{args.model} holds no tokenizer.json")
    return model, words


def run_sample(args):
    """Continue a prompt with a trained model.

    Lesson 9.
    """
    model, words = _load(args)
    sampling = Sampling(args.temperature, args.top_k, args.top_p, args.seed)
    _print_sample(model, words, args.prompt, args.tokens, sampling)


def run_routes(args):
    """Print a text, each token in the colour and with the digit of its expert.

    Lesson 9.
    """
    model, words = _load(args)
    print(coloured_text(trace(model, words, args.prompt), args.layer))


def run_evaluate(args):
    """Measure a trained model on the held-out part of a text.

    Lesson 9.
    """
    model, words = _load(args)
    documents = sources.read_folder(args.text) if args.text else sources.default_text()
    text = tokenizer.encode(words, tokenizer.split(documents)[1])
    score = evaluate(model, text, min(128, model.config.context_len))
    print(
        f"{score.nats:.4f} nats per token, {score.bits:.4f} bits per byte, "
        f"{score.tokens:,} tokens, {score.bytes:,} bytes"
    )


def run_export(args):
    """Write a trained model in another dtype, in Hugging Face's form.

    Lesson 13.
    """
    model, words = _load(args)
    checkpoint.save(args.out, model, words, dtype=getattr(torch, args.dtype))
    print(f"wrote {args.out}: transformers.AutoModelForCausalLM.from_pretrained opens it")


def main(argv=None):
    """Run one command; print a mistake in one line and return 2.

    Lesson 9.
    """
    args = parser().parse_args(argv)
    try:
        globals()[f"run_{args.command}"](args)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"moe_lesson {args.command}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
