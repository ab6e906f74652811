"""Byte-level BPE: any text to token ids and back, nothing lost."""

import re
from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

from moe_lesson.text.kinds import BYTE_FALLBACK, kind, sizes

# The first three ids, as in Mixtral's tokenizer. END closes every document.
SPECIAL = ["<unk>", "<s>", "</s>"]
START, END = 1, 2
SMALLEST = 256 + len(SPECIAL)
# Learning merges takes time that grows with the square of the longest stretch without a gap.
LONG = re.compile(r"\S{500}|\s{500}")
PROBE = "Ab, c  d\n\té 日本 🙂 12"


class Text(NamedTuple):
    """Hold a text as token ids, with the bytes that each of them stands for.

    >>> Text(torch.tensor([5]), torch.tensor([1])).bytes_T.sum().item()
    1

    Lesson 9.
    """

    id_T: Tensor
    bytes_T: Tensor  # UTF-8 bytes; 0 for <s> and </s>


class Data(NamedTuple):
    """Hold what is trained on and what is only measured on.

    >>> Data._fields
    ('train', 'valid')

    Lesson 9.
    """

    train: Text
    valid: Text


def train_tokenizer(documents, vocab_size):
    """Learn byte-level BPE merges from documents.

    Sennrich et al. 2016 (BPE, arXiv:1508.07909) over bytes, as in GPT-2; by the
    ``tokenizers`` library. Mixtral's own is a SentencePiece BPE with byte fallback. No merge
    is learnt across a cut after 500 characters without white space (DNA, base64).

    Returns:
        A ``tokenizers.Tokenizer``; fewer than ``vocab_size`` entries if the text is short.

    Raises:
        ValueError: ``vocab_size`` leaves no room for the 256 bytes and 3 special tokens.

    >>> tokenizer = train_tokenizer(["low lower lowest"], vocab_size=262)
    >>> tokenizer.encode("low").tokens
    ['low']

    Lesson 9.
    """
    if vocab_size < SMALLEST:
        raise ValueError(f"vocab_size is {vocab_size}: it must be {SMALLEST} or more")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator((part for text in documents for part in _cut(text)), trainer)
    return _plain(tokenizer)


def _cut(text):
    """Yield a text in parts, cut inside of what has no gap for long."""
    begin = 0
    for long in LONG.finditer(text):
        yield text[begin : long.end()]
        begin = long.end()
    yield text[begin:]


def _plain(tokenizer):
    """Let a text be text: whole, without padding, and ``<s>`` in it three characters."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer


def load(path):
    """Read a tokenizer that was saved as tokenizer.json.

    Truncation and padding are switched off, and what looks like a control token in a text
    (``<s>`` in a page of HTML) is text.

    Raises:
        ValueError: there is no such file, it is not a tokenizer, or as ``check_tokenizer``.

    >>> load("absent.json")
    Traceback (most recent call last):
    ValueError: absent.json cannot be read: No such file or directory (os error 2)

    Lesson 9.
    """
    try:
        tokenizer = _plain(Tokenizer.from_file(str(path)))
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(f"{Path(path).name} cannot be read: {error}") from error
    try:
        check_tokenizer(tokenizer)
    except ValueError as error:
        raise ValueError(f"{Path(path).name}: {error}") from error
    return tokenizer


def check_tokenizer(tokenizer):
    """Refuse a tokenizer that the arithmetic of the course does not hold for.

    Raises:
        ValueError: it cuts or pads texts, does not give a text back byte for byte, is of
            another kind than ``kinds.kind`` allows, or has no control tokens 1 and 2.

    >>> tokenizer = train_tokenizer(["low"], 259)
    >>> tokenizer.enable_truncation(4)
    >>> check_tokenizer(tokenizer)
    Traceback (most recent call last):
    ValueError: the tokenizer cuts texts after 4 tokens: no_truncation() ends it

    Lesson 9.
    """
    if cut := tokenizer.truncation:
        most = cut["max_length"]
        raise ValueError(f"the tokenizer cuts texts after {most} tokens: no_truncation() ends it")
    if tokenizer.padding:
        raise ValueError("the tokenizer pads texts: no_padding() ends it")
    ids = encode(tokenizer, [PROBE]).id_T[1:-1].tolist()
    if (back := tokenizer.decode(ids)) != PROBE:
        raise ValueError(f"the tokenizer does not give texts back: {PROBE!r} becomes {back!r}")
    added = tokenizer.get_added_tokens_decoder()
    for index in (START, END):
        if index not in added or not added[index].special:
            found = tokenizer.id_to_token(index)
            raise ValueError(
                f"id {index} of the tokenizer is {found!r}, no control token: "
                f"documents start with id {START} and end with id {END}"
            )


def token_bytes(tokenizer):
    """Count the bytes that each token id stands for.

    Returns:
        bytes_V, int64; 0 for control tokens and for numbers that no token has.

    >>> token_bytes(train_tokenizer(["low low"], vocab_size=261))[-1].item()
    3

    Lesson 9.
    """
    bytes_of = sizes(tokenizer)
    return torch.tensor([bytes_of.get(index, 0) for index in range(max(bytes_of) + 1)])


def encode(tokenizer, documents):
    """Turn documents into one stream of ids: <s> text </s> <s> text </s> ...

    Raises:
        ValueError: the tokenizer loses part of a document, or as ``kinds.kind``.

    >>> encode(train_tokenizer(["ab"], vocab_size=259), ["ab"]).bytes_T.tolist()
    [0, 1, 1, 0]

    Lesson 9.
    """
    documents = list(documents)
    bytes_V, adds_space = token_bytes(tokenizer), kind(tokenizer) == BYTE_FALLBACK
    ids, counts = [], []
    encoded = tokenizer.encode_batch(documents, add_special_tokens=False)
    for number, (text, one) in enumerate(zip(documents, encoded)):
        ids.append(torch.tensor([START, *one.ids, END]))
        counts.append(bytes_V[ids[-1]])
        wanted, found = len(text.encode()), counts[-1].sum().item()
        if adds_space and found == wanted + 1:  # SentencePiece puts one before a text
            counts[-1][1] -= 1
        elif found != wanted:
            raise ValueError(
                f"the tokenizer does not keep document {number}: its {wanted:,} bytes became "
                f"{found:,}"
            )
    empty = torch.zeros(0, dtype=torch.long)
    return Text(torch.cat([empty, *ids]), torch.cat([empty, *counts]))


def split(documents, share=0.1):
    """Set the last part of every document aside for measuring.

    Returns:
        Two lists of texts: (1 - share) and ``share`` of each document's characters.

    Raises:
        ValueError: ``share`` is not between 0 and 1.

    >>> split(["abcdefghij"], share=0.1)
    (['abcdefghi'], ['j'])

    Lesson 9.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}: it must lie between 0 and 1")
    cuts = [len(text) - round(len(text) * share) for text in documents]
    pairs = list(zip(documents, cuts, strict=True))
    return [text[:cut] for text, cut in pairs], [text[cut:] for text, cut in pairs]


def prepare(documents, vocab_size, tokenizer=None):
    """Split documents, learn a tokenizer on the training part, encode both parts.

    Returns:
        The tokenizer (the one given, if one is) and a Data.

    >>> tokenizer, data = prepare(["abc " * 50], vocab_size=262)
    >>> data.train.bytes_T.sum().item(), data.valid.bytes_T.sum().item()
    (180, 20)

    Lesson 9.
    """
    train, valid = split(documents)
    tokenizer = tokenizer or train_tokenizer(train, vocab_size)
    return tokenizer, Data(encode(tokenizer, train), encode(tokenizer, valid))
