"""Tell which checks pass, lesson by lesson, read from the learner's copies in ``work/``.

    python tools/progress.py                 all lessons (`make progress`)
    python tools/progress.py 02 08           these
    python tools/progress.py --seconds 300   longer for each answer (`make progress SECONDS=300`)

Saved outputs are not believed: nothing says whether a cell was edited after it ran. An answer
that equals the stub is not attempted, and nothing runs. Any other runs in a process of its own,
at the quick preset, with a time limit: the setup, the answer, then the check as the course has
it today. If a name is missing, the last cell in front that binds it runs first, and for what
that one misses another. An answer is the stub's cell if it was changed; else changed or new
cells that define what the stub defines. Of several copies of a lesson the best verdict counts.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.copies import LESSONS, WORK, copies_of, joined
from tools.exercises import MAGIC, bound, exercises_of, title_of

ORDER = ("passes", "fails", "not attempted")
SETUP_SECONDS = 120  # loading torch, and the models of lesson 12, on a busy machine


def parsed(source):
    """Return the syntax tree of a cell; an empty one if it is no Python."""
    try:
        return ast.parse(MAGIC.sub("", source))
    except (SyntaxError, ValueError):
        return ast.parse("")


def cells_of(path):
    """Return id -> source of a notebook's code cells, in order; {} if it cannot be read."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        return {c.get("id", f"cell-{i}"): joined(c["source"]) for i, c in enumerate(code)}
    except (ValueError, KeyError, TypeError):
        return {}


def answer_of(exercise, cells, changed):
    """Return the ids of the cells that hold the answer; [] if it is not attempted."""
    if f"{exercise.name}-stub" in changed:
        return [f"{exercise.name}-stub"]
    wanted = bound(ast.parse(exercise.stub))
    return [key for key in cells if key in changed and wanted & bound(parsed(cells[key]))]


def providers(answer, cells):
    """Return (names, source) of each cell in front of an answer: what it binds, and its text."""
    keys = list(cells)
    front = [key for key in keys[: keys.index(answer[-1])] if key not in answer]
    return [(sorted(bound(parsed(cells[key]))), MAGIC.sub("", cells[key])) for key in front]


def jobs(exercises, copy, original):
    """Return (name, source, check, providers) of each exercise that was attempted in a copy."""
    cells = cells_of(copy)
    changed = {k for k, source in cells.items() if source.strip() != original.get(k, "").strip()}
    idle = {k for k in cells if k.endswith("-check") or k.endswith("-stub") and k not in changed}
    cells, found = {k: source for k, source in cells.items() if k not in idle}, []
    for exercise in exercises:
        answer = answer_of(exercise, cells, changed)
        if answer:
            source = MAGIC.sub("", "\n".join(cells[key] for key in answer))
            found.append((exercise.name, source, exercise.check, providers(answer, cells)))
    return found


def judged(setup, answers, folder, seconds):
    """Return name -> (verdict, message) of a lesson's answers, run in a process of their own.

    Args:
        folder: where the answers run: that of the copies.
        seconds: what each may take; what takes longer is stopped, and the rest goes on.
    """
    found, left = {}, list(answers)
    while left:
        for name, *rest in one_process(setup, left, folder, seconds):
            found[name] = tuple(rest)
        left = [each for each in left if each[0] not in found]
    return found


def one_process(setup, answers, folder, seconds):
    """Return the verdicts that one process came to; the last is its end, if it was stopped."""
    environment = os.environ | {"MOE_PRESET": "quick", "MOE_STATIC": "1", "MPLBACKEND": "agg"}
    paths = [str(ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with tempfile.TemporaryDirectory() as place:
        job, results, said = (Path(place) / name for name in ("job.json", "results", "said"))
        job.write_text(json.dumps({"setup": setup, "answers": answers}), encoding="utf-8")
        results.touch()
        command = [sys.executable, str(ROOT / "tools" / "verdicts.py"), str(job), str(results)]
        with said.open("w") as out:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
            ended = watch(process, results, seconds)
        last = said.read_text(encoding="utf-8", errors="replace").strip().split("\n")[-1]
        lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    if not lines:  # the setup itself
        return [(name, "fails", f"the lesson's setup: {ended} {last}") for name, *_ in answers]
    done = lines[1:]
    if len(done) < len(answers):
        done.append((answers[len(done)][0], "fails", f"{ended} {last}".strip()))
    return done


def watch(process, results, seconds):
    """Wait for a process while its verdicts come in time; return what ended it, in words."""
    seen, since = 0, time.monotonic()
    while process.poll() is None:
        count = results.read_bytes().count(b"\n")
        if count > seen:
            seen, since = count, time.monotonic()
        limit = seconds if seen else SETUP_SECONDS
        if time.monotonic() - since > limit:
            process.kill()
            process.wait()
            return f"no verdict after {limit:g} s"
        time.sleep(0.05)
    return f"Python ended with {process.returncode}"


def lesson_progress(lesson, work, seconds):
    """Return name -> (verdict, message) for each exercise of a lesson, the best of its copies."""
    exercises, original = exercises_of(lesson), cells_of(lesson)
    best = {exercise.name: (ORDER[-1], "") for exercise in exercises}
    for copy in copies_of(lesson, work):
        answers = jobs(exercises, copy, original)
        found = judged(exercises[0].setup, answers, work, seconds) if answers else {}
        for name, mine in found.items():
            best[name] = min(best[name], mine, key=lambda each: ORDER.index(each[0]))
    return best


def table(lesson, verdicts):
    """Return the lines that tell a lesson's verdicts."""
    by_kind = {kind: [n for n, (found, _) in verdicts.items() if found == kind] for kind in ORDER}
    lines = [f"{title_of(lesson):42} {len(by_kind['passes'])} of {len(verdicts)} pass"]
    if len(by_kind["not attempted"]) == len(verdicts):
        return lines
    for kind in ("passes", "not attempted"):
        lines += [f"   {kind:13}  {', '.join(by_kind[kind])}"] * bool(by_kind[kind])
    return lines + [f"   {'fails':13}  {name}: {verdicts[name][1]}" for name in by_kind["fails"]]


def main():
    """Print the table of the lessons that the command line names, or of all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("numbers", nargs="*", help="of lessons: 02 08; default: all")
    parser.add_argument("--seconds", type=float, default=60, help="that an answer may take")
    parser.add_argument("--lessons", type=Path, default=LESSONS, help="where the lessons are")
    parser.add_argument("--work", type=Path, default=WORK, help="where the copies are")
    arguments = parser.parse_args()
    if not list(arguments.work.glob("*.ipynb")):
        print(f"{arguments.work} holds no copies of the lessons yet: `make lab` makes them")
        return
    passed = total = 0
    for lesson in sorted(arguments.lessons.glob("[0-9][0-9]_*.ipynb")):
        if arguments.numbers and lesson.name[:2] not in arguments.numbers:
            continue
        verdicts = lesson_progress(lesson, arguments.work, arguments.seconds)
        print(*table(lesson, verdicts), sep="\n", flush=True)
        passed += sum(kind == "passes" for kind, _ in verdicts.values())
        total += len(verdicts)
    print(f"{'together':42} {passed} of {total} pass")


if __name__ == "__main__":
    main()
