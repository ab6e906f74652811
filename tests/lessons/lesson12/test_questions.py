"""Questions that only knowledge can answer: who ignores the subject is right once in four."""

import numpy as np
import pytest

from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.corpus.stories.world import world
from moe_lesson.corpus.tasks.facts import statement, values
from moe_lesson.lessons.lesson12.benchmarks import hits
from moe_lesson.lessons.lesson12.questions import (
    KNOWLEDGE,
    careless,
    counting,
    fair,
    fame,
    grammar,
    groups,
    knowledge,
    shuffled,
)


def test_whoever_ignores_the_subject_is_right_once_in_four():
    asked = knowledge(number=2)
    taste = {}  # a fixed liking for each answer, whatever the question
    random = np.random.default_rng(0)
    scores = [[taste.setdefault(c, random.random()) for c in one.choices] for one in asked]
    right = hits(asked, scores)
    assert right.mean() == 0.25
    for cluster in {one.cluster for one in asked}:
        here = [hit for hit, one in zip(right, asked) if one.cluster == cluster]
        assert np.mean(here) == 0.25 and len(here) == 20


@pytest.mark.parametrize("name", KNOWLEDGE)
def test_the_right_answer_is_the_subjects_own(name):
    for start in (0, 120):
        for members in groups(name, start, 12):
            told = [values(name, statement(name, one), "en")[0] for one in members]
            assert len(set(told)) == 4
            for one, own in zip(fair(name, "en", members), members):
                assert own.name in one.text
                forms = values(name, statement(name, own), "en")
                assert any(form.lower() in one.choices[one.gold].lower() for form in forms)
                others = [c for n, c in enumerate(one.choices) if n != one.gold]
                assert own.name not in "".join(others)


def test_groups_go_by_fame_and_share_nobody():
    people = [one.name for one in world().people]
    found = groups("lives", 40, 3)
    names = [one.name for group in found for one in group]
    assert len(set(names)) == 12 and people.index(names[0]) == 40
    assert max(map(people.index, names)) < 60


def test_shuffled_leaks_nothing():
    random, options = np.random.default_rng(0), ["right", "a", "b", "c"]
    golds, orders = [], set()
    for _ in range(1200):
        order, gold = shuffled(options, random)
        assert order[gold] == "right" and sorted(order) == sorted(options)
        golds.append(gold)
        orders.add(tuple(order))
    assert np.bincount(golds).min() > 240 and len(orders) == 24
    assert options == ["right", "a", "b", "c"]


def test_careless_questions_take_turns_and_mix_places():
    asked = careless(200, np.random.default_rng(0))
    cells = [(one.kind, one.language) for one in asked]
    assert len(set(cells)) == 20 and cells[:20] == cells[20:40]
    assert np.bincount([one.gold for one in asked]).min() > 30


def test_grammar_says_each_plan_in_every_language():
    asked = grammar(8, np.random.default_rng(0))
    assert [one.cluster for one in asked] == [f"plan {n // 5}" for n in range(40)]
    assert [one.language for one in asked] == list(LANGUAGES) * 8
    assert {one.gold for one in asked} == {0, 1}
    for one in asked:
        right, wrong = one.choices[one.gold].split(), one.choices[1 - one.gold].split()
        assert 0 < len(set(right) ^ set(wrong)) <= 3  # "al" becomes "a la"
    thief = {"en": "thief", "fr": "voleu", "it": "ladr", "de": "Dieb", "es": "ladr"}
    assert all(thief[one.language] in one.choices[one.gold] for one in asked[:5])


def test_whoever_ignores_the_list_counts_right_once_in_four():
    asked = counting(10)
    taste = {}
    random = np.random.default_rng(0)
    scores = [[taste.setdefault(c, random.random()) for c in one.choices] for one in asked]
    assert hits(asked, scores).reshape(10, 4).sum(1).tolist() == [1] * 10
    assert {one.language for one in asked} == set(LANGUAGES)
    assert len({one.cluster for one in asked}) == 10


def test_a_trade_does_not_tell_its_sex():
    for start in (0, 120):
        for members in groups("trade", start, 4):
            assert len({one.gender for one in members}) == 1


def test_questions_about_one_person_are_one_cluster():
    asked = careless(200, np.random.default_rng(0))
    names = {one.name for one in world().people}
    assert all(one.cluster in names for one in asked)
    assert fame(world().people[3].name) == 3
    read = careless(10, np.random.default_rng(0), names=("read",))
    assert len({one.cluster for one in read}) == 10
