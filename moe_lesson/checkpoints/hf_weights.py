"""Hugging Face's names for a model's weights, in both directions.

One table says where each of their tensors lies in ours; reading and writing both follow it.
"""

import re

import torch

from moe_lesson.checkpoints.files import check_tensors
from moe_lesson.models.mixtral import Mixtral

BLOCK = {
    "input_layernorm.weight": "attention_norm.weight",
    "self_attn.q_proj.weight": "attention.query.weight",
    "self_attn.k_proj.weight": "attention.key.weight",
    "self_attn.v_proj.weight": "attention.value.weight",
    "self_attn.o_proj.weight": "attention.output.weight",
    "post_attention_layernorm.weight": "feed_forward_norm.weight",
}
LARGE = 100_000_000  # parameters
FLOATING = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# The rotary angles follow from the configuration; older writers stored them all the same.
FREQUENCIES = re.compile(r"model\.(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq")


def places(config):
    """Tell where each Hugging Face tensor lies in ours.

    Mixtral's w1, w3 and w2 are gate, up and down. Ours are stacked: over experts, and gate
    and up as a pair.

    Returns:
        Their name -> (our name, index into our tensor); () is all of it.

    >>> from moe_lesson.models.config import TINY
    >>> places(TINY)["model.layers.0.block_sparse_moe.experts.2.w3.weight"]
    ('blocks.0.feed_forward.experts.gate_up_EJFD', (2, 1))

    Lesson 13.
    """
    found = {"model.embed_tokens.weight": ("embed.weight", ())}
    for layer in range(config.n_layers):
        block = {theirs: (ours, ()) for theirs, ours in BLOCK.items()}
        for theirs, (ours, index) in (block | _feed_forward(config.num_experts)).items():
            found[f"model.layers.{layer}.{theirs}"] = (f"blocks.{layer}.{ours}", index)
    found["model.norm.weight"] = ("norm.weight", ())
    return found if config.tied else found | {"lm_head.weight": ("unembed.weight", ())}


def _feed_forward(num_experts):
    if num_experts == 1:
        return {
            "mlp.gate_proj.weight": ("feed_forward.gate_up_JFD", (0,)),
            "mlp.up_proj.weight": ("feed_forward.gate_up_JFD", (1,)),
            "mlp.down_proj.weight": ("feed_forward.down_DF", ()),
        }
    found = {"block_sparse_moe.gate.weight": ("feed_forward.router.score_ED", ())}
    for e in range(num_experts):
        expert = f"block_sparse_moe.experts.{e}"
        found[f"{expert}.w1.weight"] = ("feed_forward.experts.gate_up_EJFD", (e, 0))
        found[f"{expert}.w2.weight"] = ("feed_forward.experts.down_EDF", (e,))
        found[f"{expert}.w3.weight"] = ("feed_forward.experts.gate_up_EJFD", (e, 1))
    return found


def to_hf(model):
    """Name a Mixtral's weights as Hugging Face does.

    Returns:
        Their name -> tensor: views, without gradient, of the model's own memory.

    >>> from moe_lesson.models.config import TINY
    >>> to_hf(Mixtral(TINY))["model.layers.1.block_sparse_moe.gate.weight"].shape
    torch.Size([4, 32])

    Lesson 13.
    """
    state = model.state_dict()
    return {theirs: state[ours][index] for theirs, (ours, index) in places(model.config).items()}


def from_hf(tensors, config, device=None, dtype=None):
    """Build a Mixtral from weights under Hugging Face's names; they are copied.

    What says nothing new is passed over: stored rotary frequencies, and an output layer that
    equals the embedding it is tied to.

    Args:
        dtype: None keeps the embedding's.

    Raises:
        ValueError: tensors are missing, surplus, of the wrong shape or not floating point;
            all are named. A weight is too large for the ``dtype``.

    >>> from moe_lesson.models.config import TINY
    >>> model = Mixtral(TINY)
    >>> torch.equal(from_hf(to_hf(model), TINY).embed.weight, model.embed.weight)
    True

    Lesson 13.
    """
    tensors = _needed(tensors, config)
    _check_size(tensors, config)
    table = places(config)
    # On the meta device nothing is drawn or stored, but its first use imports for 2 seconds.
    fits = config.total_parameters == sum(tensor.numel() for tensor in tensors.values())
    device_of_draft = "cpu" if fits and config.total_parameters <= LARGE else "meta"
    with torch.random.fork_rng(devices=[]), torch.device(device_of_draft):
        model = Mixtral(config)
    state = model.state_dict()
    shapes = {name: state[ours][index].shape for name, (ours, index) in table.items()}
    check_tensors(tensors, shapes)
    dtype = dtype or tensors["model.embed_tokens.weight"].dtype
    state = model.to(dtype).to_empty(device=device or "cpu").state_dict()
    for name, (ours, index) in table.items():
        state[ours][index].copy_(_narrowed(name, tensors[name], dtype))
    return model


def _needed(tensors, config):
    """Leave redundant tensors out; refuse those that are no numbers to compute with."""
    found = {name: t for name, t in tensors.items() if not FREQUENCIES.fullmatch(name)}
    for name, tensor in found.items():
        if tensor.dtype not in FLOATING:
            allowed = ", ".join(str(one).removeprefix("torch.") for one in FLOATING)
            kind = str(tensor.dtype).removeprefix("torch.")
            raise ValueError(f"{name} is {kind}, quantised or no weight: allowed are {allowed}")
    embed, unembed = (found.get(n) for n in ("model.embed_tokens.weight", "lm_head.weight"))
    if config.tied and embed is not None and unembed is not None:
        if not torch.equal(embed, unembed):
            raise ValueError("lm_head.weight is not the embedding, as tie_word_embeddings says")
        del found["lm_head.weight"]
    return found


def _check_size(tensors, config):
    """Refuse a configuration far larger than its weights, before memory is taken for it."""
    experts = 1 + 3 * config.num_experts if config.num_experts > 1 else 3
    names = config.n_layers * (len(BLOCK) + experts)
    numbers = sum(tensor.numel() for tensor in tensors.values())
    if names > 2 * len(tensors) + 10_000 or config.total_parameters > 4 * numbers + LARGE:
        raise ValueError(
            f"the configuration is of a model with {config.total_parameters:,} parameters in "
            f"{names:,} tensors or more, the weights are {numbers:,} in {len(tensors):,}"
        )


def _narrowed(name, tensor, dtype):
    """Check what a dtype of smaller numbers than the tensor's own would make infinite."""
    if torch.finfo(dtype).max >= torch.finfo(tensor.dtype).max:
        return tensor
    return cast(name, tensor, dtype)


def cast(name, tensor, dtype=None):
    """Convert a weight; refuse numbers that are none, or too large for the dtype.

    Raises:
        ValueError: with the weight's name.

    >>> cast("norm", torch.tensor([1e6]), torch.float16)
    Traceback (most recent call last):
    ValueError: norm holds 1000000.0, too large for float16, which ends at 65504.0

    Lesson 13.
    """
    there = tensor.to(dtype or tensor.dtype)
    if there.isfinite().all():
        return there
    worst = tensor.flatten()[(~there.isfinite()).flatten().nonzero()[0]].item()
    if worst - worst != 0:
        raise ValueError(f"{name} holds {worst}: weights must be finite numbers")
    kind, most = str(there.dtype).removeprefix("torch."), torch.finfo(there.dtype).max
    raise ValueError(f"{name} holds {worst}, too large for {kind}, which ends at {most}")
