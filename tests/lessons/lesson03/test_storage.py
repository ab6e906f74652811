"""Storage: runs that differ in one thing, and the dial that turns what was recorded."""

import pytest

from moe_lesson.lessons.lesson03 import storage
from moe_lesson.lessons.lesson03.widget_storage import STATES, storage_dial
from moe_lesson.study.trials import recorded


def run(num_experts, top_k, facts, seed, bits):
    size = storage.sparse(num_experts, top_k)
    cost = size.parameters, size.operations, 0.5
    return storage.Stored(num_experts, top_k, 16, facts, seed, *cost, bits)._asdict()


RUNS = [
    run(n, k, facts, seed, 100.0 * n + 10 * seed + k)
    for n in (4, 16, 64)
    for k in (1, 2)
    for facts in (4000, 16_000)
    for seed in (0, 1)
]


def test_more_experts_cost_the_routers_row_and_nothing_else():
    few, many = storage.sparse(4), storage.sparse(64)
    assert many.operations - few.operations == 60 * storage.DIM
    assert storage.dense(2).operations == few.operations - 4 * storage.DIM
    assert storage.dense(16).parameters == storage.sparse(16).parameters - 16 * storage.DIM


def test_a_row_says_what_was_asked_for_and_follows_its_seed():
    size = storage.sparse(4, top_k=1)
    one, same, other = (storage.stored(size, 50, seed, steps=2) for seed in (0, 0, 1))
    assert one == same and one.bits != other.bits
    assert one[:5] == (4, 1, 16, 50, 0)
    assert one.parameters == size.parameters and one.operations == size.operations


def test_the_grid_names_every_run_once():
    runs = list(storage.grid(3))
    assert len(set(runs)) == len(runs) == 3 * (3 * 3 * 3 + 3)
    assert {seed for _, _, seed in runs[:30]} == {0}


@pytest.fixture(scope="module")
def dial():
    return storage_dial(RUNS)


def test_the_dial_tells_the_mean_and_the_ends_of_its_runs(dial):
    dial.move(experts=16, k=2, facts=4000)
    assert dial.sentence.startswith(
        "16 experts, k = 2, 4,000 facts: 1,607 of 16,000 bits stored (2 runs: 1,602 to 1,612)"
    )
    picture = dial.picture
    dial.move(experts=64)
    assert dial.picture != picture and "6,407 of 16,000" in dial.sentence


def test_what_was_not_recorded_is_said():
    dial = storage_dial([one for one in RUNS if (one["num_experts"], one["top_k"]) != (64, 1)])
    dial.move(experts=64, k=1)
    assert dial.sentence == "64 experts, k = 1, 16,000 facts: not recorded"


def test_states_are_those_that_were_recorded(dial):
    assert list(dial.states) == list(STATES)
    few = storage_dial([one for one in RUNS if one["facts"] == 16_000])
    assert list(few.states) == ["Small layer, full", "Large layer", "One expert each"]


def test_the_recorded_runs_are_those_of_the_grid():
    found = recorded("memory")
    names = ("num_experts", "top_k", "hidden_dim", "facts", "seed")
    asked = {(*size[:3], count, seed) for size, count, seed in storage.grid(3)}
    made = [tuple(one[name] for name in names) for one in found["runs"]]
    assert len(set(made)) == len(made) and set(made) <= asked
    assert found["command"] == "python tools/measure.py memory"
    assert found["settings"]["steps"] == storage.STEPS
    dial = storage_dial(found["runs"])
    assert "of 64,000 bits" in dial.sentence
