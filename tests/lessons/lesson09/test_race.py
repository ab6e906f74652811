"""The race of lesson 09: its models, its schedules, and what is read from the recorded ends."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson09 import race

BITS = {("sparse", 100): 3.0, ("sparse", 400): 2.0, ("dense", 100): 3.2, ("dense", 400): 2.3}
RUNS = [
    {
        "model": m,
        "steps": n,
        "seed": s,
        "bits": bits + s,
        "step_seconds": 0.5 if m == "dense" else 1,
    }
    | {"tokens": 10 * n, "operations": n * (2 if m == "dense" else 1), "rate": 0.003}
    for (m, n), bits in BITS.items()
    for s in range(3)
]


def test_the_rivals_have_the_sizes_they_are_named_after():
    sparse, active, total = race.rivals().values()
    router = sparse.n_layers * sparse.router_parameters
    assert active.total_parameters == sparse.active_parameters - router
    assert total.total_parameters == sparse.total_parameters - router


def test_equal_tokens_compare_equal_lengths():
    assert race.gaps(RUNS, "dense", "tokens") == pytest.approx(np.array([[0.2, 0.3]] * 3))


def test_equal_operations_by_hand():
    # 100 dense steps cost 200: halfway between 100 and 400 on a logarithm, 2.5 bits.
    found = race.gaps(RUNS, "dense", "operations")
    assert found[:, 0] == pytest.approx([0.7] * 3)
    assert np.isnan(found[:, 1]).all(), "800 operations: the sparse model has no such run"


def test_equal_seconds_by_hand():
    # 100 dense steps take 50 s, less than any sparse run; 400 take 200 s, where sparse has 2.5.
    found = race.gaps(RUNS, "dense", "seconds")
    assert np.isnan(found[:, 0]).all() and found[:, 1] == pytest.approx([-0.2] * 3)


def test_a_length_counts_when_every_seed_is_there():
    names = ["sparse", "dense"]
    assert race.lengths(RUNS, names) == [100, 400]
    assert race.lengths(RUNS[:-1], names) == [100]


def test_the_grid_tunes_a_model_before_it_runs_and_knows_its_best_rate():
    runs, told = [], []
    for about, settings in race.grid(runs, seeds=3):
        bits = abs(settings.learning_rate - 0.006)
        runs.append(about | {"bits": bits})
        told.append(about)
    assert len({tuple(one.items()) for one in told}) == 3 * (4 + 4 * 3)
    assert {one["rate"] for one in told if one["seed"] < 100} == {0.006}
    assert told.index({"model": "sparse", "steps": 100, "seed": 0, "rate": 0.006}) == 8
