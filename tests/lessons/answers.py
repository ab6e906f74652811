"""What must hold of every check of a lesson.

``test_checks.py`` of the lesson lists ``RIGHT``, pairs of a check and a right answer, and
``WRONG``, filled by ``register``; it imports the tests of this module.
"""

import pytest


def register(answers):
    """Return a decorator that lists a wrong answer with a part of the message it must get."""

    def wrong(check, message):
        def add(answer):
            name = f"{check.__name__}: {message}"
            answers.append(pytest.param(check, answer, message, id=name))
            return answer

        return add

    return wrong


def test_a_right_answer_is_praised_in_one_sentence(check, right, capsys):
    check(right)
    said = capsys.readouterr().out
    assert said.startswith("correct: ") and said.endswith(".\n") and said.count("\n") == 1


@pytest.mark.parametrize(
    "stub", ["...", '"""Say it."""\n    ...', "return ...", "x = ...; return x"]
)
def test_a_stub_is_not_attempted(check, right, stub, capsys):
    namespace = {}
    exec(f"def stub(*inputs):\n    {stub}", namespace)
    check(namespace["stub"])
    assert capsys.readouterr().out == "not attempted\n"


def test_a_forgotten_return_is_named(check, right):
    def forgetful(*inputs):
        right(*inputs)

    with pytest.raises(AssertionError, match="is there a `return`"):
        check(forgetful)


def test_a_mistake_gets_its_own_message(check, answer, message, capsys):
    with pytest.raises(AssertionError) as error:
        check(answer)
    assert message in str(error.value)
    assert not capsys.readouterr().out
