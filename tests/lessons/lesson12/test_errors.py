"""Errors of scores: by hand, against simulation, and the numbers of the published tables."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson12.errors import (
    clustered_error,
    questions_needed,
    sign_test,
    standard_error,
    wilson,
)


def test_by_hand():
    assert standard_error([0, 1]) == pytest.approx(0.5)
    # Sums 1.5 and -1.5, twice their squares, over six questions.
    assert clustered_error([1, 1, 1, 0, 0, 0], list("aaabbb")) == pytest.approx(0.5)
    assert clustered_error([1, 0, 1, 0], [5, 5, 9, 9]) == 0


def test_names_of_clusters_are_of_any_kind_and_in_any_order():
    for names in ("bababa", [("b", 1), ("a", 1)] * 3, [9, 3] * 3, np.array([[1, 0], [0, 1]] * 3)):
        assert clustered_error([1, 0, 1, 0, 1, 0], names) == pytest.approx(0.5)


def test_strata_by_hand():
    scores, clusters = [1, 1, 1, 0, 0, 0, 0, 1], list("aabbcdef")
    strata = ["easy"] * 4 + ["hard"] * 4
    # easy: mean 3/4, sums 1/2 and -1/2, C = 2: 2 * 1/2 = 1
    # hard: mean 1/4, sums -1/4 three times and 3/4, C = 4: 4/3 * 3/4 = 1
    assert clustered_error(scores, clusters, strata) == pytest.approx(2**0.5 / 8)


def test_one_stratum_is_none_and_chosen_families_add_no_error():
    random = np.random.default_rng(0)
    scores, clusters = random.random(40), np.arange(40) // 4
    plain = clustered_error(scores, clusters)
    assert clustered_error(scores, clusters, ["one"] * 40) == pytest.approx(plain)
    family = clusters % 2
    apart = scores + 5 * family  # families differ, which a new draw within them does not change
    ours = clustered_error(apart, clusters, family)
    assert ours == pytest.approx(clustered_error(scores, clusters, family))
    assert clustered_error(apart, clusters) > 5 * ours


def test_errors_by_strata_match_what_repeated_tests_show():
    random, means, ours = np.random.default_rng(2), [], []
    family, cluster = np.arange(4).repeat(32), np.arange(32).repeat(4)
    for _ in range(600):
        score = 3.0 * family + random.standard_normal(32).repeat(4) + random.random(128)
        means.append(score.mean())
        ours.append(clustered_error(score, cluster, family) ** 2)
    assert np.mean(ours) ** 0.5 == pytest.approx(np.std(means), rel=0.1)


def test_a_cluster_for_each_question_is_no_cluster():
    scores = np.random.default_rng(0).random(30)
    assert clustered_error(scores, range(30)) == pytest.approx(standard_error(scores))


@pytest.mark.parametrize("agree, more", [(True, True), (False, False)])
def test_errors_match_what_repeated_tests_show(agree, more):
    random, means, ours, plain = np.random.default_rng(1), [], [], []
    cluster = np.arange(40).repeat(4)
    for _ in range(400):
        if agree:
            score = (random.random(40) < 0.5).astype(float).repeat(4)
        else:  # right once in four, as who does not look at the subject
            score = np.eye(4)[random.integers(4, size=40)].ravel()
        score = np.where(random.random(160) < 0.3, random.random(160), score)
        means.append(score.mean())
        ours.append(clustered_error(score, cluster))
        plain.append(standard_error(score))
    assert np.mean(ours) == pytest.approx(np.std(means), rel=0.1)
    assert (np.std(means) > 1.2 * np.mean(plain)) == more
    assert (np.std(means) < 0.8 * np.mean(plain)) != more


def test_a_wilson_interval_holds_the_truth_also_near_nothing():
    for share, count in ((0.02, 100), (0.3, 50), (0.98, 80)):
        drawn = np.random.default_rng(0).binomial(count, share, size=4000)
        held = [low <= share <= high for low, high in (wilson(n, count) for n in drawn)]
        assert 0.92 < np.mean(held) < 0.985
    assert wilson(0, 10)[0] == pytest.approx(0) and wilson(10, 10)[1] == pytest.approx(1)


def test_the_published_numbers():
    low, high = wilson(0.402 * 164, 164)
    assert (high - low) / 2 == pytest.approx(0.074, abs=0.002)
    low, high = wilson(0.706 * 14_042, 14_042)
    assert (high - low) / 2 == pytest.approx(0.0075, abs=0.0001)
    assert questions_needed(1 / 9, 0.03) == 969
    assert sign_test(9, 3) == pytest.approx(0.146, abs=0.001)
    assert sign_test(3, 9) == sign_test(9, 3) and sign_test(5, 5) == 1


def test_the_number_of_questions_has_the_promised_power():
    count, random, seen = questions_needed(0.25, 0.1), np.random.default_rng(0), []
    for _ in range(1000):
        gap = 0.1 + 0.5 * random.standard_normal(count)
        seen.append(gap.mean() > 1.96 * standard_error(gap))
    assert np.mean(seen) == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: standard_error([1]), "1 scores"),
        (lambda: clustered_error([1, 0], [0, 0]), "1 cluster"),
        (lambda: clustered_error([], []), "0 cluster"),
        (lambda: clustered_error([1, 0, 1], [0, 1]), "3 scores, but 2 clusters"),
        (lambda: clustered_error([1, 0], [0, 1], [0]), "2 scores, but 1 strata"),
        (lambda: clustered_error([1, 0, 1], "abc", "xxy"), "stratum y: 1 cluster"),
        (lambda: clustered_error([1, 0, 1, 0], "abab", "xxyy"), "in two strata"),
        (lambda: wilson(0, 0), "0 trials"),
        (lambda: wilson(5, 3), "5 hits of 3 trials"),
        (lambda: wilson(-1, 3), "-1 hits of 3 trials"),
        (lambda: questions_needed(1, 0), "a difference of 0"),
    ],
)
def test_what_cannot_be_known_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
