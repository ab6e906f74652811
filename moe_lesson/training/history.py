"""The rows of a run on disk: a file that only grows, so that a save writes what is new."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from moe_lesson.checkpoints.files import naming, replacing


class Kept(NamedTuple):
    """Say which rows are on the disk: the first ``size`` bytes of a file.

    >>> Kept("rows-0.jsonl", 0, 0, hashlib.sha256()).count
    0

    Lesson 9.
    """

    name: str
    count: int  # rows
    size: int  # bytes; what follows them in the file was never part of a state
    digest: Any  # the SHA-256 so far, of hashlib

    def mark(self):
        """Return what a state remembers of it, as JSON holds it."""
        return {"file": self.name, "bytes": self.size, "sha256": self.digest.hexdigest()}


def save_rows(folder, rows, kept=None):
    """Write the rows that are not on the disk yet, a line of JSON each.

    What a state refers to is never touched: new rows go behind it, and where the file is not
    known (``kept`` is None) all rows go to another one. So a kill at any moment leaves every
    state that was saved with its own rows.

    Args:
        folder: of the state; it exists.
        rows: all rows since the first step.
        kept: what the last call of this run returned.

    Returns:
        A Kept, for the next call.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> kept = save_rows(folder, [{"step": 1}])
    >>> kept = save_rows(folder, [{"step": 1}, {"step": 2}], kept)
    >>> load_rows(folder, kept.mark())
    [{'step': 1}, {'step': 2}]

    Lesson 9.
    """
    folder = Path(folder)
    if kept is None or not _goes_on(folder, rows, kept):
        kept = Kept(_free_name(folder), 0, 0, hashlib.sha256())
    data = "".join(json.dumps(row) + "\n" for row in rows[kept.count :]).encode()
    path, digest = folder / kept.name, kept.digest.copy()
    digest.update(data)
    if kept.size:
        with naming(path), open(path, "r+b") as file:
            file.seek(kept.size)
            file.truncate()  # the rest of a save that failed
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    else:
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    return Kept(kept.name, len(rows), kept.size + len(data), digest)


def _goes_on(folder, rows, kept):
    """Tell whether the file is still there, with no more rows than these."""
    path = folder / kept.name
    return path.is_file() and path.stat().st_size >= kept.size and kept.count <= len(rows)


def _free_name(folder):
    number = 0
    while (folder / f"rows-{number}.jsonl").exists():
        number += 1
    return f"rows-{number}.jsonl"


def load_rows(folder, mark):
    """Read the rows that a state refers to, none that came after it.

    Args:
        mark: as ``Kept.mark`` returned it.

    Raises:
        ValueError: the file is missing, shorter, or not the one that was written.

    >>> load_rows("absent", {"file": "rows-0.jsonl", "bytes": 9, "sha256": ""})
    Traceback (most recent call last):
    ValueError: absent/rows-0.jsonl is missing: it holds the rows of the run

    Lesson 9.
    """
    kinds = {"file": str, "bytes": int, "sha256": str}
    fits = isinstance(mark, dict) and all(isinstance(mark.get(k), v) for k, v in kinds.items())
    if not fits or Path(mark["file"]).name != mark["file"]:
        raise ValueError("the header does not say where the rows of the run are")
    path = Path(folder, mark["file"])
    if not path.is_file():
        raise ValueError(f"{path.as_posix()} is missing: it holds the rows of the run")
    if not 0 <= mark["bytes"] <= path.stat().st_size:
        raise ValueError(f"{path.as_posix()} is damaged: {mark['bytes']} bytes belong to the run")
    with open(path, "rb") as file:
        data = file.read(mark["bytes"])
    if hashlib.sha256(data).hexdigest() != mark["sha256"]:
        raise ValueError(f"{path.as_posix()} is damaged: it is not what the run wrote")
    return [json.loads(line) for line in data.splitlines()]


def forget_rows(folder, but=None):
    """Delete the files of rows that no state refers to any more.

    Args:
        but: the name of the one to keep; None keeps none.

    >>> forget_rows("absent")

    Lesson 9.
    """
    for path in Path(folder).glob("rows-*.jsonl*"):
        if path.name != but:
            path.unlink(missing_ok=True)
