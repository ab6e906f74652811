"""What a task is, and how its words are printed."""

from functools import cache
from typing import NamedTuple

from moe_lesson.corpus.languages.lexicon import FOLDER, lexicon, table
from moe_lesson.corpus.languages.realise import (
    LOWER,
    NARROW,
    NO_BREAK,
    Piece,
    grammar,
    print_document,
    sentence,
)
from moe_lesson.corpus.stories.chance import Chance

PARAPHRASES = 8  # of a construction, at most
VARIANTS = 60  # numbers that choose a paraphrase, counted around
EACH_UNSEEN = 5  # every fifth person, town, dish and function stands in no tuning text


class Task(NamedTuple):
    """Hold an instruction, its right answer, and what an answer is judged by.

    >>> Task("count", "en", (user("How many?"),), "Three.", {}).messages[0]["role"]
    'user'

    Lesson 11.
    """

    name: str  # its family
    language: str  # of the user's last turn
    messages: tuple  # dicts of role and content, the user's turn last
    answer: str
    about: dict  # rule, seen, style, value, accepted, ...: what the family needs


class Pair(NamedTuple):
    """Hold a task with a better and a worse answer.

    >>> Pair(None, "Yes.", "No.", "true").rule
    'true'

    Lesson 11.
    """

    task: Task
    better: str
    worse: str
    rule: str


class Tools(NamedTuple):
    """Hold what writes one task: its language, two streams of chance, what may be drawn.

    >>> Tools("en", None, None, False).unseen
    False

    Lesson 11.
    """

    language: str
    plan: object  # a Chance that is the same in every language: who and what
    style: object  # a Chance of this language: how it is said
    unseen: bool  # whether what no tuning text has may be drawn


def some_tools(language):
    """Make tools for an example.

    >>> some_tools("fr").language
    'fr'

    Lesson 11.
    """
    return Tools(language, Chance(0), Chance(1), False)


class Fixed:
    """Take a known paraphrase instead of a random one.

    >>> Fixed(4).pick("abc")
    'b'

    Lesson 11.
    """

    def __init__(self, index):
        self.index = index

    def pick(self, options, weights=None):
        """Choose the option of this number, counted around.

        >>> Fixed(0).pick("abc")
        'a'

        Lesson 11.
        """
        return options[self.index % len(options)]


def is_seen(index):
    """Tell whether the one with this number in its list may stand in tuning text.

    >>> [is_seen(index) for index in range(5)]
    [True, True, True, True, False]

    Lesson 11.
    """
    return index % EACH_UNSEEN != EACH_UNSEEN - 1


def draw(options, tools):
    """Choose one of a list by Zipf's law; where unseen ones may be drawn, they are half.

    Returns:
        The one drawn, and whether it is a seen one.

    >>> draw("abcde", some_tools("en"))[1]
    True

    Lesson 11.
    """
    seen = not (tools.unseen and tools.plan.flip(0.5))
    pool = [one for index, one in enumerate(options) if is_seen(index) == seen]
    return tools.plan.zipf(pool), seen


def user(text):
    """Write a user's turn.

    >>> user("Who?")
    {'role': 'user', 'content': 'Who?'}

    Lesson 11.
    """
    return {"role": "user", "content": text}


@cache
def phrases(language):
    """Read how instructions are phrased in a language.

    Returns:
        id -> list of templates.

    >>> phrases("de")["yes"]
    ['Ja.']

    Lesson 11.
    """
    rows = table(FOLDER / language / "instructions.tsv")
    return {row["id"]: _templates(row["templates"], language) for row in rows}


def _templates(cell, language):
    """Cut a cell; French signs take the space that the corpus prints before them."""
    if language == "fr":
        for sign in "!?;":
            cell = cell.replace(f" {sign}", NARROW + sign)
        cell = cell.replace(" :", f"{NO_BREAK}:").replace("« ", f"«{NO_BREAK}")
        cell = cell.replace(" »", f"{NO_BREAK}»")
    return [text.replace("\\n", "\n") for text in cell.split(" | ")]


def phrase(language, id, chance, **fields):
    """Fill one of a language's phrasings.

    >>> phrase("it", "coins", Fixed(0), number="tre")
    'tre monete.'

    Lesson 11.
    """
    return chance.pick(phrases(language)[id]).format(**fields)


def show(clause, language, chance):
    """Write a clause as a sentence of text.

    >>> from moe_lesson.corpus.languages.abstract import Clause
    >>> show(Clause("dont_know", {}), "en", Fixed(0))
    'I do not know.'

    Lesson 11.
    """
    return print_document([[sentence(clause, language, chance)]], language, {}, 0.0).text.strip()


def words_of(ref, language, feature="", before=()):
    """Write a phrase: an article, adjectives and a noun, with words before it if need be.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> words_of(Ref("key", adjectives=("old",)), "de", "acc")
    'den alten Schlüssel'

    Lesson 11.
    """
    lex = lexicon(language)
    words = [*before, *grammar(language).phrase(lex, ref, feature, "")]
    pieces = [LOWER, *(Piece(word, "patient", "here_is", "content", 0) for word in words)]
    return print_document([[pieces]], language, {}, 0.0).text.strip()


def variants(clause, language):
    """Write a clause in every way that the language has, the first one first.

    >>> from moe_lesson.corpus.languages.abstract import Clause
    >>> len(variants(Clause("snow", {}, "past"), "en"))
    2

    Lesson 11.
    """
    return list(dict.fromkeys(show(clause, language, Fixed(n)) for n in range(PARAPHRASES)))


def upper(text):
    """Give a text a capital.

    >>> upper("three coins.")
    'Three coins.'

    Lesson 11.
    """
    return text[:1].upper() + text[1:]


def spelled(number, language):
    """Write a number in words.

    >>> spelled(3, "es")
    'tres'

    Lesson 11.
    """
    return grammar(language).number(number)
