"""Files from a server on this machine, good and bad: checked, kept, refused."""

import functools
import logging
import sys
import time
from pathlib import Path

import pooch
import pytest

from moe_lesson.text import downloads
from moe_lesson.text.books import clean_text
from moe_lesson.text.downloads import Unavailable, load
from tests.text.library import BOOK, TALE, tale


def kept(site):
    """Return the names and bytes of what is in the cache."""
    return {path.name: path.read_bytes() for path in Path(site.cache).glob("*")}


@pytest.fixture
def said(capfd, monkeypatch):
    """Catch what is written, by pooch too, whose logger holds the stderr of its first import."""
    for handler in pooch.get_logger().handlers:
        monkeypatch.setattr(handler, "stream", sys.stderr)
    return capfd


def test_a_good_file_is_cleaned_and_kept(server, site, said):
    assert load(tale("good/tale.txt"), site) == TALE + "\n"
    assert load(tale("good/tale.txt"), site) == TALE + "\n"
    assert server.asked == ["/good/tale.txt"]
    assert list(kept(site).values()) == [BOOK]
    assert said.readouterr() == ("", "")


@pytest.mark.parametrize(
    "how, reason",
    [
        ("missing", "the server answers 404"),
        ("tampered", "the file is not the expected one"),
        ("truncated", "connection failed"),
        ("stalling", "the server is too slow"),
        ("silent", "the server is too slow"),
        ("trickling", "the server is too slow"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_and_leaves_nothing(server, site, said, how, reason):
    if reason == "the server is too slow":
        site = site._replace(silence=0.5, limit=1.0)
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        load(tale(f"{how}/tale.txt"), site)
    assert str(caught.value) == f"A Tale cannot be downloaded: {reason}"
    assert kept(site) == {} and time.monotonic() - began < 9
    assert said.readouterr() == ("", "")


def test_the_second_address_stands_in_for_the_first(server, site):
    work = tale("tampered/tale.txt", "missing/tale.txt", "good/tale.txt")
    assert load(work, site) == TALE + "\n"
    assert [path.split("/")[1] for path in server.asked] == ["tampered", "missing", "good"]


def test_every_address_that_failed_is_told_of(server, site):
    with pytest.raises(Unavailable, match="404; the file is not the expected one$"):
        load(tale("missing/tale.txt", "tampered/tale.txt", "missing/a/tale.txt"), site)


@pytest.mark.parametrize("spoilt", [BOOK[:100], b"", BOOK.replace(b"night", b"noon!")])
def test_a_spoilt_file_in_the_cache_is_fetched_anew(server, site, offline, spoilt):
    load(tale("good/tale.txt"), site)
    (name,) = kept(site)
    path = f"{site.cache}/{name}"
    for where, expected in ((site, {name: BOOK}), (offline, {})):
        with open(path, "wb") as file:
            file.write(spoilt)
        if where is site:
            assert load(tale("good/tale.txt"), where) == TALE + "\n"
        else:
            with pytest.raises(Unavailable):
                load(tale("good/tale.txt"), where)
        assert kept(where) == expected
    assert len(server.asked) == 2


def test_what_is_in_the_cache_needs_no_server(server, site, offline):
    load(tale("good/tale.txt"), site)
    assert load(tale("good/tale.txt"), offline) == TALE + "\n"


def test_an_interrupted_download_leaves_nothing(server, site, monkeypatch):
    def interrupt(self, size):
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads._Clock, "update", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load(tale("good/tale.txt"), site)
    assert kept(site) == {}


def test_a_wrong_encoding_is_refused(server, site):
    composed = BOOK[3:].decode().replace("e\u0301", "é")
    server.files["tale.txt"] = latin = composed.encode("iso-8859-1", "ignore")
    with pytest.raises(Unavailable, match=r": not utf-8-sig \(byte \d+\)$"):
        load(tale("good/tale.txt", data=latin), site)
    server.files["tale.txt"] = BOOK  # any bytes are Latin-1, so the hash of the text must tell
    as_latin = functools.partial(clean_text, encoding="iso-8859-1")
    with pytest.raises(Unavailable, match="what was read from it is not what is expected"):
        load(tale("good/tale.txt", read=as_latin), site)


def test_a_cache_that_cannot_be_written_is_named(server, site, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match=r"(?i)director.*file"):
        load(tale("good/tale.txt"), site._replace(cache=str(tmp_path / "file" / "cache")))
    assert server.asked == []


def test_pooch_speaks_again_afterwards(server, site, monkeypatch):
    logger = pooch.get_logger()
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    with pytest.raises(Unavailable):
        load(tale("missing/tale.txt"), site)
    assert logger.level == logging.DEBUG
