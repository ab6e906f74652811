"""Information and its nulls: what was planted is found, and noise is not."""

import time

import numpy as np
import pytest

from moe_lesson.lessons.lesson10.divergence import (
    divergence,
    follow_switch,
    homographs,
    jensen_shannon,
)
from moe_lesson.lessons.lesson10.interventions import hashed_trace, oracle_trace
from moe_lesson.lessons.lesson10.repeats import random_repeats, repeats
from moe_lesson.study.information import (
    contingency_table,
    information,
    integer_codes,
    mutual_information,
    paths,
)
from moe_lesson.study.statistics import intervals, repeat_share
from moe_lesson.study.trace import (
    RoutingTrace,
    documents,
    join,
    select,
    with_token_labels,
)

LANGUAGES = ["en", "fr", "it", "de", "es", "code"]
POS = ["noun", "verb", "article", "adverb", "sign"]
TOPICS = ["sea", "farm", "town"]
REGISTERS = ["story", "letter", "recipe"]


def planted(docs=60, length=50, strength=4.0, seed=0, layers=4, switch=False):
    """Build a trace whose layer 0 follows the token id and whose deeper layers the language.

    Of 120 token ids each language has 15 of its own and shares 30, five of them homographs.
    Strength 0: noise. ``switch``: each document changes to the next language half way.
    """
    generator = np.random.default_rng(seed)
    doc = np.arange(docs).repeat(length)
    place = np.tile(np.arange(length), docs)
    language = (doc + (switch & (place >= length // 2))) % 6
    shared = generator.random(len(doc)) < 0.3
    ids = np.where(shared, generator.integers(0, 30, len(doc)), 0)
    ids = np.where(shared, ids, 30 + 15 * language + generator.integers(0, 15, len(doc)))
    rules = np.random.default_rng(1)  # the same "model" whatever the text
    pos = rules.permutation(120)[ids] % 5
    of_id, of_language = rules.normal(size=(120, 8)), rules.normal(size=(6, 8))
    logits = generator.normal(size=(layers, len(doc), 8))
    depth = np.linspace(0, 1, layers)[:, None, None]
    logits += strength * ((1 - depth) * of_id[ids] + depth * of_language[language])
    prob = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expert = np.argsort(-prob, -1)[:, :, :2]
    weight = np.take_along_axis(prob, expert, 2)
    concept = np.where(shared, "", [f"c{one % 15}" for one in ids])
    labels = {
        "language": [LANGUAGES[one] for one in language],
        "topic": [TOPICS[one // 6 % 3] for one in doc],
        "register": [REGISTERS[one // 18 % 3] for one in doc],
        "story": [f"s{one // 6}" for one in doc],
        "position": [str(one) for one in place],
        "pos": [POS[one] for one in pos],
        "concept": concept.tolist(),
        "homograph": ["pan die son come gift".split()[one] if one < 5 else "" for one in ids],
    }
    tokens = [f" w{one}" for one in ids]
    return RoutingTrace(tokens, ids, expert, weight / weight.sum(-1, keepdims=True), prob, labels)


@pytest.fixture(scope="module")
def clustered():
    return planted()


@pytest.fixture(scope="module")
def noise():
    return planted(strength=0.0, seed=3)


def one_layer(experts, **labels):
    """Build a trace of one layer with the given first choices."""
    ids = np.array(experts).reshape(1, -1, 1)
    T, E = ids.shape[1], ids.max() + 1
    prob = np.zeros((1, T, E))
    np.put_along_axis(prob, ids, 1.0, 2)
    return RoutingTrace(["a"] * T, np.arange(T), ids, np.ones(ids.shape), prob, labels)


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
    given = information(clustered, label, given_token=True, permutations=2)
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


def test_weights_count_visits_and_equal_weights_count_alike(clustered):
    even = clustered._replace(weight_LTK=np.full(clustered.weight_LTK.shape, 0.5))
    twice = clustered.expert_LTK[3].T.ravel()
    names = clustered.labels["language"] * 2
    found = information(even, "language", weighted=True, permutations=2)
    assert found.bits_L[3] == pytest.approx(mutual_information(twice, names), abs=1e-10)
    alone = clustered._replace(weight_LTK=np.stack([np.ones((4, 3000)), np.zeros((4, 3000))], 2))
    first = information(alone, "language", permutations=2)
    assert information(alone, "language", weighted=True, permutations=2).bits_L == pytest.approx(
        first.bits_L
    )


def test_what_was_planted_is_found(clustered):
    found = information(clustered, "language")
    assert found.shuffled == "documents"
    assert (np.diff(found.bits_L) > 0).all() and (found.bits_L > found.high99_L).all()
    given = information(clustered, "language", given_token=True)
    assert given.bits_L[3] > given.high99_L[3] and given.bits_L[0] < given.bits_L[3] / 5
    topic = information(clustered, "topic")
    assert (topic.bits_L < topic.high95_L).all()


@pytest.mark.parametrize("given", [False, True])
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
    found = information(clustered, "pos", given_token=True)
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
    information(text, "language", given_token=True)
    information(text, "pos")
    assert time.process_time() - began < 20  # 1 s on an idle core, 6 s on a crowded one


def test_cells_add_up_and_their_expectation_is_the_shuffles_mean(clustered):
    for given in (False, True):
        found = contingency_table(clustered, "pos", 0, given, permutations=300)
        assert found.count.sum() == found.expected.sum() == pytest.approx(3000)
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
    left = information(hashed_trace(named, k=1), "language", given_token=True, permutations=2)
    assert not left.bits_L.any()
    ideal = information(oracle_trace(clustered), "language", permutations=2).share()
    assert ideal.bits_L == pytest.approx(1.0)
    with pytest.raises(ValueError, match="with 8 experts at most 8"):
        oracle_trace(clustered, "position")


def test_a_path_tells_at_least_what_its_last_expert_tells(clustered):
    path = information(paths(clustered), "language", permutations=5)
    assert path.bits_L[0] >= information(clustered, "language", permutations=2).bits_L.max()


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


def test_intervals_over_documents_are_wider_and_cover():
    generator = np.random.default_rng(0)
    covered, wider = 0, 0
    for seed in range(60):
        value = generator.normal(size=40).repeat(10) + generator.normal(size=400)
        document = np.arange(40).repeat(10)
        ours = intervals(value, document, draws=400, seed=seed)["all"]
        naive = intervals(value, np.arange(400), draws=400, seed=seed)["all"]
        covered += ours.low <= 0 <= ours.high
        wider += ours.high - ours.low > 1.5 * (naive.high - naive.low)
    assert covered >= 52 and wider == 60


def test_intervals_by_group_leave_out_what_is_not_known():
    value = np.array([1.0, np.nan, 3.0, 5.0])
    found = intervals(value, np.array([0, 0, 1, 1]), ["en", "en", "en", ""])
    assert list(found) == ["en"] and found["en"][:1] == (2.0,) and found["en"].tokens == 2
    alone = intervals(value, np.zeros(4, dtype=int))["all"]
    assert alone.mean == 3.0 and np.isnan([alone.low, alone.high]).all()


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
    loads = divergence(clustered, "en", "de", align=None, load=True)
    assert loads.between_L[3] > loads.high_L[3] and loads.units == 1
    with pytest.raises(ValueError, match="no concept is in both halves"):
        divergence(clustered, "en", "nl")


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


def test_documents_begin_where_story_or_position_say():
    text = one_layer([0] * 6, story=list("aaaabb"), position=["0", "1", "0", "", "0", "1"])
    assert documents(text).tolist() == [0, 0, 1, 1, 2, 2]
    assert documents(select(text, [1, 2, 5])).tolist() == [0, 1, 2]
    both = join([text, text])
    assert len(set(documents(both).tolist())) == 6 and len(both.labels["story"]) == 12


def test_labels_of_the_tokens_themselves():
    text = one_layer([0] * 5)._replace(tokens=[" a", "b", " 12", "\n", "!"], id_T=np.ones(5))
    labels = with_token_labels(text).labels
    assert labels["shape"] == ["word", "part", "number", "space", "sign"]
    assert labels["frequency"] == ["4 to 15"] * 5
    assert integer_codes(labels["shape"])[0] == sorted(labels["shape"])
