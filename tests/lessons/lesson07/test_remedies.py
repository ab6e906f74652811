"""Seats and an evened router: by hand, and what they may not change."""

import numpy as np

from moe_lesson.lessons.lesson07 import remedies

PROB_TE = np.random.default_rng(3).dirichlet(np.arange(1, 7), size=400)


def counts(expert_TK):
    return np.bincount(expert_TK.ravel(), minlength=6)


def test_seats_by_hand():
    """Mean 4; a factor of 1.25 leaves 5 seats: 8 becomes 5, 3 of 12 rows are gone."""
    kept, dropped = remedies.seats(np.array([8, 3, 1]), factor=1.25)
    assert kept.tolist() == [5, 3, 1] and abs(dropped - 3 / 12) < 1e-12


def test_enough_seats_drop_nothing():
    kept, dropped = remedies.seats(np.array([8, 3, 1]), factor=2)
    assert kept.tolist() == [8, 3, 1] and dropped == 0


def test_no_bias_is_the_routers_own_choice():
    expert_TK = remedies.biased(PROB_TE, np.zeros(6), k=2)
    assert (np.sort(PROB_TE, 1)[:, :-3:-1] == np.take_along_axis(PROB_TE, expert_TK, 1)).all()


def test_a_bias_makes_a_skewed_router_even():
    before = counts(remedies.biased(PROB_TE, np.zeros(6), k=2))
    after = counts(remedies.biased(PROB_TE, remedies.even_bias(PROB_TE, k=2), k=2))
    assert before.max() / before.mean() > 1.5
    assert after.max() / after.mean() < 1.03 and after.sum() == before.sum() == 800


def test_visits_in_common_do_not_depend_on_the_order():
    one, other = np.array([[0, 1], [2, 3]]), np.array([[1, 0], [3, 4]])
    assert remedies.kept_visits(one, other) == 0.75
