"""Mixtral: attention and a sparse layer in every block; with one expert, Mistral."""

import itertools
import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.models.config import TINY, Config
from moe_lesson.models.mixtral import Mixtral
from tests import oracles

WIDE = torch.float64
MICRO = Config(
    dim=8,
    n_layers=2,
    head_dim=6,  # not dim / n_heads
    hidden_dim=10,
    n_heads=4,
    n_kv_heads=2,
    context_len=16,
    vocab_size=11,
    num_experts=4,
    top_k=2,
    rope_theta=100.0,
    norm_eps=0.01,
)
DENSE = {"num_experts": 1, "top_k": 1}


def make(seed=0, **changes):
    """A float64 model whose weights are large enough that every part of it shows."""
    model = Mixtral(replace(MICRO, **changes)).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=0.6, generator=generator)
            weight.add_(1 if weight.dim() == 1 else 0)
    return model


def ids(sequences, positions, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(MICRO.vocab_size, (sequences, positions), generator=generator)


def close(left, right):
    torch.testing.assert_close(left, right, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"top_k": 1},
        {"top_k": 4},
        DENSE,
        {"tied": True},
        {"window": 3},
        {"n_kv_heads": 1, "head_dim": 2},
        {"n_kv_heads": 4, "rope_theta": 1e6, "norm_eps": 1e-5},
    ],
    ids=str,
)
def test_logits_equal_the_oracle(changes):
    """The whole model in plain Python numbers, position by position, at 1e-10."""
    model, id_BS = make(**changes), ids(2, 7)
    expected = [oracles.mixtral(model, sequence) for sequence in id_BS.tolist()]
    close(model(id_BS).logits_BSV, torch.tensor(expected, dtype=WIDE))


def in_chunks(model, id_BS, sizes, pad_B=None):
    """The logits of a text that comes in pieces, each going on from the cache."""
    parts, cache = [], None
    for chunk in id_BS.split(sizes, 1):
        output = model(chunk, pad_B, cache) if cache is None else model(chunk, cache=cache)
        parts.append(output.logits_BSV)
        cache = output.cache
    return torch.cat(parts, 1), cache


chunked = st.lists(st.integers(1, 8), min_size=1, max_size=16).map(
    lambda sizes: [n for n, end in zip(sizes, itertools.accumulate(sizes)) if end <= 16]
)


@settings(max_examples=40, deadline=None)
@given(chunked, st.none() | st.integers(1, 6), st.booleans())
def test_any_split_of_the_cache_gives_the_same(sizes, window, dense):
    """A rolling window too: its cache equals recomputing all with the window as a mask."""
    model = make(window=window, **(DENSE if dense else {}))
    id_BS = ids(2, sum(sizes))
    logits_BSV, cache = in_chunks(model, id_BS, sizes)
    close(logits_BSV, model(id_BS).logits_BSV)
    held = sum(sizes) if window is None else min(sum(sizes), window)
    assert {layer.key_BGPA.shape[2] for layer in cache.layers} == {held}
    assert cache.seen == sum(sizes)


@settings(max_examples=40, deadline=None)
@given(chunked, st.lists(st.integers(0, 15), min_size=1, max_size=3), st.none() | st.integers(2, 5))
def test_left_padding_changes_nothing(sizes, pads, window):
    """Prompts of different length, padded at the left: each as if it were alone."""
    length, model = sum(sizes), make(window=window)
    pads = [min(pad, length - 1) for pad in pads]
    id_BS = ids(len(pads), length)
    logits_BSV, _ = in_chunks(model, id_BS, sizes, torch.tensor(pads))
    assert logits_BSV.isfinite().all()
    for b, pad in enumerate(pads):
        close(logits_BSV[b, pad:], model(id_BS[b : b + 1, pad:]).logits_BSV[0])


def test_what_lies_under_the_padding_does_not_matter():
    model, id_BS, pad_B = make(), ids(2, 6), torch.tensor([2, 4])
    other_BS = id_BS.clone()
    other_BS[0, :2] = other_BS[1, :4] = 0
    before, after = model(id_BS, pad_B).logits_BSV, model(other_BS, pad_B).logits_BSV
    close(before[0, 2:], after[0, 2:])
    close(before[1, 4:], after[1, 4:])


def test_a_window_reaches_one_step_less_than_its_width_per_layer():
    """Mistral 7B: L layers of window W carry at most L * (W - 1) positions back."""
    model, id_BS = make(window=3), ids(1, 8)
    other_BS = id_BS.clone()
    other_BS[0, 0] = (id_BS[0, 0] + 1) % MICRO.vocab_size
    changed = (model(id_BS).logits_BSV - model(other_BS).logits_BSV).abs().amax(-1)[0] > 1e-9
    assert changed.tolist() == [True] * 5 + [False] * 3


def test_a_window_as_long_as_the_text_is_none():
    id_BS = ids(2, 7)
    close(make(window=7)(id_BS).logits_BSV, make()(id_BS).logits_BSV)
    assert not torch.allclose(make(window=6)(id_BS).logits_BSV, make()(id_BS).logits_BSV)


def test_routing_is_returned_by_layer():
    """One a layer, a row a token, in the order of the ids; nothing stored in the model."""
    model, id_BS = make(), ids(3, 5)
    routings = model(id_BS).routings
    assert [routing.expert_TK.shape for routing in routings] == [(15, 2), (15, 2)]
    alone = model(id_BS[1:2]).routings
    for together, single in zip(routings, alone, strict=True):
        close(together.logits_TE[5:10], single.logits_TE)
    assert make(**DENSE)(id_BS).routings == []


def test_every_weight_learns():
    for changes in ({}, DENSE, {"tied": True}):
        model, id_BS = make(**changes), ids(4, 9)
        logits_BSV = model(id_BS).logits_BSV
        F.cross_entropy(logits_BSV[:, :-1].flatten(0, 1), id_BS[:, 1:].flatten()).backward()
        for name, weight in model.named_parameters():
            assert weight.grad.abs().max() > 0, name


def test_a_dense_model_upcycled_says_the_same():
    """Experts that are copies of the dense network, any router: weights sum to 1."""
    dense, sparse, id_BS = make(**DENSE), make(seed=1), ids(2, 6)
    theirs = dense.state_dict()
    with torch.no_grad():
        for name, weight in sparse.named_parameters():
            source = name.replace("experts.", "").replace("_EJFD", "_JFD").replace("_EDF", "_DF")
            if "router" not in name:
                weight.copy_(theirs[source])
    close(sparse(id_BS).logits_BSV, dense(id_BS).logits_BSV)


def test_the_start():
    """Normal, 0.02; what writes to the residual by sqrt(2 L) smaller; the loss is log V."""
    torch.manual_seed(0)
    model = Mixtral(TINY)
    for name, weight in model.named_parameters():
        if weight.dim() == 1:
            assert (weight == 1).all(), name
            continue
        writes = "output" in name or "down" in name
        assert weight.std().item() == pytest.approx(0.01 if writes else 0.02, rel=0.15), name
    id_BS = torch.randint(TINY.vocab_size, (8, 32))
    logits_BSV = model(id_BS).logits_BSV
    nats = F.cross_entropy(logits_BSV[:, :-1].flatten(0, 1), id_BS[:, 1:].flatten())
    assert nats.item() == pytest.approx(math.log(TINY.vocab_size), abs=0.05)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_logits_follow_the_dtype(dtype):
    model, id_BS = make(), ids(2, 5)
    exact = model(id_BS).logits_BSV
    logits_BSV = model.to(dtype)(id_BS).logits_BSV
    assert logits_BSV.dtype == dtype
    if dtype == torch.float32:  # in half precision a near tie may send a token elsewhere
        torch.testing.assert_close(logits_BSV.double(), exact, rtol=0, atol=1e-3)
    assert logits_BSV.isfinite().all()


def test_more_positions_than_the_context_are_refused():
    model = make()
    with pytest.raises(ValueError, match="17 positions: allowed are 1 to 16"):
        model(ids(1, 17))
    cache = model(ids(1, 16)).cache
    with pytest.raises(ValueError, match="17 positions: allowed are 1 to 16"):
        model(ids(1, 1), cache=cache)
    with pytest.raises(ValueError, match="0 positions: allowed are 1 to 16"):
        model(ids(1, 0))


def test_ids_out_of_range_are_named():
    model = Mixtral(TINY)
    for wrong in (-1, TINY.vocab_size):
        with pytest.raises(ValueError, match=f"token id {wrong}: allowed are 0 to 319"):
            model(torch.tensor([[5, wrong]]))
