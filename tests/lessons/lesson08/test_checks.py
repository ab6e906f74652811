"""What the checks of lesson 08 say: of a stub, of a right answer, and of each likely mistake."""

import torch

from moe_lesson.lessons.lesson08 import checks
from moe_lesson.models.attention import rotate, slot_positions
from moe_lesson.moe.routing import Routing, top_k
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    register,
    test_a_forgotten_return_is_named,
    test_a_mistake_gets_its_own_message,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)


def total_parameters(config):
    attention = 2 * config.dim * config.head_dim * (config.n_heads + config.n_kv_heads)
    experts = 3 * config.num_experts * config.dim * config.hidden_dim
    layer = attention + experts + config.num_experts * config.dim + 2 * config.dim
    return config.n_layers * layer + config.dim + 2 * config.vocab_size * config.dim


RIGHT = [
    (checks.rotate, rotate),
    (checks.top_k, top_k),
    (checks.total_parameters, total_parameters),
    (checks.slot_positions, slot_positions),
]
WRONG = []
wrong = register(WRONG)


@wrong(checks.rotate, "You pair neighbours")
def _neighbours(x_BHSA, cos_BSA, sin_BSA):
    turned = torch.stack([-x_BHSA[..., 1::2], x_BHSA[..., ::2]], -1).flatten(-2)
    return x_BHSA * cos_BSA[:, None] + turned * sin_BSA[:, None]


@wrong(checks.rotate, "You turn the wrong way")
def _backwards(x_BHSA, cos_BSA, sin_BSA):
    return rotate(x_BHSA, cos_BSA, -sin_BSA)


@wrong(checks.rotate, "turns keep length")
def _stretched(x_BHSA, cos_BSA, sin_BSA):
    return rotate(x_BHSA, cos_BSA.sign(), sin_BSA)


@wrong(checks.rotate, "has angle 0")
def _sine_alone(x_BHSA, cos_BSA, sin_BSA):
    return rotate(x_BHSA, sin_BSA, sin_BSA)


@wrong(checks.top_k, "softmax over the kept scores only")
def _before(logits_TE, k):
    return Routing(logits_TE, *logits_TE.softmax(-1).topk(k))


@wrong(checks.top_k, "Scores over their sum")
def _raw(logits_TE, k):
    best, expert_TK = logits_TE.topk(k)
    return Routing(logits_TE, best / best.sum(-1, keepdim=True), expert_TK)


@wrong(checks.top_k, "These are the smallest")
def _smallest(logits_TE, k):
    best, expert_TK = logits_TE.topk(k, largest=False)
    return Routing(logits_TE, best.softmax(-1), expert_TK)


@wrong(checks.top_k, "The best comes first")
def _last_first(logits_TE, k):
    return Routing(*(part.flip(-1) for part in top_k(logits_TE, k)[:3]))


@wrong(checks.top_k, "return a Routing, not a tuple")
def _tuple(logits_TE, k):
    return tuple(top_k(logits_TE, k))


@wrong(checks.top_k, "NaN or infinity")
def _overflow(logits_TE, k):
    best, expert_TK = logits_TE.exp().topk(k)
    return Routing(logits_TE, best / best.sum(-1, keepdim=True), expert_TK)


@wrong(checks.top_k, "as they came")
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


wrong(checks.total_parameters, "that is the router")(count(router=lambda c: 0))
wrong(checks.total_parameters, "norm before the output")(count(final=lambda c: 0))
wrong(checks.total_parameters, "a layer's two norms")(count(norms=lambda c: 0))
wrong(checks.total_parameters, "two a layer and one")(count(norms=lambda c: 0, final=lambda c: 0))
wrong(checks.total_parameters, "one table")(count(tables=lambda c: c.dim * c.vocab_size))
wrong(checks.total_parameters, "three matrices")(
    count(experts=lambda c: 2 * c.num_experts * expert(c))
)
wrong(checks.total_parameters, "not n_heads")(
    count(attention=lambda c: 4 * c.dim * c.head_dim * c.n_heads)
)
wrong(checks.total_parameters, "counts top_k experts")(
    count(experts=lambda c: 3 * c.top_k * expert(c))
)
wrong(checks.total_parameters, "counts one expert")(count(experts=lambda c: 3 * expert(c)))


@wrong(checks.total_parameters, "grow with n_layers")
def _one_layer(config):
    return total_parameters(config) if config.n_layers == 1 else 1_722_032_128


@wrong(checks.slot_positions, "lies in slot")
def _sorted(seen, window):
    return torch.arange(max(0, seen - window), seen)


@wrong(checks.slot_positions, "slots are filled")
def _all(seen, window):
    return torch.arange(seen)


@wrong(checks.slot_positions, "has not been seen yet")
def _too_new(seen, window):
    return slot_positions(seen, window) + 1
