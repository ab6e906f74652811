"""What can be typed after ``python -m moe_lesson``."""

import argparse
import dataclasses

from moe_lesson.study.terminal import visible
from moe_lesson.training.settings import MEANING, SEEDS, Settings

ABOUT = "Train a small Mixtral, sample from it, talk to it, see its routing, measure it, export it."
PROMPT = "One day, a baker"
FOLDERS = ("model", "text", "out")
MOST = 2**31 - 1
WHOLE = {  # option -> the least and the most that it may be
    "budget": (10_000, 10**9),
    "seed": (0, SEEDS - 1),
    "layer": (0, MOST),
    **dict.fromkeys(("experts", "top_k", "tokens", "expert_parallel"), (1, MOST)),
    **{f.name: (1, MOST) for f in dataclasses.fields(Settings) if f.type is int and f.default},
}


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Say what is wrong in one line, without the list of all options."""
        self.exit(2, f"{self.prog}: {visible(message)}; --help lists the options\n")


def parser():
    """Describe the six commands and their options.

    >>> parser().parse_args(["sample", "--top-k", "5"]).top_k
    5

    Lesson 9.
    """
    top = _Parser(prog="python -m moe_lesson", description=ABOUT)
    commands = top.add_subparsers(dest="command", required=True)
    for name, text in {
        "train": "train a small Mixtral and keep it in a folder",
        "sample": "continue a prompt",
        "chat": "answer what is typed, line by line; Ctrl-D ends it",
        "routes": "print a text, each token in the colour and with the digit of its expert",
        "evaluate": "measure nats per token and bits per byte on the held-out part of a text",
        "export": "write a folder that Hugging Face's transformers opens",
    }.items():
        shown = argparse.ArgumentDefaultsHelpFormatter
        one = commands.add_parser(name, help=text, description=text, formatter_class=shown)
        own = "runs/instruct" if name == "chat" else "runs/small, else ours"
        own = "ours; what --instruct starts from" if name == "train" else own
        one.add_argument("--model", help=f"folder of a model; none: {own}")
        if name in ("train", "evaluate"):
            one.add_argument("--text", help="folder of .txt files; none: the course's corpus")
        if name in ("sample", "routes"):
            one.add_argument("--prompt", default=PROMPT, help="text to begin with")
        if name in ("train", "export"):
            text = "replace the run or model that --out holds; without, it is refused"
            one.add_argument("--overwrite", action="store_true", help=text)
    _add_options(*(commands.choices[name] for name in ("train", "routes", "export")))
    _add_sampling(commands.choices["sample"], tokens=120, temperature=0.8)
    _add_sampling(commands.choices["chat"], tokens=80, temperature=0.0)
    text = "what the model is told before the first question"
    commands.choices["chat"].add_argument("--system", help=text)
    return top


def _add_sampling(one, tokens, temperature):
    one.add_argument("--tokens", type=int, default=tokens, help="how many to add at most")
    one.add_argument("--temperature", type=float, default=temperature, help="0 is greedy")
    one.add_argument("--top-k", type=int, help="keep only the k most likely tokens; none: all")
    one.add_argument("--top-p", type=float, default=0.95, help="keep this share of likelihood")
    one.add_argument("--seed", type=int, default=0, help="another seed, another text")


def _add_options(train, routes, export):
    text = "folder for the run and its model; none: runs/small, or runs/instruct with --instruct"
    train.add_argument("--out", help=text)
    text = "tune a model on the corpus's tasks and preferences, instead of training one"
    train.add_argument("--instruct", action="store_true", help=text)
    train.add_argument("--resume", action="store_true", help="go on with an unfinished run")
    train.add_argument("--budget", type=int, default=2_000_000, help="bytes of the course's corpus")
    train.add_argument("--preset", choices=("small", "tiny"), default="small", help="model size")
    train.add_argument("--experts", type=int, help="experts a layer, 1: dense; none: the preset's")
    train.add_argument("--top-k", type=int, help="experts a token; none: the preset's")
    text = "ranks that divide the experts among them, under torchrun"
    train.add_argument("--expert-parallel", type=int, default=1, help=text)
    train.add_argument("--shard", action="store_true", help="divide all other weights too: FSDP2")
    for field in dataclasses.fields(Settings):
        option = "--" + field.name.replace("_", "-")
        text = f"{MEANING[field.name]}; none: {field.default}, or as --instruct has it"
        train.add_argument(option, type=field.type, help=text)
    routes.add_argument("--layer", type=int, default=0, help="counted from 0")
    export.add_argument("--out", required=True, help="folder to write")
    export.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    export.add_argument("--gguf", action="store_true", help="write model.gguf too, for llama.cpp")


def given(args):
    """Return the settings of training that were typed; what was not has several defaults.

    >>> given(parser().parse_args(["train", "--steps", "7"]))
    {'steps': 7}

    Lesson 9.
    """
    return {name: value for name in MEANING if (value := getattr(args, name)) is not None}


def check_options(args):
    """Refuse what no command can mean: an empty name, a number out of its range.

    An option that is empty (an unset variable of the shell) is not one that was left out.

    Raises:
        ValueError: the option, what it is, and what is allowed.

    >>> check_options(parser().parse_args(["train", "--experts", "0"]))
    Traceback (most recent call last):
    ValueError: --experts is 0: it must be 1 or more

    Lesson 9.
    """
    for name, value in vars(args).items():
        option = "--" + name.replace("_", "-")
        if isinstance(value, list):  # what argparse makes of it
            raise ValueError(f"{option} is '--': it must be a value")
        if name in FOLDERS and value is not None and (not value or "\0" in value):
            raise ValueError(f"{option} is {value!r}: it must name a folder")
        if name in WHOLE and value is not None:
            least, most = WHOLE[name]
            allowed = f"{least} or more" if most == MOST else f"between {least} and {most}"
            if value < least:
                raise ValueError(f"{option} is {value}: it must be {allowed}")
            if value > most:
                raise ValueError(f"{option} is {value}: it must be at most {most}")
    try:
        getattr(args, "prompt", "").encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"--prompt is not UTF-8 from character {error.start} on") from error
