"""English: articles, pronouns, plurals, do-support's verb forms, numbers in words."""

from functools import cache

from moe_lesson.corpus.languages.agreement import kind_plurality, plurality
from moe_lesson.corpus.languages.lexicon import Word

GENITIVE = "'s"  # a word of its own, written close to the owner
CLOSE, OPEN, THIN = (*".,;:!?”)", GENITIVE), "“(", ""
MONTHS = (
    "January February March April May June July August September October November December"
).split()
SUBJECT = {"sg1": "I", "sg2": "you", "m": "he", "f": "she", "": "it", "pl": "they"}
OBJECT = {"sg1": "me", "sg2": "you", "m": "him", "f": "her", "": "it", "pl": "them"}
OWNER = {"sg1": "my", "sg2": "your", "m": "his", "f": "her", "": "its", "pl": "their"}
BE = {"sg1": "am", "sg2": "are", "pl": "are"}
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
    " thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
ARTICLES = {"def": "the", "indef": "a", "some": "some", "any": "any"}
FORMS = {"indef", "def", "bare", "num"}
NO_COMMA = {"then", "once"}  # short times, which need none when they open a sentence
# What a word sounds like at its start decides between a and an.
SILENT, SOUNDED = ("hones", "honour", "hour"), ("uni", "use", "eu", "one ")


def phrase(lex, ref, feature, verb):
    """Write a noun phrase: article, adjectives, noun; or a name, or a pronoun.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> small = Ref("boat", form="indef", adjectives=("old",))
    >>> [word.text for word in phrase(lexicon("en"), small, "", "")]
    ['a', 'old', 'boat']

    Lesson 10.
    """
    features = set(feature.split("."))
    if features & {"pron", "to_pron"}:
        return [Word(OBJECT[_who(ref)], "pron")]
    if "gen" in features:
        return _genitive(lex, ref, verb)
    place = []
    if features & {"at", "to", "from"}:
        place = [Word(_preposition(lex, ref, features), "adp")]
    ref = _overridden(lex, ref, features)
    if ref.form == "pron":
        table = OBJECT if place or "obj" in features else SUBJECT
        return [*place, Word(table[_who(ref)], "pron")]
    if ref.form == "name":
        return [*place, Word(ref.name, "propn")]
    words = [Word(adjective, "adj", f"{adjective}.a", adjective) for adjective in ref.adjectives]
    return [*place, *_determiner(ref), *words, _noun(lex, ref)]


def _preposition(lex, ref, features):
    if "from" in features:
        return "from"
    return lex.nouns[ref.noun]["at" if "at" in features else "to"]


def _genitive(lex, ref, verb):
    """Write an owner; only one that is no plural in -s, after which the s would go."""
    if ref.form == "pron":
        return [Word(OWNER[_who(ref)], "det")]
    return [*phrase(lex, ref, "", verb), Word(GENITIVE, "part")]


def _overridden(lex, ref, features):
    """Return a Ref in the form that a template asks for."""
    countable = bool(ref.noun) and kind_plurality(lex, ref.noun) == "pl"
    single = countable and ref.number == "sg"
    if features & {"bulk", "generic", "plural", "some"}:
        form = "some" if "some" in features else "bare"
        return ref._replace(form=form, number="pl" if countable else "sg")
    if "kind" in features:  # one of the kind, whichever: a cow, oysters, vinegar
        return ref._replace(form="indef" if single else "bare")
    if "any" in features:  # after a negation: not a cow, not any oysters
        unknown = ref.form in ("some", "indef") and not single
        return ref._replace(form="any") if unknown else ref
    ref = ref._replace(form=(features & FORMS or {ref.form}).pop())
    return ref._replace(form="some") if ref.form == "indef" and not single else ref


def _determiner(ref):
    form, plural = ref.form, ref.number == "pl"
    if form == "this":
        return [Word("these" if plural else "this", "det")]
    if form == "poss":
        return [Word(OWNER[_who(ref.owner)], "det")]
    if form == "num":
        return [Word(number(ref.count), "num")]
    article = ARTICLES.get(form)
    return [Word(article, "det")] if article else []


@cache
def _sex(gender):
    return gender if gender in ("m", "f") else "m"


def _noun(lex, ref):
    row = lex.nouns[ref.noun]
    number = plurality(ref)
    text = row[f"{_sex(ref.gender)}_{number}"] or row[number]
    return Word(text, "noun", f"{ref.noun}.n", ref.noun)


def _who(ref):
    """Return the key of a pronoun: speaker, hearer, several, or the sex of one person."""
    if ref.person < 3:
        return f"sg{ref.person}"
    return "pl" if ref.number == "pl" else ref.gender


def verb(lex, id, feature, ref):
    """Write a verb in one of its forms, agreeing with its subject.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> [word.text for word in verb(lexicon("en"), "look_for", "pres", Ref("baker"))]
    ['looks', 'for']

    Lesson 10.
    """
    row = lex.verbs[id]
    who = _who(ref)
    feature, _, negated = feature.partition(".")
    if id == "be":
        text = _be(feature, who)
    elif id == "have" and feature == "aux":
        text = "have" if who in BE else "has"
    else:
        text = row[_form(feature, who)] + ("n't" if negated else "")
    kind = "aux" if id in ("be", "have", "do", "can", "must") else "verb"
    words = [Word(text, kind, f"{id}.v", id)]
    return [*words, Word(row["particle"], "adp")] if row["particle"] else words


def _be(feature, who):
    if feature in ("past", "impf"):
        return "were" if who in ("sg2", "pl") else "was"
    if feature == "pres":
        return BE.get(who, "is")
    return {"part": "been", "ger": "being"}.get(feature, "be")


def _form(feature, who):
    if feature == "pres":
        return "base" if who in BE else "s3"
    return {"impf": "past", "past": "past", "part": "part", "ger": "ger"}.get(feature, "base")


def adjective(lex, id, feature, ref):
    """Write a predicative adjective, plain or compared.

    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> [word.text for word in adjective(lexicon("en"), "big", "comp", None)]
    ['bigger']

    Lesson 10.
    """
    row = lex.adjectives[id]
    text = row["comparative"] if "comp" in feature else row["base"]
    return [Word(text, "adj", f"{id}.a", id)]


@cache
def number(n, feature=""):
    """Write a number from 0 to 9999 in words.

    >>> number(121)
    'one hundred and twenty-one'

    Lesson 10.
    """
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10 - 2] + (f"-{ONES[n % 10]}" if n % 10 else "")
    size, name = (1000, "thousand") if n >= 1000 else (100, "hundred")
    rest = n % size
    joint = " and " if 0 < rest < 100 else " "
    return f"{number(n // size)} {name}" + (joint + number(rest) if rest else "")


def year(n):
    """Write a year in words, hundreds first.

    >>> year(1712), year(1805), year(1700)
    ('seventeen twelve', 'eighteen hundred and five', 'seventeen hundred')

    Lesson 10.
    """
    century, rest = divmod(n, 100)
    if rest >= 10:
        return f"{number(century)} {number(rest)}"
    return f"{number(century)} hundred" + (f" and {number(rest)}" if rest else "")


def date(day, month):
    """Write a day and its month.

    >>> date(3, 5), date(21, 8)
    ('the third of May', 'the twenty-first of August')

    Lesson 10.
    """
    tens, ones = divmod(day, 10)
    if day <= 20 or not ones:
        name = ORDINALS[day - 1] if day <= 20 else "thirtieth"
    else:
        name = f"{TENS[tens - 2]}-{ORDINALS[ones - 1]}"
    return f"the {name} of {MONTHS[month - 1]}"


def hour(n):
    """Write a full hour.

    >>> hour(6)
    "six o'clock"

    Lesson 10.
    """
    return f"{number(n)} o'clock"


def merge(left, right):
    """Turn a into an before a vowel that is heard; drop the comma after some short words.

    >>> merge("a", "old"), merge("a", "boat"), merge("a", "useful")
    (('an', 'old'), None, None)

    Lesson 10.
    """
    if right == "," and left in NO_COMMA:
        return left, ""
    if left != "a":
        return None
    low = right.lower()
    vowel = low[0] in "aeiou" and not low.startswith(SOUNDED) or low.startswith(SILENT)
    return ("an", right) if vowel else None
