"""Put the learner's own copies of the lessons into ``work/``, which git ignores.

    python tools/copies.py          what `make lab` calls before it opens JupyterLab

A copy is made once. In it stand, as notebook metadata, the digest of the lesson that it is a
copy of and the digest of itself as it was made. When the lesson has changed since, the new one
is put beside (``05_moe_transformers_v2.ipynb``), and a line says so; only a copy in which
nothing was typed and nothing ran is renewed where it is, as there is nothing to lose.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LESSONS, WORK = ROOT / "notebooks", ROOT / "work"
OURS = "moe_lesson"  # the key of our notebook metadata


def joined(value):
    """Return text that a notebook may hold as a list of lines; other values as they are."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    if isinstance(value, dict):
        return {key: joined(inner) for key, inner in value.items() if key != "execution_count"}
    return [joined(inner) for inner in value] if isinstance(value, list) else value


def digest(notebook, outputs):
    """Return a digest of a notebook's cells.

    Args:
        outputs: whether what the cells show counts, or their source alone.
    """
    kept = [(c["cell_type"], joined(c["source"])) for c in notebook["cells"]]
    shown = [joined(c.get("outputs", [])) for c in notebook["cells"] if outputs]
    return hashlib.sha256(json.dumps([kept, shown], sort_keys=True).encode()).hexdigest()[:16]


def copies_of(lesson, work):
    """Return the copies of a lesson, oldest first: NAME.ipynb, NAME_v2.ipynb, NAME_v3.ipynb."""
    own = re.compile(re.escape(Path(lesson).stem) + r"(?:_v(\d+))?\.ipynb")
    found = {
        int(match[1] or 1): path
        for path in Path(work).glob("*.ipynb")
        if (match := own.fullmatch(path.name))
    }
    return [found[version] for version in sorted(found)]


def record_of(copy):
    """Return a copy's record and its notebook; ({}, None) if it has none or cannot be read."""
    try:
        notebook = json.loads(copy.read_text(encoding="utf-8"))
        return notebook["metadata"].get(OURS, {}), notebook
    except (ValueError, KeyError, AttributeError, TypeError):
        return {}, None


def edited(lessons):
    """Return the names of the lessons that differ from git's; none where git cannot say."""
    command = ["git", "-C", str(lessons), "diff", "--name-only", "--relative", "HEAD", "--", "."]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return set()
    return set(run.stdout.split("\n"))


def put(lesson, target, is_edited):
    """Write a copy of a lesson, whole or not at all.

    Args:
        is_edited: whether somebody has worked in the lesson itself; such a copy is never renewed.
    """
    notebook = json.loads(lesson.read_text(encoding="utf-8"))
    record = {"lesson": digest(notebook, False), "copy": digest(notebook, True)}
    notebook["metadata"][OURS] = record | ({"copy": "edited"} if is_edited else {})
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    half = target.with_suffix(".half")
    half.write_text(text, encoding="utf-8", newline="\n")
    os.replace(half, target)


def sync(lessons=LESSONS, work=WORK):
    """Make the copies that are missing, and return what to say of the others, a line each."""
    work.mkdir(exist_ok=True)
    said, by_hand = [], edited(lessons)
    for lesson in sorted(lessons.glob("[0-9][0-9]_*.ipynb")):
        own = copies_of(lesson, work)
        if not own:
            put(lesson, work / lesson.name, lesson.name in by_hand)
            continue
        record, notebook = record_of(own[-1])
        upstream = digest(json.loads(lesson.read_text(encoding="utf-8")), False)
        if record.get("lesson") == upstream:
            continue
        if notebook and record.get("copy") == digest(notebook, True):
            put(lesson, own[-1], lesson.name in by_hand)
            said.append(f"{own[-1].name}: the lesson has changed; you had not begun, it is renewed")
            continue
        last = re.search(r"_v(\d+)$", own[-1].stem)
        target = work / f"{lesson.stem}_v{int(last[1]) + 1 if last else 2}.ipynb"
        put(lesson, target, lesson.name in by_hand)
        said.append(f"{own[-1].name}: the lesson has changed; yours is kept, {target.name} is new")
    return said


def main():
    """Make or renew the copies, and say what changed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lessons", type=Path, default=LESSONS, help="where the lessons are")
    parser.add_argument("--work", type=Path, default=WORK, help="where the copies go")
    arguments = parser.parse_args()
    for line in sync(arguments.lessons, arguments.work):
        print(line)


if __name__ == "__main__":
    main()
