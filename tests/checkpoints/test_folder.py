"""Checkpoints: each weight where its name says, whole files, faults named, exact resumption."""

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

from moe_lesson.checkpoints import files, hf_weights
from moe_lesson.checkpoints.folder import load, save
from moe_lesson.checkpoints.hf_config import config_from_hf, config_to_hf
from moe_lesson.checkpoints.hf_weights import from_hf, places, to_hf
from moe_lesson.models.config import MISTRAL_7B, MIXTRAL_8X7B, SMALL, TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import END, START, train_tokenizer
from moe_lesson.training import resume

DENSE = replace(TINY, num_experts=1, top_k=1, window=6)
ODD = replace(TINY, dim=24, head_dim=10, rope_theta=1e4, norm_eps=1e-6, tied=True, num_experts=3)
KINDS = pytest.mark.parametrize("config", [TINY, DENSE, ODD], ids=["sparse", "dense", "tied"])
GATE = "model.layers.0.block_sparse_moe.gate.weight"


def same_weights(ours, theirs):
    theirs = theirs.state_dict()
    return all(torch.equal(weight, theirs[name]) for name, weight in ours.state_dict().items())


@pytest.fixture
def saved(tmp_path):
    """A folder with a whole checkpoint, to be damaged."""
    save(tmp_path, Mixtral(TINY))
    return tmp_path


def edit_config(folder, **changes):
    path = folder / "config.json"
    fields = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: v for name, v in fields.items() if v != "absent"}))


def edit_tensors(folder, change):
    tensors = {name: t.clone() for name, t in load_file(folder / "model.safetensors").items()}
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


# Names and numbers of the weights


def test_names_by_hand():
    model = Mixtral(TINY)
    experts = model.blocks[1].feed_forward.experts
    with torch.no_grad():
        experts.gate_up_EJFD[2, 0], experts.gate_up_EJFD[2, 1], experts.down_EDF[2] = 1.0, 3.0, 2.0
    expert = "model.layers.1.block_sparse_moe.experts.2"
    tensors = to_hf(model)
    for n in (1, 2, 3):
        assert tensors[f"{expert}.w{n}.weight"].unique().tolist() == [n]
    assert tensors[f"{expert}.w2.weight"].shape == (TINY.dim, TINY.hidden_dim)


@KINDS
def test_each_weight_has_exactly_one_place(config):
    model = Mixtral(config)
    for weight in model.state_dict().values():
        weight.zero_()
    for tensor in to_hf(model).values():
        tensor.add_(1)
    assert all((weight == 1).all() for weight in model.state_dict().values())
    assert sum(tensor.numel() for tensor in to_hf(model).values()) == config.total_parameters


def test_mixtral_8x7b_has_995_tensors():
    # 3 outside the layers; in each of 32 layers 4 of attention, 2 norms, a router, 8 x 3.
    assert len(places(MIXTRAL_8X7B)) == 3 + 32 * (4 + 2 + 1 + 24) == 995


@KINDS
@pytest.mark.parametrize("large", [0, 10**9], ids=["drafted on meta", "drafted on the CPU"])
def test_from_hf_copies(config, large, monkeypatch):
    monkeypatch.setattr(hf_weights, "LARGE", large)
    model = Mixtral(config)
    tensors = {name: tensor.clone() for name, tensor in to_hf(model).items()}
    before = torch.get_rng_state()
    other = from_hf(tensors, config)
    assert torch.equal(torch.get_rng_state(), before), "loading drew random numbers"
    assert same_weights(model, other)
    with torch.no_grad():
        for weight in other.parameters():
            weight.zero_()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in to_hf(model).items())
    assert all(weight.requires_grad for weight in other.parameters())


# Configuration


@pytest.mark.parametrize("config", [MIXTRAL_8X7B, MISTRAL_7B, SMALL, TINY, DENSE, ODD])
def test_config_there_and_back(config):
    assert config_from_hf(json.loads(json.dumps(config_to_hf(config)))) == config


def test_config_as_first_published():
    """Before transformers 5: no head_dim, no rope_parameters."""
    fields = config_to_hf(MIXTRAL_8X7B) | {"rope_scaling": None, "torch_dtype": "bfloat16"}
    del fields["head_dim"], fields["rope_parameters"]
    assert config_from_hf(fields) == MIXTRAL_8X7B
    assert config_from_hf(fields | {"head_dim": None}) == MIXTRAL_8X7B


WRONG_CONFIGS = [
    ({"model_type": "llama"}, "model_type is 'llama': allowed are 'mixtral' and 'mistral'"),
    ({"model_type": "absent"}, "model_type is None"),
    ({"num_experts_per_tok": 5}, "top_k is 5: it cannot exceed num_experts 4"),
    ({"num_local_experts": 1}, "num_local_experts is 1"),
    ({"num_attention_heads": 3}, "n_heads is 3: it must be a multiple of n_kv_heads 2"),
    ({"hidden_size": "absent", "vocab_size": "absent"}, "lacks hidden_size, vocab_size"),
    ({"hidden_size": "32"}, "hidden_size is '32': it must be a number"),
    ({"hidden_size": 32.5}, "dim is 32.5"),
    ({"num_hidden_layers": None}, "num_hidden_layers is None"),
    ({"head_dim": 7}, "head_dim is 7"),
    ({"head_dim": None, "hidden_size": 33}, "hidden_size 33 is no multiple of 4 heads"),
    ({"head_dim": None, "num_attention_heads": 0}, "no multiple of 0 heads"),
    ({"rope_theta": 5.0}, r"rope_theta and rope_parameters say \[5.0, 1000000.0\]"),
    ({"rope_theta": "absent", "rope_parameters": None}, r"say \[\]"),
    ({"rope_theta": "x", "rope_parameters": None}, "rope_theta is 'x'"),
    ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "rope_scaling is"),
    ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e6}}, "rope_type 'default'"),
    ({"rope_parameters": {"rope_theta": 1e6, "partial_rotary_factor": 0.5}}, "partial_rotary"),
    ({"attention_bias": True}, "attention_bias is True: only False is supported"),
    ({"hidden_act": "gelu"}, "hidden_act is 'gelu': only 'silu' is supported"),
    ({"quantization_config": {"bits": 4}}, "quantization_config"),
    ({"sliding_window": 0}, "window is 0"),
    ({"rms_norm_eps": 0.0}, "norm_eps 0.0"),
]


@pytest.mark.parametrize("changes, message", WRONG_CONFIGS, ids=lambda x: str(x)[:40])
def test_a_wrong_config_is_named(saved, changes, message):
    edit_config(saved, **changes)
    with pytest.raises(ValueError, match=message) as caught:
        load(saved)
    assert str(saved) in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "\x80"])
def test_a_config_that_is_no_json_object(saved, text):
    (saved / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"config\.json (is not JSON|holds a list)"):
        load(saved)


# Folders there and back


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


# Faults in the weights


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


# Whole or not at all


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

folder, number, met = sys.argv[1], 0, 0
parts = ["training/state.safetensors.tmp", "model.safetensors.tmp", "."]  # "." is always there
for kill in range(12):
    write(folder, number)
    child = os.fork()
    if child == 0:
        while True:
            number += 1
            write(folder, number)
    while not pathlib.Path(folder, parts[kill % 3]).exists():
        time.sleep(0)
    time.sleep(kill * 0.001)
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


# Going on where a run stopped


def make_run(optimizer_class=torch.optim.AdamW, config=TINY):
    torch.manual_seed(3)
    model = Mixtral(config)
    weights = list(model.parameters())
    groups = [
        {"params": [w for w in weights if w.dim() > 1], "weight_decay": 0.1},
        {"params": [w for w in weights if w.dim() < 2], "weight_decay": 0.0},
    ]
    return model, optimizer_class(groups, lr=1e-2)


def advance(model, optimizer, steps):
    """Train on inputs that come from torch's own generator."""
    losses = []
    for _ in range(steps):
        id_BS = torch.randint(TINY.vocab_size, (2, 8))
        loss = model(id_BS).logits_BSV.logsumexp(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        optimizer.param_groups[0]["lr"] *= 0.9
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("stopped_after", [0, 2])
@KINDS
def test_a_resumed_run_equals_an_unbroken_one(config, stopped_after, tmp_path):
    model, optimizer = make_run(config=config)
    advance(model, optimizer, stopped_after)
    resume.save_state(tmp_path, model, optimizer, {"step": stopped_after, "history": [0.1, 1 / 3]})
    unbroken = advance(model, optimizer, 3)

    other, resumed = make_run(config=config)
    advance(other, resumed, 1)
    numbers = resume.load_state(tmp_path, other, resumed)
    assert numbers == {"step": stopped_after, "history": [0.1, 1 / 3]}
    assert advance(other, resumed, 3) == unbroken
    assert same_weights(model, other)
    assert optimizer.param_groups[0]["lr"] == resumed.param_groups[0]["lr"]
    assert resumed.param_groups[1]["betas"] == (0.9, 0.999)


def test_the_state_lies_apart_from_the_model(tmp_path):
    """vLLM and others read every *.safetensors that lies beside config.json."""
    model, optimizer = make_run()
    assert not resume.has_state(tmp_path)
    save(tmp_path, model)
    resume.save_state(tmp_path, model, optimizer, {})
    assert resume.has_state(tmp_path)
    assert [path.name for path in tmp_path.glob("*.safetensors")] == ["model.safetensors"]


def test_a_state_of_another_run_is_refused_and_nothing_changes(tmp_path):
    model, optimizer = make_run()
    resume.save_state(tmp_path, model, optimizer, {})
    other_model, other_optimizer = make_run(config=replace(TINY, hidden_dim=40))
    before = {name: weight.clone() for name, weight in other_model.state_dict().items()}
    with pytest.raises(ValueError, match=r"4 of the wrong shape: .*, must be \(4, 2, 40, 32\)"):
        resume.load_state(tmp_path, other_model, other_optimizer)
    assert all(torch.equal(before[n], weight) for n, weight in other_model.state_dict().items())
    with pytest.raises(ValueError, match="the optimizer is AdamW, not SGD"):
        resume.load_state(tmp_path, *make_run(torch.optim.SGD))
    one_group = torch.optim.AdamW(model.parameters())
    with pytest.raises(ValueError, match=r"groups of \[\d+, \d+\] parameters are not ours, of"):
        resume.load_state(tmp_path, model, one_group)


def test_a_damaged_state_is_named(tmp_path):
    model, optimizer = make_run()
    with pytest.raises(FileNotFoundError, match="no state was saved here"):
        resume.load_state(tmp_path, model, optimizer)
    resume.save_state(tmp_path, model, optimizer, {})
    path = tmp_path / resume.STATE
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    with pytest.raises(ValueError, match="is not a whole safetensors file"):
        resume.load_state(tmp_path, model, optimizer)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="this is no training state"):
        resume.load_state(tmp_path, model, optimizer)


def test_numbers_that_json_cannot_hold(tmp_path):
    model, optimizer = make_run()
    resume.save_state(tmp_path, model, optimizer, {"step": 1})
    with pytest.raises(TypeError, match="Tensor is not JSON serializable"):
        resume.save_state(tmp_path, model, optimizer, {"step": torch.zeros(1)})
    assert resume.load_state(tmp_path, model, optimizer) == {"step": 1}


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_other_optimizers(name, tmp_path):
    model, optimizer = make_run(getattr(torch.optim, name))
    advance(model, optimizer, 2)
    resume.save_state(tmp_path, model, optimizer, {})
    expected = advance(model, optimizer, 2)
    other, resumed = make_run(getattr(torch.optim, name))
    resume.load_state(tmp_path, other, resumed)
    assert advance(other, resumed, 2) == expected


def test_nothing_but_safetensors_and_json_is_written(tmp_path):
    model, optimizer = make_run()
    save(tmp_path, model, train_tokenizer(["low"], vocab_size=262))
    resume.save_state(tmp_path, model, optimizer, {})
    suffixes = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert suffixes == {".safetensors", ".json"}
