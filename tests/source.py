"""The package as text: its modules and their syntax trees, for the tests that keep rules."""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "moe_lesson"
MODULES = sorted(PACKAGE.rglob("*.py"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@functools.cache
def tree(path):
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def dotted(path):
    """Return a module's name: ``moe_lesson.moe.routing``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def without_docstring(node):
    """Return the statements of a function, class or module, its docstring left out."""
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def public_definitions(path):
    """Return a module's functions and classes that have no leading underscore."""
    kinds = (*FUNCTIONS, ast.ClassDef)
    return [n for n in tree(path).body if isinstance(n, kinds) and not n.name.startswith("_")]


@functools.cache
def imports(path):
    """Return (module, is_lazy) for each import in a file; relative ones are made absolute.

    ``from moe_lesson.moe import routing`` gives ``moe_lesson.moe.routing``. An import inside
    a function is lazy.
    """
    lazy = {
        id(inner)
        for outer in ast.walk(tree(path))
        if isinstance(outer, FUNCTIONS)
        for inner in ast.walk(outer)
    }
    return [
        (name, id(node) in lazy)
        for node in ast.walk(tree(path))
        for name in _imported(node, path)
    ]


def _imported(node, path):
    """Yield the modules that one statement imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = dotted(path).split(".")
            up = node.level - (path.stem == "__init__")
            base = ".".join(package[: len(package) - up] + ([base] if base else []))
        for alias in node.names:
            is_module = (ROOT / base.replace(".", "/") / f"{alias.name}.py").exists()
            yield f"{base}.{alias.name}" if is_module else base
