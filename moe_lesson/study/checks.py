"""Checks that a reader calls on their own function, a module per lesson.

A check never compares with the package's own solution: it uses numbers that can be worked
out by hand, and properties that hold for every right answer. It prints ``not attempted``
or ``correct``, or raises AssertionError and says what is wrong.
"""

import dis
import functools

import torch


class NotAttempted(Exception):
    """Say that an exercise's body is still the three dots.

    >>> issubclass(NotAttempted, Exception)
    True

    Lesson 0.
    """


def exercise(praise):
    """Turn a function that tests an answer, or several, into a check that prints its verdict.

    Args:
        praise: what the reader has shown, in one sentence.

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
                test(*(functools.partial(_ask, answer) for answer in answers))
            except NotAttempted:
                print("not attempted")
            else:
                print(f"correct: {praise}")

        return check

    return wrap


def _ask(answer, *inputs, **options):
    """Call the reader's function; tell an untouched stub from a forgotten return.

    What is called ``test...`` returns nothing: it asserts.
    """
    given = answer(*inputs, **options)
    if given is None and _does_something(answer):
        if answer.__name__.startswith("test"):
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


def near(given, wanted, tolerance=1e-4):
    """Tell whether numbers agree to about four digits.

    >>> near(torch.tensor([0.33333]), [1 / 3]), near(0.3, 1 / 3)
    (True, False)

    Lesson 0.
    """
    given, wanted = (torch.as_tensor(x, dtype=torch.float64) for x in (given, wanted))
    return torch.allclose(given, wanted, rtol=tolerance, atol=tolerance)
