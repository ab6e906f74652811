"""Sentences with one mistake, made by rule."""

from moe_lesson.corpus.languages.lexicon import lexicon
from moe_lesson.corpus.languages.realise import print_document, sentence
from moe_lesson.corpus.tasks.form import VARIANTS, Fixed, Task, phrase, user, variants
from moe_lesson.corpus.tasks.translation import plain_clause, ways

FORMS = ("act", "act_at", "go", "do_at", "have")
# Columns of the verbs' tables: the third person singular.
FINITE = "s3 past pres_3s past_3s impf_3s".split()
# An article, and one of another gender or of another shape.
WRONG_ARTICLE = {
    "en": {"a": "an", "an": "a"},
    "fr": {"le": "la", "la": "le", "un": "une", "une": "un"},
    "it": {"il": "la", "lo": "la", "la": "il", "un": "una", "una": "un"},
    "de": {"der": "das", "die": "das", "das": "die", "den": "das", "ein": "eine", "eine": "ein"}
    | {"einen": "eine"},
    "es": {"el": "la", "la": "el", "un": "una", "una": "un"},
}


def correct_task(name, tools):
    """Show a sentence with the verb not conjugated, or with a wrong article.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> correct_task("correct", some_tools("en")).answer
    'The weaver had a spade.'

    Lesson 11.
    """
    right, kind, wrong, accepted = None, "", "", ()
    while not right or right == wrong or wrong in accepted:
        clause, variant = plain_clause(tools.plan, FORMS), tools.style.below(VARIANTS)
        pieces = sentence(clause, tools.language, Fixed(variant))
        kind = tools.style.pick(("verb", "article"))
        places = [n for n, piece in enumerate(pieces) if _spoilt(piece, kind, tools.language)]
        if places:
            place = tools.style.pick(places)
            new = _spoilt(pieces[place], kind, tools.language)
            right, wrong = _print(pieces, tools.language), _with(pieces, place, new, tools.language)
            accepted = _mended(clause, pieces, place, wrong, tools.language)
    text = phrase(tools.language, name, tools.style, text=wrong)
    about = {"rule": "equal", "mistake": kind, "seen": "yes", "answer_language": tools.language}
    about |= {"accepted": tuple(dict.fromkeys([right, *accepted])), "wrong": wrong}
    return Task(name, tools.language, (user(text),), right, about)


def _with(pieces, place, text, language):
    """Print a sentence with one word in another form."""
    piece = pieces[place]
    new = piece._replace(word=piece.word._replace(text=text))
    return _print([*pieces[:place], new, *pieces[place + 1 :]], language)


def _mended(clause, pieces, place, wrong, language):
    """List right sentences that differ from a wrong one in one word: another tense, say."""
    said = [one for way in ways(clause) for one in variants(way, language)]
    id = pieces[place].word.concept.removesuffix(".v")
    row = lexicon(language).verbs.get(id, {})
    finite = [row[column] for column in FINITE if row.get(column)]
    if pieces[place].word.pos in ("verb", "aux"):
        said += [_with(pieces, place, text, language) for text in finite]
    return [one for one in said if _differ_once(one, wrong)] + [s for s in said if s == wrong]


def _print(pieces, language):
    return print_document([[pieces]], language, {}, 0.0).text.strip()


def _spoilt(piece, kind, language):
    """Return a wrong form of a word, "" where there is none."""
    if not hasattr(piece, "word"):
        return ""
    word = piece.word
    if kind == "article":
        return WRONG_ARTICLE[language].get(word.text, "") if word.pos == "det" else ""
    id = word.concept.removesuffix(".v")
    row = lexicon(language).verbs.get(id) if word.concept.endswith(".v") else None
    if not row or row.get("prefix") or row.get("refl") == "1" or row.get("particle"):
        return ""
    bare = row.get("inf") or row.get("base")
    return bare if bare != word.text and " " not in bare else ""


def _differ_once(right, wrong):
    """Tell whether two sentences differ in one word."""
    first, second = right.split(), wrong.split()
    return len(first) == len(second) and sum(a != b for a, b in zip(first, second)) == 1
