"""Tune the shipped model to follow instructions: ``python tools/train_instruct.py``.

Starts from ``data/checkpoints/small`` and writes ``data/checkpoints/instruct``: the weights after
answers and preferences (the recipe is ``moe_lesson/training/instruct.py``), what the run measured
(``run.json``), what the model scores on tasks, pairs and pages that no tuning text has
(``scores.json``), and its card (``README.md``). ``--sft FOLDER`` also keeps the model as it was
between the two.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.checkpoints.shipped import FOLDER, shipped
from moe_lesson.corpus.tasks.build import NAMES, held_out_tasks
from moe_lesson.corpus.tasks.judge import is_right
from moe_lesson.corpus.tasks.preferences import held_out_pairs
from moe_lesson.inference.generate import answers
from moe_lesson.training import instruct
from moe_lesson.training.finetune import dpo_losses, measured_logps, pack, sft_losses, tune
from tools.measure import threads
from tools.train_small import scores

ASKED, JUDGED, SHOWN = 40, 600, 2  # tasks a family; pairs; samples a family in the card


def right(model, words, names=NAMES, each=ASKED):
    """Ask held-out tasks; return family -> share right, and (task, answer, verdict) of each."""
    asked = held_out_tasks(each * len(names), names=names)
    said = answers(model, words, [task.messages for task in asked])
    seen = [(task, text, is_right(task, text)) for task, text in zip(asked, said)]
    marks = defaultdict(list)
    for task, _, verdict in seen:
        marks[task.name].append(verdict)
        known = task.about.get("seen")
        marks[f"subjects seen in tuning: {known}"] += [verdict] if known else []
    return {name: round(sum(one) / len(one), 4) for name, one in marks.items()}, seen


def preferred(model, words, count=JUDGED):
    """Measure, rule by rule, how often the better answer of a held-out pair is the likelier."""
    pairs, marks = held_out_pairs(count), defaultdict(list)
    sides = [
        pack([instruct.dialogue(words, p.task, text(p)) for p in pairs], 256, together=False)
        for text in (lambda p: p.better, lambda p: p.worse)
    ]
    gap_B = measured_logps(model, sides[0]) - measured_logps(model, sides[1])
    for pair, gap in zip(pairs, gap_B.tolist()):
        marks[pair.rule].append(gap > 0)
    return {rule: round(sum(one) / len(one), 4) for rule, one in marks.items()}


def measured(model, words):
    """Score a model on all that it was not tuned on; return the scores and what it said."""
    by_family, seen = right(model, words)
    found = scores(model, words)
    return found | {"right": by_family, "preferred": preferred(model, words)}, seen


def card(measured_by, rows, moved, seen):
    """Write the model's card."""
    names = ("base", "answers", "answers and preferences")
    sft, dpo = instruct.SFT, instruct.DPO
    lines = [
        "# instruct: the small Mixtral, tuned to follow instructions",
        "",
        "The weights of `small`, tuned on answers, then on preferences; bfloat16. Apache-2.0.",
        "",
        "- **Made by** `python tools/train_instruct.py`, seed 0.",
        f"- **Answers**: {instruct.TASKS:,} tasks of `moe_lesson.corpus.tasks`, "
        f"{sft.steps:,} steps of {sft.batch} x {sft.length} tokens at a peak rate of "
        f"{sft.learning_rate}, balance loss {sft.balance_weight}, {rows[-1]['seconds']:,.0f} s.",
        f"- **Preferences**: {instruct.PAIRS:,} pairs, {dpo.steps:,} steps of {dpo.batch} pairs at "
        f"{dpo.learning_rate}, DPO with beta 0.1, {moved[-1]['seconds']:,.0f} s; {threads()}.",
        "- **Template**: Mixtral's version 1, `moe_lesson.text.chat`.",
        "",
        "## Share of held-out tasks answered rightly, greedily",
        "",
        f"{ASKED} a family, judged by rule. The families teacher, river, market and plural were in "
        "no tuning text; of the others' subjects half were not.",
        "",
    ]
    lines += table(names, [one["right"] for one in measured_by])
    lines += ["", "## Share of held-out pairs whose better answer is the likelier", ""]
    lines += table(names, [one["preferred"] for one in measured_by])
    lines += ["", "## Bits per byte of the corpus, held out: what is forgotten", ""]
    lines += table(names, [one["language"] for one in measured_by])
    lines += ["", "## Answers", "", "The first held-out tasks of each family, not chosen.", ""]
    shown = defaultdict(int)
    lines += ["| family | asked | answered | |", "|---|---|---|---|"]
    for task, text, verdict in seen:
        shown[task.name] += 1
        if shown[task.name] <= SHOWN and len(task.messages) == 1:
            parts = (task.messages[0]["content"], text)
            asked, said = (" ".join(part.replace("|", "/").split()) for part in parts)
            lines.append(f"| {task.name} | {asked} | {said} | {'right' if verdict else 'wrong'} |")
    lines += ["", "## Limits", "", LIMITS, ""]
    return "\n".join(lines)


def table(names, columns):
    """Write one column a model, one row a key."""
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for key in columns[-1]:
        lines.append(f"| {key} | " + " | ".join(str(one.get(key, "")) for one in columns) + " |")
    return lines


LIMITS = """\
It answers about an invented world, in the forms of its tasks; what it says of the real one is
noise. It knows by heart a part of that world's facts and invents the rest in the same tone.
A refusal is a form it has learnt, not a judgement: other words get round it."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sft", type=Path, help="folder for the model after answers alone")
    kept = parser.parse_args().sft
    model, words, *_ = shipped("small")
    stages = [measured(model, words)]
    packed = instruct.instructions(words)
    rows = tune(model, sft_losses(model, packed, instruct.SFT), instruct.SFT)
    if kept:
        checkpoint.save(kept, model, words, dtype=torch.bfloat16)
    stages.append(measured(model, words))
    pairs = instruct.judged(model, words)
    moved = tune(model, dpo_losses(model, pairs, instruct.DPO), instruct.DPO)
    folder = FOLDER / "instruct"
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.save(folder, model, words, dtype=torch.bfloat16)
    model, words = checkpoint.load(folder, dtype=torch.float32)
    stages.append(measured(model, words))
    by = [found for found, _ in stages]
    told = by[-1] | {"before": {"base": by[0], "answers": by[1]}}
    (folder / "scores.json").write_text(json.dumps(told, indent=1) + "\n")
    shown = [row for row in rows if row["step"] % 20 == 1], [r for r in moved if r["step"] % 5 == 1]
    run = {"settings": dataclasses.asdict(instruct.SFT), "rows": shown[0]}
    run |= {"preferences": {"settings": dataclasses.asdict(instruct.DPO), "rows": shown[1]}}
    (folder / "run.json").write_text(json.dumps(run) + "\n")
    text = card(by, rows, moved, stages[-1][1])
    (folder / "README.md").write_text(text, encoding="utf-8")
    print(f"written to {folder} at {time.strftime('%H:%M')}")


if __name__ == "__main__":
    main()
