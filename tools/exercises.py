"""The exercises as they stand in the notebooks: what a check, a release or a table needs of them.

An exercise is four cells in a row: prompt, ``NAME-stub``, ``NAME-check``, ``NAME-hints``; the
head of ``tests/rules/test_exercises.py`` has the form.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parents[1]
LESSONS = ROOT / "notebooks"
FENCE = re.compile(r"<summary>Solution</summary>.*?```python\n(.*?)```", re.S)
MAGIC = re.compile(r"^[%!].*$", re.M)
DOTS = re.compile(r"●+(?=○|\s)")
CORRECT = re.compile(r"^correct\b", re.I)


class Exercise(NamedTuple):
    """One exercise: its cells as source, without magics."""

    name: str
    lesson: str  # the room of its notebook: lesson00
    prompt: str  # the whole markdown cell in front of the stub
    setup: str
    stub: str
    check: str
    solution: str
    front: str  # the code cell in front of the prompt and what it prints, as markdown

    @property
    def points(self):
        """Return the difficulty, 1 to 3: the dots of the prompt."""
        return len(DOTS.search(self.prompt)[0])

    @property
    def is_open(self):
        """Tell whether a person must mark it: without an input no output is the right one."""
        functions = (n for n in ast.parse(self.stub).body if isinstance(n, ast.FunctionDef))
        return not any(function.args.args for function in functions)


def setup_of(cells):
    """Return the source of a notebook's setup cell, without magics."""
    found = (cell.source for cell in cells if "setup" in cell.metadata.get("tags", []))
    return MAGIC.sub("", "\n".join(found))


def as_markdown(cell):
    """Return a code cell and what it prints as two fenced blocks; "" for another cell."""
    if cell.cell_type != "code":
        return ""
    printed = "".join(output.get("text", "") for output in cell.outputs).strip()
    code = f"```python\n{cell.source.strip()}\n```\n\n"
    return code + f"It prints:\n\n```text\n{printed}\n```\n\n" * bool(printed)


def exercises_of(path):
    """Return the exercises of a notebook, in its order."""
    cells, found = nbformat.read(path, as_version=4).cells, []
    by_id, setup = {cell.id: cell for cell in cells}, setup_of(cells)
    for front, prompt, cell in zip(cells, cells[1:], cells[2:]):
        if cell.id.endswith("-stub"):
            name = cell.id.removesuffix("-stub")
            solution = FENCE.search(by_id[f"{name}-hints"].source)[1]
            code = cell.source, by_id[f"{name}-check"].source, solution
            code = (MAGIC.sub("", each) for each in code)
            room = f"lesson{Path(path).name[:2]}"
            found.append(Exercise(name, room, prompt.source, setup, *code, as_markdown(front)))
    return found


def title_of(path):
    """Return a lesson's number and title as its file's name has them: 02 gates and ..."""
    return Path(path).stem.replace("_", " ")


def bound(tree):
    """Return the names that the top level of a syntax tree binds.

    >>> sorted(bound(ast.parse("import a.b as c; x = [y for y in z]\\ndef f(t): u = 1")))
    ['c', 'f', 'x']
    """
    found, todo = set(), list(ast.iter_child_nodes(tree))
    inner = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif not isinstance(node, inner):
            todo.extend(ast.iter_child_nodes(node))
    return found
