"""The package stays small, and its imports only ever point down."""

import ast
import subprocess
import sys

import pytest

from .source import FUNCTIONS, MODULES, PACKAGE, dotted, imports, tree, without_docstring

# A subpackage imports only from those with a smaller number, and from itself.
# Training measures as it goes, so it stands on inference.
FLOOR = {"text": 0, "moe": 0, "models": 1, "inference": 2, "training": 3, "study": 4}
# Inside moe/ the same holds from module to module.
MOE_FLOORS = ["routing experts", "dispatch balance fused", "layer routers", "kernels parallel"]
MOE_FLOOR = {name: level for level, names in enumerate(MOE_FLOORS) for name in names.split()}
LEAVES = {"moe_lesson.moe.kernels", "moe_lesson.moe.parallel"}
DOORS = {
    "matplotlib": "moe_lesson.study.plots",
    "ipywidgets": "moe_lesson.study.widgets",
    "pooch": "moe_lesson.text.downloads",
    "triton": "moe_lesson.moe.kernels",
}

# Lines are code and comments, without docstrings: these are the manual, and may be long. The
# limits of a module and a function are kept. Those of the package are a guide to taste: the
# table at the end of a test run shows where it stands.
MODULE_LINES, FUNCTION_LINES, LOOP_LINES, NESTING, ARGUMENTS = 200, 30, 40, 3, 6
PACKAGE_LINES, CORPUS_LINES = 3000, 800
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match, ast.AsyncFor, ast.AsyncWith)

each_module = pytest.mark.parametrize("path", MODULES, ids=dotted)


def place(module):
    """Return the subpackage and the module of a dotted name, None where it has none."""
    return (*module.split("."), None, None)[1:3]


@each_module
def test_every_module_has_a_floor(path):
    subpackage, module = place(dotted(path))
    assert subpackage in {None, "__main__", *FLOOR}, f"give {subpackage} a floor in {__file__}"
    assert subpackage != "moe" or module in {None, *MOE_FLOOR}, f"give {module} a floor"


def points_down(here, target):
    """Tell whether the module ``here`` may import the module ``target`` of the package."""
    (subpackage, module), (their_subpackage, their_module) = place(here), place(target)
    if subpackage == "__main__" or their_subpackage is None:
        return True
    if subpackage is None:
        return False
    if subpackage != their_subpackage:
        return FLOOR[their_subpackage] < FLOOR[subpackage]
    return subpackage != "moe" or MOE_FLOOR[their_module] < MOE_FLOOR[module]


@each_module
def test_imports_point_down(path):
    for target, is_lazy in imports(path):
        if target.split(".")[0] != "moe_lesson":
            continue
        if target in LEAVES:
            assert is_lazy, f"{target} is a leaf: {dotted(path)} may import it in a function only"
        else:
            assert points_down(dotted(path), target), f"{target} is no floor below {dotted(path)}"


@each_module
def test_a_heavy_library_has_one_door(path):
    for target, _ in imports(path):
        door = DOORS.get(target.split(".")[0], dotted(path))
        assert f"{dotted(path)}.".startswith(f"{door}."), f"only {door} may import {target}"


def test_importing_the_package_loads_torch_and_numpy_alone():
    code = (
        "import sys, torch, numpy; before = set(sys.modules); import moe_lesson;"
        "print(*{m.split('.')[0] for m in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) <= {"moe_lesson", "torch", "numpy"}


def functions(path):
    """Return every function and method of a module, nested ones too."""
    return [node for node in ast.walk(tree(path)) if isinstance(node, FUNCTIONS)]


def body_lines(function):
    """Count the lines from the first statement after the docstring to the last."""
    body = without_docstring(function)
    return function.end_lineno - body[0].lineno + 1 if body else 0


def nesting(node):
    """Count how deep the blocks of a statement go; ``elif`` goes no deeper than its ``if``."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        own = isinstance(child, BLOCKS) and not (is_elif and child.col_offset == node.col_offset)
        deepest = max(deepest, own + nesting(child))
    return deepest


def arguments(function):
    """Count the parameters that a caller may name, ``self`` and ``cls`` not among them."""
    parameters = function.args
    named = parameters.posonlyargs + parameters.args + parameters.kwonlyargs
    return sum(p.arg not in ("self", "cls") for p in named)


@each_module
def test_modules_and_functions_are_short(path):
    assert lines(path) <= MODULE_LINES, f"{lines(path)} lines; at most {MODULE_LINES}"
    most = LOOP_LINES if dotted(path) == "moe_lesson.training.loop" else FUNCTION_LINES
    for function in functions(path):
        found = body_lines(function), nesting(function), arguments(function)
        limits = (most, NESTING, ARGUMENTS)
        assert all(n <= limit for n, limit in zip(found, limits)), (
            f"{function.name}: lines, nesting, arguments are {found}; at most {limits}"
        )


def lines(path):
    """Count the lines of a file that are not docstrings."""
    documented = (*FUNCTIONS, ast.ClassDef, ast.Module)
    docstrings = [
        node.body[0]
        for node in ast.walk(tree(path))
        if isinstance(node, documented) and ast.get_docstring(node) is not None
    ]
    manual = sum(each.end_lineno - each.lineno + 1 for each in docstrings)
    return len(path.read_text(encoding="utf-8").splitlines()) - manual


def test_the_sizes_are_shown(record_property):
    table = ["lines  longest function  deepest nesting  module"]
    for path in MODULES:
        longest = max(map(body_lines, functions(path)), default=0)
        deepest = max(map(nesting, functions(path)), default=0)
        name = path.relative_to(PACKAGE)
        table.append(f"{lines(path):>5} {longest:>17} {deepest:>16}  {name}")
    corpus = sum(lines(path) for path in MODULES if "corpus" in path.parts)
    rest = sum(map(lines, MODULES)) - corpus
    table.append(f"{rest:>5} lines, meant to be {PACKAGE_LINES}; corpus {corpus} of {CORPUS_LINES}")
    record_property("report", "\n".join(table))
