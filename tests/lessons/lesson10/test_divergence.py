"""How far the routing of two groups parts, and how soon it follows a change of language."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson10.divergence import (
    divergence,
    follow_switch,
    homographs,
    other_concepts,
)
from moe_lesson.study.statistics import jensen_shannon
from moe_lesson.study.trace import RoutingTrace
from tests.planted import planted


def test_divergence_by_hand():
    assert jensen_shannon(np.array([1.0, 0, 0]), np.array([0, 0.5, 0.5])) == 1.0
    # Middle (3/4, 1/4): 0.811 bits, less half of 1 bit.
    told = jensen_shannon(np.array([1.0, 0]), np.array([0.5, 0.5]))
    assert told == pytest.approx(0.8112781 - 0.5)


def test_halves_of_one_language_are_near_and_noise_does_not_part(clustered, noise):
    parted = divergence(clustered, "en", "de")
    assert (parted.between_L > 10 * parted.high_L).all() and parted.units == 15
    same = divergence(noise, "en", "de")
    assert (np.abs(same.between_L - same.within_L) < 0.5 * same.within_L).all()
    whole = divergence(clustered, "en", "de", align=None)
    assert whole.between_L[3] > whole.high_L[3] and whole.units == 1
    with pytest.raises(ValueError, match="no concept is in both halves"):
        divergence(clustered, "en", "nl")


def labelled(of_language, of_concept, seed=0):
    """Plant experts that know the language, the concept, or both."""
    generator, T = np.random.default_rng(seed), 2400
    tongue, concept = generator.integers(0, 2, T), generator.integers(0, 6, T)
    rules = np.random.default_rng(1)
    score = generator.normal(size=(1, T, 8))
    score[0] += of_language * rules.normal(size=(2, 8))[tongue]
    score[0] += of_concept * rules.normal(size=(6, 8))[concept]
    prob = np.exp(score) / np.exp(score).sum(-1, keepdims=True)
    labels = {"language": np.where(tongue, "de", "en").tolist()}
    labels |= {"concept": [f"c{one}" for one in concept]}
    labels |= {"pos": ["noun" if one < 4 else "verb" for one in concept]}
    labels |= {"document": (2 * (np.arange(T) % 40) + tongue).astype(str).tolist()}
    return RoutingTrace(["a"] * T, np.arange(T), prob.argsort(-1)[:, :, :2], prob, prob, labels)


def test_language_and_concept_are_told_apart():
    tongue = other_concepts(labelled(2.0, 0.0), "en", "de")
    assert tongue.units == 6 and tongue.same_L > 10 * tongue.halves_L
    assert tongue.other_L == pytest.approx(tongue.same_L, rel=0.05)
    assert tongue.one_L == pytest.approx(tongue.halves_L, rel=0.2)
    concept = other_concepts(labelled(0.0, 2.0), "en", "de")
    assert concept.other_L == pytest.approx(concept.one_L, rel=0.1)
    assert concept.one_L > 10 * concept.same_L
    assert concept.same_L == pytest.approx(concept.halves_L, rel=0.2)
    with pytest.raises(ValueError, match="no two concepts of one pos"):
        alone = labelled(1.0, 1.0)
        pos = np.where(np.array(alone.labels["concept"]) == "c0", "noun", "").tolist()
        few = [one if one == "c0" else "" for one in alone.labels["concept"]]
        alone = alone._replace(labels=alone.labels | {"concept": few, "pos": pos})
        other_concepts(alone, "en", "de")


def test_homographs_part_with_depth():
    found = homographs(planted(docs=400), "en", "de")
    assert found.between_L[0] < 2 * found.within_L[0]
    assert found.between_L[3] > 10 * found.high_L[3]


def test_routing_follows_a_switch(clustered):
    found = follow_switch(planted(switch=True, seed=2), clustered, before=5, after=12)
    assert found.switches == 60 and found.count.tolist() == [60] * 17
    deep = found.share[3]
    assert deep[:5].max() < 0.2 and deep[5:].min() > 0.8 and found.lag()[3] == 0
    assert abs(deep[5:].mean() - found.ceiling_L[3]) < 0.05
    assert abs(deep[:5].mean() - found.floor_L[3]) < 0.05
    with pytest.raises(ValueError, match="no document changes"):
        follow_switch(clustered, clustered)


def test_a_slow_change_is_late():
    truth = planted(docs=12, strength=6.0)
    late = planted(docs=12, strength=6.0, switch=True)
    prob = late.prob_LTE.copy()
    for doc in range(12):  # three tokens long the old language's probabilities stay
        at = doc * 50 + 25
        prob[:, at : at + 3] = prob[:, at - 3 : at]
    assert follow_switch(late._replace(prob_LTE=prob), truth).lag()[3] == 3
