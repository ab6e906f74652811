"""Run on a GPU what this course cannot try without one, and print one table: ``make gpu``.

In pieces that end within nine minutes each: ``make gpu PART=2`` runs one and keeps its verdict
in ``runs/gpu``; without PART all run, one after another. The table at the end holds every piece
that has run so far. No Jupyter server is started: notebooks run in plain kernels, under nbval.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "runs" / "gpu"
SECONDS = 540
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
PLAIN = [*PYTEST, "-p", "no:nbval", "-o", "addopts=--strict-markers"]
KERNEL = "tests/moe/test_kernels.py"
# The course need not be installed: tools and the kernels of notebooks find it from here.
PLACES = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(PLACES)}
BENCH = [sys.executable, "tools/bench.py", "--only"]


def pieces():
    """Return number -> (what it is, command): tests, notebooks in order, then timings."""
    # Files without such a test are not even read: they may need what is not installed.
    texts = {path: path.read_text("utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py"))}
    marked = [str(path.relative_to(ROOT)) for path in texts if "pytest.mark.gpu" in texts[path]]
    others = [path for path in marked if Path(path) != Path(KERNEL)]
    found = [
        ("the kernel beside its oracle", [*PLAIN, KERNEL]),
        ("other tests that need CUDA", [*PLAIN, "-m", "gpu", *others]),
    ]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        found.append((path.stem, [*PYTEST, str(path.relative_to(ROOT))]))
    found += [("bench: kernel", [*BENCH, "kernel"]), ("bench: layer", [*BENCH, "layer"])]
    found.append(("bench: training, generation", [*BENCH, "training generation", "--quick"]))
    return dict(enumerate(found, 1))


def run(number, name, command):
    """Run one piece, keep its output and its verdict, and return the verdict."""
    print(f"\n== {number}: {name}", flush=True)
    began, said = time.monotonic(), ""
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, env=ENVIRONMENT
        )
        code, said = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired as error:
        kept = error.stdout or b""
        code, said = "over time", kept if isinstance(kept, str) else kept.decode(errors="replace")
    print(said[-4000:], flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{number:02}.log").write_text(said, encoding="utf-8")
    rows = [line for line in said.splitlines() if re.match(r"\| \w", line)][1:]
    verdict = {
        "number": number,
        "name": name,
        "device": torch.cuda.get_device_name(),
        "code": code,
        "seconds": round(time.monotonic() - began),
        "last": (said.strip().splitlines() or [""])[-1][:100],
        "rows": rows,
    }
    (FOLDER / f"{number:02}.json").write_text(json.dumps(verdict, indent=1), encoding="utf-8")
    return verdict


def table(every):
    """Print what has run so far, and how many pieces are missing."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    # A verdict from before a lesson joined has the number of another piece.
    found = [one for one in found if every.get(one["number"], [None])[0] == one["name"]]
    print(f"\ntorch {torch.__version__}; {len(found)} of {len(every)} pieces have run\n")
    print("| piece | device | seconds | verdict | last line |\n|---|---|---|---|---|")
    for one in found:
        verdict = "passed" if one["code"] == 0 else f"FAILED ({one['code']})"
        last = "" if one["rows"] else one["last"].replace("|", "/")
        what = f"{one['number']} {one['name']}"
        print(f"| {what} | {one['device']} | {one['seconds']} | {verdict} | {last} |")
    print()
    print("| what | measured | target | |\n|---|---|---|---|")
    print(*(row for one in found for row in one["rows"]), sep="\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    every = pieces()
    parser.add_argument("part", nargs="?", type=int, choices=list(every), metavar="PART")
    parser.add_argument("--list", action="store_true", help="say what the parts are")
    options = parser.parse_args()
    if options.list:
        print(*(f"{number:2}  {name}" for number, (name, _) in every.items()), sep="\n")
        return 0
    if not torch.cuda.is_available():
        print("CUDA is not here: torch sees no NVIDIA GPU, so there is nothing to run")
        return 1
    chosen = [options.part] if options.part else list(every)
    verdicts = [run(number, *every[number]) for number in chosen]
    table(every)
    return int(any(verdict["code"] != 0 for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
