"""pyproject.toml, constraints.txt and environment.yml agree with each other and the imports."""

import ast
import re
import sys

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.rules.source import MODULES, ROOT, tree

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
CORE = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = {
    extra: [Requirement(line) for line in lines]
    for extra, lines in PROJECT["optional-dependencies"].items()
}
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
# What a package is called where it is imported, if not as where it is installed.
DISTRIBUTION = {"PIL": "pillow", "yaml": "pyyaml", "IPython": "ipython", "sklearn": "scikit-learn"}
# matplotlib cannot be without the first, ipywidgets without the second and the third,
# Jupyter's kernel without the fourth, tokenizers without the fifth.
BROUGHT_ALONG = {"pillow", "traitlets", "ipython", "psutil", "huggingface-hub"}
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
OURS = {"moe_lesson", "tests", "tools", "deploy"}


def names(requirements):
    return {canonicalize_name(requirement.name) for requirement in requirements}


def imported(node):
    """Return the top-level packages that a syntax tree imports, without the standard library."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            found |= {alias.name.split(".")[0] for alias in inner.names}
        elif isinstance(inner, ast.ImportFrom) and not inner.level:
            found.add(inner.module.split(".")[0])
    foreign = found - OURS - sys.stdlib_module_names
    return {canonicalize_name(DISTRIBUTION.get(name, name)) for name in foreign}


def test_each_core_dependency_has_its_reason():
    block = re.search(r"^dependencies = \[\n(.*?)^\]", PYPROJECT, re.S | re.M)[1]
    lines = block.strip().splitlines()
    assert len(lines) == len(CORE)
    for line in lines:
        assert re.fullmatch(r'\s*"[^"]+",\s+# \S.{10,}', line), f"a reason, please: {line}"


def test_conda_users_get_the_same_list():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, rest = environment["dependencies"]
    assert (python, pip, list(rest)) == ("python=3.11", "pip", ["pip"])
    constraints, *requirements, itself = rest["pip"]
    assert (constraints, itself) == ("-c constraints.txt", "-e .")
    assert requirements == PROJECT["dependencies"]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_direct_dependency_has_one_pin_that_it_allows(python):
    where = {"python_version": python, "python_full_version": f"{python}.0"}
    direct = [*CORE, *(requirement for lines in EXTRAS.values() for requirement in lines)]
    for requirement in direct:
        if requirement.marker and not requirement.marker.evaluate(where):
            continue
        pins = [
            pin
            for pin in PINS
            if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
            and (pin.marker is None or pin.marker.evaluate(where))
        ]
        assert len(pins) == 1, f"{requirement.name} has {len(pins)} pins on Python {python}"
        (exact,) = pins[0].specifier
        assert exact.operator == "==" and requirement.specifier.contains(exact.version)


def test_nothing_else_is_pinned():
    assert names(PINS) == names(CORE).union(*map(names, EXTRAS.values()))


def test_the_oldest_python_is_named_once():
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert "(3, 10)" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_package_imports_what_it_declares(path):
    optional = names(EXTRAS["gpu"] + EXTRAS["export"])
    assert imported(tree(path)) <= names(CORE) | optional | BROUGHT_ALONG


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "conftest.py",
        *sorted(p for d in ("tests", "tools", "deploy") for p in ROOT.glob(f"{d}/**/*.py")),
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_tests_and_tools_import_what_they_declare(path):
    assert imported(tree(path)) <= names(CORE).union(BROUGHT_ALONG, *map(names, EXTRAS.values()))


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebooks_import_what_they_declare(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            source = re.sub(r"^[%!].*$", "", cell.source, flags=re.M)
            allowed = names(CORE) | BROUGHT_ALONG
            if re.search("ImportError|find_spec", source):  # it says so where the extra is absent
                for extra in ("parity", "gpu", "export", "serving"):
                    allowed |= names(EXTRAS[extra])
            assert imported(ast.parse(source)) <= allowed, cell.id
