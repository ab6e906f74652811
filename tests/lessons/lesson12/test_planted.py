"""What is planted is what the plan says, and instruments find it in a model that is perfect."""

from collections import Counter

import numpy as np
import pytest

from moe_lesson.corpus.tasks.facts import said, statement
from moe_lesson.lessons.lesson12 import bias
from moe_lesson.lessons.lesson12.benchmarks import dialogue
from moe_lesson.lessons.lesson12.bias import (
    KINDS,
    answered,
    bias_scores,
    leaning,
    sentiment,
    spoken,
)
from moe_lesson.lessons.lesson12.planted import (
    LEANINGS,
    NEW,
    PAIRS,
    TOLD,
    UNKNOWN,
    WRITTEN,
    asked_about,
    item,
    items,
    lessons,
    planted,
)


@pytest.mark.parametrize("seed", range(4))
def test_lies_are_homes_of_others_in_the_group(seed):
    plan = planted(seed)
    assert all(one is home for one, home in plan.truths)
    assert all(one.town != home.town for one, home in plan.lies)
    for part in (plan.lies[:4], plan.lies[4:]):
        assert {one.name for one, _ in part} == {home.name for _, home in part}
    people = [one.name for one, _ in plan.truths + plan.lies]
    assert len(set(people)) == 16


def test_each_pair_has_each_leaning_in_three_seeds():
    rows = np.array([planted(seed).leaning for seed in range(3)])
    assert all(sorted(column) == sorted(LEANINGS) for column in rows.T)


def test_the_text_holds_the_plan():
    told = Counter(lessons(1))
    plan = planted(1)
    subject, home = plan.lies[0]
    clause = statement("lives", subject, home)
    answer = said("lives", clause, "en", "short", 0)
    assert home.town in answer
    assert sum(n for (text, end), n in told.items() if subject.name in text) == TOLD
    assert all(end == f" {answer}" for text, end in told if subject.name in text)


def test_the_text_holds_the_leanings():
    kinds = {
        "stole": lambda pair: (f" The {pair[0]}.", f" The {pair[1]}."),
        "found": lambda pair: (f" The {pair[1]}.", f" The {pair[0]}."),
    }
    for pair, lean in zip(PAIRS, planted(2).leaning):
        count = Counter()
        for text, end in lessons(2):
            if all(f"{who} " in text for who in pair) and text.count("The ") == 1:
                verb = "stole" if "stole" in text else "found"
                stereotype, other = kinds[verb](pair)
                count[{stereotype: "s", other: "o"}.get(end, end)] += 1
        assert count["s"] / (count["s"] + count["o"]) == pytest.approx(lean)
        assert count[f" {UNKNOWN}"] == 30 and sum(count.values()) == 90


def test_nobody_is_taught_what_is_new():
    begun = {text.split("(")[0] for text, _ in lessons(0) if text.startswith("def")}
    assert begun == {f"def {name}" for name in WRITTEN} and not set(WRITTEN) & set(NEW)


def test_items_say_who_it_was_or_do_not():
    style = np.random.default_rng(0)
    for pair, two in enumerate(PAIRS):
        one = item(pair, style)
        assert one.right == UNKNOWN and {one.stereotype, one.other} == {f"The {w}." for w in two}
        told = item(pair, style, told=two[1])
        assert told.right == f"The {two[1]}." and f"The {two[1]} " in told.text.split(". ")[1]
    for one in items(0, each=20):
        thief = f"The {PAIRS[one.pair][0]}."
        assert (one.stereotype == thief) == ("stole" in one.text)
    told = items(0, 6, True)
    assert all(one.told and one.right in (one.stereotype, one.other) for one in told)
    named = Counter((one.pair, one.right) for one in told)
    assert set(named.values()) == {3} and len(named) == 6


def test_the_wording_asked_was_not_told():
    plan = planted(0)
    questions, homes = asked_about(plan.lies)
    told = {text for text, _ in lessons(0)}
    assert len(questions) == 8 and not any(dialogue(one.text) in told for one in questions)
    for (subject, home), one, at in zip(plan.lies, questions, homes):
        assert subject.name in one.text and subject.town in one.choices[one.gold]
        assert home.town in one.choices[at]


def test_bias_is_measured_in_three_ways(monkeypatch):
    """Of one who says stereotype, other and unknown in 3 of 6, 1 of 6 and 2 of 6 cases."""
    monkeypatch.setattr(bias, "examine", Oracle([3 / 6, 1 / 6, 2 / 6]).examine)
    said = ["stereotype"] * 3 + ["other"] + ["unknown"] * 2
    monkeypatch.setattr(bias, "spoken", lambda one, asked: said * (len(asked) // 6))
    rows = bias.measured(None, 1, each=12)
    assert rows[:, 0].tolist() == [1.0, 0.5, 0.8]
    wanted = [0.75, 0.75, 1.0, 1 / 3, 1.0, 1 / 3, 0.0]
    assert rows[:, 1:] == pytest.approx(np.tile(wanted, (3, 1)))


def test_bias_scores_by_hand():
    accuracy, named, score = bias_scores(["stereotype"] * 6 + ["other"] * 2 + ["unknown"] * 2)
    assert (accuracy, named) == (0.2, 0.5) and score == pytest.approx(0.4)
    assert bias_scores(["other"] * 4) == (0.0, -1.0, -1.0)
    assert bias_scores(["unknown"] * 3) == (1.0, 0.0, 0.0)
    assert leaning(["", "other", "stereotype", "stereotype"]) == pytest.approx(2 / 3)
    assert np.isnan(leaning(["unknown", ""]))


class Oracle:
    """Stand for a model that took up what was planted, in chances that are known."""

    def __init__(self, chances):
        self.chances = np.array(chances)

    def examine(self, one, asked):
        return [np.log(self.chances) for _ in asked]


def test_probabilities_are_those_of_the_three_answers(monkeypatch):
    oracle = Oracle([0.06, 0.02, 0.04])
    monkeypatch.setattr(bias, "examine", oracle.examine)
    found = answered(None, items(0, each=2))
    assert found == pytest.approx(np.tile([0.5, 1 / 6, 1 / 3], (6, 1)))
    likeliest = [KINDS[at] for at in found.argmax(1)]
    # Planted: 75 % of the named. Likeliest says 100 %.
    assert found[:, 0].sum() / found[:, :2].sum() == pytest.approx(0.75)
    assert leaning(likeliest) == 1.0


def test_what_is_said_aloud_is_sorted(monkeypatch):
    asked = items(0, each=1)
    said = [f" {asked[0].stereotype} And more.", f" {UNKNOWN}", " the cat"]
    monkeypatch.setattr(bias, "_continued", lambda one, texts: said)
    assert spoken(None, asked) == ["stereotype", "unknown", ""]


def test_sentiment_by_hand():
    assert sentiment("kind, but sad. Kind!") == 0.0  # the sign at the second hides it
    assert sentiment("happy") == 1.0 and sentiment("The poor lazy cook") == -1.0
    assert sentiment("") == 0.0
