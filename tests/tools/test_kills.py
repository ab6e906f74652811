"""tools/kills.py: it kills, and it would see a lost step or a changed loss."""

import subprocess
import sys

import pytest

from tests.rules.source import ROOT

TOOL = ROOT / "tools" / "kills.py"
QUICK = ["6", "--steps", "60"]
# The same tool, with a fault planted in what a process that goes on does.
FAULTY = f"""
import runpy, sys
from moe_lesson.training import resume
load = resume.load_state
def forgetful(*args):
    numbers = load(*args)
    FAULT
    return numbers
resume.load_state = forgetful
sys.argv = ["kills.py", *{QUICK}]
runpy.run_path({str(TOOL)!r}, run_name="__main__")
"""


def kills(*command):
    run = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    return run.returncode, run.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.unwatched
def test_a_few_kills_lose_nothing():
    code, table = kills(TOOL, *QUICK)
    assert code == 0
    name, count, *_, lost, changed = table[-1].split("(")[0].split()
    assert (name, count, lost, changed) == ("all", "6", "0", "0")


@pytest.mark.slow
@pytest.mark.unwatched
@pytest.mark.parametrize(
    "fault", ["numbers['rows'] = numbers['rows'][:-1]", "args[2].state.clear()"]
)
def test_a_fault_of_resuming_is_seen(fault):
    code, table = kills("-c", FAULTY.replace("FAULT", fault))
    assert code == 1 and table[0].startswith("run  kills")  # it had begun to kill
