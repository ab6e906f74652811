"""Italian: articles by sound, fused prepositions, clitics, agreement, numbers in words."""

from functools import cache

from moe_lesson.corpus.languages.agreement import gender_of, kind_plurality
from moe_lesson.corpus.languages.lexicon import FOLDER, Word, table

CLOSE, OPEN, THIN = ".,;:!?)»", "(«", ""
TABLES = FOLDER / "it"
MONTHS = tuple(row["word"] for row in table(TABLES / "months.tsv"))
NUMBERS = {int(row["number"]): row["word"] for row in table(TABLES / "numbers.tsv")}
# Words by gender and number (m f mpl fpl), or by who speaks (1) and is spoken to (2).
AGREE = {row["who"]: row for row in table(TABLES / "agreement.tsv")}
# What a word, fused or not, becomes before a vowel, and before z, gn, ps, x, y or s + consonant.
SOUNDS = {row["word"]: row for row in table(TABLES / "sounds.tsv")}
FUSED = {(a, b): (c, d) for a, b, c, d in map(dict.values, table(TABLES / "fused.tsv"))}
# A stressed pronoun right behind an infinitive is its clitic: "aiutare te" is "aiutarti".
ENCLITIC = {"me": "mi", "te": "ti", "lui": "lo", "lei": "la", "loro": "li"}
SHORT = {"bello": "bel", "belli": "bei", "buono": "buon"}  # before a noun
FORMS = {"def", "indef", "bare", "some", "generic", "num", "this", "poss"}


@cache
def _function(text, pos):
    return Word(text, pos)


def phrase(lex, ref, feature, verb):
    """Write a noun phrase: preposition, article, adjectives, noun; or a name, or a pronoun.

    Articles and prepositions come unfused; ``merge`` fuses them when their neighbours are known.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> small = Ref("boat", form="indef", adjectives=("old", "red"))
    >>> [word.text for word in phrase(lexicon("it"), small, "", "")]
    ['una', 'vecchia', 'barca', 'rossa']

    Lesson 10.
    """
    features, governor = feature.split("."), lex.verbs[verb or "be"]
    ref = _overridden(lex, ref, features, governor["obj"] if "obj" in features else "")
    who = _who(lex, ref)
    if "pron" in features or "to_pron" in features:
        clitic = AGREE[who]["object" if "pron" in features else "indirect"]
        of_it = governor["obj"] == "di" and "pron" in features
        return [_function("ne" if of_it else clitic, "pron")]
    words = _preposition(_before(lex, ref, features, governor))
    if ref.form == "pron" or who in "12":
        stressed = words or "tonic" in features or "obj" in features
        return [*words, _function(AGREE[who]["stressed"], "pron")] if stressed else []
    for feature in ("dear", "dearest"):
        words += [_function(AGREE[who][feature], "adj")] if feature in features else []
    if ref.form == "name":
        words.append(Word(ref.name, "propn", "", ref.name))
    else:
        words += [*_determiner(lex, ref, who), *_qualified(lex, ref, who)]
    if "rel" in features:
        words += _preposition(governor["obj"])
        words.append(_function("cui" if governor["obj"] else "che", "pron"))
    return words


def _overridden(lex, ref, features, government):
    """Return a Ref in the form that a template asks for; names and pronouns keep theirs.

    No partitive stands behind a preposition: "penso al pane", "ha bisogno di pane".
    """
    if ref.form in ("name", "pron") or not ref.noun or features == [""]:
        return ref
    many = kind_plurality(lex, ref.noun)
    form = next((each for each in features if each in FORMS), ref.form)
    governed = government or "tonic" in features
    if form == "indef" and governed and (many == "sg" or ref.number == "pl"):
        form = "bare" if government == "di" else "def"
    if "bulk" in features or "plural" in features:
        return ref._replace(form="bare" if form == ref.form else form, number=many)
    return ref._replace(form=form, number=many if form in ("generic", "some") else ref.number)


def _agreement(lex, ref):
    """Return m, f, mpl or fpl: of a person, or of the noun."""
    plural = ref.number == "pl" or ref.count > 1
    gender = gender_of(lex, ref).replace("mf", "f" if plural else "m")  # l'uovo, le uova
    return gender + "pl" if plural else gender


def _who(lex, ref):
    return str(ref.person) if ref.person < 3 else _agreement(lex, ref)


def _before(lex, ref, features, governor):
    """Return the preposition of a place or of the verb's object, or nothing."""
    if "to" in features:
        return governor["to"] or lex.nouns[ref.noun]["to"]
    if "at" in features:
        return lex.nouns[ref.noun]["at"]
    return "da" if "from" in features else governor["obj"] if "obj" in features else ""


def _preposition(text):
    return [_function(text, "adp")] if text else []


def _determiner(lex, ref, who):
    """Return the article, or what stands in its place."""
    form, row = ref.form, AGREE[who]
    if form == "num":
        return [Word(row["indef"] if ref.count == 1 else number(ref.count), "num")]
    counted = row["indef"] and kind_plurality(lex, ref.noun) == "pl"
    if form == "this" or form == "indef" and counted:
        return [_function(row[form], "det")]
    words = [_function(row["article"], "det")]
    if form in ("indef", "some"):  # the partitive: dei libri, del pane
        return [_function("di", "adp"), *words]
    if form == "poss":
        loro = ref.owner.person == 3 and (ref.owner.number == "pl" or ref.owner.count > 1)
        own = "loro" if loro else row[("my", "your", "their_own")[ref.owner.person - 1]]
        family = lex.nouns[ref.noun]["family"] == "1"  # "suo padre", but "il suo caro padre"
        alone = family and who in "mf" and not ref.adjectives and not loro
        return [_function(own, "det")] if alone else [*words, _function(own, "det")]
    return words if form in ("def", "generic") else []


def _qualified(lex, ref, who):
    """Return the noun among its adjectives, the short common ones before it."""
    row, column = lex.nouns[ref.noun], AGREE[who]["noun"]
    before, after = [], []
    for id in ref.adjectives:
        (word,) = adjective(lex, id, "", ref)
        if lex.adjectives[id]["place"] == "after":
            after.append(word)
        else:
            before.append(word._replace(text=SHORT.get(word.text, word.text)))
    noun = Word(row[column] or row[column[2:]], "noun", f"{ref.noun}.n", ref.noun)
    return [*before, noun, *after]


def verb(lex, id, feature, ref):
    """Write a verb in one of its forms, agreeing with its subject, with its reflexive clitic.

    Beyond the common features: perf (ho visto), fut, what (che cosa, or di che cosa), .all (of
    many), and .that (the verb for knowing facts). The story's past is the passato remoto, the
    speaker's own the perfect; what goes on meanwhile (sub) is in the imperfect.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> [word.text for word in verb(lexicon("it"), "wake_up", "perf", Ref("baker", gender="f"))]
    ['si', 'è', 'svegliata']

    Lesson 10.
    """
    name, _, more = feature.partition(".")
    ref = ref._replace(number="pl") if more == "all" else ref
    row, who = lex.verbs[id], _who(lex, ref)
    if name == "what":
        return [*_preposition(row["obj"]), _function("che", "det"), _function("cosa", "pron")]
    row = lex.verbs[row["that"] or id] if more == "that" else row
    if name == "sub":
        name = "impf" if more == "past" else more
    name = "perf" if name == "past" and who in "12" else name
    clitic = (AGREE[who]["object"] if who in "12" else "si") if row["refl"] == "1" else ""
    if name == "inf" and clitic:
        return _words(id, row["inf"][:-1] + clitic)
    before = [_function(clitic, "pron")] if clitic and name != "imp" else []
    return before + _inflected(lex, (id, row), name, ref)


def _inflected(lex, entry, name, ref):
    """Return a verb without its clitic."""
    id, row = entry
    person, part = AGREE[_who(lex, ref)]["person"], row["part"]
    if name == "part" or name == "perf" and row["aux"] == "be":  # visto, vista, visti, viste
        first, *rest = part.split()
        part = " ".join([first[:-1] + AGREE[_agreement(lex, ref)]["ending"], *rest])
    if name == "perf":
        return _words(row["aux"], lex.verbs[row["aux"]][f"pres_{person}"]) + _words(id, part)
    if name in ("part", "inf", "imp", "fut_1s"):
        return _words(id, part if name == "part" else row[name])
    return _words(id, row[f"{name}_{person}"])


def _words(id, text):
    kind = "aux" if id in ("be", "have", "can", "must") else "verb"
    return [Word(part, kind, f"{id}.v", id) for part in text.split()]


def adjective(lex, id, feature, ref):
    """Write an adjective after its noun or verb, plain or compared.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> [word.text for word in adjective(lexicon("it"), "old", "comp", Ref("key"))]
    ['più', 'vecchia']

    Lesson 10.
    """
    word = Word(lex.adjectives[id][AGREE[_agreement(lex, ref)]["noun"]], "adj", f"{id}.a", id)
    return [_function("più", "adv"), word] if feature == "comp" else [word]


@cache
def number(n, feature=""):
    """Write a number from 0 to 9999 in words, as one word.

    >>> number(21), number(28), number(1712), number(1, "f")
    ('ventuno', 'ventotto', 'millesettecentododici', 'una')

    Lesson 10.
    """
    if n in NUMBERS:
        return "una" if n == 1 and "f" in feature else NUMBERS[n]
    if n < 100:
        tens, rest = NUMBERS[n // 10 * 10], n % 10
        return (tens[:-1] if rest in (1, 8) else tens) + ("tré" if rest == 3 else NUMBERS[rest])
    size, one, many = (1000, "mille", "mila") if n >= 1000 else (100, "cento", "cento")
    head = one if n < 2 * size else NUMBERS[n // size] + many
    rest = "" if n % size == 0 else "tré" if n % size == 3 else number(n % size)
    return (head[:-1] if size == 100 and rest.startswith("ott") else head) + rest


year = number  # a year is one long word like any other number


def date(day, month):
    """Write a day and its month, without the article.

    >>> date(1, 5), date(21, 8)
    ('primo maggio', 'ventuno agosto')

    Lesson 10.
    """
    return f"{'primo' if day == 1 else number(day)} {MONTHS[month - 1]}"


def hour(n):
    """Write a full hour with its preposition.

    >>> hour(1), hour(6)
    ("all'una", 'alle sei')

    Lesson 10.
    """
    return "all'una" if n == 1 else f"alle {number(n)}"


@cache
def _start(text):
    """Return what a word begins with, as far as the word before it cares."""
    low = text[:2].lower()
    if low[0] in "aeiouè" or text in ("ho", "hai", "ha", "hanno"):
        return "vowel"
    cluster = low[0] == "s" and low[1:] not in "aeiouè"
    return "hard" if cluster or low[0] in "zxy" or low in ("gn", "ps", "pn") else "word"


def merge(left, right):
    """Fuse two neighbours: elision, the article by sound, preposition with article.

    >>> merge("il", "amico"), merge("il", "studente"), merge("di", "lo"), merge("a", "aprile")
    (("l'", 'amico'), ('lo', 'studente'), ('dello', ''), ('ad', 'aprile'))

    Lesson 10.
    """
    if (left, right) in FUSED:
        return FUSED[left, right]
    if right in ENCLITIC and left.endswith("re"):
        return left[:-1] + ENCLITIC[right], ""
    if left in SOUNDS:
        return SOUNDS[left][_start(right)], right
    if left in ("a", "e") and right[0].lower() == left:
        return left + "d", right
    return None
