"""The small layer of the balance lab, by hand, by property and against NumPy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.lessons.lesson04 import toy_layer
from moe_lesson.lessons.lesson04.toy_layer import Points, State, ToySettings
from moe_lesson.moe.balance import switch_loss
from moe_lesson.moe.routing import switch
from tests.lessons.lesson04.lab_settings import EACH, HOT

each_setting = pytest.mark.parametrize("chosen", EACH.values(), ids=EACH)


def two_points():
    """Two points at (1, 0) and (0, 1); expert 0 says x, expert 1 says 2 y; both have p = 3/4."""
    points = Points(
        torch.tensor([[1.0, 0, 1], [0, 1, 1]], dtype=torch.float64),
        torch.tensor([1.0, 1.0], dtype=torch.float64),
        torch.tensor([0, 1]),
    )
    router_ED = np.log(3) * torch.tensor([[1.0, 0, 0], [0, 1, 0]], dtype=torch.float64)
    expert_ED = torch.tensor([[1.0, 0, 0], [0, 2, 0]], dtype=torch.float64)
    return State(points, router_ED, expert_ED, torch.zeros(2, dtype=torch.float64), 0, 0)


def same(one, other):
    """Tell whether two states hold the same numbers, bit by bit."""
    fields = ("router_ED", "expert_ED", "bias_E")
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in fields)


def test_one_pass_by_hand():
    outcome = toy_layer.forward(two_points(), ToySettings())
    assert torch.allclose(outcome.guess_T, torch.tensor([0.75, 1.5], dtype=torch.float64))
    error = toy_layer.squared_error(outcome, two_points().points)
    assert error.item() == pytest.approx((0.25**2 + 0.5**2) / 2)


def test_one_step_by_hand():
    # The guess is p v. By w: (2/T)(guess - d) p x; by score e: (2/T)(guess - d) v p (1[e] - p).
    after = toy_layer.train(two_points(), ToySettings(), 1)
    change = -toy_layer.RATE
    expert = [[-0.25 * 0.75, 0, -0.25 * 0.75], [0, 0.5 * 0.75, 0.5 * 0.75]]
    first, second = -0.25 * 1 * 0.75 * 0.25, 0.5 * 2 * 0.75 * 0.25
    router = [[first, -second, first - second], [-first, second, second - first]]
    for name, slope in (("expert_ED", expert), ("router_ED", router)):
        moved = getattr(after, name) - getattr(two_points(), name)
        assert torch.allclose(moved, change * torch.tensor(slope, dtype=torch.float64)), name


def test_the_push_of_the_balance_loss_by_hand():
    # Both points at expert 0: f = (1, 0), so the loss is 2 P_0 and its slope 2/T p_0 (1 - p_0).
    logits_TE = torch.tensor([[3.0, 1.0]] * 2).log()
    slope_TE = toy_layer.balance_slope(switch(logits_TE))
    assert torch.allclose(slope_TE, torch.tensor([[3 / 16, -3 / 16]] * 2))


def test_f_has_no_gradient():
    state = toy_layer.start(HOT)
    routing = toy_layer.forward(state, HOT).routing
    logits_TE = routing.logits_TE.requires_grad_()
    whole = torch.autograd.grad(switch_loss(switch(logits_TE)), logits_TE)[0]
    share_E = toy_layer.observe(state, HOT).share_E
    through_P = 4 * (share_E * logits_TE.softmax(-1).mean(0)).sum()
    assert torch.allclose(whole, torch.autograd.grad(through_P, logits_TE)[0], atol=1e-9)
    assert torch.allclose(whole, toy_layer.balance_slope(routing), atol=1e-9)


def test_the_balance_loss_pushes_down_who_has_too_much():
    chosen = ToySettings(init=5.0, aux=0.5)
    push_E = toy_layer.observe(toy_layer.start(chosen), chosen).push_E
    assert push_E[0] < 0 <= push_E[1:].min() and abs(push_E.sum()) < 1e-6
    # All at expert 0: the weight 0.5 times E times the mean of p_0 (1 - p_0).
    prob_T = toy_layer.forward(toy_layer.start(chosen), chosen).routing.weight_TK[:, 0]
    assert push_E[0].item() == pytest.approx(-0.5 * 4 * (prob_T * (1 - prob_T)).mean().item())


def test_an_even_load_is_not_pushed_whatever_the_probabilities():
    logits_TE = torch.tensor([[9.0, 0], [0, 0.1]])
    assert toy_layer.balance_slope(switch(logits_TE)).abs().max() < 1e-7


@each_setting
def test_the_same_start_gives_the_same_end_however_often_one_stops(chosen):
    start = toy_layer.start(chosen, seed=3)
    whole = toy_layer.train(start, chosen, 30)
    halves = toy_layer.train(toy_layer.train(start, chosen, 15), chosen, 15)
    assert same(whole, halves) and whole.step == halves.step == 30
    again = toy_layer.train(toy_layer.start(chosen, seed=3), chosen, 30)
    assert same(whole, again)
    assert not same(whole, toy_layer.train(toy_layer.start(chosen, seed=4), chosen, 30))


def test_a_hundred_steps_are_twice_fifty():
    chosen = EACH["all"]
    start = toy_layer.start(chosen)
    half = toy_layer.train(start, chosen, 50)
    assert same(toy_layer.train(start, chosen, 100), toy_layer.train(half, chosen, 50))


@each_setting
def test_training_leaves_its_state_alone(chosen):
    start = toy_layer.start(chosen)
    before = [field.clone() for field in (start.router_ED, start.expert_ED, start.bias_E)]
    later = toy_layer.train(start, chosen, 2)
    after = (start.router_ED, start.expert_ED, start.bias_E)
    assert all(map(torch.equal, before, after)) and start.step == 0
    assert not (later.router_ED.requires_grad or start.router_ED.requires_grad)


@given(seed=st.integers(0, 99), capacity=st.sampled_from([0.25, 0.5, 1.0, 1.5]), last=st.booleans())
@settings(max_examples=30, deadline=None)
def test_dropped_points_add_exactly_zero_and_come_last(seed, capacity, last):
    chosen = ToySettings(init=3.0, capacity=capacity, backwards=last)
    state = toy_layer.start(chosen, seed)
    outcome, seen = toy_layer.forward(state, chosen), toy_layer.observe(state, chosen)
    free = toy_layer.forward(state, ToySettings())
    assert (outcome.guess_T[seen.dropped_T] == 0).all()
    kept = ~seen.dropped_T
    assert torch.allclose(outcome.guess_T[kept], free.guess_T[kept])
    many = toy_layer.seats(chosen, 80, 4)
    for expert in range(4):
        of_expert = seen.dropped_T[seen.expert_T == expert]
        assert of_expert.tolist() == [place >= many for place in range(len(of_expert))]


def test_a_dropped_point_teaches_nobody():
    chosen = ToySettings(capacity=0.5)
    state = toy_layer.start(chosen)
    dropped_T = toy_layer.observe(state, chosen).dropped_T
    target_T = torch.where(dropped_T, 99.0, state.points.target_T)
    other = state._replace(points=state.points._replace(target_T=target_T))
    assert dropped_T.any()
    assert same(toy_layer.train(state, chosen, 1), toy_layer.train(other, chosen, 1))


def test_the_order_matters_only_where_seats_are_short():
    for capacity, matters in ((None, False), (1.0, True)):
        ends = [
            toy_layer.train(toy_layer.start(chosen), chosen, 5).expert_ED
            for chosen in (ToySettings(capacity=capacity, backwards=last) for last in (False, True))
        ]
        assert torch.allclose(*ends, atol=1e-5) != matters


@given(st.lists(st.floats(-3, 3, width=32), min_size=4, max_size=4))
@settings(max_examples=30, deadline=None)
def test_the_bias_moves_the_choice_and_never_the_weight(bias):
    routing = switch(toy_layer.start(HOT).points.x_TD @ toy_layer.start(HOT).router_ED.t())
    biased = toy_layer.under_bias(routing, torch.tensor(bias))
    prob_TE = routing.logits_TE.softmax(-1)
    assert torch.equal(biased.weight_TK, prob_TE.gather(1, biased.expert_TK))
    wanted = (prob_TE.double() + torch.tensor(bias).double()).argmax(-1)
    pair = torch.stack([wanted, biased.expert_TK[:, 0]], 1)
    score = (prob_TE + torch.tensor(bias)).gather(1, pair)
    assert torch.allclose(score[:, 0], score[:, 1], atol=1e-6)
    same_choice = biased.expert_TK == routing.expert_TK
    assert torch.equal(biased.weight_TK[same_choice], routing.weight_TK[same_choice])


def test_without_a_bias_the_choice_is_switchs():
    routing = switch(torch.randn(50, 4, generator=torch.Generator().manual_seed(0)))
    biased = toy_layer.under_bias(routing, torch.zeros(4))
    assert torch.equal(biased.expert_TK, routing.expert_TK)
    assert torch.equal(biased.weight_TK, routing.weight_TK)


def test_the_bias_goes_against_the_load():
    chosen = ToySettings(init=5.0, bias_rate=0.02)
    start = toy_layer.start(chosen)
    assert toy_layer.observe(start, chosen).share_E.tolist() == [1, 0, 0, 0]
    bias_E = toy_layer.train(start, chosen, 1).bias_E
    assert torch.allclose(bias_E, torch.tensor([-0.02, 0.02, 0.02, 0.02]))


@pytest.mark.parametrize("seed", range(3))
def test_each_remedy_evens_the_load_of_a_calm_start(seed):
    load = {}
    for name in ("plain", "balance loss", "bias"):
        state = toy_layer.start(EACH[name], seed)
        after = toy_layer.train(state, EACH[name], 50)
        load[name] = toy_layer.observe(after, EACH[name]).share_E.max()
    assert max(load["balance loss"], load["bias"]) <= load["plain"]


def test_a_hot_start_collapses_and_reaches_no_more_than_one_unit():
    state = toy_layer.train(toy_layer.start(HOT), HOT, 200)
    seen = toy_layer.observe(state, HOT)
    assert seen.share_E.tolist() == [1, 0, 0, 0] and seen.balance > 3.9
    assert seen.error == pytest.approx(toy_layer.single_error(state.points), abs=0.01)


def test_single_error_against_lstsq():
    points = toy_layer.draw_points(seed=5)
    x_TD, target_T = points.x_TD.double().numpy(), points.target_T.double().numpy()
    residue = np.linalg.lstsq(x_TD, target_T, rcond=None)[1][0]
    assert toy_layer.single_error(points) == pytest.approx(residue / len(x_TD), rel=1e-4)


def test_noise_is_for_training():
    noisy = ToySettings(noise=2.0)
    start = toy_layer.start(noisy)
    assert toy_layer.observe(start, noisy).error == toy_layer.observe(start, ToySettings()).error
    assert not same(toy_layer.train(start, noisy, 1), toy_layer.train(start, ToySettings(), 1))


@pytest.mark.parametrize("other", [{"step": 1}, {"seed": 1}])
def test_noise_is_new_at_every_step_and_for_every_seed(other):
    noisy = ToySettings(noise=2.0)
    start = toy_layer.start(noisy)
    later = start._replace(**other)
    assert not same(toy_layer.train(start, noisy, 1), toy_layer.train(later, noisy, 1))
    assert toy_layer.start(noisy, seed=7).seed == 7


@pytest.mark.parametrize("bad", [{"aux": -1.0}, {"noise": float("nan")}, {"capacity": 0.0}])
def test_impossible_settings_are_named(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))} is"):
        ToySettings(**bad)
