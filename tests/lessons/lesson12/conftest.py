"""A small model with a tokenizer of its own, for whatever needs no trained one."""

from dataclasses import replace

import pytest
import torch

from moe_lesson.corpus import heldout
from moe_lesson.lessons.lesson12.benchmarks import Examinee
from moe_lesson.lessons.lesson12.haystack import ASKED, KEYS, NEEDLE
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import train_tokenizer


@pytest.fixture(scope="session")
def one():
    pages = [page.text for page in heldout.held_out(40)]
    lines = [NEEDLE.format(key) + ASKED for key in KEYS] * 60
    words = train_tokenizer([*pages, *lines], vocab_size=1000)
    torch.manual_seed(0)
    model = Mixtral(replace(TINY, vocab_size=1000, context_len=512)).eval()
    model.unembed.weight.data.normal_(std=0.3)  # opinions, or all choices would tie
    return Examinee(model, words, False)
