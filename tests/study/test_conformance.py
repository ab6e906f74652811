"""Every check in one call: our layers pass, and mistakes that real ones had are caught."""

import pytest
import torch
from torch import nn

from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.balance import load
from moe_lesson.moe.dispatch import combine, dispatch, plan
from moe_lesson.moe.routing import (
    Routing,
    expert_choice,
    hash_router,
    noisy_top_k,
    softmax_top_k,
    switch,
)
from moe_lesson.study import invariants
from moe_lesson.study.conformance import check_layer, check_model, reorder_experts
from tests.study.layers import DIM, failed, first_expert, make, tokens_of, with_capacity


@pytest.mark.parametrize("k", [1, 2, 3])
def test_our_layer_passes_every_check(k):
    layer = make(k, route=softmax_top_k)
    verdicts = check_layer(layer, DIM, dense=first_expert(layer))
    assert [verdict.passed for verdict in verdicts] == [True] * 7, verdicts


def test_a_layer_that_keeps_all_experts_has_nothing_to_balance():
    """K = E: every load is even whatever the scores, so its loss has no gradient."""
    assert [verdict.passed for verdict in check_layer(make(4), DIM)][3:5] == [True, False]


def test_our_layer_passes_in_other_precisions():
    for dtype in (torch.float64, torch.bfloat16):
        layer = make().to(dtype)
        verdicts = check_layer(layer, DIM, dense=first_expert(layer))
        assert [verdict.passed for verdict in verdicts] == [True] * 7, verdicts


@pytest.mark.parametrize("mode", [True, False])
def test_our_model_passes_every_check_and_stays_in_its_mode(mode):
    model = Mixtral(TINY).train(mode)
    verdicts = check_model(model, TINY.vocab_size)
    assert [verdict.passed for verdict in verdicts] == [True] * 5, verdicts
    assert {module.training for module in model.modules()} == {mode}


def test_a_part_that_is_in_evaluation_stays_so():
    model = Mixtral(TINY)
    model.blocks[0].eval()
    check_model(model, TINY.vocab_size)
    assert model.training and model.blocks[1].training and not model.blocks[0].training


class Noisy(nn.Module):
    """Noise whatever the mode: nobody asked whether it is training."""

    def __init__(self):
        super().__init__()
        self.layer, self.generator = make(), torch.Generator().manual_seed(0)
        self.layer.router.route = lambda s_TE, k: noisy_top_k(s_TE, s_TE, k, self.generator)

    def forward(self, x_TD):
        return self.layer(x_TD)


def test_noise_in_evaluation_is_caught():
    assert "evaluation_is_deterministic" in failed(check_layer(Noisy(), DIM))
    noisy = Noisy()
    with pytest.raises(AssertionError, match="noise and random drops belong to training"):
        invariants.evaluation_is_deterministic(noisy, tokens_of(6))


def test_random_drops_in_evaluation_are_caught():
    def call(x_TD):
        return make()(x_TD)[0] * (torch.rand(len(x_TD), 1) < 0.7)

    assert "evaluation_is_deterministic" in failed(check_layer(call, DIM))


def test_capacity_by_batch_order_is_caught():
    """Two seats an expert: late tokens lose theirs to early ones, yet no prefix changes."""
    verdicts = check_layer(with_capacity(make(k=1), lambda tokens: 2), DIM)
    assert failed(verdicts) == {"batch_mates_do_not_matter"}


def test_capacity_that_rounds_down_to_nothing_is_caught():
    """int(T * k / E) is 0 for a single token: the layer is silent while it generates."""
    silent = with_capacity(make(k=2), lambda tokens: tokens * 2 // 4)
    assert silent(tokens_of(1)).abs().max() == 0
    assert failed(check_layer(silent, DIM)) == {
        "batch_mates_do_not_matter",
        "prefix_ignores_the_future",
    }


def test_expert_choice_is_caught_reading_the_future():
    layer = make(route=lambda logits_TE, k: expert_choice(logits_TE, max(1, len(logits_TE) // 2)))
    assert {"batch_mates_do_not_matter", "prefix_ignores_the_future"} <= failed(
        check_layer(layer, DIM)
    )


class Peeking(nn.Module):
    """Expert choice inside a language model: each position competes with later ones."""

    def __init__(self):
        super().__init__()
        self.model = Mixtral(TINY)
        with torch.no_grad():
            for weight in self.model.parameters():
                weight.mul_(5)
        for block in self.model.blocks:
            block.feed_forward.router.route = lambda logits_TE, k: expert_choice(
                logits_TE, max(1, len(logits_TE) * k // logits_TE.shape[1])
            )

    def forward(self, id_BS):
        # One sequence at a time, so that only the order within each can matter.
        return torch.cat([self.model(id_BS[b : b + 1]).logits_BSV for b in range(len(id_BS))])


def test_a_model_that_reads_the_future_is_caught():
    assert failed(check_model(Peeking(), TINY.vocab_size)) == {"prefix_ignores_the_future"}
    with pytest.raises(AssertionError, match="sees the future scores well in training and cannot"):
        invariants.prefix_ignores_the_future(Peeking(), torch.arange(20).view(2, 10))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_expert_renormalised_to_weight_1_is_caught(dtype):
    """p / p is 1: the language loss says nothing to the router, but for rounding."""
    layer = make(1, route=lambda logits_TE, k: softmax_top_k(logits_TE, k, renormalise=True))
    assert failed(check_layer(layer.to(dtype), DIM)) == {"router_learns"}
    assert not failed(check_layer(make(1, route=lambda logits_TE, k: switch(logits_TE)), DIM))


def test_a_balance_loss_of_counts_is_caught():
    """The share of visits squared: right in value, deaf in gradient."""
    verdicts = check_layer(make(), DIM, balance=lambda routings: load(routings[0]).square().sum())
    assert [verdict.passed for verdict in verdicts][3:5] == [True, False]


def test_a_router_that_cannot_learn_is_caught():
    def by_hash(logits_TE, k):
        return hash_router(torch.arange(len(logits_TE)), 4, k)

    assert "router_learns" in failed(check_layer(make(route=by_hash), DIM))


def test_weights_that_do_not_sum_to_1_are_caught():
    """Softmax over all E and no renormalising, sold as Mixtral's layer: no Routing excuses it."""
    layer = make(route=softmax_top_k)
    same, dense = reorder_experts(layer, [0] * 4), first_expert(layer)
    with pytest.raises(AssertionError, match="equal experts are not one dense layer"):
        invariants.equals_dense(lambda x_TD: same(x_TD)[0], dense, tokens_of(5))
    invariants.equals_dense(same, dense, tokens_of(5))


def test_a_residual_inside_the_layer_is_caught():
    layer = make(1, num_experts=1)
    with pytest.raises(AssertionError, match="equal experts are not one dense layer"):
        invariants.equals_dense(lambda x: x + layer(x)[0], first_expert(layer), tokens_of(5))


class OwnWeight(nn.Module):
    """Rows sorted by expert, their weights left in token order."""

    def __init__(self):
        super().__init__()
        self.layer = make()

    def forward(self, x_TD):
        routing = self.layer.router(x_TD).routing
        rows = plan(routing)
        y_RD = self.layer.experts(dispatch(x_TD, rows), rows.count_E)
        unsorted = rows._replace(weight_R=routing.weight_TK.flatten())
        return combine(y_RD, unsorted, len(x_TD)), routing


def test_weights_in_the_wrong_order_are_caught():
    faulty = OwnWeight()
    verdicts = check_layer(faulty, DIM, dense=first_expert(faulty.layer))
    assert {"permuting_experts_changes_nothing", "equals_dense"} <= failed(verdicts)
    with pytest.raises(AssertionError, match="unsorted differs from layer"):
        invariants.dispatchers_agree({"layer": faulty.layer, "unsorted": faulty}, tokens_of(9))


class Numbered(nn.Module):
    """Ties and all else aside, expert e speaks e + 1 times as loud."""

    def __init__(self):
        super().__init__()
        self.layer = make()

    def forward(self, x_TD):
        routing = self.layer(x_TD)[1]
        loud = Routing(routing[0], routing.weight_TK * (routing.expert_TK + 1), routing.expert_TK)
        rows = plan(loud)
        y_RD = self.layer.experts(dispatch(x_TD, rows), rows.count_E)
        return combine(y_RD, rows, len(x_TD)), loud


def test_an_expert_whose_number_matters_is_caught():
    assert failed(check_layer(Numbered(), DIM)) == {"permuting_experts_changes_nothing"}
