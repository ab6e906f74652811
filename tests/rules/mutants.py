"""Plant mistakes in a copy of the package, one at a time, and see each caught by a test.

The mistakes stand beside the tests that catch them, in ``mistakes.txt``: a file of
``moe_lesson`` (``by`` another file of tests than the one with its name); then, for each
mistake, its name, what stands there once, what it becomes.

``python tests/rules/mutants.py`` runs them all and prints a table; words after it choose those
whose name or file holds one of them. It ends with 1 if a mistake went unnoticed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TESTS_FAILED = 1  # pytest's exit code; 2 and above mean that the tests did not run


class Mutant(NamedTuple):
    """One mistake: ``old``, which stands once in the file, becomes ``new``."""

    file: str  # within moe_lesson/
    name: str
    old: str
    new: str
    test: str  # the file of tests that must catch it


def parse(table):
    """Read one ``mistakes.txt`` into a list of mutants."""
    mutants, file, test = [], None, None
    lines = iter(table.strip().splitlines())
    for line in lines:
        if line.startswith(" "):
            old, new = (next(lines).strip()[1:].strip() for _ in range(2))
            mutants.append(Mutant(file, line.strip(), old, new, test))
        else:
            file, _, test = line.partition(" by ")
            room, _, name = file.rpartition("/")
            test = test or f"tests/{room}/test_{name}"
    return mutants


TABLES = sorted((ROOT / "tests").rglob("mistakes.txt"))
MUTANTS = [mutant for path in TABLES for mutant in parse(path.read_text(encoding="utf-8"))]


def copy_project(folder):
    """Copy what the tests need, so that the working tree is never touched."""
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("moe_lesson", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    heavy = shutil.ignore_patterns("checkpoints", "figures")  # rooms of the package are called so
    shutil.copytree(ROOT / "data", folder / "data", ignore=heavy)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)


def run_tests(folder, test, only=""):
    """Run one file of tests in the copy; return pytest's exit code and the first failure."""
    # Bytecode is matched by time and size, which a quick one-letter change can keep.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    options = ["-x", "-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:nbval"]
    options += ["--hypothesis-seed=0", *(["-k", only] if only else [])]
    command = [sys.executable, "-m", "pytest", test, *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if line.startswith("FAILED "):
            return done.returncode, line.split("::")[1].split(" - ")[0]
    return done.returncode, done.stdout[-500:]


def plant(folder, mutant):
    """Make the mistake in the copy; return the text that stood there."""
    path = folder / "moe_lesson" / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: {mutant.old!r} stands {text.count(mutant.old)} times")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return text


def try_mutant(folder, mutant, only=""):
    """Plant one mistake, run its tests, take it back; return whether and by what it was caught."""
    text = plant(folder, mutant)
    try:
        code, said = run_tests(folder, mutant.test, only)
    finally:
        (folder / "moe_lesson" / mutant.file).write_text(text, encoding="utf-8")
    return code == TESTS_FAILED, said


def main(words):
    """Print a line for each mistake; return how many were not caught."""
    chosen = [m for m in MUTANTS if not words or any(w in m.name or w in m.file for w in words)]
    survivors = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_project(folder)
        for test in sorted({mutant.test for mutant in chosen}):
            code, said = run_tests(folder, test)
            if code:
                raise SystemExit(f"{test} fails without any mistake planted:\n{said}")
        for mutant in chosen:
            began = time.perf_counter()
            caught, said = try_mutant(folder, mutant)
            survivors += not caught
            said = f"caught by {said}" if caught else f"NOT CAUGHT {said}"
            seconds = time.perf_counter() - began
            print(f"{seconds:5.1f} s  {mutant.file:20} {mutant.name:38} {said}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mistakes were caught")
    return survivors


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
