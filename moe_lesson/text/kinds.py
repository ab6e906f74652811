"""Tokenizers of others: which kinds lose nothing, and how many bytes their tokens stand for."""

import json
import re

from tokenizers import pre_tokenizers

BYTE_LEVEL, BYTE_FALLBACK = "byte-level", "byte fallback"
ALPHABET = {
    BYTE_LEVEL: pre_tokenizers.ByteLevel.alphabet(),
    BYTE_FALLBACK: [f"<0x{byte:02X}>" for byte in range(256)],
}
LARGEST_ID = 2**24 - 1  # tables with a place for every id have to fit into memory
BYTE = re.compile("<0x[0-9A-F]{2}>")


def kind(tokenizer):
    """Tell how a tokenizer writes what it has no word for: as bytes, of one kind or the other.

    "byte-level" (GPT-2, and ours): every character of a token's name is a byte. "byte
    fallback" (Mixtral, SentencePiece): a name is text, with U+2581 for a space, or one byte
    as in ``<0x0A>``.

    Raises:
        ValueError: it is neither, lacks some of the 256 bytes, cuts a text at random, or has
            an id above 16,777,215.

    >>> from tokenizers import Tokenizer, models
    >>> kind(Tokenizer(models.WordPiece()))
    Traceback (most recent call last):
    ValueError: the tokenizer is a WordPiece without bytes, which loses some texts: allowed are \
byte-level BPE, and BPE or Unigram with byte fallback

    Lesson 9.
    """
    if (largest := max(tokenizer.get_vocab().values(), default=0)) > LARGEST_ID:
        raise ValueError(f"the tokenizer has the id {largest}: allowed are 0 to {LARGEST_ID}")
    parts = json.loads(tokenizer.to_str())
    model, before = parts["model"], _types(parts["normalizer"], parts["pre_tokenizer"])
    if model["type"] == "BPE" and "ByteLevel" in before:
        found = BYTE_LEVEL
    elif model["type"] in ("BPE", "Unigram") and model.get("byte_fallback"):
        found = BYTE_FALLBACK
    else:
        raise ValueError(
            f"the tokenizer is a {model['type']} without bytes, which loses some texts: allowed "
            f"are byte-level BPE, and BPE or Unigram with byte fallback"
        )
    if lacking := [name for name in ALPHABET[found] if tokenizer.token_to_id(name) is None]:
        raise ValueError(f"the tokenizer lacks {len(lacking)} of the 256 bytes: {lacking[0]!r}")
    if model.get("dropout"):
        raise ValueError(f"the tokenizer cuts at random: dropout is {model['dropout']}, must be 0")
    return found


def _types(*parts):
    """Collect the types of a normalizer or pre-tokenizer and of all that stand in it."""
    found = set()
    for part in parts:
        if isinstance(part, dict):
            found |= {part.get("type")} | _types(*part.values())
        elif isinstance(part, list):
            found |= _types(*part)
    return {name for name in found if isinstance(name, str)}


def sizes(tokenizer):
    """Count the bytes of each token's text.

    Returns:
        id -> bytes: 0 for control tokens.

    Raises:
        ValueError: two tokens share an id, or as ``kind``.

    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> sizes(train_tokenizer(["low"], 259))[1]
    0

    Lesson 9.
    """
    vocabulary = tokenizer.get_vocab()
    names = {index: name for name, index in vocabulary.items()}
    if len(names) < len(vocabulary):
        name = next(name for name, index in vocabulary.items() if names[index] != name)
        raise ValueError(f"{name[:40]!r} shares its id {vocabulary[name]} with another token")
    count = {BYTE_LEVEL: len, BYTE_FALLBACK: _written}[kind(tokenizer)]
    added = {
        index: 0 if token.special else len(token.content.encode())
        for index, token in tokenizer.get_added_tokens_decoder().items()
    }
    return {index: count(name) for index, name in names.items()} | added


def _written(name):
    return 1 if BYTE.fullmatch(name) else len(name.replace("\u2581", " ").encode())
