"""Going on where a run stopped."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from moe_lesson.checkpoints.folder import save
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import train_tokenizer
from moe_lesson.training import resume
from tests.checkpoints.kinds import KINDS, same_weights


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
