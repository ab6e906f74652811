"""Fixtures that tests of several rooms share."""

import pytest

from tests.planted import planted


@pytest.fixture(scope="session")
def clustered():
    """Give a trace whose experts follow language, topic and part of speech, deeper by layer."""
    return planted()


@pytest.fixture(scope="session")
def noise():
    """Give a trace whose experts follow nothing."""
    return planted(strength=0.0, seed=3)


@pytest.fixture(scope="module")
def ledger():
    """Give lesson 08's panel of parameters; matplotlib is imported where it is asked for."""
    from moe_lesson.lessons.lesson08 import widget_parameters

    return widget_parameters.ledger()
