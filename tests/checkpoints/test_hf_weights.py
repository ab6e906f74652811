"""Names and numbers of the weights, ours and Hugging Face's."""

import pytest
import torch

from moe_lesson.checkpoints import hf_weights
from moe_lesson.checkpoints.hf_weights import from_hf, places, to_hf
from moe_lesson.models.config import MIXTRAL_8X7B, TINY
from moe_lesson.models.mixtral import Mixtral
from tests.checkpoints.kinds import KINDS, same_weights


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
