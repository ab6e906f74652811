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
HELD_OUT = 0.1  # share of a document
# Learning merges takes time that grows with the square of the longest stretch without a gap.
LONG = re.compile(r"\S{500}|\s{500}")
PROBE = "Ab, c  d\n\té e\u0301 ﬁ 日本 🙂 12 <0x41> "  # what normalizers change, too


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
    added = tokenizer.get_added_tokens_decoder()
    # ``load`` makes text of control tokens in a text; a caller's own tokenizer may not.
    controls = [token.content for token in added.values() if token.special]
    controls = controls if tokenizer.encode_special_tokens else []
    ids = count_bytes(tokenizer, [PROBE, *controls])[0][0].ids
    if (back := tokenizer.decode(ids)) != PROBE:
        raise ValueError(f"the tokenizer does not give texts back: {PROBE!r} becomes {back!r}")
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

    Raises:
        ValueError: as ``kinds.kind``.

    >>> token_bytes(train_tokenizer(["low low"], vocab_size=261))[-1].item()
    3

    Lesson 9.
    """
    bytes_of = sizes(tokenizer)
    return torch.tensor([bytes_of.get(index, 0) for index in range(max(bytes_of) + 1)])


def text_ids(tokenizer, text):
    """Cut one text into tokens, without what a foreign tokenizer puts around it.

    Returns:
        A list of ids.

    Raises:
        ValueError: the text holds half a character.

    >>> text_ids(train_tokenizer(["ab"], vocab_size=259), "ab")
    [67, 68]

    Lesson 9.
    """
    halves = [letter for letter in text if "\ud800" <= letter <= "\udfff"]
    if halves:
        raise ValueError(f"the text holds half a character, {halves[0]!r}, which has no bytes")
    return tokenizer.encode(text, add_special_tokens=False).ids


def count_bytes(tokenizer, documents):
    """Cut documents into tokens, and count the bytes that each stands for where it stands.

    Returns:
        A list of pairs: what ``tokenizers`` calls an Encoding, and a number for each of its
        ids. The numbers of a document add up to its bytes.

    Raises:
        ValueError: the tokenizer loses part of a document, or as ``kinds.kind``.

    >>> count_bytes(train_tokenizer(["ab"], vocab_size=259), ["aé"])[0][1]
    [1, 1, 1]

    Lesson 9.
    """
    documents = list(documents)
    lengths = [len(text.encode()) for text in documents]
    bytes_V, adds_space = token_bytes(tokenizer), kind(tokenizer) == BYTE_FALLBACK
    encoded = tokenizer.encode_batch(documents, add_special_tokens=False)
    counts = [bytes_V[one.ids].tolist() for one in encoded]
    for number, (wanted, count) in enumerate(zip(lengths, counts)):
        if adds_space and sum(count) == wanted + 1:  # SentencePiece puts one before a text
            count[0] -= 1
        if sum(count) != wanted:
            lost = f"{wanted:,} bytes became {sum(count):,}"
            raise ValueError(f"the tokenizer does not keep {documents[number][:40]!r}: {lost}")
    return list(zip(encoded, counts))


def encode(tokenizer, documents):
    """Turn documents into one stream of ids: <s> text </s> <s> text </s> ...

    Raises:
        ValueError: as ``count_bytes``.

    >>> encode(train_tokenizer(["ab"], vocab_size=259), ["ab"]).bytes_T.tolist()
    [0, 1, 1, 0]

    Lesson 9.
    """
    found = count_bytes(tokenizer, documents)
    ids = [index for one, _ in found for index in (START, *one.ids, END)]
    sizes_of = [size for _, count in found for size in (0, *count, 0)]
    return Text(torch.tensor(ids, dtype=torch.long), torch.tensor(sizes_of, dtype=torch.long))


def split(documents):
    """Set the last tenth of every document aside for measuring.

    Returns:
        Two lists of texts: nine tenths and one tenth of each document's characters.

    >>> split(["abcdefghij"])
    (['abcdefghi'], ['j'])

    Lesson 9.
    """
    cuts = [len(text) - round(len(text) * HELD_OUT) for text in documents]
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
