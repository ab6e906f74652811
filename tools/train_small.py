"""Train the models that the lessons ship: ``python tools/train_small.py small`` (or dense).

The corpus, the seed and every setting stand here. The folder ``data/checkpoints/<name>`` gets
the weights in bfloat16, the tokenizer, the configuration, what the run measured on the way
(``run.json``), traces of one fixed text along the way (``timelapse.safetensors``, the sparse
model only), what the finished model scores (``scores.json``) and its card (``README.md``).
A run that was stopped goes on when the command is given again.
"""

import argparse
import dataclasses
import json
import platform
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

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
from moe_lesson.models.likelihood import bits_by, token_nats
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trace import trace_ids
from moe_lesson.training import loop
from moe_lesson.training.settings import Settings

BUDGET = 10_000_000
LENGTH = 128  # tokens a sequence; further than it was trained to read, a model reads nonsense
SPARSE = dataclasses.replace(SMALL, context_len=LENGTH)
CONFIGS = {"small": SPARSE, "dense": rivals(SPARSE)["dense, as active"]}
SETTINGS = Settings(
    steps=3000, batch=16, length=LENGTH, learning_rate=3e-3, warmup=100, measure_every=250, seed=0
)
LOOKS = (1, 25, 50, 100, 200, 400, 800, 1600, 3000)  # steps at which the time-lapse looks
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
    return {name: {k: round(v, 4) for k, v in sorted(one.items())} for name, one in found.items()}


NAMES = ("language", "kind", "register")


def floors(pages):
    """Divide the bits of chance behind documents by their bytes, for each language."""
    sums = {}
    for page in pages:
        bits, size = sums.get(page.about["language"], (0.0, 0))
        sums[page.about["language"]] = bits + page.bits, size + len(page.text.encode())
    return {name: bits / size for name, (bits, size) in sums.items() if name != "code"}


def run(name, folder):
    """Train one model and write its folder."""
    words, data, _ = training_data(SMALL.vocab_size, BUDGET)
    torch.manual_seed(SETTINGS.seed)
    model = Mixtral(CONFIGS[name])
    probe, _ = label_tokens(words, heldout.parallel(count=1)[0])
    looks = {}

    def look(row):
        if row["step"] in LOOKS and CONFIGS[name].num_experts > 1:
            seen = trace_ids(model, probe.id_T)
            looks[f"{row['step']:05d}"] = torch.from_numpy(seen.prob_LTE).half()

    rows = loop.train(model, data, SETTINGS, ROOT / "runs" / f"train-{name}", watch=look)
    folder.mkdir(parents=True, exist_ok=True)
    if looks:
        save_file(looks | {"id_T": probe.id_T}, folder / "timelapse.safetensors")
    checkpoint.save(folder, model, words, dtype=torch.bfloat16)
    finish(name, folder, rows)


def finish(name, folder, rows):
    """Measure the model as it was written, and write its card."""
    model, words = checkpoint.load(folder)
    measured = scores(model, words)
    (folder / "scores.json").write_text(json.dumps(measured, indent=1) + "\n")
    kept = [row for row in rows if row["step"] % 50 == 0 or row["step"] in LOOKS]
    for row in kept:
        row["load"] = [[round(share, 4) for share in layer] for layer in row["load"]]
    run = {"settings": dataclasses.asdict(SETTINGS), "budget": BUDGET, "rows": kept}
    (folder / "run.json").write_text(json.dumps(run) + "\n")
    text = card(name, model, words, measured, rows)
    (folder / "README.md").write_text(text, encoding="utf-8")


def card(name, model, words, measured, rows):
    """Write the model card."""
    config, last = model.config, rows[-1]
    kind = "mixture of experts" if config.num_experts > 1 else "dense model of equal active size"
    lines = [
        f"# {name}: a {kind}, trained on the course's own corpus",
        "",
        f"{config.total_parameters:,} parameters, {config.active_parameters:,} of them active for "
        f"a token; {config.num_experts} experts a layer, top-{config.top_k}; bfloat16. Apache-2.0.",
        "",
        f"- **Made by** `python tools/train_small.py {name}`, seed {SETTINGS.seed}.",
        f"- **Data**: {BUDGET:,} bytes written by `moe_lesson.corpus` (five languages, 18 % "
        "Python source); see `data/README.md`.",
        f"- **Run**: {last['step']:,} steps of {SETTINGS.batch} x {SETTINGS.length} tokens "
        f"({last['tokens']:,} in all), peak learning rate {SETTINGS.learning_rate}, balance loss "
        f"{SETTINGS.balance_weight}; {last['seconds']:,.0f} s, {threads()}.",
        f"- **Python** {platform.python_version()}: the code in the corpus is that version's "
        "library, so another version's code scores differ a little.",
        "",
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
    lines += [f"| {register} | {bits} |" for register, bits in measured["register"].items()]
    lines += [
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
not longer; its code has the look of Python and does nothing useful. It was trained once, with
one seed, and was not tuned to follow instructions. Its context is the 128 tokens that it was
trained on: made to read 256, it pays about three times as much for a token of the second half."""


def threads():
    count = torch.get_num_threads()
    return f"{count} thread{'s' * (count > 1)} of a processor"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=tuple(CONFIGS))
    name = parser.parse_args().name
    run(name, ROOT / "data" / "checkpoints" / name)
