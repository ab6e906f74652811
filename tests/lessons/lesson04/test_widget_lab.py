"""The balance lab: its figures, its controls, its sentence."""

import base64
import re
import time

import ipywidgets
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from moe_lesson.lessons.lesson04 import figures_lab, toy_layer
from moe_lesson.lessons.lesson04.toy_layer import ToySettings
from moe_lesson.lessons.lesson04.widget_lab import AT_ONCE, LAST, balance_lab
from moe_lesson.moe.routing import switch
from moe_lesson.study.figures import frame, routing
from moe_lesson.study.widgets.router_bench import gate_bench
from tests.lessons.lesson04.lab_settings import EACH, HOT

NATIVE = (
    ipywidgets.IntSlider,
    ipywidgets.FloatSlider,
    ipywidgets.SelectionSlider,
    ipywidgets.Dropdown,
)


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
