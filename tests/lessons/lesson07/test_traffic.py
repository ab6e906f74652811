"""Counts, expectations and placements: by hand, by trying all, and against the papers' numbers."""

import itertools
import math

import numpy as np
import pytest

from moe_lesson.lessons.lesson07 import traffic


def test_send_counts_by_hand():
    """Two devices, four experts, six tokens, as in section 2."""
    expert_TK = np.array([[0], [2], [3], [1], [3], [3]])
    home_T = np.array([0, 0, 0, 1, 1, 1])
    rows_WW = traffic.send_counts(expert_TK, home_T, traffic.owners(4, 2))
    assert rows_WW.tolist() == [[1, 2], [1, 2]]
    assert traffic.travelling(rows_WW, row_bytes=10) == 30


def test_a_rank_without_tokens_and_one_without_visits_have_their_line():
    rows_WW = traffic.send_counts(np.array([[2, 2]]), np.array([0]), traffic.owners(4, 4))
    assert rows_WW.tolist() == [[0, 0, 2, 0], [0] * 4, [0] * 4, [0] * 4]


def test_expected_bytes_are_the_mean_of_random_routers():
    random, sent = np.random.default_rng(0), []
    owner_E, home_T = traffic.owners(8, 4), np.repeat(np.arange(4), 50)
    for _ in range(200):
        expert_TK = random.random((200, 8)).argsort(1)[:, :2]
        rows_WW = traffic.send_counts(expert_TK, home_T, owner_E)
        sent.append(traffic.travelling(rows_WW, row_bytes=12) / 4)
    wanted = traffic.expected_bytes(tokens=50, top_k=2, dim=3, size=4, ranks=4)
    assert abs(np.mean(sent) - wanted) < 3 * np.std(sent) / math.sqrt(200) + 1e-9


@pytest.mark.parametrize("experts, k, ranks", [(6, 2, 3), (8, 3, 4), (4, 4, 2), (6, 1, 6)])
def test_expected_destinations_by_trying_all_sets(experts, k, ranks):
    owner_E = traffic.owners(experts, ranks)
    sets = np.array(list(itertools.combinations(range(experts), k)))
    mean = traffic.destinations(sets, owner_E).mean()
    assert abs(mean - traffic.expected_destinations(experts, k, ranks)) < 1e-12


def test_the_destinations_of_published_models():
    sizes = {(256, 8, 8): 5.29, (256, 8, 64): 7.68, (160, 6, 8): 4.46, (8, 2, 8): 2.00}
    for given, wanted in sizes.items():
        assert round(traffic.expected_destinations(*given), 2) == wanted


def test_chance_alone_is_uneven_and_less_so_with_more_rows():
    found = [traffic.expected_max(rows, 16) for rows in (16, 160, 16_000)]
    assert found[0] > 2.5 and found == sorted(found, reverse=True) and 1 < found[2] < 1.1


def test_two_places_by_hand():
    """Two rows, two places: half the time both in one. (1 + 2) / 2."""
    assert abs(traffic.expected_max(2, 2, draws=20_000) - 1.5) < 0.02


def test_placement_is_never_far_from_the_best():
    random = np.random.default_rng(2)
    for _ in range(20):
        count_E = random.integers(1, 100, size=6)
        owner_E = traffic.place(count_E, 3)
        assert np.bincount(owner_E).tolist() == [2, 2, 2]
        best = min(
            np.bincount(owner, weights=count_E).max()
            for owner in itertools.product(range(3), repeat=6)
            if all(owner.count(rank) == 2 for rank in range(3))
        )
        assert traffic.rank_loads(count_E, owner_E).max() <= 4 / 3 * best


def test_copies_share_their_rows_and_none_are_lost():
    count_E = np.array([90, 30, 20, 10])
    copies_E = traffic.copy_busiest(count_E, spare=2)
    assert copies_E.tolist() == [3, 1, 1, 1]
    owner_N = traffic.place_copies(count_E, copies_E, ranks=2)
    load = traffic.rank_loads(count_E, owner_N, copies_E)
    assert load.sum() == 150 and np.bincount(owner_N).tolist() == [3, 3]
    assert load.max() == 80  # 30 + 30 + 20 and 30 + 30 + 10


def test_max_over_mean_looks_along_the_last_axis():
    assert traffic.max_over_mean(np.array([[1, 1], [3, 1]])).tolist() == [1.0, 1.5]
