"""Words that light an expert: means by hand, a planted specialist, a control that has none."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson03.expert_words import light, shuffled
from moe_lesson.study.trace import RoutingTrace

RANDOM = np.random.default_rng(0)


def traced(expert_TK, weight_TK, words, experts):
    prob_LTE = np.zeros((1, len(words), experts))
    return RoutingTrace(words, None, expert_TK[None], weight_TK[None], prob_LTE, {"word": words})


def planted(tokens=6000, experts=8):
    """Send "key" to expert 3 with weight 0.9; every other word goes anywhere."""
    words = RANDOM.choice(["key", "door", "sea", "ship", ""], tokens).tolist()
    expert_TK = RANDOM.random((tokens, experts)).argsort(1)[:, :2]
    weight_TK = RANDOM.dirichlet([1, 1], tokens)
    key = np.array(words) == "key"
    expert_TK[key] = np.stack([np.full(key.sum(), 3), RANDOM.integers(4, 8, key.sum())], 1)
    weight_TK[key] = [0.9, 0.1]
    return traced(expert_TK, weight_TK, words, experts)


def test_means_by_hand():
    """Three tokens of "a" give expert 0: 0.6, 0 and 0.9; one token of "b" is too few."""
    expert_TK = np.array([[0, 1], [1, 2], [0, 2], [1, 0]])
    weight_TK = np.array([[0.6, 0.4], [0.7, 0.3], [0.9, 0.1], [0.8, 0.2]])
    found = light(traced(expert_TK, weight_TK, ["a", "a", "a", "b"], 4), "word", least=2)
    assert found.values == ["a"] and found.tokens.tolist() == [3]
    np.testing.assert_allclose(found.weight, [[0.5, 1.1 / 3, 0.4 / 3, 0]], rtol=0, atol=1e-12)


def test_a_planted_specialist_is_found_and_rows_sum_to_1():
    found = light(planted(), "word")
    (word, mean, _), *others = found.top_tokens(3)
    assert word == "key" and mean == pytest.approx(0.9)
    assert all(other < 0.2 for _, other, _ in others)
    np.testing.assert_allclose(found.weight.sum(1), 1, rtol=0, atol=1e-12)
    assert "" not in found.values


def test_shuffled_labels_have_no_specialist_and_the_same_counts():
    trace = planted()
    before = list(trace.labels["word"])
    control = light(shuffled(trace, "word"), "word")
    assert control.tokens.tolist() == light(trace, "word").tokens.tolist()
    assert np.ptp(control.weight, axis=0).max() < 0.1
    assert trace.labels["word"] == before


def test_each_seed_is_another_shuffle():
    trace = planted()
    one, same, other = (shuffled(trace, "word", seed).labels["word"] for seed in (0, 0, 1))
    assert one == same != other
    assert [word == "" for word in one] == [word == "" for word in trace.labels["word"]]


def test_words_too_rare_are_refused():
    with pytest.raises(ValueError, match="least is 9999: the commonest value of 'word' has"):
        light(planted(), "word", least=9999)
