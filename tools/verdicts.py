"""Run answers and their checks in this process, for ``tools/progress.py``, which kills it in time.

    python tools/verdicts.py JOB.json RESULTS

JOB holds ``setup`` and ``answers``: a list of name, source, check and the cells
that may be asked for a missing name. RESULTS gets a line of
JSON when the setup is done, and one for each answer: name, verdict, message.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from tools.exercises import CORRECT


def missing(error):
    """Return the name that an exception is about, be it wrapped in another's message; or None."""
    while error is not None and not isinstance(error, NameError):
        error = error.__cause__
    return getattr(error, "name", None)


def run(sources, namespace, cells):
    """Run sources; where a name is missing, run the last cell that binds it first, and again.

    Args:
        cells: (names that it binds, source) of each cell that may be asked, in order.
    """
    tried = set()
    while True:
        try:
            for source in sources:
                exec(source, namespace)
            return
        except (NameError, AssertionError) as error:
            name = missing(error)
            found = [i for i, (names, _) in enumerate(cells) if name in names]
            if not found or name in tried:
                raise
        tried.add(name)
        run([cells[found[-1]][1]], namespace, cells[: found[-1]])


def verdict(source, check, cells, namespace):
    """Return "passes", "fails" or "not attempted", and the first line of a failure's message."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            run([source, check], namespace, cells)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an answer that calls exit() has not passed
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        return "fails", kind + (str(error).strip().split("\n")[0] or "no message")
    last = (said.getvalue().strip().split("\n") or [""])[-1]
    if last == "not attempted":
        return "not attempted", ""
    return ("passes", "") if CORRECT.search(last) else ("fails", last or "the check says nothing")


def main():
    """Judge the answers of a job, each after the setup alone."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with open(sys.argv[2], "a", encoding="utf-8") as results:
        names = {"__name__": "__main__"}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(job["setup"], names)
        print(json.dumps(["", "ready", ""]), file=results, flush=True)
        for name, source, check, cells in job["answers"]:
            line = [name, *verdict(source, check, cells, dict(names))]
            print(json.dumps(line), file=results, flush=True)


if __name__ == "__main__":
    main()
