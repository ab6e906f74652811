"""Programs that a model writes: drawn, run where they can do no harm, counted."""

import ast
import json
import subprocess
import sys
import tempfile
from math import comb
from typing import NamedTuple

from moe_lesson.corpus.tasks.code import ARGUMENTS, FUNCTIONS
from moe_lesson.corpus.tasks.form import Fixed, phrase, user
from moe_lesson.inference.generate import stream
from moe_lesson.inference.sampling import Sampling
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import START, text_ids

SECONDS, MEGABYTES = 2, 256
TOKENS = {False: 16, True: 32}  # of a line; of a whole function, by whether a model is tuned
# The child limits itself before it reads the program; Windows has no such limits.
CHILD = """
import json, sys
try:
    import resource
    for name, most in (("CPU", {seconds}), ("AS", {bytes}), ("FSIZE", 0), ("NPROC", 0)):
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (most, most))
except (ImportError, ValueError, OSError, AttributeError):
    pass
source, tests = json.load(sys.stdin)
names = {{}}
exec(source, names)
print(all(eval(call, names) == value for call, value in tests))
"""
FORBIDDEN = ("import", "__", "open", "exec", "eval", "input", "exit", "quit")


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

    A first sieve, no proof: what passes runs in a process of its own, with limits.

    >>> is_harmless("def f(): return 1"), is_harmless("import os"), is_harmless("def f(:")
    (True, False, False)

    Lesson 12.
    """
    if any(word in source for word in FORBIDDEN):
        return False
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def passes(source, tests):
    """Run a program in a process of its own, in an empty folder, with limits.

    At most two seconds, 256 MB of memory, no files written, no children; Python without the
    reader's packages and variables.

    Returns:
        Whether all calls gave their values; a program that stops or lasts too long does not.

    >>> passes("def f(x): return x + 1", [("f(1)", 2)]), passes("while True: pass", [])
    (True, False)

    Lesson 12.
    """
    child = CHILD.format(seconds=SECONDS, bytes=MEGABYTES << 20)
    if not is_harmless(source):
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = subprocess.run(
                [sys.executable, "-I", "-S", "-c", child],
                input=json.dumps([source, tests]),
                capture_output=True,
                text=True,
                timeout=2 * SECONDS,
                cwd=folder,
                env={},
            )
        except subprocess.TimeoutExpired:
            return False
    return run.returncode == 0 and run.stdout.strip() == "True"


def drawn(one, programs, count, temperature=0.8, seed=0):
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
    sampling = Sampling(temperature=temperature, seed=seed)
    steps = list(stream(one.model, prompts, TOKENS[one.is_tuned], sampling))
    said = [one.words.decode(list(ids)) for ids in zip(*(token.id_B.tolist() for token in steps))]
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
