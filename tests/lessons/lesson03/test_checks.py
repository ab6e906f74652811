"""What the checks of lesson 03 say: of a stub and of a right answer."""

import math

import torch
import torch.nn.functional as F

from moe_lesson.lessons.lesson03 import checks
from moe_lesson.moe.balance import importance, smooth_load
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    test_a_forgotten_return_is_named,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)


def noisy_scores(logits_TE, scale_TE, generator):
    noise_TE = torch.randn(logits_TE.shape, generator=generator)
    return logits_TE + noise_TE * F.softplus(scale_TE)


def rows_per_expert(batch, positions, top_k, num_experts, devices):
    return top_k * batch * positions * devices / num_experts


def two_levels(group_TK, share_TK, expert_TKK, weight_TKK, size):
    weight_TKK = share_TK[:, :, None] * weight_TKK
    expert_TKK = group_TK[:, :, None] * size + expert_TKK
    return weight_TKK.flatten(1), expert_TKK.flatten(1)


def bits_stored(logits_TV, label_T):
    """Give a tensor where the solution gives one too, worked out with log2 throughout."""
    log_TV = logits_TV.softmax(-1).log2() + math.log2(logits_TV.shape[-1])
    return log_TV.gather(1, label_T[:, None]).sum()


RIGHT = [
    (checks.importance, importance),
    (checks.noisy_scores, noisy_scores),
    (checks.smooth_load, smooth_load),
    (checks.rows_per_expert, rows_per_expert),
    (checks.two_levels, two_levels),
    (checks.bits_stored, bits_stored),
]
