"""The kit of checks: what it says of a value, of a comparison and of a reader's own error."""

import math

import numpy as np
import pytest
import torch

from moe_lesson.moe.routing import Routing
from moe_lesson.study.checks import (
    array_of,
    comparison,
    demand,
    exercise,
    number_of,
    tensor_of,
    untouched,
)


def test_the_readers_own_error_is_left_alone():
    @exercise("never said.")
    def check(answer):
        demand(answer(1), "never said")

    with pytest.raises(ZeroDivisionError):
        check(lambda x: x / 0)


@pytest.mark.parametrize(
    "given, part",
    [(1.0, "is a float"), (torch.ones(3), "has shape (3,)"), (torch.tensor([math.nan, 1]), "NaN")],
)
def test_a_tensor_is_described_when_it_is_wrong(given, part):
    with pytest.raises(AssertionError) as error:
        tensor_of(given, (2,), "the result")
    assert part in str(error.value)


@pytest.mark.parametrize(
    "given, part",
    [
        ([1.0, 2.0], "is a list, not a NumPy array"),
        (np.ones(3), "has shape (3,)"),
        (np.array([math.nan, 1]), "NaN"),
        (np.array([1, None]), "must hold numbers"),
        (np.array(["1", "2"]), "must hold numbers"),
    ],
)
def test_an_array_is_described_when_it_is_wrong(given, part):
    with pytest.raises(AssertionError) as error:
        array_of(given, (2,), "the result")
    assert part in str(error.value)


def write(given):
    """Write into the innermost thing of what is given."""
    while isinstance(given[0], (list, torch.Tensor)) and np.ndim(given[0]):
        given = given[0]
    given[0] = 7


@pytest.mark.parametrize(
    "given",
    [
        torch.zeros(2),
        np.zeros(2),
        [1, 2],
        [torch.zeros(2), torch.ones(2)],
        Routing(torch.zeros(1, 2), torch.zeros(1, 1), torch.zeros(1, 1)),
    ],
)
def test_who_writes_into_an_argument_is_told_which(given):
    def answer(one, other):
        write(other)

    with pytest.raises(AssertionError, match="two things: argument 2 of your function was changed"):
        untouched(answer, len, given, when="two things")
    assert untouched(lambda *each: 3, len, given, when="two things") == 3


def test_a_new_item_of_a_list_is_a_change():
    with pytest.raises(AssertionError, match="argument 1"):
        untouched(lambda rows: rows.append(1), [torch.zeros(2)], when="a list")


@pytest.mark.parametrize("given", [2, 2.0, np.float32(2), np.int64(2), torch.tensor(2.0)])
def test_a_number_of_any_library_is_a_number(given):
    assert number_of(given, "it") == 2.0


@pytest.mark.parametrize("given", ["2", None, [2], torch.ones(3), np.ones(3), 2j])
def test_what_is_no_number_is_named(given):
    with pytest.raises(AssertionError, match=f"it is a {type(given).__name__}: it must be a num"):
        number_of(given, "it")


def test_every_setting_is_compared_with_the_first(capsys):
    runs = {"a": np.array([1.0, 2.0, 3.0]), "b": torch.tensor([4.0, 4.0, 4.0]), "c": [0, 0, 1.5]}
    comparison(runs, "rows", seeds=3, between=(-1, 5))
    assert capsys.readouterr().out == (
        "b minus a: 2 rows; runs of one setting differ by up to 2\n"
        "c minus a: -1.5 rows; runs of one setting differ by up to 2\n"
    )


@pytest.mark.parametrize(
    "results, part",
    [
        ([[1.0, 2.0], [3.0, 4.0]], "return a dict, not a list"),
        ({}, "0 setting: a comparison needs two"),
        ({"a": [1.0, 2.0]}, "1 setting: a comparison needs two"),
        ({"a": [1.0, 2.0], "b": [1.0]}, "b has 1 of 2 runs: one cannot show its own spread"),
        ({"a": [1.0, 2.0], "b": 3.0}, "b: give a list of runs, not 3.0"),
        ({"a": [1.0, 2.0], "b": [[1.0], [2.0]]}, "a run of b is a list: it must be a number"),
        ({"a": [1.0, 2.0], "b": ["1", "2"]}, "a run of b is a str: it must be a number"),
        ({"a": [1.0, 2.0], "b": [1.0, math.nan]}, "a run of b is nan: it never arrived"),
        ({"a": [1.0, math.inf], "b": [1.0, 2.0]}, "a run of a is inf: it never arrived"),
        ({"a": [1.0, 2.0], "b": [1.0, 8.0]}, "are not bits, which lie above 0 and lie below 8"),
        ({"a": [1.0, 2.0], "b": [0.0, 7.0]}, "b: [0.0, 7.0] are not bits"),
        ({"a": [1.0, 1.0], "b": [2.0, 2.0]}, "all runs of a setting are equal"),
    ],
)
def test_a_comparison_that_shows_nothing_is_refused(results, part, capsys):
    with pytest.raises(AssertionError) as error:
        comparison(results, "bits", seeds=2, between=(0, 8))
    assert part in str(error.value) and not capsys.readouterr().out
