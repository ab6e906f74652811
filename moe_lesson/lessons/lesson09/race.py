"""The race: a sparse model and its two dense rivals, and who leads at the end of each length."""

import time
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import torch

from moe_lesson.models.config import SMALL
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trials import best_rate
from moe_lesson.training.loop import train
from moe_lesson.training.settings import Settings

BUDGET = 10_000_000  # bytes of text: no run reads it twice
RATES = (0.0015, 0.003, 0.006, 0.01)
TUNED_AT, TUNED_WITH = 300, 100  # steps and seed of the runs that choose the rate
ORDER = (  # who runs how far, first things first
    (("sparse", "dense, as active"), (100, 300)),
    (("dense, as total",), (100, 300)),
    (("sparse", "dense, as active"), (1000,)),
    (("dense, as total",), (1000,)),
    (("sparse", "dense, as active"), (3000,)),
    (("dense, as total",), (3000,)),
)
CLOCKS = ("tokens", "operations", "seconds")
DENSE = {"num_experts": 1, "top_k": 1}


def rivals(base=SMALL):
    """Name a sparse model and the dense ones of its active and of its total size.

    Returns:
        name -> Config.

    >>> [one.hidden_dim for one in rivals().values()]
    [448, 896, 3584]

    Lesson 9.
    """
    active, total = (n * base.hidden_dim for n in (base.top_k, base.num_experts))
    return {
        "sparse": base,
        "dense, as active": replace(base, **DENSE, hidden_dim=active),
        "dense, as total": replace(base, **DENSE, hidden_dim=total),
    }


def schedule(steps, rate, seed):
    """Set a recorded run: 8 x 128 tokens a step, a warm-up of 100, or of a third if that is less.

    >>> schedule(100, 0.003, seed=0).warmup, schedule(1000, 0.003, seed=0).warmup
    (33, 100)

    Lesson 9.
    """
    warmup = min(100, steps // 3)
    length = {"batch": 8, "length": 128, "measure_every": steps, "measure_tokens": 40_000}
    return Settings(steps, learning_rate=rate, warmup=warmup, seed=seed, **length)


def grid(runs, seeds):
    """List the runs that are recorded; a model's rate is chosen once those before have ended.

    Args:
        runs: a list that grows meanwhile; see ``study.trials.best_rate``.

    Yields:
        What names a run, and its Settings.

    >>> next(grid([], seeds=3))[0]
    {'model': 'sparse', 'steps': 300, 'seed': 100, 'rate': 0.0015}

    Lesson 9.
    """
    for names, lengths in ORDER:
        for name, rate in product(names, RATES):
            yield _named(name, schedule(TUNED_AT, rate, TUNED_WITH))
        for steps, seed, name in product(lengths, range(seeds), names):
            rate = best_rate(runs, "bits", model=name, seed=TUNED_WITH)
            yield _named(name, schedule(steps, rate, seed))


def _named(name, settings):
    about = {"model": name, "steps": settings.steps, "seed": settings.seed}
    return about | {"rate": settings.learning_rate}, settings


def lengths(runs, names, seeds=3):
    """List the numbers of steps at which all of these models have run with every seed.

    >>> one = {"model": "sparse", "steps": 300}
    >>> lengths([one | {"seed": 0}, one | {"seed": 1}], ["sparse"], seeds=2)
    [300]

    Lesson 9.
    """
    done = {(run["model"], run["steps"], run["seed"]) for run in runs}
    steps = sorted({run["steps"] for run in runs})
    return [n for n in steps if set(product(names, [n], range(seeds))) <= done]


def ends(runs, model, steps, clock, seeds=3):
    """Read where the runs of one model end.

    Args:
        steps: lengths, as ``lengths`` lists them.
        clock: one of ``CLOCKS``; seconds are counted at the model's fastest recorded step.

    Returns:
        What each length costs, (N,), and its bits per byte, (seeds, N): arrays.

    >>> one = {"model": "a", "steps": 9, "seed": 0, "bits": 2.0, "step_seconds": 0.5}
    >>> [found.tolist() for found in ends([one], "a", [9], "seconds", seeds=1)]
    [[4.5], [[2.0]]]

    Lesson 9.
    """
    own = [run for run in runs if run["model"] == model]
    found = {(run["steps"], run["seed"]): run for run in own}
    fastest = min(run["step_seconds"] for run in own)
    cost = [n * fastest if clock == "seconds" else found[n, 0][clock] for n in steps]
    return np.array(cost), np.array([[found[n, s]["bits"] for n in steps] for s in range(seeds)])


def gaps(runs, rival, clock, seeds=3):
    """Subtract the sparse model's bits from a dense rival's, at equal cost, seed by seed.

    Between two recorded lengths the sparse model's bits are drawn as a line over the logarithm
    of the cost; beyond them nothing is guessed.

    Returns:
        (seeds, N) for the N lengths that both have run; nan where sparse has no such cost.

    >>> bits = {("sparse", 10): 3.0, ("sparse", 40): 2.0, ("d", 10): 3.5, ("d", 40): 2.5}
    >>> runs = [{"model": m, "steps": n, "tokens": n, "seed": 0, "bits": b, "step_seconds": 1}
    ...         for (m, n), b in bits.items()]
    >>> gaps(runs, "d", "tokens", seeds=1).tolist()
    [[0.5, 0.5]]

    Lesson 9.
    """
    own, other = lengths(runs, ["sparse"], seeds), lengths(runs, ["sparse", rival], seeds)
    cost_N, sparse_SN = ends(runs, "sparse", own, clock, seeds)
    paid_N, dense_SN = ends(runs, rival, other, clock, seeds)
    at = np.log(paid_N), np.log(cost_N)
    same = [np.interp(*at, row, left=np.nan, right=np.nan) for row in sparse_SN]
    return dense_SN - np.array(same)


def run(name, data, settings):
    """Train one model, and say how it ends.

    Returns:
        ``tokens``, ``operations`` (forward and backward: three times a forward pass),
        ``step_seconds`` (of the processor, in the fastest tenth of the steps), ``bits`` per byte.

    >>> from moe_lesson.text.tokenizer import Data, Text
    >>> text = Text(torch.arange(300), torch.ones(300, dtype=torch.long))
    >>> settings = replace(schedule(3, 0.003, seed=0), batch=1, length=8)
    >>> run("sparse", Data(text, text), settings)["tokens"]
    24

    Lesson 9.
    """
    config, ticks = rivals()[name], []
    torch.manual_seed(settings.seed)

    def watch(_):
        ticks.append(time.process_time())

    row = train(Mixtral(config), data, settings, progress=False, watch=watch)[-1]
    each = sorted(after - before for before, after in pairwise(ticks))[len(ticks) // 10]
    operations = 3 * config.operations_per_token(settings.length // 2) * row["tokens"]
    told = {"warmup": settings.warmup, "tokens": row["tokens"], "operations": operations}
    return told | {"step_seconds": round(each, 4), "bits": round(row["valid_bits"], 4)}
