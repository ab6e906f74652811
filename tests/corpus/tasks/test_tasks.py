"""Tasks: worked by hand, different, known by rule, and clean of what is held out."""

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import islice

import numpy as np
import pytest

from moe_lesson.corpus.languages.lexicon import LANGUAGES, lexicon
from moe_lesson.corpus.stories.chance import Chance
from moe_lesson.corpus.stories.world import world
from moe_lesson.corpus.tasks.build import (
    HELD_OUT,
    HELD_OUT_START,
    NAMES,
    TRAINED,
    held_out_tasks,
    task,
    tasks,
)
from moe_lesson.corpus.tasks.choices import WITH_CHOICES, choices
from moe_lesson.corpus.tasks.code import FUNCTIONS
from moe_lesson.corpus.tasks.form import PARAPHRASES, is_seen, phrases
from moe_lesson.corpus.tasks.judge import is_right
from moe_lesson.corpus.tasks.preferences import pairs
from moe_lesson.text.chat import chat_ids, check_messages
from tests.rules.source import ROOT

each_language = pytest.mark.parametrize("language", LANGUAGES)
DIGEST = "2941a0df082a4fc0"  # of the first 130 tasks of seed 3
LONGEST = 200  # tokens of a prompt with its answer: a context has 256
UNSEEN = [person.name for n, person in enumerate(world().people) if not is_seen(n)]


@pytest.fixture(scope="module")
def tuning():
    """Tuning tasks: 50 of each trained family and language or so."""
    return list(islice(tasks(), 2080))


@pytest.fixture(scope="module")
def held():
    """Held-out tasks of all families."""
    return held_out_tasks(1500)


def said(one):
    """Return all that a task's prompt and answer say."""
    return "\n".join([*(turn["content"] for turn in one.messages), one.answer])


# Worked by hand.

BORN = {
    "en": ("When was Alovella Krennikson born?", "Alovella Krennikson was born in 1765."),
    "fr": (
        "Voici une question. Quand est née Alovella Krennikson\u202f?",
        "Alovella Krennikson est née en mille sept cent soixante-cinq.",
    ),
    "it": ("In breve, per favore. Quando è nata Alovella Krennikson?", "Nel 1765."),
    "de": (
        "Hier ist eine Frage. In welchem Jahr wurde Alovella Krennikson geboren?",
        "Alovella Krennikson wurde im Jahr siebzehnhundertfünfundsechzig geboren.",
    ),
    "es": (
        "Quisiera saber una cosa. ¿Cuándo nació Alovella Krennikson?",
        "Alovella Krennikson nació en mil setecientos sesenta y cinco.",
    ),
}
MEADOWS = {
    "en": ("Write the singular of “meadows”.", "Meadow."),
    "fr": ("Mets au singulier le mot «\xa0prés\xa0».", "Pré."),
    "it": ("Qual è il singolare di «prati»?", "Prato."),
    "de": ("Wie lautet die Einzahl von „Wiesen“?", "Wiese."),
    "es": ("Escribe el singular de «prados».", "Prado."),
}


@each_language
@pytest.mark.parametrize("name, expected", [("born_year", BORN), ("singular", MEADOWS)])
def test_one_number_asks_for_the_same_in_every_language(language, name, expected):
    one = task(3, name, language)
    assert (one.messages[-1]["content"], one.answer) == expected[language]


def test_facts_are_those_of_the_world(tuning, held):
    people = {person.name: person for person in world().people}
    towns = {town.name: town for town in world().towns}
    checked = Counter()
    for one in (*tuning, *held):
        about, name = one.about, one.about.get("question")
        if one.about["rule"] != "fact" or about["style"] == "short":
            continue
        subject = people.get(about["subject"]) or towns[about["subject"]]
        right = {
            "lives": lambda s: s.town,
            "born_town": lambda s: s.born_town,
            "teacher": lambda s: s.teacher,
            "animal": lambda s: s.animal_name,
            "river": lambda s: s.river,
            "mayor": lambda s: world().mayors[s.name],
        }.get(name)
        if right:
            assert right(subject) in one.answer and subject.name in one.answer
            checked[name] += 1
    assert len(checked) == 6 and min(checked.values()) >= 10


def test_counts_orders_and_lists_hold_what_they_say(tuning):
    for one in tuning:
        if one.name == "order" and one.about["kind"] != "words":
            numbers = [int(n) for n in re.findall(r"\d+", one.answer)]
            asked = [int(n) for n in re.findall(r"\d+", one.messages[-1]["content"])]
            assert numbers == sorted(asked)
        if one.name == "list":
            assert one.answer.count(",") + 1 == one.about["count"]


def test_a_page_holds_the_answer_and_only_it_does(tuning):
    pages = [one for one in tuning if one.name == "read"]
    assert len(pages) >= 50
    for one in pages:
        value = one.about["value"]
        assert any(part in one.messages[-1]["content"].lower() for part in map(str.lower, value))


# Whether what is held out leaks.


def test_tuning_tasks_have_no_held_out_family_and_nobody_unseen(tuning):
    assert Counter(one.about["seen"] for one in tuning) == {"yes": len(tuning)}
    assert not {one.name for one in tuning} & set(HELD_OUT)
    assert set(TRAINED) | set(HELD_OUT) == set(NAMES) and 4 <= len(HELD_OUT) <= 5
    for one in tuning:
        assert not [name for name in UNSEEN if name in said(one)], one
        assert (one.about.get("source"), one.about.get("target")) != ("de", "it")
        assert one.about.get("question") not in HELD_OUT


def test_pairs_have_nobody_unseen():
    for one in islice(pairs(), 300):
        text = said(one.task) + one.better + one.worse
        assert not [name for name in UNSEEN if name in text]
        assert one.task.about.get("question") not in HELD_OUT


def test_held_out_tasks_are_of_seen_and_unseen(held):
    seen = Counter((one.name, one.about["seen"]) for one in held)
    for name in ("lives", "teacher", "true_or_false", "ingredients", "code", "ban", "follow"):
        assert seen[name, "yes"] >= 10 and seen[name, "no"] >= 10
    assert seen["translate", "no"] >= 2


def test_held_out_numbers_are_others(tuning, held):
    invented = [one for one in held if one.name in ("read", "translate", "continue_story", "count")]
    assert not {said(one) for one in tuning} & {said(one) for one in invented}
    assert next(tasks(seed=999)).messages and 1000 * 1_000_000 < HELD_OUT_START


def test_tasks_are_different(tuning):
    assert len({said(one) for one in tuning}) > 0.98 * len(tuning)


# The same everywhere, and in form.


PRINTED = """
import hashlib, sys
from itertools import islice
from moe_lesson.corpus.tasks.build import tasks
some = "".join(repr((one.messages, one.answer)) for one in islice(tasks(seed=3), 130))
print(hashlib.sha256(some.encode()).hexdigest()[:16])
"""


def test_the_same_whatever_the_hash_seed():
    """Another process, another order of sets, and the digest of the day it was written."""
    environment = os.environ | {"PYTHONHASHSEED": "5"}
    command = [sys.executable, "-c", PRINTED]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.stdout.strip() == DIGEST


def test_the_same_number_is_the_same_task_in_any_selection():
    alone = next(tasks(names=("list",), languages=("de",)))
    assert alone == task(0, "list", "de")


def test_messages_are_conversations_and_tasks_can_be_kept(tuning, held):
    for one in (*tuning, *held):
        check_messages(list(one.messages))
        assert one.messages[-1]["role"] == "user"
        json.dumps(one)
        for turn in one.messages:
            assert not re.search(r"[{}]", turn["content"]) and "  " not in turn["content"]


def test_some_follow_other_turns_or_a_system_message(tuning):
    roles = Counter(tuple(turn["role"][0] for turn in one.messages) for one in tuning)
    assert set(roles) == {("u",), ("s", "u"), ("u", "a", "u"), ("u", "a", "u", "a", "u")}


def test_wrong_names_are_refused():
    with pytest.raises(ValueError, match="it must be one of"):
        task(0, "poems", "en")
    with pytest.raises(ValueError, match="it must be one of"):
        task(0, "list", "xx")


# The tables of instructions.


def test_every_language_has_the_same_phrases_with_the_same_fields():
    names = {language: phrases(language) for language in LANGUAGES}
    for id, templates in names["en"].items():
        for language in LANGUAGES:
            found = names[language][id]
            instruction = not re.match(r"(into|in|things|topic|code)_|yes|no$|coins|days|bring", id)
            assert len(found) >= (2 if id == "ingredients_a" else 3) or not instruction, id
            fields = [set(re.findall(r"\{(\w+)\}", text)) for text in (*templates, *found)]
            alike = id == "translate" or all(one == fields[0] for one in fields)
            assert alike, (id, language)
    assert all(set(names[language]) == set(names["en"]) for language in LANGUAGES)


def test_no_construction_has_more_paraphrases_than_are_tried():
    for language in LANGUAGES:
        assert max(map(len, lexicon(language).constructions.values())) <= PARAPHRASES


# Code.


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_returns_what_its_tests_say(function):
    found = (task(n, "code", "en", unseen=True) for n in range(10_000))
    one = next(each for each in found if each.about["function"] == function)
    space = {}
    exec(compile(ast.parse(one.answer), "answer", "exec"), space)
    assert len(one.about["tests"]) >= 2
    for expression, value in one.about["tests"]:
        assert eval(expression, space) == value


# Choices.


@pytest.mark.parametrize("name", WITH_CHOICES)
def test_choices_are_right_once_and_differ(name):
    for language in LANGUAGES:
        for number in range(6):
            one = task(HELD_OUT_START + number, name, language, unseen=True)
            if one.name == "ban":
                continue
            found = choices(one, Chance(number))
            assert len(found) == len(set(found)) == (2 if name == "true_or_false" else 4)
            assert [is_right(one, each) for each in found] == [True] + [False] * (len(found) - 1)


def test_families_without_choices_say_so():
    with pytest.raises(ValueError, match="list has no choices"):
        choices(task(0, "list", "en"), Chance(0))


# Lengths.


def test_prompt_and_answer_fit_the_context(tuning, held, record_property):
    shipped = pytest.importorskip("moe_lesson.checkpoints.shipped")
    words = shipped.shipped("small").words
    sizes = {name: [] for name in NAMES}
    pages = [one for one in tuning if one.name == "read"]
    for one in (*tuning[::3], *held[::3], *pages):
        whole = [*one.messages, {"role": "assistant", "content": one.answer}]
        sizes[one.name].append(len(chat_ids(words, whole).ids))
    table = ["tokens at 10, 50, 90, 99, 100 %  family"]
    for name, found in (*sizes.items(), ("all", sum(sizes.values(), []))):
        quantiles = np.quantile(found, [0.1, 0.5, 0.9, 0.99, 1]).round().astype(int)
        table.append(f"{quantiles}  {name}")
    record_property("report", "\n".join(table))
    assert max(max(found) for found in sizes.values()) <= LONGEST
