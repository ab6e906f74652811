"""Checks that a reader calls on their own function, a module per lesson.

A check never compares with the package's own solution: it uses numbers that can be worked
out by hand, and properties that hold for every right answer. It prints ``not attempted``
or ``correct``, or raises AssertionError and says what is wrong.
"""

import copy
import dis
import functools
import math
from statistics import fmean

import numpy as np
import torch


class NotAttempted(Exception):
    """Say that an exercise's body is still the three dots.

    >>> issubclass(NotAttempted, Exception)
    True

    Lesson 0.
    """


def exercise(praise, asserts=False):
    """Turn a function that tests an answer, or several, into a check that prints its verdict.

    Args:
        praise: what the reader has shown, in one sentence.
        asserts: whether the first answer is itself a test, which returns nothing.

    >>> @exercise("two and two are four.")
    ... def double(answer):
    ...     demand(answer(2) == 4, "twice 2 is 4")
    >>> def stub(x): ...
    >>> double(stub)
    not attempted
    >>> double(lambda x: 2 * x)
    correct: two and two are four.

    Lesson 0.
    """

    def wrap(test):
        @functools.wraps(test)
        def check(*answers):
            try:
                silent = [asserts, *[False] * len(answers)]
                test(*(functools.partial(_ask, *each) for each in zip(answers, silent)))
            except NotAttempted:
                print("not attempted")
            else:
                print(f"correct: {praise}")

        return check

    return wrap


def _ask(answer, silent, *inputs, **options):
    """Call the reader's function; tell an untouched stub from a forgotten return."""
    given = answer(*inputs, **options)
    if given is None and _does_something(answer):
        if silent:
            return None
        raise AssertionError(f"{answer.__name__} returns None: is there a `return` at its end?")
    if given is None or given is ...:
        raise NotAttempted
    return given


def _does_something(function):
    """Tell whether a plain function's body is more than a docstring and three dots."""
    code = getattr(function, "__code__", None)
    idle = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}
    return code is not None and any(step.opname not in idle for step in dis.get_instructions(code))


def demand(holds, message):
    """Stop with a message unless something holds.

    Raises:
        AssertionError: it does not hold.

    >>> demand(1 > 2, "1 is not above 2")
    Traceback (most recent call last):
    AssertionError: 1 is not above 2

    Lesson 0.
    """
    if not holds:
        raise AssertionError(message)


def called(answer, *inputs, when, hint=""):
    """Call the reader's function; a stop inside it becomes a message that says where.

    Args:
        when: what was given, in words.
        hint: what may be the reason.

    Raises:
        AssertionError: the function raised something.

    >>> called(lambda x: 1 / x, 0, when="x is 0")
    Traceback (most recent call last):
    AssertionError: x is 0: your function stops with ZeroDivisionError, division by zero

    Lesson 2.
    """
    try:
        return answer(*inputs)
    except (AssertionError, NotAttempted):
        raise
    except Exception as error:
        said = f"{when}: your function stops with {type(error).__name__}, {error}".rstrip(".")
        raise AssertionError(said + f". Perhaps: {hint}" * bool(hint)) from error


def untouched(answer, *inputs, when, hint="", said=None):
    """Call the reader's function as ``called`` does, and demand that it changes no input.

    Args:
        inputs: tensors, arrays, numbers, texts, and lists of them, are compared; functions are not.
        when: what was given, in words.
        hint: what may be the reason if the function stops.
        said: what to say of a change; None: which argument it is.

    Raises:
        AssertionError: the function raised something, or wrote into what it was handed.

    >>> untouched(lambda x: x.add_(1), torch.ones(2), when="two ones")
    Traceback (most recent call last):
    AssertionError: two ones: argument 1 of your function was changed, work on a copy

    Lesson 5.
    """
    kept = copy.deepcopy(inputs)
    given = called(answer, *inputs, when=when, hint=hint)
    for place, pair in enumerate(zip(inputs, kept), 1):
        which = f"{when}: argument {place} of your function was changed, work on a copy"
        demand(_alike(*pair), said or which)
    return given


def _alike(one, other):
    """Tell whether tensors, arrays, numbers and texts, also in lists, are the same."""
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    if isinstance(one, (np.ndarray, int, float, str)):
        return np.array_equal(one, other)
    return True


def no_mistake(given, mistakes, said="", tolerance=1e-4):
    """Stop with the message of the mistake that gives just these numbers, if one does.

    Args:
        mistakes: what to say of a mistake -> the numbers that it gives.
        said: what comes before the message.
        tolerance: as in ``near``.

    Raises:
        AssertionError: a mistake's numbers are the given ones.

    >>> no_mistake(torch.tensor([1.0, 4.0]), {"it is squared twice": [1.0, 4.0]})
    Traceback (most recent call last):
    AssertionError: it is squared twice

    Lesson 0.
    """
    for message, wrong in mistakes.items():
        demand(not near(given, wrong, tolerance), said + message)


def tensor_of(given, shape, what):
    """Demand a tensor of a shape and return it as float64.

    Raises:
        AssertionError: it is no tensor, its shape differs, or a value is not finite.

    >>> tensor_of(torch.ones(2), (2,), "the result").dtype
    torch.float64

    Lesson 0.
    """
    demand(
        isinstance(given, torch.Tensor), f"{what} is a {type(given).__name__}: it must be a tensor"
    )
    found = tuple(given.shape)
    demand(found == tuple(shape), f"{what} has shape {found}: it must be {tuple(shape)}")
    demand(bool(given.double().isfinite().all()), f"{what} holds NaN or infinity: {given.tolist()}")
    return given.detach().double()


def array_of(given, shape, what):
    """Demand a NumPy array of a shape and return it as float64.

    Raises:
        AssertionError: it is no array, its shape differs, it holds no numbers, or a value is
            not finite.

    >>> array_of(np.ones(2), (3,), "the result")
    Traceback (most recent call last):
    AssertionError: the result has shape (2,): it must be (3,)

    Lesson 1.
    """
    demand(isinstance(given, np.ndarray), f"{what} is a {type(given).__name__}, not a NumPy array")
    demand(given.shape == shape, f"{what} has shape {given.shape}: it must be {shape}")
    said = f"{what} must hold numbers, not what NumPy calls {given.dtype}: {given.tolist()}"
    demand(given.dtype.kind in "biuf", said)
    demand(bool(np.isfinite(given).all()), f"{what} holds NaN or infinity: {given.tolist()}")
    return given.astype(float)


def number_of(given, what, hint="it must be finite"):
    """Demand one finite number and return it as a float.

    Args:
        hint: what to say of NaN and infinity.

    Raises:
        AssertionError: it is no number, or not finite.

    >>> number_of("2", "the price")
    Traceback (most recent call last):
    AssertionError: the price is a str: it must be a number

    Lesson 3.
    """
    try:
        is_finite = math.isfinite(given)
    except (TypeError, ValueError, RuntimeError):  # the last two: a tensor of several
        raise AssertionError(f"{what} is a {type(given).__name__}: it must be a number") from None
    demand(is_finite, f"{what} is {given}: {hint}")
    return float(given)


def rounded(values):
    """Round a tensor's numbers for a message.

    >>> rounded(torch.tensor([1 / 3, 1.0]))
    [0.3333, 1.0]

    Lesson 3.
    """
    return [round(x, 4) for x in values.tolist()]


def near(given, wanted, tolerance=1e-4):
    """Tell whether numbers agree to about four digits.

    >>> near(torch.tensor([0.33333]), [1 / 3]), near(0.3, 1 / 3)
    (True, False)

    Lesson 0.
    """
    given, wanted = (torch.as_tensor(x, dtype=torch.float64) for x in (given, wanted))
    return torch.allclose(given, wanted, rtol=tolerance, atol=tolerance)


def settings_of(results):
    """Demand a dict of two settings or more and return it.

    Raises:
        AssertionError: it is no dict, or there is nothing to compare with.

    >>> settings_of({"a": [1.0, 2.0]})
    Traceback (most recent call last):
    AssertionError: 1 setting: a comparison needs two. Measure it beside another, or beside none

    Lesson 1.
    """
    demand(isinstance(results, dict), f"return a dict, not a {type(results).__name__}")
    said = f"{len(results)} setting: a comparison needs two. Measure it beside another, or beside"
    demand(len(results) > 1, f"{said} none")
    return results


def comparison(results, unit, seeds, between=(-math.inf, math.inf)):
    """Demand runs that can show a difference, and print it beside their spread.

    Args:
        results: setting -> a number for each run; the others are compared with the first.
        unit: of the numbers, in words.
        seeds: the fewest runs of a setting.
        between: what every number lies between.

    Raises:
        AssertionError: a setting has too few runs, a run is no such number, or all runs of
            each setting are equal.

    >>> comparison({"a": [2.0, 2.1], "b": [1.8, 1.9]}, "bits per byte", seeds=2)
    b minus a: -0.2 bits per byte; runs of one setting differ by up to 0.1

    Lesson 1.
    """
    runs = {name: _runs(name, given, seeds) for name, given in settings_of(results).items()}
    low, high = between
    limits = [f"lie above {low:g}"] * (low > -math.inf) + [f"lie below {high:g}"]
    for name, each in runs.items():
        said = f"{name}: {each} are not {unit}, which {' and '.join(limits)}"
        demand(low < min(each) and max(each) < high, said)
    spread = max(max(each) - min(each) for each in runs.values())
    demand(spread > 0, "all runs of a setting are equal: are their starts different?")
    one, *others = runs
    for other in others:
        gap = fmean(runs[other]) - fmean(runs[one])
        print(
            f"{other} minus {one}: {gap:.4g} {unit}; "
            f"runs of one setting differ by up to {spread:.4g}"
        )


def _runs(name, given, seeds):
    """Demand enough finite numbers of one setting."""
    try:
        given = list(given)
    except TypeError:
        raise AssertionError(f"{name}: give a list of runs, not {given}") from None
    said = f"{name} has {len(given)} of {seeds} runs: one cannot show its own spread, {seeds} can"
    demand(len(given) >= seeds, said)
    return [number_of(each, f"a run of {name}", "it never arrived") for each in given]
