"""Texts to read: what every Python carries, or a folder of the reader's own."""

import sysconfig
from pathlib import Path

# Plain modules found in every CPython from 3.10 on. Their text differs between versions, so
# no test and no lesson may expect an exact loss on it.
MODULES = """
    argparse ast bdb calendar cmd codecs configparser contextlib copy csv dataclasses difflib
    doctest enum fractions ftplib functools gettext gzip heapq http/client http/cookiejar
    http/server imaplib inspect ipaddress logging/__init__ logging/handlers mailbox mimetypes
    optparse os pdb pickle pickletools platform plistlib poplib pprint pydoc queue random
    selectors shelve shlex shutil smtplib socket socketserver ssl statistics string subprocess
    tarfile tempfile textwrap threading timeit tokenize trace traceback turtle types typing
    unittest/case unittest/mock urllib/parse urllib/request uuid weakref webbrowser
    xml/dom/minidom xml/etree/ElementTree xmlrpc/client
""".split()


def default_text(budget=2_000_000):
    """Gather real text that is on every machine: Python's own manual and its library.

    The prose of ``pydoc_data.topics`` (English, a quarter of the default budget) comes
    first, then the source of standard-library modules until the budget is full.

    Returns:
        A list of documents, at most ``budget`` bytes in all; the last one may be cut.

    Raises:
        ValueError: ``budget`` is below 1.

    >>> sum(len(text.encode()) for text in default_text(budget=10_000))
    10000

    Lesson 9.
    """
    if budget < 1:
        raise ValueError(f"budget is {budget} bytes: it must be 1 or more")
    documents, left = [], budget
    for text in _python_texts():
        data = text.encode()[:left]
        documents.append(data.decode(errors="ignore"))
        left -= len(data)
        if not left:
            break
    return documents


def _python_texts():
    from pydoc_data.topics import topics  # half a megabyte: read only when wanted

    yield from (topics[name].strip() + "\n" for name in sorted(topics))
    library = Path(sysconfig.get_path("stdlib"))
    for name in MODULES:
        path = library / f"{name}.py"
        if path.exists():
            yield path.read_text(encoding="utf-8")


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
