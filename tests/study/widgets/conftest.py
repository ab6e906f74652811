"""Fixtures of this folder."""

import pytest
import torch

from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trace import trace_text
from moe_lesson.study.widgets.router_bench import gate_bench
from moe_lesson.study.widgets.xray import sentence_xray
from moe_lesson.text.tokenizer import train_tokenizer

TEXT = "the router sends each token to two of the experts\nand adds what they say"


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([TEXT], 300)


@pytest.fixture(scope="module")
def xray(tokenizer):
    torch.manual_seed(0)
    model = Mixtral(TINY).eval()
    return sentence_xray(trace_text(model, tokenizer, TEXT), model, tokenizer)


@pytest.fixture(scope="module")
def bench():
    return gate_bench()


@pytest.fixture(scope="module")
def noisy():
    return gate_bench(chances=True)
