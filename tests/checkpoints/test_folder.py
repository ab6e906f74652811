"""A model's folder: there and back, faults in it, whole or not at all."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from moe_lesson.checkpoints import files
from moe_lesson.checkpoints.folder import load, save
from moe_lesson.checkpoints.hf_weights import to_hf
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import END, START, train_tokenizer
from tests.checkpoints.kinds import KINDS, edit_config, edit_tensors, same_weights

GATE = "model.layers.0.block_sparse_moe.gate.weight"


@KINDS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_load_gives_back_what_was_saved(config, dtype, tmp_path):
    model = Mixtral(config).to(dtype)
    save(tmp_path / "new" / "folder", model)
    back, tokenizer = load(tmp_path / "new" / "folder")
    assert same_weights(model, back) and back.config == config
    assert tokenizer is None and not back.training
    id_BS = torch.arange(6)[None]
    assert torch.equal(back(id_BS).logits_BSV, model(id_BS).logits_BSV)


def test_the_dtype_can_change_on_either_side(tmp_path):
    model = Mixtral(TINY)
    save(tmp_path, model, dtype=torch.bfloat16)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "bfloat16"
    assert load(tmp_path)[0].embed.weight.dtype == torch.bfloat16
    back, _ = load(tmp_path, dtype=torch.float64)
    assert torch.equal(back.embed.weight, model.embed.weight.bfloat16().double())
    assert model.embed.weight.dtype == torch.float32


def test_a_tokenizer_travels_along(tmp_path):
    tokenizer = train_tokenizer(["low lower lowest"] * 3, vocab_size=300)
    save(tmp_path, Mixtral(TINY), tokenizer)
    fields = json.loads((tmp_path / "config.json").read_text())
    assert (fields["bos_token_id"], fields["eos_token_id"]) == (START, END)
    _, back = load(tmp_path)
    assert back.to_str() == tokenizer.to_str()
    save(tmp_path, Mixtral(TINY))  # again, without naming it
    assert load(tmp_path)[1].to_str() == tokenizer.to_str()
    assert json.loads((tmp_path / "config.json").read_text()) == fields


def test_a_model_saved_over_one_with_another_tokenizer(tmp_path):
    """The configuration stays what it was; it has to be there again in the end."""
    for text in ("one two three", "un deux trois"):
        tokenizer = train_tokenizer([text] * 3, 280)
        save(tmp_path, Mixtral(TINY), tokenizer)
    assert load(tmp_path)[1].to_str() == tokenizer.to_str()


def test_a_tokenizer_that_cannot_be_right(saved):
    tokenizer = train_tokenizer(["low"], vocab_size=300)
    big, small = tokenizer.get_vocab_size(), 200
    message = f"the tokenizer has {big} entries, the model's vocab_size is {small}"
    with pytest.raises(ValueError, match=message):
        save(saved / "other", Mixtral(replace(TINY, vocab_size=small)), tokenizer)
    assert not (saved / "other").exists()
    (saved / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match="tokenizer.json cannot be read"):
        load(saved)


def test_weights_in_several_files(saved):
    tensors = load_file(saved / "model.safetensors")
    (saved / "model.safetensors").unlink()
    halves = {"a.safetensors": list(tensors)[::2], "b.safetensors": list(tensors)[1::2]}
    for file, names in halves.items():
        save_file({name: tensors[name] for name in names}, saved / file)
    index = {"weight_map": {name: file for file, names in halves.items() for name in names}}
    (saved / "model.safetensors.index.json").write_text(json.dumps(index))
    assert all(torch.equal(to_hf(load(saved)[0])[name], t) for name, t in tensors.items())
    with pytest.raises(FileExistsError, match="a model in several files"):
        save(saved, Mixtral(TINY))
    (saved / "b.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="b.safetensors"):
        load(saved)
    (saved / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(ValueError, match=f"{len(tensors)} missing"):
        load(saved)


def test_missing_surplus_and_misshapen_tensors_are_named(saved):
    def damage(tensors):
        for e in range(4):
            del tensors[f"model.layers.1.block_sparse_moe.experts.{e}.w2.weight"]
        tensors["model.layers.0.self_attn.q_proj.bias"] = torch.zeros(3)
        tensors[GATE] = tensors[GATE].T.contiguous()

    edit_tensors(saved, damage)
    with pytest.raises(ValueError) as caught:
        load(saved)
    told = str(caught.value)
    assert "4 missing: model.layers.1.block_sparse_moe.experts.0.w2.weight," in told
    assert "experts.2.w2.weight and 1 more;" in told and "experts.3" not in told
    assert "1 surplus: model.layers.0.self_attn.q_proj.bias" in told
    assert f"1 of the wrong shape: {GATE} is (32, 4), must be (4, 32)" in told


def test_a_config_of_other_sizes_than_the_weights(saved):
    edit_config(saved, num_hidden_layers=3)
    with pytest.raises(ValueError, match="missing: model.layers.2"):
        load(saved)


@pytest.mark.parametrize("kept", [0, 5, 200, 10_000, -1])
def test_a_truncated_file(saved, kept):
    path = saved / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"model.safetensors \([\d,]+ bytes\) is not a whole"):
        load(saved)


def test_a_cut_header_that_starts_like_a_pickle_is_not_called_one(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes((0x280).to_bytes(8, "little") + b'{"cut')
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        files.read_tensors(path)


class Trap:
    """An object whose unpickling writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("write", [torch.save, lambda x, path: path.write_bytes(pickle.dumps(x))])
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin", "model.pt"])
def test_pickles_are_never_opened(saved, name, write):
    (saved / "model.safetensors").unlink()
    write(Trap(saved / "sprung"), saved / name)
    for path in (saved, saved / name):
        with pytest.raises((ValueError, NotADirectoryError)) as caught:
            load(path)
        assert "pickle" in str(caught.value) or path.suffix == ".safetensors"
        assert "run code" in str(caught.value) or "name the folder" in str(caught.value)
    assert not (saved / "sprung").exists()


def test_what_is_not_there(saved):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        load(saved / "absent")
    with pytest.raises(NotADirectoryError, match="name the folder"):
        load(saved / "config.json")
    (saved / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="has no model.safetensors; it holds config.json"):
        load(saved)
    (saved / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match="has no config.json; it holds nothing"):
        load(saved)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_save_leaves_the_old_model(saved, monkeypatch, step):
    old, _ = load(saved)
    with monkeypatch.context() as patch:
        patch.setattr(os, step, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            save(saved, Mixtral(TINY))
    assert same_weights(old, load(saved)[0])
    assert sorted(path.name for path in saved.iterdir()) == ["config.json", "model.safetensors"]


def test_a_model_of_other_sizes_is_never_half_there(saved, monkeypatch):
    """Stopped between the weights and config.json, the folder is refused."""
    real, done = os.replace, []

    def first_only(source, target):
        real(source, target)
        done.append(target)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", first_only)
    with pytest.raises(KeyboardInterrupt):
        save(saved, Mixtral(replace(TINY, rope_theta=1e4)))
    assert [path.name for path in done] == ["model.safetensors"]
    with pytest.raises(FileNotFoundError, match="has no config.json"):
        load(saved)


KILLED = """
import os, pathlib, signal, sys, time
import torch
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.checkpoints.folder import load, save
from moe_lesson.training.resume import load_state, save_state

torch.set_num_threads(1)
torch.manual_seed(0)
model = Mixtral(TINY)
optimizer = torch.optim.AdamW(model.parameters())
sum(weight.sum() for weight in model.parameters()).backward()
optimizer.step()

def write(folder, number):
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(number)
            optimizer.state[weight]["exp_avg"].fill_(number)
    save_state(folder, model, optimizer, {"number": number})
    save(folder, model)

def check(folder):
    number = load_state(folder, model, optimizer)["number"]
    memory = [optimizer.state[weight]["exp_avg"] for weight in model.parameters()]
    assert all((tensor == number).all() for tensor in [*model.parameters(), *memory]), number
    values = {v for w in load(folder)[0].state_dict().values() for v in w.unique().tolist()}
    assert len(values) == 1 and values <= {number, number - 1.0}, (values, number)
    return number

def live(folder, number, parent):
    while os.getppid() == parent:  # an orphan has nobody who kills it
        number += 1
        write(folder, number)

def wait_for(path, seconds):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} was not written within {seconds} seconds"
        time.sleep(0)

folder, number, met = sys.argv[1], 0, 0
parts = ["training/state.safetensors.tmp", "model.safetensors.tmp", "."]  # "." is always there
for kill in range(12):
    write(folder, number)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        live(folder, number, parent)
        os._exit(1)
    try:
        wait_for(pathlib.Path(folder, parts[kill % 3]), seconds=20)
        time.sleep(kill * 0.001)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    met += any(pathlib.Path(folder).rglob("*.tmp"))
    number = check(folder)
print(number, met)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_killed_at_any_moment_a_folder_is_whole(tmp_path):
    """Twelve real kills while both files are being rewritten without pause, eight aimed."""
    script = [sys.executable, "-c", KILLED, str(tmp_path)]
    run = subprocess.run(script, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    written, met = map(int, run.stdout.split())
    assert written > 0 and met > 0, f"{written} states written, {met} kills met one half written"
