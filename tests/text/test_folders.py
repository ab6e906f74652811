"""Folders of texts as readers have them: hidden copies, links, other encodings, other files."""

import codecs
import os
import sys

import pytest

from moe_lesson.text.folder import account, read_folder, read_texts

BOOK = "once upon a time\n" * 3


@pytest.fixture
def put(tmp_path):
    """Return a function that writes a file below a fresh folder: text as UTF-8, or bytes."""

    def write(name, content=BOOK):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def left_out(folder):
    return {path.relative_to(folder).as_posix(): why for path, why in read_texts(folder).left_out}


@pytest.mark.parametrize(
    "name", [".ipynb_checkpoints/a.txt", "._a.txt", ".#a.txt", "deep/.git/b/c.txt", ".txt"]
)
def test_hidden_files_and_folders_are_left_out(put, tmp_path, name):
    put("deep/a.txt")
    put(name, b"\0\5\x16\7\xb0")
    assert read_folder(tmp_path) == [BOOK]
    assert list(left_out(tmp_path).values()) == ["hidden"]


def test_a_hidden_folder_is_read_when_it_is_named(put, tmp_path):
    put(".mine/a.txt")
    assert read_folder(tmp_path / ".mine") == [BOOK]


def test_endings_are_read_in_either_case_and_others_are_left_out(put, tmp_path):
    for name in ("a.TXT", "b.Txt", "c.txt", "d.txt~", "e.md", "txt", "f.txt.gz"):
        put(name, name)
    assert read_folder(tmp_path) == ["a.TXT", "b.Txt", "c.txt"]
    assert set(left_out(tmp_path)) == {"d.txt~", "e.md", "txt", "f.txt.gz"}


def test_a_folder_whose_name_ends_like_a_text_is_a_folder(put, tmp_path):
    put("notes.txt/a.txt")
    assert read_folder(tmp_path) == [BOOK]


def test_documents_come_in_the_order_of_their_paths(put, tmp_path):
    for name in ("b.txt", "a/z.txt", "a.txt", "a/b/c.txt"):
        put(name, name)
    assert read_folder(tmp_path) == ["a/b/c.txt", "a/z.txt", "a.txt", "b.txt"]


def test_a_linked_folder_is_read_once(put, tmp_path):
    put("elsewhere/b.txt", "two")
    put("texts/a.txt", "one")
    for name in ("more", "again"):
        (tmp_path / "texts" / name).symlink_to(tmp_path / "elsewhere")
    assert read_folder(tmp_path / "texts") == ["one", "two"]
    assert left_out(tmp_path / "texts") == {"more": "read already by another name"}


def test_links_that_lead_back_end(put, tmp_path):
    put("a/b/c.txt")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "b" / "here").symlink_to(".")
    (tmp_path / "itself").symlink_to("itself")
    assert read_folder(tmp_path) == [BOOK]
    assert left_out(tmp_path)["itself"] == "linked to nothing"


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_file_with_two_names_is_read_once(put, tmp_path, link):
    path = put("b.txt")
    link(path, tmp_path / "a.txt")
    assert read_folder(tmp_path) == [BOOK]


def test_a_link_to_what_is_there_changes_neither_order_nor_documents(put, tmp_path):
    put("b/one.txt", "one")
    put("m.txt", "two")
    before = read_folder(tmp_path)
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "z.txt").symlink_to(tmp_path / "b" / "one.txt")
    assert read_folder(tmp_path) == before == ["one", "two"]


@pytest.mark.parametrize("target", ["nowhere", "gone.txt", "a.txt/x"])
def test_a_text_that_is_a_link_to_nothing_is_named(put, tmp_path, target):
    put("a.txt")
    (tmp_path / "gone.txt").symlink_to(target)
    with pytest.raises(FileNotFoundError, match=r"gone\.txt: a link that leads to no file"):
        read_folder(tmp_path)


def test_another_link_to_nothing_is_left_out_by_name(put, tmp_path):
    put("a.txt")
    (tmp_path / "more").symlink_to("nowhere")
    assert read_folder(tmp_path) == [BOOK]
    assert left_out(tmp_path) == {"more": "linked to nothing"}


def test_a_pipe_is_named_and_not_waited_for(put, tmp_path):
    put("a.txt")
    os.mkfifo(tmp_path / "b.txt")
    with pytest.raises(OSError, match=r"b\.txt: no ordinary file"):
        read_folder(tmp_path)


@pytest.mark.parametrize("name", ["locked.txt", "locked"])
def test_what_may_not_be_read_is_named(put, tmp_path, monkeypatch, name):
    path = put(name if name.endswith(".txt") else f"{name}/b.txt")
    put("a.txt")

    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    locked = tmp_path / name
    method = "iterdir" if locked.is_dir() else "read_bytes"
    honest = getattr(type(path), method)
    monkeypatch.setattr(
        type(path), method, lambda self: (refuse if self == locked else honest)(self)
    )
    with pytest.raises(PermissionError, match=name):
        read_folder(tmp_path)


ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_byte_order_mark_names_the_encoding_and_is_no_text(put, tmp_path, encoding):
    data = ENCODINGS[encoding] + "naïve 🐈\r\nend".encode(encoding)
    put("a.txt", data)
    assert read_texts(tmp_path)[:2] == (["naïve 🐈\nend"], len(data))


def test_line_ends_of_every_system_become_one(put, tmp_path):
    put("a.txt", b"unix\nwindows\r\nold mac\rend\r\n\r\n")
    assert read_folder(tmp_path) == ["unix\nwindows\nold mac\nend\n\n"]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ("hello".encode("utf-16-le"), "NUL"),
        (b"\0", "NUL"),
        (b"text, then\0 no text", "NUL"),
        (codecs.BOM_UTF16_LE + "a\0b".encode("utf-16-le"), "NUL"),
        ("café".encode("latin-1"), "not UTF-8 .byte 3."),
        (b"cut off \xe2\x82", "not UTF-8 .byte 8."),
        (b"\xed\xa0\x80", "not UTF-8"),
        (codecs.BOM_UTF16_LE + b"odd", "not UTF-16"),
        (codecs.BOM_UTF32_LE + b"\xff\xff\xff\xff", "not UTF-32"),
    ],
)
def test_a_file_that_is_no_text_is_named(put, tmp_path, data, fault):
    put("good.txt")
    put("sub/bad.txt", data)
    with pytest.raises(ValueError, match=rf"sub.bad\.txt: .*{fault}"):
        read_folder(tmp_path)


@pytest.mark.parametrize("blank", [b"", b"\n", b" \r\n\t", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_blank_files_are_left_out_and_a_folder_of_them_is_refused(put, tmp_path, blank):
    put("a.txt", blank)
    with pytest.raises(ValueError, match="its 1 .txt files are all empty"):
        read_folder(tmp_path)
    put("b.txt")
    assert read_folder(tmp_path) == [BOOK]
    assert left_out(tmp_path) == {"a.txt": "empty"}


def test_a_folder_without_texts_says_what_it_holds(put, tmp_path):
    put("a.md")
    put(".b.txt")
    with pytest.raises(FileNotFoundError, match="no .txt file .*1 hidden .*1 of another kind"):
        read_folder(tmp_path)


def test_a_file_in_place_of_a_folder_is_named(put, tmp_path):
    with pytest.raises(NotADirectoryError, match=r"a\.txt: not a folder"):
        read_folder(put("a.txt"))


def test_an_empty_name_is_not_the_current_folder(put, tmp_path, monkeypatch):
    put("a.txt")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="empty"):
        read_folder("")
    assert read_folder(".") == [BOOK]


def test_the_account_counts_files_and_bytes_and_names_what_is_left_out(put, tmp_path):
    put("a.txt", "é")
    put("b.txt", codecs.BOM_UTF8 + b"two")
    put("c.txt", "")
    for n in range(5):
        put(f".{n}")
    shown = account(read_texts(tmp_path))
    assert shown.startswith("2 files, 8 bytes read; left out: 5 hidden (.0, .1, .2, ...)")
    assert shown.endswith("1 empty (c.txt)")


def test_nothing_is_left_out_of_a_plain_folder(put, tmp_path):
    put("a.txt", "one")
    assert account(read_texts(tmp_path)) == "1 file, 3 bytes read"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes no such name")
def test_a_name_that_no_console_can_show_is_escaped(put, tmp_path):
    put("a.txt")
    bad = os.path.join(os.fsencode(tmp_path), b"\x1b[31m\xff\n.txt")
    with open(bad, "wb") as file:
        file.write(b"\0")
    with pytest.raises(ValueError) as caught:
        read_folder(tmp_path)
    assert r"\x1b[31m\udcff\n.txt" in str(caught.value) and str(caught.value).isprintable()
