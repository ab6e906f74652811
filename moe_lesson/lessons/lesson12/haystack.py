"""A key in a haystack: does a model find a word again that stood far back?"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from moe_lesson.corpus import heldout
from moe_lesson.lessons.lesson12.benchmarks import TOGETHER
from moe_lesson.models.likelihood import measuring
from moe_lesson.text.tokenizer import END, START, text_ids

KEYS = "sail violin key letter lamp hat".split()  # a token each in the shipped tokenizer
NEEDLE, ASKED = "The swimmer found the {}.", " The swimmer asked, “Where is the"


class Found(NamedTuple):
    """Hold what a model made of keys at one length and depth.

    >>> float(Found(np.ones(2), np.zeros(2)).hit_N.mean())
    1.0

    Lesson 12.
    """

    hit_N: np.ndarray  # whether the right key was likeliest
    lift_N: np.ndarray  # nats that a key gains where it stood, beside texts with another key


def hay(pages=120):
    """Gather sentences of held-out English stories that hold no key.

    >>> any(" key" in line for line in hay(20))
    False

    Lesson 12.
    """
    lines = []
    for page in heldout.held_out(pages):
        if (page.about["language"], page.about["register"]) == ("en", "story"):
            lines += [f"{line.strip(' .')}." for line in page.text.replace("\n", " ").split(". ")]
    spoken = set("“”?!")
    return [s for s in lines if not spoken & set(s) and not any(k in s for k in KEYS)]


def haystack(words, lines, length, depth, draw):
    """Write one text for each key, the same but for the key.

    Args:
        words: a tokenizer.
        lines: sentences to choose from, as ``hay`` gives them.
        length: tokens in all, about.
        depth: where the key stands, from 0 (at the beginning) to 1 (at the end).
        draw: a NumPy generator.

    >>> from moe_lesson.lessons.lesson12.benchmarks import examinee
    >>> texts = haystack(examinee("dense").words, ["It rained."], 64, 0.0, np.random.default_rng(0))
    >>> len(texts), texts[0][:27]
    (6, 'The swimmer found the sail.')

    Lesson 12.
    """
    room = length - len(text_ids(words, NEEDLE.format(KEYS[0]) + ASKED)) - 1
    chosen, used = [], 0
    while True:
        line = str(draw.choice(lines))
        used += len(text_ids(words, f" {line}"))
        if used > room:
            break
        chosen.append(line)
    at = round(depth * len(chosen))
    needles = (NEEDLE.format(key) for key in KEYS)
    return [" ".join([*chosen[:at], needle, *chosen[at:]]) + ASKED for needle in needles]


def searched(one, length, depth, lines, texts=4):
    """Ask a model for each key, in several texts of one length and depth.

    The texts are read as they are, without a template.

    Args:
        one: an Examinee; it reads beyond its ``context_len``.

    Returns:
        A Found. Each key is right once in each text: who does not look back hits one in six
        and lifts nothing.

    >>> from moe_lesson.lessons.lesson12.benchmarks import examinee
    >>> len(searched(examinee("dense"), 64, 0.5, ["It rained."], texts=1).hit_N)
    6

    Lesson 12.
    """
    draw = np.random.default_rng(length)
    written = [haystack(one.words, lines, length, depth, draw) for _ in range(texts)]
    rows = [[START, *text_ids(one.words, text)] for each in written for text in each]
    keys = [text_ids(one.words, f" {key}")[0] for key in KEYS]
    told = _last(one.model, rows)[:, keys].reshape(texts, len(KEYS), len(KEYS))
    own, most = np.eye(len(KEYS), dtype=bool), told.argmax(-1)
    others = np.where(own, np.nan, told)
    lift = told[:, own] - np.nanmean(others, axis=1)
    return Found((most == np.arange(len(KEYS))).astype(float).ravel(), lift.ravel())


def _last(model, rows):
    """Return log p of every token behind each row."""
    config, found = model.config, []
    model.config = replace(config, context_len=max(map(len, rows)) + 1)
    try:
        with measuring(model):
            for first in range(0, len(rows), TOGETHER):
                part = rows[first : first + TOGETHER]
                longest = max(map(len, part))
                ids = torch.tensor([row + [END] * (longest - len(row)) for row in part])
                logits = model(ids.to(next(model.parameters()).device)).logits_BSV
                ends = torch.tensor([len(row) - 1 for row in part])
                last = logits[torch.arange(len(part)), ends].float().log_softmax(-1)
                found.append(last.double().cpu().numpy())
    finally:
        model.config = config
    return np.concatenate(found)
