"""From abstract sentences to one language: fill templates, fuse neighbours, print, label."""

from functools import lru_cache
from typing import NamedTuple

from moe_lesson.corpus.document import Document, Span
from moe_lesson.corpus.languages import english, french, german, italian, spanish
from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.agreement import kind_plurality
from moe_lesson.corpus.languages.lexicon import Word, lexicon

MODULE = {"en": english, "fr": french, "it": italian, "de": german, "es": spanish}
NOBODY = Ref()  # "somebody", "nobody", "it": the third person singular
CAPITAL, LOWER = "^", "_"  # the next word takes a capital; this sentence starts with none
MARKS = (CAPITAL, LOWER)
BREAK = "\n"
SPACE, NO_BREAK, NARROW = " ", "\u00a0", "\u202f"  # the last two: French, before its high signs


class Piece(NamedTuple):
    """Hold a word with the place it has in its sentence.

    >>> Piece(Word("baker", "noun", "baker.n"), "agent", "act", "content", 0).role
    'agent'

    Lesson 10.
    """

    word: Word
    role: str
    construction: str
    kind: str  # grammar, content, name or fact
    depth: int  # clauses around it


def sentence(clause, language, chance):
    """Write one sentence in one language.

    Args:
        chance: chooses between the paraphrases that the language has.

    Returns:
        A list of Pieces, and CAPITAL where the next word takes one.

    Raises:
        KeyError: no language table has the construction, or a role is missing.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> pieces = sentence(Clause("rain", {}), "en", Chance(0))
    >>> [piece.word.text for piece in pieces]
    ['it', 'rained']

    Lesson 10.
    """
    pieces = []
    _write(clause, "main", (lexicon(language), grammar(language), chance), pieces, 0)
    return pieces


def grammar(language):
    """Return the module that knows a language's grammar.

    >>> grammar("en").number(3)
    'three'

    Lesson 10.
    """
    return MODULE[language]


def _write(clause, form, tools, pieces, depth):
    """Add a clause to the pieces: its words as they stand, its slots filled."""
    lex, _, chance = tools
    tables = lex.constructions
    name, said = clause.construction, clause.facts & {""}
    for part in chance.pick(tables.get((name, form)) or tables[name, "main"]):
        if part == CAPITAL:
            pieces.append(part)
        elif type(part) is Word:
            pieces.append(Piece(part, "", name, "grammar", depth))
        else:
            value = part.role if part.fixed else clause.roles[part.role]
            if type(value) is Clause:
                _write(value, part.feature or "main", tools, pieces, depth + 1)
                continue
            role = "" if part.fixed else part.role
            fact = role in clause.facts
            for word in _fill(part, value, clause, tools):
                kind = _kind(word, fact and bool(said))
                pieces.append(Piece(word, role, name, kind, depth))
            said = said | {role} if fact else said


def _fill(slot, value, clause, tools):
    """Return the words of one slot."""
    lex, module, _ = tools
    if type(value) is Ref:
        value = _counted(value, lex)
        verb = clause.roles.get("verb", "")
        governor = clause.roles.get("verb2", verb) if slot.role == "patient2" else verb
        return module.phrase(lex, value, slot.feature, governor)
    subject = _counted(clause.roles.get(slot.subject or "agent", NOBODY), lex)
    feature = slot.feature
    if feature == "impf" and clause.tense == "pres":
        feature = "pres"
    if slot.fixed or slot.role in ("verb", "verb2"):
        feature = feature or clause.tense
        if feature == "sub":
            feature = f"sub.{clause.tense}"
        return module.verb(lex, value, feature, subject)
    if slot.role == "adj":
        return module.adjective(lex, value, feature, subject)
    return [_value(slot, value, lex, module)]


def _counted(ref, lex):
    """Decide the number of food: milk is one, beans are many, and languages differ."""
    if ref.number != "bulk":
        return ref
    return ref._replace(number=kind_plurality(lex, ref.noun))


def _value(slot, value, lex, module):
    """Return a number, a date, a name or an adverb as one word."""
    role = slot.role.rstrip("2")
    if role == "year":
        return Word(module.year(value) if slot.feature == "words" else str(value), "num")
    if role == "number":
        digits = slot.feature == "digits"
        return Word(str(value) if digits else module.number(value, slot.feature), "num")
    if role == "date":
        return Word(module.date(*value), "num")
    if role == "hour":
        return Word(module.hour(value), "num")
    if role == "month":
        return Word(module.MONTHS[value - 1], "noun", f"month{value}.n", module.MONTHS[value - 1])
    if role in ("time", "manner"):
        return Word(lex.adverbs[value], "adv", f"{value}.d", value)
    return Word(value, "propn", "", value)


def _kind(word, by_heart):
    if by_heart and (word.concept or word.pos in ("propn", "num")):
        return "fact"
    if word.pos == "propn":
        return "name"
    by_lexicon = word.concept and word.pos != "aux"
    return "content" if by_lexicon or word.pos == "num" else "grammar"


def print_document(paragraphs, language, about, bits):
    """Print sentences as a text with a label on every word.

    Args:
        paragraphs: lists of sentences, each a list of Pieces.
        bits: the entropy of the choices behind the text.

    Returns:
        A Document; sentences of a paragraph are separated by a space, paragraphs by a
        line break.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> rain = sentence(Clause("period", {"clause": Clause("rain", {})}), "en", Chance(0))
    >>> print_document([[rain, rain]], "en", {}, 0.0).text
    'It rained. It rained.\\n'

    Lesson 10.
    """
    module = grammar(language)
    text, spans, end = [], [], 0
    for paragraph in paragraphs:
        space = ""
        for pieces in paragraph:
            for before, shown, piece in _spaced(_fused(pieces, module.merge), module):
                text += (space or before, shown)
                start = end + len(space or before)
                end, space = start + len(shown), ""
                spans.append(Span(start, end, labels(piece)))
            space = SPACE
        text.append(BREAK)
        end += 1
    return Document("".join(text), spans, about, bits)


def _fused(pieces, merge):
    """Fuse neighbours from right to left, so that "de le homme" becomes "de l'homme"."""
    done = []  # from right to left
    for piece in reversed(pieces):
        words = bool(done) and piece not in MARKS and done[-1] not in MARKS
        fused = merge(piece.word.text, done[-1].word.text) if words else None
        if fused:
            left, right = fused
            after = done.pop()
            piece = piece._replace(word=piece.word._replace(text=left))
            if right:
                done.append(after._replace(word=after.word._replace(text=right)))
        done.append(piece)
    return done[::-1]


def _spaced(pieces, module):
    """Give each piece the space before it and its capital."""
    before, capital, last = "", True, ""
    for piece in pieces:
        if piece in MARKS:
            capital = piece == CAPITAL
            continue
        shown = piece.word.text
        if last:
            before = _space(last, shown, module)
        if capital and shown[0].isalnum():
            shown, capital = shown[0].upper() + shown[1:], False
        yield before, shown, piece
        last = piece.word.text


def _space(left, right, module):
    """Return what stands between two words, or between a word and a sign."""
    high = left if left == "«" else right if right != "«" else ""
    if high and high in module.THIN:
        return NARROW if high in ";!?" else NO_BREAK
    if right in module.CLOSE or left in module.OPEN or left[-1] in "'’":
        return ""
    return SPACE


@lru_cache(maxsize=1 << 16)
def labels(piece):
    """Return what is known about a printed word, as a Span's labels.

    >>> labels(Piece(Word("baker", "noun", "baker.n"), "agent", "act", "content", 0))["role"]
    'agent'

    Lesson 10.
    """
    word, role, construction, kind, depth = piece
    return {
        "pos": word.pos,
        "role": role,
        "construction": construction,
        "concept": word.concept,
        "lexeme": word.lexeme or word.text.lower(),
        "kind": kind,
        "depth": str(depth),
    }
