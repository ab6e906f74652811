"""The vowel measurements of 1952: fetched, and read out of R's file format."""

import gzip
import struct
import zlib
from typing import NamedTuple

from moe_lesson.text.downloads import ONLINE, Work, load

# The file has X-SAMPA symbols; the lessons write the same ten vowels in ARPAbet.
ARPABET = dict(zip("i I E { A O U u V 3'".split(), "iy ih eh ae aa ao uh uw ah er".split()))
# The kinds of item in R's serialisation that a table of numbers and words consists of.
SYMBOL, PAIRS, CHARACTERS, INTEGERS, STRINGS, LIST, NOTHING, SEEN = 1, 2, 9, 13, 16, 19, 254, 255
HAS_ATTRIBUTES, HAS_TAG = 0x200, 0x400  # bits beside the kind
MALFORMED = (ValueError, TypeError, LookupError, RecursionError)


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


VOWELS = Work(
    "vowels of 1952",
    [
        (
            "cran/phonTools/760ad82606113512c48a864fb0e86fd14c121cf8/data/pb52.rda",
            "0084f2d0cd9882bca0652b011f31b91d5e0006be3fc761a962c95090aad7fa83",
        )
    ],
    read_vowels,
    "741b3d3355f875d5fb9a93ac679d8e8eaaada4da08125c2d16c20651ee250a12",
)


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
    return load(VOWELS, site)
