"""The tests of ``answers.py`` run on the lists of each module that imports them."""

import pytest

pytest.register_assert_rewrite("tests.lessons.answers")


@pytest.hookimpl(trylast=True)  # the stubs of a test's own mark come first in its name
def pytest_generate_tests(metafunc):
    """Give a test of answers.py each right answer, or each wrong one, of the module it is in."""
    if metafunc.function.__module__ != "tests.lessons.answers":
        return
    if "right" in metafunc.fixturenames:
        metafunc.parametrize("check, right", metafunc.module.RIGHT, ids=lambda one: one.__name__)
    else:
        metafunc.parametrize("check, answer, message", metafunc.module.WRONG)
