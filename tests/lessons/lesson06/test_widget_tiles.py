"""The tile map: its sentence is right, and follows each control."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson06.widget_tiles import ROWS, STATES, shares, tile_panel


@pytest.fixture(scope="module")
def panel():
    return tile_panel()


def test_rows_are_divided_without_a_rest():
    for experts in (2, 8, 64):
        for skew in (0.0, 1.0, 2.0):
            counts = shares(experts, skew)
            assert counts.sum() == ROWS and len(counts) == experts
            assert (np.diff(counts) <= 1).all()  # rounding apart, the first has most


def test_the_sentence_by_hand(panel):
    """Even: 8 experts of 256 rows, two tiles each, one wave of 16, nothing wasted."""
    panel.move(**STATES["Even"], processors=16)
    assert panel.sentence == (
        "2,048 rows, 8 experts, blocks of 128, 16 processors: 16 tiles in 1 wave, "
        "0 places idle in the last; padding to blocks adds 0.0 % of the rows, to the busiest 0 %."
    )


def test_a_wave_that_is_begun_counts(panel):
    """21 tiles on 16 processors: five run in a second wave, and eleven places are idle."""
    panel.move(**(panel.start | STATES["Skewed"]))
    assert "21 tiles in 2 waves, 11 places idle" in panel.sentence


def test_every_control_changes_picture_and_sentence(panel):
    moves = {"block": 32, "skew": 2.0, "experts": 64, "processors": 64}
    for name, value in moves.items():
        panel.move(**panel.start)
        before = panel.picture, panel.sentence
        panel.move(**{name: value})
        assert panel.sentence != before[1]
        assert panel.picture != before[0]


def test_many_experts_waste_more_than_skew(panel):
    """64 experts with 32 rows each fill a quarter of a block of 128: 300 % are added."""

    def padding(state):
        sentence = panel.view(**(panel.start | STATES[state])).sentence
        return float(sentence.split("blocks adds ")[1].split(" %")[0])

    assert padding("Even") < padding("Skewed") < padding("Many experts")
    assert padding("Many experts") == 300.0
    assert padding("Small blocks") < padding("Many experts")
