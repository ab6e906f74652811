"""A choice limited to few groups of experts, against loops over plain lists."""

from functools import partial

import pytest
import torch

from moe_lesson.moe.groups import device_limited, limit_to_groups, node_limited
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.routers import BiasedRouter
from moe_lesson.moe.routing import biased_top_k, softmax_top_k
from tests import oracles

WIDE = torch.float64


def scores(tokens, experts, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(tokens, experts, generator=generator, dtype=WIDE)


def chosen_slowly(ranks, k, groups, kept, best):
    """The experts of one token: rank groups by their best experts' sum, then experts in these."""
    size = len(ranks) // groups
    members = [range(group * size, (group + 1) * size) for group in range(groups)]
    worth = [sum(sorted((ranks[e] for e in each), reverse=True)[:best]) for each in members]
    allowed = [e for group in oracles.best(worth, kept) for e in members[group]]
    return sorted(allowed, key=lambda e: -ranks[e])[:k]


LIMITS = [(1, 1), (2, 1), (4, 1), (4, 2), (4, 4), (12, 6)]


@pytest.mark.parametrize("groups, kept", LIMITS)
def test_devices_equal_the_oracle(groups, kept):
    """V2: a device counts by its largest probability; the weights are those of the softmax."""
    k, logits_TE = (2 if groups < 12 else 4), scores(40, 12)
    routing = device_limited(logits_TE, k, groups, kept)
    for logits, weights, experts in zip(
        logits_TE.tolist(), routing.weight_TK.tolist(), routing.expert_TK.tolist()
    ):
        shares = oracles.softmax(logits)
        assert experts == chosen_slowly(shares, k, groups, kept, best=1)
        assert weights == pytest.approx([shares[e] for e in experts], abs=1e-12)


@pytest.mark.parametrize("groups, kept, k", [(1, 1, 3), (4, 2, 4), (4, 2, 2), (3, 2, 6), (4, 4, 3)])
def test_nodes_equal_the_oracle(groups, kept, k):
    """V3: a node counts by its K / M best biased scores; weights are shares of the unbiased."""
    logits_TE, bias_E = scores(40, 12), scores(1, 12, seed=1)[0] / 3
    routing = node_limited(logits_TE, bias_E, k, groups, kept)
    for logits, weights, experts in zip(
        logits_TE.tolist(), routing.weight_TK.tolist(), routing.expert_TK.tolist()
    ):
        sigmoids = (1 / (1 + (-torch.tensor(logits, dtype=WIDE)).exp())).tolist()
        ranks = oracles.plus(sigmoids, bias_E.tolist())
        assert experts == chosen_slowly(ranks, k, groups, kept, best=max(k // kept, 1))
        kept_sum = sum(sigmoids[e] for e in experts)
        assert weights == pytest.approx([sigmoids[e] / kept_sum for e in experts], abs=1e-12)


def test_maximum_and_sum_of_two_disagree():
    """By hand: group 0 holds the best expert, group 1 the better pair."""
    rank_TE = torch.tensor([[5.0, 0.0, 3.0, 3.0]])
    assert limit_to_groups(rank_TE, 2, 1, best=1).isfinite().tolist() == [
        [True, True, False, False]
    ]
    assert limit_to_groups(rank_TE, 2, 1, best=2).isfinite().tolist() == [
        [False, False, True, True]
    ]


def test_no_token_leaves_its_devices():
    """Of 8 devices with 4 experts each a token reaches at most 3, unlimited ones reach more."""
    logits_TE = scores(200, 32)
    limited = device_limited(logits_TE, 6, groups=8, kept=3).expert_TK // 4
    free = softmax_top_k(logits_TE, 6).expert_TK // 4
    assert max(len(set(row)) for row in limited.tolist()) == 3
    assert max(len(set(row)) for row in free.tolist()) > 3


def test_without_a_limit_they_are_what_was_there():
    logits_TE, bias_E = scores(30, 8), scores(1, 8, seed=2)[0]
    assert torch.equal(
        device_limited(logits_TE, 3, groups=4, kept=4).weight_TK,
        softmax_top_k(logits_TE, 3).weight_TK,
    )
    biased, shared = biased_top_k(logits_TE, bias_E, 3), node_limited(logits_TE, bias_E, 3)
    assert torch.equal(biased.expert_TK, shared.expert_TK)
    ratio_TK = shared.weight_TK / biased.weight_TK
    torch.testing.assert_close(ratio_TK, ratio_TK[:, :1].expand(-1, 3), rtol=0, atol=1e-12)


def test_scores_learn_and_the_bias_does_not():
    logits_TE, bias_E = scores(9, 6).requires_grad_(), torch.zeros(6, dtype=WIDE).requires_grad_()
    routing = node_limited(logits_TE, bias_E, 2, groups=3, kept=1)
    got = torch.autograd.grad(
        (routing.weight_TK * scores(9, 2, seed=4)).sum(), [logits_TE, bias_E], allow_unused=True
    )
    assert got[0].abs().sum() > 0 and got[1] is None
    chosen_TE = torch.zeros(9, 6).scatter(1, routing.expert_TK, 1.0)
    assert torch.equal(got[0] != 0, chosen_TE > 0)


def test_they_route_a_layer():
    x_TD = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))
    devices = MoELayer(4, 8, 8, 2, router=partial(device_limited, groups=4, kept=1))
    _, routing = devices(x_TD)
    assert torch.equal(routing.expert_TK[:, 0] // 2, routing.expert_TK[:, 1] // 2)
    nodes = partial(node_limited, groups=4, kept=2)
    y_TD, routing = MoELayer(4, 8, 8, 4, router=BiasedRouter(4, 8, 4, route=nodes))(x_TD)
    assert y_TD.shape == (7, 4)
    assert routing.weight_TK.sum(1).tolist() == pytest.approx([1.0] * 7)


def test_sigmoids_that_round_to_zero_still_have_shares():
    """exp(-2000) is no number of 64 bits; two such scores still count one half each."""
    routing = node_limited(torch.full((1, 4), -2000.0, dtype=WIDE), torch.zeros(4), 2)
    assert routing.weight_TK.tolist() == [[0.5, 0.5]]


def test_half_precision_is_widened():
    logits_TE = scores(3, 4).to(torch.bfloat16)
    assert device_limited(logits_TE, 1, 2, 1).weight_TK.dtype == torch.float32
    assert node_limited(logits_TE, torch.zeros(4), 1).weight_TK.dtype == torch.float32


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda s: limit_to_groups(s, 5, 1, 1), "groups is 5: it must divide 12 experts"),
        (lambda s: limit_to_groups(s, 0, 1, 1), "groups is 0"),
        (lambda s: limit_to_groups(s, 4, 5, 1), "kept is 5: 4 groups of 3 allow 1 to 4"),
        (lambda s: limit_to_groups(s, 4, 0, 1), "kept is 0: 4 groups of 3 allow 1 to 4"),
        (lambda s: limit_to_groups(s, 4, 2, 4), "best is 4: 4 groups of 3 allow 1 to 3"),
        (lambda s: device_limited(s, 4, 4, 1), "top_k is 4: with 3 experts"),
        (lambda s: node_limited(s, torch.zeros(12), 7, 4, 2), "top_k is 7: with 6 experts"),
    ],
)
def test_limits_that_cannot_be_kept_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(scores(2, 12))
