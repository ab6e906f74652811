"""A model's numbers, and what they imply."""

import dataclasses
from dataclasses import replace

import pytest
import torch

from moe_lesson.models.config import MISTRAL_7B, MIXTRAL_8X7B, SMALL, TINY, Config
from moe_lesson.models.mixtral import Mixtral

PRESETS = {"mixtral": MIXTRAL_8X7B, "mistral": MISTRAL_7B, "small": SMALL, "tiny": TINY}


def on_meta(config):
    """A real module whose tensors have shapes and no memory."""
    with torch.device("meta"):
        return Mixtral(config)


def size(parameters):
    return sum(weight.numel() for weight in parameters)


@pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS)
@pytest.mark.parametrize("tied", [False, True])
def test_total_parameters_are_those_of_a_real_module(config, tied):
    config = replace(config, tied=tied)
    assert size(on_meta(config).parameters()) == config.total_parameters


def test_both_numbers_of_mixtral():
    """46.7B in all, 12.9B used by a token: from the formula and from a module's tensors."""
    assert MIXTRAL_8X7B.total_parameters == 46_702_792_704
    assert MIXTRAL_8X7B.active_parameters == 12_879_925_248
    model = on_meta(MIXTRAL_8X7B)
    experts = sum(size(block.feed_forward.experts.parameters()) for block in model.blocks)
    assert experts == 45_097_156_608
    others = size(model.parameters()) - experts
    assert others + experts * MIXTRAL_8X7B.top_k // MIXTRAL_8X7B.num_experts == 12_879_925_248


def test_the_parts_of_mixtral():
    """Worked out from Table 1: 2 * 4096 * 4096 + 2 * 4096 * 1024, and 3 * 4096 * 14336."""
    block = on_meta(MIXTRAL_8X7B).blocks[0]
    assert size(block.attention.parameters()) == MIXTRAL_8X7B.attention_parameters == 41_943_040
    assert MIXTRAL_8X7B.expert_parameters == 176_160_768
    assert size(block.feed_forward.router.parameters()) == MIXTRAL_8X7B.router_parameters == 32_768
    assert MIXTRAL_8X7B.embedding_parameters == 262_144_000


def test_mixtral_is_not_eight_mistrals():
    """The identity of the ledger: Mistral 7B, seven more experts a layer, and the routers."""
    assert MISTRAL_7B.total_parameters == MISTRAL_7B.active_parameters == 7_241_732_096
    more = 7 * 32 * 176_160_768 + 1_048_576
    assert MIXTRAL_8X7B.total_parameters == MISTRAL_7B.total_parameters + more
    assert 8 * MISTRAL_7B.total_parameters == 57_933_856_768


def test_bytes():
    assert MIXTRAL_8X7B.bytes_at(torch.bfloat16) == 93_405_585_408
    assert MIXTRAL_8X7B.bytes_at(torch.float32) == 4 * 46_702_792_704
    assert MIXTRAL_8X7B.bytes_at(4) == 46_702_792_704 // 2
    assert MIXTRAL_8X7B.bytes_at(torch.bfloat16) / 2**30 == pytest.approx(86.99, abs=0.005)


def test_cache_bytes_are_those_of_a_real_cache():
    """131,072 bytes a token in bfloat16 for Mixtral: 4 GiB at 32,768 positions."""
    assert MIXTRAL_8X7B.cache_bytes_per_token(torch.bfloat16) * 32_768 == 4 * 2**30
    cache = Mixtral(TINY)(torch.zeros(1, 5, dtype=torch.long)).cache
    held = sum(t.numel() * t.element_size() for layer in cache.layers for t in layer)
    assert held == 5 * TINY.cache_bytes_per_token(torch.float32)


def test_operations_by_hand():
    """TINY: two per weight used but the looked-up embedding, and 4 * L * H * A per position."""
    weights = 2 * (2 * 32 * 8 * 6 + 32 * 4 + 2 * 32 + 2 * 3 * 32 * 48) + 32 + 32 * 320
    assert TINY.operations_per_token() == 2 * weights
    assert TINY.operations_per_token(10) - TINY.operations_per_token() == 4 * 2 * 4 * 8 * 10
    tied = replace(TINY, tied=True)
    assert tied.operations_per_token() == TINY.operations_per_token()


def test_a_window_bounds_the_operations():
    """Mistral 7B attends to 4,096 positions at most, however long the text."""
    far, farther = (MISTRAL_7B.operations_per_token(n) for n in (4096, 8192))
    assert far == farther > MISTRAL_7B.operations_per_token(4095)


def test_a_config_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TINY.dim = 64


POSITIVE = (
    "dim n_layers head_dim hidden_dim n_heads n_kv_heads context_len vocab_size num_experts top_k"
).split()


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("value", [0, -1, 2.0, True, "2", None])
def test_sizes_are_whole_numbers(name, value):
    message = f"{name} is {value!r}: it must be a whole number, 1 or more"
    with pytest.raises(ValueError, match=message):
        replace(TINY, **{name: value})


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"top_k": 5}, "top_k is 5: it cannot exceed num_experts 4"),
        ({"n_kv_heads": 3}, "n_heads is 4: it must be a multiple of n_kv_heads 3"),
        ({"n_heads": 1}, "n_heads is 1: it must be a multiple of n_kv_heads 2"),
        ({"head_dim": 7}, "head_dim is 7: rotary positions need an even number"),
        ({"window": 0}, "window is 0: it must be None, or a whole number, 1 or more"),
        ({"window": 2.5}, "window is 2.5"),
        ({"norm_eps": float("nan")}, "norm_eps nan: must exceed 0"),
        ({"rope_theta": "1e6"}, "rope_theta 1e6, norm_eps 1e-05: must exceed 0"),
        ({"window": -4}, "window is -4"),
        ({"rope_theta": 0.0}, "rope_theta 0.0, norm_eps 1e-05: must exceed 0"),
        ({"norm_eps": -1e-5}, "rope_theta 1000000.0, norm_eps -1e-05: must exceed 0"),
    ],
)
def test_contradictions_are_refused_with_both_numbers(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY, **changes)


def test_a_dense_model_needs_no_mention_of_experts():
    attention = {"head_dim": 4, "n_heads": 2, "n_kv_heads": 1}
    dense = Config(8, 1, hidden_dim=8, context_len=8, vocab_size=16, **attention)
    assert dense.num_experts == dense.top_k == 1 and dense.router_parameters == 0
    assert dense.total_parameters == dense.active_parameters
