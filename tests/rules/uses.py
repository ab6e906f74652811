"""Who uses what of the package: its definitions, and the names and calls that lead to them.

Names are followed by a file's imports and its own definitions, nothing is run: a function that
travels as a value is seen where it is handed over, and a method is known by its name alone,
whichever class it stands in. So is a function of a module that travels as a value.
"""

import ast
import builtins
import doctest
import functools
from collections import defaultdict
from typing import NamedTuple

import nbformat

from tests.rules.source import FUNCTIONS, MODULES, ROOT, dotted, tree

DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
CALLED = "()"  # what a call reaches whose function is a value: ``forward`` of some module


class Source(NamedTuple):
    """Code that may use the package."""

    kind: str  # package, notebook, tool, test or doctest
    name: str  # a module's dotted name, or a file's
    nodes: list  # (node of its syntax tree, the definitions around it, outermost first)
    names: dict  # a name of the file -> what it stands for: moe_lesson.moe.routing.top_k


class Definition(NamedTuple):
    """A function, a method or a class of the package."""

    node: ast.AST
    owner: str  # the class that a method stands in, else None
    parameters: dict  # name -> its default as a syntax tree, None if it has none
    by_position: list  # the names that may be given by position, in order


class Package(NamedTuple):
    """The package's definitions, and how they are reached from elsewhere."""

    known: dict  # moe_lesson.moe.layer.MoELayer.forward -> Definition
    behind: dict  # the last name -> what a call of an unknown object's attribute may reach
    aliases: dict  # a name that a module imports -> where it is defined


def nodes_of(module):
    """Return (node, the definitions around it, outermost first) for each node of a tree."""
    found = []

    def visit(node, around):
        found.append((node, around))
        inside = (*around, node) if isinstance(node, DEFINITIONS) else around
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.expr_context):
                visit(child, inside)

    visit(module, ())
    return found


def bindings(nodes, own=None):
    """Return what the names stand for that a file imports or, as the module ``own``, defines."""
    found = {}
    for node, around in nodes:
        if own and not around and isinstance(node, DEFINITIONS):
            found[node.name] = f"{own}.{node.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                found[name] = alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def source_of(kind, name, module, before=()):
    """Make a Source of a syntax tree.

    Args:
        before: names that stand for something already, as a module's in its doctests.
    """
    nodes = nodes_of(module)
    own = name if kind == "package" else None
    return Source(kind, name, nodes, dict(before) | bindings(nodes, own))


def notebook_tree(path):
    """Return one syntax tree of a notebook's code cells and folded solutions."""
    sources = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            sources.append(cell.source)
        else:
            sources += [part.split("```")[0] for part in cell.source.split("```python\n")[1:]]
    lines = "\n".join(sources).split("\n")
    return ast.parse("\n".join(line for line in lines if not line.startswith(("%", "!"))))


def doctests(module):
    """Return one syntax tree of the examples in a module's docstrings."""
    parse = doctest.DocTestParser().get_examples
    documented = [n for n in ast.walk(module) if isinstance(n, (*DEFINITIONS, ast.Module))]
    found = [parse(ast.get_docstring(node, clean=False) or "") for node in documented]
    return ast.parse("".join(example.source for each in found for example in each))


@functools.cache
def sources():
    """Return all code that may use the package."""
    found = []
    for path in MODULES:
        name, module = dotted(path), tree(path)
        found.append(source_of("package", name, module))
        found.append(source_of("doctest", name, doctests(module), found[-1].names))
    for kind, paths in {
        "tool": sorted((ROOT / "tools").glob("*.py")),
        "test": [ROOT / "conftest.py", *sorted((ROOT / "tests").rglob("*.py"))],
        "notebook": sorted((ROOT / "notebooks").glob("*.ipynb")),
    }.items():
        for path in paths:
            module = notebook_tree(path) if kind == "notebook" else tree(path)
            found.append(source_of(kind, str(path.relative_to(ROOT)), module))
    return found


def parameters_of(function):
    """Return (name -> default or None, names that may be given by position) of a function."""
    given = function.args
    by_position = given.posonlyargs + given.args
    defaults = [None] * (len(by_position) - len(given.defaults)) + given.defaults
    both = [*zip(by_position, defaults), *zip(given.kwonlyargs, given.kw_defaults)]
    return {p.arg: default for p, default in both}, [p.arg for p in by_position]


def without_self(function):
    """Return ``parameters_of`` a method as its caller sees them."""
    parameters, by_position = parameters_of(function)
    if "staticmethod" not in map(ast.unparse, function.decorator_list):
        parameters.pop(by_position.pop(0))
    return parameters, by_position


def is_record(node):
    """Tell whether a definition is a dataclass or a NamedTuple: its fields are its parameters."""
    marks = node.bases + node.decorator_list if isinstance(node, ast.ClassDef) else []
    return any("dataclass" in text or "NamedTuple" in text for text in map(ast.unparse, marks))


def define(node, prefix, owner=None):
    """Yield (name, Definition) for a function or class, and for the methods in it."""
    name = f"{prefix}.{node.name}"
    if not isinstance(node, ast.ClassDef):
        yield name, Definition(node, owner, *(without_self if owner else parameters_of)(node))
        return
    methods = [inner for inner in node.body if isinstance(inner, FUNCTIONS)]
    seen = {}, []
    if is_record(node):
        fields = [inner for inner in node.body if isinstance(inner, ast.AnnAssign)]
        seen = {n.target.id: n.value for n in fields}, [n.target.id for n in fields]
    for method in methods:
        if method.name == "__init__":
            seen = without_self(method)
    yield name, Definition(node, owner, *seen)
    for method in methods:
        yield from define(method, name, owner=name)


def package_of(modules):
    """Return the Package that a dict of modules makes: dotted name -> syntax tree."""
    known, aliases, behind, values = {}, {}, defaultdict(set), set()
    for own, module in modules.items():
        for node in module.body:
            if isinstance(node, DEFINITIONS):
                known.update(define(node, own))
        nodes = nodes_of(module)
        names = bindings(nodes)
        aliases |= {f"{own}.{name}": target for name, target in names.items()}
        bases = {id(node.value) for node, _ in nodes if isinstance(node, ast.Attribute)}
        alone = [n for n, _ in nodes if isinstance(n, ast.Name) and id(n) not in bases]
        values |= {names.get(node.id) for node in alone} & set(modules)
    for name, definition in known.items():
        before, _, last = name.rpartition(".")
        if definition.owner or before in values:
            behind[last].add(name)
        if definition.owner and last in ("forward", "__call__"):
            behind[CALLED].add(name)
    return Package(known, dict(behind), aliases)


@functools.cache
def package():
    """Return the Package that stands here."""
    return package_of({dotted(path): tree(path) for path in MODULES})


def ours(name):
    """Tell whether a dotted name lies in the package."""
    return name.split(".")[0] == "moe_lesson"


def resolve(node, source, here):
    """Return the names of the definitions that an expression may stand for."""
    path = []
    while isinstance(node, ast.Attribute):
        path, node = [node.attr, *path], node.value
    base = source.names.get(node.id, "") if isinstance(node, ast.Name) else ""
    if base and not ours(base):
        return set()
    name = ".".join(filter(None, [base, *path]))
    for _ in range(2):  # a module may hand on what it imports itself
        name = here.aliases.get(name, name)
    if name in here.known:
        return {name}
    return here.behind.get(path[-1], set()) if path else set()


def is_value(node, source):
    """Tell whether an expression is no name that a file imports, defines or finds in Python."""
    while isinstance(node, ast.Attribute):
        node = node.value
    is_name = isinstance(node, ast.Name)
    return not is_name or not (node.id in source.names or hasattr(builtins, node.id))
