"""Dialogues: people who speak of themselves, and of what the world knows."""

from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.vocabulary import TOPICS, nouns, words
from moe_lesson.corpus.stories.teller import Teller
from moe_lesson.corpus.stories.world import world

PRESENT = "pres"
WISHES = ("i_have", "i_want", "i_cannot", "i_like")
# How often people, towns and dishes are those of the document's topic.
OWN_TOPIC = 0.6
FOODS = {noun for topic in TOPICS for noun in nouns("food", topic)}
# Question about a person -> its short answer and its full one, and the roles that are facts.
ABOUT_PERSON = {
    "q_lives": ("short_in", "f_lives", "town"),
    "q_trade": ("short_trade", "f_trade", "trade"),
    "q_born_town": ("short_in", "f_born_town", "town"),
    "q_born_year": ("short_year", "f_born_year", "year"),
    "q_birthday": ("short_date", "f_birthday", "date"),
    "q_dish": ("short_food", "f_dish", "food"),
    "q_teacher": ("short_person", "f_teacher", "person2"),
    "q_animal": ("short_name", "f_animal", "name"),
}
ABOUT_TOWN = {
    "q_river": ("short_river", "f_river", "river"),
    "q_founded": ("short_year", "f_founded", "year"),
    "q_product": ("short_thing", "f_product", "thing"),
    "q_market": ("short_month", "f_market", "month"),
    "q_mayor": ("short_person", "f_mayor", "person"),
}


def popular(chance, options, topic):
    """Choose a person, town or dish, mostly of a topic; some far more often than others.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> popular(Chance(0), world().towns, "sea") in world().towns
    True

    Lesson 10.
    """
    own = chance.flip(OWN_TOPIC)
    return chance.zipf([one for one in options if (one.topic == topic) == own])


def person_roles(person):
    """Gather what can be said of a person, by role.

    >>> sorted(person_roles(world().people[0]))[:3]
    ['animal', 'date', 'food']

    Lesson 10.
    """
    return {
        "person": person.ref,
        "trade": Ref(person.trade, form="indef", gender=person.gender),
        "year": person.year,
        "date": person.birthday,
        "food": Ref(person.dish, number="bulk"),
        "person2": world().refs[person.teacher],
        "animal": Ref(person.animal, form="indef"),
        "name": person.animal_name,
    }


def town_roles(town):
    """Gather what can be said of a town, by role.

    >>> town_roles(world().towns[0])["town"] == world().towns[0].name
    True

    Lesson 10.
    """
    return {
        "town": town.name,
        "river": town.river,
        "year": town.founded,
        "thing": Ref(town.product, number="bulk" if town.product in FOODS else "pl"),
        "month": town.market,
        "person": world().refs[world().mayors[town.name]],
        "number": town.people,
        "town2": town.next_town,
    }


def person_fact(person, construction, fact):
    """State one fact about a person.

    >>> sorted(person_fact(world().people[0], "f_born_year", "year").facts)
    ['person', 'year']

    Lesson 10.
    """
    roles = person_roles(person)
    roles["town"] = person.born_town if construction == "f_born_town" else person.town
    return Clause(construction, roles, PRESENT, frozenset({"person", fact}))


def town_fact(town, construction, fact):
    """State one fact about a town.

    >>> sorted(town_fact(world().towns[0], "f_market", "month").facts)
    ['month', 'town']

    Lesson 10.
    """
    return Clause(construction, town_roles(town), PRESENT, frozenset({"town", fact}))


def dialogue(chance, topic):
    """Let two people talk: greetings, questions of fact, errands, a farewell.

    Returns:
        Paragraphs, one a turn.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> len(dialogue(Chance(0), "sea")) > 3
    True

    Lesson 10.
    """
    first = popular(chance, world().people, topic)
    second = popular(chance, [one for one in world().people if one is not first], topic)
    turns = []
    if chance.flip(0.7):
        turns.append((first, [Clause("hello", {"person": second.ref}, PRESENT)]))
    for _ in range(3 + chance.below(3)):
        kinds = (_ask_fact, _ask_where, _ask_favour, _ask_why, _ask_act, _chat)
        exchange = chance.pick(kinds, (5, 1, 1, 1, 1, 1.5))
        question, answer = exchange(chance, topic)
        asker, other = (first, second) if chance.flip(0.5) else (second, first)
        turns += [(asker, question), (other, answer)]
    if chance.flip(0.7):
        close = chance.pick(("goodbye", "thanks"))
        turns.append((first, [Clause(close, {"person": second.ref}, PRESENT)]))
    return [[Clause("the_speaker", {"agent": _given(who)}), *said] for who, said in turns]


def _given(person):
    return person.ref._replace(name=person.name.split()[0])


def _ask_fact(chance, topic):
    """Ask about a person or a town, and be told."""
    if chance.flip(0.7):
        subject = popular(chance, world().people, topic)
        question = chance.pick(tuple(ABOUT_PERSON))
        short, full, fact = ABOUT_PERSON[question]
        answer = person_fact(subject, full, fact)
    else:
        subject = popular(chance, world().towns, topic)
        question = chance.pick(tuple(ABOUT_TOWN))
        short, full, fact = ABOUT_TOWN[question]
        answer = town_fact(subject, full, fact)
    asked = [Clause(question, answer.roles, PRESENT)]
    if chance.flip(0.06):
        return asked, [Clause(chance.pick(("dont_know", "who_knows")), {}, PRESENT)]
    if chance.flip(0.4):
        return asked, [answer]
    return asked, [_short(short, answer, fact)]


def _short(construction, answer, fact):
    """Turn a full answer into a short one."""
    roles, facts = dict(answer.roles), {"", fact}
    if construction == "short_person":
        roles["person"], facts = roles[fact], {"", "person"}
    elif construction == "short_trade":
        roles["person"] = roles["person"]._replace(form="pron")
    return Clause(construction, roles, PRESENT, frozenset(facts))


def _ask_where(chance, topic):
    """Ask for a thing, and get it or not."""
    thing = Teller(chance, topic).thing("thing")
    question = Clause("q_where", {"patient": thing}, PRESENT)
    if chance.flip(0.5):
        return [question], [Clause("here_is", {"patient": thing}, PRESENT)]
    return [question], [Clause(chance.pick(("dont_know", "who_knows")), {}, PRESENT)]


def _ask_favour(chance, topic):
    """Ask somebody to do something."""
    teller = Teller(chance, topic)
    kind = chance.pick(("thing", "food"))
    if chance.flip(0.4):
        thing = teller.thing(kind)
        request = Clause("bring_me", {"patient": thing}, PRESENT)
    else:
        deed = teller.deed(kind, teller.described, planned=True)
        thing = deed["patient"]
        request = Clause("can_you", deed | {"agent": Ref(person=2)}, PRESENT)
    if chance.flip(0.5):
        return [request], [Clause("here_is", {"patient": thing}, PRESENT)]
    return [request], [Clause("costs", {"patient": thing, "number": 2 + chance.below(60)}, PRESENT)]


def _ask_why(chance, topic):
    """Ask why somebody does not do something; the answer gives a reason."""
    teller = Teller(chance, topic)
    deed = teller.deed(chance.pick(("thing", "food", "place", "animal")), teller.described)
    question = Clause("q_why", {"agent": Ref(person=2, form="pron")} | deed, PRESENT)
    return [question], [asserted(mine(chance, topic, ("i_must", "i_want", "future")))]


def _ask_act(chance, topic):
    """Ask whether somebody does something or goes somewhere."""
    teller = Teller(chance, topic)
    who = Ref(person=2, form="pron") if chance.flip(0.4) else teller.thing("person")
    if chance.flip(0.3):
        verb = chance.zipf(words("verb", "go.place"))
        roles = {"agent": who, "verb": verb, "place": teller.thing("place")}
        question = Clause("q_go", roles, PRESENT)
    else:
        kind = chance.pick(("thing", "food", "animal", "place"))
        deed = teller.deed(kind, teller.described)
        question = Clause("q_act", {"agent": who} | deed, PRESENT)
    word = chance.pick(("yes", "no"))
    said = mine(chance, topic, WISHES) if chance.flip(0.5) else _mood(chance, topic)
    return [question], [Clause(word, {"clause": said}, PRESENT)]


def mine(chance, topic, forms, gender="m", new=False):
    """Say something of the speaker and a thing, some food or an animal.

    Args:
        forms: constructions to choose from.
        new: whether the thing is spoken of for the first time.

    Returns:
        A Clause.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> mine(Chance(0), "sea", ("i_have",)).construction
    'i_have'

    Lesson 10.
    """
    form = chance.pick(forms)
    kind = "food" if form == "i_like" else chance.pick(("thing", "food", "animal"))
    teller = Teller(chance, topic)
    if form in ("i_have", "i_like", "i_think_of"):
        roles = {"patient": teller.thing(kind)}
    else:
        roles = teller.deed(kind, teller.described, planned=True)
    if new:
        first = "some" if kind == "food" else "indef"
        roles["patient"] = roles["patient"]._replace(form=first)
    return Clause(form, {"agent": Ref(person=1, form="pron", gender=gender)} | roles, PRESENT)


def _mood(chance, topic):
    """Say how somebody is."""
    who = Teller(chance, topic).person()
    return Clause("be", {"agent": who, "adj": chance.zipf(words("adj", "person"))}, PRESENT)


def _chat(chance, topic):
    """Say something, and be agreed with or not."""
    said = mine(chance, topic, WISHES) if chance.flip(0.5) else _mood(chance, topic)
    return [asserted(said)], [Clause(chance.pick(("you_right", "impossible")), {}, PRESENT)]


def asserted(clause):
    """Turn a clause of the present into a sentence.

    >>> asserted(Clause("rain", {})).construction
    'period'

    Lesson 10.
    """
    return Clause("period", {"clause": clause}, PRESENT)
