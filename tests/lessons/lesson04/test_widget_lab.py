"""The balance lab: a small top-1 layer by hand and by property, its figures and its panel."""

import base64
import re
import time

import ipywidgets
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from moe_lesson.lessons.lesson04 import figures_lab, toy_layer
from moe_lesson.lessons.lesson04.toy_layer import Points, State, ToySettings
from moe_lesson.lessons.lesson04.widget_lab import AT_ONCE, LAST, balance_lab
from moe_lesson.moe.balance import switch_loss
from moe_lesson.moe.routing import switch
from moe_lesson.study.figures import frame, routing
from moe_lesson.study.widgets.router_bench import gate_bench

NATIVE = (
    ipywidgets.IntSlider,
    ipywidgets.FloatSlider,
    ipywidgets.SelectionSlider,
    ipywidgets.Dropdown,
)
HOT = ToySettings(init=5.0)
EACH = {
    "plain": ToySettings(),
    "hot": HOT,
    "balance loss": ToySettings(aux=0.3),
    "noise": ToySettings(noise=1.0),
    "seats": ToySettings(capacity=1.0),
    "bias": ToySettings(bias_rate=0.02),
    "all": ToySettings(0.1, 2.0, 0.5, 1.25, 0.01, backwards=True),
}
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


@pytest.mark.parametrize("seed", [-1, 100_000])
def test_an_impossible_seed_is_named(seed):
    with pytest.raises(ValueError, match=f"seed is {seed}"):
        toy_layer.draw_points(seed)


def drawn_lab(chosen=EACH["seats"]):
    state = toy_layer.start(chosen)
    seen, axes = toy_layer.observe(state, chosen), figures_lab.lab_axes()
    figures_lab.chosen_experts(axes[0], state.points, seen, state.router_ED, state.bias_E)
    figures_lab.share_and_probability(axes[1], seen.share_E, seen.prob_E)
    figures_lab.error_trail(axes[2], [0, 50], [1.2, 0.3], 1.159, 400)
    return axes


def drawn_chances(count=8):
    prob_E, chance_E = np.full(count, 1 / count), np.linspace(1, 0, count)
    axes = frame.new_axes(shown=False)
    return [routing.gate_chances(axes, prob_E, np.eye(count)[0], chance_E)]


@pytest.fixture(params=[drawn_lab, drawn_chances], ids=["lab", "chances"], scope="module")
def drawn(request):
    grid = request.param()
    FigureCanvasAgg(grid[0].figure).draw()
    return grid


def test_titles_hold_numbers_axes_are_named_and_nothing_is_cut_off(drawn):
    for axes in drawn:
        assert any(letter.isdigit() for letter in axes.get_title("left"))
        assert axes.get_xlabel() and axes.get_ylabel()
        all_of_it, edge = axes.get_tightbbox(), axes.figure.bbox
        assert all_of_it.x0 >= 0 and all_of_it.x1 <= edge.x1
        assert all_of_it.y0 >= 0 and all_of_it.y1 <= edge.y1
    assert len(frame.png(drawn[0].figure)) < 60_000


def test_parts_of_the_lab_do_not_overlap():
    axes = drawn_lab()
    FigureCanvasAgg(axes[0].figure).draw()
    plane, shares, error = (one.get_tightbbox() for one in axes)
    assert plane.x1 < min(shares.x0, error.x0) and error.y1 <= shares.y0 + 1


def test_every_title_of_the_plane_fits_one_line():
    # The margins are worked out once, so a second line would be cut off later.
    state = toy_layer.start(HOT)
    seen = toy_layer.observe(state, HOT)._replace(dropped_T=torch.arange(80) < 60)
    plane = figures_lab.lab_axes()[0]
    figures_lab.chosen_experts(plane, state.points, seen, state.router_ED, state.bias_E)
    assert plane.get_title("left") == "Expert 0: 80 of 80; dropped: 60"


def test_emptied_axes_do_not_gather_artists():
    axes = drawn_lab()[1]
    for _ in range(2):
        count = len(axes.patches), len(axes.texts), len(axes.lines), len(axes.containers)
        figures_lab.share_and_probability(figures_lab.emptied(axes), np.eye(4)[0], np.eye(4)[0])
        assert count == (len(axes.patches), len(axes.texts), len(axes.lines), len(axes.containers))


def test_the_land_is_the_routers_own_choice():
    chosen = EACH["bias"]
    state = toy_layer.train(toy_layer.start(chosen), chosen, 20)
    plane = figures_lab.lab_axes()[0]
    seen = toy_layer.observe(state, chosen)
    figures_lab.chosen_experts(plane, state.points, seen, state.router_ED, state.bias_E)
    owner, (low, high, *_) = np.asarray(plane.images[0].get_array()), plane.images[0].get_extent()
    side = np.linspace(low, high, len(owner))
    place = torch.tensor([[side[9], side[40], 1.0], [side[50], side[5], 1.0]]).float()
    routing = toy_layer.under_bias(switch(place @ state.router_ED.t()), state.bias_E)
    assert routing.expert_TK.flatten().tolist() == [owner[40, 9], owner[5, 50]]


@pytest.fixture(scope="module")
def lab():
    return balance_lab()


def button(panel, name):
    (found,) = (
        widget
        for row in panel.box.children
        for widget in getattr(row, "children", [])
        if isinstance(widget, ipywidgets.Button) and widget.description == name
    )
    return found


def test_controls_are_native_named_and_calm(lab):
    for name, control in lab.controls.items():
        assert isinstance(control, NATIVE) and control.description, name
        assert not ("Slider" in type(control).__name__ and control.continuous_update)


def test_static_output_is_a_small_strip(lab, monkeypatch):
    monkeypatch.setenv("MOE_STATIC", "1")
    bundle = lab._repr_mimebundle_()
    lines = bundle["text/plain"].splitlines()
    assert [line.split(":")[0] for line in lines] == list(lab.states)
    assert len(lab.states) == 4 and len(set(lines)) == len(lines)
    assert len(re.findall(r'<img alt="[^"]+"', bundle["text/html"])) == len(lines)
    assert len(base64.b64decode(bundle["image/png"])) < 60_000
    assert sum(map(len, bundle.values())) < 170_000


def test_the_button_trains_on_and_stops_at_the_end(lab):
    lab.move(**lab.start)
    more = button(lab, "50 steps")
    picture = lab.picture
    more.click()
    assert lab.controls["step"].value == AT_ONCE and lab.sentence.startswith("Step 50:")
    assert lab.picture != picture and 'role="status"' in lab._status.value
    lab.move(step=LAST)
    assert more.disabled
    button(lab, "Reset").click()
    assert lab.controls["step"].value == 0 and not more.disabled


def test_a_state_comes_back(lab):
    lab.move(**lab.states["Seats"])
    state, sentence, picture = lab.state, lab.sentence, lab.picture
    lab.move(**lab.start)
    lab.read(state)
    assert (lab.sentence, lab.picture) == (sentence, picture)
    assert "capacity=1" in state


def test_a_change_starts_again_and_says_so(lab):
    texts = [
        widget.value
        for row in lab.box.children
        for widget in getattr(row, "children", [])
        if isinstance(widget, ipywidgets.HTML)
    ]
    assert any("trains again from step 0" in text for text in texts)
    lab.move(**lab.start | {"step": 100})
    lab.controls["aux"].value = 0.3
    fresh = balance_lab()
    fresh.move(step=100, aux=0.3)
    assert lab.sentence == fresh.sentence


@pytest.mark.parametrize("name", ["Hot start", "Balance loss", "Bias", "Seats"])
def test_the_sentence_is_true(lab, name):
    values = lab.start | lab.states[name]
    lab.move(**values)
    capacity = None if values["capacity"] == "none" else float(values["capacity"])
    aux, init, noise, rate = (values[name] for name in ("aux", "init", "noise", "bias_rate"))
    chosen = ToySettings(aux, init, noise, capacity, rate)
    state = toy_layer.train(toy_layer.start(chosen), chosen, 200)
    outcome = toy_layer.forward(state, chosen)
    prob_TE = outcome.routing.logits_TE.softmax(-1).numpy()
    choice = outcome.routing.expert_TK[:, 0].numpy()
    f, P = np.bincount(choice, minlength=4) / 80, prob_TE.mean(0)
    said = [", ".join(f"{share:.2f}" for share in shares) for shares in (f, P)]
    assert f"f is {said[0]}, P {said[1]}: balance loss {4 * (f * P).sum():.2f}" in lab.sentence
    miss = outcome.guess_T.numpy() - state.points.target_T.numpy()
    assert f"Squared error {(miss**2).mean():.3f}." in lab.sentence
    dropped = np.setdiff1d(np.arange(80), outcome.visits.token_R.numpy())
    claim = f"{len(dropped)} of 80 points are dropped"
    assert (claim in lab.sentence) == (name == "Seats") == bool(len(dropped))
    moved = choice != prob_TE.argmax(1)
    claim = f"sends {moved.sum()} of 80 points past their most probable expert"
    assert (claim in lab.sentence) == (name == "Bias") == bool(moved.any())
    if moved.any():
        weight = prob_TE[moved, choice[moved]].mean()
        assert f"stay p: {weight:.2f} on average" in lab.sentence
    assert ("f counts and has no gradient" in lab.sentence) == (name == "Balance loss")


def test_nobody_is_dropped_where_seats_are_plenty(lab):
    lab.move(**lab.start | {"capacity": "2", "aux": 1.0, "step": 100})
    assert "40 seats: nobody is dropped" in lab.sentence


@pytest.mark.unwatched
def test_fifty_steps_and_a_drawing_take_little_more_than_the_gate_bench(lab):
    def seconds(control, values):
        taken = []
        for value in values:
            begin = time.process_time()
            control.value = value
            taken.append(time.process_time() - begin)
        return sorted(taken)[len(taken) // 2]

    bench, fresh = gate_bench(), balance_lab(seed=9)
    usual = seconds(bench.controls["k"], range(3, 8))
    assert seconds(fresh.controls["step"], range(AT_ONCE, 6 * AT_ONCE, AT_ONCE)) < 3 * usual
