"""What the checks of lesson 14 say: of a stub, of right answers in other words."""

import itertools

import torch

from moe_lesson.lessons.lesson14 import checks, checks_groups
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    test_a_forgotten_return_is_named,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)


def finer(num_experts, top_k, hidden_dim, times):
    E, k = num_experts * times, top_k * times
    ways = 1
    for one in range(k):  # pick them one after another, then forget the order
        ways = ways * (E - one) // (one + 1)
    return E, k, hidden_dim // times, ways


def with_shared(x_TD, layer, shared):
    y_TD, routing = layer(x_TD)
    return torch.stack([y_TD, shared(x_TD)]).sum(0), routing


def group_limited(score_TE, k, groups, kept):
    chosen = []
    for score_E in score_TE.tolist():
        size = len(score_E) // groups
        rooms = [range(n * size, (n + 1) * size) for n in range(groups)]
        rooms.sort(key=lambda room: -max(score_E[e] for e in room))
        inside = sorted(itertools.chain(*rooms[:kept]), key=lambda e: -score_E[e])
        chosen.append(inside[:k][::-1])  # in any order
    return torch.tensor(chosen)


def loss_free(score_TE, bias_E, k, rate):
    expert_TK = torch.stack([(s + bias_E).argsort(descending=True)[:k] for s in score_TE])
    weights, next_E = [], bias_E.clone()
    for score_E, chosen in zip(score_TE, expert_TK):
        weights.append(score_E[chosen] / sum(score_E[e] for e in chosen))
    for e in range(len(bias_E)):
        many, even = int((expert_TK == e).sum()), expert_TK.numel() / len(bias_E)
        next_E[e] += rate * ((even > many) - (even < many))
    return expert_TK, torch.stack(weights), next_E


def weighed(x_TD, weight_TK, expert_TK, experts):
    rows = [
        sum(w * experts[int(e)](x) for w, e in zip(weights, chosen))
        for x, weights, chosen in zip(x_TD, weight_TK, expert_TK)
    ]
    return torch.stack(rows)


RIGHT = [
    (checks.finer, finer),
    (checks.with_shared, with_shared),
    (checks_groups.group_limited, group_limited),
    (checks.loss_free, loss_free),
    (checks.weighed, weighed),
]


def test_the_famous_choices():
    assert finer(16, 2, 64, 1)[3] == 120 and finer(16, 2, 64, 4)[3] == 4_426_165_368


def test_an_answer_of_ones_own_is_compared_seed_by_seed(capsys):
    checks.own_answer(lambda: {"a": [2.0, 2.1, 2.2], "b": [1.9, 2.1, 2.0]})
    assert "seed by seed: -0.1000, +0.0000, -0.2000" in capsys.readouterr().out
