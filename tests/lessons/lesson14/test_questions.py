"""The first cells of the ten open questions run, and print something."""

import re

import nbformat
import pytest
import torch

from moe_lesson.lessons.lesson14 import live
from moe_lesson.study.trials import recorded
from tests.rules.source import ROOT

(NOTEBOOK,) = (ROOT / "notebooks").glob("14_*.ipynb")
CELLS = {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}
HEAD, *FIRST = re.findall(r"```python\n(.*?)```", CELLS["field-questions"], re.S)


@pytest.fixture(scope="module")
def names():
    found = {"live": live, "torch": torch, "recorded": recorded, "STEPS": 2}
    exec(HEAD.replace("small_text()", "small_text(20_000)"), found)
    return found


def test_there_are_ten():
    assert len(FIRST) == 10


@pytest.mark.parametrize("number", range(1, 11))
def test_a_first_cell_runs(number, names, capsys):
    exec(FIRST[number - 1], dict(names))
    assert capsys.readouterr().out.strip()
