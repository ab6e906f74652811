"""The configuration on disk, ours and as published."""

import json

import pytest

from moe_lesson.checkpoints.folder import load
from moe_lesson.checkpoints.hf_config import config_from_hf, config_to_hf
from moe_lesson.models.config import MISTRAL_7B, MIXTRAL_8X7B, SMALL, TINY
from tests.checkpoints.kinds import DENSE, ODD, edit_config


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
