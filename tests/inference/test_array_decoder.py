"""The decoder in NumPy: when it serves, what it shares with the model, and its tokens.

That it equals the model is tested beside torch's decoder, in test_decoder.
"""

import numpy as np
import pytest
import torch
from torch import nn

from moe_lesson.inference import generate
from moe_lesson.inference.array_decoder import MOST, ArrayDecoder, suits_arrays
from moe_lesson.inference.decoder import Decoder
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.experts import ReLUExperts
from moe_lesson.moe.routers import BiasedRouter
from moe_lesson.moe.routing import softmax_top_k
from tests.inference.test_decoder import lively

GREEDY = generate.Sampling()


class Changed(nn.Linear):
    """Stand for a class of a reader's own."""


def replaced(model, name, part):
    setattr(model.blocks[1].feed_forward, name, part)


OTHERS = {
    "bfloat16": lambda model: model.bfloat16(),
    "two dtypes": lambda model: model.blocks[0].double(),
    "no memory": lambda model: model.to("meta"),
    "a hook": lambda model: model.blocks[1].feed_forward.register_forward_hook(lambda *_: None),
    "a hook before": lambda model: model.norm.register_forward_pre_hook(lambda *_: None),
    "another router": lambda model: replaced(model, "router", BiasedRouter(32, 4, 2)),
    "another choice": lambda model: setattr(
        model.blocks[0].feed_forward.router, "route", softmax_top_k
    ),
    "another k": lambda model: setattr(model.blocks[0].feed_forward.router, "top_k", 1),
    "other experts": lambda model: replaced(model, "experts", ReLUExperts(32, 48, 4)),
    "another class": lambda model: setattr(
        model.blocks[0].attention, "output", Changed(32, 32, bias=False)
    ),
}


def kind_used(model, prompts, monkeypatch):
    """Return which decoder ``stream`` makes."""
    made = []
    for kind in (Decoder, ArrayDecoder):

        def make(*args, kind=kind):
            made.append(kind)
            return kind(*args)

        monkeypatch.setattr(generate, kind.__name__, make)
    list(generate.stream(model, prompts, 2, GREEDY, end=None))
    return made


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_plain_models_are_served(dtype, monkeypatch):
    model = Mixtral(TINY).to(dtype)
    assert kind_used(model, [[5]] * MOST, monkeypatch) == [ArrayDecoder]
    assert kind_used(model, [[5]] * (MOST + 1), monkeypatch) == [Decoder]


@pytest.mark.parametrize("other", OTHERS)
def test_any_other_is_left_to_torch(other, monkeypatch):
    model = Mixtral(TINY)
    assert suits_arrays(model, 1)
    OTHERS[other](model)
    assert not suits_arrays(model, 1)
    if other not in ("no memory", "two dtypes"):  # which no path can run
        assert kind_used(model, [[5, 6], [7]], monkeypatch) == [Decoder]


def test_autocast_is_left_to_torch():
    with torch.autocast("cpu", torch.bfloat16):
        assert not suits_arrays(Mixtral(TINY), 1)


def test_float32_is_near():
    model = lively(TINY).float()
    for batch in (1, 5):
        with torch.no_grad():
            output = model(torch.randint(320, (batch, 7)))
            step = ArrayDecoder(model, output.cache)
            for _ in range(9):
                id_B = torch.randint(320, (batch,))
                output = model(id_B[:, None], cache=output.cache)
                logits_BV, routings = step(id_B)
                own = output.logits_BSV[:, -1]
                torch.testing.assert_close(logits_BV, own, rtol=1e-5, atol=1e-5)
                assert logits_BV.dtype == routings[0].weight_TK.dtype == torch.float32
                assert routings[0].expert_TK.dtype == torch.int64


def test_the_weights_are_not_copied():
    model = Mixtral(TINY)
    step = ArrayDecoder(model, model(torch.tensor([[5]])).cache)
    own = model.blocks[1].feed_forward
    assert np.shares_memory(step.layers[1].gate_up[3], own.experts.gate_up_EJFD.detach().numpy())
    assert np.shares_memory(step.layers[1].down[3], own.experts.down_EDF.detach().numpy())
    assert np.shares_memory(step.table_VD, model.embed.weight.detach().numpy())


def test_200_prompts_get_the_models_greedy_tokens():
    """Of each length 4 alone and 16 together; the model reads everything anew each time."""
    model, count, nearest = lively(TINY).float(), 0, []
    for length in range(1, 11):
        prompts = torch.randint(3, 320, (20, length)).tolist()
        found = []
        for part in [[one] for one in prompts[:4]] + [prompts[4:]]:
            steps = generate.stream(model, part, 6, GREEDY, end=None)
            found += torch.stack([token.id_B for token in steps], 1).tolist()
        id_BS = torch.tensor(prompts)
        for _ in range(6):
            with torch.no_grad():
                two = model(id_BS).logits_BSV[:, -1].topk(2)
            nearest.append((two.values[:, 0] - two.values[:, 1]).min().item())
            id_BS = torch.cat([id_BS, two.indices[:, :1]], 1)
        assert found == id_BS[:, length:].tolist()
        count += len(prompts)
    assert count == 200 and min(nearest) > 1e-4  # no choice hangs on rounding


def test_a_large_gate_is_no_warning(recwarn):
    model = Mixtral(TINY)
    with torch.no_grad():
        for block in model.blocks:
            block.feed_forward.experts.gate_up_EJFD.mul_(1e5)
    tokens = list(generate.stream(model, [[5, 6]], 3, GREEDY, end=None))
    assert len(tokens) == 3 and not recwarn.list


def test_scores_that_are_not_finite_are_refused():
    model = Mixtral(TINY)
    with torch.no_grad():
        model.blocks[1].attention.output.weight[0, 0] = torch.nan
    step = ArrayDecoder(model, Mixtral(TINY)(torch.tensor([[5]])).cache)
    logits_BV, _ = step(torch.tensor([6]))
    with pytest.raises(FloatingPointError, match="not finite"):
        generate.choose(logits_BV, None, GREEDY)
