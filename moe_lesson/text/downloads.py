"""Files from the net: fetched, checked, kept, and the one that holds measurements read."""

import gzip
import hashlib
import struct
import time
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

# The file has X-SAMPA symbols; the lessons write the same ten vowels in ARPAbet.
ARPABET = dict(zip("i I E { A O U u V 3'".split(), "iy ih eh ae aa ao uh uw ah er".split()))
# The kinds of item in R's serialisation that a table of numbers and words consists of.
SYMBOL, PAIRS, CHARACTERS, INTEGERS, STRINGS, LIST, NOTHING, SEEN = 1, 2, 9, 13, 16, 19, 254, 255
HAS_ATTRIBUTES, HAS_TAG = 0x200, 0x400  # bits beside the kind
MALFORMED = (ValueError, TypeError, LookupError, RecursionError)
# pooch's 1,024 bytes would let a server that trickles outlast the limit by far.
CHUNK = 128


class Site(NamedTuple):
    """Say where files are downloaded from, where they are kept and how long to wait.

    >>> Site().base
    'https://raw.githubusercontent.com/'

    Lesson 10.
    """

    base: str = "https://raw.githubusercontent.com/"
    cache: str | None = None  # a folder; None: the one that the system keeps for caches
    silence: float = 10.0  # seconds without a byte after which a download is given up
    limit: float = 120.0  # seconds that one file may take


class Unavailable(OSError):
    """Say in one line which download failed, and why.

    >>> raise Unavailable("Treasure Island cannot be downloaded: no answer")
    Traceback (most recent call last):
    moe_lesson.text.downloads.Unavailable: Treasure Island cannot be downloaded: no answer

    Lesson 10.
    """


ONLINE = Site()


class Work(NamedTuple):
    """Name a file that never changes: where it is, and the SHA-256 of what it must hold.

    >>> Work("A book", [("a/book.txt", "c0ffee")], bytes.decode, "0ff").title
    'A book'

    Lesson 10.
    """

    title: str
    copies: list  # of (path below Site.base, sha256): one URL and its hash after the other
    read: Callable  # from its bytes to a text or rows; ValueError if they are not what it reads
    cleaned: str  # sha256 of what `read` returns, as UTF-8; rows as lines with commas


def load(work, site=ONLINE):
    """Return what the first copy of a work that arrives whole is read as.

    Raises:
        Unavailable: none arrives, or none is read as what is expected.

    >>> load(Work("A book with no copies", [], bytes.decode, ""))
    Traceback (most recent call last):
    moe_lesson.text.downloads.Unavailable: A book with no copies cannot be downloaded: nowhere

    Lesson 10.
    """
    reasons = [] if work.copies else ["nowhere"]
    for path, sha256 in work.copies:
        try:
            found = work.read(_fetch(path, sha256, site))
        except (OSError, ValueError) as error:
            reasons.append(_reason(error))
            continue
        if _digest(found) == work.cleaned:
            return found
        reasons.append("what was read from it is not what is expected")
    raise Unavailable(f"{work.title} cannot be downloaded: {'; '.join(dict.fromkeys(reasons))}")


def _digest(found):
    """Return the SHA-256 of a text, or of rows written as lines with commas."""
    if not isinstance(found, str):
        found = "".join(",".join(map(str, row)) + "\n" for row in found)
    return hashlib.sha256(found.encode()).hexdigest()


def _fetch(path, sha256, site):
    """Return the bytes of a file, from the cache if they are there and whole."""
    import pooch

    folder = Path(site.cache or pooch.os_cache("moe_lesson"))
    kept = folder / f"{sha256[:8]}-{path.rsplit('/', 1)[-1]}"
    if kept.is_file() and pooch.file_hash(kept) != sha256:
        kept.unlink()  # should the new download fail, nothing spoilt stays behind
    downloader = pooch.HTTPDownloader(
        progressbar=_Clock(site.limit), chunk_size=CHUNK, timeout=site.silence
    )
    with _quiet(pooch.get_logger()):
        pooch.retrieve(site.base + path, sha256, kept.name, folder, downloader=downloader)
    return kept.read_bytes()


@contextmanager
def _quiet(logger):
    """Keep pooch from writing to stderr for as long as the block lasts."""
    level = logger.level
    logger.setLevel("CRITICAL")
    try:
        yield
    finally:
        logger.setLevel(level)


class _Clock:
    """Stop a download that takes too long, in the place of a progress bar.

    A time limit of ``requests`` starts anew with every byte, so that a server which sends
    one now and then would be waited for without end.
    """

    total = 0  # written by pooch

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def update(self, size):
        """Be told that bytes have come."""
        if time.monotonic() > self.end:
            raise TimeoutError("timed out")

    def reset(self):
        """Do nothing: pooch fills its bar at the end."""

    close = reset


def _reason(error):
    """Say in a few words, on one line, why a download failed."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status:
        return f"the server answers {status}"
    text = " ".join(str(error).split())
    if "timed out" in text:
        return "the server is too slow"
    if "hash" in text:
        return "the file is not the expected one"
    if isinstance(error, OSError):  # those of the network have no strerror, but pages of text
        return f"{error.strerror}: {error.filename}" if error.strerror else "connection failed"
    return text


class Vowel(NamedTuple):
    """Hold one recording of Peterson and Barney 1952: who said which vowel, and how it sounds.

    >>> Vowel("m", "m", 1, "iy", 1, 160, 240, 2280, 2850).f1
    240

    Lesson 1.
    """

    type: str  # m man, w woman, c child
    sex: str  # m or f
    speaker: int  # 1 to 76
    vowel: str  # ARPAbet: iy ih eh ae aa ao uh uw ah er
    repetition: int  # 1 or 2
    f0: int  # Hz, the pitch
    f1: int  # Hz, the formants
    f2: int
    f3: int


def read_vowels(data):
    """Read the vowel measurements out of the R data file ``pb52.rda``.

    Peterson and Barney 1952, as in the R package phonTools, whose 1,520 rows agree with the
    table that Praat corrected in January 2008. In older copies of that table the vowels
    aa, ah, ao, uh and uw carry one another's names. Nothing in the file is executed: this
    reads numbers and words, and refuses anything else that R can store.

    Returns:
        A list of Vowel, in the file's order: men, women, children.

    Raises:
        ValueError: it is not this table, or it was cut short.

    >>> read_vowels(b"something else")
    Traceback (most recent call last):
    ValueError: not a table of vowels: Not a gzipped file (b'so')

    Lesson 1.
    """
    try:
        items = _Items(gzip.decompress(data))
        columns, named = items.read()["pb52"]
        if tuple(named["names"][0]) != Vowel._fields:
            raise ValueError(f"its columns are {named['names'][0]}")
        rows = zip(*(_words(*column) for column in columns), strict=True)
        return [Vowel(*row)._replace(vowel=ARPABET[row[3]]) for row in rows]
    except (*MALFORMED, OSError, EOFError, zlib.error) as error:  # the last three from gzip
        raise ValueError(f"not a table of vowels: {error}") from error


def _words(values, named):
    """Put the words of a factor where its numbers are, which count from 1."""
    if "levels" not in named:
        return values
    words = dict(enumerate(named["levels"][0], start=1))
    return [words[value] for value in values]


class _Items:
    """Read R's binary serialisation, version 2: big-endian, each item behind its kind."""

    def __init__(self, data):
        if data[:7] != b"RDX2\nX\n":
            raise ValueError(f"it begins with {data[:7]!r}")
        self.data, self.place, self.symbols = data, 7, []
        self.numbers(3)  # versions of the format and of R

    def take(self, length):
        """Return the next bytes."""
        if not 0 <= length <= len(self.data) - self.place:
            raise ValueError(f"{length} bytes are not left at byte {self.place}")
        self.place += length
        return self.data[self.place - length : self.place]

    def numbers(self, count):
        """Return the next 32-bit integers."""
        return list(struct.unpack(f">{count}i", self.take(4 * count)))

    def read(self):
        """Return the next item: a word, a dict of named items, or (values, attributes)."""
        (flags,) = self.numbers(1)
        kind = flags & 0xFF
        if kind == NOTHING:
            return {}
        if kind == SEEN:
            return self.symbols[(flags >> 8) - 1]
        if kind == SYMBOL:
            self.symbols.append(self.read())
            return self.symbols[-1]
        if kind == PAIRS and flags & HAS_TAG:
            name, item = self.read(), self.read()
            return {name: item, **self.read()}
        (length,) = self.numbers(1)
        if kind == CHARACTERS:
            return self.take(length).decode("ascii")
        if kind == INTEGERS:
            values = self.numbers(length)
        elif kind in (STRINGS, LIST):
            values = [self.read() for _ in range(length)]
        else:
            raise ValueError(f"an item of kind {kind} at byte {self.place - 8}")
        return values, (self.read() if flags & HAS_ATTRIBUTES else {})
