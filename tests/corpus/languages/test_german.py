"""German: every ending by hand or by rule, and the verb where each kind of clause wants it."""

import itertools
import re

import pytest

from moe_lesson.corpus.languages import german
from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.lexicon import Slot, lexicon
from moe_lesson.corpus.languages.realise import print_document, sentence

LEX = lexicon("de")
CASES = ("nom", "acc", "dat", "gen")
# The definite article of every grammar book: m f n pl.
ARTICLES = {
    "nom": ("der", "die", "das", "die"),
    "acc": ("den", "die", "das", "die"),
    "dat": ("dem", "der", "dem", "den"),
    "gen": ("des", "der", "des", "der"),
}
GENDERS = ("m", "f", "n", "pl")
ME = Ref(person=1, form="pron", gender="f")


class First:
    """Stand in for chance: the first of the paraphrases."""

    @staticmethod
    def pick(options):
        return options[0]


class Numbered:
    """Stand in for chance: one certain paraphrase."""

    def __init__(self, number):
        self.number = number

    def pick(self, options):
        return options[self.number % len(options)]


def text(clause, number=0):
    """Print one clause; without a full stop where it has none."""
    return print_document([[sentence(clause, "de", Numbered(number))]], "de", {}, 0.0).text.strip()


def said(noun, feature="", verb="", **ref):
    """Print a noun phrase."""
    return " ".join(word.text for word in german.phrase(LEX, Ref(noun, **ref), feature, verb))


def everything():
    """Refer to every noun, in the singular and the plural, persons of both sexes."""
    for noun, row in LEX.nouns.items():
        for number, gender in itertools.product(("sg", "pl"), "mf" if row["m_sg"] else ("",)):
            yield Ref(noun, number=number, gender=gender)


def gender_of(ref):
    row = LEX.nouns[ref.noun]
    if ref.number == "pl":
        return "pl"
    return row["gender"] or (row["f_gender"] if ref.gender == "f" else "m")


DECLINED = {
    ("table", "def"): "der alte Tisch, den alten Tisch, dem alten Tisch, des alten Tisches",
    (
        "table",
        "indef",
    ): "ein alter Tisch, einen alten Tisch, einem alten Tisch, eines alten Tisches",
    ("table", "bare"): "alter Tisch, alten Tisch, altem Tisch, alten Tisches",
    ("lamp", "def"): "die alte Lampe, die alte Lampe, der alten Lampe, der alten Lampe",
    ("lamp", "indef"): "eine alte Lampe, eine alte Lampe, einer alten Lampe, einer alten Lampe",
    ("lamp", "bare"): "alte Lampe, alte Lampe, alter Lampe, alter Lampe",
    ("book", "def"): "das alte Buch, das alte Buch, dem alten Buch, des alten Buches",
    ("book", "indef"): "ein altes Buch, ein altes Buch, einem alten Buch, eines alten Buches",
    ("book", "this"): "dieses alte Buch, dieses alte Buch, diesem alten Buch, dieses alten Buches",
    ("bear", "def"): "der alte Bär, den alten Bären, dem alten Bären, des alten Bären",
    ("name", "def"): "der alte Name, den alten Namen, dem alten Namen, des alten Namens",
}
PLURALS = {
    "def": "die alten Stühle, die alten Stühle, den alten Stühlen, der alten Stühle",
    "indef": "alte Stühle, alte Stühle, alten Stühlen, alter Stühle",
    "some": "einige alte Stühle, einige alte Stühle, einigen alten Stühlen, einiger alter Stühle",
    "this": "diese alten Stühle, diese alten Stühle, diesen alten Stühlen, dieser alten Stühle",
}


@pytest.mark.parametrize("noun, form", DECLINED)
def test_declension_by_hand(noun, form):
    found = [said(noun, case, form=form, adjectives=("old",)) for case in CASES]
    assert ", ".join(found) == DECLINED[noun, form]


@pytest.mark.parametrize("form", PLURALS)
def test_declension_of_the_plural_by_hand(form):
    chairs = [said("chair", case, form=form, number="pl", adjectives=("old",)) for case in CASES]
    assert ", ".join(chairs) == PLURALS[form]


@pytest.mark.parametrize(
    "ref, feature, verb, expected",
    [
        (Ref("stranger", gender="m"), "", "", "der Fremde"),
        (Ref("stranger", gender="m", form="indef"), "", "", "ein Fremder"),
        (Ref("stranger", gender="f", form="indef"), "dat", "", "einer Fremden"),
        (
            Ref("stranger", gender="m", form="indef", adjectives=("poor",)),
            "",
            "",
            "ein armer Fremder",
        ),
        (Ref("child", gender="f", form="indef"), "acc", "", "ein Mädchen"),
        (Ref("child", gender="m", form="indef"), "acc", "", "einen Jungen"),
        (Ref("neighbour", gender="m"), "obj", "help", "dem Nachbarn"),
        (Ref("neighbour", gender="f"), "obj", "help", "der Nachbarin"),
        (Ref("farmer", gender="m"), "obj", "wait_for", "auf den Bauern"),
        (Ref("farmer", gender="f"), "pron", "wait_for", "auf sie"),
        (Ref("farmer", gender="m"), "pron", "help", "ihm"),
        (Ref("lamp"), "pron", "find", "sie"),
        (Ref("child", gender="f"), "to_pron", "", "ihr"),
        (Ref("apple", number="pl"), "pron", "thank", "ihnen"),
        (Ref(person=2, form="pron"), "obj.neg", "help", "dir nicht"),
        (Ref("lamp", form="indef"), "obj.neg", "find", "keine Lampe"),
        (Ref("lamp"), "obj.neg", "find", "die Lampe nicht"),
        (Ref("lamp"), "obj.never", "find", "die Lampe nie"),
        (Ref("lamp", form="indef"), "obj.never", "find", "nie eine Lampe"),
        (Ref("friend", gender="m"), "obj.neg", "wait_for", "nicht auf den Freund"),
        (Ref("milk", form="indef", adjectives=("fresh",)), "acc", "", "frische Milch"),
        (Ref("milk", form="indef"), "obj.neg", "buy", "keine Milch"),
        (Ref("milk", adjectives=("cold",)), "some.dat", "", "etwas kalter Milch"),
        (Ref("bean"), "some.dat", "", "einigen Bohnen"),
        (Ref("bean"), "generic.acc", "", "Bohnen"),
        (Ref("egg", count=3), "num", "", "drei Eier"),
        (Ref("egg", count=1), "num.acc", "", "ein Ei"),
        (Ref("hat", form="poss", owner=ME), "acc", "", "meinen Hut"),
        (Ref("hat", form="poss", owner=Ref("king", gender="f")), "dat", "", "ihrem Hut"),
        (Ref("hat", form="poss", owner=Ref("king", gender="m")), "", "", "sein Hut"),
        (Ref("garden"), "at", "", "in dem Garten"),
        (Ref("market", form="indef"), "to", "", "auf einen Markt"),
        (Ref("harbour"), "to", "", "zu dem Hafen"),
        (Ref("cave"), "from", "", "aus der Höhle"),
        (Ref("bridge"), "from", "", "von der Brücke"),
        (Ref("child", gender="f"), "rel", "", "das"),
        (Ref("child", gender="m", number="pl"), "rel.obj", "follow", "denen"),
        (Ref("child", gender="m", form="indef"), "obj.neg", "wait_for", "nicht auf einen Jungen"),
        (Ref("friend", gender="m"), "rel.obj", "follow", "dem"),
        (Ref("friend", gender="f"), "rel.obj", "wait_for", "auf die"),
        (Ref(name="Anna", form="name", gender="f"), "dear", "", "liebe Anna"),
        (Ref(name="Anna", form="name", gender="f"), "subj", "", "sie"),
        (Ref("baker", gender="f", form="indef"), "bare", "", "Bäckerin"),
    ],
)
def test_phrases_by_hand(ref, feature, verb, expected):
    found = " ".join(word.text for word in german.phrase(LEX, ref, feature, verb))
    assert found == expected


@pytest.mark.parametrize("case", CASES)
def test_articles_agree_with_every_noun(case):
    for ref in everything():
        article, adjective, noun = german.phrase(
            LEX, ref._replace(adjectives=("old",)), case.replace("nom", ""), ""
        )
        gender = gender_of(ref)
        assert article.text == ARTICLES[case][GENDERS.index(gender)], noun
        plain = case == "nom" or case == "acc" and gender in "fn"
        assert adjective.text == ("alte" if plain and gender != "pl" else "alten"), noun


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("form", ["def", "indef", "bare", "this", "some", "poss"])
def test_case_is_marked_by_the_article_or_by_the_adjective(case, form):
    """The strong ending stands once: on the article if it has one, else on the adjective."""
    for ref, adjective in itertools.product(everything(), ("new", "dark", "expensive")):
        ref = ref._replace(form=form, adjectives=(adjective,), owner=ME)
        *article, quality, noun = german.phrase(LEX, ref, case.replace("nom", ""), "")
        marked = ARTICLES[case][GENDERS.index(gender_of(ref))][-1].replace("s", "es")[-1]
        genitive = case == "gen" and gender_of(ref) in "mn"
        bearers = [word.text for word in (*article, quality)]
        assert genitive or any(text.endswith(marked) for text in bearers), bearers
        if not article:
            assert quality.text.endswith("en") if genitive else quality.text.endswith(marked)


def test_endings_of_nouns():
    for ref in everything():
        nominative = german.phrase(LEX, ref, "", "")[-1].text
        dative = german.phrase(LEX, ref, "dat", "")[-1].text
        row = LEX.nouns[ref.noun]
        if ref.number == "pl":
            assert dative[-1] in "ns"
        elif row["weak"] and ref.gender != "f":
            assert dative.endswith("n") and dative != nominative or nominative == "Fremde"
        elif row["weak"] != "adj":
            assert dative == nominative


def test_adjectives_keep_their_irregular_stems():
    assert said("street", adjectives=("dark",)) == "die dunkle Straße"
    assert said("ring", form="indef", adjectives=("expensive",)) == "ein teurer Ring"
    assert said("apple", form="indef", adjectives=("sour",)) == "ein saurer Apfel"
    assert said("cousin", gender="m", form="indef", adjectives=("tired",)) == "ein müder Cousin"
    compared = [
        german.adjective(LEX, id, "comp", Ref("baker"))[0].text
        for id in "old dark expensive good patient".split()
    ]
    assert compared == "älter dunkler teurer besser geduldiger".split()


@pytest.mark.parametrize(
    "id, feature, expected",
    [
        ("make", "past", "stellte"),
        ("make", "sub.past", "herstellte"),
        ("make", "sub.pres", "herstellt"),
        ("make", "zu", "herzustellen"),
        ("make", "prefix", "her"),
        ("make", "imp", "stellen Sie"),
        ("drop", "sub.past", "fallen ließ"),
        ("drop", "zu", "fallen zu lassen"),
        ("sit_down", "prefix", "Platz"),
        ("sit_down", "sub.past", "Platz nahm"),
        ("find", "prefix", ""),
        ("find", "zu", "zu finden"),
        ("go", "aux", "ist"),
        ("go", "had", "war"),
        ("buy", "had", "hatte"),
        ("know", "past", "kannte"),
        ("know", "that", "wusste"),
        ("learn", "that.sub", "erfuhr"),
        ("see", "that", "sah"),
        ("want", "pres", "will"),
        ("break", "part", "beschädigt"),
        ("offer", "part", "angeboten"),
        ("repair", "part", "repariert"),
    ],
)
def test_verbs_by_hand(id, feature, expected):
    words = german.verb(LEX, id, feature, Ref("baker", gender="m"))
    assert " ".join(word.text for word in words) == expected


def test_verbs_agree():
    who = [Ref(person=1), Ref(person=2), Ref("baker"), Ref("baker", number="pl")]
    for feature, expected in (
        ("pres", "trage trägst trägt tragen"),
        ("past", "trug trugst trug trugen"),
    ):
        assert [german.verb(LEX, "carry", feature, ref)[0].text for ref in who] == expected.split()
    assert [
        german.verb(LEX, "be", "pres", ref)[0].text for ref in who
    ] == "bin bist ist sind".split()


def test_every_verb_has_the_shape_of_a_german_verb():
    for id, row in LEX.verbs.items():
        infinitive = row["inf"].split()[-1].removeprefix(row["prefix"])
        assert infinitive.endswith("n") and row["pres_3p"] == infinitive or id == "be"
        assert row["past_3p"][-1] == "n" and row["past_1s"] == row["past_3s"]
        assert row["pres_2s"][-1] == "t" and row["imp"].endswith(" Sie")
        assert row["part"][-1] in "nt" and row["aux"] in ("have", "be")
        if " " not in row["inf"] and row["prefix"]:
            assert row["zu"] == f"{row['prefix']}zu{infinitive}"
            assert row["part"].startswith(row["prefix"]) and row["inf"].startswith(row["prefix"])


# Where the verb stands ------------------------------------------------------------------------

ROLES = {
    "agent": Ref("captain", gender="f"),
    "patient": Ref("lamp"),
    "patient2": Ref("dog"),
    "recipient": Ref("king", gender="m"),
    "companion": Ref("cook", gender="f"),
    "owner": Ref("king", gender="f"),
    "other": Ref("smith", gender="m"),
    "place": Ref("island"),
    "tool": Ref("hammer"),
    "trade": Ref("baker", gender="f", form="indef"),
    "adj": "old",
    "manner": "slowly",
    "number": 3,
    "clause": Clause("rain", {}),
}
TO_A_PLACE = ("go", "go_with", "want_go", "must_go", "future_go")
ALONE = ("do", "do_how", "do_at", "do_not", "begin", "cannot_do")


def filled(construction):
    """Return a clause with separable verbs wherever the construction leaves a choice."""
    verbs = {"verb": "make", "verb2": "choose"}
    if construction in TO_A_PLACE:
        verbs = {"verb": "return"}
    elif construction in ALONE:
        verbs = {"verb": "get_up"}
    elif construction in ("without", "after_act", "purpose"):
        verbs = {"verb": "make", "verb2": "return"}
    elif construction == "know_that":
        verbs = {"verb": "know"}
    elif construction in ("give", "give_pron"):
        verbs = {"verb": "offer"}
    me = {"agent": ME} if construction.startswith(("i_", "future")) else {}
    return Clause(construction, ROLES | verbs | me)


def words(construction, form):
    """Return the words of a clause in a form, its commas among them."""
    frame = {"main": "period", "sub": "because", "inv": "fronted"}[form]
    if form == "main":
        clause = Clause(frame, {"clause": filled(construction)})
    elif form == "sub":
        clause = Clause(frame, {"first": Clause("rain", {}), "second": filled(construction)})
    else:
        clause = Clause(frame, {"time": "then", "clause": filled(construction)})
    skipped = {"main": 0, "sub": 4, "inv": 1}[form]
    pieces = sentence(clause, "de", First())[skipped:-1]
    return [piece.word for piece in pieces]


FINITE = {"vergingen"} | {
    prefix + row[column]
    for row in LEX.verbs.values()
    for column in ("pres_1s", "pres_3s", "past_3s")
    for prefix in ("", row["prefix"])
}


def is_finite(word):
    return word.pos in ("verb", "aux") and word.text in FINITE


CLAUSES = sorted({id for id, form in LEX.constructions if form == "sub"})
RELATIVE = ("rel_subject", "rel_object")


def test_every_construction_that_is_told_has_its_three_rows():
    forms = {(id, form) for id, form in LEX.constructions}
    assert all((id, form) in forms for id in CLAUSES for form in ("main", "inv"))
    joints = set("period fronted fronted_place and but because when while although so if".split())
    joints |= {"say", "ask", "shout"}
    order = list(lexicon("en").constructions)
    told = {id for id, _ in order[: order.index(("q_where", "main"))]} - joints
    told |= set("future future_go i_want i_must i_cannot i_have i_like i_am".split())
    assert told == set(CLAUSES)


@pytest.mark.parametrize("construction", CLAUSES)
def test_the_verb_comes_first_after_a_fronted_element(construction):
    inverted = words(construction, "inv")
    assert is_finite(inverted[0]), inverted
    if construction not in RELATIVE:
        clause = itertools.takewhile(lambda word: word.text != ",", inverted)
        assert sum(map(is_finite, clause)) == (2 if construction == "act_twice" else 1)


@pytest.mark.parametrize("construction", CLAUSES)
def test_the_verb_comes_last_in_a_subordinate_clause(construction):
    """Before a further clause or a comparison; its prefix is joined to it."""
    subordinate = words(construction, "sub")
    texts = [word.text for word in subordinate]
    cut = len(texts)
    if construction not in RELATIVE:
        ends = [texts.index(mark) for mark in (",", "als", "wie") if mark in texts]
        cut = min([cut, *ends])
    assert is_finite(subordinate[cut - 1]), texts
    assert not {"her", "zurück", "an"} & {*texts[:cut]}, texts


@pytest.mark.parametrize("construction", CLAUSES)
def test_the_verb_comes_second_in_a_main_clause(construction):
    """What precedes the verb follows it once something else is fronted."""
    plain, inverted = (
        [word.text for word in words(construction, form)] for form in ("main", "inv")
    )
    if construction == "after_act":  # its own clause fills the first place
        assert plain[:6] == "nachdem sie die Lampe hergestellt hatte".split()
        assert plain[6:8] == [",", "kehrte"]
        return
    assert sorted(plain) == sorted(inverted)
    second = plain.index(inverted[0])
    assert second > 0
    rest = plain[:second] + plain[second + 1 :]
    if construction not in ("exist", "future", "future_go"):  # a place or morgen comes first
        assert inverted[1:] == rest


def test_prefixes_close_main_clauses():
    for construction, prefix in (
        ("act", "her"),
        ("act_how", "her"),
        ("go", "zurück"),
        ("do", "auf"),
    ):
        assert words(construction, "main")[-1].text == prefix
        assert words(construction, "inv")[-1].text == prefix


# Numbers --------------------------------------------------------------------------------------

NUMBERS = {
    0: "null",
    1: "eins",
    12: "zwölf",
    16: "sechzehn",
    17: "siebzehn",
    20: "zwanzig",
    21: "einundzwanzig",
    30: "dreißig",
    66: "sechsundsechzig",
    71: "einundsiebzig",
    77: "siebenundsiebzig",
    81: "einundachtzig",
    100: "hundert",
    101: "hunderteins",
    116: "hundertsechzehn",
    221: "zweihunderteinundzwanzig",
    1000: "tausend",
    1001: "tausendeins",
    1100: "tausendeinhundert",
    1712: "tausendsiebenhundertzwölf",
    9999: "neuntausendneunhundertneunundneunzig",
}


@pytest.mark.parametrize("n", NUMBERS)
def test_numbers_by_hand(n):
    assert german.number(n) == NUMBERS[n]


def value(words):
    """Read a number in words: the other way round, and independent of how it was written."""
    for name, size in (("tausend", 1000), ("hundert", 100)):
        head, found, rest = words.partition(name)
        if found:
            return (value(head) if head else 1) * size + (value(rest) if rest else 0)
    ones = "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf".split()
    if words in ones:
        return ones.index(words)
    if words == "eins":
        return 1
    stems = "drei vier fünf sech sieb acht neun".split()
    if words.endswith("zehn"):
        return 13 + stems.index(words.removesuffix("zehn"))
    head, _, tens = words.rpartition("und")
    size = ["zwan", *stems].index(re.sub("(z|ß)ig$", "", tens)) + 2
    return 10 * size + (value(head) if head else 0)


def test_numbers_read_back():
    assert all(value(german.number(n)) == n for n in range(10_000))


def test_years_dates_hours_and_months():
    years = (940, 1000, 1066, 1100, 1265, 1712, 1905, 2000, 2024)
    assert [german.year(n) for n in years] == (
        "neunhundertvierzig tausend tausendsechsundsechzig elfhundert zwölfhundertfünfundsechzig"
        " siebzehnhundertzwölf neunzehnhundertfünf zweitausend zweitausendvierundzwanzig"
    ).split()
    days = {1: "ersten", 3: "dritten", 7: "siebten", 8: "achten", 12: "zwölften", 16: "sechzehnten"}
    days |= {20: "zwanzigsten", 21: "einundzwanzigsten", 31: "einunddreißigsten"}
    assert all(german.date(day, 5) == f"{name} Mai" for day, name in days.items())
    assert german.hour(1) == "ein Uhr" and german.hour(12) == "zwölf Uhr"
    assert len(german.MONTHS) == 12 and german.MONTHS[2] == "März"


# Sentences ------------------------------------------------------------------------------------

BAKER, BOY, GIRL = Ref("baker", gender="f"), Ref("child", gender="m"), Ref("child", gender="f")
SENTENCES = [
    (
        "act",
        {"agent": BAKER, "verb": "make", "patient": Ref("ring")},
        "Die Bäckerin stellte den Ring her",
    ),
    ("act", {"agent": BOY, "verb": "help", "patient": GIRL}, "Der Junge half dem Mädchen"),
    (
        "act_not",
        {"agent": BOY, "verb": "wait_for", "patient": GIRL},
        "Der Junge wartete nicht auf das Mädchen",
    ),
    (
        "act_not",
        {"agent": BOY, "verb": "buy", "patient": Ref("hat", form="indef", adjectives=("green",))},
        "Der Junge kaufte keinen grünen Hut",
    ),
    (
        "act_pron",
        {"agent": BAKER, "verb": "choose", "patient": Ref("lamp")},
        "Die Bäckerin wählte sie aus",
    ),
    (
        "act_pron_not",
        {"agent": BOY, "verb": "follow", "patient": GIRL},
        "Der Junge folgte ihr nicht",
    ),
    (
        "act_never",
        {"agent": BOY, "verb": "find", "patient": Ref("key")},
        "Der Junge fand den Schlüssel nie",
    ),
    (
        "go",
        {"agent": BOY, "verb": "return", "place": Ref("village")},
        "Der Junge kehrte in das Dorf zurück",
    ),
    ("go", {"agent": BOY, "verb": "run", "place": Ref("church")}, "Der Junge rannte zur Kirche"),
    ("come_from", {"agent": Ref("bear"), "place": Ref("forest")}, "Der Bär kam aus dem Wald"),
    ("do_not", {"agent": BOY, "verb": "stop"}, "Der Junge blieb nicht stehen"),
    (
        "give",
        {"agent": BAKER, "verb": "offer", "patient": Ref("ham", form="some"), "recipient": BOY},
        "Die Bäckerin bot dem Jungen etwas Schinken an",
    ),
    (
        "decide",
        {"agent": BOY, "verb": "throw", "patient": Ref("shoe")},
        "Der Junge beschloss, den Schuh zu werfen",
    ),
    (
        "try",
        {"agent": BOY, "verb": "lift", "patient": Ref("box")},
        "Der Junge versuchte, die Kiste hochzuheben",
    ),
    (
        "passive",
        {"agent": BAKER, "verb": "steal", "patient": Ref("crown")},
        "Die Krone wurde von der Bäckerin gestohlen",
    ),
    (
        "taller",
        {"agent": BOY, "adj": "tall", "other": BAKER},
        "Der Junge war größer als die Bäckerin",
    ),
    ("be_a", {"agent": BOY, "trade": Ref("cook", gender="m", form="indef")}, "Der Junge war Koch"),
    (
        "rel_subject",
        {
            "agent": GIRL,
            "verb": "lose",
            "patient": Ref("coat"),
            "verb2": "see",
            "patient2": Ref("hare"),
        },
        "Das Mädchen, das den Mantel verlor, sah den Hasen",
    ),
    (
        "rel_object",
        {"agent": BOY, "verb": "hide", "patient": Ref("ring"), "adj": "old"},
        "Der Ring, den der Junge versteckte, war alt",
    ),
    (
        "after_act",
        {
            "agent": BAKER,
            "verb": "follow",
            "patient": Ref("bear"),
            "verb2": "return",
            "place": Ref("inn"),
        },
        "Nachdem sie dem Bären gefolgt war, kehrte die Bäckerin in das Gasthaus zurück",
    ),
    (
        "know_that",
        {
            "agent": BOY,
            "verb": "know",
            "clause": Clause("act", {"agent": BAKER, "verb": "wake", "patient": Ref("dog")}),
        },
        "Der Junge wusste, dass die Bäckerin den Hund weckte",
    ),
    (
        "i_cannot",
        {"agent": ME, "verb": "help", "patient": Ref(person=2, form="pron")},
        "Ich kann dir nicht helfen",
    ),
    (
        "i_went",
        {"agent": ME, "time": "one_day", "verb": "go", "place": Ref("well")},
        "Eines Tages bin ich zum Brunnen gegangen.",
    ),
    ("r_act", {"verb": "stir", "food": Ref("cream")}, "Rühren Sie die Sahne um."),
    ("dear", {"person": Ref(name="Ivo Arre", form="name", gender="m")}, "Lieber Ivo Arre!"),
    ("here_is", {"patient": Ref("shoe", number="pl")}, "Hier sind die Schuhe."),
]


@pytest.mark.parametrize("construction, roles, expected", SENTENCES)
def test_sentences_by_hand(construction, roles, expected):
    assert text(Clause(construction, roles)).replace("ins ", "in das ") == expected


def test_quotations_and_commas_by_hand():
    sea = Clause(
        "i_want", {"agent": ME, "verb": "see", "patient": Ref("whale", form="indef")}, "pres"
    )
    roles = {"speech": sea, "agent": BOY, "verb": "add"}
    assert text(Clause("say", roles)) == "„Ich will einen Wal sehen“, fügte der Junge hinzu."
    assert text(Clause("say", roles), 1) == "Der Junge fügte hinzu: „Ich möchte einen Wal sehen.“"
    asked = Clause("q_where", {"patient": Ref("whale")}, "pres")
    roles = {"question": asked, "agent": GIRL, "verb": "ask"}
    assert text(Clause("ask", roles)) == "„Wo ist der Wal?“, fragte das Mädchen."
    woke = Clause("do", {"agent": GIRL, "verb": "wake_up"})
    roles = {
        "first": woke,
        "second": Clause("go", {"agent": BOY, "verb": "flee", "place": Ref("hill")}),
    }
    assert text(Clause("when", roles)) == "Als das Mädchen aufwachte, floh der Junge auf den Hügel."


PRESENT = [
    ("be", {"agent": Ref("doctor", gender="m"), "adj": "hungry"}, "Der Arzt ist hungrig"),
    ("be_very", {"agent": BAKER, "adj": "old"}, "Die Bäckerin ist sehr alt"),
    ("be_not", {"agent": BOY, "adj": "sad"}, "Der Junge ist nicht traurig"),
    ("be_at", {"agent": BOY, "place": Ref("garden")}, "Der Junge ist im Garten"),
    ("be_a", {"agent": BAKER, "trade": BAKER._replace(form="indef")}, "Die Bäckerin ist Bäckerin"),
    ("live_at", {"agent": BOY, "place": Ref("street")}, "Der Junge wohnt in der Straße"),
    ("have", {"agent": BOY, "patient": Ref("hat")}, "Der Junge hat den Hut"),
    ("exist", {"patient": Ref("bear"), "place": Ref("forest")}, "Im Wald ist der Bär"),
    ("belong", {"patient": Ref("hat"), "owner": GIRL}, "Der Hut gehört dem Mädchen"),
    ("taller", {"agent": BOY, "adj": "old", "other": GIRL}, "Der Junge ist älter als das Mädchen"),
    ("as_as", {"agent": BOY, "adj": "old", "other": GIRL}, "Der Junge ist so alt wie das Mädchen"),
]


@pytest.mark.parametrize("construction, roles, expected", PRESENT)
def test_states_follow_the_tense_of_their_clause(construction, roles, expected):
    """In each paraphrase of each form: no past where the clause is of the present."""
    assert text(Clause(construction, roles, "pres")) == expected
    past = {row[f"past_{who}"] for row in LEX.verbs.values() for who in ("3s", "3p")}
    for form, frame in (("main", "yes"), ("sub", "know_that"), ("inv", "fronted")):
        clause = Clause(construction, roles, "pres")
        outer = {"agent": GIRL, "verb": "see", "time": "then", "clause": clause}
        for number in range(len(LEX.constructions[construction, form])):
            pieces = sentence(Clause(frame, outer, "pres"), "de", Numbered(number))
            told = {piece.word.text for piece in pieces if piece.construction == construction}
            assert not told & past, (form, told)


def test_nothing_opens_or_asks_in_the_same_way_every_time():
    titles = [text(Clause("a_title", {"month": 5}), number) for number in range(4)]
    assert len({tuple(title.split()[:3]) for title in titles}) == 4
    often = [id for id, _ in LEX.constructions if re.match("(f|q|short|a)_", id)]
    single = {id for id in often if len(LEX.constructions[id, "main"]) < 2}
    assert single == {"q_who", "q_act", "q_go", "q_what"}


def test_a_relative_is_not_contracted():
    """Only articles fuse with a preposition: in welchem, never im, opens a clause."""
    roles = {"month": 5, "agent": BOY, "verb": "feed", "patient": Ref("hare")}
    found = {text(Clause("a_work", roles, "pres"), number) for number in range(3)}
    assert "Der Mai ist der Monat, in welchem der Junge den Hasen füttert." in found


# Tables ---------------------------------------------------------------------------------------


def roles_of(template):
    return {part.role for part in template if isinstance(part, Slot) and not part.fixed}


def test_every_row_has_the_roles_of_its_english_row():
    english = lexicon("en").constructions
    assert {id for id, _ in english} == {id for id, _ in LEX.constructions}
    for (id, form), templates in LEX.constructions.items():
        for template in templates:
            assert roles_of(template) == roles_of(english[id, "main"][0]), (id, form)


def test_every_concept_has_a_row_and_no_form_is_empty():
    tables = {"noun": LEX.nouns, "verb": LEX.verbs, "adj": LEX.adjectives, "adv": LEX.adverbs}
    assert all(id in tables[kind] for kind, id in LEX.classes)
    optional = set("prefix obj clause".split())
    for row in (*LEX.verbs.values(), *LEX.adjectives.values()):
        assert all(text for column, text in row.items() if column not in optional), row
    for row in LEX.nouns.values():
        needed = ("m_sg", "m_pl", "m_gen", "f_sg", "f_pl") if row["m_sg"] else ("sg", "pl", "gen")
        assert all(row[column] for column in needed), row
    for (kind, id), group in LEX.classes.items():
        if kind == "noun" and "place" in group:
            assert all("+" in LEX.nouns[id][column] for column in ("at", "to", "from"))


def test_different_concepts_have_different_words():
    for column in ("sg", "m_sg"):
        found = [row[column] for row in LEX.nouns.values() if row[column]]
        assert len(found) == len(set(found))
    found = [row["base"] for row in LEX.adjectives.values()]
    assert len(found) == len(set(found))
    # Only auf tells waiting for somebody from waiting.
    found = [(row["inf"], row["obj"]) for row in LEX.verbs.values()]
    assert len(found) == len(set(found))


def test_the_vocabulary_is_large():
    found = {word.text for ref in everything() for word in german.phrase(LEX, ref, "dat", "")}
    found |= {german.phrase(LEX, ref, "", "")[-1].text for ref in everything()}
    skipped = {"id", "obj", "clause", "aux", "passive"}
    for row in (*LEX.verbs.values(), *LEX.adjectives.values()):
        found |= {word for key in row.keys() - skipped for word in row[key].split()}
    assert len(found) >= 1500
