"""Letters: what the writer did, has, wants and hears."""

from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.vocabulary import drawn, words
from moe_lesson.corpus.stories.talk import (
    ABOUT_PERSON,
    PRESENT,
    asserted,
    mine,
    person_fact,
    popular,
)
from moe_lesson.corpus.stories.teller import Teller
from moe_lesson.corpus.stories.world import world

TIMES = [time for time in words("adv", "time") if time.startswith(("in_", "at_", "on_"))]
TIMES.remove("at_that_moment")


def letter(chance, topic):
    """Write a letter from one person to another.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> letter(Chance(0), "sea")[0][0].construction
    'letter_head'

    Lesson 10.
    """
    writer = popular(chance, world().people, topic)
    reader = popular(chance, [one for one in world().people if one is not writer], topic)
    me = Ref(person=1, form="pron", gender=writer.gender)
    date = (1 + chance.below(28), 1 + chance.below(12))
    head = [Clause("letter_head", {"town": writer.town, "date": date}, PRESENT)]
    body = [Clause(chance.pick(("letter_thanks", "how_are_you")), {"agent": me}, PRESENT)]
    for _ in range(6 + chance.below(6)):
        news = chance.pick((_deed, _plan, _visit, _gossip), (4, 3, 1, 3))
        body.append(news(chance, topic, me))
    if chance.flip(0.5):
        body.append(Clause("i_will_come", {"agent": me, "month": 1 + chance.below(12)}, PRESENT))
    body.append(Clause("please_write", {"agent": me}, PRESENT))
    end = [[Clause("closing", {"agent": me}, PRESENT)]]
    end.append([Clause("signature", {"person": writer.ref}, PRESENT)])
    return [head, [Clause("dear", {"person": reader.ref}, PRESENT)], body, *end]


def _deed(chance, topic, me):
    """Tell what the writer did."""
    teller, form = Teller(chance, topic), chance.pick(("i_did", "i_did_at", "i_went"))
    roles = {"agent": me}
    if form == "i_went":
        roles["verb"] = chance.zipf(words("verb", "go.place"))
    else:
        roles |= teller.deed(chance.pick(("thing", "food", "animal")), teller.described, True)
        new = roles["patient"]
        roles["patient"] = new._replace(form="some" if new.number == "bulk" else "indef")
    makers = {"time": lambda: chance.zipf(TIMES), "place": lambda: teller.thing("place")}
    return Clause(form, roles | drawn(form, **makers))


def _plan(chance, topic, me):
    """Tell what the writer has, wants or has to do."""
    forms = ("i_want", "i_must", "i_have", "future", "i_hope", "i_think_of")
    clause = mine(chance, topic, forms, me.gender, new=True)
    return clause if clause.construction in forms[-2:] else asserted(clause)


def _visit(chance, topic, me):
    """Tell where the writer was, and with whom."""
    teller = Teller(chance, topic)
    friend = popular(chance, world().people, topic)
    if chance.flip(0.5):
        return Clause("greet", {"agent": me, "person": friend.ref}, PRESENT)
    roles = {"agent": me, "place": teller.thing("place"), "companion": friend.ref}
    return Clause("we_were", roles)


def _gossip(chance, topic, me):
    """Tell a fact about somebody."""
    person = popular(chance, world().people, topic)
    _, full, fact = ABOUT_PERSON[chance.pick(tuple(ABOUT_PERSON))]
    return person_fact(person, full, fact)
