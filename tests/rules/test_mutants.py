"""Planted mistakes are caught: a sample here, all of them in ``make mutants``."""

from collections import Counter
from pathlib import Path

import pytest

import moe_lesson
from tests.rules.mutants import MUTANTS, copy_project, try_mutant

PACKAGE = Path(moe_lesson.__file__).parent
# Each with the words that choose its test, so that the sample takes seconds.
SAMPLE = {
    "softmax not renormalised": "by_hand",
    "wrong token index": "by_hand",
    "bias moved towards the overload": "the_bias_moves",
    "window off by one": "visible",
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.file}: {mutant.name}")
def test_a_mistake_can_be_planted(mutant):
    """What it replaces stands in the source, once: a renamed line must not retire a mistake."""
    assert (PACKAGE / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.old != mutant.new


def test_no_two_mistakes_of_a_file_share_a_name():
    names = Counter((mutant.file, mutant.name) for mutant in MUTANTS)
    assert max(names.values()) == 1


@pytest.mark.parametrize("name", SAMPLE)
def test_a_planted_mistake_is_caught(name, tmp_path):
    copy_project(tmp_path)
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == name)
    caught, said = try_mutant(tmp_path, mutant, only=SAMPLE[name])
    assert caught, said
