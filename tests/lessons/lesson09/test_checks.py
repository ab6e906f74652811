"""What the checks of lesson 09 say: of a stub, of a right answer, and of each likely mistake."""

import math
from dataclasses import replace

import pytest
import torch

from moe_lesson.lessons.lesson09 import checks
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.training.settings import learning_rate
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    register,
    test_a_forgotten_return_is_named,
    test_a_mistake_gets_its_own_message,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)


def bits_per_byte(nats_per_token, tokens, size):
    return nats_per_token * tokens / size / math.log(2)


def upcycle(dense_state, num_experts):
    state = {}
    for name, weight in dense_state.items():
        if ".feed_forward.gate_up" in name:
            name = name.replace("gate_up_JFD", "experts.gate_up_EJFD")
            weight = weight.expand(num_experts, *weight.shape)
        if ".feed_forward.down" in name:
            name = name.replace("down_DF", "experts.down_EDF")
            weight = weight.expand(num_experts, *weight.shape)
        state[name] = weight
    return state


def next_token_loss(logits_BSV, id_BS):
    """Look each answer up, in Python."""
    chance_BSV = logits_BSV.log_softmax(-1)
    B, S = id_BS.shape
    costs = [-chance_BSV[b, s, id_BS[b, s + 1]] for b in range(B) for s in range(S - 1)]
    return sum(costs) / len(costs)


def late_loss(logits_BSV, id_BS):
    """Leave the last position out by an id that is ignored."""
    wanted_BS = torch.cat([id_BS[:, 1:], torch.full_like(id_BS[:, :1], -100)], dim=1)
    return torch.nn.functional.cross_entropy(logits_BSV.mT, wanted_BS)


def copied_later(dense_state, num_experts):
    """Start from a sparse model's own names and fill them."""
    sparse = Mixtral(replace(TINY, num_experts=num_experts, top_k=2)).state_dict()
    for name in sparse:
        plain = name.replace(".experts", "").replace("EJFD", "JFD").replace("EDF", "DF")
        if plain in dense_state:
            sparse[name] = dense_state[plain] + torch.zeros_like(sparse[name])
    return sparse


def descent(step, steps, peak, warmup):
    """Say the cosine as a square of another, and the rise as a minimum."""
    half = math.cos(math.pi / 2 * max(0, step + 1 - warmup) / (steps - warmup)) ** 2
    return min(1, (step + 1) / warmup) * peak * (1 + 9 * half) / 10


RIGHT = [
    (checks.learning_rate, descent),
    (checks.next_token_loss, next_token_loss),
    (checks.next_token_loss, late_loss),
    (checks.upcycle, copied_later),
    (checks.learning_rate, learning_rate),
    (checks.bits_per_byte, bits_per_byte),
    (checks.upcycle, upcycle),
]
WRONG = []
wrong = register(WRONG)


def schedule(**change):
    """Build a schedule with other numbers."""

    def answer(step, steps, peak, warmup):
        if step < warmup:
            return peak * (step + change.get("first", 1)) / warmup
        done = (step - warmup + 1) / (steps - warmup)
        curve = 1 - done if "line" in change else (1 + math.cos(math.pi * done)) / 2
        floor = change.get("floor", 0.1)
        return peak * (floor + (change.get("top", 1) - floor) * curve)

    return answer


wrong(checks.learning_rate, "would be wasted")(schedule(first=0))
wrong(checks.learning_rate, "must end at a tenth")(schedule(floor=0))
wrong(checks.learning_rate, "the last step must have a tenth of the peak, 0.4, not 0.8")(
    schedule(floor=0.2)
)
wrong(checks.learning_rate, "a line, not half a cosine")(schedule(line=True))
wrong(checks.learning_rate, "step 0 must have 4 * 1 / 4 = 1, not 4")(
    lambda step, steps, peak, warmup: peak
)

wrong(checks.bits_per_byte, "divide by ln 2")(lambda nats, tokens, size: nats * tokens / size)
wrong(checks.bits_per_byte, "do not multiply")(
    lambda nats, tokens, size: nats * tokens / size * math.log(2)
)
wrong(checks.bits_per_byte, "not bytes over tokens")(
    lambda nats, tokens, size: nats * size / tokens / math.log(2)
)
wrong(checks.bits_per_byte, "bits per token")(lambda nats, tokens, size: nats / math.log(2))


@wrong(checks.upcycle, "is missing")
def _names_kept(dense_state, num_experts):
    return dict(dense_state)


@wrong(checks.upcycle, "not a copy of the dense network")
def _divided(dense_state, num_experts):
    state = upcycle(dense_state, num_experts)
    return {name: w / num_experts if "experts" in name else w for name, w in state.items()}


@wrong(checks.upcycle, "keep what is not feed-forward")
def _experts_alone(dense_state, num_experts):
    state = upcycle(dense_state, num_experts)
    return {name: weight for name, weight in state.items() if "experts" in name}


@wrong(checks.upcycle, "replace those names")
def _both(dense_state, num_experts):
    return upcycle(dense_state, num_experts) | dense_state


@wrong(checks.upcycle, "it must be (4, 2, 48, 32)")
def _one_copy(dense_state, num_experts):
    return upcycle(dense_state, 1)


@wrong(checks.upcycle, "of the dense model changed")
def _in_place(dense_state, num_experts):
    dense_state["norm.weight"].mul_(2)
    return upcycle(dense_state, num_experts)


def test_an_experiment_says_how_its_pairs_fall(capsys):
    checks.experiment(lambda: {"a": [2.0, 2.5, 3.0], "b": (2.1, 2.4, 3.2)})
    assert "+0.1000, -0.1000, +0.2000 (2 of 3 above 0)" in capsys.readouterr().out


def test_identical_results_tell_no_difference():
    with pytest.raises(AssertionError, match="nothing was changed between them"):
        checks.experiment(lambda: {"a": [2.0, 2.5, 3.0], "b": [2.0, 2.5, 3.0]})
