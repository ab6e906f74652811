"""The table of models without a browser: controls, sentences and numbers."""

import ipywidgets
import pytest

from moe_lesson.lessons.lesson14.touch import countable, read_a_token, touched
from moe_lesson.lessons.lesson14.widget_models import models_table
from moe_lesson.models.families import read_families
from tests.rules.panel_checks import (  # noqa: F401  pytest runs it on ``panel``
    each_control_changes_the_picture,
    test_every_state_can_be_copied_and_pasted,
    test_static_output_is_the_strip_of_states,
)

NATIVE = (ipywidgets.Dropdown, ipywidgets.SelectionSlider)
CHANGES = {"first": "OLMoE-1B-7B", "second": "gpt-oss-20b", "batch": 64}


@pytest.fixture(scope="module")
def panel():
    return models_table()


def test_controls_are_native_and_each_changes_what_is_shown(panel):
    each_control_changes_the_picture(panel, CHANGES, NATIVE)


def test_the_sentence_says_what_is_read():
    panel = models_table()
    panel.move(first="Mixtral 8x7B", second="DeepSeek-V3", batch=2)
    mixtral, v3 = panel.sentence.split(" · ")
    assert "46.7 B total, 12.9 active" in mixtral and "a batch of 2 visits 3.5" in mixtral
    # By hand: 8 (1 - (3/4)^2) = 3.5 experts of 176,160,768 weights in 32 layers, 2 bytes each,
    # and what is not routed, without the input table of 131,072,000.
    plain = 46_702_792_704 - 8 * 32 * 176_160_768 - 131_072_000
    assert f"reads {(plain + 3.5 * 32 * 176_160_768) / 1e9:.1f} GB a token" in mixtral
    assert "shared 2048 wide" in v3 and "1342 GB in 16 bits" in v3


def test_two_models_are_asked_for():
    panel = models_table()
    panel.move(second="Mixtral 8x7B")
    assert panel.sentence == "both are Mixtral 8x7B: choose two models"


def test_a_batch_reads_less_for_each_token_and_never_more_than_everything():
    for one in countable(read_families()).values():
        read = [read_a_token(one, 2**n) * 2**n for n in range(12)]
        assert all(a <= b for a, b in zip(read, read[1:])) and read[0] < read[1]
        assert read[-1] <= 2 * one.total_parameters
        assert touched(one, 1) == pytest.approx(one.top_k)
