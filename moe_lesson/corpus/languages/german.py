"""German: three declensions, four cases, weak nouns, separable verbs, one-word numbers."""

from functools import cache

from moe_lesson.corpus.languages.agreement import kind_plurality, person_of, plurality
from moe_lesson.corpus.languages.lexicon import Word

CLOSE, OPEN, THIN = ".,;:!?“)", "„(", ""
MONTHS = (
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
).split()
# Endings: a row for each case, a column for masculine, feminine, neuter and plural; - is none.
ENDINGS = {
    (kind, case, gender): ending.strip("-")
    for kind, rows in {
        "strong": "er e es e / en e es e / em er em en / en er en er",
        "weak": "e e e en / en e e en / en en en en / en en en en",
        "mixed": "er e es en / en e es en / en en en en / en en en en",
        "d": "er ie as ie / en ie as ie / em er em en / es er es er",
        "dies": "er e es e / en e es e / em er em en / es er es er",
        "ein": "- e - e / en e - e / em er em en / es er es er",
        "relative": "er ie as ie / en ie as ie / em er em enen / essen eren essen eren",
    }.items()
    for case, row in zip(("nom", "acc", "dat", "gen"), rows.split(" / "))
    for gender, ending in zip(("m", "f", "n", "pl"), row.split())
}
PRONOUNS = {
    (case, who): pronoun
    for case, row in {
        "nom": "ich du er sie es sie",
        "acc": "mich dich ihn sie es sie",
        "dat": "mir dir ihm ihr ihm ihnen",
        "owner": "mein dein sein ihr sein ihr",
    }.items()
    for who, pronoun in zip(("1", "2", "m", "f", "n", "pl"), row.split())
}
FORMS = {form: form for form in ("indef", "def", "bare", "num", "some", "pron")}
FORMS |= dict.fromkeys(("bulk", "generic", "plural", "dear"), "bare")
FORMS |= dict.fromkeys(("to_pron", "subj"), "pron")
PARTICLES = {"zu": Word("zu", "part"), "Sie": Word("Sie", "pron")}
CONTRACTED = "in dem im,an dem am,von dem vom,zu dem zum,zu der zur,bei dem beim,in das ins"
CONTRACTED = {(a, b): (fused, "") for a, b, fused in map(str.split, CONTRACTED.split(","))}
ONES = "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf".split()
ONES += [f"{ones}zehn" for ones in "drei vier fünf sech sieb acht neun".split()]
TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()
ORDINALS = {1: "ersten", 3: "dritten", 7: "siebten", 8: "achten"}


def phrase(lex, ref, feature, verb):
    """Write a noun phrase: article, adjectives, noun; or a name, or a pronoun.

    Features of its own: ``neg`` and ``never`` deny the phrase, ``rel`` opens a relative
    clause, ``subj`` is a subject's pronoun and ``dear`` greets in a letter.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> small = Ref("boat", form="indef", adjectives=("old",))
    >>> [word.text for word in phrase(lexicon("de"), small, "neg", "")]
    ['kein', 'altes', 'Boot']

    Lesson 10.
    """
    features = feature.split(".") if feature else ()
    place, case = _governed(lex, ref, features, verb)
    ref = _formed(lex, ref, features)
    if "rel" in features:
        return [*place, Word("d" + ENDINGS["relative", case, _gender(lex, ref)], "pron")]
    words = _nominal(lex, ref, case)
    if "dear" in features:
        return [Word("lieb" + ENDINGS["strong", case, _gender(lex, ref)], "adj"), *words]
    if not {"neg", "never"} & {*features}:
        return [*place, *words] if place else words
    opened = ref.form in ("indef", "bare", "some")  # kein denies these, nicht the rest
    if "neg" in features and opened and not place:
        return _nominal(lex, ref._replace(form="kein"), case)
    word = Word("nicht", "part") if "neg" in features else Word("nie", "adv")
    return [word, *place, *words] if place or opened else [*words, word]


def _governed(lex, ref, features, verb):
    """Return the preposition, if any, and the case that a phrase stands in."""
    government = "nom"
    for feature in features:
        if feature in ("acc", "dat", "gen"):
            government = feature
        elif feature in ("at", "to", "from"):
            government = lex.nouns[ref.noun][feature]
        elif feature in ("obj", "pron"):
            government = verb and lex.verbs[verb]["obj"] or "acc"
        elif feature == "to_pron":
            government = "dat"
    preposition, _, case = government.rpartition("+")
    return [Word(preposition, "adp")] if preposition else [], case


def _formed(lex, ref, features):
    """Return a Ref in the form that a template asks for; a mass is never one of many."""
    mass = ref.noun and kind_plurality(lex, ref.noun) == "sg"
    for feature in features:
        if feature in FORMS:
            ref = ref._replace(form=FORMS[feature])
        if feature in ("some", "bulk", "generic", "plural"):
            ref = ref._replace(number="sg" if mass else "pl")
    return ref._replace(form="bare") if mass and ref.form == "indef" else ref


def _nominal(lex, ref, case):
    """Return determiner, adjectives and noun in a case."""
    if ref.form == "pron":
        return [Word(PRONOUNS[case, _who(lex, ref)], "pron")]
    if ref.name:
        return [Word(ref.name, "propn", "", ref.name)]
    gender, row = _gender(lex, ref), lex.nouns[ref.noun]
    determiner, declension = _determiner(lex, ref, case, gender)
    ending = ENDINGS[declension, case, gender]
    words = [Word(determiner, "num" if ref.form == "num" else "det")] if determiner else []
    for id in ref.adjectives:
        quality = lex.adjectives[id]
        words.append(Word(quality["stem"] + ending, "adj", f"{id}.a", quality["base"]))
    sex = f"{ref.gender or 'm'}_" if row["m_sg"] else ""
    noun = row["m_sg"][:-1] + ending if row["weak"] == "adj" else _noun(row, sex, case, gender)
    return [*words, Word(noun, "noun", f"{ref.noun}.n", row[f"{sex}sg"])]


def _determiner(lex, ref, case, gender):
    """Return a determiner and the declension that it asks of adjectives."""
    form = ref.form
    if form in ("def", "this"):
        stem = "d" if form == "def" else "dies"
        return stem + ENDINGS[stem, case, gender], "weak"
    if form == "some":
        return "einig" + ENDINGS["strong", case, gender] if gender == "pl" else "etwas", "strong"
    if form == "num" and ref.count > 1:
        return number(ref.count), "strong"
    if form in ("bare", "generic") or form == "indef" and gender == "pl":
        return "", "strong"
    stem = PRONOUNS["owner", _who(lex, ref.owner)] if form == "poss" else "ein"
    return ("k" if form == "kein" else "") + stem + ENDINGS["ein", case, gender], "mixed"


def _noun(row, sex, case, gender):
    """Return a noun's form: weak nouns and the plural's dative have endings of their own."""
    if gender == "pl":
        plural = row[f"{sex}pl"]
        return plural + "n" if case == "dat" and plural[-1] not in "ns" else plural
    if case == "gen":
        return row[f"{sex}gen"]
    weak = row["weak"] and sex != "f_" and case != "nom"
    return row[f"{sex}gen"].removesuffix("s") if weak else row[f"{sex}sg"]


def _gender(lex, ref):
    """Return the column of the endings: m, f, n, or pl for several."""
    if plurality(ref) == "pl":
        return "pl"
    row = lex.nouns[ref.noun] if ref.noun else {"gender": ref.gender or "m"}
    return row["gender"] or (row["f_gender"] if ref.gender == "f" else "m")


def _who(lex, ref):
    """Return the key of a pronoun; persons go by their sex, so that a girl is a she."""
    if ref.person < 3:
        return str(ref.person)
    return ref.gender if ref.gender and ref.number == "sg" else _gender(lex, ref)


def verb(lex, id, feature, ref):
    """Write a verb in one of its forms, agreeing with its subject.

    Features of its own: ``that`` chooses the verb that takes a clause (wissen beside
    kennen), ``had`` is the auxiliary of the pluperfect.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> [word.text for word in verb(lexicon("de"), "offer", "sub.past", Ref("baker"))]
    ['anbot']

    Lesson 10.
    """
    row = lex.verbs[id]
    if feature.startswith("that"):
        return verb(lex, row["clause"] or id, "sub.past" if "sub" in feature else "past", ref)
    if feature in ("aux", "had"):
        return verb(lex, row["aux"], "past" if feature == "had" else "pres", ref)
    tense = feature.removeprefix("sub.")
    if tense in ("past", "impf", "pres"):
        text = row[("pres_" if tense == "pres" else "past_") + person_of(ref)]
        if tense != feature:
            text = row["prefix"] + (" " if " " in row["inf"] else "") + text
    else:
        text = row[feature]
    kind = "aux" if id in ("be", "have", "can", "must", "become") else "verb"
    labels = kind, f"{id}.v", row["inf"]
    return [PARTICLES.get(part) or Word(part, *labels) for part in text.split()]


def adjective(lex, id, feature, ref):
    """Write a predicative adjective, plain or compared.

    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> [word.text for word in adjective(lexicon("de"), "old", "comp", None)]
    ['älter']

    Lesson 10.
    """
    row = lex.adjectives[id]
    return [Word(row["comp" if "comp" in feature else "base"], "adj", f"{id}.a", row["base"])]


@cache
def number(n, feature=""):
    """Write a number from 0 to 9999 in words.

    >>> number(21), number(101), number(1712)
    ('einundzwanzig', 'hunderteins', 'tausendsiebenhundertzwölf')

    Lesson 10.
    """
    if n < 20:
        return ONES[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        return (f"{ONES[ones].replace('eins', 'ein')}und" if ones else "") + TENS[tens - 2]
    size, name = (1000, "tausend") if n >= 1000 else (100, "hundert")
    many, rest = divmod(n, size)
    # A hundred inside a thousand is counted: tausendeinhundert.
    joint = "ein" if size == 1000 and 100 <= rest < 200 else ""
    return ("" if many == 1 else number(many)) + name + (joint + number(rest) if rest else "")


def year(n):
    """Write a year in words, by hundreds from 1100 to 1999.

    >>> year(1712), year(1900), year(2001)
    ('siebzehnhundertzwölf', 'neunzehnhundert', 'zweitausendeins')

    Lesson 10.
    """
    hundreds, rest = divmod(n, 100)
    if 11 <= hundreds < 20:
        return f"{number(hundreds)}hundert" + (number(rest) if rest else "")
    return number(n)


def date(day, month):
    """Write a day and its month, in the case of "on the third of May".

    >>> date(3, 5), date(21, 8)
    ('dritten Mai', 'einundzwanzigsten August')

    Lesson 10.
    """
    ordinal = ORDINALS.get(day) or number(day) + ("ten" if day < 20 else "sten")
    return f"{ordinal} {MONTHS[month - 1]}"


def hour(n):
    """Write a full hour.

    >>> hour(1), hour(6)
    ('ein Uhr', 'sechs Uhr')

    Lesson 10.
    """
    return f"{number(n) if n > 1 else 'ein'} Uhr"


def merge(left, right):
    """Contract a preposition and its article: in dem, im.

    >>> merge("in", "dem"), merge("auf", "dem")
    (('im', ''), None)

    Lesson 10.
    """
    return CONTRACTED.get((left, right))
