"""Folders that others made: marks, weights and files that are redundant, odd, or refused."""

import json
import os
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from moe_lesson.checkpoints.files import read_object
from moe_lesson.checkpoints.folder import load, save
from moe_lesson.checkpoints.hf_config import config_to_hf
from moe_lesson.checkpoints.hf_weights import from_hf, to_hf
from moe_lesson.inference.generate import complete
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trace import trace_text
from moe_lesson.text.tokenizer import train_tokenizer

NORM = "model.norm.weight"


@pytest.fixture
def words():
    return train_tokenizer(["low lower lowest"] * 3, 280)


@pytest.fixture
def whole(tmp_path, words):
    save(tmp_path, Mixtral(TINY), words)
    return tmp_path


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def weights(change=lambda tensors: None):
    tensors = {name: tensor.clone() for name, tensor in to_hf(Mixtral(TINY)).items()}
    change(tensors)
    return tensors


# JSON


FAULTS = [
    (b'{"a": 1, "a": 2}', "'a' stands twice"),
    (b'{"a": NaN}', "NaN is no finite number"),
    (b'{"a": -Infinity}', "-Infinity is no finite number"),
    (b'{"a": 1e999}', "1e999 is no finite number"),
    (b'{"a": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
    (b"[" * 100_000, "nested too deep"),
    (b'{"a": "\xff"}', "byte 7 is not UTF-8"),
    (b"", "Expecting value"),
    (b"[1]", "holds a list, must be a JSON object"),
    (b"null", "holds a NoneType, must be a JSON object"),
]


@pytest.mark.parametrize("data, message", FAULTS, ids=lambda x: str(x)[:30])
def test_a_fault_of_json_is_named_with_its_file(tmp_path, data, message):
    path = tmp_path / "some.json"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as caught:
        read_object(path)
    assert "some.json" in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone.json: there is no such file"):
        read_object(tmp_path / "gone.json")
    with pytest.raises(OSError, match="is no ordinary file"):
        read_object(tmp_path)


PARTS = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with a name")
@pytest.mark.parametrize("name", PARTS)
def test_a_pipe_or_a_folder_in_the_place_of_a_file_is_named_and_not_waited_for(whole, name):
    (whole / name).unlink()
    for make in (os.mkfifo, os.mkdir):
        make(whole / name)
        with pytest.raises(OSError, match=f"{name} is no ordinary file"):
            load(whole)
        (whole / name).rmdir() if make is os.mkdir else (whole / name).unlink()


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_every_object_of_a_model_is_read_with_care(whole, name):
    text = (whole / name).read_text().rstrip()
    (whole / name).write_text(text[:-1] + ', "twice": 1, "twice": 2}')
    with pytest.raises(ValueError, match=rf"{name} is not JSON: 'twice' stands twice"):
        load(whole)


@pytest.mark.parametrize("file", ["../a.safetensors", "/etc/passwd", "a/b", "..", "", 7, None])
def test_an_index_names_files_of_its_own_folder_alone(whole, file):
    (whole / "model.safetensors").rename(whole / "a.safetensors")
    index = {"weight_map": {"a": "a.safetensors", "b": file}}
    (whole / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match="b lies in .*, no file of this folder"):
        load(whole)


def test_an_index_without_a_table_is_named(whole):
    (whole / "model.safetensors").unlink()
    (whole / "model.safetensors.index.json").write_text('{"weight_map": []}')
    with pytest.raises(ValueError, match="holds a list as weight_map"):
        load(whole)


# Sizes


@pytest.mark.parametrize(
    "changes",
    [
        {"num_hidden_layers": 10**9},
        {"num_local_experts": 10**9},
        {"hidden_size": 2**30, "intermediate_size": 2**30, "vocab_size": 2**30},
    ],
    ids=str,
)
def test_sizes_beyond_the_weights_are_refused_before_anything_is_built(whole, changes, monkeypatch):
    edit(whole / "config.json", **changes)
    monkeypatch.setattr("moe_lesson.checkpoints.hf_weights.Mixtral", lambda config: 1 / 0)
    monkeypatch.setattr("moe_lesson.checkpoints.hf_weights.places", lambda config: 1 / 0)
    with pytest.raises(ValueError, match="the configuration is of a model with .* parameters"):
        load(whole)


@pytest.mark.parametrize("changes", [{"vocab_size": 10**6}, {"hidden_size": 2048}], ids=str)
def test_sizes_that_do_not_fit_the_weights_take_no_memory(whole, changes, monkeypatch):
    """Up to some hundred megabytes: too little to be refused by the sum of all numbers."""
    edit(whole / "config.json", **changes)
    real, made = Mixtral, []

    def build(config):
        made.append(real(config))
        return made[-1]

    monkeypatch.setattr("moe_lesson.checkpoints.hf_weights.Mixtral", build)
    with pytest.raises(ValueError, match=r"of the wrong shape: model\.embed_tokens\.weight"):
        load(whole)
    assert all(weight.is_meta for weight in made[0].parameters())


@pytest.mark.parametrize("name", ["rope_theta", "sliding_window", "rms_norm_eps"])
def test_true_is_no_number(whole, name):
    edit(whole / "config.json", **{"rope_parameters": None, name: True})
    with pytest.raises(ValueError, match=f"{name} is True: it must be a number"):
        load(whole)


@pytest.mark.parametrize("changes", [{"max_position_embeddings": 10**30}, {"rope_theta": 10**400}])
def test_numbers_beyond_any_size_are_named(whole, changes):
    edit(whole / "config.json", **({"rope_parameters": None} | changes))
    with pytest.raises(ValueError, match=f"{next(iter(changes))} is 10+.*at most 2147483647"):
        load(whole)


# Marks of start and end


def test_marks_may_stand_in_either_file_or_nowhere(whole):
    edit(whole / "config.json", bos_token_id=None, eos_token_id=[2])
    edit(whole / "tokenizer_config.json", bos_token={"content": "<s>"}, eos_token=None)
    assert load(whole)[1] is not None
    (whole / "tokenizer_config.json").unlink()
    edit(whole / "config.json", eos_token_id=None, pad_token_id=-1)
    assert load(whole)[1] is not None


@pytest.mark.parametrize(
    "file, changes, message",
    [
        ("config.json", {"bos_token_id": 0}, "bos_token_id is 0, must be 1 or null"),
        ("config.json", {"eos_token_id": [2, 7]}, r"eos_token_id is \[2, 7\], must be 2 or null"),
        ("config.json", {"eos_token_id": "x"}, "eos_token_id is 'x'"),
        ("tokenizer_config.json", {"bos_token": "<unk>"}, "bos_token .*has id 0, must have 1"),
        ("tokenizer_config.json", {"eos_token": {"content": "<end>"}}, "eos_token .*has id None"),
        ("tokenizer_config.json", {"eos_token": 2}, "eos_token .*has id None"),
    ],
)
def test_other_marks_than_ours_are_refused_with_what_was_found(whole, file, changes, message):
    edit(whole / file, **changes)
    with pytest.raises(ValueError, match=message):
        load(whole)


def test_an_older_file_of_marks_is_read_and_the_newer_one_counts_before_it(whole):
    (whole / "special_tokens_map.json").write_text('{"bos_token": {"content": "low"}}')
    assert load(whole)[1] is not None  # tokenizer_config.json says <s>
    (whole / "tokenizer_config.json").unlink()
    with pytest.raises(ValueError, match=r"bos_token 'low' has id \d+, must have 1"):
        load(whole)


def test_marks_of_other_names_need_a_file_that_says_so(whole):
    path = whole / "tokenizer.json"
    path.write_text(path.read_text().replace('"<s>"', '"[BOS]"').replace('"</s>"', '"[EOS]"'))
    edit(whole / "tokenizer_config.json", bos_token="[BOS]", eos_token="[EOS]")
    assert load(whole)[1].token_to_id("[EOS]") == 2
    (whole / "tokenizer_config.json").unlink()
    assert load(whole)[1].token_to_id("[EOS]") == 2  # config.json still says which
    edit(whole / "config.json", bos_token_id=None, eos_token_id=None)
    with pytest.raises(ValueError, match=r"id 1 is '\[BOS\]', must be <s>"):
        load(whole)


def test_an_id_beyond_the_models_is_refused(whole, words):
    text = words.to_str().replace('":100,', '":5000,')
    with pytest.raises(ValueError, match="has id 5000: the model's vocab_size is 320"):
        save(whole / "other", Mixtral(TINY), Tokenizer.from_str(text))
    assert not (whole / "other").exists()
    (whole / "tokenizer.json").write_text(text)
    with pytest.raises(ValueError, match="has id 5000: the model's vocab_size is 320"):
        load(whole)


def test_a_tokenizer_that_cuts_texts_is_not_saved_with_a_model(tmp_path, words):
    words.enable_truncation(4)
    with pytest.raises(ValueError, match="cuts texts after 4 tokens"):
        save(tmp_path / "new", Mixtral(TINY), words)
    assert not (tmp_path / "new").exists()


# Weights


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.float8_e4m3fn, torch.bool])
@pytest.mark.parametrize("part", ["", "experts", NORM])
def test_weights_that_are_no_floating_point_are_refused_by_name(whole, dtype, part):
    path = whole / "model.safetensors"
    tensors = {n: t.to(dtype) if part in n else t for n, t in load_file(path).items()}
    save_file(tensors, path)
    kind = str(dtype).removeprefix("torch.")
    with pytest.raises(ValueError, match=rf"{part}\S* is {kind}, quantised or no weight: allowed"):
        load(whole)


@pytest.mark.parametrize("name", ["model.layers.1.self_attn.rotary_emb", "model.rotary_emb"])
def test_stored_frequencies_are_passed_over(name):
    tensors = weights(lambda found: found.update({f"{name}.inv_freq": torch.ones(4)}))
    assert torch.equal(from_hf(tensors, TINY).norm.weight, tensors[NORM])


def test_an_output_layer_that_is_tied_may_be_stored_if_it_is_the_embedding():
    config = replace(TINY, tied=True)
    tensors = weights()
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    assert from_hf(tensors, config).config == config
    tensors["lm_head.weight"][0, 0] += 1
    with pytest.raises(ValueError, match="lm_head.weight is not the embedding"):
        from_hf(tensors, config)
    del tensors["model.embed_tokens.weight"]
    with pytest.raises(ValueError, match="1 missing: model.embed_tokens.weight"):
        from_hf(tensors, config)


@pytest.mark.parametrize(
    "value, dtype, message",
    [
        (float("nan"), None, "holds nan: weights must be finite"),
        (float("-inf"), torch.bfloat16, "holds -inf: weights must be finite"),
        (1e6, torch.float16, "holds 1000000.0, too large for float16, which ends at 65504.0"),
    ],
)
def test_what_is_no_number_on_disk_is_not_written(tmp_path, value, dtype, message):
    model = Mixtral(TINY)
    with torch.no_grad():
        model.norm.weight[3] = value
    with pytest.raises(ValueError, match=f"{NORM} {message}"):
        save(tmp_path / "new", model, dtype=dtype)
    assert not (tmp_path / "new").exists()


def test_a_narrower_dtype_in_memory_is_checked_too():
    tensors = weights(lambda found: found[NORM].fill_(1e6))
    assert from_hf(tensors, TINY, dtype=torch.bfloat16).norm.weight.isfinite().all()
    with pytest.raises(ValueError, match=f"{NORM} holds 1000000.0, too large for float16"):
        from_hf(tensors, TINY, dtype=torch.float16)


@pytest.mark.parametrize("name", [NORM, "model.layers.0.block_sparse_moe.gate.weight"])
def test_scores_that_are_no_numbers_end_generation_and_say_so(words, name):
    tensors = weights(lambda found: found[name].fill_(float("nan")))
    model = from_hf(tensors, TINY)
    with pytest.raises(FloatingPointError, match="scores are not finite"):
        complete(model, words, "low", 3)
    if "gate" in name:
        with pytest.raises(FloatingPointError, match="scores are not finite"):
            trace_text(model, words, "low")


def test_a_mixtral_config_of_others_with_more_fields_loads(whole):
    fields = config_to_hf(TINY) | {"router_jitter_noise": 0.0, "pad_token_id": 0, "bos_token_id": 1}
    (whole / "config.json").write_text(json.dumps(fields))
    assert load(whole)[0].config == TINY
