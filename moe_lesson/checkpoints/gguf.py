"""A model as one GGUF file, which llama.cpp and what is built on it open.

By the package ``gguf``, which knows what llama.cpp calls Hugging Face's tensors.
"""

import json
import re
from collections import defaultdict

import torch

from moe_lesson.checkpoints.chat_template import TEMPLATE
from moe_lesson.checkpoints.files import replacing
from moe_lesson.checkpoints.hf_weights import cast, to_hf
from moe_lesson.text.tokenizer import END, SPECIAL, START

GGUF = "model.gguf"
KINDS = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
# Our word for a size, and that of its writer.
SIZES = """
dim embedding_length, n_layers block_count, hidden_dim feed_forward_length, n_heads head_count,
n_kv_heads head_count_kv, head_dim key_length, head_dim value_length, head_dim rope_dimension_count,
context_len context_length, vocab_size vocab_size, rope_theta rope_freq_base,
norm_eps layer_norm_rms_eps, num_experts expert_count, top_k expert_used_count
"""
# What cuts a text as GPT-2 does, in a tokenizer.json.
CUT = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}


def to_gguf(model):
    """Name and arrange a Mixtral's weights as llama.cpp does.

    Experts are stacked. llama.cpp turns neighbours in a head as a pair, ours (and Hugging
    Face's) number i with number i + A/2: the rows of query and key take its order.

    Returns:
        Their name -> tensor, as NumPy orders dimensions; GGUF itself counts from the last.

    Raises:
        ModuleNotFoundError: the extra "export" is not installed.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> to_gguf(Mixtral(TINY))["blk.1.ffn_up_exps.weight"].shape
    torch.Size([4, 48, 32])

    Lesson 13.
    """
    gguf, config = _library(), model.config
    theirs = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.n_layers)
    heads = {"q_proj": config.n_heads, "k_proj": config.n_kv_heads}
    parts = defaultdict(list)
    for name, tensor in to_hf(model).items():
        if (projection := name.split(".")[-2]) in heads:
            halves = tensor.unflatten(0, (heads[projection], 2, -1))
            tensor = halves.transpose(1, 2).flatten(0, 2)
        stack = re.sub(r"experts\.\d+", "experts", name)
        parts[theirs.get_name(stack, (".weight",))].append(tensor)
    return {name: torch.stack(f) if "_exps" in name else f[0] for name, f in parts.items()}


def _library():
    try:
        import gguf
    except ModuleNotFoundError as error:
        fault = 'GGUF needs the package gguf: pip install -e ".[export]"'
        raise ModuleNotFoundError(fault) from error
    return gguf


def write_gguf(path, model, tokenizer, dtype=torch.float32):
    """Write a Mixtral, its tokenizer and its chat template as one file, whole or not at all.

    The architecture is "llama", which has experts if it is told how many. Norms and routers
    stay float32, whatever the ``dtype``: they are few.

    Raises:
        ModuleNotFoundError: the extra "export" is not installed.
        ValueError: llama.cpp has no word for it: a window shorter than the context, another
            ``dtype`` than float32, float16 and bfloat16, a tokenizer that is not byte-level
            as ours is; a weight is too large for the ``dtype``.

    >>> import pathlib, tempfile
    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> path = pathlib.Path(tempfile.mkdtemp(), GGUF)
    >>> write_gguf(path, Mixtral(TINY), train_tokenizer(["ab"], vocab_size=260))
    >>> path.read_bytes()[:4]
    b'GGUF'

    Lesson 13.
    """
    gguf = _library()
    _check(model.config, tokenizer, dtype)
    with replacing(path) as temporary:
        writer = gguf.GGUFWriter(temporary, "llama")
        writer.add_name("moe-lesson")
        for ours, theirs in map(str.split, SIZES.split(",")):
            if ours not in ("num_experts", "top_k") or model.config.num_experts > 1:
                getattr(writer, f"add_{theirs}")(getattr(model.config, ours))
        _add_tokenizer(writer, tokenizer, model.config.vocab_size, gguf.TokenType)
        for name, tensor in to_gguf(model).items():
            few = tensor.ndim == 1 or "gate_inp" in name
            stored = cast(name, tensor, torch.float32 if few else dtype).cpu().contiguous()
            kind = gguf.GGMLQuantizationType[KINDS[stored.dtype]]
            writer.add_tensor(name, stored.view(torch.uint8).numpy(), raw_dtype=kind)
        for write in ("header", "kv_data", "tensors"):
            getattr(writer, f"write_{write}_to_file")()
        writer.close()


def _check(config, tokenizer, dtype):
    """Refuse what llama.cpp would compute otherwise."""
    if dtype not in KINDS:
        raise ValueError(f"dtype is {dtype}: it must be one of {', '.join(map(str, KINDS))}")
    if (config.window or config.context_len) < config.context_len:
        found = f"the window is {config.window}, the context {config.context_len}"
        raise ValueError(f"{found}: a GGUF file of this kind has no window")
    parts = json.loads(tokenizer.to_str())
    cut = {name: (parts["pre_tokenizer"] or {}).get(name) for name in CUT}
    marks = [tokenizer.id_to_token(index) for index in range(len(SPECIAL))]
    if parts["normalizer"] or cut != CUT or marks != SPECIAL:
        found = f"the tokenizer cuts by {cut} and begins with {marks}"
        raise ValueError(f"{found}: only train_tokenizer's kind can be written")


def _add_tokenizer(writer, tokenizer, size, types):
    """Write the tokens by number; numbers of the model that no token has are filled up."""
    names = [tokenizer.id_to_token(index) for index in range(size)]
    kinds = [types.UNUSED if name is None else types.NORMAL for name in names]
    for index, token in tokenizer.get_added_tokens_decoder().items():
        kinds[index] = types.CONTROL if token.special else types.USER_DEFINED
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([name or f"[PAD{index}]" for index, name in enumerate(names)])
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(START)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
