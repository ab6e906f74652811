"""Hugging Face's names for a model's weights, in both directions.

One table says where each of their tensors lies in ours; reading and writing both follow it.
"""

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

    Args:
        dtype: None keeps the embedding's.

    Raises:
        ValueError: tensors are missing, surplus or of the wrong shape; all are named.

    >>> from moe_lesson.models.config import TINY
    >>> model = Mixtral(TINY)
    >>> torch.equal(from_hf(to_hf(model), TINY).embed.weight, model.embed.weight)
    True

    Lesson 13.
    """
    table = places(config)
    # On the meta device nothing is drawn or stored, but its first use imports for 2 seconds.
    device_of_draft = "meta" if config.total_parameters > LARGE else "cpu"
    with torch.random.fork_rng(devices=[]), torch.device(device_of_draft):
        model = Mixtral(config)
    state = model.state_dict()
    shapes = {name: state[ours][index].shape for name, (ours, index) in table.items()}
    check_tensors(tensors, shapes)
    model = model.to(dtype or tensors["model.embed_tokens.weight"].dtype)
    state = model.to_empty(device=device or "cpu").state_dict()
    for name, (ours, index) in table.items():
        state[ours][index].copy_(tensors[name])
    return model
