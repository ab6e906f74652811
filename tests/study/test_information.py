"""What an expert's number tells about a token, beside what chance would tell."""

import time

import numpy as np
import pytest

from moe_lesson.study.information import (
    contingency_table,
    information,
    mutual_information,
)
from moe_lesson.study.statistics import hashed_trace, oracle_trace
from moe_lesson.study.trace import (
    select,
    with_token_labels,
)
from tests.planted import LANGUAGES, one_layer, planted


def slow_bits(*columns):
    """Compute the joint entropy of columns, the obvious way."""
    seen = {}
    for row in zip(*columns):
        seen[row] = seen.get(row, 0) + 1
    total = sum(seen.values())
    return -sum(n / total * np.log2(n / total) for n in seen.values())


def test_information_by_hand():
    assert mutual_information(np.array([0, 0, 1, 1]), list("aabb")) == 1.0
    assert mutual_information(np.array([0, 1, 0, 1]), list("aabb")) == 0.0
    # 3 of 4 agree: H(1/4, 3/4) + 1 - H(1/4, 1/4, 1/2) = 0.811 + 1 - 1.5
    assert mutual_information(np.array([0, 0, 0, 1]), list("aabb")) == pytest.approx(0.3112781)
    found = information(one_layer([0, 0, 1, 1], language=list("aabb")), "language")
    assert found.bits_L.tolist() == [1.0] and found.share().bits_L.tolist() == [1.0]


@pytest.mark.parametrize("label", ["language", "pos", "concept"])
def test_information_against_a_slow_sum(clustered, label):
    plain = information(clustered, label, permutations=2)
    given = information(clustered, label, ["token"], permutations=2)
    known = np.asarray(clustered.labels[label]) != ""
    names, ids = np.asarray(clustered.labels[label])[known], clustered.id_T[known]
    for layer in (0, 3):
        expert = clustered.expert_LTK[layer, known, 0]
        told = slow_bits(expert) + slow_bits(names) - slow_bits(expert, names)
        left = slow_bits(expert, ids) + slow_bits(names, ids)
        left -= slow_bits(ids) + slow_bits(expert, ids, names)
        assert plain.bits_L[layer] == pytest.approx(told, abs=1e-10)
        assert plain.entropy_L[layer] == pytest.approx(slow_bits(expert), abs=1e-10)
        assert given.bits_L[layer] == pytest.approx(left, abs=1e-10)
        assert mutual_information(expert, names) == pytest.approx(told, abs=1e-10)


def test_what_was_planted_is_found(clustered):
    found = information(clustered, "language")
    assert found.shuffled == "documents"
    assert (np.diff(found.bits_L) > 0).all() and (found.bits_L > found.high99_L).all()
    given = information(clustered, "language", ["token"])
    assert given.bits_L[3] > given.high99_L[3] and given.bits_L[0] < given.bits_L[3] / 5
    topic = information(clustered, "topic")
    assert (topic.bits_L < topic.high95_L).all()


@pytest.mark.parametrize("given", [[], ["token"]])
def test_noise_stays_inside_the_null_95_percent_of_the_time(given):
    inside = []
    for seed in range(40):
        text = planted(docs=18, length=20, strength=0.0, seed=100 + seed)
        for label in ("language", "pos"):
            found = information(text, label, given, permutations=60, seed=seed)
            inside += (found.bits_L <= found.high95_L).tolist()
    # 320 shares of which 95 % are expected; documents of four layers are independent draws.
    assert 0.92 <= np.mean(inside) <= 1.0
    if not given:
        assert np.mean(inside) <= 0.985


def test_the_null_of_documents_is_wider_than_that_of_tokens(clustered):
    # Experts follow the document, whatever its language: only its own number was planted.
    generator = np.random.default_rng(0)
    own = generator.integers(0, 8, 60).repeat(50)
    experts = np.where(generator.random(3000) < 0.7, own, generator.integers(0, 8, 3000))
    random = generator.integers(0, 6, 60).repeat(50)
    labels = {"language": [LANGUAGES[one] for one in random]}
    labels |= {name: clustered.labels[name] for name in ("story", "position")}
    text = one_layer(experts, **labels)
    wide = information(text, "language")
    narrow = information(text._replace(labels={"language": labels["language"]}), "language")
    assert (wide.shuffled, narrow.shuffled) == ("documents", "tokens")
    assert wide.mean_L[0] > 5 * narrow.mean_L[0] and wide.high95_L[0] > 5 * narrow.high95_L[0]
    assert narrow.high99_L[0] < wide.bits_L[0] < wide.high95_L[0]


def test_a_label_that_the_token_decides_tells_nothing_more(clustered):
    found = information(clustered, "pos", ["token"])
    assert information(clustered, "pos").bits_L[0] > 0.1
    assert not found.bits_L.any() and not found.high99_L.any() and found.entropy_L.all()


def test_empty_labels_are_left_out_and_missing_ones_named(clustered):
    known = np.asarray(clustered.labels["concept"]) != ""
    whole = information(clustered, "concept", permutations=3)
    assert whole.bits_L == pytest.approx(
        information(select(clustered, known), "concept", permutations=3).bits_L
    )
    with pytest.raises(KeyError, match="no label 'mood'"):
        information(clustered, "mood")
    with pytest.raises(ValueError, match="empty for all 2 tokens"):
        information(one_layer([0, 1], language=["", ""]), "language")


@pytest.mark.unwatched
def test_twenty_thousand_tokens_take_seconds():
    text = planted(docs=400)
    began = time.process_time()
    information(text, "language")
    information(text, "language", ["token"])
    information(text, "pos")
    assert time.process_time() - began < 20  # 1 s on an idle core, 6 s on a crowded one


def test_cells_add_up_and_their_expectation_is_the_shuffles_mean(clustered):
    for given in ([], ["token"]):
        found = contingency_table(clustered, "pos", 0, given, permutations=300)
        assert found.count.sum() == 3000 and found.expected.sum() == pytest.approx(3000)
        assert (found.low <= found.expected + 1e-9).all()
        assert (found.expected <= found.high + 1e-9).all()
    table = contingency_table(clustered, "language", 3, permutations=2)
    row = table.values.index("de")
    german = np.asarray(clustered.labels["language"]) == "de"
    ours = np.bincount(clustered.expert_LTK[3, german, 0], minlength=8)
    assert table.count[row].tolist() == ours.tolist()


def test_few_cells_of_noise_lie_outside(noise):
    outside = []
    for layer in range(4):
        found = contingency_table(noise, "language", layer)
        outside.append(((found.count < found.low) | (found.count > found.high)).mean())
    assert np.mean(outside) < 0.05


def test_the_baselines_lie_where_they_must(clustered):
    named = with_token_labels(clustered)
    chance = information(hashed_trace(named, k=1), "token", permutations=2).share()
    assert chance.bits_L == pytest.approx(1.0)
    left = information(hashed_trace(named, k=1), "language", ["token"], permutations=2)
    assert not left.bits_L.any()
    ideal = information(oracle_trace(clustered), "language", permutations=2).share()
    assert ideal.bits_L == pytest.approx(1.0)
    with pytest.raises(ValueError, match="with 8 experts at most 8"):
        oracle_trace(clustered, "position")


def test_what_a_design_balances_is_kept_by_its_null():
    # Each of six registers has experts of its own; each topic stands once in each register.
    register, topic = np.arange(6).repeat(120), np.tile(np.arange(4).repeat(30), 6)
    generator = np.random.default_rng(0)
    expert = np.where(generator.random(720) < 0.8, register, generator.integers(0, 6, 720))
    labels = {"register": register.astype(str).tolist(), "topic": topic.astype(str).tolist()}
    text = one_layer(expert, **labels, document=(np.arange(720) // 30).astype(str).tolist())
    free, kept = (information(text, "topic", within=names) for names in ((), ("register",)))
    assert free.bits_L[0] == kept.bits_L[0] and kept.shuffled == "documents"
    assert free.bits_L[0] < free.mean_L[0] / 5  # far below what free exchange expects
    assert kept.mean_L[0] / 2 < kept.bits_L[0] < 2 * kept.mean_L[0]
    # A label that decides the strata has nothing to exchange: its null is the label itself.
    same = information(text, "register", within=["register"])
    assert same.mean_L == pytest.approx(same.bits_L)


def test_what_is_given_may_be_several_labels(clustered):
    both = information(clustered, "pos", ["token", "language"], permutations=2)
    assert not both.bits_L.any()  # the id decides the part of speech here
    names, ids = clustered.labels["topic"], clustered.id_T
    known = list(zip(ids, clustered.labels["pos"]))
    expert = clustered.expert_LTK[2, :, 0]
    slow = slow_bits(expert, known) + slow_bits(names, known)
    slow -= slow_bits(known) + slow_bits(expert, known, names)
    found = information(clustered, "topic", ["token", "pos"], permutations=2)
    assert found.bits_L[2] == pytest.approx(slow, abs=1e-10)
    with pytest.raises(KeyError, match="no label 'mood'"):
        information(clustered, "topic", ["mood"])
    with pytest.raises(KeyError, match="no label 'mood'"):
        information(clustered, "topic", within=["mood"])
