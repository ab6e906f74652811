"""Transformers with seats: who is dropped, what company changes, what the numbers imply."""

import math
from dataclasses import replace

import pytest
import torch

from moe_lesson.models.switch import (
    ROUTERS,
    DenseNetwork,
    SeatedLayer,
    SwitchConfig,
    SwitchTransformer,
)
from moe_lesson.moe.dispatch import ORDERS
from moe_lesson.study import invariants
from moe_lesson.study.conformance import check_layer, check_model
from tests.study.layers import failed

TIGHT = SwitchConfig(
    vocab_size=16, num_experts=4, context_len=11, capacity=0.5, eval_capacity=0.5, dim=16
)
ROOMY = replace(TIGHT, capacity=None, eval_capacity=None)


def build(config, seed=0):
    torch.manual_seed(seed)
    return SwitchTransformer(config)


def layer_of(config, seed=0):
    torch.manual_seed(seed)
    return SeatedLayer(config).double()


def tokens(n, dim=16, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, dim, dtype=torch.float64, generator=generator)


def by_hand(layer, x_TD, capacity, group):
    """One token after the other, each choice in turn, in plain Python: left to right."""
    score_TE = (x_TD @ layer.score_ED.t()).softmax(-1)
    up_EFD, down_EDF = layer.experts.up_EFD, layer.experts.down_EDF
    y_TD, taken = torch.zeros_like(x_TD), {}
    for t, x in enumerate(x_TD):
        weight, expert = score_TE[t].max(-1)
        seat = (t // group, expert.item())
        taken[seat] = taken.get(seat, 0) + 1
        if taken[seat] <= capacity:
            y_TD[t] = weight * (down_EDF[expert] @ (up_EFD[expert] @ x).relu())
    return y_TD


@pytest.mark.parametrize("factor, group", [(0.5, 22), (1.0, 22), (0.5, 11), (None, 11)])
def test_top_1_equals_a_loop_over_tokens(factor, group):
    layer = layer_of(replace(TIGHT, capacity=factor, eval_capacity=factor)).eval()
    x_TD = tokens(22)
    length = None if group == 22 else group
    capacity = 22 if factor is None else math.ceil(factor * group / 4)
    expected_TD = by_hand(layer, x_TD, capacity, group)
    torch.testing.assert_close(layer(x_TD, length).y_TD, expected_TD, rtol=0, atol=1e-10)


def test_training_and_evaluation_have_seats_of_their_own():
    layer = layer_of(replace(TIGHT, eval_capacity=2.0))
    x_TD = tokens(24)
    assert layer(x_TD).visits.count_E.max() == 3
    assert layer.eval()(x_TD).visits.count_E.max() > 3


def test_a_short_sequence_has_the_seats_of_a_long_one():
    """Counted from its own length a prefix would have fewer, and would change."""
    layer = layer_of(TIGHT).eval()
    same_TD = tokens(1).expand(5, -1)
    assert layer(same_TD, length=5).visits.count_E.max() == 2  # ceil(0.5 * 11 / 4)
    assert layer(same_TD).visits.count_E.max() == 1  # ceil(0.5 * 5 / 4)


def test_each_sequence_has_seats_of_its_own():
    layer = layer_of(TIGHT).eval()
    same_TD = tokens(1).expand(22, -1)
    assert layer(same_TD, length=11).visits.token_R.tolist() == [0, 1, 11, 12]


def test_gshard_draws_its_second_expert_in_training_only():
    layer = layer_of(replace(ROOMY, router="GShard"))
    x_TD = tokens(40)
    made = [layer(x_TD).visits.count_E.sum().item() for _ in range(2)]
    assert 40 <= min(made) and max(made) < 80
    assert layer.eval()(x_TD).visits.count_E.sum() == 80


def test_experts_that_choose_take_their_share_of_every_sequence():
    chosen = replace(TIGHT, router="expert choice", capacity=1.0, eval_capacity=1.0)
    visits = layer_of(chosen).eval()(tokens(22), 11).visits
    assert visits.count_E.tolist() == [6] * 4  # ceil(11 / 4) of each of two sequences
    assert all(((own // 11) == 0).sum() == 3 for own in visits.token_R.split(6))


CAUSAL = {
    "left to right": ({}, True),
    "top-2, left to right": ({"router": "top-2"}, True),
    "top-2, first choices first": ({"router": "top-2", "order": ORDERS[0]}, False),
    "by probability": ({"order": "by probability"}, False),
    "expert choice": ({"router": "expert choice"}, False),
    "batch": ({"group": "batch"}, False),
}


@pytest.mark.parametrize("name", CAUSAL)
def test_who_looks_ahead(name):
    own, is_causal = CAUSAL[name]
    found = failed(check_model(build(replace(TIGHT, **own)), 16))
    assert ("prefix_ignores_the_future" not in found) == is_causal
    assert ("batch_mates_do_not_matter" in found) == (name == "batch")


def test_without_a_limit_no_order_looks_ahead():
    for order in ORDERS:
        model = build(replace(ROOMY, router="top-2", order=order, group="batch"))
        assert not failed(check_model(model, 16))


def test_an_encoder_sees_both_sides_and_a_decoder_does_not():
    id_BS = torch.arange(10).view(1, 10)
    with pytest.raises(AssertionError, match="the rest is cut off"):
        invariants.prefix_ignores_the_future(build(replace(ROOMY, causal=False)), id_BS)
    invariants.prefix_ignores_the_future(build(ROOMY), id_BS)


def test_the_layer_conforms_where_everybody_sits():
    assert not failed(check_layer(SeatedLayer(ROOMY), 16))
    assert "batch_mates_do_not_matter" in failed(check_layer(SeatedLayer(TIGHT), 16))


def test_dropped_tokens_add_zero():
    layer = layer_of(TIGHT).eval()
    y_TD, _, visits = layer(tokens(24))
    invariants.dropped_tokens_add_zero(y_TD, ~torch.isin(torch.arange(24), visits.token_R))


@pytest.mark.parametrize("every, sparse", [(1, 4), (2, 2), (3, 1), (4, 1)])
def test_each_nth_block_is_sparse(every, sparse):
    model = build(replace(TIGHT, every=every))
    kinds = [type(block.feed_forward) for block in model.blocks]
    assert kinds.count(SeatedLayer) == sparse and kinds[every - 1] is SeatedLayer
    assert kinds[0] is (SeatedLayer if every == 1 else DenseNetwork)
    output = model(torch.zeros(2, 3, dtype=torch.long))
    assert len(output.routings) == len(output.plans) == sparse


def test_operations_count_the_products_of_one_token():
    """Every weight of a block that one token meets, once: heads, k experts, router rows."""
    model = build(replace(TIGHT, router="top-2"))
    whole = 0
    for weight in model.blocks.parameters():
        visited = weight.numel() * (2 / 4 if weight.dim() == 3 and len(weight) == 4 else 1)
        whole += visited if weight.dim() > 1 else 0
    assert model.config.operations == whole


@pytest.mark.parametrize(
    "own, message",
    [
        ({"router": "top-3"}, "router is 'top-3': it must be one of top-1, top-2"),
        ({"order": "by age"}, "order is 'by age'"),
        ({"group": "page"}, "group is 'page'"),
        ({"capacity": 0.0}, "the capacity factor is 0.0: it must exceed 0"),
        ({"router": "expert choice", "eval_capacity": None}, "experts that choose need"),
        ({"router": "top-2", "num_experts": 1}, "top-2 needs 2 or more"),
        ({"every": 5}, "a block to stand in"),
        ({"dim": 0}, "dim is 0"),
    ],
)
def test_contradictions_are_refused(own, message):
    with pytest.raises(ValueError, match=message):
        replace(SwitchConfig(), **own)


def test_too_many_positions_and_foreign_ids_are_refused():
    model = build(TIGHT)
    with pytest.raises(ValueError, match="12 positions: allowed are 1 to 11"):
        model(torch.zeros(1, 12, dtype=torch.long))
    with pytest.raises(ValueError, match="token id 16"):
        model(torch.full((1, 2), 16))


def test_every_router_learns_from_language_and_all_but_an_even_one_from_balance():
    """Experts that choose are evenly used whatever the scores: nothing is left to balance."""
    for router in ROUTERS:
        model = build(replace(TIGHT, router=router, capacity=1.0, eval_capacity=1.0))
        found = [verdict.passed for verdict in check_model(model, 16)[3:]]
        assert found == [True, router != "expert choice"], router
