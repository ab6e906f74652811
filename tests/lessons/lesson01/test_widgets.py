"""The territory map and the tug of war: controls, pictures, and sentences with true numbers."""

import base64
import re

import ipywidgets
import numpy as np
import pytest

from moe_lesson.lessons.lesson01.widget_territory import (
    MOMENTS,
    film_scene,
    four_squares,
    territory_map,
)
from moe_lesson.lessons.lesson01.widget_tug_of_war import LOSSES, tug_of_war
from moe_lesson.mixtures import local

NATIVE = (
    ipywidgets.FloatSlider,
    ipywidgets.SelectionSlider,
    ipywidgets.BoundedIntText,
    ipywidgets.Dropdown,
)


@pytest.fixture(scope="module")
def scenes():
    squares = four_squares(points=60)
    return {f"{n} experts": film_scene(*squares, n, step=8.0) for n in (2, 3)}


@pytest.fixture(scope="module")
def territory(scenes):
    return territory_map(scenes)


@pytest.fixture(scope="module")
def rope():
    return tug_of_war()


@pytest.fixture(params=["territory", "rope"])
def panel(request):
    panel = request.getfixturevalue(request.param)
    panel.move(**panel.start)
    return panel


def test_controls_are_native_named_and_calm(panel):
    for name, control in panel.controls.items():
        assert isinstance(control, NATIVE) and control.description, name
        assert not ("Slider" in type(control).__name__ and control.continuous_update)


def test_static_output_is_a_small_strip(panel, monkeypatch):
    monkeypatch.setenv("MOE_STATIC", "1")
    bundle = panel._repr_mimebundle_()
    lines = bundle["text/plain"].splitlines()
    assert [line.split(":")[0] for line in lines] == list(panel.states)
    assert len(panel.states) in (3, 4) and len(set(lines)) == len(lines)
    assert len(re.findall(r'<img alt="[^"]+"', bundle["text/html"])) == len(lines)
    assert len(base64.b64decode(bundle["image/png"])) < 60_000


def test_a_state_comes_back(panel):
    last = list(panel.states.values())[-1]
    panel.move(**last)
    state, sentence = panel.state, panel.sentence
    panel.move(**panel.start)
    panel.read(state)
    assert panel.sentence == sentence


def test_play_moves_the_slider_and_nothing_else(territory):
    territory.move(**territory.start)
    (play,) = (
        widget
        for row in territory.box.children
        for widget in getattr(row, "children", [])
        if isinstance(widget, ipywidgets.Play)
    )
    assert play.min == 0 and play.max == len(MOMENTS) - 1 and play.description
    before = territory.picture
    play.value = 8
    assert territory.controls["epoch"].value == MOMENTS[8]
    assert f"epoch {MOMENTS[8]}:" in territory.sentence and territory.picture != before
    territory.controls["epoch"].value = MOMENTS[3]
    assert play.value == 3


def test_the_maps_sentence_is_true(territory, scenes):
    territory.move(task="3 experts", epoch=1000, show="owner", points="test")
    scene = scenes["3 experts"]
    unheard = ~scene.train_T
    out = local.forward(scene.film[1000], scene.x_TD[unheard], local.logistic)
    said, wanted = local.blend(out)[0, :, 0] > 0.5, scene.target_TV[unheard, 0] > 0.5
    assert f"{100 * (said == wanted).mean():.1f} % right" in territory.sentence
    owner = out.prob_BTE[0].argmax(1)
    for expert in np.unique(owner):
        assert f"{expert} owns {100 * (owner == expert).mean():.0f} %" in territory.sentence
    many = (out.prob_BTE[0].max(0) > 0.1).sum()
    assert f"{many} of 3 experts reach" in territory.sentence


def test_before_training_nobody_owns(territory):
    territory.move(**territory.start)
    assert "the router gives each expert 0.5 of every point" in territory.sentence


def test_every_view_has_its_own_picture(territory):
    seen = set()
    for show in territory.controls["show"].options:
        territory.move(task="3 experts", epoch=1000, show=show, expert=1, points="train")
        seen.add(territory.picture)
    assert len(seen) == 4


def test_an_expert_that_is_not_there_is_explained(territory):
    territory.move(task="2 experts", show="probability", expert=5)
    assert territory.sentence == "2 experts has experts 0 to 1"


def test_two_lines_and_a_router_solve_the_squares(scenes):
    scene = scenes["2 experts"]
    out = local.forward(scene.film[1000], scene.x_TD[scene.train_T], local.logistic)
    right = (local.blend(out)[0] > 0.5) == (scene.target_TV[scene.train_T] > 0.5)
    assert right.mean() > 0.9


def derivative(loss, d, guesses, prob, by=1e-6):
    """Differentiate an error function by moving each guess a little."""

    def value(guesses):
        p, o = np.array([prob, 1 - prob]), np.array(guesses)
        return {
            "1.1 cooperative": (d - p @ o) ** 2,
            "1.2 competitive": p @ (d - o) ** 2,
            "1.3 likelihood": -np.log(p @ np.exp(-((d - o) ** 2) / 2)),
        }[loss]

    one, other = guesses
    return [
        (value((one + by, other)) - value((one - by, other))) / (2 * by),
        (value((one, other + by)) - value((one, other - by))) / (2 * by),
    ]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("place", [(0.0, -1.0, 2.0, 0.5), (1.5, -3.0, 4.0, 0.2)])
def test_the_tugs_sentence_is_true(rope, loss, place):
    target, *guesses, prob = place
    rope.move(loss=loss, target=target, guess0=guesses[0], guess1=guesses[1], prob=prob)
    found = [float(number) for number in re.findall(r"by ([+-]\d+\.\d\d)", rope.sentence)[:2]]
    wanted = [-slope for slope in derivative(loss, target, guesses, prob)]
    assert np.allclose(found, wanted, atol=0.006)
    error = (target - np.array(guesses)) ** 2
    weight = np.array([prob, 1 - prob]) * np.exp(-error / 2)
    assert f"p = {prob:.2f}, h = {(weight / weight.sum())[0]:.2f}" in rope.sentence


def test_cooperation_drags_the_better_expert_away(rope):
    rope.move(**rope.states["Cooperation"])
    assert "expert 0 is pulled by -0.50" in rope.sentence  # from -1, away from the target at 0
