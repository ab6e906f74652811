"""What lesson 12 needs of the shipped models."""

from dataclasses import replace

import numpy as np
import pytest

from moe_lesson.lessons.lesson12.benchmarks import examinee
from moe_lesson.lessons.lesson12.bias import answered, portraits
from moe_lesson.lessons.lesson12.haystack import KEYS
from moe_lesson.lessons.lesson12.planted import TUNING, items, plant, planted
from moe_lesson.text.tokenizer import text_ids


@pytest.mark.parametrize("name, is_tuned", [("small", False), ("dense", False), ("instruct", True)])
def test_who_is_asked_in_the_template(name, is_tuned):
    one = examinee(name)
    assert one.is_tuned == is_tuned
    assert all(len(text_ids(one.words, f" {key}")) == 1 for key in KEYS)


@pytest.mark.slow
def test_tuning_plants_and_instruments_find_it():
    one = plant("dense", 0, replace(TUNING, steps=80))
    plan = planted(0)
    found = answered(one, items(0, each=16)).reshape(3, 16, 3)
    share = found[..., 0].sum(1) / found[..., :2].sum((1, 2))
    order = np.argsort(plan.leaning)
    assert share[order[2]] > share[order[0]] + 0.1
    mood = portraits(one, ("cook", "carpenter"), each=30)
    assert set(mood["cook"]) <= {-1.0, 0.0, 1.0}
