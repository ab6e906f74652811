"""A text that streams ends whole."""

import dataclasses

import pytest
import torch

from moe_lesson.inference import generate
from moe_lesson.inference.generate import Token, stream, stream_text
from moe_lesson.inference.sampling import Sampling
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import END, train_tokenizer


@pytest.fixture(scope="module")
def words():
    """A tokenizer of single bytes: a character of several is always in pieces."""
    return train_tokenizer(["ab"], 259)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Mixtral(dataclasses.replace(TINY, vocab_size=259))


@pytest.mark.parametrize("seed", range(40))
def test_the_pieces_are_the_whole_text(seed, model, words):
    how, ids = Sampling(1.0, seed=seed), words.encode("ab").ids
    said = words.decode(ids + [token.id_B.item() for token in stream(model, [ids], 20, how)])
    assert "".join(stream_text(model, words, "ab", 20, how)) == said


@pytest.mark.parametrize("end", [[], [END]])
def test_what_is_held_back_comes_last(end, model, words, monkeypatch):
    """A character of three bytes that stops after two, by the limit or by the end of the text."""
    ids = [*words.encode("c€").ids[:-1], *end]
    tokens = [Token(torch.tensor([one]), torch.tensor([False]), []) for one in ids]
    monkeypatch.setattr(generate, "stream", lambda *_: iter(tokens))
    pieces = list(stream_text(model, words, "ab"))
    assert "".join(pieces) == "abc\ufffd" and pieces[-1] == "\ufffd"


def test_a_character_in_pieces_comes_once_it_is_whole(model, words, monkeypatch):
    tokens = [
        Token(torch.tensor([one]), torch.tensor([False]), []) for one in words.encode("€d").ids
    ]
    monkeypatch.setattr(generate, "stream", lambda *_: iter(tokens))
    assert list(stream_text(model, words, "ab")) == ["ab", "€", "d"]
