"""Every public name says what it does, where it comes from and which lesson it belongs to."""

import ast
import re

import pytest

from tests.rules.source import FUNCTIONS, MODULES, dotted, public_definitions, tree

# None of these opens a sentence in the imperative, and no word that ends in a single s does.
NO_VERB = {"A", "An", "The", "This", "That", "It", "Our", "Function", "Method", "Class", "Helper"}
LESSON = re.compile(r"Lessons? \d+(, \d+)*( and \d+)?\.")
# Figures and panels are looked at, and the command line is typed: no example by hand.
NO_DOCTEST = re.compile(
    r"moe_lesson\.(__main__|commands\.\w+|study\.(figures|widgets)\.\w+|lessons\.lesson\d\d\.(figures|widget_)\w*)"
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


def definition_faults(node, module):
    """Return what is wrong with the docstring of a public function or class."""
    docstring = ast.get_docstring(node) or ""
    faults = first_line_faults(docstring)
    if not LESSON.fullmatch(docstring.splitlines()[-1] if docstring else ""):
        faults.append("its last line is not 'Lesson n.'")
    if ">>>" not in docstring and not NO_DOCTEST.fullmatch(module):
        faults.append("it has no doctest")
    for method in node.body if isinstance(node, ast.ClassDef) else ():
        public = isinstance(method, FUNCTIONS) and not method.name.startswith("_")
        if public and method.name != "forward":  # which is what its class does
            faults += [f"{method.name}: {x}" for x in first_line_faults(ast.get_docstring(method))]
    return faults


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_public_names_have_docstrings_in_form(path):
    faults = {node.name: definition_faults(node, dotted(path)) for node in public_definitions(path)}
    assert not {name: found for name, found in faults.items() if found}


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_modules_say_what_they_hold(path):
    docstring = ast.get_docstring(tree(path))
    assert docstring and docstring.splitlines()[0].endswith((".", "?"))


@pytest.mark.parametrize(
    "docstring",
    [None, "", "Grow when many agree", "This function grows.", "Returns a sum.", "x_TD is sent."],
)
def test_a_poor_first_line_is_caught(docstring):
    assert first_line_faults(docstring)


def test_a_docstring_in_form_passes_and_one_without_its_parts_does_not():
    good = "Grow when many agree.\n\n>>> 1 + 1\n2\n\nLessons 4, 5 and 9."
    for docstring, count in ((good, 0), ("Grow when many agree.", 2), (good + " x", 1), ("", 3)):
        node = ast.parse(f"def f():\n    {docstring!r}").body[0]
        assert len(definition_faults(node, "moe_lesson.moe.balance")) == count
