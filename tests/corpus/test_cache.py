"""The cache of written corpora: a help where there is one, no harm where there is not."""

import json
import lzma
import os
import tempfile
from pathlib import Path

import pytest

from moe_lesson.corpus import store

pwd = pytest.importorskip("pwd", reason="users have no numbers here")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Write one short page in the place of a corpus; count how often."""
    written = []

    def pages(budget):
        written.append(budget)
        return [store.Document("a page", [], {"language": "en"}, 1.0)]

    monkeypatch.setattr(store, "_pages", pages)
    return written


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """A user without a name, a home, or a wish about the cache."""
    for name in ("HOME", "MOE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(number):
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_user_without_a_home_has_a_cache_of_temporary_files(nobody, quick, tmp_path):
    assert store.cache_folder().parent == tmp_path
    for _ in range(2):
        assert [page.text for page in store.training_pages(20_000)] == ["a page"]
    assert len(quick) == 1


def test_no_temporary_files_either_is_no_harm(nobody, quick, monkeypatch):
    def none():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert [page.text for page in store.training_pages(20_000)] == ["a page"]


def test_what_another_user_left_among_temporary_files_is_not_read(nobody, quick, monkeypatch):
    store.training_pages(20_000)
    ours = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: ours + 1)
    folder = store.cache_folder()
    (folder.parent / f"moe-lesson-{ours}").rename(folder)
    before = sorted(folder.iterdir())
    store.training_pages(20_000)
    assert len(quick) == 2 and sorted(folder.iterdir()) == before


def test_names_of_folders_are_as_a_shell_means_them(monkeypatch):
    monkeypatch.setenv("HOME", "/home/reader")
    monkeypatch.setenv("MOE_CACHE", "~/kept")
    assert store.cache_folder() == Path("/home/reader/kept")
    monkeypatch.setenv("MOE_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert store.cache_folder() == Path("/home/reader/.cache/moe-lesson")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert store.cache_folder() == Path("/x/moe-lesson")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xz",
        lzma.compress(b"no json"),
        lzma.compress(b"\xff\xfe"),
        lzma.compress(b"[" * 100_000),
        lzma.compress(b"{}"),
        lzma.compress(b"[]"),
        lzma.compress(b"[1]"),
        lzma.compress(json.dumps([["text", {}]]).encode()),
        lzma.compress(json.dumps([[3, {}, 1.0]]).encode()),
        lzma.compress(json.dumps([["a page", {}, 1.0]]).encode())[:-9],
    ],
)
def test_a_damaged_entry_is_written_anew(data, quick, monkeypatch, tmp_path):
    monkeypatch.setenv("MOE_CACHE", str(tmp_path))
    store.training_pages(20_000)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(data)
    assert [page.text for page in store.training_pages(20_000)] == ["a page"]
    assert len(quick) == 2 and store.training_pages(20_000) and len(quick) == 2


def test_an_entry_that_is_a_folder_or_a_dangling_link(quick, monkeypatch, tmp_path):
    monkeypatch.setenv("MOE_CACHE", str(tmp_path))
    store.training_pages(20_000)
    (kept,) = tmp_path.iterdir()
    kept.unlink()
    kept.symlink_to(tmp_path / "nowhere")
    assert store.training_pages(20_000) and kept.exists()
    kept.unlink()
    kept.mkdir()
    assert store.training_pages(20_000)
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]  # and nothing half written


def test_a_folder_that_dangles_or_is_a_file(quick, monkeypatch, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "below")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        monkeypatch.setenv("MOE_CACHE", str(tmp_path / name))
        assert store.training_pages(20_000)


def test_a_full_disk_leaves_nothing_half_written(quick, monkeypatch, tmp_path):
    monkeypatch.setenv("MOE_CACHE", str(tmp_path))

    def full(path, data):
        with open(path, "wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert store.training_pages(20_000)
    assert not list(tmp_path.iterdir())
