"""The word tables of ``data/lexicon``, read once."""

import re
from functools import cache
from typing import NamedTuple

from moe_lesson import DATA, one_of

LANGUAGES = ("en", "fr", "it", "de", "es")
FOLDER = DATA / "lexicon"
SLOT = re.compile(r"\{(=?)(\w+)(?::([\w.]+))?(?:@(\w+))?\}")


class Word(NamedTuple):
    """Hold one printed word, or a phrase that is never taken apart.

    >>> Word("baker", "noun", "baker.n").concept
    'baker.n'

    Lesson 10.
    """

    text: str
    pos: str
    concept: str = ""  # shared by the languages; "" for function words
    lexeme: str = ""


class Slot(NamedTuple):
    """Hold one place of a template that is filled when a sentence is written.

    >>> Slot("agent", "acc", "", False).role
    'agent'

    Lesson 10.
    """

    role: str  # or the id of a verb, if fixed
    feature: str
    subject: str  # the role that a verb or adjective agrees with; "": agent
    fixed: bool


class Lexicon(NamedTuple):
    """Hold the tables of one language: id -> row, a row being column -> text.

    >>> lexicon("en").nouns["baker"]["m_sg"]
    'baker'

    Lesson 10.
    """

    language: str
    nouns: dict
    verbs: dict
    adjectives: dict
    adverbs: dict  # id -> text
    words: dict  # function word -> part of speech
    constructions: dict  # (id, form) -> list of templates, each a list of Word, str or Slot
    classes: dict  # (kind, id) -> classes, separated by spaces


def table(path):
    """Read a table of tab-separated values with a header.

    Returns:
        A list of rows, each column -> text.

    Raises:
        FileNotFoundError: there is no such table.
        ValueError: a row has more or fewer cells than the header.

    >>> table(FOLDER / "concepts.tsv")[0]["kind"]
    'noun'

    Lesson 10.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such table; the package runs from its own clone")
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    columns = head.split("\t")
    rows = []
    for number, line in enumerate(lines, start=2):
        cells = line.split("\t")
        if len(cells) != len(columns):
            found = f"{len(cells)} cells in line {number}"
            raise ValueError(f"{path.name}: {found}, the header has {len(columns)}")
        rows.append(dict(zip(columns, cells)))
    return rows


@cache
def concepts():
    """Read what the languages share: every concept with its kind, class and topic.

    Returns:
        A list of rows: kind, id, class, topic.

    >>> next(row["class"] for row in concepts() if row["id"] == "baker")
    'person'

    Lesson 10.
    """
    return table(FOLDER / "concepts.tsv")


@cache
def lexicon(language):
    """Read the tables of one language.

    Raises:
        ValueError: the corpus has no such language.

    >>> lexicon("xx")
    Traceback (most recent call last):
    ValueError: language is 'xx': it must be one of en, fr, it, de, es

    Lesson 10.
    """
    folder = FOLDER / one_of("language", language, LANGUAGES)
    rows = {path.stem: table(path) for path in sorted(folder.glob("*.tsv"))}
    words = {row["word"]: row["pos"] for row in rows["words"]}
    return Lexicon(
        language,
        *({row["id"]: row for row in rows[name]} for name in ("nouns", "verbs", "adjectives")),
        {row["id"]: row["text"] for row in rows["adverbs"]},
        words,
        {
            (row["id"], row["form"]): [parse(text, words) for text in row["templates"].split(" | ")]
            for row in rows["constructions"]
        },
        {(row["kind"], row["id"]): row["class"] for row in concepts()},
    )


@cache
def needs(construction):
    """List the roles that a construction prints, in any of its paraphrases.

    >>> sorted(needs("act_at"))
    ['agent', 'patient', 'place', 'verb']

    Lesson 10.
    """
    templates = lexicon("en").constructions[construction, "main"]
    return {part.role for parts in templates for part in parts if type(part) is Slot}


def parse(template, words):
    """Cut a template into literal words, slots and the sign ``^`` (capital next).

    Raises:
        ValueError: a literal word has no part of speech.

    >>> parse("{agent} sleeps/verb .", {})
    [Slot(role='agent', feature='', subject='', fixed=False), \
Word(text='sleeps', pos='verb', concept='', lexeme='sleeps'), \
Word(text='.', pos='punct', concept='', lexeme='.')]

    Lesson 10.
    """
    parts = []
    for token in template.split():
        if slot := SLOT.fullmatch(token):
            parts.append(Slot(slot[2], slot[3] or "", slot[4] or "", bool(slot[1])))
        elif token == "^":
            parts.append(token)
        else:
            parts.append(_literal(token, words))
    return parts


def _literal(token, words):
    text, _, pos = token.partition("/")
    if not any(sign.isalnum() for sign in text):
        pos = "punct"
    pos = pos or words.get(text, "") or words.get(text.lower(), "")
    if not pos:
        raise ValueError(f"the word {text!r} of a template stands in no row of words.tsv")
    return Word(text, pos, "", text.lower())
