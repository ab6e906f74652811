"""Verdicts, ratings and their errors: by hand, and against what was planted."""

import numpy as np
import pytest
import torch

from moe_lesson.lessons.lesson12.arena import (
    battles,
    both_ways,
    bradley_terry,
    known_words,
    online_elo,
    openings,
    resampled,
    swapped,
    taste,
    varied,
    verdicts,
)
from moe_lesson.text.tokenizer import text_ids

SCORE = np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 2.0]])


def test_verdicts_by_hand():
    judged = verdicts(SCORE)
    assert judged.shape == (2, 3, 3)
    assert judged[0].tolist() == [[0.5, 1, 1], [0, 0.5, 1], [0, 0, 0.5]]
    assert judged[1].tolist() == [[0.5, 0, 0], [1, 0.5, 0.5], [1, 0.5, 0.5]]


def test_a_favoured_place_is_found_by_swapping_and_undone_by_both_orders():
    fair_judge = verdicts(SCORE)
    assert swapped(fair_judge) == (1.0, 0.0, 0.0)
    assert np.array_equal(both_ways(fair_judge), fair_judge)
    same, first, second = swapped(verdicts(SCORE, first_bonus=1.5))
    assert (first, second) == (pytest.approx(5 / 6), 0.0) and same == pytest.approx(1 / 6)
    assert swapped(verdicts(SCORE, first_bonus=-9.0)) == (0.0, 0.0, 1.0)
    assert both_ways(verdicts(SCORE, 9.0)).tolist() == np.full((2, 3, 3), 0.5).tolist()


def test_bradley_terry_finds_planted_ratings():
    rating = np.array([1200.0, 1050.0, 900.0, 850.0])
    chance = 1 / (1 + 10 ** ((rating - rating[:, None]) / 400))
    found = bradley_terry(chance * 100_000)
    assert found == pytest.approx(rating, abs=0.5)
    assert found.mean() == pytest.approx(1000)


def test_bradley_terry_is_a_maximum():
    points = np.random.default_rng(0).integers(1, 30, (4, 4)).astype(float)
    np.fill_diagonal(points, 0)

    def likelihood(rating):
        chance = 1 / (1 + 10 ** ((rating - rating[:, None]) / 400))
        return ((points + 0.5 * (1 - np.eye(4))) * np.log(chance)).sum()

    best = bradley_terry(points)
    for step in np.eye(4):
        for size in (-2, 2):
            assert likelihood(best + size * step) < likelihood(best)


def test_many_are_fitted_at_once_and_one_who_never_loses_has_a_rating():
    points = np.random.default_rng(0).integers(0, 9, (5, 3, 3)).astype(float)
    assert np.allclose(bradley_terry(points)[2], bradley_terry(points[2]))
    always = bradley_terry(np.array([[0, 20.0], [0, 0]]))
    assert np.isfinite(always).all() and always[0] > 1200


def test_online_elo_by_hand_and_its_order_matters():
    assert online_elo([(0, 1, 1.0)], 2, k=10).tolist() == [1005, 995]
    fought = [(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0)]
    forth, back = online_elo(fought, 3), online_elo(fought[::-1], 3)
    assert forth.sum() == pytest.approx(3000) and not np.allclose(forth, back)
    assert np.ptp(online_elo(fought, 3, k=4)) < np.ptp(forth)


def test_battles_meet_each_pair_once_a_prompt_and_judge():
    fought = battles(np.stack([verdicts(SCORE)] * 2))
    assert len(fought) == 2 * 2 * 3 and fought[0] == (0, 1, 1.0)
    assert {(i, j) for i, j, _ in fought} == {(0, 1), (0, 2), (1, 2)}


def test_resampled_ratings_cover_the_truth():
    random, held = np.random.default_rng(0), 0
    chance = 1 / (1 + 10 ** (-100 / 400))
    for seed in range(60):
        won = (random.random(40) < chance).astype(float)
        judged = np.full((1, 40, 2, 2), 0.5)
        judged[0, :, 0, 1], judged[0, :, 1, 0] = won, 1 - won
        low, high = np.quantile(np.diff(resampled(judged, seed=seed)[:, ::-1]), (0.025, 0.975))
        held += low <= 100 <= high
    assert 50 <= held <= 60


def test_judges_by_hand():
    known = {"en": {"the", "cat"}}
    assert known_words("en", "The cat the hyrse cut", known) == 0.75
    assert known_words("en", "", known) == 0.0
    assert varied("a b a B") == 0.5 and varied("") == 0.0


def test_a_model_judges_a_text_after_its_opening(one):
    begun = openings(one.words, 2)
    texts = [one.words.decode(after) for *_, after in begun]
    own, turned = taste(one, begun, texts), taste(one, begun[::-1], texts)
    assert (own != turned).all()  # the opening counts
    told, length = pair_of(one, begun[0], texts[0])
    assert own[0] == pytest.approx(told / length, abs=1e-5)


def pair_of(one, opening, text):
    """Sum log-probabilities of a text after its opening, one row alone, in float64."""
    ids = opening[1] + text_ids(one.words, text)
    with torch.no_grad():
        told = one.model(torch.tensor([ids[:-1]])).logits_BSV[0].double().log_softmax(-1)
    after = range(len(opening[1]), len(ids))
    return sum(told[at - 1, ids[at]].item() for at in after), len(text)


def test_openings_take_turns_and_do_not_hold_the_answer(one):
    begun = openings(one.words, 6)
    assert [language for language, *_ in begun] == ["en", "fr", "it", "de", "es", "en"]
    assert {len(after) for *_, after in begun} == {24} and begun[0][1] != begun[5][1]
