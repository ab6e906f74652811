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
