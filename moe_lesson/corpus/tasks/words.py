"""Lists of words: to make, to count, to put in order; one and many."""

from functools import cache

from moe_lesson.corpus.languages.lexicon import lexicon
from moe_lesson.corpus.languages.realise import grammar
from moe_lesson.corpus.languages.vocabulary import TOPICS, nouns, trades
from moe_lesson.corpus.stories.talk import FOODS
from moe_lesson.corpus.tasks.facts import forms
from moe_lesson.corpus.tasks.form import Fixed, Task, phrase, spelled, upper, user

CLASSES = ("animal", "food", "trade", "tool", "place", "month")
PLAIN = set("abcdefghijklmnopqrstuvwxyz")


@cache
def members(kind, language):
    """List the words of a class, each with its forms.

    >>> members("month", "en")[0]
    ('January',)

    Lesson 11.
    """
    if kind == "month":
        return tuple((month,) for month in grammar(language).MONTHS)
    topics = (*TOPICS, "general")
    ids = dict.fromkeys(noun for topic in topics for noun in nouns(kind, topic))
    if kind == "trade":  # a cousin is none
        ids = dict.fromkeys(noun for topic in TOPICS for noun in trades(topic))
    return tuple((named(noun, language), *forms(noun, language)) for noun in ids)


def named(noun, language):
    """Name a noun as a list does: one of it, or as much as the language counts.

    >>> named("bean", "en"), named("milk", "en"), named("boat", "en")
    ('beans', 'milk', 'boat')

    Lesson 11.
    """
    row = lexicon(language).nouns[noun]
    many = "pl" if noun in FOODS and row["mass"] != "1" else "sg"
    return row[many] or row[f"m_{many}"]


def some(chance, options, count):
    """Choose several different ones.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> sorted(some(Chance(0), "abc", 3))
    ['a', 'b', 'c']

    Lesson 11.
    """
    found = []
    while len(found) < count:
        found.append(chance.pick([one for one in options if one not in found]))
    return found


def list_task(name, tools):
    """Ask for some animals, foods, trades, tools, places or months.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> list_task("list", some_tools("en")).answer
    'June, March, August, May, November.'

    Lesson 11.
    """
    kind, count = tools.plan.pick(CLASSES), 2 + tools.plan.below(5)
    options = members(kind, tools.language)
    things = phrase(tools.language, f"things_{kind}", Fixed(0))
    number = spelled(count, tools.language)
    text = phrase(tools.language, name, tools.style, number=number, things=things)
    items = some(tools.plan, range(len(options)), count)
    answer = upper(", ".join(options[n][0] for n in items)) + "."
    about = {"rule": "list", "kind": kind, "count": count, "seen": "yes"}
    return Task(name, tools.language, (user(text),), answer, about)


def count_task(name, tools):
    """Ask how many words a list has, or how many of them are of a class.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> count_task("count", some_tools("en")).answer
    'Five.'

    Lesson 11.
    """
    plan, language = tools.plan, tools.language
    kinds = some(plan, CLASSES[:5], 2)
    count, rest = 3 + plan.below(5), 1 + plan.below(3)
    if plan.flip(0.5):
        shown, rest = "count", 0
    else:
        shown = "count_class"
    picked = [(kinds[0], n) for n in some(plan, range(len(members(kinds[0], "en"))), count)]
    if rest:
        picked += [(kinds[1], n) for n in some(plan, range(len(members(kinds[1], "en"))), rest)]
    picked = some(plan, picked, len(picked))
    items = ", ".join(members(kind, language)[n][0] for kind, n in picked)
    things = phrase(language, f"things_{kinds[0]}", Fixed(0))
    text = upper(phrase(language, shown, tools.style, items=items, things=things))
    about = {"rule": "number", "value": (spelled(count, language), str(count)), "count": count}
    about |= {"seen": "yes", "answer_language": language}
    return Task(name, language, (user(text),), upper(spelled(count, language)) + ".", about)


def order_task(name, tools):
    """Ask for numbers or years from small to large, or for words by the alphabet.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> order_task("order", some_tools("en")).answer
    'carrots, grapes, hazelnuts, lighthouse, mayor, wine.'

    Lesson 11.
    """
    plan, kind = tools.plan, tools.plan.pick(("numbers", "years", "words"))
    size = 3 + plan.below(4)
    if kind == "numbers":
        items = [str(n) for n in some(plan, range(1, 100), size)]
    elif kind == "years":
        items = [str(n) for n in some(plan, range(900, 1820), size)]
    else:
        items = _by_letter(tools, size)
    right = sorted(items, key=str.lower if kind == "words" else int)
    while items == right:
        items = some(plan, items, size)
    text = phrase(tools.language, f"order_{kind}", tools.style, items=", ".join(items))
    about = {"rule": "order", "value": tuple(right), "seen": "yes", "kind": kind}
    return Task(name, tools.language, (user(upper(text)),), f"{', '.join(right)}.", about)


def _by_letter(tools, size):
    """Choose words with different plain first letters."""
    pool, found = [m[0] for kind in CLASSES[:5] for m in members(kind, tools.language)], []
    while len(found) < size:
        used = {word[0].lower() for word in found}
        found.append(tools.plan.pick([w for w in pool if w[0].lower() in PLAIN - used]))
    return found


def number_task(name, tools):
    """Ask for the plural of a noun, or for its singular.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> number_task("plural", some_tools("en")).answer
    'Attics.'

    Lesson 11.
    """
    row, one, many = None, "", ""
    while not row or one == many:
        kind = tools.plan.pick(("thing", "tool", "animal", "place"))
        noun = tools.plan.pick(nouns(kind, tools.plan.pick(TOPICS)) or ("boat",))
        row = lexicon(tools.language).nouns[noun]
        one, many = row["sg"], row["pl"]
    given, right = (one, many) if name == "plural" else (many, one)
    text = phrase(tools.language, name, tools.style, word=given)
    about = {"rule": "equal", "accepted": (upper(right) + ".",), "seen": "yes", "noun": noun}
    return Task(name, tools.language, (user(text),), upper(right) + ".", about)
