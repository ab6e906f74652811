"""Books are cleaned, and every address is pinned."""

import functools

import pytest

from moe_lesson.lessons.lesson01.vowel_file import VOWELS, vowels
from moe_lesson.text.books import NOVELS, WORKS, clean_text, novel, shakespeare
from moe_lesson.text.downloads import Unavailable
from tests.text.library import BOOK, TALE

EVERY = WORKS | {"pb52": VOWELS}


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


def test_a_book_is_its_text_without_credits_in_composed_letters():
    assert clean_text(BOOK) == TALE + "\n"
    assert "Produced by" in BOOK.decode() and "e\u0301" in BOOK.decode()


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
