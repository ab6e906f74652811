"""What the checks of lesson 10 say: of a stub and of a right answer."""

import numpy as np
import torch

from moe_lesson.lessons.lesson10 import checks
from moe_lesson.moe.routing import top_k
from moe_lesson.study.information import mutual_information
from moe_lesson.study.statistics import jensen_shannon
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    test_a_forgotten_return_is_named,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)


def bits_told(count):
    row, column = np.indices(count.shape).reshape(2, -1).repeat(count.astype(int).ravel(), 1)
    return mutual_information(column, row)


def shuffle_labels(label_T, document_T, generator):
    first = [np.flatnonzero(document_T == number)[0] for number in range(document_T.max() + 1)]
    return generator.permutation(label_T[first])[document_T]


def without(logits_TE, experts, k):
    left = [each for each in range(logits_TE.shape[1]) if each not in experts]
    routing = top_k(logits_TE[:, left], k)
    return routing.weight_TK, torch.tensor(left)[routing.expert_TK]


RIGHT = [
    (checks.bits_told, bits_told),
    (checks.shuffle_labels, shuffle_labels),
    (checks.how_far, jensen_shannon),
    (checks.without, without),
]
