"""Texts to read: what every Python carries, a folder of the reader's own, books from the net."""

import re
import sysconfig
import unicodedata
from functools import partial
from pathlib import Path
from typing import NamedTuple

from moe_lesson.text.downloads import ONLINE, Unavailable, Work, load, read_vowels

START = re.compile(r"^\*\*\* ?START OF TH(?:E|IS) PROJECT GUTENBERG EBOOK[^*]*\*\*\*$", re.M)
END = re.compile(r"^\*\*\* ?END OF TH(?:E|IS) PROJECT GUTENBERG EBOOK[^*]*\*\*\*$", re.M)
# English paragraphs by those who made the electronic texts, inside the marks too.
CREDIT = re.compile(
    r"^(?:Produced by |E-text prepared by |Note: Images of |We thank the |Editorial note: |"
    r"End of (?:the )?Project Gutenberg).*(?:\n.+)*",
    re.M,
)
# Plain modules found in every CPython from 3.10 on. Their text differs between versions, so
# no test and no lesson may expect an exact loss on it.
MODULES = """
    argparse ast bdb calendar cmd codecs configparser contextlib copy csv dataclasses difflib
    doctest enum fractions ftplib functools gettext gzip heapq http/client http/cookiejar
    http/server imaplib inspect ipaddress logging/__init__ logging/handlers mailbox mimetypes
    optparse os pdb pickle pickletools platform plistlib poplib pprint pydoc queue random
    selectors shelve shlex shutil smtplib socket socketserver ssl statistics string subprocess
    tarfile tempfile textwrap threading timeit tokenize trace traceback turtle types typing
    unittest/case unittest/mock urllib/parse urllib/request uuid weakref webbrowser
    xml/dom/minidom xml/etree/ElementTree xmlrpc/client
""".split()


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
    # The corpus takes the library's modules from here.
    from moe_lesson.text.corpus.store import training_pages

    return [page.text for page in training_pages(budget)]


def library_modules():
    """Read the allowed modules of the standard library, one at a time.

    Yields:
        (name, text) in the order of MODULES; the name with dots, a package by its own.

    >>> next(library_modules())[0]
    'argparse'

    Lesson 10.
    """
    library = Path(sysconfig.get_path("stdlib"))
    for name in MODULES:
        path = library / f"{name}.py"
        if path.exists():
            yield name.removesuffix("/__init__").replace("/", "."), path.read_text(encoding="utf-8")


def read_folder(folder):
    """Read every .txt file of a folder and of the folders in it, as UTF-8.

    Returns:
        A list of documents in the order of their paths.

    Raises:
        FileNotFoundError: there is no such folder, or no .txt file in it.
        ValueError: a file is not UTF-8, or all files are empty.

    >>> read_folder("no such place")
    Traceback (most recent call last):
    FileNotFoundError: no such place: no such folder

    Lesson 9.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    paths = sorted(path for path in folder.rglob("*.txt") if path.is_file())
    if not paths:
        raise FileNotFoundError(f"{folder}: no .txt file in it or below it")
    texts = [_read(path) for path in paths]
    if not any(texts):
        raise ValueError(f"{folder}: its {len(paths)} .txt files are all empty")
    return [text for text in texts if text]


def _read(path):
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 (byte {error.start}); convert it first") from error


class Reading(NamedTuple):
    """Hold documents, and one line that says what they are.

    >>> Reading(["abc"], "three letters").note
    'three letters'

    Lesson 10.
    """

    documents: list
    note: str


def clean_text(data, encoding="utf-8-sig", gutenberg=True):
    """Decode a text, keep what stands between Project Gutenberg's marks, compose its letters.

    Line ends become ``\\n`` and letters with their accents one character (Unicode NFC). The
    volunteers' English credits inside the marks go as well; a book's own notes stay.

    Returns:
        The text, without white space around it, and one line end.

    Raises:
        ValueError: the bytes are not in ``encoding``, or a mark is missing.

    >>> clean_text("Cafe\\u0301\\r\\n".encode(), gutenberg=False)
    'Café\\n'

    Lesson 10.
    """
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"not {encoding} (byte {error.start})") from error
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if gutenberg:
        start = START.search(text)
        end = END.search(text, start.end()) if start else None
        if end is None:
            raise ValueError(f"no mark of the {'end' if start else 'start'} of the book")
        text = CREDIT.sub("", text[start.end() : end.start()])
    return text.strip() + "\n"


def _gutenberg(title, path, sha256, cleaned):
    """Describe a book whose file name tells its encoding, as Project Gutenberg's do."""
    encoding = "iso-8859-1" if path.endswith("-8.txt") else "utf-8-sig"
    copies = [(f"GITenberg/{path}", sha256)]
    return Work(title, copies, partial(clean_text, encoding=encoding), cleaned)


# Every address names a commit, so that its bytes stay what they are.
NOVELS = {
    "en": _gutenberg(
        "Treasure Island",
        "Treasure-Island_120/46f38f7b63dbda34415ce29ef5548023a8ba8dda/120-0.txt",
        "0fee2fef1b2ffde22e2c962bd8bc2b75ea1ae9b02b3fe85ef08d44f4cc1bb2de",
        "9d3923a2e2ef3429e1d1f7481c452688e0212ac1984629d1771957e83e4a4e60",
    ),
    "de": _gutenberg(
        "Die Schatzinsel",
        "Die-Schatzinsel_49424/4b7df4c559f78776fc5ade035a60734a279112d3/49424-0.txt",
        "dd6c7d2719651a43996ee30941b0ef10db10247e2d8ad157704d5aa163170750",
        "256e3df75b659910b9cd03cabdd5e6b40a625b941362f52bf8d6b8a7a0040510",
    ),
    "es": _gutenberg(
        "La isla del tesoro",
        "La-isla-del-tesoro_45438/a5165dba5e699a66068841b175d0c15ff73389e8/45438-8.txt",
        "6253be4f583e890d7cef446622fba41a142ab9bbad44f8082fa4fc501edce77c",
        "957280195149ddd185dff68ccdca45e62b41e530db4897ce20c2e963e34a19cc",
    ),
    "fr": _gutenberg(
        "Voyage au centre de la Terre",
        "Voyage-au-Centre-de-la-Terre_4791/d1e9a0a0f5f9163c4b1782f3b1e07fb3f423d2e2/4791-8.txt",
        "a160c687a3070669f0ea2285ce2d8af356793f505748840875f6f13ea1ef56c5",
        "8c8230f3adcb11bde0ce46c16be05d2743b8a65f88b19d2e08d81eafdf494e67",
    ),
    "it": _gutenberg(
        "La conquista di Roma",
        "La-conquista-di-Roma_42316/3c8726fb91ec281dea07dafc993c72b487666813/42316-0.txt",
        "5927bda9906234d1dfe70fc04a4c124797d3208da9d1e50e797d6141e509a764",
        "fbd17c66d9710ff0ce3ccaf67c7e2a8e98742452a7a7e141e8e6b0b90ed4fd97",
    ),
}
_PLAYS = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
WORKS = NOVELS | {
    "shakespeare": Work(
        "tiny shakespeare",
        [
            (f"karpathy/{path}/input.txt", _PLAYS)
            for path in (
                "char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare",
                "build-nanogpt/6104ab1b53920f6e2159749676073ff7d815c1fa",
            )
        ],
        partial(clean_text, gutenberg=False),
        _PLAYS,  # it is clean already
    ),
    "pb52": Work(
        "vowels of 1952",
        [
            (
                "cran/phonTools/760ad82606113512c48a864fb0e86fd14c121cf8/data/pb52.rda",
                "0084f2d0cd9882bca0652b011f31b91d5e0006be3fc761a962c95090aad7fa83",
            )
        ],
        read_vowels,
        "741b3d3355f875d5fb9a93ac679d8e8eaaada4da08125c2d16c20651ee250a12",
    ),
}


def novel(language, site=ONLINE):
    """Download a novel, or read it from the cache: one in each of five languages.

    Project Gutenberg's text in GITenberg's frozen copy, checked by SHA-256 before and after
    its cleaning (see ``clean_text``).

    Returns:
        The text, about 400,000 to 530,000 bytes.

    Raises:
        ValueError: ``language`` is none of en, de, es, fr, it.
        Unavailable: it cannot be downloaded, or is not the expected text.

    >>> novel("la")
    Traceback (most recent call last):
    ValueError: language is 'la': it must be one of en, de, es, fr, it

    Lesson 10.
    """
    if language not in NOVELS:
        raise ValueError(f"language is {language!r}: it must be one of {', '.join(NOVELS)}")
    return load(WORKS[language], site)


def shakespeare(site=ONLINE):
    """Download tiny shakespeare, or read it from the cache: a million letters of plays.

    Karpathy 2015 (char-rnn); a second address holds the same bytes.

    Returns:
        The text, 1,115,394 bytes of ASCII.

    Raises:
        Unavailable: it cannot be downloaded, or is not the expected text.

    >>> import tempfile
    >>> from moe_lesson.text.downloads import Site
    >>> shakespeare(Site("nowhere:", tempfile.mkdtemp()))
    Traceback (most recent call last):
    moe_lesson.text.downloads.Unavailable: tiny shakespeare cannot be downloaded: connection failed

    Lesson 10.
    """
    return load(WORKS["shakespeare"], site)


def vowels(site=ONLINE):
    """Download the 1952 vowel measurements, or read them from the cache.

    Peterson and Barney 1952, of which Jacobs et al. 1991 took three vowels; see
    ``read_vowels``.

    Returns:
        A list of 1,520 Vowel: 76 speakers, ten vowels, each twice.

    Raises:
        Unavailable: they cannot be downloaded, or are not the expected measurements.

    >>> import tempfile
    >>> from moe_lesson.text.downloads import Site
    >>> vowels(Site("nowhere:", tempfile.mkdtemp()))
    Traceback (most recent call last):
    moe_lesson.text.downloads.Unavailable: vowels of 1952 cannot be downloaded: connection failed

    Lesson 1.
    """
    return load(WORKS["pb52"], site)


def real_text(name, fallback=default_text, site=ONLINE):
    """Read a real text where that can be, and something else where it cannot.

    Args:
        name: a language of ``novel``, or ``shakespeare``.
        fallback: called without arguments for the documents that stand in.

    Returns:
        A Reading. Its note is one line for the reader: what was read, or what could not be
        downloaded, why, and what is used instead.

    Raises:
        ValueError: there is no text of that name.

    >>> import tempfile
    >>> from moe_lesson.text.downloads import Site
    >>> nowhere = Site("nowhere:", tempfile.mkdtemp())
    >>> real_text("en", fallback=lambda: ["a stand-in"], site=nowhere).documents
    ['a stand-in']

    Lesson 10.
    """
    if name != "shakespeare" and name not in NOVELS:
        names = ", ".join([*NOVELS, "shakespeare"])
        raise ValueError(f"name is {name!r}: it must be one of {names}")
    try:
        text = load(WORKS[name], site)
    except Unavailable as error:
        documents = fallback()
        called = getattr(fallback, "__name__", "another text")
        return Reading(documents, f"{error}. Used instead: {called}, {len(documents)} documents.")
    return Reading([text], f"{WORKS[name].title}, {len(text.encode()):,} bytes.")
