"""How often neighbours share an expert."""

import numpy as np
import pytest

from moe_lesson.study.statistics import random_repeats, repeat_share, repeats
from moe_lesson.study.trace import RoutingTrace


def test_random_choices_share_experts_as_derived():
    generator = np.random.default_rng(0)
    expert = generator.random((1, 40_000, 8)).argsort(-1)[:, :, :2]
    text = RoutingTrace([""] * 40_000, np.arange(40_000), expert, expert, np.zeros((1, 40_000, 8)))
    found, (first, either) = repeats(text)["all"], random_repeats(8, 2)
    assert (first, either) == (1 / 8, pytest.approx(13 / 28))
    assert found.first_L[0] == pytest.approx(first, abs=0.006)
    assert found.any_L[0] == pytest.approx(either, abs=0.01)
    assert found.shuffled_first_L[0] == pytest.approx(first, abs=0.002)
    assert found.shuffled_any_L[0] == pytest.approx(either, abs=0.002)


def test_repeats_by_hand_stay_within_documents():
    experts = np.array([[0, 1], [1, 0], [2, 3], [2, 0], [3, 1]])[None]
    labels = {"story": list("aabbb"), "language": ["en", "en", "de", "de", "de"]}
    text = RoutingTrace(list("vwxyz"), np.arange(5), experts, experts, np.zeros((1, 5, 4)), labels)
    found = repeats(text, "language")
    # Pairs: 01-10 | 23-20, 20-31; the pair 10-23 crosses documents.
    assert [found[name].pairs for name in ("all", "en", "de")] == [3, 1, 2]
    assert found["all"].first_L[0] == pytest.approx(1 / 3)
    assert found["all"].any_L[0] == pytest.approx(2 / 3)
    # Shuffled: in "a" 0 of 1 pairs have one first choice; in "b" 1 of 3, twice.
    assert found["all"].shuffled_first_L[0] == pytest.approx((0 + 2 / 3) / 3)
    assert found["all"].shuffled_any_L[0] == pytest.approx((1 + 2 * 2 / 3) / 3)
    assert found["de"].first_L[0] == 0.5


def test_repeats_of_one_document_agree_with_the_plain_measure(clustered):
    text = clustered._replace(labels=None)
    found = repeats(text)["all"]
    for layer in range(4):
        measured, shuffled = repeat_share(text.expert_LTK[layer, :, 0])
        assert found.first_L[layer] == pytest.approx(measured)
        assert found.shuffled_first_L[layer] == pytest.approx(shuffled)
