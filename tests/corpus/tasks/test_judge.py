"""The judge: the given answer is right, another task's is not, and wordings may differ."""

from collections import Counter
from itertools import islice

import pytest

from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.corpus.stories.chance import Chance
from moe_lesson.corpus.stories.world import world
from moe_lesson.corpus.tasks.build import held_out_tasks, task, tasks
from moe_lesson.corpus.tasks.facts import OF_PERSON, fact_about
from moe_lesson.corpus.tasks.form import Fixed, phrase, some_tools
from moe_lesson.corpus.tasks.judge import is_right


@pytest.fixture(scope="module")
def both():
    return [*islice(tasks(start=700), 1300), *held_out_tasks(900)]


def shuffled(items):
    chance, left, found = Chance(5), list(items), []
    while left:
        found.append(left.pop(chance.below(len(left))))
    return found


def test_the_given_answer_is_right(both):
    wrong = [(one.name, one.language, one.answer) for one in both if not is_right(one, one.answer)]
    assert not wrong


def test_another_tasks_answer_is_not(both):
    pairs = [(one, other) for one, other in zip(both, shuffled(both)) if one.answer != other.answer]
    accepted = [(a.name, b.name) for a, b in pairs if is_right(a, b.answer)]
    assert len(accepted) <= 0.01 * len(both), Counter(accepted)


def test_another_answer_of_the_same_family_and_language_is_not(both):
    """The harder shuffle: the next task of its family in its language."""
    last, found, accepted = {}, Counter(), Counter()
    for one in both:
        key = one.name, one.language
        if key in last and last[key].answer != one.answer:
            found[one.name] += 1
            accepted[one.name] += is_right(one, last[key].answer)
        last[key] = one
    open_ended = {"list": 0.1, "continue_story": 0.2, "polite": 0.2, "ban": 0.3}
    open_ended["true_or_false"] = 0.05
    for name, count in found.items():
        assert accepted[name] <= open_ended.get(name, 0.05) * count, (name, accepted[name], count)


def ask(name, language, style=""):
    """Ask a fact of the first person or town."""
    subject = (world().people if name in OF_PERSON else world().towns)[0]
    return fact_about(name, subject, some_tools(language), ("", style, True)), subject


OTHER_WORDS = {
    "en": "I believe that {name} lives in {town}.",
    "fr": "Je crois que {name} habite à {town}.",
    "it": "Credo che {name} viva a {town}.",
    "de": "Ich glaube, dass {name} in {town} wohnt.",
    "es": "Creo que {name} vive en {town}.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_facts_count_in_other_words_but_not_in_another_language(language):
    one, person = ask("lives", language)
    right = OTHER_WORDS[language].format(name=person.name, town=person.town)
    assert is_right(one, right) and is_right(one, f"{person.town}.")
    elsewhere = next(town.name for town in world().towns if town.name != person.town)
    assert not is_right(one, right.replace(person.town, elsewhere))
    assert not is_right(one, f"{right} {elsewhere}")
    foreign = OTHER_WORDS["es" if language != "es" else "de"]
    assert not is_right(one, foreign.format(name=person.name, town=person.town))
    assert not is_right(one, "") and not is_right(one, " \n")


def test_the_style_is_asked_for():
    short, person = ask("lives", "en", "short")
    full, _ = ask("lives", "en", "full")
    sentence, word = f"{person.name} lives in {person.town}.", f"In {person.town}."
    assert is_right(short, word) and not is_right(short, sentence)
    assert is_right(full, sentence) and not is_right(full, word)


def test_years_count_in_words_and_digits():
    one, person = ask("born_year", "de")
    from moe_lesson.corpus.languages.german import year

    assert is_right(one, f"Im Jahr {year(person.year)}.") and is_right(one, f"{person.year}")
    assert not is_right(one, f"{person.year + 1}")


def test_yes_alone_is_right_and_no_alone_is_not():
    found = (task(n, "true_or_false", "fr") for n in range(40))
    one = next(each for each in found if each.about["truth"] == "yes")
    assert is_right(one, "Oui.") and is_right(one, "oui") and not is_right(one, "Non.")
    assert not is_right(one, one.about["false"])


def test_lists_are_of_the_class_as_long_as_asked_and_without_repeats():
    found = (task(n, "list", "en") for n in range(90))
    one = next(o for o in found if o.about["kind"] == "animal" and o.about["count"] == 3)
    assert is_right(one, "a dog, a cat and a goose") and is_right(one, "Dog, cat, geese.")
    for wrong in ("Dog, cat.", "Dog, cat, dog.", "Dog, cat, lamp.", "Dog, cat, goose, hen."):
        assert not is_right(one, wrong)


def test_potatoes_are_no_apples():
    found = (task(n, "ingredients", "fr", unseen=True) for n in range(200))
    one = next(o for o in found if "pommes de terre" in o.answer)
    assert is_right(one, one.answer)
    assert not is_right(one, one.answer.replace("pommes de terre", "pommes"))
    assert not is_right(one, one.answer.rstrip(".") + " et pommes.")


def test_a_story_goes_on_in_one_or_two_whole_sentences_about_it():
    one = task(0, "continue_story", "en")
    assert is_right(one, one.answer) and not is_right(one, one.answer.rstrip(".!?”"))
    assert not is_right(one, one.answer.lower()) and not is_right(one, "It was over.")
    assert not is_right(one, f"{one.answer} {one.answer} {one.answer}")
    assert not is_right(one, one.about["begun"])


def test_code_is_right_with_other_names_but_not_with_another_body():
    one = next(o for o in (task(n, "code", "en") for n in range(200)) if "square(" in o.answer)
    assert is_right(one, "def square(z): return z * z")
    assert not is_right(one, "def square(z): return z * 2") and not is_right(one, "def square(")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_is_one_of_the_languages_own(language):
    found = (task(n, "ban", language) for n in range(60))
    banned = next(o for o in found if o.about["banned"] == "yes")
    free = next(o for o in found if o.about["banned"] == "no")
    for n in range(3):
        refusal = phrase(language, "refuse", Fixed(n))
        assert is_right(banned, refusal) and not is_right(free, refusal)
    assert not is_right(banned, banned.about["told"]) and is_right(free, free.about["told"])
