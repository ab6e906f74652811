"""Files from the net: fetched, checked, kept, and the one that holds measurements read."""

import hashlib
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

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
