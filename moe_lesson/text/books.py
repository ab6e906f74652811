"""Books from the net: five novels and some plays, cleaned."""

import re
import unicodedata
from functools import partial

from moe_lesson import one_of
from moe_lesson.text.downloads import ONLINE, Work, load

START = re.compile(r"^\*\*\* ?START OF TH(?:E|IS) PROJECT GUTENBERG EBOOK[^*]*\*\*\*$", re.M)
END = re.compile(r"^\*\*\* ?END OF TH(?:E|IS) PROJECT GUTENBERG EBOOK[^*]*\*\*\*$", re.M)
# English paragraphs by those who made the electronic texts, inside the marks too.
CREDIT = re.compile(
    r"^(?:Produced by |E-text prepared by |Note: Images of |We thank the |Editorial note: |"
    r"End of (?:the )?Project Gutenberg).*(?:\n.+)*",
    re.M,
)


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
    return load(WORKS[one_of("language", language, NOVELS)], site)


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
