"""Train the models that the lessons ship: ``python tools/train_small.py small`` (or dense).

The corpus, the seed and every setting stand here. The folder ``data/checkpoints/<name>`` gets
the weights in bfloat16, the tokenizer, the configuration, what the run measured on the way
(``run.json``), traces of one fixed text along the way (``timelapse.safetensors``, the sparse
model only), what the finished model scores (``scores.json``) and its card (``README.md``).
A run that was stopped goes on when the command is given again. It reads short windows first,
which cost less a token and hold more documents a step, then windows of the full context.

``--seed 1 --until 2000`` trains the same model from other starting weights, on other batches,
for a part of the same schedule, and writes the rows alone to ``data/measurements/small.json``.
"""

import argparse
import dataclasses
import json
import math
import platform
import signal
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.corpus import heldout
from moe_lesson.corpus.labels import label_tokens
from moe_lesson.corpus.store import held_out_pages, training_data
from moe_lesson.inference.generate import stream_text
from moe_lesson.inference.sampling import Sampling
from moe_lesson.lessons.lesson09.race import rivals
from moe_lesson.models.config import SMALL
from moe_lesson.models.likelihood import bits_by, measuring, token_nats
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trace import trace_ids
from moe_lesson.training import loop
from moe_lesson.training.settings import Settings
from tools.measure import FOLDER, note, opened, threads

BUDGET = 20_000_000
RECORD = FOLDER / "small.json"
CONFIGS = {"small": SMALL, "dense": rivals(SMALL)["dense, as active"]}
RUN = Settings(warmup=100, measure_every=250, measure_tokens=40_000)
PHASES = (
    dataclasses.replace(RUN, steps=5000, batch=16, length=128, learning_rate=6e-3),
    dataclasses.replace(RUN, steps=1000, batch=8, length=256, learning_rate=2e-3),
)
STEPS = sum(phase.steps for phase in PHASES)
LOOKS = (1, 25, 50, 100, 200, 400, 800, 1600, 3200, STEPS)  # steps the time-lapse looks at
OPENINGS = {
    "en": "One day, a baker",
    "fr": "Un jour, un boulanger",
    "it": "Un giorno, un fornaio",
    "de": "Eines Tages",
    "es": "Un día, un panadero",
    "code": "def ",
}


def scores(model, tokenizer):
    """Measure a model on every held-out set: bits per byte by language, kind and register."""
    pages = held_out_pages(budget=BUDGET)
    text, labels = label_tokens(tokenizer, pages)
    nats_T = token_nats(model, text)
    found = {name: bits_by(labels[name], nats_T, text.bytes_T) for name in NAMES}
    found["floor"] = floors(pages)
    unseen, about = label_tokens(tokenizer, heldout.unseen_plots())
    found["unseen plots"] = bits_by(about["language"], token_nats(model, unseen), unseen.bytes_T)
    found["second half of a window"] = second_half(model, text)
    return {name: {k: round(v, 4) for k, v in sorted(one.items())} for name, one in found.items()}


NAMES = ("language", "kind", "register")


def second_half(model, text):
    """Measure what the first half of a window is worth to its second: bits per byte of that."""
    length = model.config.context_len
    windows = (len(text.id_T) - 1) // length
    id_WS, next_WS, bytes_WS = (
        x_T[: windows * length].view(windows, length)
        for x_T in (text.id_T, text.id_T[1:], text.bytes_T[1:])
    )
    late, found = slice(length // 2, None), {}
    for name, ahead in {"after the first": 0, "alone": length // 2}.items():
        with measuring(model):
            logits = [model(part[:, ahead:]).logits_BSV for part in id_WS.split(16)]
        late_WSV = torch.cat([part[:, late.start - ahead :] for part in logits])
        nats = F.cross_entropy(late_WSV.mT, next_WS[:, late], reduction="sum").item()
        found[name] = nats / math.log(2) / bytes_WS[:, late].sum().item()
    return found


def floors(pages):
    """Divide the bits of chance behind documents by their bytes, for each language."""
    sums = {}
    for page in pages:
        bits, size = sums.get(page.about["language"], (0.0, 0))
        sums[page.about["language"]] = bits + page.bits, size + len(page.text.encode())
    return {name: bits / size for name, (bits, size) in sums.items() if name != "code"}


def run(name, seed, until):
    """Train one model phase by phase; return it, its tokenizer, its rows and the film."""
    words, data, _ = training_data(SMALL.vocab_size, BUDGET)
    torch.manual_seed(seed)
    model, rows = Mixtral(CONFIGS[name]), []
    film = Film(model, words, ROOT / "runs" / f"film-{name}-{seed}.safetensors")
    for number, phase in enumerate(PHASES):
        done = rows[-1] if rows else dict.fromkeys(COUNTED, 0)

        def watch(row, before=done["step"]):
            film.look(before + row["step"])
            if before + row["step"] == until - 1:
                signal.raise_signal(signal.SIGINT)  # as by Ctrl-C: one more step, and it is kept

        state = ROOT / "runs" / f"train-{name}-{seed}-{number}"
        found = loop.train(model, data, dataclasses.replace(phase, seed=seed), state, watch=watch)
        rows += [row | {key: done[key] + row[key] for key in COUNTED} for row in found]
        if len(found) < phase.steps:  # stopped
            break
    return model, words, rows, film.looks


COUNTED = ("step", "tokens", "seconds")  # of a row: they go on from phase to phase


class Film:
    """Keep what the routers do with one story at some steps, also over a stop."""

    def __init__(self, model, words, path):
        self.model, self.path = model, path
        self.id_T = label_tokens(words, heldout.parallel(count=1)[0])[0].id_T
        self.looks = load_file(path) if path.exists() else {}

    def look(self, step):
        """Note the routers' probabilities, if this is a step for it."""
        if step in LOOKS and self.model.config.num_experts > 1:
            seen = trace_ids(self.model, self.id_T).prob_LTE
            self.looks |= {f"{step:05d}": torch.from_numpy(seen).half(), "id_T": self.id_T}
            self.path.parent.mkdir(exist_ok=True)
            save_file(self.looks, self.path)


def ship(name, model, words, rows, looks):
    """Write the folder of a finished model."""
    folder = ROOT / "data" / "checkpoints" / name
    folder.mkdir(parents=True, exist_ok=True)
    if looks:
        save_file(looks, folder / "timelapse.safetensors")
    checkpoint.save(folder, model, words, dtype=torch.bfloat16)
    finish(name, folder, rows)


def record(name, seed, rows):
    """Put the measured rows of a run that is not shipped into ``data/measurements/small.json``."""
    phases = [dataclasses.asdict(phase) for phase in PHASES]
    command = "python tools/train_small.py small (or dense) --seed 1 --until 2000"
    found = opened(RECORD, command, {"budget": BUDGET, "phases": phases})
    about = {"model": name, "seed": seed}
    found["runs"] = [run for run in found["runs"] if not about.items() <= run.items()]
    kept = (*COUNTED, "valid_bits")
    measured = [{key: row[key] for key in kept} for row in rows if "valid_bits" in row]
    note(RECORD, found, about | {"rows": measured})


def finish(name, folder, rows):
    """Measure the model as it was written, and write its card."""
    model, words = checkpoint.load(folder)
    measured = scores(model, words)
    (folder / "scores.json").write_text(json.dumps(measured, indent=1) + "\n")
    kept = [row for row in rows if row["step"] % 50 == 0 or row["step"] in LOOKS]
    for row in kept:
        row["load"] = [[round(share, 4) for share in layer] for layer in row["load"]]
    phases = [dataclasses.asdict(phase) for phase in PHASES]
    run = {"settings": phases[-1], "phases": phases, "budget": BUDGET, "rows": kept}
    (folder / "run.json").write_text(json.dumps(run) + "\n")
    text = card(name, model, words, measured, rows)
    (folder / "README.md").write_text(text, encoding="utf-8")


def pages_read(measured):
    """Write the part of a card that says how well a model reads held-out documents."""
    lines = [
        "## Bits per byte on held-out documents",
        "",
        "The floor is the entropy of the choices behind the same documents: what somebody who "
        "knows the grammar and every fact by heart would still have to be told.",
        "",
        "| | model | floor | unseen plots |",
        "|---|---|---|---|",
    ]
    for language, bits in measured["language"].items():
        floor = measured["floor"].get(language, "unknown")
        lines.append(
            f"| {language} | {bits} | {floor} | {measured['unseen plots'].get(language, '')} |"
        )
    lines += ["", "| kind of token | bits per byte |", "|---|---|"]
    lines += [f"| {kind} | {bits} |" for kind, bits in measured["kind"].items()]
    lines += ["", "| register | bits per byte |", "|---|---|"]
    return lines + [f"| {name} | {bits} |" for name, bits in measured["register"].items()]


def card(name, model, words, measured, rows):
    """Write the model card."""
    config, last = model.config, rows[-1]
    told = ", then ".join(
        f"{one.steps:,} steps of {one.batch} x {one.length} tokens at a peak rate of "
        f"{one.learning_rate}"
        for one in PHASES
    )
    kind = "mixture of experts" if config.num_experts > 1 else "dense model of equal active size"
    lines = [
        f"# {name}: a {kind}, trained on the course's own corpus",
        "",
        f"{config.total_parameters:,} parameters, {config.active_parameters:,} of them active for "
        f"a token; {config.num_experts} experts a layer, top-{config.top_k}; bfloat16. Apache-2.0.",
        "",
        f"- **Made by** `python tools/train_small.py {name}`, seed 0.",
        f"- **Data**: {BUDGET:,} bytes written by `moe_lesson.corpus` (five languages, 18 % "
        "Python source); see `data/README.md`.",
        f"- **Run**: {told}, each with a warm-up of {RUN.warmup} and a cosine to a tenth; "
        f"{last['tokens']:,} tokens in all, balance loss {RUN.balance_weight}; "
        f"{last['seconds']:,.0f} s, {threads()} of a processor.",
        f"- **Python** {platform.python_version()}: the code in the corpus is that version's "
        "library, so another version's code scores differ a little.",
        "",
    ]
    lines += pages_read(measured)
    read, alone = measured["second half of a window"].values()
    lines += [
        "",
        f"Its context is {config.context_len} tokens: a byte in the second half of a window costs "
        f"{read:.3f} bits after the first half, {alone:.3f} without it.",
        "",
        "## Samples",
        "",
        "Temperature 0.7, top-p 0.95, seed 0, 60 tokens, not chosen.",
        "",
    ]
    for language, opening in OPENINGS.items():
        text = "".join(stream_text(model, words, opening, 60, Sampling(0.7, top_p=0.95)))
        lines += [f"**{language}**", "", "```text", text.strip(), "```", ""]
    lines += ["## Limits", "", LIMITS, ""]
    return "\n".join(lines)


LIMITS = """\
It knows the few hundred nouns and verbs of its corpus and an invented world: nothing it says of
people, towns or dates is true outside that world. It holds a story together for some sentences,
not longer; its code has the look of Python and does nothing useful. It was not tuned to follow
instructions. Longer texts than its context it reads in pieces."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=tuple(CONFIGS))
    parser.add_argument("--seed", type=int, default=0, help="0 is shipped, others are recorded")
    parser.add_argument("--until", type=int, default=STEPS, help="stop after this step")
    asked = parser.parse_args()
    *found, rows, looks = run(asked.name, asked.seed, asked.until)
    if len(rows) < asked.until:  # stopped before: the same command goes on
        return
    if asked.seed:
        record(asked.name, asked.seed, rows)
    elif len(rows) == STEPS:
        ship(asked.name, *found, rows, looks)


if __name__ == "__main__":
    main()
