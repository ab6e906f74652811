"""Panels without a browser: set a control, look at picture, sentence and numbers."""

import base64
import inspect
import io
import re

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

from moe_lesson.lessons.lesson08 import widget_parameters
from moe_lesson.lessons.lesson08.widget_parameters import parts
from moe_lesson.models.config import MISTRAL_7B, MIXTRAL_8X7B, SMALL, TINY, Config
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trace import trace_text
from moe_lesson.study.widgets.explorer import Explorer
from moe_lesson.study.widgets.router_bench import ORDERS, TOKENS, gate_bench
from moe_lesson.study.widgets.view import View
from moe_lesson.study.widgets.xray import sentence_xray
from moe_lesson.text.tokenizer import train_tokenizer

TEXT = "the router sends each token to two of the experts\nand adds what they say"
NATIVE = (
    ipywidgets.IntSlider,
    ipywidgets.FloatSlider,
    ipywidgets.FloatLogSlider,
    ipywidgets.BoundedIntText,
    ipywidgets.Dropdown,
    ipywidgets.Text,
)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([TEXT], 300)


@pytest.fixture(scope="module")
def xray(tokenizer):
    torch.manual_seed(0)
    model = Mixtral(TINY).eval()
    return sentence_xray(trace_text(model, tokenizer, TEXT), model, tokenizer)


@pytest.fixture(scope="module")
def bench():
    return gate_bench()


@pytest.fixture(scope="module")
def noisy():
    return gate_bench(chances=True)


@pytest.fixture(scope="module")
def ledger():
    return widget_parameters.ledger()


@pytest.fixture(params=["bench", "noisy", "ledger", "xray"])
def panel(request):
    panel = request.getfixturevalue(request.param)
    panel.move(**panel.start)
    return panel


def doubling():
    """Build a panel with one control of each kind of value."""

    def view(number, share, name):
        if number == 3:
            raise ValueError("number is 3: it must not be")
        return View(f"<b>{number * share}</b>", f"{name}: {number * share:.1f}")

    controls = {
        "number": ipywidgets.IntSlider(1, 0, 9),
        "share": ipywidgets.FloatSlider(0.5, min=0, max=1),
        "name": ipywidgets.Dropdown(options=["a b", "c"]),
    }
    return Explorer(view, controls, {"Far": {"number": 8}}, "How far?")


def test_a_moved_control_redraws():
    panel = doubling()
    panel.controls["number"].value = 4
    assert panel.sentence == "a b: 2.0" and panel.picture == "<b>2.0</b>"
    assert 'role="status"' in panel._status.value and panel.sentence in panel._status.value


def test_a_state_can_be_copied_and_pasted():
    panel = doubling()
    panel.move(number=5, share=0.25, name="c")
    state = panel.state
    assert state == "number=5 share=0.25 name=c"
    panel.move(**panel.start)
    assert panel.state == "number=1 share=0.5 name='a b'" == panel._state.value
    panel._state.value = state
    assert panel.state == state and panel.sentence == "c: 1.2"


@pytest.mark.parametrize("bad", ["number=x", "other=1", "number=4 name=q", "number='"])
def test_a_wrong_state_changes_nothing_and_says_so(bad):
    panel = doubling()
    before = panel.state
    panel._state.value = bad
    assert "cannot be read" in panel.sentence and panel.state == before


def test_an_impossible_value_is_explained_and_the_picture_stays():
    panel = doubling()
    picture = panel.picture
    panel.controls["number"].value = 3
    assert panel.sentence == "number is 3: it must not be" and panel.picture == picture


def test_buttons_go_to_named_states_and_back():
    panel = doubling()
    buttons = {
        widget.description: widget
        for row in panel.box.children
        for widget in getattr(row, "children", [])
        if isinstance(widget, ipywidgets.Button)
    }
    assert list(buttons) == ["Far", "Reset"]
    buttons["Far"].click()
    assert panel.controls["number"].value == 8
    buttons["Reset"].click()
    assert panel.controls["number"].value == 1


def test_a_panel_asks_before_it_shows():
    line, guess = doubling().box.children[:2]
    assert "How far?" in line.value and isinstance(guess, ipywidgets.Text)


def test_controls_are_native_and_have_words_as_labels(panel):
    for name, control in panel.controls.items():
        assert isinstance(control, NATIVE) and control.description, name


def test_static_output_is_the_strip_of_states(panel, monkeypatch):
    monkeypatch.setenv("MOE_STATIC", "1")
    bundle = panel._repr_mimebundle_()
    assert bundle == panel._repr_mimebundle_()
    assert set(bundle) == {"image/png", "text/plain", "text/html"}
    lines = bundle["text/plain"].splitlines()
    assert [line.split(":")[0] for line in lines] == list(panel.states)
    assert len(panel.states) in (3, 4) and len(set(lines)) == len(lines)
    assert bundle["text/html"].count("<figcaption>") == len(lines)
    images = re.findall(r'<img alt="([^"]+)"', bundle["text/html"])
    assert not images or len(images) == len(lines)
    assert len(base64.b64decode(bundle["image/png"])) < 60_000
    assert sum(map(len, bundle.values())) < 130_000


def test_live_output_carries_its_own_fallback(panel, monkeypatch):
    monkeypatch.delenv("MOE_STATIC", raising=False)
    bundle = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == panel.sentence
    Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).verify()


def gate_by_hand(logits, k, order):
    """Compute weights in NumPy, the slow and obvious way."""
    share = np.exp(logits) / np.exp(logits).sum()
    score = 1 / (1 + np.exp(-logits)) if order.startswith("sigmoid") else share
    weight = np.where(score >= np.sort(score)[-k], score, 0)
    return share, weight if order == "softmax, top-k" else weight / weight.sum()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("token, tau, k", [("torn", 1.0, 2), ("confident", 2.5119, 3)])
def test_gate_bench_against_numpy(bench, order, token, tau, k):
    bench.move(token="flat", k=1)
    before = bench.picture
    bench.move(token=token, tau=tau, k=k, order=order)
    share, weight = gate_by_hand(np.array(TOKENS[token]) / tau, k, order)
    kept = np.flatnonzero(weight)
    bits = -(share * np.log2(share)).sum()
    assert f"entropy {bits:.2f} of 3 bits" in bench.sentence
    assert f"experts {', '.join(map(str, kept))}, which hold {100 * share[kept].sum():.0f} %" in (
        bench.sentence
    )
    assert f"sum to {weight.sum():.2f}" in bench.sentence
    assert ("shrinks" in bench.sentence) == (order == "softmax, top-k")
    assert isinstance(bench.picture, bytes) and bench.picture != before


def test_two_orders_draw_one_picture(bench):
    bench.move(**bench.start)
    pictures = []
    for order in ("top-k, softmax", "softmax, top-k, renormalise", "softmax, top-k"):
        bench.move(order=order)
        pictures.append(bench.picture)
    assert pictures[0] == pictures[1] != pictures[2]


def test_noise_is_drawn_from_its_seed(bench):
    seen = {}
    for draw in (1, 2, 1):
        bench.move(noise=2.0, draw=draw)
        assert seen.setdefault(draw, bench.picture) == bench.picture
    assert seen[1] != seen[2]
    bench.move(**bench.states["Noise on a near tie"])
    assert "Noise changed the choice: without it, 0." in bench.sentence


@pytest.mark.parametrize("k", [1, 2])
def test_chances_against_numpy(noisy, k):
    noisy.move(token="torn", tau=2.0, k=k, noise=0.5, order="top-k, softmax")
    said = dict(re.findall(r"expert (\d) in (\d+) %", noisy.sentence.split("Over 2,000")[1]))
    scores = np.array(TOKENS["torn"]) + 0.5 * np.random.default_rng(1).standard_normal((100_000, 8))
    chance = np.bincount(np.argsort(-scores)[:, :k].ravel(), minlength=8) / len(scores)
    assert len(said) == k + 1
    for expert, share in said.items():
        # Four standard deviations of a share of 2,000 draws, and half a per cent of rounding.
        assert abs(int(share) - 100 * chance[int(expert)]) < 4 * 100 * 0.5 / 2000**0.5 + 0.5


def test_chances_do_not_depend_on_the_draw_and_need_noise(noisy, bench):
    odds = set()
    for panel in (noisy, bench):
        panel.move(**panel.start)
    for draw in (1, 2, 3):
        noisy.move(token="torn", k=1, noise=0.5, draw=draw)
        odds.add(noisy.sentence.split("Over")[1])
    assert len(odds) == 1
    bench.move(token="torn", k=1, noise=0.5, draw=3)
    assert noisy.sentence.startswith(bench.sentence) and "draws" not in bench.sentence
    assert noisy.picture != bench.picture
    for panel in (noisy, bench):
        panel.move(noise=0.0)
    assert noisy.sentence == bench.sentence and noisy.picture == bench.picture


def test_noise_flips_only_near_ties(noisy):
    noisy.move(**noisy.states["Noise on a near tie"])
    assert "expert 0 in 56 %, expert 1 in 44 %" in noisy.sentence
    noisy.move(**noisy.states["Noise, clear lead"])
    assert "expert 0 in 100 %" in noisy.sentence


def test_gate_bench_takes_scores_from_a_model():
    bench = gate_bench(torch.tensor([0.0, 4.0, 0.0, 0.0], requires_grad=True).detach())
    bench.move(token="from model", k=1)
    assert "expert 1" in bench.sentence and "of 2 bits" in bench.sentence
    assert bench.controls["k"].max == 4


@pytest.mark.parametrize("config", [MIXTRAL_8X7B, MISTRAL_7B, SMALL, TINY])
def test_ledger_parts_add_up(config):
    stored, used = zip(*parts(config).values())
    assert (sum(stored), sum(used)) == (config.total_parameters, config.active_parameters)


def test_ledger_states_are_the_published_models(ledger):
    ledger.move(**ledger.states["Mixtral 8x7B"])
    assert ledger.sentence.startswith(
        "46.70 billion parameters stored, 12.88 billion used by a token (27.6 %); 93.4 GB"
    )
    ledger.move(**ledger.states["Mistral 7B"])
    assert (
        "7.24 billion parameters stored, 7.24 billion used by a token (100.0 %)" in ledger.sentence
    )
    ledger.move(**ledger.states["SMALL"])
    share = 100 * SMALL.active_parameters / SMALL.total_parameters
    assert f"{SMALL.total_parameters / 1e6:.2f} million parameters stored" in ledger.sentence
    assert f"({share:.1f} %); {SMALL.bytes_at(torch.float32) / 1e6:.1f} MB" in ledger.sentence


def test_ledger_follows_its_controls(ledger):
    ledger.move(**ledger.start)
    before = ledger.picture
    ledger.controls["num_experts"].value = 16
    ledger.controls["dtype"].value = "4 bits"
    config = Config(4096, 32, 128, 14336, 32, 8, 1, 32000, num_experts=16, top_k=2)
    assert f"{config.total_parameters / 1e9:.2f} billion" in ledger.sentence
    assert f"{config.bytes_at(4) / 1e9:.1f} GB in 4 bits" in ledger.sentence
    assert ledger.picture != before


def test_ledger_explains_what_cannot_be(ledger):
    ledger.move(num_experts=2, top_k=4)
    assert ledger.sentence == "top_k is 4: it cannot exceed num_experts 2"
    ledger.move(num_experts=8, dim=100)
    assert "multiple of 8" in ledger.sentence


def test_xray_shows_the_trace(xray):
    xray.move(layer=1, mode="first choice", token=3, text="")
    own = trace_text(*_model_of(xray), TEXT)
    first = own.expert_LTK[1, :, 0]
    repeats = 100 * np.mean(first[1:] == first[:-1])
    assert f"Layer 1: {repeats:.0f} % of the tokens go where" in xray.sentence
    marks = re.findall(r"<sub>(\d)</sub>", xray.picture)
    assert marks == [str(expert) for expert in first]
    assert xray.picture.count("3px solid") == 1 and xray.picture.count("kept, weight") == 2
    weights = own.weight_LTK[1, 3]
    assert all(f"({weight:.2f})" in xray.sentence for weight in weights)


def _model_of(xray):
    """Take the model and the tokenizer back out of the panel's view."""
    view = inspect.unwrap(xray.view)
    inside = dict(zip(view.__code__.co_freevars, (c.cell_contents for c in view.__closure__)))
    read = inside["read"].__wrapped__
    held = dict(zip(read.__code__.co_freevars, (c.cell_contents for c in read.__closure__)))
    return held["model"], held["tokenizer"]


def test_every_mode_has_its_own_picture_and_sentence(xray):
    options, seen = xray.controls["mode"].options, set()
    for mode in options:
        xray.move(layer=1, mode=mode, token=0, text="")
        seen.add((xray.picture, xray.sentence))
    assert len(seen) == len(options) == 4
    xray.move(layer=0, mode="changed since the layer before")
    assert "no layer before" in xray.sentence


def test_own_text_replaces_the_lessons(xray):
    xray.move(text="token < experts", token=99)
    shown = re.sub(r"<sub>.*?</sub>|<[^>]+>", "", xray.picture).replace("&nbsp;", " ")
    assert shown.startswith("token &lt; experts") and "Token 99" not in xray.sentence
    xray.move(text="")
    assert "Token 99" not in xray.sentence


def test_without_a_model_there_is_no_text_to_type(xray):
    own = trace_text(*_model_of(xray), TEXT)
    assert "text" not in sentence_xray(own).controls


def test_slow_drawings_wait_until_the_slider_stops(bench, ledger):
    for control in [*bench.controls.values(), *ledger.controls.values()]:
        assert not ("Slider" in type(control).__name__ and control.continuous_update)
