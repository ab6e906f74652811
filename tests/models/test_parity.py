"""Our Mixtral against transformers': same weights, same numbers.

transformers computes four things in float32 whatever the weights are (RMSNorm, rotary angles,
the router's softmax, the balance loss), so its float64 model agrees with ours to 1e-6 at best.
``WIDE`` widens those four to float64, and then the two must agree to 1e-10. Left as it is,
transformers must agree in float32 to 1e-5.
"""

import os
import random
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import torch
import torch.nn.functional as F

transformers = pytest.importorskip("transformers", reason='needs the extra "parity"')

from transformers.models.mistral import modeling_mistral
from transformers.models.mixtral import modeling_mixtral

from moe_lesson import pick_device
from moe_lesson.checkpoints.folder import load, save
from moe_lesson.checkpoints.hf_weights import to_hf
from moe_lesson.models.config import Config
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.balance import switch_loss
from moe_lesson.text.tokenizer import END, START, train_tokenizer

transformers.utils.logging.disable_progress_bar()
DEVICE = pick_device() if pick_device().type != "mps" else torch.device("cpu")  # needs float64
WIDE, AS_IS = torch.float64, torch.float32
TOLERANCE = {WIDE: 1e-10, AS_IS: 1e-5}
# Their default, torch's grouped product, takes no float64 and only widths divisible by 4.
EAGER = {"experts_implementation": "eager"}
PAD_B = torch.tensor([0, 3, 1], device=DEVICE)


class WideTorch:
    """Stand in for the module torch where transformers says float32."""

    float32 = float = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


def random_config(seed, num_experts, top_k):
    """Draw sizes that are as unlike one another as the architecture allows."""
    draw = random.Random(seed).choice
    n_kv_heads = draw([1, 2, 3])
    return Config(
        dim=draw([20, 24, 36]),
        n_layers=draw([1, 2, 3]),
        head_dim=draw([4, 10, 16]),
        hidden_dim=draw([18, 28, 44]),
        n_heads=n_kv_heads * draw([1, 2, 4]),
        n_kv_heads=n_kv_heads,
        context_len=64,
        vocab_size=draw([51, 80]),
        num_experts=num_experts,
        top_k=top_k,
        rope_theta=draw([1e2, 1e4, 1e6]),
        norm_eps=draw([1e-5, 1e-2]),
        window=draw([None, None, 5]),
        tied=draw([False, True]),
    )


CASES = [(e, k) for e in (4, 8, 16) for k in (1, 2, 4)] + [(1, 1), (1, 1)]
CONFIGS = [random_config(seed, *case) for seed, case in enumerate(CASES)]


def redraw(parameters, seed):
    """Draw weights large enough that every part of the model matters."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in parameters:
            drawn = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
            scaled = drawn * weight.shape[-1] ** -0.5 if weight.dim() > 1 else 1 + 0.3 * drawn
            weight.copy_(scaled)


def name(config):
    kind = f"E{config.num_experts}K{config.top_k}" if config.num_experts > 1 else "dense"
    return f"{kind}-H{config.n_heads}G{config.n_kv_heads}A{config.head_dim}W{config.window}"


@contextmanager
def computing_in(dtype):
    """Let transformers compute in this dtype throughout; without gradients."""
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        if dtype == WIDE:
            patch.setattr(modeling_mixtral, "torch", WideTorch())
            patch.setattr(modeling_mistral, "torch", WideTorch())
            patch.setattr(torch.Tensor, "float", torch.Tensor.double)
        yield


both_dtypes = pytest.mark.parametrize("dtype", [WIDE, AS_IS], ids=["float64", "float32"])


@pytest.fixture(scope="module", params=CONFIGS, ids=name)
def config(request):
    return request.param


@pytest.fixture(scope="module", params=[WIDE, AS_IS], ids=["float64", "float32"])
def built(request, config, tmp_path_factory):
    """Our model, and the one that transformers opens in the folder where we saved ours."""
    dtype, folder = request.param, tmp_path_factory.mktemp("model")
    model = Mixtral(config).to(DEVICE, dtype)
    redraw(model.parameters(), CONFIGS.index(config))
    save(folder, model)
    with computing_in(dtype):
        theirs = transformers.AutoModelForCausalLM.from_pretrained(folder, **EAGER).to(DEVICE)
    generator = torch.Generator().manual_seed(CONFIGS.index(config))
    id_BS = torch.randint(config.vocab_size, (3, 14), generator=generator).to(DEVICE)
    return SimpleNamespace(ours=model.eval(), theirs=theirs.eval(), dtype=dtype, id_BS=id_BS)


@pytest.fixture
def pair(built):
    with computing_in(built.dtype):
        yield built


def test_transformers_opens_what_we_saved(pair):
    kind = "Mixtral" if pair.ours.config.num_experts > 1 else "Mistral"
    assert type(pair.theirs).__name__ == f"{kind}ForCausalLM"
    assert pair.theirs.dtype == pair.dtype
    theirs = pair.theirs.config
    assert theirs.rope_parameters["rope_theta"] == pair.ours.config.rope_theta
    assert (theirs.bos_token_id, theirs.eos_token_id) == (None, None)


def padding(length):
    """Say in transformers' words which positions are padding."""
    past = torch.arange(length, device=DEVICE) - PAD_B[:, None]
    return {"attention_mask": (past >= 0).long(), "position_ids": past.clamp(0)}


def assert_close(found, expected, dtype):
    torch.testing.assert_close(found.to(expected), expected, rtol=0, atol=TOLERANCE[dtype])


def test_logits(pair):
    expected = pair.theirs(pair.id_BS).logits
    assert expected.std() > 0.3  # else agreement would mean little
    assert_close(pair.ours(pair.id_BS).logits_BSV, expected, pair.dtype)


def test_logits_of_a_padded_batch(pair):
    words = padding(14)
    real = words["attention_mask"].bool()
    found = pair.ours(pair.id_BS, pad_B=PAD_B).logits_BSV[real]
    assert_close(found, pair.theirs(pair.id_BS, **words).logits[real], pair.dtype)


def test_decoding_with_the_cache(pair):
    words, ours, theirs = padding(14), None, None
    for start, end in [(0, 6), (6, 7), (7, 8), (8, 11), (11, 12), (12, 14)]:
        now = pair.id_BS[:, start:end]
        ours = pair.ours(now, pad_B=PAD_B, cache=ours and ours.cache)
        theirs = pair.theirs(
            now,
            attention_mask=words["attention_mask"][:, :end],
            position_ids=words["position_ids"][:, start:end],
            past_key_values=theirs and theirs.past_key_values,
            use_cache=True,
        )
        real = words["attention_mask"][:, start:end].bool()
        assert_close(ours.logits_BSV[real], theirs.logits[real], pair.dtype)


@pytest.mark.parametrize("pad_B", [None, PAD_B], ids=["full", "padded"])
def test_greedy_generation(pair, pad_B):
    prompt_BS, seen = pair.id_BS[:, :6], torch.ones(3, 6, dtype=torch.long, device=DEVICE)
    expected = pair.theirs.generate(
        prompt_BS,
        attention_mask=seen if pad_B is None else padding(6)["attention_mask"],
        do_sample=False,
        max_new_tokens=10,
        pad_token_id=0,
    )
    output, found = pair.ours(prompt_BS, pad_B=pad_B), [prompt_BS]
    for _ in range(10):
        found.append(output.logits_BSV[:, -1:].argmax(-1))
        output = pair.ours(found[-1], cache=output.cache)
    assert torch.cat(found, 1).tolist() == expected.tolist()


@pytest.mark.parametrize("padded", [False, True])
def test_balance_loss(pair, padded):
    """Theirs: all layers' tokens in one batch, K votes a token, padding left out."""
    config = pair.ours.config
    if config.num_experts == 1:
        assert pair.ours(pair.id_BS).routings == []  # a dense model has no router to balance
        return
    words = padding(14) if padded else {}
    theirs = pair.theirs(pair.id_BS, **words, labels=pair.id_BS, output_router_logits=True)
    output = pair.ours(pair.id_BS, pad_B=PAD_B if padded else None)
    loss = switch_loss(output.routings, votes=config.top_k, layers="pooled")
    assert_close(loss, theirs.aux_loss, pair.dtype)
    if not padded:
        logits, targets = output.logits_BSV[:, :-1], pair.id_BS[:, 1:]
        nats = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        assert_close(nats + 0.001 * loss, theirs.loss, pair.dtype)


def their_config(config):
    """Say our sizes in transformers' own constructor."""
    sizes = {
        "hidden_size": config.dim,
        "num_hidden_layers": config.n_layers,
        "head_dim": config.head_dim,
        "intermediate_size": config.hidden_dim,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "max_position_embeddings": config.context_len,
        "vocab_size": config.vocab_size,
        "rms_norm_eps": config.norm_eps,
        "sliding_window": config.window,
        "tie_word_embeddings": config.tied,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
    }
    if config.num_experts == 1:
        return transformers.MistralConfig(**sizes)
    sizes |= {"num_local_experts": config.num_experts, "num_experts_per_tok": config.top_k}
    return transformers.MixtralConfig(**sizes)


@pytest.mark.parametrize("shard", ["1GB", "8KB"], ids=["one file", "several"])
@pytest.mark.parametrize("sizes", [CONFIGS[1], CONFIGS[2], *CONFIGS[-2:]], ids=name)
@both_dtypes
def test_we_open_what_transformers_saved(sizes, shard, dtype, tmp_path):
    with computing_in(dtype):
        auto, words = transformers.AutoModelForCausalLM, their_config(sizes)
        theirs = auto.from_config(words, dtype=dtype, **EAGER).eval()
        redraw(theirs.parameters(), seed=5)
        theirs.save_pretrained(tmp_path, max_shard_size=shard)
        assert (tmp_path / "model.safetensors.index.json").exists() == (shard == "8KB")
        ours, tokenizer = load(tmp_path)
        assert ours.config == sizes and tokenizer is None
        id_BS = torch.arange(18).view(2, 9)
        assert_close(ours(id_BS).logits_BSV, theirs(id_BS).logits, dtype)


def test_there_and_back_changes_no_bit(tmp_path):
    model = Mixtral(CONFIGS[1]).bfloat16()
    save(tmp_path / "ours", model)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "ours")
    theirs.save_pretrained(tmp_path / "theirs")
    back, _ = load(tmp_path / "theirs")
    assert back.config == model.config
    for theirs_name, tensor in to_hf(model).items():
        assert torch.equal(to_hf(back)[theirs_name], tensor), theirs_name


def test_their_tokenizer_reads_ours(tmp_path):
    texts = ["The low, lower, lowest; don't stop. Ça va? "] * 5
    tokenizer = train_tokenizer(texts, vocab_size=300)
    save(tmp_path, Mixtral(replace(CONFIGS[0], vocab_size=300)), tokenizer)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    for text in [*texts, "", "  two  spaces\n\ttab", "日本 🙂"]:
        assert theirs(text).input_ids == tokenizer.encode(text).ids
        assert theirs.decode(theirs(text).input_ids) == text
    assert (theirs.bos_token_id, theirs.eos_token_id) == (START, END)
    # What looks like a control token is text to ours, and theirs takes it for one.
    marked = tokenizer.encode("<s>low</s>").ids
    assert not {START, END} & set(marked) and tokenizer.decode(marked) == "<s>low</s>"
    assert START in theirs("<s>low</s>").input_ids
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    assert (model.config.bos_token_id, model.generation_config.eos_token_id) == (START, END)
