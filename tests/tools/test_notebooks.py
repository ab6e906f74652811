"""tools/notebooks.py: what it leaves in a notebook, and that a second run changes no byte."""

import base64
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.rules.source import ROOT

SETUP = """
import os, sys, time
import ipywidgets
import matplotlib.pyplot as plt
"""
CELLS = [
    SETUP,
    "plt.figure(figsize=(2, 1)).gca().plot([0, 1]);",
    "object()",
    "ipywidgets.IntSlider()",
    "print(os.environ['MOE_STATIC'], 'MOE_PRESET' in os.environ, sys.executable)",
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
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, 5, 6]
    assert [cell.id for cell in cells] == [f"cell-{i}" for i in range(6)]
    assert cells[-1].metadata == {"tags": ["nbval-ignore-output"]}
    assert b"tEXt" not in base64.b64decode(cells[1].outputs[0].data["image/png"])
    assert cells[2].outputs[0].data["text/plain"] == "<object at 0xADDRESS>"
    assert list(cells[3].outputs[0].data) == ["text/plain"]
    assert cells[4].outputs[0].text == f"1 False {sys.executable}\n"


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
