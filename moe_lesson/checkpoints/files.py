"""Files that are whole or absent; JSON and tensors that are checked before they are used."""

import json
import math
import os
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

LARGEST_JSON = 100_000_000  # bytes


@contextmanager
def naming(path):
    """Let what goes wrong while a file is written name that file, safetensors' own errors too.

    >>> with naming("note.txt"):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    OSError: [Errno 28] No space left on device: 'note.txt'

    Lesson 9.
    """
    try:
        yield
    except SafetensorError as error:
        raise OSError(f"{path} cannot be written: {error}") from error
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def replacing(path):
    """Write a file so that a kill at any moment leaves the old one or the new one, whole.

    What the block writes to the path it is given reaches the disk, then takes the name in
    one step. If the block raises, the old file stays. One writer at a time.

    Raises:
        OSError: it cannot be written (the disk is full, say), with the file's name.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "note.txt")
    >>> with replacing(path) as temporary:
    ...     length = temporary.write_text("all of it")
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('all of it', 1)

    Lesson 9.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with naming(path):
            yield temporary
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened, and need not be
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def read_object(path):
    """Read a JSON object from a file.

    Returns:
        A dict.

    Raises:
        OSError: there is no such file, it cannot be read, or it is no ordinary file.
        ValueError: it is larger than 100 MB, or as ``parse_object``.

    >>> read_object("absent.json")
    Traceback (most recent call last):
    FileNotFoundError: absent.json: there is no such file

    Lesson 13.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file")
    if not path.is_file():
        raise OSError(f"{path} is no ordinary file")
    if path.stat().st_size > LARGEST_JSON:
        raise ValueError(
            f"{path} has {path.stat().st_size:,} bytes: at most {LARGEST_JSON:,} are read as JSON"
        )
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not JSON: byte {error.start} is not UTF-8") from None
    return parse_object(text, path)


def parse_object(text, name):
    """Read a JSON object from a text, stricter than Python does.

    Args:
        name: what a message calls it: its file, say.

    Returns:
        A dict.

    Raises:
        ValueError: it is not JSON or no object, it is nested too deep, a name stands in it
            twice, or a number is NaN, infinite or longer than Python reads.

    >>> parse_object('{"a": 1, "a": 2}', "config.json")
    Traceback (most recent call last):
    ValueError: config.json is not JSON: 'a' stands twice in one object

    Lesson 13.
    """
    try:
        found = json.loads(
            text, object_pairs_hook=_once, parse_float=_finite, parse_constant=_finite
        )
    except ValueError as error:
        raise ValueError(f"{name} is not JSON: {error}") from None
    except RecursionError:
        raise ValueError(f"{name} is not JSON as we read it: it is nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError(f"{name} holds a {type(found).__name__}, must be a JSON object")
    return found


def _once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"{twice[:40]!r} stands twice in one object")
    return found


def _finite(digits):
    if not math.isfinite(float(digits)):
        raise ValueError(f"{digits[:20]} is no finite number")
    return float(digits)


def read_tensors(path):
    """Read a safetensors file: tensors, and the words in its header.

    Returns:
        A dict of tensors and a dict of strings. On the CPU the tensors are read from the
        disk as they are used.

    Raises:
        OSError: there is no such file, it cannot be read, or it is no ordinary file.
        ValueError: it is a pickle, it was cut short, or it is something else.

    >>> read_tensors("absent.safetensors")
    Traceback (most recent call last):
    FileNotFoundError: No such file or directory: absent.safetensors

    Lesson 13.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited for
        raise OSError(f"{path} is no ordinary file")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    except (SafetensorError, TypeError) as error:  # torch's, of a shape too large to count
        with open(path, "rb") as file:
            start = file.read(9)
        if start[:2] == b"PK" or (start[:1] == b"\x80" and start[8:] != b"{"):
            fault = "is a pickle, which is never loaded: it can run code"
        else:
            fault = f"({os.path.getsize(path):,} bytes) is not a whole safetensors file: "
            fault += str(error).partition("\n")[0]
        raise ValueError(f"{path} {fault}") from None


def check_tensors(found, shapes):
    """Refuse tensors that are not exactly those expected.

    Raises:
        ValueError: some are missing, surplus, or of another shape: the first three of each
            by name, and how many more.

    >>> check_tensors({"a": torch.zeros(2)}, {"b": (3,)})
    Traceback (most recent call last):
    ValueError: 1 missing: b; 1 surplus: a

    Lesson 13.
    """
    wrong = [
        f"{name} is {tuple(found[name].shape)}, must be {tuple(shape)}"
        for name, shape in shapes.items()
        if name in found and found[name].shape != torch.Size(shape)
    ]
    faults = {
        "missing": [name for name in shapes if name not in found],
        "surplus": [name for name in found if name not in shapes],
        "of the wrong shape": wrong,
    }
    told = [
        f"{len(names)} {fault}: {', '.join(names[:3])}"
        + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        for fault, names in faults.items()
        if names
    ]
    if told:
        raise ValueError("; ".join(told))
