"""Every public name says what it does, where it comes from and which lesson it belongs to."""

import ast
import re

import pytest

from .source import FUNCTIONS, MODULES, dotted, public_definitions, tree

# None of these opens a sentence in the imperative, and no word that ends in a single s does.
NO_VERB = {"A", "An", "The", "This", "That", "It", "Our", "Function", "Method", "Class", "Helper"}
LESSON = re.compile(r"Lessons? \d+(, \d+)*( and \d+)?\.")
# Figures and panels are looked at, and the command line is typed: no example by hand.
NO_DOCTEST = ("moe_lesson.__main__", "moe_lesson.study.plots", "moe_lesson.study.widgets")

each_definition = pytest.mark.parametrize(
    "node",
    [
        pytest.param(node, id=f"{dotted(path)}.{node.name}")
        for path in MODULES
        for node in public_definitions(path)
    ],
)


def first_line_faults(docstring):
    """Return what is wrong with the first line of a docstring, as a list of messages."""
    if not docstring:
        return ["has no docstring"]
    line = docstring.splitlines()[0]
    word = line.split()[0].rstrip(",")
    faults = []
    if not line.endswith("."):
        faults.append(f"its first line ends without a full stop: {line!r}")
    if word in NO_VERB or not re.fullmatch(r"[A-Z][a-z-]+", word):
        faults.append(f"its first line starts with no verb: {line!r}")
    if word.endswith("s") and not word.endswith("ss"):
        faults.append(f"its first verb is no imperative: {word!r}")
    return faults


@each_definition
def test_first_line(node):
    assert not first_line_faults(ast.get_docstring(node))


@each_definition
def test_last_line_names_the_lesson(node):
    last = (ast.get_docstring(node) or "").splitlines()[-1:]
    assert last and LESSON.fullmatch(last[0]), f"ends with {last}, not with 'Lesson n.'"


@each_definition
def test_a_doctest_shows_it(node, request):
    if not request.node.callspec.id.startswith(NO_DOCTEST):
        assert ">>>" in (ast.get_docstring(node) or "")


@each_definition
def test_public_methods_have_a_first_line(node):
    for method in node.body if isinstance(node, ast.ClassDef) else ():
        public = isinstance(method, FUNCTIONS) and not method.name.startswith("_")
        if public and method.name != "forward":  # which is what its class does
            faults = first_line_faults(ast.get_docstring(method))
            assert not faults, f"{method.name} {faults}"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_modules_say_what_they_hold(path):
    docstring = ast.get_docstring(tree(path))
    assert docstring and docstring.splitlines()[0].endswith(".")


@pytest.mark.parametrize(
    "docstring",
    [None, "", "Grow when many agree", "This function grows.", "Returns a sum.", "x_TD is sent."],
)
def test_a_poor_first_line_is_caught(docstring):
    assert first_line_faults(docstring)


def test_a_good_first_line_passes():
    assert first_line_faults("Grow when many tokens agree on few experts.\n\nMore.") == []
    assert first_line_faults("Pass each row to its expert.") == []
