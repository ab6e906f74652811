"""The rows of a run beside its state: as long as the run likes, never mixed, never lost."""

import json
import os

import pytest
import torch
from safetensors import safe_open

from moe_lesson.training import history, resume
from moe_lesson.training.history import Kept, load_rows, save_rows

ROW = {"nats": 1 / 3, "load": [[0.125] * 8] * 2}


def rows(count, first=1):
    return [{"step": step} | ROW for step in range(first, first + count)]


@pytest.fixture
def parts():
    model = torch.nn.Linear(2, 2)
    return model, torch.optim.AdamW(model.parameters())


def header(folder):
    with safe_open(folder / resume.STATE, framework="pt") as file:
        return file.metadata()["state"]


def test_the_header_does_not_grow_with_the_run(parts, tmp_path):
    sizes = []
    for count in (1, 5_000):
        resume.save_state(tmp_path, *parts, {"rows": rows(count)})
        sizes.append(len(header(tmp_path)))
    assert sizes[1] - sizes[0] < 20
    assert resume.load_state(tmp_path, *parts) == {"rows": rows(5_000)}


def test_a_history_longer_than_a_header_can_be(parts, tmp_path):
    """safetensors refuses headers of more than 100 MB."""
    row = {"step": 1, "text": "x" * 1_000_000}
    resume.save_state(tmp_path, *parts, {"rows": [row] * 101})
    assert len(resume.load_state(tmp_path, *parts)["rows"]) == 101


def test_a_save_writes_only_what_is_new(parts, tmp_path, monkeypatch):
    written, dumps, kept = [], json.dumps, None

    def counting(value, **more):
        written.append("step" in value)
        return dumps(value, **more)

    monkeypatch.setattr(history.json, "dumps", counting)
    for count in range(10, 110, 10):
        kept = resume.save_state(tmp_path, *parts, {"rows": rows(count)}, kept)
    assert sum(written) == 100
    assert resume.load_state(tmp_path, *parts)["rows"] == rows(100)


def test_what_a_save_that_failed_left_behind_is_no_part_of_the_run(parts, tmp_path, monkeypatch):
    kept = resume.save_state(tmp_path, *parts, {"rows": rows(3)})

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(resume, "save_file", full)
        with pytest.raises(OSError, match="state.safetensors"):
            resume.save_state(tmp_path, *parts, {"rows": rows(9)}, kept)
    assert resume.load_state(tmp_path, *parts)["rows"] == rows(3)
    other = rows(3) + rows(2, first=40)  # shorter than what is left of the failed one
    resume.save_state(tmp_path, *parts, {"rows": other}, kept)
    assert resume.load_state(tmp_path, *parts)["rows"] == other


def test_a_disk_that_fills_in_the_middle_of_the_rows_keeps_the_state(parts, tmp_path, monkeypatch):
    kept = resume.save_state(tmp_path, *parts, {"rows": rows(3)})

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"No space left on device: '.*rows-0.jsonl'"):
            resume.save_state(tmp_path, *parts, {"rows": rows(9)}, kept)
    assert resume.load_state(tmp_path, *parts)["rows"] == rows(3)


def test_another_history_never_touches_the_one_of_the_state(parts, tmp_path, monkeypatch):
    """A kill between the rows and the state: the old state has its own rows."""
    resume.save_state(tmp_path, *parts, {"rows": rows(3)})

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(resume, "save_file", killed)
        with pytest.raises(KeyboardInterrupt):
            resume.save_state(tmp_path, *parts, {"rows": rows(3, first=70)})
    assert resume.load_state(tmp_path, *parts)["rows"] == rows(3)
    resume.save_state(tmp_path, *parts, {"rows": rows(4, first=70)})
    assert resume.load_state(tmp_path, *parts)["rows"] == rows(4, first=70)
    assert len(list((tmp_path / "training").glob("rows-*"))) == 1


def test_rows_that_are_fewer_than_before_are_all_there_is(tmp_path):
    kept = save_rows(tmp_path, rows(5))
    assert load_rows(tmp_path, save_rows(tmp_path, rows(2), kept).mark()) == rows(2)


def test_rows_that_were_deleted_are_written_again(tmp_path):
    kept = save_rows(tmp_path, rows(5))
    (tmp_path / kept.name).unlink()
    assert load_rows(tmp_path, save_rows(tmp_path, rows(6), kept).mark()) == rows(6)


@pytest.mark.parametrize("damage", ["missing", "shorter", "changed"])
def test_damaged_rows_are_named(damage, parts, tmp_path):
    kept = resume.save_state(tmp_path, *parts, {"rows": rows(3)})
    path = tmp_path / "training" / kept.name
    if damage == "missing":
        path.unlink()
    else:
        data = path.read_bytes()
        path.write_bytes(data[:-5] if damage == "shorter" else data.replace(b"0.125", b"0.250"))
    with pytest.raises(ValueError, match="rows-0.jsonl is (missing|damaged)"):
        resume.load_state(tmp_path, *parts)


@pytest.mark.parametrize(
    "mark",
    [
        None,
        [],
        {"file": "rows-0.jsonl"},
        {"file": "../secret", "bytes": 1, "sha256": ""},
        {"file": "rows-0.jsonl", "bytes": "1", "sha256": ""},
    ],
)
def test_a_header_that_points_elsewhere_is_refused(mark, tmp_path):
    (tmp_path.parent / "secret").write_text("x")
    with pytest.raises(ValueError, match="does not say where the rows"):
        load_rows(tmp_path, mark)


def test_numbers_without_rows_have_no_file(parts, tmp_path):
    assert resume.save_state(tmp_path, *parts, {"step": 3}) is None
    assert not list((tmp_path / "training").glob("rows-*"))
    assert isinstance(resume.save_state(tmp_path, *parts, {"rows": []}), Kept)
    assert resume.load_state(tmp_path, *parts) == {"rows": []}


def test_a_dropped_state_leaves_nothing(parts, tmp_path):
    resume.save_state(tmp_path, *parts, {"rows": rows(3)})
    resume.drop_state(tmp_path)
    assert not list((tmp_path / "training").iterdir())
