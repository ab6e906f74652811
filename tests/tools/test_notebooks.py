"""tools/notebooks.py: what it leaves in a notebook, and that a second run changes no byte."""

import base64
import html
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.rules.source import ROOT
from tests.rules.test_notebooks import ALT
from tools.notebooks import describe, normalise

SETUP = """
import os, sys, time
import ipywidgets
import matplotlib.pyplot as plt
from moe_lesson.study.figures.frame import finish, new_axes
"""
FIGURE_CELL = "axes = finish(new_axes(), 'Half', 'step', 'share')"
WIDGET_CELL = "from moe_lesson.study.widgets.router_bench import gate_bench; gate_bench()"
CELLS = [
    SETUP,
    "plt.figure(figsize=(2, 1)).gca().plot([0, 1]);",
    "object()",
    "ipywidgets.IntSlider()",
    "print(os.environ['MOE_STATIC'], 'MOE_PRESET' in os.environ, sys.executable)",
    FIGURE_CELL,
    WIDGET_CELL,
    "print(time.time_ns())",
]


def rebuild(*arguments):
    command = [sys.executable, ROOT / "tools" / "notebooks.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def write(path, sources, **metadata):
    cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    cells[-1].metadata.update(metadata)
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title", id="title"), *cells]), path)
    return path


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    path = tmp_path_factory.mktemp("notebooks") / "small.ipynb"
    write(path, CELLS, tags=["nbval-ignore-output"], collapsed=True)
    run = rebuild(path)
    assert run.returncode == 0 and "saved" in run.stdout, run.stderr
    return path


def test_the_normal_form(rebuilt):
    notebook = nbformat.read(rebuilt, as_version=4)
    cells = notebook.cells[1:]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert [cell.execution_count for cell in cells] == list(range(1, 9))
    assert [cell.id for cell in cells] == [f"cell-{i}" for i in range(8)]
    assert cells[-1].metadata == {"tags": ["nbval-ignore-output"]}
    assert b"tEXt" not in base64.b64decode(cells[1].outputs[0].data["image/png"])
    assert cells[2].outputs[0].data["text/plain"] == "<object at 0xADDRESS>"
    assert list(cells[3].outputs[0].data) == ["text/plain"]
    assert cells[4].outputs[0].text == f"1 False {sys.executable}\n"


def test_an_address_is_scrubbed_from_words_and_never_from_a_picture():
    page = '<img alt="at {}" src="data:image/png;base64,iVBO0x4dB937SU/0x1234567890abcdef=="> at {}'
    shown = new_output("display_data", data={"text/html": page.format("0x7f00aa", "0x7f00aa")})
    made = normalise(new_notebook(cells=[new_code_cell("a", outputs=[shown])]))
    wanted = page.format("0xADDRESS", "0xADDRESS")
    assert made.cells[0].outputs[0].data["text/html"] == wanted


def test_a_second_run_changes_no_byte_unless_it_is_to_be_fresh(rebuilt):
    before = rebuilt.read_bytes()
    assert "unchanged" in rebuild(rebuilt).stdout
    assert rebuilt.read_bytes() == before
    assert "saved" in rebuild("--fresh", rebuilt).stdout
    assert rebuilt.read_bytes() != before


def test_check_saves_nothing_and_a_failing_cell_is_reported(tmp_path):
    new = write(tmp_path / "new.ipynb", ["print(6 * 7)"])
    broken = write(tmp_path / "broken.ipynb", ["1 / 0"])
    before = new.read_bytes(), broken.read_bytes()
    run = rebuild("--check", broken, new)
    assert run.returncode == 1
    assert "ZeroDivisionError" in run.stdout and "broken.ipynb: failed" in run.stdout
    assert "42" in run.stdout and "new.ipynb: would change" in run.stdout
    assert (new.read_bytes(), broken.read_bytes()) == before


def test_a_figure_goes_out_with_its_title_and_a_widget_with_its_own_words(rebuilt):
    shown = [cell.outputs[0].data for cell in nbformat.read(rebuilt, as_version=4).cells[6:8]]
    assert [list(data) for data in shown] == [["text/html", "text/plain"]] * 2
    assert words(shown[0]) == "Half. Across: step; up: share."
    assert words(shown[1]).startswith("Mixtral's order: Temperature 1.00")


def words(data):
    return html.unescape(ALT.search(data["text/html"])[1])


def described(*sources, pages=('<img alt="Title." width="7" src="data:x">',)):
    """Return the alternative texts of a cell that shows pages, with markdown cells below it."""
    outputs = [new_output("display_data", data={"text/html": page}) for page in pages]
    cells = [new_code_cell("draw()", outputs=outputs), *map(new_markdown_cell, sources)]
    return [words(one.data) for one in describe(new_notebook(cells=cells)).cells[0].outputs]


@pytest.mark.parametrize(
    "source, said",
    [
        ('*A "half" of `x` and $y$.* More.', 'A "half" of x and y.'),
        ("<details><summary>What is to be seen</summary>\n\n*Dots.*\n</details>", "Dots."),
        ("*From [a paper](https://b.c).*", "From a paper."),
        ("**Bold** words.", "Title."),
        ("Words, and *more*.", "Title."),
    ],
)
def test_the_caption_below_is_what_a_figure_says(source, said):
    assert described(source, "*Too far.*") == [said]


def test_two_figures_of_one_cell_are_told_apart():
    two = described("*Dots.*", pages=['<img alt="a" src="data:x">'] * 2)
    assert two == ["Dots. (1 of 2)", "Dots. (2 of 2)"]


def test_a_widget_keeps_its_words_beside_a_caption():
    page = '<figure><img alt="Own." src="data:x"><figcaption>Own.</figcaption></figure>'
    assert described("*Dots.*", pages=[page]) == ["Own."]
