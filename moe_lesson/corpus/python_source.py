"""Python source as documents: every token labelled by what it is and how deep it stands."""

import ast
import io
import keyword
import math
import sysconfig
import tokenize
from bisect import bisect_left, bisect_right
from itertools import accumulate, chain
from pathlib import Path

from moe_lesson.corpus.document import Document, Span

LENGTH = 2000  # characters that a document is filled up to, where the code can be cut
KINDS = {
    tokenize.STRING: "string",
    tokenize.NUMBER: "number",
    tokenize.COMMENT: "comment",
}
# From Python 3.12 on an f-string comes in pieces, from 3.14 on a t-string too.
OPENING = {getattr(tokenize, name, None) for name in ("FSTRING_START", "TSTRING_START")} - {None}
CLOSING = {getattr(tokenize, name, None) for name in ("FSTRING_END", "TSTRING_END")} - {None}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
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


def library_modules():
    """Read the allowed modules of the standard library, one at a time.

    Yields:
        (name, text) in the order of MODULES; the name with dots, a package by its own.

    >>> next(library_modules())[0]
    'argparse'

    Lesson 10.
    """
    library = Path(sysconfig.get_path("stdlib"))
    for name in MODULES:
        path = library / f"{name}.py"
        if path.exists():
            yield name.removesuffix("/__init__").replace("/", "."), path.read_text(encoding="utf-8")


def code_documents(budget):
    """Cut the standard library's Python source into documents with a label on every token.

    The modules are those of ``library_modules``, in their order; one that this Python cannot
    parse is left out. They are cut before statements of the module and before methods. Their
    text depends on the version of Python.

    A span is labelled after the whole module was read. Its ``pos`` is keyword, name,
    operator, string (an f-string with all that is in it), number, comment, docstring or
    layout (line ends and the indentation that follows); its ``role`` is depth0, depth1, ...,
    the number of blocks around it; its ``lexeme`` is a name's or keyword's own text; its
    ``kind`` is code.

    Returns:
        A list of Document, at most ``budget`` bytes of text; the last one may be cut short.

    Raises:
        ValueError: ``budget`` is below 1.

    >>> first = code_documents(budget=5_000)[0]
    >>> first.about["story"], first.spans[0].labels["pos"]
    ('code/argparse/0', 'comment')

    Lesson 10.
    """
    if budget < 1:
        raise ValueError(f"budget is {budget} bytes: it must be 1 or more")
    documents, left = [], budget
    for name, source in library_modules():
        for document in label_source(source, name):
            kept = _fit(document, left)
            documents += [kept] if kept.spans else []
            left -= len(kept.text.encode())
            if kept is not document:
                return documents
    return documents


def label_source(source, name):
    """Cut one module's source into documents, as ``code_documents`` does.

    Returns:
        A list of Document whose texts joined are ``source``; empty if it is not Python.

    >>> (document,) = label_source("del x  # why", "example")
    >>> [(s.labels["pos"], s.labels["role"]) for s in document.spans]
    [('keyword', 'depth0'), ('name', 'depth0'), ('comment', 'depth0')]

    Lesson 10.
    """
    try:
        tree = ast.parse(source)
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, ValueError, tokenize.TokenError):
        return []
    lines = source.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    spans = _spans(source, _pieces(tokens, starts, _docstrings(tree, lines, starts)))
    cuts = _cuts(_rows(tree, lines), tokens, starts) + [len(source)]
    about = {"language": "code", "topic": name, "register": "code"}
    return [
        Document(
            source[start:end],
            _between(spans, start, end),
            {**about, "story": f"code/{name}/{n}"},
            math.nan,
        )
        for n, (start, end) in enumerate(zip(cuts, cuts[1:]))
        if start < end
    ]


def _docstrings(tree, lines, starts):
    """Map where each docstring begins in the source to where it ends."""
    found = {}
    for node in ast.walk(tree):
        first = node.body[0] if isinstance(node, (ast.Module, *DEFINITIONS)) and node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            if isinstance(first.value.value, str):
                text = first.value
                begin = _place(text.lineno, text.col_offset, lines, starts)
                found[begin] = _place(text.end_lineno, text.end_col_offset, lines, starts)
    return found


def _place(row, column, lines, starts):
    """Count in characters what ``ast`` counts in bytes of the row."""
    return starts[row - 1] + len(lines[row - 1].encode()[:column].decode())


def _pieces(tokens, starts, docstrings):
    """Yield (start, end, pos, depth) of everything in the source that is not white space."""
    indents, opened, doc_end = [], [], 0
    for token in tokens:
        start = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        doc_end = docstrings.get(start, doc_end)
        if token.type == tokenize.INDENT:
            indents.append(len(token.string))
        elif token.type == tokenize.DEDENT:
            indents.pop()
        elif token.type in OPENING:
            opened.append(start)
        elif token.type in CLOSING:
            start = opened.pop()
            if not opened:
                yield start, end, "string", len(indents)
        elif token.string.strip() and not opened:
            depth = len(indents)
            if token.type == tokenize.COMMENT:  # it comes before the end of the block above it
                depth = sum(width <= token.start[1] for width in indents)
            is_doc = token.type == tokenize.STRING and start < doc_end
            yield start, end, "docstring" if is_doc else _pos(token), depth


def _pos(token):
    if token.type == tokenize.NAME:
        return "keyword" if keyword.iskeyword(token.string) else "name"
    return KINDS.get(token.type, "operator")


def _spans(source, pieces):
    """Label the pieces, and what lies between two of them on different lines."""
    known, spans, last = {}, [], 0  # equal labels are one object, to save memory

    def add(start, end, pos, depth):
        lexeme = source[start:end] if pos in ("name", "keyword") else ""
        key = pos, depth, lexeme
        if key not in known:
            known[key] = {"pos": pos, "role": f"depth{depth}", "construction": ""}
            known[key] |= {"concept": "", "lexeme": lexeme, "kind": "code"}
        spans.append(Span(start, end, known[key]))

    for start, end, pos, depth in chain(pieces, [(len(source), len(source), "", 0)]):
        if "\n" in source[last:start]:
            add(last, start, "layout", depth)
        if start < end:
            add(start, end, pos, depth)
        last = end
    return spans


def _rows(tree, lines):
    """Yield the rows before which a module may be cut: of its statements and its methods."""
    for node in tree.body:
        inside = node.body[1:] if isinstance(node, ast.ClassDef) else []
        for part in [node, *(each for each in inside if isinstance(each, DEFINITIONS))]:
            first = min([part, *getattr(part, "decorator_list", [])], key=lambda one: one.lineno)
            before = lines[first.lineno - 1].encode()[: first.col_offset].strip()
            if before in (b"", b"@"):
                yield first.lineno


def _cuts(rows, tokens, starts):
    """Return 0 and the places that cut the source into parts of about LENGTH characters."""
    alone = {
        token.start[0]
        for token in tokens
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    }
    places = [starts[_first(row, alone) - 1] for row in rows]
    cuts = [0]
    for place, following in zip(places, [*places[1:], starts[-1]]):
        if following - cuts[-1] > LENGTH and place > cuts[-1]:
            cuts.append(place)
    return cuts


def _first(row, alone):
    """Step back over the comments right above a statement, which belong to it."""
    while row - 1 in alone:
        row -= 1
    return row


def _between(spans, start, end):
    """Return the part of the spans that lies from ``start`` to ``end``, counted from there."""
    first = bisect_right(spans, start, key=lambda span: span.end)
    last = bisect_left(spans, end, key=lambda span: span.start)
    return [
        Span(max(span.start, start) - start, min(span.end, end) - start, span.labels)
        for span in spans[first:last]
    ]


def _fit(document, limit):
    """Return a document itself, or as many of its spans as have room in ``limit`` bytes."""
    data = document.text.encode()
    if len(data) <= limit:
        return document
    room = len(data[:limit].decode(errors="ignore"))
    spans = [span for span in document.spans if span.end <= room]
    return document._replace(text=document.text[: spans[-1].end if spans else 0], spans=spans)
