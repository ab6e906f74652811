"""Make a release of the exercises for nbgrader: a course folder with an assignment a lesson.

    python tools/student.py                  every lesson -> classroom/ (`make student`)
    python tools/student.py 02 08            these
    python tools/student.py --out FOLDER     elsewhere
    python tools/student.py --source-only    without nbgrader: source/ alone

An assignment holds a lesson's setup, prompts, stubs and checks, so that it runs in seconds; the
lesson itself stays as it is, for reading. In ``source/`` the stub is followed by the solution
between nbgrader's marks; ``release/`` is what students get. Points are the dots of the prompt.

- A check that is not passed, or not attempted, raises: nbgrader gives full points to a cell
  that ends without an error, and our checks only print "not attempted".
- Hidden tests hand the check three of the exercise's named wrong answers, which it must still
  refuse. They catch a check that was replaced; numbers written down for the check's own inputs
  they do not catch: read the answers.
- An exercise whose function has no inputs is open, and is marked by hand.

An assignment with submissions is left as it is, unless ``--overwrite`` is given.
"""

import argparse
import os
import re
import sys
import textwrap
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.exercises import LESSONS, exercises_of, title_of

OUT, WRONG_SHOWN = ROOT / "classroom", 3
CAPTION = re.compile(r"\A\*[^*].*?\*(?=\n\n)\n\n", re.S)  # of a figure that is not here
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CONFIG = '''"""nbgrader's settings for this course; `python tools/student.py` wrote them once."""

import os

os.environ.setdefault("MOE_PRESET", "quick")  # what a setup cell scales
os.environ.setdefault("MOE_STATIC", "1")
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this Python's kernel, not one of the home folder

c = get_config()  # noqa: F821  nbgrader defines it
c.CourseDirectory.course_id = "moe_lesson"
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))
c.ClearSolutions.code_stub = {"python": ""}  # the stub stands above the solution
c.ExecutePreprocessor.timeout = 120  # seconds for a cell; an endless loop ends there
'''
GRADED = '''import contextlib
import io


@contextlib.contextmanager
def graded():
    """Run a check; raise unless its last word is that the answer is correct."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        yield
    print(said.getvalue(), end="")
    last = said.getvalue().strip().split("\\n")[-1]
    assert last.startswith("correct"), last


def refuses(check, answers):
    """Raise unless a check still says of each wrong answer what it must."""
    for name, source, part in answers:
        names, said = dict(AFTER_SETUP), io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(source, names)
            try:
                exec(check, names)
            except AssertionError as error:
                print(error)
        assert part in said.getvalue(), f"this check lets a wrong answer through: {name}"


AFTER_SETUP = dict(globals())'''


def graded_cell(cell, points=None, solution=False):
    """Return a cell with nbgrader's marks.

    Args:
        points: what it earns; None: nothing.
        solution: whether the student writes into it; else it is locked.
    """
    cell.metadata["nbgrader"] = {
        "cell_type": cell.cell_type,
        "grade": points is not None,
        "grade_id": cell.id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    } | ({} if points is None else {"points": points})
    return cell


def wrong_answers(exercise):
    """Return the first named wrong answers of an exercise: (name, source, part of the message)."""
    module = import_module(f"tests.lessons.{exercise.lesson}.wrong_answers")
    return [tuple(each) for each in module.WRONG_ANSWERS[exercise.name][:WRONG_SHOWN]]


def answer_source(exercise):
    """Return the stub, and below it the solution between nbgrader's marks."""
    marked = f"### BEGIN SOLUTION\n{exercise.solution.strip()}\n### END SOLUTION"
    return f"{exercise.stub.strip()}\n{marked}"


def check_source(exercise):
    """Return the check in a form that raises, with its hidden tests."""
    hidden = f"refuses({exercise.check.strip()!r}, {wrong_answers(exercise)!r})"
    visible = "with graded():\n" + textwrap.indent(exercise.check.strip(), "    ")
    return f"{visible}\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"


def exercise_cells(exercise):
    """Return the cells of one exercise: prompt, answer, check."""
    name, points, by_hand = exercise.name, exercise.points, exercise.is_open
    said = f"\n\n*{points} {'point' if points == 1 else 'points'}"
    said += ", marked by hand.*" if by_hand else ".*"
    prompt = CAPTION.sub("", exercise.prompt.strip()) + said
    if "find the bug" in prompt and "```" not in prompt:  # it stands in the cell in front
        prompt = exercise.front + prompt
    answer = new_code_cell(answer_source(exercise), id=f"{name}-stub")
    check = exercise.check.strip() if by_hand else check_source(exercise)
    return [
        graded_cell(new_markdown_cell(prompt, id=f"{name}-prompt")),
        graded_cell(answer, points if by_hand else None, solution=True),
        graded_cell(new_code_cell(check, id=f"{name}-check"), None if by_hand else points),
    ]


def assignment(lesson):
    """Return the notebook of a lesson's exercises as the teacher has it, solutions included."""
    exercises = exercises_of(lesson)
    points = sum(exercise.points for exercise in exercises)
    title = (
        f"# Exercises of lesson {title_of(lesson)}\n\n{points} points. Read the lesson first: "
        f"`{lesson.name}` of the course. Replace the three dots; run the check below; a check "
        f"that ends without an error is passed. Then Kernel, Restart Kernel and Run All Cells, "
        f"save, and hand in."
    )
    cells = [
        graded_cell(new_markdown_cell(title, id="release-title")),
        graded_cell(new_code_cell(exercises[0].setup.strip(), id="release-setup")),
        graded_cell(new_code_cell(GRADED, id="release-graded")),
        *(cell for exercise in exercises for cell in exercise_cells(exercise)),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def write_sources(lessons, out, overwrite):
    """Write the assignments into ``source/``; return the names of those that were written."""
    out.mkdir(parents=True, exist_ok=True)
    config, written = out / "nbgrader_config.py", []
    if not config.exists():
        config.write_text(CONFIG, encoding="utf-8", newline="\n")
    for lesson in lessons:
        name = lesson.stem
        if any((out / "submitted").glob(f"*/{name}")) and not overwrite:
            print(f"{name} has submissions and stays as it is: --overwrite makes it again")
            continue
        folder = out / "source" / name
        folder.mkdir(parents=True, exist_ok=True)
        text = nbformat.writes(assignment(lesson), version=nbformat.NO_CONVERT) + "\n"
        (folder / lesson.name).write_text(text, encoding="utf-8", newline="\n")
        written.append(name)
    return written


def release(out, names):
    """Let nbgrader make ``release/`` of ``source/``; return the names that it refuses.

    nbgrader is used from here, and not by a command for each, as each would load it again.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config.loader import PyFileConfigLoader

    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    config = PyFileConfigLoader("nbgrader_config.py", path=str(out)).load_config()
    api, refused = NbGraderAPI(config=config), []
    for name in names:
        result = api.generate_assignment(name, force=True, create=True)
        if not result["success"]:
            print(result.get("log") or result.get("error"))
            refused.append(name)
    return refused


def main():
    """Write the course folder; exit 1 if nbgrader refuses an assignment, 2 if it is absent."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("numbers", nargs="*", help="of lessons: 02 08; default: all")
    parser.add_argument("--out", type=Path, default=OUT, help="the course folder")
    parser.add_argument("--overwrite", action="store_true", help="also what has submissions")
    parser.add_argument("--source-only", action="store_true", help="do not call nbgrader")
    arguments = parser.parse_args()
    if not arguments.source_only and not find_spec("nbgrader"):
        print("nbgrader is absent: `make student` installs it first", file=sys.stderr)
        return 2
    lessons = sorted(LESSONS.glob("[0-9][0-9]_*.ipynb"))
    lessons = [each for each in lessons if each.name[:2] in (arguments.numbers or each.name[:2])]
    out = arguments.out.resolve()
    written = write_sources(lessons, out, arguments.overwrite)
    refused = [] if arguments.source_only else release(out, written)
    print(f"{out}: {len(written) - len(refused)} of {len(lessons)} assignments")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
