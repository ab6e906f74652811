"""The command ``train --instruct``: from a model that continues to one that answers."""

from dataclasses import replace
from pathlib import Path

from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.checkpoints.shipped import FOLDER
from moe_lesson.commands import plan as plans
from moe_lesson.commands.console import INTERRUPTED, complain, say
from moe_lesson.commands.options import given
from moe_lesson.corpus.store import default_text
from moe_lesson.text.tokenizer import encode
from moe_lesson.training.instruct import DPO, SFT, instruct
from moe_lesson.training.stopping import stop_gently

# Options that mean nothing here, and what they are where nobody gave them.
OTHERS = dict.fromkeys(("text", "experts", "top_k", "z_weight", "save_every"))
OTHERS |= dict.fromkeys(("measure_every", "measure_tokens"))
OTHERS |= {"resume": False, "shard": False, "preset": "small", "expert_parallel": 1}


def tune(args):
    """Tune a model on the corpus's tasks, its pages and preferences, and keep it.

    Returns:
        An exit code; None when the run is over.

    Raises:
        ValueError: an option that belongs to training from the start; the model holds no
            tokenizer or reaches less far than the tasks need.

    Lesson 11.
    """
    for name, default in OTHERS.items():
        if (value := getattr(args, name)) != default:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} is {value!r}: with --instruct it must be left out")
    folder = Path(args.out)
    plans.check_free(folder, args.overwrite)
    sft = replace(SFT, **given(args))
    dpo = replace(DPO, seed=sft.seed, steps=min(DPO.steps, sft.steps))
    base = Path(args.model or FOLDER / "small")
    model, words = plans.opened(base)
    if model.config.context_len < sft.length:
        found = f"the context of {base} is {model.config.context_len}"
        raise ValueError(f"{found}: tuning needs {sft.length}, or a --length that it has")
    text = encode(words, default_text(args.budget))
    say(f"{base}: {sft.steps} steps on answers, then {dpo.steps} on preferences")
    with stop_gently() as stop:
        rows, moved = instruct(model, words, text, sft, dpo)
        if args.overwrite:
            plans.clear(folder)
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint.save(folder, model, words)
    if stop.is_set():
        done = f"stopped after step {len(rows)} of {sft.steps}, {len(moved)} of {dpo.steps}"
        complain("train", f"{done}: the model as it was then is in {folder}")
        return INTERRUPTED
    say(f"nats per answer token {rows[0]['nats']:.3f} to {rows[-1]['nats']:.3f}")
    say(f"the model is in {folder}: try python -m moe_lesson chat --model {folder}")
