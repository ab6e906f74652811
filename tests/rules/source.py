"""The package as text: its modules and their syntax trees, for the tests that keep rules."""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "moe_lesson"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
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
    """Return (module, is_lazy) for each import in a file of the package; see ``imports_of``."""
    return imports_of(tree(path), path)


def imports_of(module, path):
    """Return (module, is_lazy) for each import in a syntax tree; relative ones are made absolute.

    ``from moe_lesson.moe import routing`` gives ``moe_lesson.moe.routing``. An import inside
    a function is lazy.

    Args:
        path: the file's; None: there is none, and no import is relative.
    """
    lazy = {
        id(inner)
        for outer in ast.walk(module)
        if isinstance(outer, FUNCTIONS)
        for inner in ast.walk(outer)
    }
    return [
        (name, id(node) in lazy) for node in ast.walk(module) for name in _imported(node, path)
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
            inner = ROOT / base.replace(".", "/") / alias.name
            is_module = inner.with_suffix(".py").exists() or (inner / "__init__.py").exists()
            yield f"{base}.{alias.name}" if is_module else base
