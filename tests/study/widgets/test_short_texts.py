"""Readers' texts and choices at their ends: no "nan" is said, no panel stops."""

import os
import random
import re
import warnings

import ipywidgets
import numpy as np
import pytest

from moe_lesson.lessons.lesson10.divergence import divergence
from moe_lesson.lessons.lesson10.widget_interventions import expert_surgery
from moe_lesson.lessons.lesson10.widget_labels import who_sees_what
from moe_lesson.lessons.lesson10.widget_parallel import parallel_story
from moe_lesson.lessons.lesson10.widget_paths import expert_paths
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.figures.frame import new_axes
from moe_lesson.study.figures.routing import expert_load, routing_strip
from moe_lesson.study.statistics import intervals
from moe_lesson.study.trace import RoutingTrace, trace_ids, trace_text
from moe_lesson.study.widgets.explorer import Explorer
from moe_lesson.study.widgets.router_bench import gate_bench
from moe_lesson.study.widgets.timelapse import time_lapse
from moe_lesson.study.widgets.view import View
from moe_lesson.study.widgets.xray import MODES, MOST, sentence_xray
from moe_lesson.text.tokenizer import train_tokenizer

NO_NUMBER = re.compile(r"\b(nan|inf|None)\b")
# Layers, tokens, experts, experts a token.
SIZES = [(1, 1, 2, 1), (1, 3, 8, 2), (2, 1, 8, 2), (3, 2, 1, 1), (2, 9, 2, 1), (2, 5, 40, 40)]
each_size = pytest.mark.parametrize("size", SIZES, ids=str)


def routed(size, seed=0, **labels):
    """Make a trace of random choices; a label's values are taken in turn."""
    L, T, E, K = size
    score_LTE = np.random.default_rng(seed).normal(size=(L, T, E)) * 3
    prob_LTE = np.exp(score_LTE) / np.exp(score_LTE).sum(-1, keepdims=True)
    expert_LTK = np.argsort(-prob_LTE, -1, kind="stable")[..., :K]
    weight_LTK = np.take_along_axis(prob_LTE, expert_LTK, -1)
    weight_LTK = weight_LTK / weight_LTK.sum(-1, keepdims=True)
    id_T = np.arange(T) % 5
    known = {name: [values[at % len(values)] for at in range(T)] for name, values in labels.items()}
    return RoutingTrace([f" t{one}" for one in id_T], id_T, expert_LTK, weight_LTK, prob_LTE, known)


def ends(control):
    """Return the first, the last and a middle value that a control can take."""
    if isinstance(control, ipywidgets.FloatLogSlider):
        return [control.base**control.min, 1.0, control.base**control.max]
    if hasattr(control, "options"):
        return list(control.options)
    if isinstance(control, ipywidgets.Checkbox):
        return [False, True]
    if isinstance(control, ipywidgets.Text):
        return [control.value, "", " ", "a", "zzz 9", "0 1 2 3 4 5 6 7", "-1", "²", "9" * 30]
    return [control.min, type(control.value)((control.min + control.max) / 2), control.max]


def drive(panel, times=4):
    """Move a panel to the ends of its controls and elsewhere; then show it without a kernel."""
    choices = {name: ends(control) for name, control in panel.controls.items()}
    draw = random.Random(0).choice
    places = [{name: values[end] for name, values in choices.items()} for end in (0, -1)]
    places += [{name: draw(values) for name, values in choices.items()} for _ in range(times)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for place in places:
            panel.move(**place)
            text = panel.picture if isinstance(panel.picture, str) else ""
            assert not NO_NUMBER.search(panel.sentence + text), (place, panel.sentence)
        for still in ("", "1"):
            os.environ["MOE_STATIC"] = still
            try:
                assert not NO_NUMBER.search(panel._repr_mimebundle_()["text/plain"])
            finally:
                del os.environ["MOE_STATIC"]


@pytest.fixture(scope="module")
def tiny():
    return Mixtral(TINY)


@pytest.fixture(scope="module")
def words():
    return train_tokenizer(["a day, one word after the other " * 9], TINY.vocab_size)


@each_size
def test_the_xray_reads_the_smallest_traces(size):
    drive(sentence_xray(routed(size)))


def test_one_token_is_said_to_be_one(tiny, words):
    panel = sentence_xray(trace_text(tiny, words, "one day"), tiny, words)
    panel.controls["text"].value = "a"
    assert panel.sentence.startswith("Layer 0: the text is one token; none went before it. Token 0")
    title = routing_strip(new_axes(shown=False), ["a"], np.zeros((2, 1), int)).get_title("left")
    assert title == "1 token: where it goes, layer by layer; none went before it"


@pytest.mark.parametrize(
    "text",
    ["a", " ", "   ", "\n", "\t", "\r\n", "\0", "\x1b[31m", "\u202eabc", "👩\u200d👧", "漢", "$x$"]
    + ["<script>x</script>", "&amp;", "'\"", "\ufeffa", "a\u2028b", "x" * 700],
)
def test_any_text_is_read(tiny, words, text):
    panel = sentence_xray(trace_text(tiny, words, "one day"), tiny, words)
    for mode in MODES:
        for layer in range(TINY.n_layers):
            panel.move(text=text, mode=mode, layer=layer, token=9999)
            assert panel.sentence.startswith(f"Layer {layer}: ")
            assert not NO_NUMBER.search(panel.sentence)
            assert "<script>" not in panel.picture


def test_a_text_longer_than_the_context_is_read_whole(tiny, words):
    text = "a " * (TINY.context_len + 5)
    assert len(trace_text(tiny, words, text).tokens) > TINY.context_len


@pytest.mark.parametrize(
    "text, cause",
    [("\ud800", "the text holds half a character"), ("x" * (MOST + 1), "your text has 4,001 char")],
)
def test_a_text_that_cannot_be_shown_is_refused_and_the_picture_stays(tiny, words, text, cause):
    panel = sentence_xray(trace_text(tiny, words, "one day"), tiny, words)
    before = panel.picture
    panel.controls["text"].value = text
    assert panel.sentence.startswith(cause) and panel.picture == before


LABELS = {
    "language": ["en", "de", "fr"],
    "pos": ["noun", "verb", ""],
    "concept": ["a", "", "b"],
    "story": ["1"],
    "register": ["", "plain"],
}


@pytest.mark.parametrize("labels", [{}, LABELS], ids=["bare", "labelled"])
@pytest.mark.parametrize("size", [size for size in SIZES if size[0] > 1], ids=str)
def test_paths_are_drawn_for_the_smallest_traces(size, labels):
    drive(expert_paths(routed(size, **labels)))


@pytest.mark.parametrize("size", [size for size in SIZES if size[1] > 1 < size[2]], ids=str)
def test_labels_are_drawn_for_the_smallest_traces(size):
    drive(who_sees_what(routed(size, **LABELS)), times=2)


@pytest.mark.parametrize("concept", [["a", "", "b"], ["a"], [""]], ids=str)
@pytest.mark.parametrize("size", [size for size in SIZES if size[1] > 1], ids=str)
def test_parallel_stories_are_drawn_for_the_smallest_traces(size, concept):
    drive(parallel_story(routed(size, **LABELS | {"concept": concept})))


@each_size
def test_the_smallest_films_play(size):
    film = [(step, routed(size, seed=step)) for step in range(3)]
    drive(time_lapse({"three": film, "two": film[:2]}))


def test_a_triangle_is_offered_from_three_experts_on():
    def shown(experts):
        film = [(step, routed((1, 4, experts, 1))) for step in (0, 1)]
        return len(time_lapse({"run": film}).controls["show"].options)

    assert [shown(1), shown(2), shown(3)] == [1, 2, 3]


def test_a_number_that_is_none_is_said_to_be():
    half, one = [[0.5, 0.5]], [[0.0, 1.0]]
    film = [(0, half, {"loss": float("nan")}), (5, one, {"loss": None})]
    panel = time_lapse({"run": film})
    for checkpoint in (0, 1):
        panel.move(checkpoint=checkpoint)
        assert panel.sentence.endswith(" loss: no finite number.")


@pytest.mark.parametrize(
    "scores",
    [[0.3], [1, 2, 3], [1e29, 0, -1e38], [-np.inf, 0.0, 1.0], range(64), [0.0] * 8],
    ids=["one", "whole", "huge", "masked", "many", "zeros"],
)
def test_the_router_bench_takes_extreme_scores(scores):
    panel = gate_bench(np.array(scores), chances=True)
    panel.move(token="from model", k=1)
    drive(panel)


def test_interventions_on_one_document_name_no_interval(tiny):
    trace = trace_ids(tiny, list(range(5, 35)))
    known = routed((1, 30, 2, 1), language=["en", "de"], pos=["noun", "verb", ""]).labels
    panel = expert_surgery(tiny, trace._replace(labels=known))
    drive(panel, times=3)
    panel.move(action="mask", experts_text="0", k=TINY.top_k)
    assert "(one document: no interval)" in panel.sentence


def test_labels_without_a_value_are_named(tiny):
    known = routed((1, 9, 2, 1), language=[""], pos=[""]).labels
    panel = expert_surgery(tiny, trace_ids(tiny, range(9))._replace(labels=known))
    assert panel.sentence == "no token has a loss and a label: language and part of speech"
    assert intervals(np.zeros(2), np.zeros(2), ["", ""]) == {}


def test_a_film_of_one_step_has_a_width():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        axes = expert_load(new_axes(shown=False), [7], [[0.75, 0.25]])
    assert axes.get_xlim()[0] < axes.get_xlim()[1]


def film(*steps):
    return {"run": [(step, [[0.5, 0.5]]) for step in steps]}


@pytest.mark.parametrize(
    "make, cause",
    [
        (lambda: gate_bench(np.array([])), r"the shape \(0,\): one row"),
        (lambda: gate_bench(np.array([np.nan, 0.0])), "their largest must be a number"),
        (lambda: gate_bench(np.array([np.inf, 0.0])), "their largest must be a number"),
        (lambda: gate_bench(np.array([-np.inf, -np.inf])), "their largest must be a number"),
        (lambda: time_lapse({}), "there are 0 runs"),
        (lambda: time_lapse(film(0)), "'run' has fewer than two checkpoints"),
        (lambda: time_lapse(film(4, 4)), r"steps \[4, 4\]: they must grow"),
        (lambda: expert_paths(routed((1, 3, 2, 1))), "a path needs 2 or more"),
        (lambda: who_sees_what(routed((2, 3, 1, 1), **LABELS)), "there is 1 expert"),
        (lambda: who_sees_what(routed((2, 1, 2, 1), **LABELS)), "no label has two values"),
        (lambda: parallel_story(routed((2, 3, 2, 1))), "lacks the labels story, language, concept"),
        (lambda: expert_surgery(Mixtral(TINY), routed((2, 1, 4, 2))), "has 1 tokens"),
        (lambda: expert_surgery(Mixtral(TINY), routed((2, 9, 4, 2))), "lacks the labels language"),
        (
            lambda: divergence(routed((1, 3, 2, 1), **LABELS), "en", "de", align=None),
            "no token is in both halves",
        ),
    ],
)
def test_what_cannot_be_shown_is_named(make, cause):
    with pytest.raises(ValueError, match=cause):
        make()


@pytest.mark.parametrize("state", ["tau=nan", "noise=inf", "k=2.5", "order=none", "zzz=1", "'"])
def test_a_state_that_no_control_can_take_is_refused(state):
    panel = gate_bench()
    before = panel.state, panel.picture
    with pytest.raises(ValueError, match="this state cannot be read"):
        panel.read(state)
    assert (panel.state, panel.picture) == before


def test_a_box_is_ticked_by_true_and_false_alone():
    panel = Explorer(lambda on: View("", f"{on}"), {"on": ipywidgets.Checkbox(False)}, {})
    panel.read("on=True")
    assert panel.sentence == "True"
    with pytest.raises(ValueError, match="this state cannot be read"):
        panel.read("on=maybe")
    assert panel.sentence == "True"


def test_a_panel_that_can_show_nothing_says_why_without_a_kernel(monkeypatch):
    def never(on):
        raise ValueError("there is nothing to show")

    for poster in (None, lambda: never(True)):
        panel = Explorer(never, {"on": ipywidgets.Checkbox(False)}, {"One": {}}, poster=poster)
        for static in ("", "1"):
            monkeypatch.setenv("MOE_STATIC", static)
            bundle = panel._repr_mimebundle_()
            assert bundle["text/plain"].endswith("there is nothing to show")
            assert bundle["image/png"]
