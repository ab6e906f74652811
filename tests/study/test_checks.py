"""What a check says: of a stub, of a right answer, and of each likely mistake."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from moe_lesson.lessons.lesson00 import checks as lesson00
from moe_lesson.lessons.lesson03 import checks as lesson03
from moe_lesson.lessons.lesson08 import checks as lesson08
from moe_lesson.lessons.lesson09 import checks as lesson09
from moe_lesson.lessons.lesson10 import checks as lesson10
from moe_lesson.lessons.lesson10.divergence import jensen_shannon
from moe_lesson.models.attention import rotate, slot_positions
from moe_lesson.moe.balance import importance, smooth_load
from moe_lesson.moe.routing import Routing, top_k
from moe_lesson.study.checks import (
    array_of,
    comparison,
    demand,
    exercise,
    number_of,
    tensor_of,
)
from moe_lesson.study.information import mutual_information
from moe_lesson.training.loop import learning_rate


def responsibilities(gate_TE, error_TE):
    term_TE = gate_TE * torch.exp(-error_TE / 2)
    return term_TE / term_TE.sum(1, keepdim=True)


def noisy_scores(logits_TE, scale_TE, generator):
    noise_TE = torch.randn(logits_TE.shape, generator=generator)
    return logits_TE + noise_TE * F.softplus(scale_TE)


def rows_per_expert(batch, positions, top_k, num_experts, devices):
    return top_k * batch * positions * devices / num_experts


def two_levels(group_TK, share_TK, expert_TKK, weight_TKK, size):
    weight_TKK = share_TK[:, :, None] * weight_TKK
    expert_TKK = group_TK[:, :, None] * size + expert_TKK
    return weight_TKK.flatten(1), expert_TKK.flatten(1)


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


def total_parameters(config):
    attention = 2 * config.dim * config.head_dim * (config.n_heads + config.n_kv_heads)
    experts = 3 * config.num_experts * config.dim * config.hidden_dim
    layer = attention + experts + config.num_experts * config.dim + 2 * config.dim
    return config.n_layers * layer + config.dim + 2 * config.vocab_size * config.dim


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
    (lesson00.responsibilities, responsibilities),
    (lesson03.importance, importance),
    (lesson03.noisy_scores, noisy_scores),
    (lesson03.smooth_load, smooth_load),
    (lesson03.rows_per_expert, rows_per_expert),
    (lesson03.two_levels, two_levels),
    (lesson08.rotate, rotate),
    (lesson08.top_k, top_k),
    (lesson08.total_parameters, total_parameters),
    (lesson08.slot_positions, slot_positions),
    (lesson09.learning_rate, learning_rate),
    (lesson09.bits_per_byte, bits_per_byte),
    (lesson09.upcycle, upcycle),
    (lesson10.bits_told, bits_told),
    (lesson10.shuffle_labels, shuffle_labels),
    (lesson10.how_far, jensen_shannon),
    (lesson10.without, without),
]
each_check = pytest.mark.parametrize("check, right", RIGHT, ids=lambda f: f.__name__)


@each_check
def test_a_right_answer_is_praised_in_one_sentence(check, right, capsys):
    check(right)
    said = capsys.readouterr().out
    assert said.startswith("correct: ") and said.endswith(".\n") and said.count("\n") == 1


@each_check
@pytest.mark.parametrize(
    "stub", ["...", '"""Say it."""\n    ...', "return ...", "x = ...; return x"]
)
def test_a_stub_is_not_attempted(check, right, stub, capsys):
    namespace = {}
    exec(f"def stub(*inputs):\n    {stub}", namespace)
    check(namespace["stub"])
    assert capsys.readouterr().out == "not attempted\n"


@each_check
def test_a_forgotten_return_is_named(check, right):
    def forgetful(*inputs):
        right(*inputs)

    with pytest.raises(AssertionError, match="is there a `return`"):
        check(forgetful)


def wrong(check, message):
    """Register a wrong answer with a part of the message that it must get."""

    def register(answer):
        WRONG.append(pytest.param(check, answer, message, id=f"{check.__name__}: {message}"))
        return answer

    return register


WRONG = []


@wrong(lesson00.responsibilities, "do not sum to 1")
def _unshared(gate_TE, error_TE):
    return gate_TE * torch.exp(-error_TE / 2)


@wrong(lesson00.responsibilities, "check a sign")
def _sign(gate_TE, error_TE):
    return responsibilities(gate_TE, -error_TE)


@wrong(lesson00.responsibilities, "exp(-error) is 1/9")
def _half(gate_TE, error_TE):
    return responsibilities(gate_TE, 2 * error_TE)


@wrong(lesson00.responsibilities, "multiplied by its probability")
def _no_gate(gate_TE, error_TE):
    return (-error_TE / 2).softmax(1)


@wrong(lesson08.rotate, "You pair neighbours")
def _neighbours(x_BHSA, cos_BSA, sin_BSA):
    turned = torch.stack([-x_BHSA[..., 1::2], x_BHSA[..., ::2]], -1).flatten(-2)
    return x_BHSA * cos_BSA[:, None] + turned * sin_BSA[:, None]


@wrong(lesson08.rotate, "You turn the wrong way")
def _backwards(x_BHSA, cos_BSA, sin_BSA):
    return rotate(x_BHSA, cos_BSA, -sin_BSA)


@wrong(lesson08.rotate, "turns keep length")
def _stretched(x_BHSA, cos_BSA, sin_BSA):
    return rotate(x_BHSA, cos_BSA.sign(), sin_BSA)


@wrong(lesson08.rotate, "has angle 0")
def _sine_alone(x_BHSA, cos_BSA, sin_BSA):
    return rotate(x_BHSA, sin_BSA, sin_BSA)


@wrong(lesson08.top_k, "softmax over the kept scores only")
def _before(logits_TE, k):
    return Routing(logits_TE, *logits_TE.softmax(-1).topk(k))


@wrong(lesson08.top_k, "Scores over their sum")
def _raw(logits_TE, k):
    best, expert_TK = logits_TE.topk(k)
    return Routing(logits_TE, best / best.sum(-1, keepdim=True), expert_TK)


@wrong(lesson08.top_k, "These are the smallest")
def _smallest(logits_TE, k):
    best, expert_TK = logits_TE.topk(k, largest=False)
    return Routing(logits_TE, best.softmax(-1), expert_TK)


@wrong(lesson08.top_k, "The best comes first")
def _last_first(logits_TE, k):
    return Routing(*(part.flip(-1) for part in top_k(logits_TE, k)[:3]))


@wrong(lesson08.top_k, "return a Routing, not a tuple")
def _tuple(logits_TE, k):
    return tuple(top_k(logits_TE, k))


@wrong(lesson08.top_k, "NaN or infinity")
def _overflow(logits_TE, k):
    best, expert_TK = logits_TE.exp().topk(k)
    return Routing(logits_TE, best / best.sum(-1, keepdim=True), expert_TK)


@wrong(lesson08.top_k, "as they came")
def _kept_scores(logits_TE, k):
    return top_k(logits_TE, k)._replace(logits_TE=logits_TE.softmax(-1))


def count(**change):
    """Count parameters by parts, some of them wrong."""

    def answer(config):
        d, experts = config.dim, config.num_experts
        parts = {
            "attention": 2 * d * config.head_dim * (config.n_heads + config.n_kv_heads),
            "router": d * experts,
            "experts": 3 * experts * d * config.hidden_dim,
            "norms": 2 * d,
            "final": d,
            "tables": 2 * d * config.vocab_size,
        }
        parts |= {name: new(config) for name, new in change.items()}
        layer = sum(parts[name] for name in ("attention", "router", "experts", "norms"))
        return config.n_layers * layer + parts["final"] + parts["tables"]

    return answer


def expert(config):
    return config.dim * config.hidden_dim


wrong(lesson08.total_parameters, "that is the router")(count(router=lambda c: 0))
wrong(lesson08.total_parameters, "norm before the output")(count(final=lambda c: 0))
wrong(lesson08.total_parameters, "a layer's two norms")(count(norms=lambda c: 0))
wrong(lesson08.total_parameters, "two a layer and one")(count(norms=lambda c: 0, final=lambda c: 0))
wrong(lesson08.total_parameters, "one table")(count(tables=lambda c: c.dim * c.vocab_size))
wrong(lesson08.total_parameters, "three matrices")(
    count(experts=lambda c: 2 * c.num_experts * expert(c))
)
wrong(lesson08.total_parameters, "not n_heads")(
    count(attention=lambda c: 4 * c.dim * c.head_dim * c.n_heads)
)
wrong(lesson08.total_parameters, "counts top_k experts")(
    count(experts=lambda c: 3 * c.top_k * expert(c))
)
wrong(lesson08.total_parameters, "counts one expert")(count(experts=lambda c: 3 * expert(c)))


@wrong(lesson08.total_parameters, "grow with n_layers")
def _one_layer(config):
    return total_parameters(config) if config.n_layers == 1 else 1_722_032_128


@wrong(lesson08.slot_positions, "lies in slot")
def _sorted(seen, window):
    return torch.arange(max(0, seen - window), seen)


@wrong(lesson08.slot_positions, "slots are filled")
def _all(seen, window):
    return torch.arange(seen)


@wrong(lesson08.slot_positions, "has not been seen yet")
def _too_new(seen, window):
    return slot_positions(seen, window) + 1


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


wrong(lesson09.learning_rate, "would be wasted")(schedule(first=0))
wrong(lesson09.learning_rate, "must end at a tenth")(schedule(floor=0))
wrong(lesson09.learning_rate, "must have 0.4")(schedule(floor=0.2))
wrong(lesson09.learning_rate, "a line, not half a cosine")(schedule(line=True))
wrong(lesson09.learning_rate, "not 4")(lambda step, steps, peak, warmup: peak)

wrong(lesson09.bits_per_byte, "divide by ln 2")(lambda nats, tokens, size: nats * tokens / size)
wrong(lesson09.bits_per_byte, "do not multiply")(
    lambda nats, tokens, size: nats * tokens / size * math.log(2)
)
wrong(lesson09.bits_per_byte, "not bytes over tokens")(
    lambda nats, tokens, size: nats * size / tokens / math.log(2)
)
wrong(lesson09.bits_per_byte, "bits per token")(lambda nats, tokens, size: nats / math.log(2))


@wrong(lesson09.upcycle, "is missing")
def _names_kept(dense_state, num_experts):
    return dict(dense_state)


@wrong(lesson09.upcycle, "not a copy of the dense network")
def _divided(dense_state, num_experts):
    state = upcycle(dense_state, num_experts)
    return {name: w / num_experts if "experts" in name else w for name, w in state.items()}


@wrong(lesson09.upcycle, "keep what is not feed-forward")
def _experts_alone(dense_state, num_experts):
    state = upcycle(dense_state, num_experts)
    return {name: weight for name, weight in state.items() if "experts" in name}


@wrong(lesson09.upcycle, "replace those names")
def _both(dense_state, num_experts):
    return upcycle(dense_state, num_experts) | dense_state


@wrong(lesson09.upcycle, "it must be (4, 2, 48, 32)")
def _one_copy(dense_state, num_experts):
    return upcycle(dense_state, 1)


@wrong(lesson09.upcycle, "of the dense model changed")
def _in_place(dense_state, num_experts):
    dense_state["norm.weight"].mul_(2)
    return upcycle(dense_state, num_experts)


@pytest.mark.parametrize("check, answer, message", WRONG)
def test_a_mistake_gets_its_own_message(check, answer, message, capsys):
    with pytest.raises(AssertionError) as error:
        check(answer)
    assert message in str(error.value)
    assert not capsys.readouterr().out


def test_the_readers_own_error_is_left_alone():
    @exercise("never said.")
    def check(answer):
        demand(answer(1), "never said")

    with pytest.raises(ZeroDivisionError):
        check(lambda x: x / 0)


@pytest.mark.parametrize(
    "given, part",
    [(1.0, "is a float"), (torch.ones(3), "has shape (3,)"), (torch.tensor([math.nan, 1]), "NaN")],
)
def test_a_tensor_is_described_when_it_is_wrong(given, part):
    with pytest.raises(AssertionError) as error:
        tensor_of(given, (2,), "the result")
    assert part in str(error.value)


@pytest.mark.parametrize(
    "given, part",
    [
        ([1.0, 2.0], "is a list, not a NumPy array"),
        (np.ones(3), "has shape (3,)"),
        (np.array([math.nan, 1]), "NaN"),
    ],
)
def test_an_array_is_described_when_it_is_wrong(given, part):
    with pytest.raises(AssertionError) as error:
        array_of(given, (2,), "the result")
    assert part in str(error.value)


@pytest.mark.parametrize("given", [2, 2.0, np.float32(2), np.int64(2), torch.tensor(2.0)])
def test_a_number_of_any_library_is_a_number(given):
    assert number_of(given, "it") == 2.0


@pytest.mark.parametrize("given", ["2", None, [2], torch.ones(3), np.ones(3), 2j])
def test_what_is_no_number_is_named(given):
    with pytest.raises(AssertionError, match=f"it is a {type(given).__name__}: it must be a num"):
        number_of(given, "it")


def test_every_setting_is_compared_with_the_first(capsys):
    runs = {"a": np.array([1.0, 2.0, 3.0]), "b": torch.tensor([4.0, 4.0, 4.0]), "c": [0, 0, 1.5]}
    comparison(runs, "rows", seeds=3, between=(-1, 5))
    assert capsys.readouterr().out == (
        "b minus a: 2 rows; runs of one setting differ by up to 2\n"
        "c minus a: -1.5 rows; runs of one setting differ by up to 2\n"
    )


@pytest.mark.parametrize(
    "results, part",
    [
        ([[1.0, 2.0], [3.0, 4.0]], "return a dict, not a list"),
        ({}, "0 setting: a comparison needs two"),
        ({"a": [1.0, 2.0]}, "1 setting: a comparison needs two"),
        ({"a": [1.0, 2.0], "b": [1.0]}, "b has 1 of 2 runs: one cannot show its own spread"),
        ({"a": [1.0, 2.0], "b": 3.0}, "b: give a list of runs, not 3.0"),
        ({"a": [1.0, 2.0], "b": [[1.0], [2.0]]}, "a run of b is a list: it must be a number"),
        ({"a": [1.0, 2.0], "b": ["1", "2"]}, "a run of b is a str: it must be a number"),
        ({"a": [1.0, 2.0], "b": [1.0, math.nan]}, "a run of b is nan: it never arrived"),
        ({"a": [1.0, math.inf], "b": [1.0, 2.0]}, "a run of a is inf: it never arrived"),
        ({"a": [1.0, 2.0], "b": [1.0, 8.0]}, "are not bits, which lie above 0 and lie below 8"),
        ({"a": [1.0, 2.0], "b": [0.0, 7.0]}, "b: [0.0, 7.0] are not bits"),
        ({"a": [1.0, 1.0], "b": [2.0, 2.0]}, "all runs of a setting are equal"),
    ],
)
def test_a_comparison_that_shows_nothing_is_refused(results, part, capsys):
    with pytest.raises(AssertionError) as error:
        comparison(results, "bits", seeds=2, between=(0, 8))
    assert part in str(error.value) and not capsys.readouterr().out
