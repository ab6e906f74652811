"""The command ``train``: everything that can be known first is checked first."""

from pathlib import Path

import torch

from moe_lesson import pick_device
from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.commands import plan as plans
from moe_lesson.commands.console import INTERRUPTED, complain, say, say_pieces
from moe_lesson.commands.instruct import tune
from moe_lesson.commands.options import PROMPT, given
from moe_lesson.inference.generate import stream_text
from moe_lesson.inference.sampling import Sampling
from moe_lesson.models import config as configs
from moe_lesson.models.likelihood import bits_by, evaluate, token_nats
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.training.checks import check_length, check_start
from moe_lesson.training.ranks import together
from moe_lesson.training.settings import Settings
from moe_lesson.training.stopping import stop_gently


def train(args):
    """Train a model and keep it; as one of several ranks where torchrun started them.

    Returns:
        An exit code; None when the run is over.

    Lesson 9.
    """
    args.out = args.out or (plans.OWN_INSTRUCT if args.instruct else plans.OWN)
    if args.instruct:
        return tune(args)
    with together(args.expert_parallel, args.shard, args.out) as team:
        return _train(args, team)


def _train(args, team):
    folder, plan = Path(args.out), plans.plan_of(args)
    base = getattr(configs, args.preset.upper())
    settings = Settings(**given(args))
    with team.in_turn():
        plans.check_run(folder, plan, args.resume, args.overwrite)
        plans.sized(base, args.experts, args.top_k, base.vocab_size)
        check_length(settings.length, base.context_len)
        known = plans.known_tokenizer(folder) if args.resume else None
        words, data, labels, told = plans.read_text(plan, base.vocab_size, known)
        plan = plans.complete_plan(plan, words, data)
        if args.resume:
            plans.check_text(folder, plan)
    torch.manual_seed(settings.seed)
    config = plans.sized(base, args.experts, args.top_k, words.get_vocab_size())
    model = Mixtral(config).to(pick_device())
    check_start(model, data, settings, folder)
    if team.rank == 0:
        _introduce(config, data, told)
        if args.overwrite:
            plans.clear(folder)
        plans.keep_plan(folder, plan, words)
    with stop_gently() as stop:
        rows = team.train(model, data, settings, folder)
        if team.rank:
            return None
        checkpoint.save(folder, model, words)
    if stop.is_set() or len(rows) < settings.steps:
        return _stopped(folder, rows, settings)
    _report(model, words, data, labels, rows[-1])
    say(f"the model is in {folder}: try python -m moe_lesson sample --model {folder}")


def _stopped(folder, rows, settings):
    done = f"stopped after step {len(rows)} of {settings.steps}"
    complain("train", f"{done}: the model is in {folder}, --resume goes on")
    return INTERRUPTED


def _introduce(config, data, told):
    if told:
        say(told)
    say(
        f"{config.total_parameters:,} parameters, {config.active_parameters:,} of them active; "
        f"{data.train.bytes_T.sum():,} bytes in {len(data.train.id_T):,} tokens to train on"
    )


def _report(model, words, data, labels, row):
    """Say how good the model is, and show it."""
    score = evaluate(model, data.valid, min(128, model.config.context_len))
    say(
        f"step {row['step']}, {row['seconds']:.0f} s of training; held-out text: "
        f"{score.nats:.3f} nats per token, {score.bits:.3f} bits per byte"
    )
    say_bits(model, data.valid, labels)
    say("a sample:")
    say_pieces(stream_text(model, words, PROMPT, 100, Sampling(0.8, top_p=0.95)))


def say_bits(model, text, labels):
    """Print what the corpus's labels allow to tell apart.

    Lesson 9.
    """
    for name in ("language", "kind") if labels else ():
        bits = bits_by(labels[name], token_nats(model, text), text.bytes_T)
        shown = ", ".join(f"{label} {value:.3f}" for label, value in sorted(bits.items()))
        say(f"bits per byte by {name}: {shown}")
