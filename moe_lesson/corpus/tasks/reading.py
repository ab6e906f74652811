"""What an answer says: words without signs, names that nobody asked for, its language."""

import re
from functools import cache, lru_cache

from moe_lesson.corpus.languages.lexicon import LANGUAGES, Word, lexicon
from moe_lesson.corpus.languages.realise import grammar
from moe_lesson.corpus.stories.world import world


@lru_cache(maxsize=1 << 14)
def plain(text):
    """Write a text without case, signs and double spaces.

    >>> plain("« Oui ! »"), plain("Yes,  of course.")
    ('oui', 'yes of course')

    Lesson 11.
    """
    return " ".join(re.findall(r"[\w'’-]+", text.lower().replace("’", "'")))


def has(text, value):
    """Tell whether a text holds a value, as words of its own.

    >>> has("In 1712.", "1712"), has("In 17122.", "1712")
    (True, False)

    Lesson 11.
    """
    value, text = f" {plain(value)} ", plain(text)
    return value in f" {text} " or value in f" {_split(text)} "


@cache
def _months():
    return frozenset(month for language in LANGUAGES for month in grammar(language).MONTHS)


def _split(text):
    """Part what an apostrophe joins: l'âne, dell'olio."""
    return re.sub(r"'", " ", text)


@cache
def invented():
    """List the words of the world's names.

    >>> world().towns[0].name in invented()
    True

    Lesson 11.
    """
    people, towns, dishes = world()[:3]
    names = [p.name for p in people] + [p.animal_name for p in people]
    names += [t.name for t in towns] + [t.river for t in towns] + [d.name for d in dishes]
    return frozenset(word for name in names for word in name.split())


def strangers(task, text):
    """List names and numbers in an answer that neither the question nor the right answer has.

    >>> from moe_lesson.corpus.tasks.build import task
    >>> strangers(task(0, "lives", "en"), "In 1712.")
    ['1712']

    Lesson 11.
    """
    given = f"{task.messages[-1]['content']} {task.answer} {task.about['value']}"
    allowed = set(re.findall(r"\w+", given))
    found = re.findall(r"\w+", text)
    odd = (w for w in found if w in invented() or w.isdigit() or w in _months())
    return [word for word in odd if word not in allowed]


@cache
def _vocabulary(language):
    """List all words that a language's tables have."""
    lex, found = lexicon(language), set()
    skipped = {"id", "concept", "comparative"} if language == "fr" else {"id", "concept"}
    tables = (lex.nouns, lex.verbs, lex.adjectives)
    for row in (row for rows in tables for row in rows.values()):
        found |= {plain(cell) for column, cell in row.items() if column not in skipped}
    found |= {plain(word) for word in (*lex.words, *lex.adverbs.values())}
    for parts in (parts for templates in lex.constructions.values() for parts in templates):
        found |= {plain(part.text) for part in parts if type(part) is Word}
    found |= {plain(month) for month in grammar(language).MONTHS}
    found |= {plain(grammar(language).number(n, f)) for n in range(60) for f in ("", "f")}
    return frozenset(word for text in found for word in _split(text).split())


def speaks(text, language):
    """Tell whether no other language has more of a text's words.

    >>> speaks("The baker sleeps.", "en"), speaks("The baker sleeps.", "fr")
    (True, False)

    Lesson 11.
    """
    words = [word for word in _split(plain(text)).split() if word.capitalize() not in invented()]
    known = {one: sum(word in _vocabulary(one) for word in words) for one in LANGUAGES}
    return known[language] == max(known.values())
