"""A folder of the reader's own texts."""

import pytest

from moe_lesson.text.folder import read_folder


def test_a_folder_is_read_in_order_and_without_its_byte_order_mark(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "b.txt").write_bytes("\ufeffzwei".encode())
    (tmp_path / "below" / "a.txt").write_text("drei", encoding="utf-8")
    (tmp_path / "a.txt").write_text("eins", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "a.md").write_text("no")
    assert read_folder(tmp_path) == ["eins", "zwei", "drei"]


def test_a_wrong_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no .txt file"):
        read_folder(tmp_path)
    (tmp_path / "latin.txt").write_bytes("caf\xe9".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.txt: not UTF-8 \(byte 3\)"):
        read_folder(tmp_path)
    (tmp_path / "latin.txt").write_text("")
    with pytest.raises(ValueError, match="all empty"):
        read_folder(tmp_path)
