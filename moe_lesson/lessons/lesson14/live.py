"""What a lesson has time for: a small text, a short race, and layers beside a clock."""

import time
from statistics import median

import torch

from moe_lesson.corpus.store import default_text
from moe_lesson.lessons.lesson14.variants import build
from moe_lesson.text.tokenizer import prepare
from moe_lesson.training.loop import train
from moe_lesson.training.settings import Settings

VOCAB = 320


def small_text(size=200_000):
    """Write a small text of the course's corpus, cut into 320 kinds of tokens.

    Returns:
        A ``text.tokenizer.Data``.

    >>> len(small_text(20_000).train.id_T) > 1000
    True

    Lesson 14.
    """
    return prepare(default_text(size), VOCAB)[1]


def settings_for(steps, seed):
    """Set a short run: 8 x 64 tokens a step, a third of the steps to warm up.

    >>> settings_for(60, seed=1).warmup
    20

    Lesson 14.
    """
    plan = {"measure_every": steps, "measure_tokens": 8_000, "balance_weight": 0.0}
    return Settings(steps, 8, 64, 0.006, warmup=max(1, steps // 3), seed=seed, **plan)


def bits_of(variant, seed, steps, data):
    """Train a variant for a few steps.

    Returns:
        Bits per byte of the held-out text.

    >>> from moe_lesson.lessons.lesson14.variants import fine
    >>> 0 < bits_of(fine(1), 0, 1, small_text(20_000)) < 20
    True

    Lesson 14.
    """
    torch.manual_seed(seed)
    model, watch = build(variant)
    rows = train(model, data, settings_for(steps, seed), progress=False, watch=watch)
    return rows[-1]["valid_bits"]


def step_seconds(layers, x_TD, rounds):
    """Time a forward and a backward pass of several layers, in turns.

    Args:
        layers: name -> a sparse layer.
        rounds: how often each is timed; the first of all is not counted.

    Returns:
        name -> median seconds of the processor.

    >>> from moe_lesson.lessons.lesson14.variants import fine, layer
    >>> list(step_seconds({"8": layer(fine(1))}, torch.randn(4, 64), rounds=1))
    ['8']

    Lesson 14.
    """
    found = {name: [] for name in layers}
    for _ in range(rounds + 1):
        for name, layer in layers.items():
            began = time.process_time()
            layer(x_TD)[0].sum().backward()
            found[name].append(time.process_time() - began)
    return {name: median(each[1:]) for name, each in found.items()}
