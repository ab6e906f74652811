"""What pytest does beyond the defaults, for unit tests, doctests and notebooks alike.

- The tags ``gpu``, ``slow`` and ``triton`` of a notebook cell are markers; ``gpu`` needs CUDA.
- Notebooks run as they were committed, with static figures in place of widgets, and at the
  quick preset; ``MOE_PRESET`` and ``MOE_STATIC`` in the environment override that.
- The shape watcher of ``tests/rules/shapes.py`` looks on while a test runs.
- A test that needs an absent extra skips with the reason "needs the extra NAME", and the end
  of the report counts those. It also shows what a test left as its property "report".
"""

import os
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

import moe_lesson
from tests.rules.shapes import checked_suffixes

pytest.register_assert_rewrite("tests.rules.figure_checks")

PACKAGE = Path(moe_lesson.__file__).parent
# Doctests that need an extra: "gpu", which exists for Linux, and "export".
NEEDS = {"triton": "moe_lesson/moe/kernels.py", "gguf": "moe_lesson/checkpoints/gguf.py"}
collect_ignore = [path for library, path in NEEDS.items() if not find_spec(library)]
NOTEBOOK_ENVIRONMENT = {"MOE_PRESET": "quick", "MOE_STATIC": "1"}


def is_cell(item):
    """Tell whether a test is a cell of a notebook."""
    return hasattr(item, "cell")


def pytest_collection_modifyitems(items):
    """Turn the tags of cells into markers, and skip what needs CUDA where there is none."""
    for item in items:
        # Two processes that run tests beside each other must give them the same names.
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid} has an address in its name: give it ids")
        tags = item.cell.metadata.get("tags", []) if is_cell(item) else []
        for tag in {"gpu", "slow", "triton"}.intersection(tags):
            item.add_marker(tag)
        if item.get_closest_marker("triton") and not find_spec("triton"):
            item.add_marker(pytest.mark.skip(reason="needs the extra gpu"))
        if item.get_closest_marker("gpu") and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="needs CUDA"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """Set the environment of a notebook's kernel, which starts with the setup of a cell."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in NOTEBOOK_ENVIRONMENT.items() if is_cell(item) else ():
            patch.setenv(name, os.environ.get(name, value))
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a test during which the package broke the promise of a shape suffix."""
    if is_cell(item) or item.get_closest_marker("unwatched"):
        return (yield)
    with checked_suffixes(PACKAGE) as problems:
        result = yield
    if problems:
        pytest.fail("Shape suffixes that are not true:\n" + "\n".join(problems), pytrace=False)
    return result


def pytest_terminal_summary(terminalreporter):
    """Show the reports that tests left, and count the tests whose extra is absent."""
    for report in terminalreporter.stats.get("passed", []):
        for name, text in report.user_properties:
            if name == "report":
                terminalreporter.section(report.nodeid)
                terminalreporter.write_line(text)
    absent = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        absent.update(re.findall(r"needs the (?:extra )?\W?(\w+)", str(report.longrepr)))
    for extra, count in sorted(absent.items()):
        terminalreporter.write_line(
            f"{count} skipped: the {extra} extra is absent; pip install -e '.[{extra}]'"
        )
