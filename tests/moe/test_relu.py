"""ReLU routing: a varying number of experts a token, and the penalty that steers it."""

import pytest
import torch
import torch.nn.functional as F

from moe_lesson.moe.balance import load, switch_loss
from moe_lesson.moe.dispatch import plan
from moe_lesson.moe.experts import SwiGLUExperts
from moe_lesson.moe.layer import MoELayer, visit
from moe_lesson.moe.relu import next_coefficient, relu_penalty, relu_routing, sparsity
from moe_lesson.moe.routing import micro_batches
from tests import oracles

WIDE = torch.float64


def scores(tokens, experts, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(tokens, experts, generator=generator, dtype=WIDE)


def test_the_layer_equals_all_experts_weighed_by_their_gates():
    """What is sent to open gates alone equals every expert's answer times its ReLU."""
    torch.manual_seed(0)
    experts, logits_TE, x_TD = SwiGLUExperts(4, 6, 5).double(), scores(20, 5), scores(20, 4, 1)
    y_TD = visit(x_TD, relu_routing(logits_TE), experts)
    networks = oracles.swiglu_networks(experts)
    for x, logits, y in zip(x_TD.tolist(), logits_TE.tolist(), y_TD.tolist()):
        gates = [(e, max(0.0, score)) for e, score in enumerate(logits)]
        assert y == pytest.approx(oracles.mixture(x, gates, networks), abs=1e-10)


def test_only_open_gates_send_rows():
    logits_TE = scores(50, 8)
    routing = relu_routing(logits_TE)
    assert len(plan(routing).token_R) == int((logits_TE > 0).sum())
    assert routing.expert_TK.shape[1] == int((logits_TE > 0).sum(1).max())
    assert (routing.weight_TK.diff(dim=1) <= 0).all()
    assert torch.equal(routing.expert_TK == 8, routing.weight_TK == 0) and routing.has_unfilled


def test_nobody_is_visited():
    """Every gate shut: zero out, no row sent, and the layer's measures stay finite."""
    torch.manual_seed(0)
    layer = MoELayer(4, 8, 3, 1, router=lambda logits_TE, k: relu_routing(-1 - logits_TE.relu()))
    y_TD, routing = layer(torch.randn(5, 4))
    assert y_TD.tolist() == [[0.0] * 4] * 5 and routing.expert_TK.shape == (5, 0)
    assert load(routing).tolist() == [0.0] * 3
    assert sparsity(routing) == 1 and relu_penalty(routing, 1).item() == 0


def test_gradients_reach_open_gates_alone():
    """No choice is in the way: the output's gradient is that of the dense sum."""
    torch.manual_seed(0)
    experts, x_TD = SwiGLUExperts(4, 6, 5).double(), scores(20, 4, 1)
    logits_TE = scores(20, 5).requires_grad_()
    sparse = torch.autograd.grad(visit(x_TD, relu_routing(logits_TE), experts).sum(), logits_TE)[0]
    count_E = torch.tensor([20] * 5)
    y_ETD = experts(x_TD.repeat(5, 1), count_E).view(5, 20, 4)
    dense_TD = torch.einsum("te,etd->td", F.relu(logits_TE), y_ETD)
    dense = torch.autograd.grad(dense_TD.sum(), logits_TE)[0]
    torch.testing.assert_close(sparse, dense, rtol=0, atol=1e-12)
    assert torch.equal(sparse != 0, logits_TE > 0)


def test_sparsity_by_counting():
    one, other = scores(6, 4), scores(6, 4, seed=1)
    shut = sum(score <= 0 for logits in (one, other) for row in logits.tolist() for score in row)
    assert sparsity([relu_routing(one), relu_routing(other)]) == pytest.approx(shut / 48)
    exactly_k = F.one_hot(torch.arange(8) % 4, 4).to(WIDE)
    assert sparsity(relu_routing(exactly_k)) == 1 - 1 / 4


@pytest.mark.parametrize("k", [1, 2, 3])
def test_penalty_equals_its_sum(k):
    """E / k times, over experts, the share of tokens that visit it times its mean gate."""
    layers = [scores(7, 4, seed) for seed in range(3)]
    found = relu_penalty([relu_routing(logits_TE) for logits_TE in layers], k).item()
    total = 0.0
    for logits in (each.tolist() for each in layers):
        for e in range(4):
            visited = sum(row[e] > 0 for row in logits) / 7
            total += 4 / k * visited * sum(max(0.0, row[e]) for row in logits) / 7
    assert found == pytest.approx(total / 3, abs=1e-12)


def test_penalty_at_its_ends():
    """Even at k of E with gates of 1: 1. All open: E * E / k."""
    even = F.one_hot(torch.arange(8) % 4, 4).to(WIDE)
    assert relu_penalty(relu_routing(even), 1).item() == pytest.approx(1)
    assert relu_penalty(relu_routing(torch.ones(8, 4)), 2).item() == pytest.approx(8)
    assert relu_penalty(relu_routing(-torch.ones(8, 4)), 2).item() == 0


def test_penalty_pushes_busy_experts_most():
    logits_TE = torch.tensor([[1.0, 1.0], [1.0, -1.0], [1.0, -1.0]], requires_grad=True)
    push_TE = torch.autograd.grad(relu_penalty(relu_routing(logits_TE), 1), logits_TE)[0]
    assert push_TE.tolist()[0] == pytest.approx([2 / 3, 2 / 9])  # E / (k T) times 3/3 and 1/3
    assert push_TE[1:, 1].tolist() == [0, 0]


def test_padding_counts_nowhere():
    logits_TE = scores(6, 4)
    real_T = torch.tensor([True, True, False, True, False, False])
    masked = relu_routing(logits_TE)._replace(real_T=real_T)
    alone = relu_routing(logits_TE[real_T])
    assert sparsity(masked) == pytest.approx(sparsity(alone))
    assert relu_penalty(masked, 1).item() == pytest.approx(relu_penalty(alone, 1).item())


def test_the_coefficient_by_hand():
    assert next_coefficient(3.0, found=0.5, target=0.5) == 3.0
    assert next_coefficient(3.0, found=0.4, target=0.5) == pytest.approx(3.6)
    assert next_coefficient(3.0, 0.4, 0.5, factor=2.0) == 6.0
    assert next_coefficient(3.0, 0.6, 0.5, factor=2.0) == 1.5


def steered(x_TD, steps=300):
    """Train a router whose task opens all gates, with the penalty; return each sparsity."""
    weight, coefficient, found = scores(8, 8, seed=3).requires_grad_(), 1e-3, []
    goal_TE = torch.sigmoid(x_TD @ scores(8, 8, seed=3).T)
    optimizer = torch.optim.Adam([weight], 0.02)
    for _ in range(steps):
        routing = relu_routing(x_TD @ weight.T)
        task = (F.relu(routing.logits_TE) - goal_TE).square().mean()
        optimizer.zero_grad()
        (task + coefficient * relu_penalty(routing, 2)).backward()
        optimizer.step()
        found.append(sparsity(routing))
        coefficient = next_coefficient(coefficient, found[-1], 0.75, factor=1.05)
    return found, coefficient


def test_the_coefficient_steers_to_the_target():
    """From half of the gates to three quarters shut, where tokens have a direction in common."""
    found, coefficient = steered(torch.cat([scores(256, 7), torch.ones(256, 1, dtype=WIDE)], 1))
    assert found[0] == pytest.approx(0.5, abs=0.05)
    assert sum(found[-100:]) / 100 == pytest.approx(0.75, abs=0.02)
    assert coefficient < 1


def test_half_of_the_gates_cannot_be_shut_without_a_direction_in_common():
    """For each token there is its opposite: of the two one opens a gate, whatever its weights."""
    half_TD = scores(64, 8)
    found, coefficient = steered(torch.cat([half_TD, -half_TD]))
    assert set(found) == {0.5} and coefficient > 100


def test_losses_of_others_take_it():
    routing = relu_routing(scores(6, 4))
    assert switch_loss(routing).isfinite()
    assert [len(each.weight_TK) for each in micro_batches(routing, 3)] == [2, 2, 2]
