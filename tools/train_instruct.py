"""Tune the shipped model to follow instructions: ``python tools/train_instruct.py``.

Starts from ``data/checkpoints/small``; the recipe is ``moe_lesson/training/instruct.py``. The
longer half, the tuning on answers, stays in ``runs/answers``: a command that is stopped after it
goes on with the preferences. Writes
``data/checkpoints/answers``, the model after tuning on answers, and ``data/checkpoints/instruct``,
the same after preferences: weights, what the run measured (``run.json``), what the model scores
on tasks, pairs and pages that no tuning text has (``scores.json``), a card (``README.md``).
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.checkpoints.shipped import FOLDER, shipped
from moe_lesson.corpus.store import default_text
from moe_lesson.corpus.tasks.build import NAMES, held_out_tasks
from moe_lesson.corpus.tasks.judge import is_right
from moe_lesson.corpus.tasks.preferences import held_out_pairs
from moe_lesson.inference.generate import answers
from moe_lesson.text.tokenizer import encode
from moe_lesson.training import instruct
from moe_lesson.training.finetune import dpo_losses, sft_losses, tune
from moe_lesson.training.instruct import DPO, SFT
from tools.measure import threads
from tools.train_small import BUDGET, pages_read, scores

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
    gap_B = instruct.compared(model, words, pairs).reference_B
    for pair, gap in zip(pairs, gap_B.tolist()):
        marks[pair.rule].append(gap > 0)
    return {rule: round(sum(one) / len(one), 4) for rule, one in marks.items()}


def measured(model, words):
    """Score a model on all that it was not tuned on; return the scores and what it said."""
    by_family, seen = right(model, words)
    found = scores(model, words)
    return found | {"right": by_family, "preferred": preferred(model, words)}, seen


def card(by, seconds, moved, seen):
    """Write the model's card."""
    lines = [
        "# instruct: the small Mixtral, tuned to follow instructions",
        "",
        "The weights of `small`, tuned on answers, then on preferences; bfloat16. Apache-2.0.",
        "",
        "- **Made by** `python tools/train_instruct.py`, seed 0.",
        f"- **Answers**: {instruct.TASKS:,} tasks of `moe_lesson.corpus.tasks`, {SFT.steps:,} "
        f"steps of {SFT.batch} x {SFT.length} tokens at a peak rate of {SFT.learning_rate}; one "
        f"row in {1 + instruct.EACH_PAGE} is a piece of the corpus that `small` was trained on; "
        f"balance loss {SFT.balance_weight}; {seconds:,.0f} s.",
        f"- **Preferences**: {instruct.PAIRS:,} pairs, {DPO.steps:,} steps of {DPO.batch} pairs at "
        f"{DPO.learning_rate}, DPO with beta 0.1, {moved[-1]['seconds']:,.0f} s; {threads()}.",
        "- **Template**: Mixtral's version 1, `moe_lesson.text.chat`.",
        "",
        "## Share of held-out tasks answered rightly, greedily",
        "",
        f"{ASKED} a family, judged by rule. The families teacher, river, market and plural were in "
        "no tuning text; of the others' subjects half were not.",
        "",
    ]
    lines += table({name: one["right"] for name, one in by.items()})
    lines += ["", "## Share of held-out pairs whose better answer is the likelier", ""]
    lines += table({name: one["preferred"] for name, one in by.items()})
    lines += ["", "## What is forgotten: bits per byte of the same documents", ""]
    lines += table({name: one["language"] for name, one in by.items()})
    lines += ["", *pages_read(list(by.values())[-1])]
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


def table(columns):
    """Write one column a model, one row a key."""
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for key in list(columns.values())[-1]:
        cells = (str(one.get(key, "")) for one in columns.values())
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return lines


LIMITS = """\
It answers about an invented world, in the forms of its tasks; what it says of the real one is
noise. It knows by heart a part of that world's facts and invents the rest in the same tone.
A refusal is a form it has learnt, not a judgement: other words get round it."""


def ship(name, model, words, history, run):
    """Write a model's folder; return what it scores as it was written, and what it said."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.save(folder, model, words, dtype=torch.bfloat16)
    (folder / "run.json").write_text(json.dumps(run) + "\n")
    found, seen = measured(*checkpoint.load(folder, dtype=torch.float32))
    (folder / "scores.json").write_text(json.dumps(found | {"before": history}, indent=1) + "\n")
    return found, seen


def kept(rows, settings, every):
    """Keep of a run what is drawn."""
    return {"settings": asdict(settings), "rows": [r for r in rows if r["step"] % every == 1]}


def tuned_on_answers(model, words):
    """Tune on answers and pages, or take what an earlier command left; return model and rows."""
    done = ROOT / "runs" / "answers"
    if (done / "rows.json").exists():
        rows = json.loads((done / "rows.json").read_text())
        return checkpoint.load(done)[0], rows
    text = encode(words, default_text(BUDGET))
    packed = instruct.with_pages(instruct.instructions(words, instruct.TASKS), text)
    rows = tune(model, sft_losses(model, packed, SFT), SFT)
    done.mkdir(parents=True, exist_ok=True)
    checkpoint.save(done, model, words)
    (done / "rows.json").write_text(json.dumps(rows))
    return model, rows


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    model, words, *_ = shipped("small")
    by = {"base": measured(model, words)[0]}
    model, rows = tuned_on_answers(model, words)
    run = kept(rows, SFT, 50)
    by["answers"], _ = ship("answers", model, words, dict(by), run)
    text = "\n".join([ANSWERS, *pages_read(by["answers"]), ""])
    (FOLDER / "answers" / "README.md").write_text(text, encoding="utf-8")
    moved = tune(model, dpo_losses(model, instruct.judged(model, words), DPO), DPO)
    run |= {"preferences": kept(moved, DPO, 5)}
    by["answers and preferences"], seen = ship("instruct", model, words, dict(by), run)
    text = card(by, rows[-1]["seconds"], moved, seen)
    (FOLDER / "instruct" / "README.md").write_text(text, encoding="utf-8")
    print(f"written to {FOLDER} at {time.strftime('%H:%M')}")


ANSWERS = """\
# answers: the small Mixtral, tuned on answers alone

What `instruct` was before its preferences: see the card there, which compares the two.
Made by `python tools/train_instruct.py`, seed 0; bfloat16. Apache-2.0.
"""


if __name__ == "__main__":
    main()
