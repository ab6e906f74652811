"""What the checks of lesson 00 say: of a stub, of a right answer, and of each likely mistake."""

import torch

from moe_lesson.lessons.lesson00 import checks
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    register,
    test_a_forgotten_return_is_named,
    test_a_mistake_gets_its_own_message,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)


def responsibilities(gate_TE, error_TE):
    term_TE = gate_TE * torch.exp(-error_TE / 2)
    return term_TE / term_TE.sum(1, keepdim=True)


RIGHT = [(checks.responsibilities, responsibilities)]
WRONG = []
wrong = register(WRONG)


@wrong(checks.responsibilities, "do not sum to 1")
def _unshared(gate_TE, error_TE):
    return gate_TE * torch.exp(-error_TE / 2)


@wrong(checks.responsibilities, "check a sign")
def _sign(gate_TE, error_TE):
    return responsibilities(gate_TE, -error_TE)


@wrong(checks.responsibilities, "exp(-error) is 1/9")
def _half(gate_TE, error_TE):
    return responsibilities(gate_TE, 2 * error_TE)


@wrong(checks.responsibilities, "bet is left out")
def _no_gate(gate_TE, error_TE):
    return (-error_TE / 2).softmax(1)
