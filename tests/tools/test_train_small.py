"""tools/train_small.py: what it keeps of a run that is not shipped, and of one that was stopped."""

import json
import sys

import pytest

from tools import train_small

ROWS = [
    {"step": n, "tokens": 9 * n, "seconds": n, "load": []} | ({"valid_bits": 1.0} if n > 1 else {})
    for n in (1, 2)
]


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Return a function that runs the tool with made-up rows, and reads what it has recorded."""
    monkeypatch.setattr(train_small, "RECORD", tmp_path / "small.json")

    def tool(rows, *command):
        monkeypatch.setattr(train_small, "run", lambda *asked: (None, None, rows, {}))
        monkeypatch.setattr(sys, "argv", ["train_small.py", *command])
        train_small.main()
        path = train_small.RECORD
        return json.loads(path.read_text("utf-8"))["runs"] if path.exists() else None

    return tool


def test_a_run_that_reached_its_step_is_recorded_once(trained):
    for bits in (1.0, 0.5):
        rows = [ROWS[0], ROWS[1] | {"valid_bits": bits}]
        (one,) = trained(rows, "dense", "--seed", "1", "--until", "2")
        wanted = [{"step": 2, "tokens": 18, "seconds": 2, "valid_bits": bits}]
        assert one == {"model": "dense", "seed": 1, "rows": wanted}
    assert len(trained(ROWS, "dense", "--seed", "2", "--until", "2")) == 2


def test_a_stopped_run_is_not_recorded(trained):
    assert trained(ROWS, "dense", "--seed", "1", "--until", "3") is None
