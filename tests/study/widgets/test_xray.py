"""The sentence X-ray."""

import inspect
import re

import numpy as np

from moe_lesson.study.trace import trace_text
from moe_lesson.study.widgets.xray import sentence_xray
from tests.study.widgets.conftest import TEXT


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
