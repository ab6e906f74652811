"""Panels: controls, states, and what they say without a kernel."""

import base64
import io
import re

import ipywidgets
import pytest
from PIL import Image

from moe_lesson.study.widgets.explorer import Explorer
from moe_lesson.study.widgets.view import View

NATIVE = (
    ipywidgets.IntSlider,
    ipywidgets.FloatSlider,
    ipywidgets.FloatLogSlider,
    ipywidgets.BoundedIntText,
    ipywidgets.Dropdown,
    ipywidgets.Text,
)


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


def test_slow_drawings_wait_until_the_slider_stops(bench, ledger):
    for control in [*bench.controls.values(), *ledger.controls.values()]:
        assert not ("Slider" in type(control).__name__ and control.continuous_update)
