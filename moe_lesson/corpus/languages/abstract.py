"""Sentences before they are in any language: who does what, with what is known of each."""

from typing import NamedTuple


class Ref(NamedTuple):
    """Refer to someone or something.

    >>> Ref("baker", gender="f")._replace(form="pron").form
    'pron'

    Lesson 10.
    """

    noun: str = ""  # id of a noun in the lexicon; "" for a bare name or a speaker
    name: str = ""  # an invented name, the same in every language
    form: str = "def"  # def indef bare some this poss pron name num generic
    number: str = "sg"  # sg, pl, or bulk: as the language counts this food
    count: int = 0  # for form num: three boats
    gender: str = ""  # m or f, of persons
    person: int = 3  # 1: who speaks; 2: who is spoken to
    adjectives: tuple = ()  # ids of adjectives
    owner: "Ref | None" = None  # for form poss


class Clause(NamedTuple):
    """Hold a construction and what fills its roles.

    >>> Clause("do", {"agent": Ref("baker"), "verb": "sleep"}).tense
    'past'

    Lesson 10.
    """

    construction: str  # id of a row in each language's constructions.tsv
    roles: dict  # role -> Ref, Clause, id of a verb or adjective, number, date or name
    tense: str = "past"  # or pres
    # Roles of which each tells the others to whoever knows the world by heart: what comes
    # first can only be guessed, what follows is known. "" stands for what was said before.
    facts: frozenset = frozenset()
