"""Both widgets of lesson 13 without a browser: controls, sentences and numbers."""

import ipywidgets
import numpy as np
import pytest

from moe_lesson.lessons.lesson13.caches import play
from moe_lesson.lessons.lesson13.widget_cache import SHOWN, cache_player
from moe_lesson.lessons.lesson13.widget_serving import board
from moe_lesson.study.trace import RoutingTrace
from tests.rules.panel_checks import (  # noqa: F401  pytest runs it on ``panel``
    each_control_changes_the_picture,
    test_every_state_can_be_copied_and_pasted,
    test_static_output_is_the_strip_of_states,
)

NATIVE = (ipywidgets.IntSlider, ipywidgets.Dropdown, ipywidgets.SelectionSlider)


def trace(seed, tokens=40):
    random = np.random.default_rng(seed)
    expert_LTK = random.random((4, tokens, 8)).argsort(-1)[..., :2]
    names = [f"t{n}" for n in range(tokens)]
    return RoutingTrace(names, np.arange(tokens), expert_LTK, None, np.ones((4, tokens, 8)) / 8)


TRACES = {"one": trace(0), "other": trace(1), "short": trace(2, tokens=5)}
CHANGES = {
    "board": {"model": "Mistral 7B", "batch": 4, "context": 4096, "bits": 8, "device": "two H200"},
    "player": {"text": "other", "layer": 0, "slots": 3, "policy": "first in", "token": 4},
}


@pytest.fixture(scope="module", params=["board", "player"])
def panel(request):
    made = board() if request.param == "board" else cache_player(TRACES)
    made.name = request.param
    return made


def test_controls_are_native_and_each_changes_what_is_shown(panel):
    each_control_changes_the_picture(panel, CHANGES[panel.name], NATIVE)


@pytest.mark.parametrize(
    "moves, said",
    [
        ({"device": "H200", "context": 0}, ["93.4 of 141 GB", "at most 188 tokens a second"]),
        ({"device": "H100"}, ["no room, 93.5 of 80 GB wanted"]),
        ({"batch": 256, "context": 4096, "bits": 2}, ["reading the cache is the limit"]),
        ({"batch": 1024, "context": 0}, ["reading weights is the limit"]),
        ({"model": "Mistral 7B", "batch": 1024, "context": 0}, ["arithmetic is the limit"]),
    ],
)
def test_the_board_says_room_rate_and_limit(moves, said):
    panel = board()
    panel.move(**moves)
    assert all(part in panel.sentence for part in said), panel.sentence


def test_a_context_that_a_model_does_not_hold_is_refused():
    panel = board()
    panel.move(model="Llama 2 70B", context=16384)
    assert panel.sentence == "16,384 positions: Llama 2 70B holds up to 4,096"


def test_the_player_says_what_the_cache_does():
    panel = cache_player(TRACES)
    panel.move(layer=2, slots=3, policy="least often", token=7)
    steps = play(TRACES["one"].expert_LTK[2, :SHOWN], 3, "least often")
    hits = sum(len(one.hits) for one in steps[:8])
    assert panel.sentence.startswith("Token 7, 't7': visits ")
    assert panel.sentence.endswith(f"So far {hits} of 16 visits hit.")
    for one in steps[7].loaded:
        assert str(one) in panel.sentence.split("come")[0].rsplit(".", 1)[-1]


def test_a_short_text_ends_where_it_ends():
    panel = cache_player(TRACES)
    panel.move(text="short", token=20)
    assert panel.sentence.startswith("Token 4, 't4'")
