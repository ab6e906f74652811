"""Small models of every kind, and ways to change their folders."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from moe_lesson.models.config import TINY

DENSE = replace(TINY, num_experts=1, top_k=1, window=6)
ODD = replace(TINY, dim=24, head_dim=10, rope_theta=1e4, norm_eps=1e-6, tied=True, num_experts=3)
KINDS = pytest.mark.parametrize("config", [TINY, DENSE, ODD], ids=["sparse", "dense", "tied"])


def same_weights(ours, theirs):
    theirs = theirs.state_dict()
    return all(torch.equal(weight, theirs[name]) for name, weight in ours.state_dict().items())


def edit_config(folder, **changes):
    path = folder / "config.json"
    fields = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: v for name, v in fields.items() if v != "absent"}))


def edit_tensors(folder, change):
    tensors = {name: t.clone() for name, t in load_file(folder / "model.safetensors").items()}
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
