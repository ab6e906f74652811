"""What `make gpu` would run, and how it keeps verdicts: tried without a GPU."""

import json
import sys

import pytest

from tests.rules.source import NOTEBOOKS
from tools import gpu


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "FOLDER", tmp_path)
    monkeypatch.setattr(gpu.torch.cuda, "get_device_name", lambda: "a GPU of paper")
    return tmp_path


def python(code):
    return [sys.executable, "-c", code]


def test_every_notebook_and_every_marked_file_has_its_piece():
    commands = [command for _, command in gpu.pieces().values()]
    for path in NOTEBOOKS:
        assert sum(f"notebooks/{path.name}" in command for command in commands) == 1
    assert gpu.KERNEL in commands[0] and "gpu" not in commands[0]
    assert "tests/moe/test_fast_cpu.py" in commands[1] and gpu.KERNEL not in commands[1]
    for command in commands:
        for part in command:
            assert not part.endswith((".py", ".ipynb")) or (gpu.ROOT / part).exists(), part


def test_pieces_find_the_package_without_an_installation(folder):
    code = "import sys; sys.path.pop(0); print(sys.path[0])"
    assert gpu.run(1, "path", python(code))["last"] == str(gpu.ROOT)


def test_a_verdict_is_kept_and_its_rows_are_found(folder):
    rows = "| what | measured | target | |\\n|---|---|---|---|\\n| kernel | 0.9 | >= 0.9 | met |"
    found = gpu.run(3, "rows", python(f"print('{rows}')"))
    assert found["code"] == 0 and found["rows"] == ["| kernel | 0.9 | >= 0.9 | met |"]
    assert json.loads((folder / "03.json").read_text("utf-8")) == found
    failed = gpu.run(4, "fails", python("raise SystemExit('no luck')"))
    assert failed["code"] == 1 and failed["last"] == "no luck"


def test_a_piece_that_takes_too_long_is_ended(folder, monkeypatch):
    monkeypatch.setattr(gpu, "SECONDS", 2)
    found = gpu.run(1, "slow", python("import time; print('begun', flush=True); time.sleep(600)"))
    assert found["code"] == "over time" and found["seconds"] < 300


def test_the_table_holds_what_has_run_and_nothing_old(folder, capsys):
    gpu.run(1, "new", python("print('all | well')"))
    gpu.run(2, "old", python("pass"))
    capsys.readouterr()
    gpu.table({1: ("new", []), 2: ("renamed", []), 3: ("not yet", [])})
    said = capsys.readouterr().out
    assert "1 of 3 pieces have run" in said and "old" not in said
    assert "| 1 new | a GPU of paper |" in said and "| passed | all / well |" in said
