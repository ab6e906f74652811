"""Texts of the reader's own: the .txt files of a folder."""

from pathlib import Path


def read_folder(folder):
    """Read every .txt file of a folder and of the folders in it, as UTF-8.

    Returns:
        A list of documents in the order of their paths.

    Raises:
        FileNotFoundError: there is no such folder, or no .txt file in it.
        ValueError: a file is not UTF-8, or all files are empty.

    >>> read_folder("no such place")
    Traceback (most recent call last):
    FileNotFoundError: no such place: no such folder

    Lesson 9.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    paths = sorted(path for path in folder.rglob("*.txt") if path.is_file())
    if not paths:
        raise FileNotFoundError(f"{folder}: no .txt file in it or below it")
    texts = [_read(path) for path in paths]
    if not any(texts):
        raise ValueError(f"{folder}: its {len(paths)} .txt files are all empty")
    return [text for text in texts if text]


def _read(path):
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 (byte {error.start}); convert it first") from error
