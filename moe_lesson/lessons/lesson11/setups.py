"""FLAN-MoE's three set-ups in small: ways from a model that continues to a new kind of task."""

from copy import deepcopy
from dataclasses import replace
from itertools import islice

from moe_lesson.checkpoints.shipped import shipped
from moe_lesson.corpus.heldout import held_out
from moe_lesson.corpus.labels import label_tokens
from moe_lesson.corpus.stories.chance import Chance
from moe_lesson.corpus.tasks.build import HELD_OUT, TRAINED, held_out_tasks
from moe_lesson.corpus.tasks.choices import WITH_CHOICES, choices
from moe_lesson.corpus.tasks.judge import is_right
from moe_lesson.inference.generate import answers
from moe_lesson.models.likelihood import bits_by, token_nats
from moe_lesson.study import trials
from moe_lesson.training.finetune import (
    freeze_routers,
    measured_logps,
    pack,
    sft_losses,
    tune,
)
from moe_lesson.training.instruct import dialogue, instructions
from moe_lesson.training.settings import Settings

START = {"sparse": "small", "dense": "dense"}  # of equal active size, both trained alike
RATES = (0.0005, 0.001, 0.002, 0.004)
CHOSEN_WITH = 100  # the seed of the runs that choose a rate
INSTRUCTION = Settings(steps=800, batch=4, length=256, warmup=50, weight_decay=0.0)
TASK = replace(INSTRUCTION, steps=200, warmup=20)
TUNING = ((0.01, "free"), (0.0, "free"), (0.01, "frozen"))  # balance loss, routers
ASKED = 160  # held-out tasks, 8 a family and language
STAGES = {"alone": (TASK, HELD_OUT), "instructed": (INSTRUCTION, TRAINED)}  # the first of each


def asked(families=HELD_OUT):
    """Write the held-out tasks that every set-up is asked.

    >>> len(asked())
    160

    Lesson 11.
    """
    return held_out_tasks(ASKED, names=families)


def surprise(model, words, asked_tasks):
    """Measure how surprised a model is by right answers.

    Returns:
        Nats per answer token, the mean over all tokens: 0 when sure of each.

    >>> model, words, *_ = shipped("small")
    >>> surprise(model, words, asked()[:2]) > 1
    True

    Lesson 11.
    """
    rows = [dialogue(words, task) for task in asked_tasks]
    packed = pack(rows, INSTRUCTION.length, together=False)
    return -measured_logps(model, packed).sum().item() / packed.answer_BS.sum().item()


def chosen(model, words, asked_tasks):
    """Offer each task's answer among wrong ones, and see whether it is the likeliest.

    Returns:
        Share of the tasks with choices; a fourth by chance.

    >>> model, words, *_ = shipped("small")
    >>> chosen(model, words, asked()[:1]) in (0, 1)
    True

    Lesson 11.
    """
    some = [task for task in asked_tasks if task.name in WITH_CHOICES]
    offered = [choices(task, Chance(n)) for n, task in enumerate(some)]
    said = [dialogue(words, t, text) for t, texts in zip(some, offered) for text in texts]
    logps = iter(measured_logps(model, pack(said, INSTRUCTION.length, together=False)).tolist())
    best = [list(islice(logps, len(texts))) for texts in offered]
    return sum(one[0] == max(one) for one in best) / len(best)


def measured(model, words):
    """Measure a tuned model on new tasks, and on pages such as it knew before.

    Returns:
        dict: ``right``, the share of held-out tasks of new families answered rightly; ``nats``
        per answer token; ``chosen``, see there; ``bits`` per byte of pages by language.

    >>> model, words, *_ = shipped("small")
    >>> sorted(measured(model, words))  # doctest: +SKIP
    ['bits', 'chosen', 'nats', 'right']

    Lesson 11.
    """
    new = asked()
    said = answers(model, words, [task.messages for task in new], tokens=40)
    text, labels = label_tokens(words, held_out()[::3])
    by = bits_by(labels["language"], token_nats(model, text), text.bytes_T)
    return {
        "right": sum(is_right(task, one) for task, one in zip(new, said)) / len(new),
        "nats": round(surprise(model, words, new), 4),
        "chosen": round(chosen(model, words, new), 4),
        "bits": {name: round(value, 4) for name, value in sorted(by.items())},
    }


def tuned(model, words, settings, families, router="free"):
    """Tune a copy of a model on tasks of some families.

    >>> model, words, *_ = shipped("small")
    >>> few = replace(TASK, steps=1, batch=1)
    >>> tuned(model, words, few, HELD_OUT) is model
    False

    Lesson 11.
    """
    model = deepcopy(model)
    freeze_routers(model, router == "frozen")
    # Rows are drawn anew for every step: one may come again.
    count = 4 * settings.steps * settings.batch  # about four tasks a row
    packed = instructions(words, count, settings.seed, settings.length, names=families)
    tune(model, sft_losses(model, packed, settings), settings, progress=False)
    return model


def tried(name, setup, rate):
    """Tune with one rate from the seed that is used for nothing else, for half of the steps.

    Returns:
        What names the run, and ``nats`` per answer token of held-out tasks of the families
        that it was tuned on.

    >>> tried("sparse", "both", 0.001)  # its stages are tried one by one
    Traceback (most recent call last):
    KeyError: 'both'

    Lesson 11.
    """
    model, words, *_ = shipped(START[name])
    stage, families = STAGES[setup]
    settings = replace(stage, steps=stage.steps // 2, learning_rate=rate, seed=CHOSEN_WITH)
    model = tuned(model, words, settings, families)
    about = {"model": name, "setup": setup, "seed": CHOSEN_WITH, "rate": rate}
    return about | {"nats": round(surprise(model, words, asked(families)), 4)}


def best_rate(runs, name, setup):
    """Choose a model's rate by the runs that were made for that.

    >>> one = {"model": "dense", "setup": "alone", "seed": CHOSEN_WITH}
    >>> found = [one | {"rate": 0.001, "nats": 2.0}, one | {"rate": 0.002, "nats": 1.5}]
    >>> best_rate(found, "dense", "alone")
    0.002

    Lesson 11.
    """
    return trials.best_rate(runs, "nats", model=name, setup=setup, seed=CHOSEN_WITH)


def set_ups(name, tuning, seed, runs):
    """Take a model through the set-ups, with rates that were chosen before.

    Args:
        tuning: one of ``TUNING``; what it says concerns the sparse model alone.
        runs: as ``best_rate`` takes them.

    Yields:
        What names a run, with what was measured. ``alone`` comes with the first tuning only.

    >>> next(set_ups("sparse", TUNING[0], 0, []))  # no rate was chosen  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: min() ...

    Lesson 11.
    """
    model, words, *_ = shipped(START[name])
    balance, router = tuning
    about = {"model": name, "balance": balance, "router": router, "seed": seed}
    rates = {setup: best_rate(runs, name, setup) for setup in STAGES}
    stages = {
        setup: replace(stage, learning_rate=rates[setup], balance_weight=balance, seed=seed)
        for setup, (stage, _) in STAGES.items()
    }
    if tuning == TUNING[0]:
        alone = tuned(model, words, stages["alone"], HELD_OUT, router)
        yield about | {"setup": "alone"} | measured(alone, words)
    model = tuned(model, words, stages["instructed"], TRAINED, router)
    yield about | {"setup": "instructed"} | measured(model, words)
    model = tuned(model, words, stages["alone"], HELD_OUT, router)
    yield about | {"setup": "both"} | measured(model, words)
