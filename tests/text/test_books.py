"""Downloads that are whole and right or not used at all, from a server on this machine."""

import functools
import gzip
import hashlib
import http.server
import logging
import struct
import threading
import time
from pathlib import Path

import pooch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.lessons.lesson01.vowel_file import ARPABET, VOWELS, Vowel, read_vowels, vowels
from moe_lesson.text import downloads
from moe_lesson.text.books import NOVELS, WORKS, clean_text, novel, shakespeare
from moe_lesson.text.downloads import Site, Unavailable, Work, load

EVERY = WORKS | {"pb52": VOWELS}
TALE = "A café at night.\n\nŒuvre “one”."
BOOK = (
    "\ufeffThe Project Gutenberg EBook of A Tale\r\n\r\nCharacter set encoding: UTF-8\r\n\r\n"
    "*** START OF THIS PROJECT GUTENBERG EBOOK A TALE ***\r\n\r\n\r\n"
    "Produced by Somebody and\r\nsomebody else.\r\n\r\n\r\n"
    + TALE.replace("é", "e\u0301").replace("\n", "\r\n")
    + "\r\n\r\n\r\nEnd of Project Gutenberg's A Tale, by Nobody\r\n\r\n"
    "*** END OF THIS PROJECT GUTENBERG EBOOK A TALE ***\r\n\r\n"
    "*** START: FULL LICENSE ***\r\n"
).encode()


def sha256(data):
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def tale(*paths, data=BOOK, read=clean_text):
    """Describe the book above as a work with copies at some paths."""
    return Work("A Tale", [(path, sha256(data)) for path in paths], read, sha256(TALE + "\n"))


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer as the first part of the path says."""

    def do_GET(self):
        self.server.asked.append(self.path)
        how = self.path.split("/")[1]
        if how == "missing":
            return self.send_error(404)
        if how == "silent":
            return self.server.over.wait(15)
        data = self.server.files[self.path.rsplit("/", 1)[1]]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data) * (10 if how == "trickling" else 1)))
        self.end_headers()
        if how == "trickling":
            return self.trickle()
        whole = {
            "good": data,
            "tampered": data.replace(b"night", b"noon!"),
            "truncated": data[: len(data) // 2],
            "stalling": data[: len(data) // 2],
        }[how]
        self.wfile.write(whole)
        if how == "stalling":
            self.server.over.wait(15)

    def trickle(self):
        """Send a byte now and then, until nobody listens."""
        try:
            while not self.server.over.wait(0.002):
                self.wfile.write(b".")
        except OSError:
            pass  # what the test waits for

    def log_message(self, *args):
        """Write nothing."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.asked, server.over = {"tale.txt": BOOK}, [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def site(server, tmp_path):
    base = f"http://127.0.0.1:{server.server_port}/"
    return Site(base, str(tmp_path / "cache"))


@pytest.fixture
def offline(tmp_path):
    return Site("nowhere:", str(tmp_path / "cache"))


def kept(site):
    """Return the names and bytes of what is in the cache."""
    return {path.name: path.read_bytes() for path in Path(site.cache).glob("*")}


def test_a_good_file_is_cleaned_and_kept(server, site, capfd):
    assert load(tale("good/tale.txt"), site) == TALE + "\n"
    assert load(tale("good/tale.txt"), site) == TALE + "\n"
    assert server.asked == ["/good/tale.txt"]
    assert list(kept(site).values()) == [BOOK]
    assert capfd.readouterr() == ("", "")


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
def test_a_bad_file_is_refused_in_one_line_and_leaves_nothing(server, site, capfd, how, reason):
    if reason == "the server is too slow":
        site = site._replace(silence=0.5, limit=1.0)
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        load(tale(f"{how}/tale.txt"), site)
    assert str(caught.value) == f"A Tale cannot be downloaded: {reason}"
    assert kept(site) == {} and time.monotonic() - began < 9
    assert capfd.readouterr() == ("", "")


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


def test_each_function_asks_for_its_own_works(server, site):
    names = {"shakespeare": shakespeare, "pb52": vowels}
    names |= {language: functools.partial(novel, language) for language in NOVELS}
    assert set(names) == set(EVERY)
    for name, function in names.items():
        server.asked.clear()
        with pytest.raises(Unavailable, match=EVERY[name].title):
            function(site._replace(base=f"{site.base}missing/"))
        assert server.asked == [f"/missing/{path}" for path, _ in EVERY[name].copies]


def test_every_address_is_pinned_and_every_file_has_a_name_of_its_own():
    copies = [copy for work in EVERY.values() for copy in work.copies]
    for path, digest in copies:
        assert len(path.split("/")[2]) == 40 and int(path.split("/")[2], 16)
        assert len(digest) == 64 and int(digest, 16)
    assert len({digest[:8] for _, digest in copies}) == len(EVERY)
    assert len({work.cleaned for work in EVERY.values()}) == len(EVERY)


def test_latin_1_is_read_where_the_file_name_says_so():
    encodings = {name: NOVELS[name].read.keywords["encoding"] for name in NOVELS}
    assert encodings == {
        "en": "utf-8-sig", "de": "utf-8-sig", "it": "utf-8-sig",
        "es": "iso-8859-1", "fr": "iso-8859-1",
    }


MARK = "*** {} OF THIS PROJECT GUTENBERG EBOOK A ***"
MARKED = f"{MARK.format('START')}\nab\n{MARK.format('END')}"


def test_both_spellings_of_the_marks_are_known():
    assert clean_text(MARKED.encode()) == "ab\n"
    tight = MARKED.replace("*** ", "***").replace(" ***", "***").replace("THIS", "THE")
    assert clean_text(tight.encode()) == "ab\n"
    later = MARKED + "\n*** START: FULL LICENSE ***"
    assert clean_text(later.encode()) == "ab\n"


@pytest.mark.parametrize("gone, missing", [("START OF", "start"), ("END OF", "end")])
def test_a_missing_mark_is_told(gone, missing):
    with pytest.raises(ValueError, match=f"no mark of the {missing} of the book"):
        clean_text(MARKED.replace(gone, "").encode())


# R's serialisation of a table, written as R writes it.
VECTOR = {"int": 13, "str": 16, "list": 19}


def integers(*values):
    return struct.pack(f">{len(values)}i", *values)


class Writer:
    """Write vectors, factors and a table; a name that was written before is referred to."""

    def __init__(self):
        self.names = []

    def symbol(self, name):
        if name in self.names:
            return integers(255 | (self.names.index(name) + 1) << 8)
        self.names.append(name)
        return integers(1) + self.word(name)

    def word(self, text):
        return integers(0x40009, len(text)) + text.encode()

    def vector(self, kind, values, attributes=()):
        head = integers(VECTOR[kind] | (0x200 if attributes else 0), len(values))
        one = {"int": integers, "str": self.word, "list": lambda write: write()}[kind]
        data = head + b"".join([one(value) for value in values])
        pairs = [integers(0x402) + self.symbol(name) + write() for name, write in attributes]
        return data + b"".join(pairs) + (integers(254) if attributes else b"")

    def words(self, values):
        return lambda: self.vector("str", values)

    def column(self, values):
        if isinstance(values[0], int):
            return lambda: self.vector("int", values)
        levels = sorted(set(values))
        kind = [("levels", self.words(levels)), ("class", self.words(["factor"]))]
        return lambda: self.vector("int", [levels.index(value) + 1 for value in values], kind)

    def table(self, rows, names=Vowel._fields, called="pb52"):
        columns = [self.column(column) for column in zip(*rows)]
        kind = [("names", self.words(names)), ("class", self.words(["data.frame"]))]
        head = b"RDX2\nX\n" + integers(2, 196608, 131840, 0x402) + self.symbol(called)
        return head + self.vector("list", columns, kind) + integers(254)


ROWS = [
    Vowel("m", "m", 1, "i", 1, 160, 240, 2280, 2850),
    Vowel("w", "f", 34, "{", 2, 200, 700, 2000, 2800),
    Vowel("c", "f", 76, "3'", 1, 250, 560, 1700, 2100),
    Vowel("c", "m", 70, "V", 2, 260, 850, 1600, 3000),
]
TABLE = Writer().table(ROWS)


def test_a_table_of_vowels_is_read():
    expected = [row._replace(vowel=name) for row, name in zip(ROWS, ["iy", "ae", "er", "ah"])]
    assert read_vowels(gzip.compress(TABLE)) == expected


def test_every_vowel_has_one_name():
    assert len(set(ARPABET.values())) == len(ARPABET) == 10


@pytest.mark.parametrize("length", range(0, len(TABLE) - 4, 7))
def test_a_table_cut_short_is_refused(length):
    with pytest.raises(ValueError, match="^not a table of vowels: "):
        read_vowels(gzip.compress(TABLE[:length]))
    with pytest.raises(ValueError, match="^not a table of vowels: "):
        read_vowels(gzip.compress(TABLE)[: length // 4])


@pytest.mark.parametrize(
    "data, reason",
    [
        (Writer().table(ROWS, called="other"), "'pb52'"),
        (Writer().table(ROWS, names=["a", *Vowel._fields[1:]]), r"its columns are \['a', 'sex'"),
        (Writer().table([row._replace(vowel="x") for row in ROWS]), "'x'"),
        (TABLE.replace(b"RDX2", b"RDX3"), "it begins with"),
        (TABLE.replace(integers(19 | 0x200), integers(3 | 0x200)), "an item of kind 3"),
        (TABLE[:19] + integers(0x402) * 5000, "recursion"),
    ],
)
def test_another_table_is_refused(data, reason):
    with pytest.raises(ValueError, match=f"^not a table of vowels: .*{reason}"):
        read_vowels(gzip.compress(data))


@given(st.integers(0, len(TABLE) - 1), st.binary(min_size=1, max_size=4))
@settings(max_examples=500, deadline=None)
def test_damaged_bytes_give_rows_or_a_plain_refusal(place, garbage):
    damaged = TABLE[:place] + garbage + TABLE[place + len(garbage) :]
    try:
        rows = read_vowels(gzip.compress(damaged))
    except ValueError as error:
        assert str(error).startswith("not a table of vowels: ")
    else:
        assert all(isinstance(row, Vowel) for row in rows)
