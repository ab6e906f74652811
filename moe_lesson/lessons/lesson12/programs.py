"""Programs that a model writes: drawn, run where they can do no harm, counted."""

import ast
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from math import comb
from typing import NamedTuple

from moe_lesson.corpus.tasks.code import ARGUMENTS, FUNCTIONS
from moe_lesson.corpus.tasks.form import Fixed, phrase, user
from moe_lesson.inference.generate import continued
from moe_lesson.inference.sampling import Sampling
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import START, text_ids

SECONDS, MEGABYTES = 2, 256
TEMPERATURE = 0.8
TOKENS = {False: 16, True: 32}  # of a line; of a whole function, by whether a model is tuned
LONGEST = 10_000  # characters of all values together; longer ones are none of ours
# The child limits itself before it runs the program, as far as its system can: Windows has no
# such limits. It keeps its way out for itself, and what the calls must give stays outside.
CHILD = """
import json, os, sys
token, source, calls = json.load(sys.stdin)
out = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
for name, most in (("CPU", {seconds}), ("AS", {bytes}), ("FSIZE", 0), ("NPROC", 0), ("NOFILE", 0)):
    try:
        import resource
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (most, most))
    except (ImportError, ValueError, OSError, AttributeError):
        pass
try:
    if os.getuid() == 0:  # no limit of processes holds for root
        os.setuid(65534)
except (OSError, AttributeError):
    pass
names = {{}}
exec(source, names)
found = ascii([eval(call, names) for call in calls])
out.write(token + found[:{longest}])
out.flush()
"""
FORBIDDEN = {"open", "exec", "eval", "compile", "input", "exit", "quit", "breakpoint", "help"}
FORBIDDEN |= {"getattr", "setattr", "delattr", "vars", "globals", "locals"}
FORBIDDEN |= {"gi_frame", "cr_frame", "ag_frame", "tb_frame"}  # ways to the caller's names


class Program(NamedTuple):
    """Hold a function to be written: where it begins, and what it must return.

    >>> program("double").begun
    'def double(n):\\n    return'

    Lesson 12.
    """

    name: str
    begun: str
    body: str  # what the corpus's tasks have there
    tests: tuple  # (call, value)
    asked: str  # the same as an instruction


def program(name, variant=0):
    """Look up a function of the tasks, with one of its namings of arguments.

    >>> program("add", 1).body
    ' x + y'

    Lesson 12.
    """
    kind, body, tests = FUNCTIONS[name]
    named = [options[variant % len(options)] for options in ARGUMENTS[kind]]
    places = dict(zip("ab", named))
    call = f"{name}({', '.join(named)})"
    calls = tuple((f"{name}({given})", value) for given, value in tests)
    does = phrase("en", f"code_{name}", Fixed(0), **places)
    asked = phrase("en", "code", Fixed(0), call=call, does=does)
    return Program(name, f"def {call}:\n    return", f" {body.format(**places)}", calls, asked)


def is_harmless(source):
    """Tell whether a source is Python, and names nothing that reaches outside.

    A first sieve, no proof: it reads the syntax tree, so that words within strings and within
    longer names do not count. What passes runs in a process of its own, with limits.

    >>> is_harmless("def f(): return 1"), is_harmless("import os"), is_harmless("def f(:")
    (True, False, False)
    >>> is_harmless("def opened(n): return n"), is_harmless("def f(n): return open(n)")
    (True, False)

    Lesson 12.
    """
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    imports = any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in nodes)
    names = {name for node in nodes for name in _names(node)}
    return not (imports or names & FORBIDDEN or any("__" in name for name in names))


def _names(node):
    """List the names that a node of a syntax tree has, in whatever role."""
    if isinstance(node, ast.Constant):
        return []
    fields = [value for _, value in ast.iter_fields(node)]
    flat = [one for value in fields for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, str)]


def passes(source, tests):
    """Run a program in a process of its own, in an empty folder, with limits.

    At most two seconds and 256 MB of memory; it opens no file and starts no process; Python
    without the reader's packages and variables. It never learns which values are wanted, what
    it prints is lost, and it has to come to its end: a token that it does not know is sent back
    with the values. The limits would not keep it from deleting a file of the reader's: that is
    what ``is_harmless`` is for.

    Args:
        tests: (call, value), the value made of Python's own numbers, texts and lists.

    Returns:
        Whether all calls gave their values; a program that stops or lasts too long does not.

    >>> passes("def f(x): return x + 1", [("f(1)", 2)]), passes("while True: pass", [])
    (True, False)
    >>> passes("print('[5]')\\nraise SystemExit", [("f(1)", 5)])
    False

    Lesson 12.
    """
    if not is_harmless(source):
        return False
    token, calls = secrets.token_hex(16), [call for call, _ in tests]
    said = _said(json.dumps([token, source, calls]))
    if not said.startswith(token):
        return False
    try:
        return ast.literal_eval(said.removeprefix(token)) == [value for _, value in tests]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return False


def _said(given):
    """Start the child, hand it its task, and return what it sends back before its time is up."""
    child = CHILD.format(seconds=SECONDS, bytes=MEGABYTES << 20, longest=LONGEST)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-I", "-S", "-c", child]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, **pipes, text=True, cwd=folder, env={}, start_new_session=True
        ) as run,
    ):
        try:
            said, _ = run.communicate(given, timeout=2 * SECONDS)
        except subprocess.TimeoutExpired:
            said = ""
        finally:
            _end(run)
    return said if run.returncode == 0 else ""


def _end(run):
    """Stop a process and, where it leads a group, all that it may have started."""
    try:
        os.killpg(run.pid, signal.SIGKILL)
    except AttributeError:  # Windows
        run.kill()
    except (ProcessLookupError, PermissionError):  # ended already
        pass


def drawn(one, programs, count, seed=0):
    """Let a model finish functions, several times each; a tuned one is asked to write them.

    Returns:
        name -> the sources; where a function was begun, the first line of what follows.

    >>> from moe_lesson.lessons.lesson12.benchmarks import examinee
    >>> len(drawn(examinee("dense"), [program("add")], 2)["add"])
    2

    Lesson 12.
    """
    prompts = []
    for each in programs:
        begun = [START, *text_ids(one.words, each.begun)]
        asked = chat_ids(one.words, [user(each.asked)]).ids if one.is_tuned else begun
        prompts += [asked] * count
    sampling = Sampling(temperature=TEMPERATURE, seed=seed)
    new = continued(one.model, prompts, TOKENS[one.is_tuned], sampling)
    said = [one.words.decode(ids) for ids in new]
    found = {}
    for n, each in enumerate(programs):
        own = said[n * count : (n + 1) * count]
        begun = [each.begun + text.split("\n")[0] for text in own]
        found[each.name] = [text.strip() for text in own] if one.is_tuned else begun
    return found


def right(sources, tests):
    """Count the sources that pass; equal ones run once.

    >>> right(["def f(): return 1"] * 3 + ["def f(:"], [("f()", 1)])
    3

    Lesson 12.
    """
    return sum(sources.count(each) for each in set(sources) if passes(each, tests))


def pass_at_k(n, c, k):
    """Estimate how often at least one of k programs passes, from n drawn of which c passed.

    Chen et al. 2021 (arXiv:2107.03374): 1 - C(n - c, k) / C(n, k), the share of all choices of
    k that hold one which passes; without bias.

    Returns:
        A share, 0 to 1.

    Raises:
        ValueError: k or c does not lie between 0 and n.

    >>> round(pass_at_k(10, 3, 5), 3)
    0.917

    Lesson 12.
    """
    if not (0 < k <= n and 0 <= c <= n):
        raise ValueError(f"n, c, k are {n}, {c}, {k}: c and k must not exceed n, k must exceed 0")
    return 1 - comb(n - c, k) / comb(n, k)
