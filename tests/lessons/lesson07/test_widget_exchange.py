"""The exchange board: its sentence is right, and follows each control."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson07 import traffic
from moe_lesson.lessons.lesson07.widget_exchange import STATES, TOKENS, board, draw_visits, rows_of


@pytest.fixture(scope="module")
def panel():
    return board()


def test_every_visit_becomes_one_row():
    for devices, experts, k, copies in ((2, 4, 1, 0), (4, 8, 2, 1), (4, 8, 2, 2)):
        expert_TK = draw_visits(devices, experts, k, 1.0)
        rows_WW = rows_of(expert_TK, devices, experts, copies)
        assert np.allclose(rows_WW.sum(1), TOKENS * k)
        assert (np.sort(expert_TK, 1)[:, 1:] != np.sort(expert_TK, 1)[:, :-1]).all()


def test_without_copies_rows_are_those_of_the_lesson():
    expert_TK = draw_visits(4, 8, 2, 1.0)
    home_T = np.repeat(np.arange(4), TOKENS)
    wanted = traffic.send_counts(expert_TK, home_T, traffic.owners(8, 4))
    assert np.allclose(rows_of(expert_TK, 4, 8, 0), wanted)


def test_skew_asks_the_first_experts_in_proportion():
    count_E = np.bincount(draw_visits(4, 8, 1, 1.0).ravel(), minlength=8)
    share_E = 1 / np.arange(1, 9)
    assert np.abs(count_E / count_E.sum() - share_E / share_E.sum()).max() < 0.03


def test_the_sentence_tells_rows_and_waiting(panel):
    panel.move(**(panel.start | STATES["Skewed"]))
    rows_WW = rows_of(draw_visits(4, 8, 2, 1.0), 4, 8, 0)
    moved = (rows_WW.sum() - np.trace(rows_WW)) * 4096 * 2 / 1e6
    skew = rows_WW.sum(0).max() / rows_WW.sum(0).mean()
    assert f"{moved:.1f} MB travel" in panel.sentence
    assert f"device 0 is fullest, with {skew:.2f} times the mean" in panel.sentence


def test_copies_mend_most_of_the_skew(panel):
    def lean(state):
        sentence = panel.view(**(panel.start | STATES[state])).sentence
        return float(sentence.split("fullest, with ")[1].split(" ")[0])

    assert lean("Even") < 1.1 and lean("Skewed") > 1.8 and lean("Copies") < 1.15


def test_every_control_changes_picture_and_sentence(panel):
    for name, value in {"devices": 8, "experts": 16, "k": 4, "skew": 1.5, "copies": 2}.items():
        panel.move(**panel.start)
        before = panel.picture, panel.sentence
        panel.move(**{name: value})
        assert panel.sentence != before[1] and panel.picture != before[0], name


def test_too_few_experts_are_told_and_the_picture_stays(panel):
    panel.move(**panel.start)
    picture = panel.picture
    panel.move(devices=16, experts=8)
    assert "too few experts" in panel.sentence and panel.picture == picture
