"""The leaderboard: its sentence is right, and follows each control."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson12.arena import both_ways, bradley_terry, verdicts
from moe_lesson.lessons.lesson12.widget_leaderboard import leaderboard
from tests.rules.panel_checks import (  # noqa: F401  pytest runs it on ``panel``
    test_every_state_can_be_copied_and_pasted,
)

NAMES, JUDGES = ["a", "b", "c"], ["words", "varied", "small"]
RANDOM = np.random.default_rng(0)
SCORES = RANDOM.normal(size=(3, 3, 12)) + np.array([0.5, 0.0, -0.5])[:, None]
SCORES[2] = -SCORES[2]  # the third judge disagrees
JUDGED = np.stack([both_ways(verdicts(score)) for score in SCORES])


@pytest.fixture(scope="module")
def panel():
    return leaderboard(JUDGED, NAMES, JUDGES)


def test_the_sentence_names_the_first_with_its_rating(panel):
    panel.move(**panel.start)
    rating = bradley_terry(JUDGED.sum((0, 1)))
    best = int(rating.argmax())
    assert f"{NAMES[best]} is first with {rating[best]:.0f} points" in panel.sentence


def test_a_judge_can_be_dropped(panel):
    panel.move(**(panel.start | {"drop": "small"}))
    rating = bradley_terry(JUDGED[:2].sum((0, 1)))
    assert f"without the judge 'small', {NAMES[int(rating.argmax())]}" in panel.sentence
    assert f"{rating.max():.0f} points" in panel.sentence


def test_every_control_changes_picture_and_sentence(panel):
    for name, value in {"draw": 3, "drop": "words", "k": 64}.items():
        panel.move(**panel.start)
        before = panel.picture, panel.sentence
        panel.move(**{name: value})
        assert panel.sentence != before[1] and panel.picture != before[0], name


def test_the_only_judge_stays():
    alone = leaderboard(JUDGED[:1], NAMES, ["words"])
    picture = alone.picture
    alone.move(drop="words")
    assert "the only judge" in alone.sentence and alone.picture == picture


def test_names_must_fit():
    with pytest.raises(ValueError, match="3 judges of 3 systems"):
        leaderboard(JUDGED, NAMES[:2], JUDGES)
