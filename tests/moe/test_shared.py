"""A dense expert beside the routed ones."""

import math

import pytest
import torch

from moe_lesson.moe.experts import swiglu
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.routers import HashRouter
from moe_lesson.moe.shared import SharedExpert
from moe_lesson.study.invariants import prefix_ignores_the_future
from tests import oracles

WIDE = torch.float64


def layers(gated):
    torch.manual_seed(0)
    shared = SharedExpert(MoELayer(4, 6, 5, 2), 4, 9, gated).double()
    if gated:
        shared.score_ED.data.normal_()
    return shared, torch.randn(11, 4, dtype=WIDE)


@pytest.mark.parametrize("gated", [False, True])
def test_the_sum_equals_the_oracle(gated):
    shared, x_TD = layers(gated)
    y_TD, routing = shared(x_TD)
    routed = oracles.swiglu_networks(shared.layer.experts)
    (dense,) = oracles.swiglu_networks(shared.shared)
    router = shared.layer.router.score_ED.tolist()
    for x, y, experts in zip(x_TD.tolist(), y_TD.tolist(), routing.expert_TK.tolist()):
        visits = oracles.mixtral_visits(x, router, 2)
        assert experts == [e for e, _ in visits]
        weight = 1.0
        if gated:
            weight = 1 / (1 + math.exp(-oracles.times(shared.score_ED.tolist(), x)[0]))
        expected = oracles.mixture(x, [*visits, (5, weight)], [*routed, dense])
        assert y == pytest.approx(expected, abs=1e-10)


def test_two_shared_experts_are_one_of_their_joint_width():
    """Widths 3 and 6, cut out of the one of 9: their answers add up to its own."""
    shared, x_TD = layers(False)
    gate_up_JFD, down_DF = shared.shared.gate_up_EJFD[0], shared.shared.down_EDF[0]
    parts = zip(gate_up_JFD.split([3, 6], 1), down_DF.split([3, 6], 1))
    total_TD = sum(swiglu(x_TD, *part) for part in parts)
    whole_TD = shared.shared(x_TD, torch.tensor([11]))
    torch.testing.assert_close(total_TD, whole_TD, rtol=0, atol=1e-12)


def test_the_gate_starts_at_a_half_and_learns():
    torch.manual_seed(0)
    gated = SharedExpert(MoELayer(4, 6, 5, 2), 4, 9, gated=True)
    x_TD = torch.randn(11, 4)
    y_TD, _ = gated(x_TD)
    plain_TD, _ = gated.layer(x_TD)
    half_TD = gated.shared(x_TD, torch.tensor([11])) / 2
    torch.testing.assert_close(y_TD - plain_TD, half_TD, rtol=0, atol=1e-5)
    y_TD.square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in gated.parameters())
    assert SharedExpert(MoELayer(4, 6, 5, 2), 4, 9).score_ED is None


@pytest.mark.parametrize("gated", [False, True])
def test_a_token_sees_itself_alone(gated):
    shared, x_TD = layers(gated)
    assert prefix_ignores_the_future(lambda x: shared(x)[0], x_TD, axis=0)


def test_it_takes_ids_and_generators_as_the_layer_does():
    torch.manual_seed(0)
    shared = SharedExpert(MoELayer(4, 6, 5, 2, router=HashRouter(5, 2)), 4, 9)
    _, routing = shared(torch.randn(3, 4), torch.tensor([7, 8, 7]))
    assert torch.equal(routing.expert_TK[0], routing.expert_TK[2])
