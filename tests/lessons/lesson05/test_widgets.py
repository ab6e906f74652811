"""The seat map and the router that you are: numbers in the sentence are those of the package."""

import re

import pytest
import torch

from moe_lesson.lessons.lesson05.widget_router import you_are_the_router
from moe_lesson.lessons.lesson05.widget_seats import seat_explorer
from moe_lesson.lessons.lesson05.word_routers import exam, mark


def numbers(text):
    return [float(found) for found in re.findall(r"\d+(?:\.\d+)?", text)]


def test_the_seat_map_counts():
    panel = seat_explorer()
    panel.move(factor=3.0)
    assert "0 of 32 visits (0%) find none" in panel.sentence
    panel.move(factor=0.25, k=1)
    assert "1 seats an expert" in panel.sentence and "12 of 16 visits" in panel.sentence


def test_by_probability_loses_less_weight():
    panel = seat_explorer()
    lost = []
    for order in ("first choices first", "by probability"):
        panel.move(skew=1.5, order=order)
        lost.append(numbers(panel.sentence.split("with ")[1])[0])
    assert lost[1] < lost[0]


def test_the_picture_follows_every_control():
    panel = seat_explorer()
    panel.move(skew=1.0)
    pictures = {panel.picture}
    for name, value in {"factor": 0.5, "order": "left to right", "skew": 2.0, "k": 1}.items():
        panel.move(**{name: value})
        pictures.add(panel.picture)
    assert len(pictures) == 5


def test_you_are_marked():
    panel = you_are_the_router()
    best = exam().bits_TE.argmin(-1)
    panel.move(digits=" ".join(str(expert + 1) for expert in best.tolist()))
    assert "you: 24 of 24" in panel.sentence
    panel.move(digits="1" * 24, seats="1")
    assert "busiest 4.00 times the mean, 18 without a seat" in panel.sentence


@pytest.mark.parametrize("digits", ["123", "1234" * 6 + "1", "5" * 24, "a" * 24])
def test_what_is_no_routing_is_refused_in_words(digits):
    panel = you_are_the_router()
    before = panel.picture
    panel.move(digits=digits)
    assert "type 24 digits from 1 to 4" in panel.sentence and panel.picture == before


def test_an_exam_is_the_same_twice_and_marks_are_by_hand():
    words, again = exam(), exam()
    assert words.words == again.words and torch.equal(words.learned_T, again.learned_T)
    found = mark(words, torch.zeros(24, dtype=torch.long), 1.0)
    assert found.dropped_T.tolist() == [False] * 6 + [True] * 18
    cost_T = torch.where(found.dropped_T, words.blind, words.bits_TE[:, 0])
    bits = (cost_T * words.letters_T).sum() / words.letters_T.sum()
    assert abs(found.bits - bits.item()) < 1e-5


def test_the_learned_router_is_better_than_lots():
    words = exam()
    learned, lot = (mark(words, expert_T, None) for expert_T in (words.learned_T, words.lot_T))
    assert learned.best > lot.best and learned.bits < lot.bits
