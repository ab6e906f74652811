"""One model, one text, one measure: the harness on which lessons 3 and 4 compare routers."""

import json
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from moe_lesson import DATA, one_of
from moe_lesson.models.likelihood import evaluate, measuring
from moe_lesson.models.recurrent import Recurrent
from moe_lesson.moe.balance import cv_squared, entropy, importance, load, max_over_mean
from moe_lesson.study.information import mutual_information
from moe_lesson.training.loop import train

FOLDER = DATA / "measurements"
BATCH = 32  # windows that are measured at once
EXCHANGES = 40  # of labels between documents, to see what chance tells
RECORDED = ("experts", "memory", "remedies", "forgetting", "race", "small")
RECORDED += ("seats", "full", "leaks", "instruct", "beyond", "grains")


class BalancingMethod(NamedTuple):
    """Name a way to keep experts busy.

    >>> BalancingMethod(penalty=lambda routed: 0.0).rate
    0.0

    Lesson 4.
    """

    router: Callable | None = None  # RecurrentConfig -> router; None: the noisy one
    penalty: Callable | None = None  # RouterOutput -> scalar; None: importance and load
    rate: float = 0.0  # how far the bias moves after a step, for a BiasedRouter
    prepare: Callable | None = None  # changes the new model before training
    narrow: bool = False  # whether to train in bfloat16 on a CPU too, as CUDA always does


PAPER = BalancingMethod()


class BalanceReport(NamedTuple):
    """Hold how well a model predicts and how evenly it uses its experts.

    >>> BalanceReport._fields[:2]
    ('bits', 'importance')

    Lesson 4.
    """

    bits: float  # per byte, of the text
    importance: float  # coefficient of variation: 0 when even, sqrt(E - 1) when one has all
    load: float  # the same of the visits
    busiest: float  # visits of the busiest expert over the mean: 1 to E
    entropy: float  # of the load, in bits: log2(E) when even
    information: dict  # label -> bits that a token's first expert tells about it
    choice: float  # entropy of the first expert, in bits: the most that it can tell
    chance: dict  # label -> bits that the labels of other documents rarely pass: ``chance``


def trial(config, data, settings, remedy=PAPER, looks=(), device=None):
    """Train an LSTM - MoE - LSTM model from the settings' seed.

    Args:
        config: a RecurrentConfig.
        data: a ``text.tokenizer.Data``.
        looks: steps at which to keep the load.
        device: where to train; None: the CPU.

    Returns:
        The model; the rows of ``training.loop.train``, their loads kept at ``looks`` only.

    >>> from moe_lesson.models.recurrent import RecurrentConfig
    >>> from moe_lesson.text.tokenizer import Data, Text
    >>> from moe_lesson.training.settings import Settings
    >>> text = Text(torch.arange(300), torch.ones(300, dtype=torch.long))
    >>> settings = Settings(steps=2, batch=2, length=16, balance_weight=0)
    >>> model, rows = trial(RecurrentConfig(), Data(text, text), settings, looks=[2])
    >>> len(rows), "load" in rows[0], len(rows[1]["load"][0])
    (2, False, 32)

    Lesson 4.
    """
    torch.manual_seed(settings.seed)
    router = remedy.router(config) if remedy.router else None
    model = Recurrent(config, router, remedy.penalty)
    if remedy.prepare:
        remedy.prepare(model)
    model.to(device)

    def watch(row):
        if remedy.rate:
            model.sparse.router.balance(torch.tensor(row["load"][0]), remedy.rate)
        if row["step"] not in looks:
            del row["load"]

    # No cache: it would keep the first step's narrow weights until the end of the context.
    kind = next(model.parameters()).device.type
    with torch.autocast(kind, torch.bfloat16, enabled=remedy.narrow, cache_enabled=False):
        return model, train(model, data, settings, progress=False, watch=watch)


def measure_balance(model, text, labels, length, begins=None):
    """Measure a model on a text with labels, cut into windows, without noise.

    Args:
        labels: name -> text for each token; "" leaves a token out.
        begins: whether a document begins at each token; None: ``chance`` is left out.

    Returns:
        A BalanceReport. Tokens that no expert took (expert choice) count as one more expert in
        ``information``.

    >>> from moe_lesson.models.recurrent import RecurrentConfig
    >>> from moe_lesson.text.tokenizer import Text
    >>> text = Text(torch.arange(65), torch.ones(65, dtype=torch.long))
    >>> model = Recurrent(RecurrentConfig(num_experts=4))
    >>> found = measure_balance(model, text, {"all": ["x"] * 65}, 16)
    >>> round(found.busiest, 3), found.information
    (1.0, {'all': 0.0})

    Lesson 4.
    """
    score = evaluate(model, text, length, BATCH)
    windows = score.tokens // length
    inputs = text.id_T[: windows * length].view(windows, length)
    device = next(model.parameters()).device
    with measuring(model):
        routings = [model(part.to(device)).routings[0] for part in inputs.split(BATCH)]
    first_T = torch.cat([routing.expert_TK[:, 0] for routing in routings]).cpu().numpy()
    visits_E = torch.stack([load(r) * len(r.expert_TK) for r in routings]).sum(0)
    weight_E = torch.stack([importance(routing) for routing in routings]).sum(0)
    told, by_chance = {}, {}
    for name, label in labels.items():
        label = np.asarray(label[: len(first_T)])
        told[name] = mutual_information(first_T[label != ""], label[label != ""])
        if begins is not None:
            by_chance[name] = chance(first_T, label, begins[: len(first_T)])
    return BalanceReport(
        score.bits,
        cv_squared(weight_E).sqrt().item(),
        cv_squared(visits_E).sqrt().item(),
        max_over_mean(visits_E).item(),
        entropy(visits_E / visits_E.sum()).item(),
        told,
        mutual_information(first_T, first_T),
        by_chance,
    )


def chance(expert_T, label, begins_T):
    """Measure what an expert's number tells about the labels of other documents.

    Each document takes the labels of another one, from its start, over again where it is
    longer: what runs through a sentence or a document does so still, on both sides.

    Args:
        label: "" leaves a token out.
        begins_T: whether a document begins at each token.

    Returns:
        Bits that 95 % of the exchanges stay below: 0 only where nothing can be told.

    >>> chance(np.array([0, 1]), np.array(["a", "b"]), np.array([True, False]))
    1.0
    >>> chance(np.zeros(3), np.array(["a", "b", "b"]), np.array([True, True, False]))
    0.0

    Lesson 4.
    """
    start_N = np.unique(np.append(0, np.flatnonzero(begins_T)))
    long_N = np.diff(start_N, append=len(label))
    random, told = np.random.default_rng(0), []
    _, code_T = np.unique(label, return_inverse=True)
    for _ in range(EXCHANGES):
        other_N = random.permutation(len(start_N))
        place_T = np.arange(len(label)) - np.repeat(start_N, long_N)
        from_T = np.repeat(start_N[other_N], long_N) + place_T % np.repeat(long_N[other_N], long_N)
        known_T = np.asarray(label)[from_T] != ""
        told.append(mutual_information(expert_T[known_T], code_T[from_T][known_T]))
    return float(np.quantile(told, 0.95))


def best_rate(runs, measure, **about):
    """Choose a learning rate by the runs that were made for that.

    Args:
        runs: dicts with ``rate`` and what else names a run.
        measure: of the runs, the lower the better.
        about: what names those that are asked.

    >>> one = {"model": "sparse", "seed": 100}
    >>> runs = [one | {"rate": 0.01, "bits": 2.0}, one | {"rate": 0.006, "bits": 1.9}]
    >>> best_rate(runs, "bits", model="sparse")
    0.006

    Lesson 9.
    """
    tuned = [run for run in runs if about.items() <= run.items()]
    return min(tuned, key=lambda run: run[measure])["rate"]


def recorded(name):
    """Read a longer measurement that comes with the course.

    Each was made by ``tools/measure.py`` with the same functions; the file says with what.

    Args:
        name: one of ``RECORDED``.

    Returns:
        What the file holds: ``command``, ``machine``, ``settings``, and ``runs``, a list.

    Raises:
        ValueError: there is no such measurement.

    >>> recorded("speed")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: name is 'speed': it must be one of experts, memory, ...

    Lesson 3.
    """
    path = FOLDER / f"{one_of('name', name, RECORDED)}.json"
    return json.loads(path.read_text(encoding="utf-8"))
