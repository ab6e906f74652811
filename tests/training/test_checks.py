"""What ``train`` refuses before its first step, and what it does not go on with."""

import dataclasses
import json
import os
import signal

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import Data, Text
from moe_lesson.training import loop, resume
from moe_lesson.training.settings import SEEDS, Settings, batch_at, make_optimizer
from moe_lesson.training.stopping import stop_gently

SETTINGS = Settings(steps=4, batch=2, length=16, warmup=2, save_every=2)


def text(length=200, shift=0, vocabulary=320):
    id_T = (torch.arange(length) * 7 + shift) % vocabulary
    return Text(id_T, torch.ones(length, dtype=torch.long))


def train(data=None, settings=SETTINGS, folder=None, config=TINY, dtype=None):
    torch.manual_seed(0)
    data = data or Data(text(), text(100))
    return loop.train(Mixtral(config).to(dtype), data, settings, folder, progress=False)


@pytest.fixture
def no_step(monkeypatch):
    monkeypatch.setattr(loop, "_step", lambda *_: pytest.fail("a step was computed"))


@pytest.mark.parametrize(
    "data, named",
    [
        (Data(text(16), text()), "the training part of the text has 16 tokens: a sequence of 16"),
        (Data(text(), text(16)), "the held-out part of the text has 16 tokens: a window of 16"),
        (Data(text(400, vocabulary=321), text()), "the training part of the text holds id 320"),
        (Data(text(), text(vocabulary=999)), "the held-out part of the text holds id"),
        (Data(Text(text().id_T - 1, text().bytes_T), text()), "holds id -1"),
        (Data(text(), Text(text().id_T, torch.zeros(200))), "stand for 0 bytes"),
    ],
)
def test_a_text_that_cannot_be_trained_on_is_named(data, named, no_step, tmp_path):
    with pytest.raises(ValueError, match=named):
        train(data, folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_bytes_behind_the_measured_windows_do_not_count(no_step):
    sizes = torch.zeros(200)
    sizes[50:] = 1
    settings = dataclasses.replace(SETTINGS, measure_tokens=32)
    with pytest.raises(ValueError, match="the first 32 tokens of the held-out part"):
        train(Data(text(), Text(text().id_T, sizes)), settings)


def test_the_shortest_parts_that_suffice_do(tmp_path):
    settings = dataclasses.replace(SETTINGS, measure_tokens=16)
    rows = train(Data(text(17), text(17)), settings, tmp_path)
    assert len(rows) == 4 and rows[-1]["valid_bits"] > 0


def test_a_length_past_the_context_is_named(no_step):
    settings = dataclasses.replace(SETTINGS, length=65)
    with pytest.raises(ValueError, match="length is 65: the model's context is 64"):
        train(settings=settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": float("inf")},
        {"clip": float("nan")},
        {"z_weight": float("inf")},
        {"seed": -1},
        {"seed": SEEDS},
        {"length": 17, "measure_tokens": 16},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValueError, match=r"(learning_rate|clip|z_weight|seed|measure_tokens) is"):
        Settings(**wrong)


def test_the_last_seed_draws_its_last_batch():
    batch_at(text(), 10**9, dataclasses.replace(SETTINGS, seed=SEEDS - 1))


def test_a_run_does_not_go_on_with_another_text(tmp_path, monkeypatch):
    train(folder=tmp_path)
    monkeypatch.setattr(loop, "_step", lambda *_: pytest.fail("a step was computed"))
    one = text()
    one.id_T[150] += 1
    for data, part in ((Data(one, text(100)), "training"), (Data(text(), one), "held-out")):
        with pytest.raises(ValueError, match=f"holds a run with another text: {part} part="):
            train(data, folder=tmp_path)
    other_bytes = Data(text(), Text(text(100).id_T, 2 * text(100).bytes_T))
    with pytest.raises(ValueError, match="another text: held-out part="):
        train(other_bytes, folder=tmp_path)


@pytest.mark.parametrize("change", [{"top_k": 1}, {"rope_theta": 5.0}, {"context_len": 32}])
def test_a_run_does_not_go_on_with_a_model_of_equal_shapes(change, tmp_path):
    """No weight tells these sizes."""
    train(folder=tmp_path)
    with pytest.raises(ValueError, match=f"another model: {next(iter(change))}="):
        train(folder=tmp_path, config=dataclasses.replace(TINY, **change))
    with pytest.raises(ValueError, match="another model: dtype="):
        train(folder=tmp_path, dtype=torch.float64)


def test_a_refusal_changes_nothing(tmp_path):
    train(folder=tmp_path)
    model = Mixtral(TINY)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    with pytest.raises(ValueError, match="another text"):
        loop.train(model, Data(text(shift=1), text(100)), SETTINGS, tmp_path, progress=False)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


def test_a_folder_that_cannot_be_written_is_named_first(tmp_path, no_step):
    (tmp_path / "training").write_text("a file in the place of a folder")
    with pytest.raises(OSError, match="training"):
        train(folder=tmp_path)


def reheaded(folder, change):
    """Change what the header of a state holds."""
    path = folder / resume.STATE
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}
        words = file.metadata()
    words["state"], tensors = change(json.loads(words["state"]), tensors)
    save_file(tensors, path, words)


DAMAGES = {
    "a list": lambda header, tensors: ("[1]", tensors),
    "no JSON": lambda header, tensors: ("{", tensors),
    "deep": lambda header, tensors: ("[" * 100_000, tensors),
    "no numbers": lambda header, tensors: (json.dumps(header | {"numbers": 3}), tensors),
    "no groups": lambda header, tensors: (json.dumps(header | {"groups": [3]}), tensors),
    "other names": lambda header, tensors: (
        json.dumps(header | {"groups": [{"params": [[]]}, {}]}),
        tensors,
    ),
    "no rows": lambda header, tensors: (json.dumps(header | {"rows": None}), tensors),
    "no record": lambda header, tensors: (json.dumps(header | {"numbers": {}}), tensors),
    "random": lambda header, tensors: (
        json.dumps(header),
        tensors | {"random.cpu": torch.zeros(3)},
    ),
    "a stranger's memory": lambda header, tensors: (
        json.dumps(header),
        tensors | {"optimizer.no.exp_avg": torch.zeros(3)},
    ),
    "memory of another shape": lambda header, tensors: (
        json.dumps(header),
        tensors | {"optimizer.norm.weight.exp_avg": torch.zeros(3)},
    ),
    "half a memory": lambda header, tensors: (
        json.dumps(header),
        {name: t for name, t in tensors.items() if name != "optimizer.norm.weight.exp_avg"},
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_state_is_named_and_changes_nothing(damage, tmp_path):
    train(folder=tmp_path)
    reheaded(tmp_path, damage)
    model = Mixtral(TINY)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    with pytest.raises(ValueError, match=tmp_path.name):
        loop.train(model, Data(text(), text(100)), SETTINGS, tmp_path, progress=False)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


def test_rows_that_are_no_run_are_refused(tmp_path):
    train(folder=tmp_path)
    model = Mixtral(TINY)
    optimizer = make_optimizer(model, SETTINGS)
    numbers = resume.load_state(tmp_path, model, optimizer)
    for rows in ([{"step": 2}], [3], [{}]):
        resume.save_state(tmp_path, model, optimizer, numbers | {"rows": rows})
        with pytest.raises(ValueError, match="not those of a run, step by step"):
            train(folder=tmp_path)


def test_one_wish_is_shared_by_blocks_within_one_another():
    before = signal.getsignal(signal.SIGINT)
    with stop_gently() as outer:
        with stop_gently() as inner:
            os.kill(os.getpid(), signal.SIGINT)
            assert inner.is_set()
        assert outer.is_set()  # the outer block knows, though the inner one has ended
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
