"""Programs: what passes, what is kept in, and pass@k without bias."""

import time
from itertools import combinations

import pytest

from moe_lesson.corpus.tasks.code import FUNCTIONS
from moe_lesson.lessons.lesson12 import programs
from moe_lesson.lessons.lesson12.benchmarks import Examinee
from moe_lesson.lessons.lesson12.programs import (
    drawn,
    is_harmless,
    pass_at_k,
    passes,
    program,
    right,
)


@pytest.mark.parametrize("name", ["double", "add", "joined", "contains", "repeat"])
def test_the_corpus_s_own_functions_pass(name):
    for variant in range(3):
        one = program(name, variant)
        assert passes(one.begun + one.body, one.tests)
        assert not passes(one.begun + " 17", one.tests)
        assert name in one.asked


def test_every_function_of_the_tasks_is_harmless():
    assert all(is_harmless(program(n).begun + program(n).body) for n in FUNCTIONS)


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "x = [0] * 10**9",
        "def f(): return f()\nf()",
        "raise SystemExit",
        "def f(:",
        "import os",
        "open('here', 'w')",
        "().__class__",
        "print('True')\nraise ValueError",
    ],
)
def test_a_bad_program_does_not_pass(source):
    assert not passes(source, [])


@pytest.mark.parametrize(
    "source",
    [
        "print(True)\nraise SystemExit",
        "print('[5]')\nraise SystemExit",
        "raise SystemExit(0)",
        "f = lambda n: 6",
        "f = lambda n: [5]",
        "f = lambda n: 5 if n else print('[5]')\nraise KeyboardInterrupt",
        "def f(n): return 5 + n - n + f\n",
        "f = lambda n: 5\nx = [5] * 10**9",
    ],
)
def test_a_cheat_does_not_pass(source):
    assert not passes(source, [["f(1)", 5]])


@pytest.mark.parametrize(
    "source, value",
    [("(1, 2)", [1, 2]), ("float('nan')", 1), ("'x' * 10**6", "x"), ("print", 1), ("[" * 9, 1)],
)
def test_other_values_do_not_pass(source, value):
    assert not passes(f"def f(): return {source}", [("f()", value)])


def test_what_a_program_prints_and_raises_on_the_way_does_not_matter():
    noisy = "print('x' * 10**6)\ndef f(n):\n    try: return 1 / 0\n    except ZeroDivisionError:"
    assert passes(noisy + " return [n, 'é', None, 1.5]", [("f(2)", [2, "é", None, 1.5])])


@pytest.mark.parametrize(
    "source",
    [
        "def opened(n): return n",
        "def f(n): return 'import ' + 'open(' + '__' + n",
        "def f(exits, evaluated): return exits + evaluated",
        "def f(words): return sorted(words, key=len)",
    ],
)
def test_names_count_and_not_letters(source):
    assert is_harmless(source)


@pytest.mark.parametrize(
    "source",
    [
        "from os import path",
        "def f(n): return getattr(n, '_' + '_class_' + '_')",
        "def f(n): return n.__class__",
        "def f(n): return n.\uff3f\uff3fclass\uff3f\uff3f",  # Python reads it as __class__
        "def f(n):\n    match n:\n        case int(__class__=found): return found",
        "g = (g.gi_frame.f_back for _ in [1])",
        "class A:\n    def __eq__(self, other): return True",
        "exit()",
        "globals()",
    ],
)
def test_ways_outside_are_refused(source):
    assert not is_harmless(source)


FENCED = {  # what the sieve would stop, the fence must
    "writes": "open({path!r}, 'w').write('x')",
    "writes beside itself": "open('here', 'w').write('x')",
    "reads": "open({known!r}).read()",
    "calls the net": "import socket\nsocket.socket()",
    "forks": "import os\nif not os.fork():\n    import time\n    time.sleep(60)",
    "starts a program": "import os\nif os.system('touch {path}'): raise SystemExit",
    "eats memory": "x = bytearray(10**9)",
    "loops": "while True: pass",
    "sleeps": "import time\ntime.sleep(60)",
    "says what it was asked": "import os\nos.write(1, b'[]')\nos._exit(0)",
    "looks for the way out": "import os\nfor n in range(9):\n    try: os.write(n, b'[]')\n"
    "    except OSError: pass\nos._exit(0)",
}


@pytest.mark.skipif(not hasattr(programs.os, "fork"), reason="Windows has no such limits")
@pytest.mark.parametrize("what", FENCED)
def test_the_fence_holds_without_the_sieve(what, monkeypatch, tmp_path):
    known = tmp_path / "known"
    known.write_text("secret")
    source = FENCED[what].format(path=str(tmp_path / "new"), known=str(known))
    assert not is_harmless(source) or what in ("eats memory", "loops")
    monkeypatch.setattr(programs, "is_harmless", lambda source: True)
    started = time.monotonic()
    assert not passes(source, [])
    assert time.monotonic() - started < 3 * programs.SECONDS
    assert [path.name for path in tmp_path.iterdir()] == ["known"]
    assert known.read_text() == "secret"


@pytest.mark.skipif(not hasattr(programs.os, "fork"), reason="Windows has no such limits")
def test_nobody_who_was_started_stays(monkeypatch, tmp_path):
    """Also where a fork succeeds, as it may for root without the right to become nobody."""
    free = programs.CHILD.replace('("NPROC", 0), ', "").replace("os.getuid() == 0", "False")
    assert free.count("NPROC") == 0 and free.count("if False:") == 1
    monkeypatch.setattr(programs, "CHILD", free)
    monkeypatch.setattr(programs, "is_harmless", lambda source: True)
    busy = f"os.mkdir({str(tmp_path)!r} + '/' + str(n)); time.sleep(0.05)"
    forks = f"import os, time\nif not os.fork():\n    for n in range(999): {busy}"
    assert not passes(forks, [])
    left = len(list(tmp_path.iterdir()))
    time.sleep(0.5)
    assert 0 < left == len(list(tmp_path.iterdir()))


def test_equal_programs_run_once(monkeypatch):
    run = []
    monkeypatch.setattr(
        "moe_lesson.lessons.lesson12.programs.passes", lambda source, tests: run.append(source) or 1
    )
    assert right(["a", "b", "a"], []) == 3 and sorted(run) == ["a", "b"]


@pytest.mark.parametrize("n, c, k", [(5, 2, 3), (6, 0, 2), (6, 5, 3), (4, 4, 1)])
def test_pass_at_k_counts_choices(n, c, k):
    passed = [one < c for one in range(n)]
    chosen = [any(some) for some in combinations(passed, k)]
    assert pass_at_k(n, c, k) == pytest.approx(sum(chosen) / len(chosen))


def test_pass_at_k_has_no_bias():
    from math import comb

    for p, n, k in ((0.2, 8, 3), (0.7, 6, 5)):
        chance = [comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
        mean = sum(w * pass_at_k(n, c, k) for c, w in enumerate(chance))
        assert mean == pytest.approx(1 - (1 - p) ** k)


@pytest.mark.parametrize("n, c, k", [(3, 4, 1), (3, 1, 4), (3, 1, 0), (3, -1, 1)])
def test_impossible_counts_are_refused(n, c, k):
    with pytest.raises(ValueError, match="must not exceed n"):
        pass_at_k(n, c, k)


def test_what_is_drawn_begins_with_the_prompt_and_repeats(one):
    both = [program("add"), program("total")]
    found = drawn(one, both, 3)
    assert [len(found[name]) for name in ("add", "total")] == [3, 3]
    for each in both:
        assert all(source.startswith(each.begun) for source in found[each.name])
        assert all(source.count("\n") == 1 for source in found[each.name])
    assert found == drawn(one, both, 3) and found != drawn(one, both, 3, seed=1)
    asked = drawn(Examinee(one.model, one.words, True), both, 3)
    assert asked != found
