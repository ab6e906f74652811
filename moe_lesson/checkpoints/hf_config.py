"""Hugging Face's words for a model's sizes, in both directions."""

from moe_lesson.models.config import Config

# Our word: theirs (MixtralConfig, MistralConfig).
FIELDS = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "head_dim": "head_dim",
    "hidden_dim": "intermediate_size",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "context_len": "max_position_embeddings",
    "vocab_size": "vocab_size",
    "num_experts": "num_local_experts",
    "top_k": "num_experts_per_tok",
    "rope_theta": "rope_theta",
    "norm_eps": "rms_norm_eps",
    "window": "sliding_window",
    "tied": "tie_word_embeddings",
}
LARGEST = 2**31 - 1  # of a size or an id
SPARSE_ONLY = ("num_local_experts", "num_experts_per_tok")
# What they can switch on and our model does not have, with the only value it can stand for.
FIXED = {
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
    "rope_scaling": None,
    "quantization_config": None,
}


def config_to_hf(config):
    """Write a Config as the fields of MixtralConfig; one expert: of MistralConfig.

    transformers 5 reads the rotary base from ``rope_parameters``, older readers from
    ``rope_theta``: both are written.

    >>> from moe_lesson.models.config import MIXTRAL_8X7B
    >>> config_to_hf(MIXTRAL_8X7B)["num_local_experts"]
    8

    Lesson 13.
    """
    sparse = config.num_experts > 1
    fields = {
        "architectures": ["MixtralForCausalLM" if sparse else "MistralForCausalLM"],
        "model_type": "mixtral" if sparse else "mistral",
        "hidden_act": "silu",
        "attention_dropout": 0.0,
        "initializer_range": 0.02,
        "use_cache": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
    }
    fields |= {theirs: getattr(config, ours) for ours, theirs in FIELDS.items()}
    if sparse:
        return fields | {"output_router_logits": False, "router_aux_loss_coef": 0.001}
    return {name: value for name, value in fields.items() if name not in SPARSE_ONLY}


def config_from_hf(fields):
    """Read a Config from the fields of a Mixtral or Mistral ``config.json``.

    Dropout, router noise and the loss's coefficient belong to training and are passed over.

    Raises:
        ValueError: another kind of model, a feature ours lacks, a field that is missing or
            no number, or fields that contradict one another.

    >>> from moe_lesson.models.config import MIXTRAL_8X7B
    >>> config_from_hf(config_to_hf(MIXTRAL_8X7B)) == MIXTRAL_8X7B
    True

    Lesson 13.
    """
    kind = fields.get("model_type")
    if kind not in ("mixtral", "mistral"):
        raise ValueError(f"model_type is {kind!r}: allowed are 'mixtral' and 'mistral'")
    for name, value in FIXED.items():
        if fields.get(name, value) != value:
            raise ValueError(f"{name} is {fields[name]!r}: only {value!r} is supported")
    fields = fields | {"rope_theta": _rope_theta(fields)}
    if kind == "mistral":
        fields = fields | dict.fromkeys(SPARSE_ONLY, 1)
    elif fields.get("num_local_experts") == 1:
        raise ValueError("num_local_experts is 1: a mixtral has 2 or more, one is a mistral")
    _check_numbers(fields)
    if fields.get("head_dim") is None:
        dim, heads = fields["hidden_size"], fields["num_attention_heads"]
        if heads < 1 or dim % heads:
            raise ValueError(f"no head_dim, and hidden_size {dim} is no multiple of {heads} heads")
        fields = fields | {"head_dim": dim // heads}
    return Config(**{ours: fields[theirs] for ours, theirs in FIELDS.items()})


def _rope_theta(fields):
    """Find the rotary base in either place; refuse scaled positions and two answers."""
    rope = fields.get("rope_parameters") or {}
    if not isinstance(rope, dict):
        raise ValueError(f"rope_parameters are {rope!r}: they must be an object")
    scaled = {name: value for name, value in rope.items() if name != "rope_theta"}
    if scaled not in ({}, {"rope_type": "default"}):
        raise ValueError(f"rope_parameters hold {scaled}: only rope_type 'default' is supported")
    found = [f["rope_theta"] for f in (fields, rope) if f.get("rope_theta") is not None]
    if not found or found[0] != found[-1]:
        raise ValueError(f"rope_theta and rope_parameters say {found}: it must be one number")
    return found[0]


def _check_numbers(fields):
    """Refuse missing fields and words where numbers belong; two fields may be null."""
    names = [name for name in FIELDS.values() if name != "head_dim"]
    if missing := [name for name in names if name not in fields]:
        raise ValueError(f"the config lacks {', '.join(missing)}")
    for name in names:
        value = fields[name]
        if name == "tie_word_embeddings":
            if not isinstance(value, bool):
                raise ValueError(f"{name} is {value!r}: it must be true or false")
        elif type(value) not in (int, float) and (name, value) != ("sliding_window", None):
            raise ValueError(f"{name} is {value!r}: it must be a number")
        elif value is not None and value > LARGEST:
            raise ValueError(f"{name} is {str(value)[:20]}: it must be at most {LARGEST}")
