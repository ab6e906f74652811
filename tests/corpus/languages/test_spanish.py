"""Spanish: agreement, el before a stressed a, the personal a, clitics, ser and estar, numbers."""

import itertools

import pytest

from moe_lesson.corpus.languages import spanish
from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.lexicon import Slot, Word, lexicon
from moe_lesson.corpus.languages.realise import print_document, sentence
from moe_lesson.corpus.stories.chance import Chance

LEX, ENGLISH = lexicon("es"), lexicon("en")
NOUNS = {noun: group for (kind, noun), group in LEX.classes.items() if kind == "noun"}
PERSONS = [noun for noun, group in NOUNS.items() if group == "person"]
OTHERS = [noun for noun in LEX.nouns if noun not in PERSONS]
STRESSED_A = {"anchor", "harp", "axe", "seaweed"}
ARTICLE = {
    "def": {"m": ("el", "los"), "f": ("la", "las")},
    "indef": {"m": ("un", "unos"), "f": ("una", "unas")},
    "this": {"m": ("este", "estos"), "f": ("esta", "estas")},
}
HER = Ref("baker", gender="f")
HIM = Ref("miller", gender="m")
ANA = Ref(name="Ana", form="name", gender="f")
ME = Ref(person=1, gender="f", form="pron")


def said(construction, tense="past", **roles):
    """Write one sentence, always with the first of the paraphrases."""

    class First:
        def pick(self, options):
            return options[0]

    clause = Clause(construction, roles, tense)
    pieces = sentence(clause, "es", First())
    return print_document([[pieces]], "es", {}, 0.0).text.rstrip("\n")


def texts(words):
    return [word.text for word in words]


def refs():
    """Every noun in singular and plural, persons in both genders."""
    for noun, gender, number in itertools.product(PERSONS, "mf", ("sg", "pl")):
        yield Ref(noun, gender=gender, number=number), gender
    for noun, number in itertools.product(OTHERS, ("sg", "pl")):
        yield Ref(noun, number=number), LEX.nouns[noun]["gender"]


@pytest.mark.parametrize("form", ARTICLE)
def test_articles_agree(form):
    for ref, gender in refs():
        many = ref.number == "pl"
        expected = ARTICLE[form][gender][many]
        if ref.noun in STRESSED_A and not many and form != "this":
            expected = {"def": "el", "indef": "un"}[form]
        words = texts(spanish.phrase(LEX, ref._replace(form=form), "", ""))
        assert words[0] == expected, words


def test_adjectives_agree_and_stand_where_they_belong():
    for (ref, gender), (id, row) in itertools.product(refs(), LEX.adjectives.items()):
        words = spanish.phrase(LEX, ref._replace(adjectives=(id,)), "", "")
        found = [word.text for word in words if word.concept == f"{id}.a"]
        form = row[f"{gender}_{ref.number}"]
        if row["short"] and gender == "m" and ref.number == "sg":
            form = row["short"]
        assert found == [form]
        order = [word.pos for word in words]
        assert order.index("adj") - order.index("noun") == (-1 if row["place"] == "before" else 1)


def test_only_the_touching_article_becomes_el():
    harp = Ref("harp", adjectives=("broken",))
    assert texts(spanish.phrase(LEX, harp, "", "")) == ["el", "arpa", "rota"]
    assert texts(spanish.phrase(LEX, harp._replace(adjectives=("old",)), "", "")) == [
        *("la", "vieja", "arpa")
    ]
    assert texts(spanish.phrase(LEX, harp._replace(number="pl", adjectives=()), "", "")) == [
        *("las", "arpas")
    ]
    marked = {noun for noun, row in LEX.nouns.items() if row["el"] == "1"}
    assert marked == STRESSED_A
    for noun in marked:
        assert LEX.nouns[noun]["gender"] == "f" and LEX.nouns[noun]["sg"].startswith(("a", "ha"))


def test_several_adjectives_share_the_noun():
    ref = Ref("key", form="indef", adjectives=("old", "rusty", "important"))
    words = texts(spanish.phrase(LEX, ref, "", ""))
    assert words == ["una", "vieja", "llave", "oxidada", "y", "importante"]
    assert spanish.merge("y", "importante") == ("e", "importante")


@pytest.mark.parametrize("name", ["nouns", "verbs", "adjectives"])
def test_no_form_is_missing(name):
    empty = {
        "mass",
        "el",
        "at",
        "to",
        "short",
        "refl",
        "obj",
        "tail",
        "clause",
        "stative",
        "animal",
    }
    for id, row in getattr(LEX, name).items():
        if name == "nouns":
            persons = ("m_sg", "m_pl", "f_sg", "f_pl")
            needed = persons if id in PERSONS else ("sg", "pl", "gender")
        else:
            needed = set(row) - empty
        assert all(row[column].strip() for column in needed), id
    assert all(LEX.adverbs.values())


def test_the_tables_hold_every_concept():
    for name in ("nouns", "verbs", "adjectives", "adverbs"):
        assert set(getattr(ENGLISH, name)) - set(getattr(LEX, name)) <= {"do"}
    food = {noun for noun, group in NOUNS.items() if group == "food"}
    assert all(LEX.nouns[noun]["mass"] in ("0", "1") for noun in food)
    assert not any(LEX.nouns[noun]["mass"] for noun in set(LEX.nouns) - food)


def test_two_nouns_never_share_a_form():
    seen = {}
    for ref, _ in refs():
        text = " ".join(texts(spanish.phrase(LEX, ref._replace(form="bare"), "", "")))
        assert seen.setdefault(text, ref.noun) == ref.noun


def test_the_vocabulary_is_large():
    forms = set(LEX.words) | set(LEX.adverbs.values())
    for rows in (LEX.nouns, LEX.verbs, LEX.adjectives):
        forms |= {text for row in rows.values() for text in row.values() if len(text) > 2}
    assert len(forms) >= 1500


def roles(templates):
    slots = {part for template in templates for part in template if type(part) is Slot}
    return {slot.role for slot in slots if not slot.fixed}


def test_constructions_are_those_of_english():
    english = {id for id, form in ENGLISH.constructions if form == "main"}
    assert {id for id, form in LEX.constructions if form == "main"} == english
    for id in english:
        ours, theirs = LEX.constructions[id, "main"], ENGLISH.constructions[id, "main"]
        assert roles(ours) == roles(theirs), id


def test_every_slot_of_every_template_can_be_written():
    fillers = {"number": 21, "number2": 2, "hour": 6, "hour2": 8, "month": 5, "month2": 6}
    fillers |= {"year": 1712, "date": (3, 5), "time": "one_day", "manner": "slowly", "adj": "old"}
    fillers |= {"place": Ref("mill"), "tool": Ref("axe"), "food": Ref("egg", count=3)}
    fillers |= {"trade": HIM, "thing": Ref("bell"), "food2": Ref("salt"), "animal": Ref("swan")}
    fillers |= dict.fromkeys(("person", "person2", "companion", "recipient", "owner", "other"), ANA)
    fillers |= dict.fromkeys(("town", "town2", "river", "dish", "name"), "Isk")
    fillers |= {"agent": HER, "patient": HIM, "patient2": Ref("dog"), "verb": "see", "verb2": "go"}
    fillers |= dict.fromkeys(
        ("clause", "first", "second", "speech", "question"), Clause("rain", {})
    )
    for id, _ in LEX.constructions:
        for seed in range(4):
            pieces = sentence(Clause(id, fillers), "es", Chance(seed))
            for word in (piece.word for piece in pieces if piece != "^"):
                known = word.concept or word.pos in ("propn", "num", "punct")
                assert known or word.text in LEX.words, word
            text = print_document([[pieces]], "es", {}, 0.0).text
            assert "{" not in text and "  " not in text and " ." not in text, text


def test_question_and_exclamation_marks_come_in_pairs():
    for (id, _), templates in LEX.constructions.items():
        for template in templates:
            signs = [part.text for part in template if type(part) is Word]
            for left, right in ("¿?", "¡!", "«»"):
                assert signs.count(left) == signs.count(right), id


def test_contractions_and_the_y_that_becomes_e():
    assert spanish.merge("a", "el") == ("al", "") and spanish.merge("de", "el") == ("del", "")
    for left, right in (("a", "la"), ("de", "él"), ("a", "El"), ("con", "el"), ("y", "hielo")):
        assert spanish.merge(left, right) is None
    for right in ("isla", "iglesia", "historia", "Isk", "hijo"):
        assert spanish.merge("y", right) == ("e", right)
    for ref, _ in refs():
        text = said("period", clause=Clause("belong", {"patient": Ref("key"), "owner": ref}))
        assert " a el " not in text and " de el " not in text


@pytest.mark.parametrize(
    "object, verb, expected",
    [
        (HIM, "see", "al molinero"),
        (HIM._replace(form="indef"), "see", "a un molinero"),
        (ANA, "see", "a Ana"),
        (Ref("key"), "see", "la llave"),
        (Ref("dog"), "feed", "al perro"),
        (Ref("dog", form="indef"), "feed", "un perro"),
        (Ref("dog", form="indef"), "follow", "a un perro"),
        (Ref("dog", form="bare", number="pl"), "follow", "perros"),
        (Ref("rope"), "pull", "de la cuerda"),
        (Ref("river"), "leave", "del río"),
        (HIM, "meet", "con el molinero"),
        (HIM, "thank", "al molinero"),
    ],
)
def test_objects_take_their_preposition(object, verb, expected):
    text = said("period", clause=Clause("act", dict(agent=HER, verb=verb, patient=object)))
    assert text.endswith(f" {expected}.")


@pytest.mark.parametrize(
    "object, verb, expected",
    [
        (HIM, "see", "La panadera lo vio."),
        (HER._replace(number="pl"), "see", "La panadera las vio."),
        (HIM, "thank", "La panadera le dio las gracias."),
        (Ref("rope"), "pull", "La panadera tiró de ella."),
        (Ref("island"), "leave", "La panadera salió de allí."),
        (HIM, "meet", "La panadera se encontró con él."),
    ],
)
def test_pronouns_stand_before_the_verb_or_after_a_preposition(object, verb, expected):
    act = Clause("act_pron", dict(agent=HER, verb=verb, patient=object))
    assert said("period", clause=act) == expected


SENTENCES = [
    ("act", dict(agent=HER._replace(form="pron"), verb="break", patient=Ref("axe")),
     "Rompió el hacha."),
    ("act_both", dict(agent=HER, verb="see", patient=HIM, patient2=Ref("dog")),
     "La panadera vio al molinero y al perro."),
    ("act_not", dict(agent=HER, verb="meet", patient=HIM),
     "La panadera no se encontró con el molinero."),
    ("act_never", dict(agent=HER, verb="fear", patient=HIM),
     "La panadera nunca temía al molinero."),
    ("give_pron", dict(agent=HER, verb="lend", patient=Ref("saw"), recipient=HIM),
     "La panadera le prestó la sierra."),
    ("go", dict(agent=HIM, verb="ride", place=Ref("mill")),
     "El molinero cabalgó hasta el molino."),
    ("come_from", dict(agent=HER, place=Ref("forest")), "La panadera vino del bosque."),
    ("be", dict(agent=HER, adj="tired"), "La panadera estaba cansada."),
    ("be", dict(agent=HER, adj="tall"), "La panadera era alta."),
    ("be_a", dict(agent=HER, trade=Ref("thief", gender="f")), "La panadera era ladrona."),
    ("be_at", dict(agent=HER, place=Ref("river")), "La panadera estaba junto al río."),
    ("passive", dict(agent=HIM, verb="break", patient=Ref("axe")),
     "El hacha fue rota por el molinero."),
    ("taller", dict(agent=HER, adj="angry", other=HIM),
     "La panadera estaba más enfadada que el molinero."),
    ("know_that", dict(agent=HER, verb="know", clause=Clause("do", dict(agent=HIM, verb="sleep"))),
     "La panadera sabía que el molinero durmió."),
    ("rel_object", dict(agent=HER, patient=Ref("cave"), verb="leave", adj="dark"),
     "La cueva de la que la panadera salió era oscura."),
    ("have", dict(agent=HER, patient=HIM), "La panadera tenía al molinero."),
    ("without", dict(agent=HER, verb="find", verb2="hurry", patient=Ref("saw"), place=Ref("well")),
     "La panadera se apresuró hacia el pozo sin encontrar la sierra."),
    ("begin", dict(agent=HER, verb="fall_asleep"), "La panadera empezó a dormirse."),
    ("days_passed", dict(number=21), "Pasaron veintiún días."),
    ("i_am", dict(agent=ME, adj="hungry"), "Estoy hambrienta."),
    ("i_want", dict(agent=ME, verb="meet", patient=HIM), "Quiero encontrarme con el molinero."),
    ("i_cannot", dict(agent=ME, verb="help", patient=Ref(person=2, form="pron")),
     "No te puedo ayudar."),
    ("future_go", dict(agent=ME, verb="come", place=Ref("mill")),
     "Mañana vendré al molino."),
]  # fmt: skip


@pytest.mark.parametrize("construction, roles, expected", SENTENCES)
def test_sentences_worked_by_hand(construction, roles, expected):
    assert said("period", clause=Clause(construction, roles)) == expected


STATES = [
    ("be", dict(agent=HIM, adj="tired"), "El molinero está cansado."),
    ("be_very", dict(agent=HER, adj="tall"), "La panadera es muy alta."),
    ("be_not", dict(agent=HIM, adj="angry"), "El molinero no está enfadado."),
    ("be_at", dict(agent=HER, place=Ref("river")), "La panadera está junto al río."),
    ("be_a", dict(agent=HER, trade=Ref("thief", gender="f")), "La panadera es ladrona."),
    ("live_at", dict(agent=HIM, place=Ref("mill")), "El molinero vive en el molino."),
    ("have", dict(agent=HIM, patient=Ref("saw")), "El molinero tiene la sierra."),
    ("exist", dict(place=Ref("mill"), patient=Ref("dog", form="indef")),
     "En el molino hay un perro."),
    ("belong", dict(patient=Ref("axe"), owner=HIM), "El hacha pertenece al molinero."),
    ("taller", dict(agent=HER, adj="angry", other=HIM),
     "La panadera está más enfadada que el molinero."),
    ("as_as", dict(agent=HIM, adj="old", other=HER),
     "El molinero es tan viejo como la panadera."),
]  # fmt: skip


@pytest.mark.parametrize("construction, roles, expected", STATES)
def test_states_follow_the_tense_of_their_clause(construction, roles, expected):
    assert said("period", clause=Clause(construction, roles, "pres")) == expected


def test_what_there_was_is_told_in_the_imperfect():
    roles = dict(place=Ref("mill"), patient=Ref("dog", form="indef"))
    assert said("period", clause=Clause("exist", roles)) == "En el molino había un perro."


def test_an_almanac_opens_in_four_ways_or_more():
    titles = LEX.constructions["a_title", "main"]
    openings = {tuple(getattr(part, "text", part) for part in title[:3]) for title in titles}
    assert len(openings) == len(titles) >= 4


WHOLE = [
    ("i_did", dict(agent=ME, verb="look_for", patient=HIM, time="one_day"),
     "Un día, busqué al molinero."),
    ("dear", dict(person=ANA), "Querida Ana:"),
    ("costs", dict(patient=Ref("harp"), number=221),
     "El arpa cuesta doscientas veintiuna monedas."),
    ("r_until", dict(food=Ref("bean", number="bulk"), adj="tender"),
     "Espere hasta que las alubias estén tiernas."),
    ("r_some", dict(food=Ref("salt", number="bulk")), "Un poco de sal"),
    ("f_dish", dict(person=ANA, food=Ref("apple", number="bulk")),
     "A Ana le gustan mucho las manzanas."),
    ("f_product", dict(town="Isk", thing=Ref("flour", number="bulk")),
     "Isk es conocida por su harina."),
    ("a_sun", dict(hour=1, hour2=8), "El sol sale a la una y se pone a las ocho."),
    ("a_advice", dict(verb="hunt", patient=Ref("wolf"), month=5), "No cace lobos en mayo."),
]  # fmt: skip


@pytest.mark.parametrize("construction, roles, expected", WHOLE)
def test_whole_sentences_worked_by_hand(construction, roles, expected):
    assert said(construction, "pres", **roles) == expected


def test_speech_is_printed_with_dashes():
    question = Clause("q_who", dict(verb="see", patient=ANA), "pres")
    text = said("ask", question=question, verb="ask", agent=HER)
    assert text == "—¿Quién ve a Ana? —preguntó la panadera."
    text = said("shout", speech=Clause("rain", {}), verb="shout", agent=HIM)
    assert text == "—¡Llovía! —gritó el molinero."


NUMBERS = {
    0: "cero", 1: "uno", 16: "dieciséis", 21: "veintiuno", 22: "veintidós", 30: "treinta",
    31: "treinta y uno", 71: "setenta y uno", 81: "ochenta y uno", 99: "noventa y nueve",
    100: "cien", 101: "ciento uno", 116: "ciento dieciséis", 200: "doscientos",
    500: "quinientos", 555: "quinientos cincuenta y cinco", 700: "setecientos",
    900: "novecientos", 1000: "mil", 1001: "mil uno", 1100: "mil cien", 1101: "mil ciento uno",
    1712: "mil setecientos doce", 2000: "dos mil", 5021: "cinco mil veintiuno",
    9999: "nueve mil novecientos noventa y nueve",
}  # fmt: skip


def test_numbers_worked_by_hand():
    for n, text in NUMBERS.items():
        assert spanish.number(n) == text
    assert spanish.number(21, "m") == "veintiún" and spanish.number(101, "m") == "ciento un"
    assert spanish.number(1, "f") == "una" and spanish.number(31, "f") == "treinta y una"
    assert spanish.number(521, "f") == "quinientas veintiuna"
    assert spanish.number(2200, "f") == "dos mil doscientas"
    assert spanish.year(1712) == "mil setecientos doce"
    assert spanish.hour(1) == "la una" and spanish.hour(12) == "las doce"


def test_numbers_are_all_different():
    assert len({spanish.number(n) for n in range(10_000)}) == 10_000


def test_verbs_have_the_endings_of_their_person():
    for id, row in LEX.verbs.items():
        assert row["pres_3p"].endswith("n") and row["past_3p"].endswith("ron"), id
        assert row["impf_1s"] == row["impf_3s"] and row["impf_3p"] == row["impf_3s"] + "n", id
        assert row["fut"].endswith("ré") and row["ger"].endswith("ndo"), id
        assert row["part"].endswith("o") and row["pres_2s"].endswith("s"), id
        assert row["inf"].endswith(("ar", "er", "ir", "ír")), id


def test_participles_agree_in_the_passive_only():
    box = Ref("box", number="pl")
    assert texts(spanish.verb(LEX, "break", "part", box)) == ["rotas"]
    assert texts(spanish.verb(LEX, "break", "perfect", ME)) == ["he", "roto"]
    assert texts(spanish.verb(LEX, "get_up", "perfect", HER)) == ["se", "ha", "levantado"]
