"""tools/progress.py: what a copy holds is run again, in a process of its own, and told."""

import json
import subprocess
import sys

import pytest

from tests.rules.source import ROOT
from tools.copies import sync
from tools.exercises import exercises_of
from tools.progress import lesson_progress, table
from tools.verdicts import verdict

LESSON = next((ROOT / "notebooks").glob("02_*.ipynb"))
NAMES = [exercise.name for exercise in exercises_of(LESSON)]
SOLUTIONS = {exercise.name: exercise.solution for exercise in exercises_of(LESSON)}
ADDED = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}


@pytest.fixture
def copy(tmp_path):
    sync(LESSON.parent, tmp_path)
    return tmp_path / LESSON.name


def answer(copy, answers, before=()):
    """Write answers into a copy's stubs, and cells in front of everything but the setup."""
    found = json.loads(copy.read_text(encoding="utf-8"))
    for cell in found["cells"]:
        cell["source"] = answers.get(cell["id"].removesuffix("-stub"), cell["source"])
    (place,) = (i for i, c in enumerate(found["cells"]) if "setup" in c["metadata"].get("tags", []))
    added = [ADDED | {"id": f"mine-{i}", "source": source} for i, source in enumerate(before)]
    found["cells"][place + 1 : place + 1] = added
    copy.write_text(json.dumps(found), encoding="utf-8")


def test_an_untouched_copy_is_not_attempted_and_nothing_runs(copy, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    found = lesson_progress(LESSON, copy.parent, seconds=60)
    assert found == dict.fromkeys(NAMES, ("not attempted", ""))
    assert table(LESSON, found) == [f"{LESSON.stem.replace('_', ' '):42} 0 of {len(NAMES)} pass"]


@pytest.mark.slow
def test_each_answer_gets_its_own_verdict(copy):
    first, second, third, fourth, fifth = NAMES
    hangs = "def reinforce(*inputs):\n    while True:\n        pass"
    wrong = "def weighted_line(x_TD, y_T, share_T):\n    return np.linalg.lstsq(x_TD, y_T)[0]"
    mine = SOLUTIONS[third].replace("experts * expert + router", "my_sum(experts, expert, router)")
    helper = "def my_sum(a, b, c):\n    return times(a, b) + c"
    elsewhere = [f"import operator\ntimes = operator.mul\n{SOLUTIONS[first]}", helper]
    unheard = "raise SystemExit('this cell is not asked for')"
    answers = {second: wrong, third: mine, fourth: hangs, fifth: "def experiment(:"}
    answer(copy, answers, [*elsewhere, unheard])
    found = lesson_progress(LESSON, copy.parent, seconds=5)
    assert found[first] == ("passes", "")  # in a cell of its own, the stub untouched
    assert found[second][0] == "fails" and found[second][1]
    assert found[third] == ("passes", "")  # with two cells that it needs, by way of each other
    assert found[fourth] == ("fails", "no verdict after 5 s")
    assert found[fifth][0] == "fails" and "SyntaxError" in found[fifth][1]
    lines = "\n".join(table(LESSON, found))
    assert "2 of 5 pass" in lines and f"{fourth}: no verdict after 5 s" in lines


@pytest.mark.slow
def test_of_two_copies_the_better_counts_and_a_dead_process_is_told(copy):
    newer = copy.with_name(f"{copy.stem}_v2.ipynb")
    newer.write_bytes(copy.read_bytes())
    dies = "import os\n\n\ndef weighted_line(*inputs):\n    os._exit(3)"
    answer(copy, {NAMES[0]: SOLUTIONS[NAMES[0]]})
    answer(newer, {NAMES[0]: "def group_shares(*inputs):\n    return 1", NAMES[1]: dies})
    newer.with_name(f"{copy.stem}_v3.ipynb").write_text("{", encoding="utf-8")
    found = lesson_progress(LESSON, copy.parent, seconds=60)
    assert found[NAMES[0]] == ("passes", "")
    assert found[NAMES[1]] == ("fails", "Python ended with 3")
    assert found[NAMES[2]][0] == "not attempted"


@pytest.mark.parametrize(
    ("source", "check", "kind"),
    [
        ("", "print('correct: it is.')", "passes"),
        ("", "print('a difference'); print('correct: it is.')", "passes"),
        ("print('correct: I say so')", "print('not attempted')", "not attempted"),
        ("print('correct: I say so')", "print('no')", "fails"),
        ("", "", "fails"),
        ("print('correct')", "raise AssertionError('so not')", "fails"),
        ("exit()", "print('correct: it is.')", "fails"),
        ("f(", "print('correct: it is.')", "fails"),
        ("x = y", "print('correct: it is.')", "fails"),
    ],
)
def test_a_verdict_is_the_checks_last_word(source, check, kind):
    assert verdict(source, check, [], {})[0] == kind


def test_a_missing_name_is_looked_for_in_front_alone_and_once():
    cells = [(["a"], "a = 1"), (["a"], "a = b"), (["c"], "c = a")]
    namespace = {}
    said = verdict("d = c", "print('correct: it is.')", cells, namespace)
    assert said == ("fails", "NameError: name 'b' is not defined")
    assert verdict("d = c", "print('correct: it is.')", cells[::2], {}) == ("passes", "")


def test_a_name_missed_inside_a_check_that_wraps_errors_is_found():
    check = "try:\n    f()\nexcept NameError as e:\n    raise AssertionError('stops') from e\n"
    check += "print('correct: it is.')"
    assert verdict("def f(): return g", check, [(["g"], "g = 1")], {}) == ("passes", "")


def test_the_command_says_what_to_do_where_there_are_no_copies(tmp_path):
    command = [sys.executable, ROOT / "tools" / "progress.py", "--work", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "make lab" in run.stdout
