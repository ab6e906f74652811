"""Both lean decoders give what the model's own cached forward gives."""

from dataclasses import replace

import pytest
import torch

from moe_lesson.inference.array_decoder import ArrayDecoder
from moe_lesson.inference.decoder import Decoder
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral

CASES = {
    "plain": {},
    "dense": {"num_experts": 1, "top_k": 1},
    "one head group": {"n_kv_heads": 4},
    "head wider than its share": {"head_dim": 12},
    "tied": {"tied": True},
    "one expert a token": {"top_k": 1},
    "window": {"window": 5},
    "window not yet full": {"window": 40},
}
each_decoder = pytest.mark.parametrize("decoder", [Decoder, ArrayDecoder])


def lively(config):
    """Return a float64 model whose scores differ, with norms that are not all 1."""
    torch.manual_seed(1)
    model = Mixtral(config).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(8 if weight.dim() > 1 else torch.rand_like(weight) + 0.5)
    return model


@each_decoder
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("pad", [None, [0, 3, 1]], ids=["whole", "padded"])
def test_equals_the_model(case, pad, decoder):
    model = lively(replace(TINY, **CASES[case]))
    id_BS = torch.randint(0, TINY.vocab_size, (3, 7))
    with torch.no_grad():
        output = model(id_BS, pad_B=None if pad is None else torch.tensor(pad))
        before = [part.clone() for kept in output.cache.layers for part in kept]
        first = output.cache
        step = decoder(model, first, tokens=12)
        for _ in range(12):
            id_B = torch.randint(0, TINY.vocab_size, (3,))
            output = model(id_B[:, None], cache=output.cache)
            logits_BV, routings = step(id_B)
            torch.testing.assert_close(logits_BV, output.logits_BSV[:, -1], rtol=1e-10, atol=1e-10)
            assert len(routings) == len(output.routings)
            for ours, own in zip(routings, output.routings, strict=True):
                assert torch.equal(ours.expert_TK, own.expert_TK)
                for one, other in zip(ours[:2], own[:2], strict=True):
                    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)
    after = [part for kept in first.layers for part in kept]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@each_decoder
@pytest.mark.parametrize("case", CASES)
def test_one_sequence_equals_the_model(case, decoder):
    model = lively(replace(TINY, **CASES[case]))
    output = model(torch.tensor([[4, 5, 6]]))
    step = decoder(model, output.cache)
    for id_ in (7, 8, 9, 10):
        logits_BV, routings = step(torch.tensor([id_]))
        output = model(torch.tensor([[id_]]), cache=output.cache)
        torch.testing.assert_close(logits_BV, output.logits_BSV[:, -1], rtol=1e-10, atol=1e-10)
        for ours, own in zip(routings, output.routings, strict=True):
            assert torch.equal(ours.expert_TK, own.expert_TK)
            torch.testing.assert_close(ours.weight_TK, own.weight_TK, rtol=1e-10, atol=1e-10)
        assert not logits_BV.requires_grad


@each_decoder
def test_room_is_checked(decoder):
    model = Mixtral(TINY)
    cache = model(torch.zeros(1, TINY.context_len - 1, dtype=torch.long)).cache
    with pytest.raises(ValueError, match="room for 1"):
        decoder(model, cache, tokens=2)
    step = decoder(model, cache)
    step(torch.tensor([0]))
    with pytest.raises(ValueError, match=f"{TINY.context_len + 1} positions"):
        step(torch.tensor([0]))
    with pytest.raises(ValueError, match="0 positions"):
        decoder(model, cache._replace(seen=0))
