"""Spanish: agreement, the personal a, clitics, dropped pronouns, ser and estar, numbers."""

from functools import cache

from moe_lesson.corpus.languages.agreement import gender_of, kind_plurality, person_of, plurality
from moe_lesson.corpus.languages.lexicon import Word

CLOSE, OPEN, THIN = ".,;:!?»)", "«(¿¡—", ""
MONTHS = (
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
).split()
DEF = {"msg": "el", "fsg": "la", "mpl": "los", "fpl": "las"}
INDEF = {"msg": "un", "fsg": "una", "mpl": "unos", "fpl": "unas"}
THIS = {"msg": "este", "fsg": "esta", "mpl": "estos", "fpl": "estas"}
STRONG = {"msg": "él", "fsg": "ella", "mpl": "ellos", "fpl": "ellas"}
DIRECT = DEF | {"msg": "lo"}
CLITIC = {1: "me", 2: "te"}  # direct, indirect and reflexive alike
OWNER = {1: "mi", 2: "tu", 3: "su"}
KINDS = {"bulk": "bare", "plural": "bare", "generic": "def", "su": "poss", "some": "some"}
AUXILIARIES = {"be", "estar", "haber", "can", "must"}
SMALL = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince"
    " dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés"
    " veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve"
).split()
TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
HUNDREDS = "dosc tresc cuatroc quin seisc setec ochoc novec".split()


def phrase(lex, ref, feature, verb):
    """Write a noun phrase: preposition, article, adjectives, noun; or a name, or a pronoun.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> [word.text for word in phrase(lexicon("es"), Ref("cousin", gender="f"), "obj", "see")]
    ['a', 'la', 'prima']

    Lesson 10.
    """
    governed = lex.verbs[verb]["obj"] if verb else ""
    if feature in ("pron", "to_pron", "after", "rel", "clitic"):
        return _pronoun(lex, ref, feature, governed)
    features = feature.split(".")
    ref = _overridden(lex, ref, features)
    before = [Word(part, "adp") for part in _preposition(lex, ref, features, verb).split()]
    if ref.form == "name":
        dear = [Word(f"querid{'ao'[ref.gender == 'm']}", "adj")] if "dear" in features else []
        return [*before, *dear, Word(ref.name, "propn", "", ref.name)]
    if ref.form != "pron":
        return [*before, *_noun_phrase(lex, ref)]
    # A subject is heard in the verb, an object is a clitic; only a preposition bears a pronoun.
    heard = "obj" in features and governed in ("", "dat") or not before and "strong" not in features
    return [] if heard else [*before, Word(_strong(lex, ref), "pron")]


def _overridden(lex, ref, features):
    """Return a Ref in the form that a template asks for."""
    for feature in features:
        if feature in KINDS:
            return ref._replace(form=KINDS[feature], number=kind_plurality(lex, ref.noun))
        if feature in ("indef", "def", "bare", "num"):
            return ref._replace(form=feature)
    return ref


def _preposition(lex, ref, features, verb):
    """Return what stands before a place, or before an object: the verb's, or the personal a."""
    if "at" in features:
        return lex.nouns[ref.noun]["at"]
    if "to" in features:
        return verb and lex.verbs[verb]["to"] or lex.nouns[ref.noun]["to"]
    if "obj" not in features:
        return ""
    row, kind = lex.verbs[verb or "see"], _class(lex, ref)  # a second object of the same verb
    known = ref.form not in ("indef", "some", "num", "bare")
    named = known or row["animal"] and ref.form != "bare"  # follow a dog: a; hunt dogs: no a
    alive = kind == "person" or kind == "animal" and named
    return "a" if row["obj"] == "dat" or alive and not row["obj"] else row["obj"]


def _class(lex, ref):
    return lex.classes["noun", ref.noun] if ref.noun else "person"


def _agreement(lex, ref):
    """Return gender and number, such as fsg, of someone or something."""
    return gender_of(lex, ref) + plurality(ref)


def _noun_phrase(lex, ref):
    """Return article, adjective, noun, and the adjectives after it, joined by y."""
    row, key = lex.nouns[ref.noun], _agreement(lex, ref)
    column = f"{key[0]}_{key[1:]}"
    noun = Word(row[column] or row[key[1:]], "noun", f"{ref.noun}.n", row["m_sg"] or row["sg"])
    first, later = [], []
    for id in ref.adjectives:
        known = lex.adjectives[id]
        word = Word(known[column], "adj", f"{id}.a", known["m_sg"])
        if known["place"] == "before" and not first:
            short = key == "msg" and known["short"]
            first = [word._replace(text=short or word.text)]
        else:
            later += [Word("y", "cconj"), word] if later else [word]
    # "El agua": a feminine noun that starts with a stressed a, when the article touches it.
    touched = row["el"] == "1" and key == "fsg" and not first
    article = [] if ref.form == "bare" else _determiner(ref, key, "msg" if touched else key)
    return [*article, *first, noun, *later]


def _determiner(ref, key, article):
    form = ref.form
    if form == "some" and key.endswith("sg"):
        return [Word("un", "det"), Word("poco", "noun"), Word("de", "adp")]
    if form == "num":
        return [Word(number(ref.count, article[0]), "num")]
    if form == "poss":
        own = OWNER[ref.owner.person if ref.owner else 3]
        return [Word(own + "s" * key.endswith("pl"), "det")]
    table = {"this": THIS, "indef": INDEF, "some": INDEF}.get(form, DEF)
    return [Word(table[key if form == "this" else article], "det")]


def _pronoun(lex, ref, feature, governed):
    """Write an object as a clitic, as what follows the verb instead, or as a relative."""
    key, by_clitic = _agreement(lex, ref), governed in ("", "dat")
    if feature == "rel":
        link = governed.replace("dat", "a") or "a" * (_class(lex, ref) == "person")
        return [Word(link, "adp"), Word(DEF[key], "det")] * bool(link) + [Word("que", "pron")]
    if feature == "after":
        return [] if by_clitic else [Word(governed, "adp"), Word(_strong(lex, ref), "pron")]
    if feature != "to_pron" and not by_clitic or feature == "clitic" and ref.form != "pron":
        return []
    many = "s" * key.endswith("pl")
    third = f"le{many}" if governed or feature == "to_pron" else DIRECT[key]
    return [Word(CLITIC.get(ref.person, third), "pron")]


def _strong(lex, ref):
    if _class(lex, ref) == "place":
        return "allí"
    return {1: "mí", 2: "ti"}.get(ref.person) or STRONG[_agreement(lex, ref)]


def verb(lex, id, feature, ref):
    """Write a verb in one of its forms, agreeing with its subject.

    States are told in the imperfect; feature clause is the past of a verb before que.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> [word.text for word in verb(lexicon("es"), "get_up", "past", Ref("baker"))]
    ['se', 'levantó']

    Lesson 10.
    """
    row, tense = lex.verbs[id], feature.split(".")[0]
    if tense == "clause":
        row, tense = lex.verbs[row["clause"] or id], "past"
    if tense == "past" and row["stative"]:
        tense = "impf"
    own, person = CLITIC.get(ref.person, "se") if row["refl"] else "", person_of(ref)
    if tense in ("pres", "past", "impf", "sub"):
        text = row[f"{tense}_{person}"]
    elif tense == "part":
        key = _agreement(lex, ref)
        text = row["part"][:-1] + {"m": "o", "f": "a"}[key[0]] + "s" * key.endswith("pl")
    else:
        text = row[{"perfect": "part"}.get(tense, tense)] + own * (tense == "inf")
    # Spanish has three verbs for "be" (hay: "there is"), of one concept.
    concept = "be.v" if id in ("estar", "hay") else f"{id}.v"
    words = [Word(text, "aux" if id in AUXILIARIES else "verb", concept, row["inf"])]
    if tense == "perfect":
        have = lex.verbs["haber"][f"pres_{person}"]
        words = [Word(have, "aux", "have.v", "haber"), *words]
    if own and tense in ("pres", "past", "impf", "fut", "perfect"):
        words = [Word(own, "pron"), *words]
    return [*words, *(Word(part, lex.words[part]) for part in row["tail"].split())]


def adjective(lex, id, feature, ref):
    """Write a predicative adjective; with a tense, its verb: some take ser, some estar.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> lex, her = lexicon("es"), Ref("baker", gender="f")
    >>> [adjective(lex, "tired", feature, her)[0].text for feature in ("impf", "", "comp")]
    ['estaba', 'cansada', 'más']

    Lesson 10.
    """
    row = lex.adjectives[id]
    if feature in ("impf", "pres"):
        passing = row["copula"] == "person" and _class(lex, ref) in ("person", "animal")
        return verb(lex, "estar" if passing or row["copula"] == "estar" else "be", feature, ref)
    key = _agreement(lex, ref)
    more = [Word("más", "adv")] if feature == "comp" else []
    return [*more, Word(row[f"{key[0]}_{key[1:]}"], "adj", f"{id}.a", row["m_sg"])]


@cache
def number(n, feature=""):
    """Write a number from 0 to 9999 in words; feature m or f: before a noun of that gender.

    >>> number(21), number(21, "m"), number(221, "f"), number(1100)
    ('veintiuno', 'veintiún', 'doscientas veintiuna', 'mil cien')

    Lesson 10.
    """
    if feature == "f":
        return number(n).replace("ientos", "ientas").replace("uno", "una")
    if feature == "m":
        return number(n).replace("veintiuno", "veintiún").replace("uno", "un")
    if n < 30:
        return SMALL[n]
    if n < 100:
        return TENS[n // 10 - 3] + (f" y {SMALL[n % 10]}" if n % 10 else "")
    size = 100 if n < 1000 else 1000
    if n < 2 * size:
        head = "mil" if n >= 1000 else "ciento" if n > 100 else "cien"
    else:
        head = f"{SMALL[n // 1000]} mil" if n >= 1000 else f"{HUNDREDS[n // 100 - 2]}ientos"
    return f"{head} {number(n % size)}" if n % size else head


year = number  # a year is read like any other number


def date(day, month):
    """Write a day and its month.

    >>> date(3, 5), date(21, 8), date(1, 1)
    ('tres de mayo', 'veintiuno de agosto', 'uno de enero')

    Lesson 10.
    """
    return f"{number(day)} de {MONTHS[month - 1]}"


def hour(n):
    """Write a full hour, as it stands after a preposition.

    >>> hour(1), hour(6)
    ('la una', 'las seis')

    Lesson 10.
    """
    return f"{'la' if n == 1 else 'las'} {number(n, 'f')}"


def merge(left, right):
    """Contract al and del; write e for y before the sound i.

    >>> merge("de", "el"), merge("y", "importante"), merge("y", "hielo")
    (('del', ''), ('e', 'importante'), None)

    Lesson 10.
    """
    if right == "el":
        return {"a": ("al", ""), "de": ("del", "")}.get(left)
    sound = right.lower().removeprefix("h") if left == "y" else "-"
    return ("e", right) if sound[0] in "ií" and sound[1:2] not in tuple("aeou") else None
