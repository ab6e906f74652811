"""A real model of the hub in the course's own classes: Granite's four factors, multiplied in."""

import math
from pathlib import Path

import torch
from tokenizers import Tokenizer

from moe_lesson.checkpoints.files import read_object, read_tensors
from moe_lesson.checkpoints.folder import CONFIG, TOKENIZER, WEIGHTS
from moe_lesson.checkpoints.hf_config import config_from_hf
from moe_lesson.checkpoints.hf_weights import from_hf
from moe_lesson.text.downloads import Unavailable

NAME = "ibm-granite/granite-3.0-1b-a400m-base"
FILES = [CONFIG, WEIGHTS, TOKENIZER]  # no pickle is ever asked for
FACTORS = "embedding_multiplier attention_multiplier residual_multiplier logits_scaling".split()
# What is called otherwise in Mixtral's files. Experts are stacked in Granite's.
MOE = "block_sparse_moe."
GATE_UP, DOWN = f"{MOE}input_linear.weight", f"{MOE}output_linear.weight"
# A Granite that fits into a test: the fields of transformers' GraniteMoeConfig.
TINY = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_local_experts": 8,
    "num_experts_per_tok": 3,
    "max_position_embeddings": 64,
    "vocab_size": 320,
    "tie_word_embeddings": True,
    "initializer_range": 0.2,
    "embedding_multiplier": 12.0,
    "attention_multiplier": 0.1,
    "residual_multiplier": 0.22,
    "logits_scaling": 6.0,
}


def mixtral_names(tensors):
    """Give Granite's weights the names of Mixtral's; nothing is copied.

    Args:
        tensors: their name -> tensor, as in ``model.safetensors``.

    Returns:
        Mixtral's name -> tensor. The output layer is the embedding where none is stored.

    >>> stack = {"model.layers.0.block_sparse_moe.input_linear.weight": torch.zeros(1, 6, 2)}
    >>> stack["model.embed_tokens.weight"] = torch.zeros(4, 2)
    >>> mixtral_names(stack)["model.layers.0.block_sparse_moe.experts.0.w3.weight"].shape
    torch.Size([3, 2])

    Lesson 8.
    """
    found = {}
    for name, tensor in tensors.items():
        if name.endswith((GATE_UP, DOWN)):
            experts = f"{name.partition(MOE)[0]}{MOE}experts."
            parts = {"w2": tensor}
            if name.endswith(GATE_UP):
                parts = dict(zip(("w1", "w3"), tensor.chunk(2, 1)))
            for part, stacked in parts.items():
                found |= {f"{experts}{e}.{part}.weight": one for e, one in enumerate(stacked)}
        else:
            found[name.replace(f"{MOE}router.layer.", f"{MOE}gate.")] = tensor
    if "model.embed_tokens.weight" in found:
        found.setdefault("lm_head.weight", found["model.embed_tokens.weight"])
    return found


def fold(model, fields):
    """Multiply Granite's four factors into the weights: what is left is a Mixtral.

    Granite scales the embedding, the product of query and key (in the place of 1 / sqrt(A)),
    what attention and experts add to the residual, and the logits (IBM's Granite 3.0, as
    transformers' GraniteMoe computes it). Each stands beside a matrix that can hold it.

    Args:
        model: a Mixtral whose output layer is not tied; changed in place.
        fields: of Granite's ``config.json``.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> model = Mixtral(TINY)
    >>> before = model.embed.weight.clone()
    >>> fold(model, dict.fromkeys(FACTORS, 2.0))
    >>> torch.equal(model.embed.weight, 2 * before)
    True

    Lesson 8.
    """
    embedding, attention, residual, logits = (fields[name] for name in FACTORS)
    with torch.no_grad():
        model.embed.weight *= embedding
        model.unembed.weight /= logits
        for block in model.blocks:
            block.attention.query.weight *= attention * math.sqrt(model.config.head_dim)
            block.attention.output.weight *= residual
            block.feed_forward.experts.down_EDF *= residual


def read_granite(folder, dtype=None):
    """Read a Granite of the kind "granitemoe" as a Mixtral.

    Args:
        folder: with ``config.json`` and ``model.safetensors``, perhaps ``tokenizer.json``.
        dtype: of the weights in memory; None: as on disk.

    Returns:
        A Mixtral in evaluation mode, on the CPU; its ``tokenizers.Tokenizer``, or None.

    Raises:
        OSError: a file is missing.
        ValueError: the model is of another kind, a factor is missing or no number above 0, or
            as ``checkpoints.folder.load`` for its weights.

    >>> read_granite("absent")
    Traceback (most recent call last):
    FileNotFoundError: absent/config.json: there is no such file

    Lesson 8.
    """
    folder = Path(folder)
    config, weights, words = (folder / name for name in FILES)
    fields = read_object(config)
    if fields.get("model_type") != "granitemoe":
        raise ValueError(f"model_type is {fields.get('model_type')!r}: allowed is 'granitemoe'")
    for name in FACTORS:
        if not isinstance(fields.get(name), (int, float)) or not fields[name] > 0:
            raise ValueError(f"{name} is {fields.get(name)!r}: it must be a number above 0")
    ours = fields | {"model_type": "mixtral", "sliding_window": None, "tie_word_embeddings": False}
    tensors = mixtral_names(read_tensors(weights)[0])
    model = from_hf(tensors, config_from_hf(ours), dtype=dtype)
    fold(model, fields)
    return model.eval(), Tokenizer.from_file(str(words)) if words.exists() else None


def granite(download=False, endpoint=None, cache=None):
    """Open IBM's Granite 3.0 1B-A400M, a Mixtral of 32 experts of which a token visits eight.

    Args:
        download: whether 2.7 GB may be fetched from Hugging Face, once; they are kept in its
            own cache. Without it, only what is there already is opened.
        endpoint: another hub; None: the one that ``HF_ENDPOINT`` names, or Hugging Face.
        cache: another folder for what is fetched.

    Returns:
        As ``read_granite``, in bfloat16: 2.8 GB of memory, twice that while it is read.

    Raises:
        Unavailable: it is not here and may not be fetched, or the hub does not hand it out.

    >>> granite(cache="/nowhere")
    Traceback (most recent call last):
    moe_lesson.text.downloads.Unavailable: Granite 3.0 1B-A400M is not on this computer: \
download=True fetches 2.7 GB, once

    Lesson 8.
    """
    import huggingface_hub as hub
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    where = {"endpoint": endpoint, "cache_dir": cache, "local_files_only": not download}
    try:
        folder = hub.snapshot_download(NAME, allow_patterns=FILES, **where)
    except (LocalEntryNotFoundError, HfHubHTTPError) as error:
        why = "the hub does not hand it out" if download else "download=True fetches 2.7 GB, once"
        raise Unavailable(f"Granite 3.0 1B-A400M is not on this computer: {why}") from error
    return read_granite(folder, torch.bfloat16)
