"""What the checks of lesson 09 say: of a stub, of a right answer, and of each likely mistake."""

import math

from moe_lesson.lessons.lesson09 import checks
from moe_lesson.training.loop import learning_rate
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


RIGHT = [
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
wrong(checks.learning_rate, "must have 0.4")(schedule(floor=0.2))
wrong(checks.learning_rate, "a line, not half a cosine")(schedule(line=True))
wrong(checks.learning_rate, "not 4")(lambda step, steps, peak, warmup: peak)

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
