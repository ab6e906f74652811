"""Byte-level BPE: any text to token ids and back, nothing lost."""

from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

# The first three ids, as in Mixtral's tokenizer. END closes every document.
SPECIAL = ["<unk>", "<s>", "</s>"]
START, END = 1, 2
SMALLEST = 256 + len(SPECIAL)


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
    ``tokenizers`` library. Mixtral's own is a SentencePiece BPE with byte fallback.

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
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def load(path):
    """Read a tokenizer that was saved as tokenizer.json.

    Raises:
        ValueError: there is no such file, or it is not a tokenizer.

    >>> load("absent.json")
    Traceback (most recent call last):
    ValueError: absent.json cannot be read: No such file or directory (os error 2)

    Lesson 9.
    """
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(f"{Path(path).name} cannot be read: {error}") from error


def token_bytes(tokenizer):
    """Count the bytes that each token id stands for.

    Returns:
        bytes_V, int64; 0 for special tokens.

    >>> token_bytes(train_tokenizer(["low low"], vocab_size=261))[-1].item()
    3

    Lesson 9.
    """
    special = set(tokenizer.get_added_tokens_decoder())
    # In byte-level BPE each character of a token's name stands for one byte.
    return torch.tensor(
        [
            0 if index in special else len(tokenizer.id_to_token(index))
            for index in range(tokenizer.get_vocab_size())
        ]
    )


def encode(tokenizer, documents):
    """Turn documents into one stream of ids: <s> text </s> <s> text </s> ...

    >>> encode(train_tokenizer(["ab"], vocab_size=259), ["ab"]).bytes_T.tolist()
    [0, 1, 1, 0]

    Lesson 9.
    """
    ids = [[START, *one.ids, END] for one in tokenizer.encode_batch(list(documents))]
    id_T = torch.tensor([index for one in ids for index in one], dtype=torch.long)
    return Text(id_T, token_bytes(tokenizer)[id_T])


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
