"""Figures: one function each in study/plots, which draws numbers and does nothing else.

A figure is a function that ``moe_lesson.study.plots`` offers and that takes ``axes`` first. It
ends in ``return finish(axes, title, across, up)``, which writes the title and both names.
"""

import ast

import nbformat
import pytest

from .source import PACKAGE, ROOT, imports, public_definitions, tree

PLOTS = sorted((PACKAGE / "study" / "plots").glob("*.py"))
DEFINITIONS = {node.name: node for path in PLOTS for node in public_definitions(path)}


def offered():
    """Return the names that the package of figures exports."""
    for node in tree(PACKAGE / "study" / "plots" / "__init__.py").body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return ast.literal_eval(node.value)
    return []


def takes_axes(node):
    return [argument.arg for argument in node.args.args][:1] == ["axes"]


FIGURES = [name for name in offered() if takes_axes(DEFINITIONS[name])]


def calls(node):
    """Return the names of what a function calls: ``f()`` and ``x.f()`` both give ``f``."""
    found = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in found}


def test_finish_writes_title_and_both_names():
    assert {"set_title", "set_xlabel", "set_ylabel"} <= calls(DEFINITIONS["finish"])


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_ends_with_its_title_and_names_and_returns_the_axes(name):
    last = DEFINITIONS[name].body[-1]
    assert isinstance(last, ast.Return) and isinstance(last.value, ast.Call)
    assert last.value.func.id == "finish" and len(last.value.args) == 4
    returns = [node for node in ast.walk(DEFINITIONS[name]) if isinstance(node, ast.Return)]
    assert returns == [last], "one way out, so that no figure leaves without its title"


@pytest.mark.parametrize("path", PLOTS, ids=lambda path: path.stem)
def test_figures_neither_show_nor_train(path):
    assert not calls(tree(path)) & {"show", "backward", "step"}
    assert not [module for module, _ in imports(path) if module.startswith("moe_lesson.training")]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_a_notebook_draws_through_these_functions(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert cell.cell_type != "code" or "matplotlib" not in cell.source, cell.id
