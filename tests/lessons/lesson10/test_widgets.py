"""Panels of lesson 10 without a browser: set a control, look at picture, sentence and numbers."""

import base64
import re
from dataclasses import replace

import ipywidgets
import numpy as np
import pytest
import torch

from moe_lesson.lessons.lesson10.divergence import divergence
from moe_lesson.lessons.lesson10.interventions import ablate, everywhere, token_losses, with_k
from moe_lesson.lessons.lesson10.widget_interventions import expert_surgery
from moe_lesson.lessons.lesson10.widget_labels import who_sees_what
from moe_lesson.lessons.lesson10.widget_parallel import SHOWN, matched, parallel_story
from moe_lesson.lessons.lesson10.widget_paths import expert_paths
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.information import contingency_table, information
from moe_lesson.study.statistics import intervals
from moe_lesson.study.trace import documents, select, some_documents
from moe_lesson.study.trace import trace_ids as run
from moe_lesson.study.widgets.timelapse import time_lapse
from tests.planted import one_layer, planted
from tests.rules.panel_checks import (  # noqa: F401  pytest runs it on ``panel``
    test_every_state_can_be_copied_and_pasted,
)

NATIVE = (
    ipywidgets.IntSlider,
    ipywidgets.Dropdown,
    ipywidgets.Checkbox,
    ipywidgets.Text,
)
TRACE = planted()


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = Mixtral(replace(TINY, num_experts=8)).eval()
    for block in model.blocks:  # routers that decide, experts that matter
        block.feed_forward.router.score_ED.data.normal_(std=0.7)
        block.feed_forward.experts.down_EDF.data.normal_(std=2.0)
    model.unembed.weight.data.normal_(std=0.3)
    return model


@pytest.fixture(scope="module")
def own(model):
    few = some_documents(TRACE, 640)
    return run(model, few.id_T, few.tokens, few.labels)


@pytest.fixture(scope="module")
def labels_map():
    return who_sees_what(TRACE)


@pytest.fixture(scope="module")
def parallel():
    return parallel_story(TRACE)


@pytest.fixture(scope="module")
def timelapse():
    runs = {}
    for name, most in (("balanced", 2.0), ("free", 6.0)):
        strengths = (0.1, most / 2, most)
        runs[name] = [(100 * s, planted(docs=12, strength=s), {"loss": 4 - s}) for s in strengths]
    return time_lapse(runs)


@pytest.fixture(scope="module")
def surgery(model, own):
    return expert_surgery(model, own)


@pytest.fixture(scope="module")
def paths():
    return expert_paths(TRACE)


@pytest.fixture(params=["labels_map", "parallel", "timelapse", "surgery", "paths"])
def panel(request):
    panel = request.getfixturevalue(request.param)
    panel.move(**panel.start)
    return panel


def test_controls_are_native_and_have_words_as_labels(panel):
    for name, control in panel.controls.items():
        assert isinstance(control, NATIVE) and control.description, name


def test_static_output_is_the_strip_of_states(panel, monkeypatch):
    monkeypatch.setenv("MOE_STATIC", "1")
    bundle = panel._repr_mimebundle_()
    lines = bundle["text/plain"].splitlines()
    assert [line.split(":")[0] for line in lines] == list(panel.states)
    assert len(panel.states) in (3, 4) and len(set(lines)) == len(lines)
    assert len(base64.b64decode(bundle["image/png"])) < 60_000
    assert sum(map(len, bundle.values())) < 190_000


def test_every_panel_asks_first_and_can_be_reset(panel):
    line, guess = panel.box.children[:2]
    assert "Predict first" in line.value and isinstance(guess, ipywidgets.Text)
    words = [b.description for b in _inside(panel.box) if isinstance(b, ipywidgets.Button)]
    assert words == [*panel.states, "Reset"]


def _inside(box):
    """Yield a widget and all that it holds."""
    yield box
    for child in getattr(box, "children", ()):
        yield from _inside(child)


def test_slow_drawings_wait_until_the_slider_stops(labels_map, timelapse, surgery, paths):
    for panel in (labels_map, timelapse, surgery, paths):
        for control in panel.controls.values():
            assert not ("Slider" in type(control).__name__ and control.continuous_update)


@pytest.mark.parametrize("given", [False, True])
def test_the_map_says_what_numpy_says(labels_map, given):
    labels_map.move(layer=3, factor="language", given=given, show="lift (log2)", hide=True)
    known = ["token"] if given else []
    info = information(TRACE, "language", known, permutations=100).share()
    found = contingency_table(TRACE, "language", 3, known, permutations=100)
    outside = ((found.count < found.low) | (found.count > found.high)).sum()
    text = labels_map.sentence
    assert f"language explains {100 * info.bits_L[3]:.1f} % of H(E)" in text
    assert f"stay below {100 * info.high95_L[3]:.1f} %: more than chance" in text
    assert f"{outside} of 48 cells" in text and ("once the token id" in text) == given


def test_the_map_hides_what_shuffles_explain_and_every_control_counts(labels_map):
    labels_map.move(**labels_map.states["Inside the null"])
    assert "no more than chance. 0 of 24 cells" in labels_map.sentence
    pictures = set()
    for change in ({}, {"layer": 3}, {"factor": "pos"}, {"show": "lift (log2)"}, {"given": True}):
        labels_map.move(**labels_map.start | {"factor": "language"} | change)
        pictures.add(labels_map.picture)
    labels_map.move(**labels_map.start | {"factor": "pos", "sort": "name"})
    assert len(pictures | {labels_map.picture}) == 6
    assert "document" not in labels_map.controls["factor"].options


def test_parallel_words_are_paired_in_order():
    one = one_layer([0] * 5, concept=["a", "a", "", "b", "a"])
    other = one_layer([0] * 4, concept=["b", "", "a", "c"])
    assert matched(one, other) == [([0, 1], [2]), ([3], [0])]


def test_the_parallel_story_says_what_numpy_says(parallel):
    parallel.move(story="s0", one="en", other="de", layer=3, align=True)
    found = divergence(TRACE, "en", "de")
    assert f"en and de are {found.between_L[3]:.3f} bits apart" in parallel.sentence
    assert f"halves of one language {found.within_L[3]:.3f}" in parallel.sentence
    story, tongue = (np.asarray(TRACE.labels[name]) for name in ("story", "language"))
    two = [select(TRACE, (story == "s0") & (tongue == name)) for name in ("en", "de")]
    pairs = matched(*two)
    same = [two[0].expert_LTK[3, a[0], 0] == two[1].expert_LTK[3, b[0], 0] for a, b in pairs]
    assert f"{100 * np.mean(same):.0f} % of {len(pairs)} words" in parallel.sentence
    assert parallel.picture.count("<div style") == min(SHOWN, len(pairs))
    shown = re.findall(r"<sub>(\d)</sub>", parallel.picture)
    assert shown[0] == str(two[0].expert_LTK[3, pairs[0][0][0], 0])
    parallel.move(align=False)
    assert "<b>en</b>" in parallel.picture and "<b>de</b>" in parallel.picture
    parallel.move(other="en")
    assert parallel.sentence == "both languages are en: choose two"
    with pytest.raises(ValueError, match="two languages"):
        parallel_story(select(TRACE, tongue == "en"))


def test_the_film_plays_and_says_what_numpy_says(timelapse):
    timelapse.move(run="free", layer=3, checkpoint=2, show="load shares")
    seen = planted(docs=12, strength=6.0)
    load = np.bincount(seen.expert_LTK[3].ravel(), minlength=8) / 1200
    assert f"expert {load.argmax()} takes {100 * load.max():.0f} % of visits" in timelapse.sentence
    assert "step 600" in timelapse.sentence and timelapse.sentence.endswith("loss: -2.")
    pictures = set()
    for show in timelapse.controls["show"].options:
        for checkpoint in range(3):
            timelapse.move(show=show, checkpoint=checkpoint)
            pictures.add(timelapse.picture)
    assert len(pictures) == 9
    plays = [one for one in _inside(timelapse.box) if isinstance(one, ipywidgets.Play)]
    assert len(plays) == 1 and timelapse.play_link.target[0] is timelapse.controls["checkpoint"]


def test_a_film_of_loads_alone_has_one_view():
    shares = np.full((2, 4), 0.25)
    film = time_lapse({"only": [(0, shares), (9, shares)]})
    assert film.controls["show"].options == ("load shares",) and "undecided" not in film.sentence
    assert "expert 0 takes 25 % of visits (even: 25.0 %)" in film.sentence
    assert "layer" in film.controls
    alone = time_lapse({"only": [(0, shares[:1]), (9, shares[:1])]})
    assert "layer" not in alone.controls and "layer 0" in alone.sentence
    with pytest.raises(ValueError, match="fewer than two"):
        time_lapse({"only": [(0, shares)]})


def test_surgery_says_what_numpy_says(surgery, model, own):
    plain, document = token_losses(model, own.id_T), documents(own)
    for k in (2, 1):
        surgery.move(layer=1, action="mask", experts_text="3", k=k, by="language")
        around = everywhere(model, with_k(1)) if k == 1 else {}

        def intervened(expert, around=around):
            def cut(route, id_T):
                inner = ablate([expert])(route, id_T)
                return around[1](inner, id_T) if around else inner

            return token_losses(model, own.id_T, around | {1: cut}) - plain

        whole = intervals(intervened(3), document)["all"]
        others = np.mean([intervened(each) for each in range(8) if each != 3], axis=0)
        ours = surgery.sentence.replace("\u2212", "-")
        assert f"changes by {whole.mean:+.3f} nats" in ours
        assert f"{whole.low:+.3f} to {whole.high:+.3f}" in ours
        assert f"with other experts: {np.nanmean(others):+.3f}" in ours
        top = max(
            set(own.labels["language"]),
            key=lambda name: np.nanmean(intervened(3)[np.asarray(own.labels["language"]) == name]),
        )
        assert f"costs most for {top}" in ours
    assert np.array_equal(token_losses(model, own.id_T), plain, equal_nan=True)


def test_surgery_explains_what_cannot_be(surgery):
    surgery.move(action="mask", experts_text="9", k=2)
    assert surgery.sentence == "experts are '9': type numbers from 0 to 7, with spaces"
    surgery.move(experts_text="0 1 2 3 4 5 6")
    assert surgery.sentence == "1 experts are left: a token visits 2"
    surgery.move(action="force", experts_text="0,1 2")
    assert "3 experts cannot be forced" in surgery.sentence
    for action in ("hash router", "random router", "leave"):
        surgery.move(action=action)
        assert "with other experts" not in surgery.sentence and "changes by" in surgery.sentence
    with pytest.raises(ValueError, match="up to 1024"):
        expert_surgery(None, TRACE)


def test_a_sample_is_written_before_and_after(model, own):
    def sample(model):
        with torch.no_grad():
            return f"<{model(torch.tensor([[5, 6]])).routings[1].expert_TK.shape[1]}>"

    panel = expert_surgery(model, own, sample)
    panel.move(action="leave", k=1)
    assert panel.picture.index("&lt;2&gt;") < panel.picture.index("&lt;1&gt;")
    panel.move(action="hash router")
    assert "no sample" in panel.picture and "image/png" in panel._repr_mimebundle_()


def test_paths_say_what_numpy_says(paths):
    paths.move(tokens="homograph: pan", colour="first expert", top=3, last=3)
    chosen = np.asarray(TRACE.labels["homograph"]) == "pan"
    path = TRACE.expert_LTK[:, chosen, 0].T
    count = np.sort(np.unique(path, axis=0, return_counts=True)[1])[::-1]
    share = 100 * count[:3].sum() / len(path)
    assert f"{len(path)} tokens take {len(count)} paths; the 3 shown hold {share:.0f} %" in (
        paths.sentence
    )
    names = np.asarray(TRACE.labels["language"])[chosen]
    one, other = re.search(r"loads of (\w+) and (\w+) overlap", paths.sentence).groups()
    loads = [np.bincount(path[names == name, 3], minlength=8) for name in (one, other)]
    overlap = 100 * np.minimum(*[load / load.sum() for load in loads]).sum()
    assert f"{overlap:.0f} % in layer 3" in paths.sentence
    first = paths.picture
    paths.move(colour="language")
    assert paths.picture != first
    paths.move(last=1)
    assert "in layer 1" in paths.sentence
    with pytest.raises(ValueError, match="2 or more"):
        expert_paths(one_layer([0, 1]))
