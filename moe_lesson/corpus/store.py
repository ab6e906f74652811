"""The corpus as training data: written once, kept in a cache, cut into tokens."""

import hashlib
import json
import lzma
import os
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from moe_lesson.corpus.build import documents
from moe_lesson.corpus.document import Document
from moe_lesson.corpus.heldout import held_out
from moe_lesson.corpus.labels import label_tokens
from moe_lesson.corpus.languages.lexicon import FOLDER
from moe_lesson.corpus.python_source import code_documents
from moe_lesson.text.tokenizer import Data, encode, train_tokenizer

CODE_SHARE = 0.18  # of the bytes
EACH_HELD_OUT = 20  # every twentieth document of code is held out
TOKENIZER_BYTES = 2_000_000  # that the tokenizer is learnt on
INSTRUCTIONS = "instructions.tsv"  # how tasks are phrased


def cache_folder():
    """Name the folder that keeps written corpora: $MOE_CACHE, or one in the user's cache.

    Where the user has neither a name nor a home (a container started with some number), it is
    a folder in the one for temporary files; where there is not even that, one that can never
    be made, so that nothing is kept.

    >>> cache_folder().name != ""
    True

    Lesson 9.
    """
    if chosen := os.environ.get("MOE_CACHE"):
        return Path(os.path.expanduser(chosen))
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.path.isabs(home):  # not "~/.cache" as it stands, nor below wherever one happens to be
        return Path(home, "moe-lesson")
    try:
        return Path(tempfile.gettempdir(), f"moe-lesson-{_user()}")
    except OSError:
        return Path(os.devnull, "moe-lesson")


def _user():
    """Return the user's number; on Windows there is none."""
    return os.getuid() if hasattr(os, "getuid") else 0


def _refuse_strangers(folder):
    """Raise PermissionError for a folder of temporary files that another user has made."""
    if folder.name == f"moe-lesson-{_user()}" and folder.stat().st_uid != _user():
        raise PermissionError(f"{folder} is another user's")


def training_pages(budget=10_000_000):
    """Read the training corpus from the cache, or write it and keep it there.

    Args:
        budget: bytes of text; 18 % are Python source.

    Returns:
        A list of Documents without spans: in training only their text counts.

    Raises:
        ValueError: the budget is below 10,000 bytes.

    >>> sum(len(page.text.encode()) for page in training_pages(budget=20_000)) <= 20_000
    True

    Lesson 9.
    """
    if budget < 10_000:
        raise ValueError(f"budget is {budget} bytes: it must be 10,000 or more")
    path = cache_folder() / f"corpus-{_digest(budget)}.json.xz"
    kept = _read(path)
    if kept is None:
        kept = [[page.text, page.about, page.bits] for page in _pages(budget)]
        _keep(path, kept)
    return [Document(text, [], about, bits) for text, about, bits in kept]


def _digest(budget):
    """Hash all that the corpus depends on: not the tasks, of which none stands in it."""
    parts = sorted([*FOLDER.rglob("*.tsv"), *Path(__file__).parent.rglob("*.py")])
    digest = hashlib.sha256(f"{budget} {sys.version}".encode())
    for path in parts:
        if path.name != INSTRUCTIONS and path.parent.name != "tasks":
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _read(path):
    """Return what a file of the cache holds, None if it is absent, damaged or somebody else's."""
    try:
        _refuse_strangers(path.parent)
        pages = json.loads(lzma.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError, RecursionError, lzma.LZMAError):
        return None
    return pages if isinstance(pages, list) and pages and all(map(_is_page, pages)) else None


def _is_page(one):
    """Tell whether an entry is text, what it is about, and its bits of chance."""
    kinds = (str, dict, (int, float))
    return isinstance(one, list) and len(one) == 3 and all(map(isinstance, one, kinds))


def _keep(path, pages):
    """Write a file of the cache; a folder that cannot be written to is no harm."""
    partial = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_strangers(path.parent)
        try:
            partial.write_bytes(lzma.compress(json.dumps(pages).encode(), preset=1))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)  # a full disk keeps no half of it
    except OSError:
        return


def _pages(budget):
    """Mix documents of the languages with code, in proportion to their bytes."""
    code = [page for n, page in enumerate(_code(budget)) if n % EACH_HELD_OUT]
    pages, size, code_size = [], 0, 0
    for page in documents():
        pages.append(page)
        size += len(page.text.encode())
        while code and code_size < CODE_SHARE * size:
            pages.append(code.pop(0))
            added = len(pages[-1].text.encode())
            size, code_size = size + added, code_size + added
        if size > budget:
            break
    while size > budget:
        size -= len(pages.pop().text.encode())
    return pages


@lru_cache(maxsize=2)
def _code(budget):
    return code_documents(max(2000, int(1.2 * CODE_SHARE * budget)))


def held_out_pages(count=240, budget=10_000_000):
    """Write the held-out documents: of the languages, and code that training leaves out.

    Args:
        count: documents of the languages.
        budget: of the training corpus: it decides which code is left.

    Returns:
        A list of Documents with labels.

    >>> [page.about["language"] for page in held_out_pages(count=1, budget=50_000)]
    ['en', 'code']

    Lesson 9.
    """
    code = _code(budget)[::EACH_HELD_OUT]
    return held_out(count) + code[: max(1, count // 24)]


def training_data(vocab_size, budget=10_000_000, tokenizer=None):
    """Prepare the corpus for training: a tokenizer, tokens to train on, tokens to measure on.

    Returns:
        The tokenizer (the one given, if one is), a Data, and the labels of its held-out
        part: name -> array of T strings.

    >>> words, data, labels = training_data(vocab_size=400, budget=20_000)
    >>> len(labels["kind"]) == len(data.valid.id_T)
    True

    Lesson 9.
    """
    pages = training_pages(budget)
    texts = [page.text for page in pages]
    if tokenizer is None:
        tokenizer = train_tokenizer(_some(texts), vocab_size)
    valid, labels = label_tokens(tokenizer, held_out_pages(budget=budget))
    return tokenizer, Data(encode(tokenizer, texts), valid), labels


def _some(texts):
    """Keep documents from all parts until there are enough to learn a tokenizer from."""
    size = sum(map(len, texts))
    return texts[:: max(1, size // TOKENIZER_BYTES)]


def default_text(budget=2_000_000):
    """Write the course's own corpus: five languages and Python source, no network needed.

    Returns:
        A list of documents, at most ``budget`` bytes in all.

    Raises:
        ValueError: ``budget`` is below 10,000.

    >>> 9_000 < sum(len(text.encode()) for text in default_text(budget=10_000)) <= 10_000
    True

    Lesson 9.
    """
    return [page.text for page in training_pages(budget)]
