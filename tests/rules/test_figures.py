"""Figures: one function each, which draws numbers and does nothing else.

A figure is a public function of ``moe_lesson.study.figures`` or of a lesson's ``figures*`` that
takes ``axes`` first. It ends in ``return finish(axes, title, across, up)``, which writes the
title and both names.
"""

import ast

import nbformat
import pytest

from tests.rules.source import MODULES, PACKAGE, ROOT, dotted, imports, public_definitions, tree

PLOTS = [
    path for path in MODULES if "figures" in path.parts or path.stem.split("_")[0] == "figures"
]
DEFINITIONS = {node.name: node for path in PLOTS for node in public_definitions(path)}


def takes_axes(node):
    return [argument.arg for argument in node.args.args][:1] == ["axes"]


# What figures are made of takes axes too, and is no figure.
PARTS = {
    node.name
    for part in ("frame", "lines")
    for node in public_definitions(PACKAGE / "study" / "figures" / f"{part}.py")
}
FIGURES = [name for name, node in DEFINITIONS.items() if takes_axes(node) and name not in PARTS]


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


@pytest.mark.parametrize("path", PLOTS, ids=dotted)
def test_figures_neither_show_nor_train(path):
    assert not calls(tree(path)) & {"show", "backward", "step"}
    assert not [module for module, _ in imports(path) if module.startswith("moe_lesson.training")]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_a_notebook_draws_through_these_functions(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert cell.cell_type != "code" or "matplotlib" not in cell.source, cell.id
