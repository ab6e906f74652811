"""A tokenizer that loses nothing."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.text import tokenizer

WORDS = tokenizer.train_tokenizer(["the cat sat on the mat. le chat. der Zug. ¿qué?"] * 3, 300)


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_survives_the_round_trip_byte_for_byte(text):
    text = text.encode(errors="ignore").decode()  # lone surrogates are not text
    encoded = tokenizer.encode(WORDS, [text])
    assert WORDS.decode(encoded.id_T.tolist(), skip_special_tokens=True) == text
    assert encoded.bytes_T.sum().item() == len(text.encode())


def test_special_tokens_have_mixtrals_ids():
    assert [WORDS.token_to_id(name) for name in tokenizer.SPECIAL] == [0, 1, 2]
    assert (tokenizer.START, tokenizer.END) == (1, 2)


def test_documents_stand_between_start_and_end():
    id_T = tokenizer.encode(WORDS, ["cat", "mat"]).id_T
    assert (id_T == tokenizer.START).sum() == 2 and id_T[0] == tokenizer.START
    assert (id_T == tokenizer.END).sum() == 2 and id_T[-1] == tokenizer.END


def test_a_vocabulary_without_room_for_bytes_is_refused():
    with pytest.raises(ValueError, match="258: it must be 259 or more"):
        tokenizer.train_tokenizer(["a"], 258)


def test_the_held_out_part_is_not_trained_on():
    documents = [f"{i:05d}" * 40 for i in range(5)]
    train, valid = tokenizer.split(documents)
    assert [a + b for a, b in zip(train, valid)] == documents
    assert all(len(b) == 20 for b in valid)
    words, data = tokenizer.prepare(documents, 270)
    assert data.train.bytes_T.sum() == 5 * 180
    assert words.get_vocab_size() <= 270
    kept, _ = tokenizer.prepare(documents, 270, words)
    assert kept is words


def test_the_bytes_of_ids_add_up():
    text = tokenizer.encode(WORDS, ["the cat", "¿qué?"])
    assert text.bytes_T.sum() == len("the cat".encode()) + len("¿qué?".encode())
    assert torch.equal(text.bytes_T, tokenizer.token_bytes(WORDS)[text.id_T])
