"""French: agreement, elision and contraction, clitics, partitives, numbers in words."""

from functools import lru_cache

from moe_lesson.corpus.languages.abstract import Ref
from moe_lesson.corpus.languages.agreement import gender_of, kind_plurality, person_of, plurality
from moe_lesson.corpus.languages.lexicon import Word

CLOSE, OPEN, THIN = ".,)", "(", "«»:;!?"
MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
).split()
SUBJECT = {"1s": "je", "2s": "tu", "m": "il", "f": "elle", "mpl": "ils", "fpl": "elles"}
STRESSED = {"1s": "moi", "2s": "toi", "m": "lui", "f": "elle", "mpl": "eux", "fpl": "elles"}
OBJECT = {"1s": "me", "2s": "te", "m": "le", "f": "la", "mpl": "les", "fpl": "les"}
DATIVE = {"1s": "me", "2s": "te", "m": "lui", "f": "lui", "mpl": "leur", "fpl": "leur"}
REFLEXIVE = {"1s": "me", "2s": "te", "3s": "se", "3p": "se"}
# m, f, plural; m and f before a vowel. A possessive has its owner's letter before it: m, t, s.
DETERMINERS = {
    "def": "le la les le la",
    "indef": "un une des un une",
    "some": "de+le de+la des de+le de+la",
    "this": "ce cette ces cet cette",
    "poss": "on a es on on",
    "theirs": "leur leur leurs leur leur",
    "few": "un+peu+de un+peu+de quelques un+peu+de un+peu+de",
}
KINDS = {"m": 0, "f": 1, "pl": 2, "mv": 3, "fv": 4}
CONTRACTED = {"de le": "du", "de les": "des", "à le": "au", "à les": "aux"}
CONTRACTED |= {"jusqu'à le": "jusqu'au", "jusqu'à les": "jusqu'aux"}
ELIDED = set("je me te se le la ne de que".split())
VOWELS = set("aeiouàâéèêîôûœæAEIOUÉÈÂÎh")
# An h that forbids elision, and words that begin with a vowel and forbid it all the same.
ASPIRATED = tuple("hach harp hareng haricot hât hérisson hibou hutte huit onz oui".split())
AUXILIARIES = {"be", "have", "do", "can", "must"}
ONES = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
).split()
TENS = "- dix vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt".split()


def phrase(lex, ref, feature, verb):
    """Write a noun phrase: preposition, determiner, adjectives on both sides of the noun.

    Features of this module's own: ``neg`` after a negation (de), ``clitic`` for a pronoun
    before an infinitive, ``tonic`` after a preposition, ``inv`` behind its verb, ``subj``,
    ``until`` (jusqu'à), ``few`` (un peu de, quelques), ``its`` (son, of a town), ``voc`` and
    ``dear`` for whom one speaks or writes to.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> key = Ref("key", form="indef", adjectives=("small", "red"))
    >>> [word.text for word in phrase(lexicon("fr"), key, "", "")]
    ['une', 'petite', 'clé', 'rouge']

    Lesson 10.
    """
    features = set(feature.split("."))
    words = [Word(part, "adp") for part in _preposition(lex, ref, features, verb).split()]
    if ref.form == "pron" or features & {"pron", "to_pron", "subj"}:
        return words + _pronoun(_who(lex, ref), features | ({"tonic"} if words else set()))
    if "clitic" in features:
        return []
    if "dear" in features:
        words.append(Word("chère" if gender_of(lex, ref) == "f" else "cher", "adj"))
    if ref.form == "name":
        return [*words, Word(ref.name, "propn")]
    return words + _nominal(lex, _overridden(lex, ref, features), features)


def _preposition(lex, ref, features, verb):
    """Return what leads to, into or out of a place; nothing for most phrases."""
    fixed = "de" if "from" in features else "jusqu'à" if "until" in features else ""
    if fixed or not features & {"at", "to"}:
        return fixed
    row = lex.nouns[ref.noun]
    way = verb and lex.verbs[verb]["to"] or row["to"]
    # One goes "au moulin", but not "à un moulin".
    return row["at"] if "at" in features or way == "à" and ref.form == "indef" else way


def _pronoun(who, features):
    """Return a pronoun in the shape that its place asks for; none where a clitic stands for it."""
    if "tonic" in features:
        return [Word(STRESSED[who], "pron")]
    if features & {"pron", "clitic", "to_pron"}:
        return [Word((DATIVE if "to_pron" in features else OBJECT)[who], "pron")]
    return [] if "obj" in features else [Word("-" * ("inv" in features) + SUBJECT[who], "pron")]


def _who(lex, ref):
    plural = "pl" if plurality(ref) == "pl" else ""
    return f"{ref.person}s" if ref.person < 3 else gender_of(lex, ref) + plural


def _overridden(lex, ref, features):
    """Return a Ref in the form that a template asks for."""
    many = kind_plurality(lex, ref.noun)
    form = next(iter(features & {"indef", "def", "bare", "num"}), ref.form)
    if features & {"voc", "dear"} and form == "def":
        form = "bare"
    if features & {"bulk", "plural"}:
        return ref._replace(form="bare", number=many)
    if "its" in features:
        return ref._replace(form="poss", number=many, owner=Ref())
    if "generic" in features or form == "generic" or "tonic" in features and form == "some":
        return ref._replace(form="def", number=many)
    if "few" in features or "some" in features or form == "some":
        return ref._replace(form="few" if "few" in features else "some", number=many)
    return ref._replace(form="some" if form == "indef" and many == "sg" else form)


def _nominal(lex, ref, features):
    """Return determiner, adjectives and noun, all in one gender and number."""
    gender, number = gender_of(lex, ref), plurality(ref)
    row, form = lex.nouns[ref.noun], f"{gender}_{number}"
    noun, lemma = row[form] or row[number], row["sg"] or row["m_sg"]
    words = [Word(part, "noun", f"{ref.noun}.n", lemma) for part in noun.split()]
    rows = [lex.adjectives[id] for id in ref.adjectives]
    # What stands before the noun depends on the letter behind it: bel oiseau. Right to left.
    for each in reversed([each for each in rows if each["place"] == "before"]):
        before_vowel = form == "m_sg" and elides(words[0].text)
        words.insert(0, _adjective(each, "m_vowel" if before_vowel else form))
    for count, each in enumerate(each for each in rows if each["place"] == "after"):
        words += [Word("et", "cconj")] * (count > 0) + [_adjective(each, form)]
    return _determiner(lex, ref, words[0], features) + words


def _adjective(row, form):
    return Word(row[form], "adj", f"{row['concept']}.a", row["m_sg"])


def _determiner(lex, ref, first, features):
    """Return what stands before a noun and its adjectives, of which ``first`` is the first."""
    form, gender, owner = ref.form, gender_of(lex, ref), ""
    kind = "pl" if plurality(ref) == "pl" else gender + "v" * elides(first.text)
    if form in ("indef", "some") and ("neg" in features or kind == "pl" and first.pos == "adj"):
        return [Word("de", "det")]
    if form == "num":
        return [Word(number(ref.count, gender), "num")]
    if form == "poss":
        owner = {"1s": "m", "2s": "t", "m": "s", "f": "s"}.get(_who(lex, ref.owner), "")
        form = "poss" if owner else "theirs"
    text = owner + DETERMINERS[form].split()[KINDS[kind]] if form in DETERMINERS else ""
    return [Word(part, "det") for part in text.split("+") if part]


def verb(lex, id, feature, ref):
    """Write a verb in one of its forms, agreeing with its subject, with its reflexive pronoun.

    ``part`` agrees always, ``perf`` (after ``aux``) only beside être; ``sub`` stands before
    que, where connaître gives way to savoir. The past of what lasts, as aimer, is the imperfect.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> [word.text for word in verb(lexicon("fr"), "get_up", "past", Ref("baker"))]
    ['se', 'leva']

    Lesson 10.
    """
    row = lex.verbs[id]
    if feature.startswith("sub."):
        feature, row = feature[4:], lex.verbs[row["that"] or id]
    concept, lemma = f"{row['concept']}.v", row["inf"]
    if feature in ("part", "perf"):
        text = row["part"]
        if feature == "part" or row["aux"] == "be":
            text += "e" * (gender_of(lex, ref) == "f")
            text += "s" * (plurality(ref) == "pl" and text[-1] != "s")
        return [Word(text, "verb", concept, lemma)]
    who = person_of(ref)
    clitic = [Word(REFLEXIVE[who], "pron")] if row["refl"] == "1" and feature != "imp" else []
    if feature == "aux":
        return [*clitic, *verb(lex, row["aux"], "pres", ref)]
    feature = "impf" if feature == "past" and row["stative"] == "1" else feature
    kind = "aux" if id in AUXILIARIES else "verb"
    text = row[f"{feature}_{who}" if feature in ("pres", "past", "impf") else feature]
    return [*clitic, *(Word(part, kind, concept, lemma) for part in text.split())]


def adjective(lex, id, feature, ref):
    """Write a predicative adjective, plain or compared.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> [word.text for word in adjective(lexicon("fr"), "big", "comp", Ref("house"))]
    ['plus', 'grande']

    Lesson 10.
    """
    row = lex.adjectives[id]
    better = lex.adjectives[row["comparative"] or id] if feature == "comp" else row
    word = _adjective(better, f"{gender_of(lex, ref)}_{plurality(ref)}")
    return [Word("plus", "adv"), word] if feature == "comp" and better is row else [word]


@lru_cache(maxsize=1 << 14)
def number(n, feature=""):
    """Write a number from 0 to 9999 in words; ``f`` before a feminine noun.

    >>> number(71), number(80), number(81), number(21, "f"), number(1712)
    ('soixante et onze', 'quatre-vingts', 'quatre-vingt-un', 'vingt et une', \
'mille sept cent douze')

    Lesson 10.
    """
    if n >= 100:
        size, name = (1000, "mille") if n >= 1000 else (100, "cent")
        count, rest = divmod(n, size)
        head = f"{number(count)} {name}" if count > 1 else name
        many = "s" * (size == 100 and count > 1)
        return f"{head} {number(rest, feature)}" if rest else head + many
    if n < 17:
        return "une" if n == 1 and feature == "f" else ONES[n]
    tens, rest = divmod(n, 10)
    rest += 10 if tens in (7, 9) else 0
    joint = " et " if rest in (1, 11) and tens < 8 else "-"
    return TENS[tens] + (joint + number(rest, feature) if rest else "s" * (tens == 8))


year = number  # a year is read like any other number


def date(day, month):
    """Write a day and its month, without the article.

    >>> date(1, 5), date(21, 8)
    ('premier mai', 'vingt et un août')

    Lesson 10.
    """
    return f"{'premier' if day == 1 else number(day)} {MONTHS[month - 1]}"


def hour(n):
    """Write a full hour.

    >>> hour(1), hour(6)
    ('une heure', 'six heures')

    Lesson 10.
    """
    return f"{number(n, 'f')} heure" + "s" * (n > 1)


def elides(word):
    """Tell whether a word makes the one before it drop its vowel.

    Returns:
        True or False.

    >>> elides("homme"), elides("hibou"), elides("onze"), elides("y")
    (True, False, False, True)

    Lesson 10.
    """
    return word == "y" or word[0] in VOWELS and not word.startswith(ASPIRATED)


def merge(left, right):
    """Elide, contract, and join a verb to the pronoun behind it.

    >>> merge("le", "homme"), merge("de", "le"), merge("demanda", "-elle"), merge("le", "chat")
    (("l'", 'homme'), ('du', ''), ('demanda-t-elle', ''), None)

    Lesson 10.
    """
    if left in ELIDED and elides(right) or left == "si" and right in ("il", "ils"):
        return left[:-1] + "'", right
    if right[0] == "-":
        return left + ("-t" if left[-1] in "ae" else "") + right, ""
    text = CONTRACTED.get(f"{left} {right}")
    return (text, "") if text else None
