"""Measure for hours what the lessons measure for minutes: ``python tools/measure.py experts``.

Writes ``data/measurements/<name>.json``, run by run; a command that was stopped goes on with
the runs that are missing. ``experts``: lesson 3, perplexity against the number of experts,
on the course's corpus and, with ``--real``, on five novels and Shakespeare (downloaded once).
``remedies``: lesson 4, every way to keep experts busy, and the films of its time-lapse.
"""

import argparse
import json
import math
import platform
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from moe_lesson.checkpoints.files import replacing
from moe_lesson.corpus.store import training_data
from moe_lesson.lessons.lesson04.remedies import product, remedies
from moe_lesson.models.recurrent import RecurrentConfig
from moe_lesson.study.trials import FOLDER, measure_balance, trial
from moe_lesson.text.books import NOVELS, novel, shakespeare
from moe_lesson.text.tokenizer import prepare
from moe_lesson.training.settings import Settings

BUDGET, VOCAB = 3_000_000, 512
SIZES = {"dim": 32, "hidden_dim": 64, "context_len": 32, "vocab_size": VOCAB, "dropout": 0.0}
EXPERTS = [
    {"num_experts": 4, "top_k": 4},
    *({"num_experts": n, "top_k": 4} for n in (32, 128, 8, 16, 64)),
    {"num_experts": 128, "top_k": 2, "groups": 16},
]
SETTINGS = Settings(
    steps=1500,
    batch=32,
    length=32,
    learning_rate=0.02,
    weight_decay=0.0,
    balance_weight=0.0,
    measure_every=100,
    measure_tokens=80_000,
)

BUSY = replace(SETTINGS, steps=800, batch=16, warmup=20)
LOOKS = (1, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 600, 800)


def opened(path, command, settings):
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = f"{platform.machine()}, torch {torch.__version__}, 1 thread"
    return {"command": command, "machine": machine, "settings": asdict(settings), "runs": []}


def summary(config, settings, rows, text):
    """Keep of a run what the lesson shows."""
    measured = [row for row in rows if "valid_bits" in row]
    return {
        "text": text,
        "seed": settings.seed,
        **{name: getattr(config, name) for name in ("num_experts", "top_k", "groups")},
        "parameters": config.parameters,
        "operations": config.operations,
        "tokens_per_second": round(rows[-1]["tokens"] / rows[-1]["seconds"]),
        "curve": [[row["step"], round(row["valid_bits"], 4)] for row in measured],
        "perplexity": round(math.exp(rows[-1]["valid_nats"]), 3),
        "busiest": round(max(rows[-1]["load"][0]) * config.num_experts, 2),
    }


def wanted(found, names):
    return not any(names.items() <= run.items() for run in found["runs"])


def note(path, found, run):
    found["runs"].append(run)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(run, flush=True)


def experts(found, path, seeds, real):
    if real:
        documents = [novel(language) for language in NOVELS] + [shakespeare()]
        text, data, sizes = "real", prepare(documents, VOCAB)[1], EXPERTS[:3]
    else:
        text, data, sizes = "corpus", training_data(VOCAB, budget=BUDGET)[1], EXPERTS
    for seed in range(seeds):
        for one in sizes:
            config = RecurrentConfig(**SIZES, **one)
            settings = replace(SETTINGS, seed=seed)
            if wanted(found, {"text": text, "seed": seed, "groups": config.groups} | one):
                _, rows = trial(config, data, settings, looks=[settings.steps])
                note(path, found, summary(config, settings, rows, text))


def films():
    """List the runs of the time-lapse: weight of the Switch loss x start of the router."""
    for start in (0.02, 2.0):
        for weight in (0.0, 0.001, 0.01, 0.1):
            one = remedies(start)["Switch"]._replace(penalty=partial(product, balance=weight))
            yield f"film: balance {weight:g}, start {start:g}", one
    yield "film: no shared direction", remedies()["none"]._replace(prepare=None)


def busy(found, path, seeds):
    _, data, labels = training_data(VOCAB, budget=BUDGET)
    labels = {name: labels[name] for name in ("pos", "language")}
    config = RecurrentConfig(**SIZES, num_experts=8, top_k=2)
    every = [(name, one, range(seeds)) for name, one in remedies().items()]
    every += [(name, one, range(1)) for name, one in films()]
    for name, one, own_seeds in every:
        for seed in own_seeds:
            settings = replace(BUSY, seed=seed)
            if wanted(found, {"remedy": name, "seed": seed}):
                model, rows = trial(config, data, settings, one, looks=LOOKS)
                verdict = measure_balance(model, data.valid, labels, settings.length)
                note(path, found, busy_summary(name, seed, rows, verdict))


def busy_summary(name, seed, rows, verdict):
    film = [[row["step"], [round(x, 3) for x in row["load"][0]]] for row in rows if "load" in row]
    measured = [row for row in rows if "valid_bits" in row]
    numbers = {key: round(x, 4) for key, x in verdict._asdict().items() if key != "information"}
    return {
        "remedy": name,
        "seed": seed,
        **numbers,
        "information": {key: round(x, 4) for key, x in verdict.information.items()},
        "film": film,
        "curve": [[row["step"], round(row["valid_bits"], 4)] for row in measured],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=["experts", "remedies"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--real", action="store_true", help="read novels instead of the corpus")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = FOLDER / f"{arguments.name}.json"
    settings = SETTINGS if arguments.name == "experts" else BUSY
    found = opened(path, f"python tools/measure.py {arguments.name}", settings)
    if arguments.name == "experts":
        experts(found, path, arguments.seeds, arguments.real)
    else:
        busy(found, path, arguments.seeds)


if __name__ == "__main__":
    main()
