"""tools/student.py: what is released, and what nbgrader makes of three students' work.

The second half needs the extra ``classroom``. One lesson goes the whole way (its setup is the
quickest), all of them through nbgrader's generate.
"""

import csv
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from tests.rules.source import NOTEBOOKS, ROOT
from tools.exercises import exercises_of
from tools.student import CONFIG, assignment, write_sources

LESSON = next(path for path in NOTEBOOKS if path.name.startswith("02"))
EXERCISES = exercises_of(LESSON)
needs_nbgrader = pytest.mark.skipif(
    find_spec("nbgrader") is None, reason="needs the extra classroom"
)
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def marks(cell):
    return cell.metadata.nbgrader


def by_id(notebook):
    return {cell.id: cell for cell in notebook.cells}


@each_notebook
def test_every_exercise_is_marked_once_by_its_dots(path):
    cells, exercises = by_id(assignment(path)), exercises_of(path)
    assert exercises, f"{path.name} has no exercise"
    for exercise in exercises:
        answer, check = (cells[f"{exercise.name}-{part}"] for part in ("stub", "check"))
        assert marks(answer).solution and not marks(answer).locked and marks(check).locked
        assert marks(answer).grade == exercise.is_open == (not marks(check).grade)
        marked = answer if exercise.is_open else check
        assert marks(marked).points == exercise.prompt.count("●") in (1, 2, 3)
    assert len({marks(cell).grade_id for cell in cells.values()}) == len(cells)


@each_notebook
def test_at_most_one_exercise_of_a_lesson_is_open_and_it_is_the_last(path):
    kinds = [exercise.is_open for exercise in exercises_of(path)]
    assert not any(kinds[:-1])


@each_notebook
def test_the_bug_to_find_is_shown(path):
    for exercise in exercises_of(path):
        if "find the bug" in exercise.prompt:
            prompt = by_id(assignment(path))[f"{exercise.name}-prompt"].source
            assert "```python\n" in prompt, exercise.name


def run_cells(notebook, answers):
    """Run an assignment in this process; return the ids of the cells that raise."""
    names, raised = {"__name__": "__main__"}, []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            source = answers.get(cell.id, cell.source)
            try:
                exec(source, names)
            except AssertionError:
                raised.append(cell.id)
    return raised


@each_notebook
def test_solutions_pass_with_the_hidden_tests_and_stubs_raise(path, monkeypatch):
    monkeypatch.setenv("MOE_PRESET", "quick")
    exercises = exercises_of(path)
    stubs = {f"{exercise.name}-stub": exercise.stub for exercise in exercises}
    untaken = {f"{exercise.name}-stub" for exercise in exercises if exercise.is_open}  # they train
    source = assignment(path)
    assert run_cells(source, {name: stubs[name] for name in untaken}) == []
    checks = [name.removesuffix("stub") + "check" for name in stubs if name not in untaken]
    assert run_cells(source, stubs) == checks


def test_a_check_raises_unless_it_is_passed_and_unless_it_is_the_true_one(monkeypatch):
    monkeypatch.setenv("MOE_PRESET", "quick")
    first, *rest = (exercise for exercise in EXERCISES if not exercise.is_open)
    source = assignment(LESSON)
    checks = [f"{exercise.name}-check" for exercise in (first, *rest)]
    assert run_cells(source, {}) == []
    praise = "print('correct: it is.')"
    for cheat in (praise, f"def group_shares(*inputs):\n    {praise}\n    return ..."):
        answers = {f"{first.name}-stub": f"{first.stub}\n{cheat}"}
        assert run_cells(source, answers) == checks[:1]
    replaced = "saved, checks.group_shares = checks.group_shares, lambda answer: " + praise
    answers = {f"{first.name}-stub": f"{first.stub}\n{replaced}"}
    restore = {f"{rest[0].name}-stub": f"checks.group_shares = saved\n{rest[0].solution}"}
    assert run_cells(source, answers | restore) == checks[:1]


def test_work_that_was_handed_in_is_not_graded_by_another_assignment(tmp_path):
    written = write_sources([LESSON], tmp_path, overwrite=False)
    assert written == [LESSON.stem]
    target = tmp_path / "source" / LESSON.stem / LESSON.name
    target.write_text("marked by now", encoding="utf-8")
    (tmp_path / "nbgrader_config.py").write_text(CONFIG + "# mine", encoding="utf-8")
    (tmp_path / "submitted" / "ada" / LESSON.stem).mkdir(parents=True)
    assert write_sources([LESSON], tmp_path, overwrite=False) == []
    assert target.read_text(encoding="utf-8") == "marked by now"
    assert write_sources([LESSON], tmp_path, overwrite=True) == [LESSON.stem]
    assert target.read_text(encoding="utf-8") != "marked by now"
    assert (tmp_path / "nbgrader_config.py").read_text(encoding="utf-8").endswith("# mine")


@pytest.mark.skipif(find_spec("nbgrader") is not None, reason="nbgrader is here")
def test_without_nbgrader_the_command_says_what_to_install(tmp_path):
    run = tool("--out", tmp_path, "02")
    assert run.returncode == 2 and "make student" in run.stderr


def tool(*arguments):
    command = [sys.executable, ROOT / "tools" / "student.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return the course folder, with all lessons released."""
    out = tmp_path_factory.mktemp("course")
    run = tool("--out", out)
    assert run.returncode == 0, run.stdout + run.stderr
    return out


def released(course, path):
    file = course / "release" / path.stem / path.name
    return nbformat.read(file, as_version=4), file.read_text(encoding="utf-8")


@needs_nbgrader
@each_notebook
def test_a_release_holds_the_lessons_stubs_and_none_of_what_students_must_not_see(course, path):
    notebook, text = released(course, path)
    cells = by_id(notebook)
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "<summary>Solution"):
        assert mark not in text
    for exercise in exercises_of(path):
        assert cells[f"{exercise.name}-stub"].source.strip() == exercise.stub.strip()
        assert "refuses(" not in cells[f"{exercise.name}-check"].source


def grade(course, *arguments):
    """Run one command of nbgrader in the course folder."""
    place = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=os.environ | place | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def hand_in(course, student, solved):
    """Hand in the release with the first exercises solved."""
    notebook, _ = released(course, LESSON)
    solutions = {f"{exercise.name}-stub": exercise.solution for exercise in EXERCISES[:solved]}
    for cell in notebook.cells:
        cell.source = solutions.get(cell.id, cell.source)
    folder = course / "submitted" / student / LESSON.stem
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / LESSON.name)


@needs_nbgrader
@pytest.mark.slow
def test_three_students_get_the_marks_that_they_earned(course, record_property):
    half = 2
    for student, solved in (("solved", len(EXERCISES)), ("untouched", 0), ("half", half)):
        hand_in(course, student, solved)
    grade(course, "autograde", LESSON.stem, "--create")
    grade(course, "generate_feedback", LESSON.stem)
    grade(course, "export", "--to", "grades.csv")
    with (course / "grades.csv").open(encoding="utf-8") as file:
        table = [row for row in csv.DictReader(file) if row["assignment"] == LESSON.stem]
    rows = {row["student_id"]: row for row in table}
    marked = [e.points for e in EXERCISES if not e.is_open]
    total = sum(exercise.points for exercise in EXERCISES)
    found = {student: float(row["score"]) for student, row in rows.items()}
    assert found == {"solved": sum(marked), "untouched": 0, "half": sum(marked[:half])}
    assert (sum(marked), sum(marked[:half]), total) == (7, 3, 10)
    assert {float(row["max_score"]) for row in rows.values()} == {total}
    for student in rows:
        page = course / "feedback" / student / LESSON.stem / f"{LESSON.stem}.html"
        text = page.read_text(encoding="utf-8")
        assert ("not attempted" in text) == (student != "solved")
    lines = [f"{student:10} {found[student]:g} of {total}" for student in sorted(found)]
    record_property("report", "\n".join(lines))


@needs_nbgrader
@pytest.mark.slow
def test_an_open_exercise_waits_for_a_person(course):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        waiting = {s: book.find_submission(LESSON.stem, s).needs_manual_grade
                   for s in ("solved", "untouched", "half")}  # fmt: skip
    assert waiting == {"solved": True, "untouched": False, "half": False}
