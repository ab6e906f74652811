"""Texts of the reader's own: the .txt files of a folder, and an account of what was read."""

import codecs
import os
import stat
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

# The mark of UTF-32 begins with that of UTF-16, so it is looked for first.
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
NAMED = 3  # examples of each reason that an account names


class Reading(NamedTuple):
    """Hold the texts of a folder, with an account of what was read and what was not.

    >>> Reading(["one"], 3, []).documents
    ['one']

    Lesson 9.
    """

    documents: list  # one text a file, in the order of the paths
    size: int  # bytes of their files
    left_out: list  # (path, reason) of every other entry


def read_folder(folder):
    """Read the .txt files of a folder and of the folders in it: the documents alone.

    Returns:
        A list of documents in the order of their paths; see ``read_texts``.

    Raises:
        OSError, ValueError: as ``read_texts``.

    >>> read_folder("no such place")
    Traceback (most recent call last):
    FileNotFoundError: no such place: no such folder

    Lesson 9.
    """
    return read_texts(folder).documents


def read_texts(folder):
    """Read the .txt files of a folder and of the folders in it, and say what was left out.

    Left out are hidden entries (a name that starts with a dot), other endings than .txt or
    .TXT, empty files, and what was read already: a link is followed, a file is read once.
    A text is UTF-8, or what its byte-order mark says; line ends become ``\\n``.

    Returns:
        A Reading.

    Raises:
        OSError: there is no such folder, or no .txt file in it; an entry cannot be read, or
            is a link to nothing.
        ValueError: a file is no text, or all are empty.

    >>> read_texts("no such place")
    Traceback (most recent call last):
    FileNotFoundError: no such place: no such folder

    Lesson 9.
    """
    if not os.fspath(folder):  # Path would take it for the current folder
        raise ValueError("the name of the folder of texts is empty")
    folder, name = Path(folder), _shown(folder)
    if not folder.is_dir():
        if folder.exists():
            raise NotADirectoryError(f"{name}: not a folder")
        raise FileNotFoundError(f"{name}: no such folder")
    paths, left_out = _find(folder)
    if not paths:
        found = f"{name}: no .txt file in it or below it"
        raise FileNotFoundError(found + _reasons(left_out))
    read = [(path, *_read(path)) for path in paths]
    if not any(text for _, text, _ in read):
        raise ValueError(f"{name}: its {len(paths)} .txt files are all empty")
    left_out += [(path, "empty") for path, text, _ in read if not text]
    kept = [(text, size) for _, text, size in read if text]
    return Reading([text for text, _ in kept], sum(size for _, size in kept), left_out)


def account(reading):
    """Say in one line how much was read, and what was left out for which reason.

    >>> account(Reading(["one", "two"], 6, [(Path(".git"), "hidden")]))
    '2 files, 6 bytes read; left out: 1 hidden (.git)'

    Lesson 9.
    """
    count = len(reading.documents)
    files = f"{count:,} file{'s' if count != 1 else ''}, {reading.size:,} bytes read"
    return files + _reasons(reading.left_out)


def _reasons(left_out):
    """Count what was left out by reason, with some names; an empty string if nothing was."""
    names = defaultdict(list)
    for path, reason in left_out:
        names[reason].append(_shown(path.name))
    parts = [
        f"{len(found):,} {reason} ({', '.join(found[:NAMED])}{', ...' if found[NAMED:] else ''})"
        for reason, found in names.items()
    ]
    return f"; left out: {', '.join(parts)}" if parts else ""


def _find(folder):
    """Return the paths of the files to read, sorted, and the entries that are left out."""
    paths, left_out, seen = [], [], set()
    # Links wait until the rest is done: one to what is here anyway changes nothing.
    entries, links = [folder], []
    while entries or links:
        path = (entries or links).pop()
        reason = "hidden" if path != folder and path.name.startswith(".") else _look(path, seen)
        if reason == "folder":
            for inner in sorted(path.iterdir(), reverse=True):
                (links if inner.is_symlink() else entries).append(inner)
        elif reason == "text":
            paths.append(path)
        else:
            left_out.append((path, reason))
    return sorted(paths), left_out


def _look(path, seen):
    """Return "folder", "text", or the reason to leave an entry out; ``seen`` learns it."""
    is_text = path.suffix.lower() == ".txt"
    try:
        found = path.stat()
    except OSError as error:
        if not path.is_symlink():
            raise
        if is_text:
            found = f"a link that leads to no file ({error.strerror})"
            raise FileNotFoundError(f"{_shown(path)}: {found}") from error
        return "linked to nothing"
    is_folder = stat.S_ISDIR(found.st_mode)
    if not (is_folder or is_text):
        return "of another kind than .txt"
    if not (is_folder or stat.S_ISREG(found.st_mode)):
        raise OSError(f"{_shown(path)}: no ordinary file (a pipe, a socket or a device)")
    identity = found.st_dev, found.st_ino
    if identity in seen:
        return "read already by another name"
    seen.add(identity)
    return "folder" if is_folder else "text"


def _read(path):
    """Return a file's text, "" if it is blank, and its size in bytes."""
    data = path.read_bytes()
    encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        found = f"not {encoding.upper()} (byte {error.start})"
        raise ValueError(f"{_shown(path)}: {found}; convert it to UTF-8 first") from error
    if "\0" in text:
        found = "holds NUL bytes: it is no text, or UTF-16 without a byte-order mark"
        raise ValueError(f"{_shown(path)}: {found}")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.strip() else "", len(data)


def _shown(path):
    """Return a path as a console can show it: what is not printable is escaped."""
    characters = (c if c.isprintable() else ascii(c)[1:-1] for c in str(path))
    return "".join(characters)
