"""Tokens to rows sorted by expert, and back."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.moe.dispatch import (
    ORDERS,
    Plan,
    combine,
    combine_tensor,
    dispatch,
    plan,
    seats,
    through_seats,
    within_capacity,
)
from moe_lesson.moe.experts import ReLUExperts
from moe_lesson.moe.routing import Routing, expert_choice, random_second, top_k

WIDE = torch.float64


def routing_of(expert_TK, experts, seed=0):
    """A Routing with the given choices and weights that tell all visits apart."""
    expert_TK = torch.tensor(expert_TK)
    generator = torch.Generator().manual_seed(seed)
    weight_TK = torch.rand(expert_TK.shape, generator=generator, dtype=WIDE)
    return Routing(torch.zeros(len(expert_TK), experts, dtype=WIDE), weight_TK, expert_TK)


def random_routing(tokens, experts, k, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return top_k(torch.randn(tokens, experts, generator=generator, dtype=WIDE), k)


def by_hand(routing):
    """Every visit as (expert, choice, token, weight), in the order that a plan promises."""
    visits = [
        (expert, choice, token, routing.weight_TK[token, choice].item())
        for token, row in enumerate(routing.expert_TK.tolist())
        for choice, expert in enumerate(row)
        if expert < routing.logits_TE.shape[1]
    ]
    return sorted(visits)


def test_plan_by_hand():
    """Tokens 0, 1, 2 choose (2, 0), (0, 1), (2, 1): expert 1 gets two second choices."""
    routing = routing_of([[2, 0], [0, 1], [2, 1]], experts=4)
    rows = plan(routing)
    assert rows.token_R.tolist() == [1, 0, 1, 2, 0, 2]
    assert rows.count_E.tolist() == [2, 2, 2, 0]
    first, second = routing.weight_TK.t()
    expected = torch.stack([first[1], second[0], second[1], second[2], first[0], first[2]])
    assert torch.equal(rows.weight_R, expected)


def test_dispatch_and_combine_by_hand():
    rows = Plan(torch.tensor([1, 0, 1]), torch.tensor([0.5, 2.0, 0.25]), torch.tensor([1, 2]))
    x_RD = dispatch(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), rows)
    assert x_RD.tolist() == [[3.0, 4.0], [1.0, 2.0], [3.0, 4.0]]
    assert combine(x_RD, rows, tokens=3).tolist() == [[2.0, 4.0], [2.25, 3.0], [0.0, 0.0]]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12), st.integers(1, 7), st.data())
def test_plan_equals_the_oracle(tokens, experts, data):
    """Any size, k = 1..E, no tokens, experts that nobody chose."""
    routing = random_routing(tokens, experts, data.draw(st.integers(1, experts)))
    rows, visits = plan(routing), by_hand(routing)
    assert rows.token_R.tolist() == [token for _, _, token, _ in visits]
    assert rows.weight_R.tolist() == [weight for _, _, _, weight in visits]
    assert rows.count_E.tolist() == [sum(v[0] == e for v in visits) for e in range(experts)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12), st.integers(1, 7), st.integers(0, 12), st.data())
def test_capacity_equals_the_oracle(tokens, experts, capacity, data):
    """GShard, algorithm 1: all first choices before any second one, then token order."""
    routing = random_routing(tokens, experts, data.draw(st.integers(1, experts)))
    kept = within_capacity(plan(routing), capacity)
    visits = by_hand(routing)
    seated = [
        visit
        for e in range(experts)
        for visit in [visit for visit in visits if visit[0] == e][:capacity]
    ]
    assert kept.token_R.tolist() == [token for _, _, token, _ in seated]
    assert kept.weight_R.tolist() == [weight for _, _, _, weight in seated]
    assert kept.count_E.tolist() == [sum(v[0] == e for v in seated) for e in range(experts)]


def test_a_second_choice_never_takes_a_first_choices_seat():
    """Token 0 likes expert 0 second, tokens 1 and 2 first: with two seats token 0 goes."""
    rows = plan(routing_of([[1, 0], [0, 1], [0, 1]], experts=2))
    assert within_capacity(rows, 2).token_R.tolist() == [1, 2, 0, 1]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9), st.integers(1, 6), st.integers(0, 9), st.data())
def test_there_and_back_is_the_weighted_token(tokens, experts, capacity, data):
    """Experts that do nothing: each token comes back times the weights of its kept rows."""
    routing = random_routing(tokens, experts, data.draw(st.integers(1, experts)))
    x_TD = torch.randn(tokens, 3, generator=torch.Generator().manual_seed(1), dtype=WIDE)
    rows = within_capacity(plan(routing), capacity)
    y_TD = combine(dispatch(x_TD, rows), rows, tokens)
    total = [0.0] * tokens
    for token, weight in zip(rows.token_R.tolist(), rows.weight_R.tolist()):
        total[token] += weight
    expected_TD = x_TD * torch.tensor(total, dtype=WIDE).reshape(-1, 1)
    torch.testing.assert_close(y_TD, expected_TD, rtol=0, atol=1e-10)
    dropped = [t for t in range(tokens) if t not in rows.token_R.tolist()]
    assert (y_TD[dropped] == 0).all()


def test_gaps_are_no_rows():
    """Expert choice leaves tokens with fewer visits: they take no row and no expert E."""
    logits_TE = torch.tensor([[5.0, 4.0, 3.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.1], [0.0, 0.1, 0.0]])
    routing = expert_choice(logits_TE, capacity=2)
    assert (routing.expert_TK == 3).any()
    rows = plan(routing)
    assert rows.count_E.tolist() == [2, 2, 2]
    assert rows.token_R.tolist() == [token for _, _, token, _ in by_hand(routing)]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, WIDE])
def test_combine_keeps_the_dtype_and_sums_wider(dtype):
    """In half precision 1/2 + 2^-12 is 1/2: the sum must run in the weights' float32."""
    y_RD = torch.tensor([[1.0], [-1.0]], dtype=dtype)
    rows = Plan(torch.tensor([0, 0]), torch.tensor([0.5 + 2**-12, 0.5]), torch.tensor([1, 1]))
    y_TD = combine(y_RD, rows, tokens=1)
    assert y_TD.dtype == dtype
    assert y_TD.item() == 2**-12


def test_gradients_reach_tokens_and_weights():
    x_TD = torch.randn(4, 2, dtype=WIDE, requires_grad=True)
    logits_TE = torch.randn(4, 3, dtype=WIDE, requires_grad=True)

    def there_and_back(x_TD, logits_TE):
        rows = plan(top_k(logits_TE, 2))
        return combine(dispatch(x_TD, rows).square(), rows, 4)

    assert torch.autograd.gradcheck(there_and_back, (x_TD, logits_TE))


def test_a_negative_capacity_is_refused():
    rows = Plan(torch.tensor([0]), torch.ones(1), torch.tensor([1]))
    with pytest.raises(ValueError, match="capacity is -1: it must be 0 or more"):
        within_capacity(rows, -1)


def rank(order, choice, token, weight):
    """What decides who stands in front, the smallest first."""
    return {
        ORDERS[0]: (choice, token),
        "left to right": (token, choice),
        "by probability": (-weight, choice, token),
    }[order]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ORDERS), st.integers(1, 5), st.integers(1, 4), st.integers(0, 5), st.data())
def test_every_order_and_group_equals_the_oracle(order, groups, size, capacity, data):
    """In every group and expert the first ``capacity`` by the order's own rank are kept."""
    experts = data.draw(st.integers(1, 4))
    routing = random_routing(groups * size, experts, data.draw(st.integers(1, experts)))
    kept = within_capacity(plan(routing, order), capacity, size)
    seated = []
    for expert in range(experts):
        own = [v for v in by_hand(routing) if v[0] == expert]
        own.sort(key=lambda v: rank(order, *v[1:]))
        for at, visit in enumerate(own):
            before = [v for v in own[:at] if v[2] // size == visit[2] // size]
            seated += [visit] if len(before) < capacity else []
    assert kept.token_R.tolist() == [token for _, _, token, _ in seated]
    assert kept.weight_R.tolist() == [weight for _, _, _, weight in seated]
    assert kept.count_E.tolist() == [sum(v[0] == e for v in seated) for e in range(experts)]


def test_orders_by_hand():
    """Two tokens wish (0, 1) and (1, 0); the second wishes of both weigh more."""
    routing = Routing(
        torch.zeros(2, 2), torch.tensor([[0.4, 0.6], [0.3, 0.7]]), torch.tensor([[0, 1], [1, 0]])
    )
    assert plan(routing).token_R.tolist() == [0, 1, 1, 0]
    assert plan(routing, "left to right").token_R.tolist() == [0, 1, 0, 1]
    assert plan(routing, "by probability").token_R.tolist() == [1, 0, 0, 1]
    with pytest.raises(ValueError, match="order is 'by age': it must be one of first choices"):
        plan(routing, "by age")


@pytest.mark.parametrize("order", ORDERS)
def test_visits_that_are_not_made_take_no_seat(order):
    pairs = top_k(torch.randn(20, 4, generator=torch.Generator().manual_seed(0)), 2)
    routing = random_second(pairs, torch.Generator().manual_seed(1))
    rows = plan(routing, order)
    made = (routing.expert_TK < 4).sum()
    assert rows.count_E.sum() == len(rows.token_R) == made and (rows.weight_R > 0).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 6), st.data())
def test_the_one_hot_tensor_equals_the_sorted_rows(tokens, experts, capacity, data):
    """GShard's running count and our sort seat the same visits: equal outputs in float64."""
    k = data.draw(st.integers(1, experts))
    routing = random_routing(tokens, experts, k)
    if k == 2:
        routing = random_second(routing, torch.Generator().manual_seed(2))
    torch.manual_seed(0)
    network = ReLUExperts(3, 4, experts).double()
    x_TD = torch.randn(tokens, 3, dtype=WIDE)
    visits = within_capacity(plan(routing), capacity)
    rows_TD = combine(network(dispatch(x_TD, visits), visits.count_E), visits, tokens)
    combine_TEC = combine_tensor(routing, capacity)
    one_hot_TD = through_seats(x_TD, combine_TEC, network)
    torch.testing.assert_close(one_hot_TD, rows_TD, rtol=0, atol=1e-10)
    assert ((combine_TEC > 0).sum(0) <= 1).all(), "two tokens on one seat"


def test_the_one_hot_tensor_by_hand():
    """Expert 0: token 1 first, then token 0's second choice; expert 1: token 0; two seats."""
    asked = Routing(
        torch.zeros(2, 2), torch.tensor([[0.75, 0.25], [1.0, 0.0]]), torch.tensor([[1, 0], [0, 2]])
    )._replace(has_unfilled=True)
    found = combine_tensor(asked, 2)
    assert found.tolist() == [[[0.0, 0.25], [0.75, 0.0]], [[1.0, 0.0], [0.0, 0.0]]]


@pytest.mark.parametrize(
    "tokens, experts, k, factor, wanted",
    [(6, 3, 1, 1.0, 2), (6, 3, 2, 1.0, 4), (10, 4, 1, 1.25, 4), (100, 10, 1, 1.1, 11),
     (1, 8, 1, 0.5, 1), (7, 3, 1, None, 7)],
)  # fmt: skip
def test_seats_by_hand(tokens, experts, k, factor, wanted):
    assert seats(tokens, experts, k, factor) == wanted


@pytest.mark.parametrize("factor", [0, -1.0, float("nan")])
def test_a_factor_without_seats_is_refused(factor):
    with pytest.raises(ValueError, match="it must exceed 0"):
        seats(4, 2, 1, factor)


def test_an_empty_group_is_refused():
    rows = Plan(torch.tensor([0]), torch.ones(1), torch.tensor([1]))
    with pytest.raises(ValueError, match="group_size is 0: it must be 1 or more"):
        within_capacity(rows, 1, group_size=0)
