"""Greetings, thanks, requests: the same thing said in another register; recipes; stories."""

from functools import cache

from moe_lesson.corpus.languages.abstract import Clause
from moe_lesson.corpus.languages.lexicon import lexicon
from moe_lesson.corpus.languages.vocabulary import TOPICS
from moe_lesson.corpus.stories.plots import story
from moe_lesson.corpus.stories.talk import PRESENT, popular
from moe_lesson.corpus.stories.teller import Teller
from moe_lesson.corpus.stories.world import world
from moe_lesson.corpus.tasks.facts import forms
from moe_lesson.corpus.tasks.form import (
    Fixed,
    Task,
    draw,
    is_seen,
    phrase,
    show,
    user,
    variants,
    words_of,
)
from moe_lesson.corpus.tasks.words import named

SAID = {"greet": "hello", "goodbye": "goodbye", "thanks": "thanks"}
OPENING = 3  # sentences of a story that are shown, at most


def polite_task(name, tools):
    """Ask for a greeting, a farewell, thanks, a polite request, or a bare one.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> polite_task("polite", some_tools("en")).answer
    'Bring me the red bracelet!'

    Lesson 11.
    """
    kind = tools.plan.pick((*SAID, "please", "bare"), (1, 1, 1, 2, 1))
    return request_task(name, tools, kind) if kind in ("please", "bare") else _to(name, tools, kind)


def _to(name, tools, kind):
    """Ask for words to somebody."""
    language = tools.language
    people = [person for index, person in enumerate(world().people) if is_seen(index)]
    person = popular(tools.plan, people, tools.plan.pick(TOPICS))
    clause = Clause(SAID[kind], {"person": person.ref}, PRESENT)
    text = phrase(language, kind, tools.style, person=person.name)
    about = {"rule": "equal", "accepted": tuple(variants(clause, language)), "kind": kind}
    about |= {"seen": "yes", "answer_language": language}
    return Task(name, language, (user(text),), show(clause, language, tools.style), about)


def request_task(name, tools, kind):
    """Ask to say a bare request politely, or a polite one barely.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> request_task("polite", some_tools("en"), "bare").answer
    'Bring me the brown pearl!'

    Lesson 11.
    """
    language = tools.language
    thing = Teller(tools.plan, tools.plan.pick(TOPICS)).thing("thing")
    clause = Clause("bring_me", {"patient": thing}, PRESENT)
    polite = variants(clause, language)
    feature = {"de": "acc", "fr": "obj"}.get(language, "")
    bare = phrase(language, "bring", Fixed(0), thing=words_of(thing, language, feature))
    asked, answers = (bare, polite) if kind == "please" else (tools.style.pick(polite), [bare])
    text = phrase(language, kind, tools.style, text=asked)
    answer = tools.style.pick(answers)
    about = {"rule": "equal", "accepted": tuple(answers), "kind": kind, "seen": "yes"}
    about |= {"answer_language": language, "other": bare if kind == "please" else asked}
    return Task(name, language, (user(text),), answer, about)


def ingredients_task(name, tools):
    """Ask what one needs for a dish of the world.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> len(ingredients_task("ingredients", some_tools("en")).about["value"])
    5

    Lesson 11.
    """
    dish, seen = draw(world().dishes, tools)
    foods = [named(noun, tools.language) for noun in dish.foods]
    text = phrase(tools.language, name, tools.style, dish=dish.name)
    fields = {"dish": dish.name, "foods": ", ".join(foods[:-1]), "last": foods[-1]}
    answer = phrase(tools.language, "ingredients_a", tools.style, **fields)
    value = tuple(forms(noun, tools.language) for noun in dish.foods)
    about = {"rule": "foods", "subject": dish.name, "value": value, "foods": dish.foods}
    about |= {"seen": "yes" if seen else "no", "answer_language": tools.language}
    return Task(name, tools.language, (user(text),), answer, about)


def story_task(name, tools):
    """Show how a story begins and ask for more; the answer takes up one of its words.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> story_task("continue_story", some_tools("en")).answer
    'Then the shoemaker had to find some peas.'

    Lesson 11.
    """
    language = tools.language
    while True:
        told = story(tools.plan, tools.plan.pick(TOPICS))
        lines = [show(clause, language, tools.style) for part in told for clause in part]
        count = 1 + tools.style.below(OPENING)
        begun, following = " ".join(lines[:count]), lines[count]
        if mentioned(begun, language) & mentioned(following, language):
            break
    text = phrase(language, name, tools.style, story=begun)
    about = {"rule": "story", "begun": begun, "seen": "yes", "answer_language": language}
    return Task(name, language, (user(text),), following, about)


def mentioned(text, language):
    """List the nouns of the lexicon that a text mentions.

    >>> mentioned("The goose met two geese.", "en")
    {'goose'}

    Lesson 11.
    """
    known = _nouns(language)
    clean = "".join(sign if sign.isalnum() else " " for sign in text.lower())
    return {known[word] for word in clean.split() if word in known}


@cache
def _nouns(language):
    nouns = lexicon(language).nouns
    return {form.lower(): noun for noun in nouns for form in forms(noun, language)}
