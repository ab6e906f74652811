"""A text with what is known about every part of it."""

from typing import NamedTuple


class Span(NamedTuple):
    """Mark characters ``start`` to ``end`` of a text with labels.

    >>> Span(0, 3, {"pos": "det"}).labels["pos"]
    'det'

    Lesson 10.
    """

    start: int
    end: int
    labels: dict  # pos, role, construction, concept, lexeme, kind -> text; "" where there is none


class Document(NamedTuple):
    """Hold a text, its labels, and the bits of chance that went into it.

    >>> Document("Hi.", [Span(0, 2, {"pos": "intj"})], {"language": "en"}, 1.0).about["language"]
    'en'

    Lesson 10.
    """

    text: str
    spans: list  # sorted, never overlapping; white space may lie between them
    about: dict  # language, topic, register, story -> text: the same for the whole document
    bits: float  # entropy of every random choice behind it; nan where it is unknown
