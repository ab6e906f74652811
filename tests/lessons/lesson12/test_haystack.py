"""Keys far back: the texts differ in the key alone, and who finds it lifts it."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from moe_lesson.lessons.lesson12.benchmarks import Examinee
from moe_lesson.lessons.lesson12.haystack import KEYS, hay, haystack, searched
from moe_lesson.models.config import TINY
from moe_lesson.text.tokenizer import text_ids


@pytest.mark.parametrize("depth", [0.0, 0.5, 1.0])
def test_texts_have_their_length_and_the_key_its_place(one, depth):
    lines = hay()
    texts = haystack(one.words, lines, 200, depth, np.random.default_rng(0))
    sizes = [len(text_ids(one.words, text)) for text in texts]
    assert max(sizes) - min(sizes) == 0 and 160 < sizes[0] <= 200
    for key, text in zip(KEYS, texts):
        assert [other for other in KEYS if f" {other}." in text] == [key]
        assert text.replace(f" {key}.", " sail.") == texts[0]
        assert abs(text.index(f"found the {key}") / len(text) - 0.8 * depth) < 0.2


class Finder(torch.nn.Module):
    """Give a token that stood in the text a higher score the more often it did."""

    def __init__(self, looks):
        super().__init__()
        self.weight, self.looks, self.config = torch.nn.Parameter(torch.zeros(1)), looks, TINY

    def forward(self, id_BS):
        here = torch.nn.functional.one_hot(id_BS, 8192).float().cumsum(1)
        return SimpleNamespace(logits_BSV=here * self.looks)


def test_a_model_that_looks_back_finds_every_key_and_another_none(one):
    finder = Examinee(Finder(3.0), one.words, False)
    found = searched(finder, 120, 0.0, hay(), texts=2)
    assert found.hit_N.tolist() == [1.0] * 12
    assert found.lift_N == pytest.approx(np.full(12, 3.0), abs=0.2)
    blind = searched(Examinee(Finder(0.0), one.words, False), 120, 0.0, hay(), texts=2)
    assert blind.hit_N.mean() == pytest.approx(1 / 6)
    assert blind.lift_N == pytest.approx(np.zeros(12), abs=1e-6)
    assert finder.model.config is TINY


def test_a_model_reads_beyond_its_length_and_is_the_same_again(one):
    before = one.model.config
    found = searched(one, before.context_len + 60, 0.5, hay(), texts=1)
    assert found.hit_N.shape == (6,) and one.model.config == before
