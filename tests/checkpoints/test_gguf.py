"""The GGUF file: read back by the package gguf, tensor by tensor and word by word."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from tokenizers import normalizers

gguf = pytest.importorskip("gguf", reason='needs the extra "export"')

from moe_lesson.checkpoints.chat_template import TEMPLATE
from moe_lesson.checkpoints.gguf import write_gguf
from moe_lesson.checkpoints.hf_weights import to_hf
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import train_tokenizer
from tests.checkpoints.kinds import DENSE, ODD

OPEN = replace(DENSE, window=None)
# Theirs: Hugging Face's, as llama.cpp's own documents have it.
NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
}
SPARSE = {"ffn_gate_exps": "w1", "ffn_down_exps": "w2", "ffn_up_exps": "w3"}
ONE = {"ffn_gate": "gate_proj", "ffn_down": "down_proj", "ffn_up": "up_proj"}


@pytest.fixture(scope="module")
def words():
    return train_tokenizer(["[INST] low lower lowest [/INST] é"] * 3, 290)


def filled(config):
    """Return a model in which no two weights are equal, norms neither."""
    model = Mixtral(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_()
    return model


def written(path, model, words, dtype=torch.float32):
    write_gguf(path / "model.gguf", model, words, dtype)
    return gguf.GGUFReader(path / "model.gguf")


def numbers(tensor):
    """Return a tensor of the file as float32, whatever it is stored as."""
    return torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy())


def in_halves(matrix, heads):
    """Undo the order of the rows: neighbours 2i and 2i + 1 of a head were i and i + A/2."""
    width = len(matrix) // heads
    rows = [
        head * width + 2 * (a % (width // 2)) + a // (width // 2)
        for head in range(heads)
        for a in range(width)
    ]
    return matrix[rows]


def expected(model):
    """Return their name -> weight in Hugging Face's order of rows, written out by hand."""
    config, ours = model.config, {n.removesuffix(".weight"): t for n, t in to_hf(model).items()}
    found = {"token_embd": ours["model.embed_tokens"], "output_norm": ours["model.norm"]}
    found |= {} if config.tied else {"output": ours["lm_head"]}
    for layer in range(config.n_layers):
        here, there = f"model.layers.{layer}.", f"blk.{layer}."
        found |= {there + theirs: ours[here + name] for theirs, name in NAMES.items()}
        if config.num_experts == 1:
            found |= {there + theirs: ours[f"{here}mlp.{name}"] for theirs, name in ONE.items()}
            continue
        moe = f"{here}block_sparse_moe."
        found[f"{there}ffn_gate_inp"] = ours[f"{moe}gate"]
        for theirs, name in SPARSE.items():
            each = [ours[f"{moe}experts.{e}.{name}"] for e in range(config.num_experts)]
            found[there + theirs] = torch.stack(each)
    return found


@pytest.mark.parametrize("config", [TINY, OPEN, ODD], ids=["sparse", "dense", "tied"])
def test_every_tensor_comes_back(config, words, tmp_path):
    model = filled(config)
    reader, wanted = written(tmp_path, model, words), expected(model)
    assert {t.name for t in reader.tensors} == {f"{name}.weight" for name in wanted}
    heads = {"attn_q": config.n_heads, "attn_k": config.n_kv_heads}
    for tensor in reader.tensors:
        found, name = numbers(tensor), tensor.name.removesuffix(".weight")
        if (part := name.split(".")[-1]) in heads:
            assert not torch.equal(found, wanted[name])
            found = in_halves(found, heads[part])
        assert torch.equal(found, wanted[name]), name
        assert tensor.shape.tolist() == list(wanted[name].shape)[::-1], name


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_norms_and_routers_stay_float32_in_a_narrow_file(dtype, words, tmp_path):
    model = filled(TINY)
    wide = {t.name: numbers(t) for t in written(tmp_path, model, words).tensors}
    size = (tmp_path / "model.gguf").stat().st_size
    reader = written(tmp_path, model, words, dtype)
    assert (tmp_path / "model.gguf").stat().st_size < 0.7 * size
    for tensor in reader.tensors:
        kept = "norm" in tensor.name or "gate_inp" in tensor.name
        assert (tensor.tensor_type.name == "F32") == kept, tensor.name
        exact = wide[tensor.name] if kept else wide[tensor.name].to(dtype).float()
        assert torch.equal(numbers(tensor), exact), tensor.name


def test_sizes_are_told(words, tmp_path):
    config = replace(TINY, head_dim=6, rope_theta=5e4, norm_eps=1e-6)
    reader = written(tmp_path, Mixtral(config), words)
    told = {name: field.contents() for name, field in reader.fields.items()}
    assert told["general.architecture"] == "llama"
    assert {n.removeprefix("llama."): v for n, v in told.items() if n.startswith("llama.")} == {
        "context_length": 64,
        "embedding_length": 32,
        "block_count": 2,
        "feed_forward_length": 48,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
        "attention.key_length": 6,
        "attention.value_length": 6,
        "attention.layer_norm_rms_epsilon": np.float32(1e-6),
        "rope.dimension_count": 6,
        "rope.freq_base": 5e4,
        "vocab_size": 320,
        "expert_count": 4,
        "expert_used_count": 2,
    }


def test_a_dense_model_has_no_experts_to_count(words, tmp_path):
    assert not [n for n in written(tmp_path, Mixtral(OPEN), words).fields if "expert" in n]


def test_the_tokenizer_is_told_token_by_token(words, tmp_path):
    reader = written(tmp_path, Mixtral(TINY), words)
    told = {name: field.contents() for name, field in reader.fields.items()}
    told = {n.removeprefix("tokenizer."): v for n, v in told.items() if n.startswith("tokenizer.")}
    names, entries = told["ggml.tokens"], words.get_vocab_size()
    assert (told["ggml.model"], told["ggml.pre"]) == ("gpt2", "gpt-2")
    assert names[:entries] == [words.id_to_token(i) for i in range(entries)]
    assert names[entries:] == [f"[PAD{i}]" for i in range(entries, 320)] and entries < 320
    control, normal, unused = 3, 1, 5
    assert told["ggml.token_type"] == (
        [control] * 3 + [normal] * (entries - 3) + [unused] * (320 - entries)
    )
    merges = json.loads(words.to_str())["model"]["merges"]
    assert told["ggml.merges"] == [f"{left} {right}" for left, right in merges] and merges
    assert (told["ggml.bos_token_id"], told["ggml.eos_token_id"]) == (1, 2)
    assert told["ggml.add_bos_token"] is False and told["chat_template"] == TEMPLATE


def other(words, change):
    changed = type(words).from_str(words.to_str())
    change(changed)
    return changed


def test_what_llama_cpp_would_compute_otherwise_is_refused(words, tmp_path):
    path, model = tmp_path / "model.gguf", Mixtral(TINY)
    with pytest.raises(ValueError, match="the window is 6, the context 64"):
        write_gguf(path, Mixtral(DENSE), words)
    with pytest.raises(ValueError, match="dtype is torch.float64: it must be one of torch.float32"):
        write_gguf(path, model, words, torch.float64)
    folds = other(words, lambda one: setattr(one, "normalizer", normalizers.NFC()))
    marks = type(words).from_str(words.to_str().replace("<s>", "[BOS]"))
    spaced = type(words).from_str(
        words.to_str().replace('"add_prefix_space":false', '"add_prefix_space":true')
    )
    for tokenizer in (folds, marks, spaced):
        with pytest.raises(ValueError, match="only train_tokenizer's kind can be written"):
            write_gguf(path, model, tokenizer)
    with torch.no_grad():
        model.blocks[0].attention.query.weight[0, 0] = 1e6
    with pytest.raises(ValueError, match="blk.0.attn_q.weight holds 1000000.0, too large for fl"):
        write_gguf(path, model, words, torch.float16)
    assert not list(tmp_path.iterdir())
