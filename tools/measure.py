"""Measure for hours what the lessons measure for minutes: ``python tools/measure.py experts``.

Writes ``data/measurements/<name>.json``, run by run; a command that was stopped goes on with
the runs that are missing. ``experts``: lesson 3, perplexity against the number of experts,
on the course's corpus and, with ``--real``, on five novels and Shakespeare (downloaded once).
``remedies`` and ``forgetting``: lesson 4, every way to keep experts busy, in a language model and
in a memory.
``memory``: lesson 3, bits that one layer stores, by experts, k and facts.
``seats``, ``full``, ``leaks``: lesson 5, experts with seats in a Transformer and in a memory, and
what a decoder reads of the future.
``instruct``: lesson 11, three ways to a new kind of task.
``race``: lesson 9, sparse against dense at 100 to 3,000 steps, each with its own schedule.
``beyond``, ``grains``: lesson 14, what Mixtral's successors change, each trained alike, and
experts cut finer in a layer that must remember.
"""

import argparse
import json
import math
import platform
import sys
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from moe_lesson.checkpoints.files import replacing
from moe_lesson.corpus.store import training_data
from moe_lesson.lessons.lesson03 import storage
from moe_lesson.lessons.lesson04 import longer
from moe_lesson.lessons.lesson05 import longer as seating
from moe_lesson.lessons.lesson09 import race as races
from moe_lesson.lessons.lesson11 import setups
from moe_lesson.lessons.lesson14 import grains as cuts
from moe_lesson.lessons.lesson14 import longer as successors
from moe_lesson.models.recurrent import RecurrentConfig
from moe_lesson.study.trials import FOLDER, trial
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

BUSY = longer.LANGUAGE


def threads():
    count = torch.get_num_threads()
    return f"{count} thread{'s' * (count > 1)}"


def opened(path, command, settings):
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = f"{platform.machine()}, torch {torch.__version__}, {threads()}"
    return {"command": command, "machine": machine, "settings": settings, "runs": []}


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


def experts(found, path, seeds, real=False):
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


def remedies(found, path, seeds):
    _, data, labels = training_data(VOCAB, budget=BUDGET)
    for seed in range(seeds):
        for name in longer.speakers():
            if wanted(found, {"remedy": name, "seed": seed}):
                note(path, found, longer.speak(name, data, labels, replace(BUSY, seed=seed)))


def forgetting(found, path, seeds):
    for seed in range(seeds):
        for name, one in longer.memories().items():
            if wanted(found, {"name": name, "seed": seed}):
                about = {"name": name, "seed": seed}
                note(path, found, about | longer.about(one) | longer.remember(one, seed))


def memory(found, path, seeds):
    for size, count, seed in storage.grid(seeds):
        names = {"num_experts": size.num_experts, "top_k": size.top_k, "facts": count, "seed": seed}
        if wanted(found, names | {"hidden_dim": size.hidden_dim}):
            one = storage.stored(size, count, seed)
            run = one._asdict() | {"share": round(one.share, 4), "bits": round(one.bits, 1)}
            note(path, found, run)


def race(found, path, seeds):
    data = training_data(races.SMALL.vocab_size, budget=races.BUDGET)[1]
    for about, settings in races.grid(found["runs"], seeds):
        if wanted(found, about):
            note(path, found, about | races.run(about["model"], data, settings))


def seats(found, path, seeds):
    data = training_data(seating.VOCAB - 1, budget=seating.BUDGET)[1]
    measured(found, path, seeds, seating.speakers(), partial(seating.speak, data))


def full(found, path, seeds):
    measured(found, path, seeds, dict.fromkeys(seating.FACTORS), seating.remember)


def leaks(found, path, seeds):
    measured(found, path, seeds, seating.gamblers(), seating.gamble)


def instruct(found, path, seeds):
    for name, setup in product(setups.START, setups.STAGES):
        for rate in setups.RATES:
            about = {"model": name, "setup": setup, "seed": setups.CHOSEN_WITH, "rate": rate}
            if wanted(found, about):
                note(path, found, setups.tried(name, setup, rate))
    for tuning, seed, name in product(setups.TUNING, range(seeds), setups.START):
        if name == "dense" and tuning != setups.TUNING[0]:
            continue
        about = dict(zip(("model", "balance", "router", "seed"), (name, *tuning, seed)))
        if wanted(found, about | {"setup": "both"}):
            for run in setups.set_ups(name, tuning, seed, found["runs"]):
                if wanted(found, about | {"setup": run["setup"]}):
                    note(path, found, run)


def beyond(found, path, seeds):
    _, data, labels = training_data(successors.VOCAB, budget=successors.BUDGET)
    for about, settings in successors.grid(found["runs"], seeds):
        if wanted(found, about):
            note(path, found, about | successors.run(about["name"], data, labels, settings))


def grains(found, path, seeds):
    for seed, task, times in product(range(seeds), cuts.TASKS, (0, *cuts.TIMES)):
        if wanted(found, {"task": task, "times": times, "seed": seed}):
            note(path, found, cuts.grain(task, times, seed))


def measured(found, path, seeds, named, measure):
    """Measure what has a name, seed by seed; a name's value may be a config."""
    for seed in range(seeds):
        for name in named:
            if wanted(found, {"name": name, "seed": seed}):
                note(path, found, {"name": name, "seed": seed} | measure(name, seed))


MEASUREMENTS = {  # name -> what its file says of every run, and who measures
    "experts": (SETTINGS, experts),
    "memory": (storage.Practice(), memory),
    "remedies": (BUSY, remedies),
    "forgetting": (replace(longer.Lesson(None), size=None), forgetting),
    "seats": (seating.LANGUAGE, seats),
    "full": (seating.Learning(), full),
    "leaks": (seating.GAMBLING, leaks),
    "instruct": (setups.INSTRUCTION, instruct),
    "race": (races.schedule(3000, 0.003, 0), race),
    "beyond": (successors.SETTINGS, beyond),
    "grains": (cuts.PRACTICE, grains),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=list(MEASUREMENTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--real", action="store_true", help="read novels instead of the corpus")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = FOLDER / f"{arguments.name}.json"
    settings, measure = MEASUREMENTS[arguments.name]
    found = opened(path, f"python tools/measure.py {arguments.name}", asdict(settings))
    if arguments.real:
        if arguments.name != "experts":
            parser.error("--real is for experts: nothing else reads novels")
        measure = partial(measure, real=True)
    measure(found, path, arguments.seeds)


if __name__ == "__main__":
    main()
