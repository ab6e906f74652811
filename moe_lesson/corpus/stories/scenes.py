"""What a story tells besides its plot: deeds, moods, speeches, comparisons."""

from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.vocabulary import OBJECTS, STATES, drawn, pick_act, words

SAYING = [verb for verb in words("verb", "say.clause") if verb not in ("ask", "shout")]
# What can be begun: it lasts.
MOMENTS = ("wake_up", "fall", "stop", "sit_down", "get_up", "fall_asleep", "hurry")
LASTING = [verb for verb in words("verb", "do.person") if verb not in MOMENTS]
KINDS = {"act": 5, "do": 3, "see": 2, "say": 2, "compare": 1, "passive": 1.5, "relative": 1.5}
KINDS |= {"twice": 1.5, "people": 1}
PASSIVES = ("find", "steal", "hide", "break", "repair", "clean", "paint", "sell")


def colour(teller, cast):
    """Add something that the plot does not need.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> from moe_lesson.corpus.stories.teller import Teller
    >>> teller = Teller(Chance(0), "sea")
    >>> colour(teller, {"hero": Ref("baker"), "friend": Ref("sailor"), "away": Ref("bay")})
    >>> len(teller.told) > 0
    True

    Lesson 10.
    """
    who = cast[teller.chance.pick(("hero", "friend"))]
    kind = teller.chance.pick(tuple(KINDS), tuple(KINDS.values()))
    if kind == "act":
        act(teller, who)
    elif kind == "do":
        do(teller, who)
    elif kind == "say":
        speech(teller, who, cast)
    elif kind == "see":
        deed = teller.deed("animal")
        place = teller.name(cast["away"])
        teller.tell("act_at", agent=teller.name(who, True), **deed, place=place)
    else:
        RARE[kind](teller, cast, who)


def _compare(teller, cast, who):
    how, adjective = teller.chance.pick(("taller", "as_as")), _trait(teller)
    other = cast["friend"] if who is cast["hero"] else cast["hero"]
    teller.tell(how, agent=teller.name(who, True), adj=adjective, other=teller.plain(other))


def _passive(teller, cast, who):
    verb, thing = teller.chance.pick(PASSIVES), teller.name(teller.noun("thing"))
    teller.tell("passive", patient=thing, verb=verb, agent=teller.plain(who))


def _relative(teller, cast, who):
    """Say more of somebody or something in a clause of its own."""
    verbs = teller.deed("thing", teller.plain)
    if teller.chance.flip(0.5):
        adjective = teller.chance.zipf(words("adj", "thing"))
        teller.tell("rel_object", **verbs, agent=teller.name(who, True), adj=adjective)
    else:
        second = _second(teller.deed("animal"))
        teller.tell("rel_subject", agent=teller.plain(who), **verbs, **second)


def _twice(teller, cast, who):
    first, second = (teller.chance.pick(two) for two in (("thing", "food"), OBJECTS[3:5]))
    roles = teller.deed(first) | _second(teller.deed(second))
    if roles["patient2"].noun == who.noun:
        roles |= _second(teller.deed("animal"))
    teller.tell("act_twice", agent=teller.name(who, True), **roles)


def _second(deed):
    return {"verb2": deed["verb"], "patient2": deed["patient"]}


def _people(teller, cast, who):
    """Say what all did, or nobody."""
    whole = teller.chance.pick(("nobody", "everybody"))
    deed = teller.deed(teller.chance.pick(("abstract", "place")))
    deed["patient"] = deed["patient"]._replace(form="def")
    teller.tell(whole, **deed)


RARE = {"compare": _compare, "passive": _passive, "relative": _relative}
RARE |= {"twice": _twice, "people": _people}


def _trait(teller):
    return teller.chance.zipf(words("adj", "person"))


def act(teller, who):
    """Let somebody do something to something.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> from moe_lesson.corpus.stories.teller import Teller
    >>> teller = Teller(Chance(0), "sea")
    >>> act(teller, Ref("baker"))
    >>> len(teller.told) > 0
    True

    Lesson 10.
    """
    chance = teller.chance
    kind = chance.pick(OBJECTS, (4, 1, 2, 2, 1, 1, 1.5))
    form = chance.pick(("act", "act_how", "act_not", "act_at", "want", "must", "try"))
    if form == "act_at" and kind == "place":
        form = "act"
    deed = teller.deed(kind, planned=form in ("want", "must", "try", "act_how", "act_at"))
    who_now = teller.name(who, True)
    extra = drawn(
        form,
        manner=lambda: chance.zipf(words("adv", "manner")),
        place=lambda: teller.name(teller.noun("place")),
    )
    teller.tell(form, agent=who_now, **deed, **extra)
    if form == "act" and deed["verb"] not in STATES and chance.flip(0.4):
        verb = pick_act(chance, deed["patient"].noun)
        follow = chance.pick(("act_pron", "act_pron_not"), (0.7, 0.3))
        teller.tell(follow, agent=teller.name(who, True), verb=verb, patient=deed["patient"])


def do(teller, who):
    """Let somebody do something that needs no object.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> from moe_lesson.corpus.stories.teller import Teller
    >>> teller = Teller(Chance(0), "sea")
    >>> do(teller, Ref("baker"))
    >>> len(teller.told)
    1

    Lesson 10.
    """
    chance = teller.chance
    forms = ("do", "do_how", "do_at", "do_not", "begin", "cannot_do")
    form = chance.pick(forms, (2, 3, 2, 1, 1, 0.7))
    extra = drawn(
        form,
        verb=lambda: chance.zipf(LASTING if form == "begin" else words("verb", "do.person")),
        manner=lambda: chance.zipf(words("adv", "manner")),
        place=lambda: teller.name(teller.noun("place")),
    )
    teller.tell(form, agent=teller.name(who, True), **extra)


def speech(teller, who, cast):
    """Let somebody say what they want, have to do, have or like.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> from moe_lesson.corpus.stories.teller import Teller
    >>> teller = Teller(Chance(0), "sea")
    >>> speech(teller, Ref("baker"), {"away": Ref("bay")})
    >>> teller.told[0].construction in ("say", "shout")
    True

    Lesson 10.
    """
    chance = teller.chance
    form = chance.pick(("i_want", "i_must", "i_have", "i_am", "future", "future_go", "i_like"))
    roles = {"agent": Ref(person=1, form="pron", gender=who.gender)}
    if form == "i_am":
        roles["adj"] = _trait(teller)
    elif form == "future_go":
        roles["verb"] = chance.zipf(words("verb", "go.place"))
        roles["place"] = teller.plain(cast["away"])
    elif form in ("i_have", "i_like"):
        kind = "food" if form == "i_like" else chance.pick(("thing", "food", "animal"))
        roles["patient"] = teller.name(teller.noun(kind))
    else:
        roles |= teller.deed(chance.pick(("thing", "food", "animal")), planned=True)
    manner = chance.pick(("say", "shout"), (0.85, 0.15))
    verb = "shout" if manner == "shout" else chance.zipf(SAYING)
    said = Clause(form, roles, "pres")
    teller.told.append(Clause(manner, {"speech": said, "agent": teller.plain(who), "verb": verb}))
