"""Programs: what passes, what is kept in, and pass@k without bias."""

from itertools import combinations

import pytest

from moe_lesson.corpus.tasks.code import FUNCTIONS
from moe_lesson.lessons.lesson12.benchmarks import Examinee, examinee
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


def test_what_is_drawn_begins_with_the_prompt_and_repeats():
    one, both = examinee("dense"), [program("add"), program("total")]
    found = drawn(one, both, 3)
    assert [len(found[name]) for name in ("add", "total")] == [3, 3]
    for each in both:
        assert all(source.startswith(each.begun) for source in found[each.name])
        assert all(source.count("\n") == 1 for source in found[each.name])
    assert found == drawn(one, both, 3) and found != drawn(one, both, 3, seed=1)
    asked = drawn(Examinee(one.model, one.words, True), both, 3)
    assert asked != found
