"""Every exercise: its stub asks to be attempted, its solution passes, wrong answers fail.

An exercise is four cells in a row. NAME is the exercise's own, in words and hyphens.

1. markdown: what to do, difficulty, minutes
2. code, id ``NAME-stub``, tag ``exercise``: a definition whose body is ``...``
3. code, id ``NAME-check``, tag ``check``: calls a check of the lesson's room, which
   prints "not attempted" or "correct", or explains what is wrong (printed, or as the message
   of an AssertionError)
4. markdown, id ``NAME-hints``, tag ``solution``: three ``<details>`` named Hint, Help and
   Solution; the solution is a fenced block that starts with three backticks and "python"

Stub, solution and wrong answers run after the notebook's setup cell and nothing else, at the
quick preset. Wrong answers stand in ``tests/lessons/lessonNN/wrong_answers.py``, NN being the
number of the exercise's notebook.

A function or class of the solution that the package has too, by name, must be the package's
own code (docstrings and decorators aside). Where two modules share the name, or it is a
method, a line of the solution says which is meant: ``# moe_lesson.moe.routing.top_k``.
"""

import ast
import contextlib
import copy
import functools
import io
import re
from importlib import import_module

import pytest

from tests.rules.source import (
    FUNCTIONS,
    MODULES,
    NOTEBOOKS,
    ROOT,
    dotted,
    tree,
    without_docstring,
)
from tools.exercises import exercises_of

MEANT = re.compile(r"^\s*# (moe_lesson(?:\.\w+)+)\s*$", re.M)
CORRECT = re.compile(r"\bcorrect\b", re.I)


def exercises():
    """Return name -> Exercise for every exercise of every notebook."""
    found = {}
    for exercise in (each for path in NOTEBOOKS for each in exercises_of(path)):
        assert exercise.name not in found, f"two exercises are called {exercise.name}"
        found[exercise.name] = exercise
    return found


EXERCISES = exercises()
WRONG_ANSWERS = {
    lesson: import_module(f"tests.lessons.{lesson}.wrong_answers").WRONG_ANSWERS
    for path in sorted((ROOT / "tests" / "lessons").glob("lesson*/wrong_answers.py"))
    for lesson in [path.parent.name]
}
each_exercise = pytest.mark.parametrize("name", EXERCISES)


def verdict(exercise, answer):
    """Return what the check says of an answer, printed or raised."""
    namespace, said = _after_setup(exercise.setup).copy(), io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(answer, namespace)
        try:
            exec(exercise.check, namespace)
        except AssertionError as error:
            print(error)
    return said.getvalue()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Run what a setup cell scales at the quick preset."""
    monkeypatch.setenv("MOE_PRESET", "quick")


@functools.cache
def _after_setup(setup):
    """Return the names that a setup cell leaves behind."""
    namespace = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(setup, namespace)
    return namespace


@each_exercise
def test_the_stub_asks_to_be_attempted(name):
    exercise = EXERCISES[name]
    assert "not attempted" in verdict(exercise, exercise.stub)


@each_exercise
def test_the_solution_is_correct(name):
    exercise = EXERCISES[name]
    assert CORRECT.search(verdict(exercise, exercise.solution))


@each_exercise
def test_each_wrong_answer_has_its_own_message(name):
    lesson, said = EXERCISES[name].lesson, {}
    answers = WRONG_ANSWERS.get(lesson, {}).get(name)
    assert answers, f"add wrong answers to {name} in tests/lessons/{lesson}/wrong_answers.py"
    for label, source, part in answers:
        said[label] = verdict(EXERCISES[name], source)
        assert part in said[label], f"{label}: {said[label]!r} lacks {part!r}"
        assert not CORRECT.search(said[label]) and "not attempted" not in said[label]
    assert len(set(said.values())) == len(said), "two wrong answers get one message"


@pytest.mark.parametrize("lesson", WRONG_ANSWERS)
def test_wrong_answers_belong_to_an_exercise(lesson):
    own = {name for name, exercise in EXERCISES.items() if exercise.lesson == lesson}
    strays = set(WRONG_ANSWERS[lesson]) - own
    assert not strays, f"tests/lessons/{lesson}/wrong_answers.py: no exercise of it is {strays}"


def definitions(node, prefix):
    """Yield (dotted name, node) for each function, class and method below a node."""
    for child in node.body:
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            yield f"{prefix}.{child.name}", child
            if isinstance(child, ast.ClassDef):
                yield from definitions(child, f"{prefix}.{child.name}")


# A check has the name of what it checks, and is not what it checks.
PACKAGE_DEFINITIONS = {
    name: node
    for path in MODULES
    if "checks" not in path.stem
    for name, node in definitions(tree(path), dotted(path))
}


def meant(definition, named):
    """Return the package's name for a definition of a solution, None if it has none."""
    same = [name for name in PACKAGE_DEFINITIONS if name.rsplit(".", 1)[1] == definition.name]
    chosen = [name for name in same if name in named]
    top_level = [name for name in same if name.rsplit(".", 1)[0] in map(dotted, MODULES)]
    assert chosen or len(top_level) < 2, f"say which is meant: {', '.join(top_level)}"
    return (chosen or top_level or [None])[0]


def bare(node):
    """Return the syntax of a definition and of what is in it, without docstrings and decorators."""
    node = copy.deepcopy(node)
    for inner in ast.walk(node):
        if isinstance(inner, (*FUNCTIONS, ast.ClassDef)):
            inner.body, inner.decorator_list = without_docstring(inner), []
    return ast.dump(node)


@each_exercise
def test_the_solution_is_the_code_of_the_package(name):
    solution = EXERCISES[name].solution
    named = MEANT.findall(solution)
    assert set(named) <= set(PACKAGE_DEFINITIONS), f"{named} is not in the package"
    for definition in ast.parse(solution).body:
        if isinstance(definition, (*FUNCTIONS, ast.ClassDef)):
            target = meant(definition, named)
            same = target is None or bare(definition) == bare(PACKAGE_DEFINITIONS[target])
            assert same, f"{definition.name} differs from {target}"
