"""A trace holds what the routers did."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trace import trace_ids, trace_text
from moe_lesson.text.tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Mixtral(TINY).eval()


def test_a_trace_holds_what_the_model_returned(model):
    id_T = torch.arange(10)
    ours, routings = trace_ids(model, id_T), model(id_T[None]).routings
    for layer, routing in enumerate(routings):
        assert np.array_equal(ours.expert_LTK[layer], routing.expert_TK.numpy())
        assert np.allclose(ours.weight_LTK[layer], routing.weight_TK.detach().numpy())
    assert np.allclose(ours.prob_LTE.sum(-1), 1)
    assert ours.tokens == [str(number) for number in range(10)]


def test_a_long_text_is_read_in_pieces(model):
    id_T = torch.arange(TINY.context_len + 5) % 300
    ours = trace_ids(model, id_T, labels={"language": ["en"] * len(id_T)})
    tail = trace_ids(model, id_T[TINY.context_len :])
    assert np.array_equal(ours.expert_LTK[:, TINY.context_len :], tail.expert_LTK)
    assert len(ours.labels["language"]) == ours.expert_LTK.shape[1]


def test_a_trace_needs_a_router_and_a_token(model):
    with pytest.raises(ValueError, match="no router"):
        trace_ids(Mixtral(replace(TINY, num_experts=1, top_k=1)), [1, 2])
    with pytest.raises(ValueError, match="0 tokens"):
        trace_ids(model, [])


def test_the_tokens_spell_the_text(model):
    text = "a token, then a token\nand another"
    ours = trace_text(model, train_tokenizer([text], 300), text)
    assert "".join(ours.tokens) == text
