"""Stories: a goal, obstacles, attempts, an outcome; what was told decides what comes later."""

from itertools import product

from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.vocabulary import words
from moe_lesson.corpus.stories.scenes import SAYING, act, colour, do, speech
from moe_lesson.corpus.stories.teller import WEATHER, Cast, Teller

OBSTACLES = ("weather", "refusal", "tired", "dark", "beast", "no_tool", "hidden")
OUTCOMES = {"success": 0.45, "gift": 0.2, "exchange": 0.15, "failure": 0.2}
# What each goal is about, what is tried, and what has been done once it is reached.
KIND = {"lost": "thing", "stolen": "thing", "wanted": "thing", "broken": "thing"}
KIND |= {"far": "person", "escaped": "animal", "hungry": "food"}
TRIED = {"lost": "look_for", "stolen": "look_for", "wanted": "buy", "broken": "repair"}
TRIED |= {"far": "find", "escaped": "catch", "hungry": "find"}
REACHED = TRIED | {"lost": "find", "stolen": "find"}
PLOTS = tuple(product(KIND, OBSTACLES))
# Plots that no training text tells: stories of unseen plots are held out.
UNSEEN = {("lost", "beast"), ("stolen", "dark"), ("wanted", "weather"), ("broken", "tired")}
UNSEEN |= {("far", "hidden"), ("escaped", "refusal"), ("hungry", "no_tool")}
TOLD = tuple(plot for plot in PLOTS if plot not in UNSEEN)
CALM = ("patiently", "in_silence", "calmly", "as_always")
MOODS = {"failure": ("sad", "tired", "angry"), "success": ("happy", "proud", "rich")}


def story(chance, topic, plot=None):
    """Tell a story.

    Args:
        plot: (goal, obstacle); None: any but the unseen ones.

    Returns:
        Paragraphs: lists of Clauses.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> len(story(Chance(0), "sea"))
    4

    Lesson 10.
    """
    goal, obstacle = plot or chance.pick(TOLD)
    outcome = chance.pick(tuple(OUTCOMES), tuple(OUTCOMES.values()))
    teller = Teller(chance, topic)
    cast, paragraphs = Cast(teller, KIND[goal]), []
    parts = ((_open, None), (_goal, obstacle), (_journey, None), (_end, outcome))
    for tell_part, turn in parts:
        tell_part(teller, cast, goal, turn)
        for _ in range(chance.below(4)):
            colour(teller, cast)
        paragraphs.append(teller.told)
        teller.told = []
    return paragraphs


def _open(teller, cast, goal, _):
    """Say who and where, in one of many ways."""
    hero = cast["hero"]
    first = teller.chance.pick(("live_at", "exist", "be_very", "weather", "act", "say", "be_at"))
    if first == "weather":
        teller.tell(teller.chance.pick(WEATHER))
    if first == "exist":
        patient = teller.name(hero, True)
        teller.tell("exist", patient=patient, place=teller.name(cast["home"]))
    elif first == "be_very":
        trait = teller.chance.zipf(words("adj", "person"))
        teller.plain(hero)
        teller.tell("be_very", agent=hero._replace(form="indef"), adj=trait)
    elif first == "act":
        act(teller, hero)
    elif first == "say":
        speech(teller, hero, cast)
    else:
        how = "live_at" if first == "weather" else first
        teller.tell(how, agent=teller.name(hero, True), place=teller.name(cast["home"]))


def _goal(teller, cast, goal, obstacle):
    """Say what the hero is after, and what stands in the way."""
    hero, name = cast["hero"], teller.name
    if goal == "lost":
        lost = {"verb": "lose", "patient": name(cast["prize"])}
        teller.tell("act_at", agent=name(hero, True), **lost, place=name(cast["away"]))
    elif goal == "stolen":
        stolen = {"verb": "steal", "patient": name(cast["prize"])}
        teller.tell("act", agent=name(cast["friend"], True), **stolen)
    elif goal == "wanted":
        teller.tell("have", agent=name(cast["friend"], True), patient=name(cast["prize"]))
    elif goal == "broken":
        teller.tell("act", agent=name(hero, True), verb="break", patient=name(cast["prize"]))
    elif goal == "far":
        teller.tell("live_at", agent=name(cast["prize"], True), place=name(cast["away"]))
    elif goal == "escaped":
        teller.tell("come_from", agent=name(cast["prize"], True), place=name(cast["away"]))
    else:
        teller.tell("be", agent=name(hero, True), adj="hungry")
    wish = teller.chance.pick(("want", "decide", "must", "try"), (3, 1, 1, 1))
    teller.tell(wish, agent=name(hero, True), verb=TRIED[goal], patient=name(cast["prize"]))
    _obstacle(teller, cast, obstacle)
    hope = {"verb": REACHED[goal], "patient": name(cast["prize"])}
    teller.tell("cannot", agent=name(hero, True), **hope)


def _obstacle(teller, cast, obstacle):
    """Say what stands in the way."""
    hero, name, chance = cast["hero"], teller.name, teller.chance
    if obstacle == "weather":
        teller.tell(chance.pick(("rain", "snow", "wind", "fog")))
    elif obstacle == "dark":
        teller.tell("be_very", agent=teller.plain(cast["away"]), adj="dark")
    elif obstacle == "tired":
        mood = chance.pick(("tired", "old", "sad"))
        teller.tell("be_very", agent=name(hero, True), adj=mood)
    elif obstacle == "beast":
        _beast(teller, cast)
    elif obstacle == "no_tool":
        teller.tell("act", agent=name(hero, True), verb="need", patient=name(cast["tool"]))
    elif obstacle == "hidden":
        hidden = {"verb": "hide", "patient": name(cast["tool"]), "place": name(cast["away"])}
        teller.tell("act_at", agent=name(cast["friend"], True), **hidden)
    else:
        me = Ref(person=1, form="pron", gender=cast["friend"].gender)
        you = Ref(person=2, form="pron", gender=hero.gender)
        refusal = Clause("i_cannot", {"agent": me, "verb": "help", "patient": you}, "pres")
        roles = {"speech": refusal, "agent": teller.plain(cast["friend"])}
        teller.told.append(Clause("say", roles | {"verb": chance.zipf(SAYING)}))


def _beast(teller, cast):
    beast, place = cast["beast"], teller.name(cast["away"])
    if teller.knows(beast):
        teller.tell("be_at", agent=teller.plain(beast), place=place)
    else:
        teller.tell("exist", patient=teller.name(beast, True), place=place)
    hero = teller.name(cast["hero"], True)
    teller.tell("act", agent=hero, verb="fear", patient=teller.plain(beast))


def _journey(teller, cast, goal, _):
    """Go there, look, ask, and meet the friend."""
    name, hero = teller.name, cast["hero"]
    verb = teller.chance.zipf(words("verb", "go.place"))
    how = teller.chance.pick(("go", "purpose", "without", "go_with", "must_go"))
    roles = {"agent": name(hero, True), "place": name(cast["away"])}
    if how == "purpose":
        roles |= {"verb": TRIED[goal], "verb2": verb, "patient": name(cast["prize"])}
    elif how == "without":
        roles |= {"verb": "find", "verb2": verb, "patient": name(cast["tool"])}
    elif how == "go_with":
        roles |= {"verb": verb, "companion": name(cast["friend"])}
    else:
        roles["verb"] = verb
    teller.tell(how, **roles)
    for _ in range(1 + teller.chance.below(2)):
        _attempt(teller, cast)


def _attempt(teller, cast):
    """Try something: with a tool, by asking, searching, waiting, or by knowing."""
    name, chance, hero = teller.name, teller.chance, cast["hero"]
    kind = chance.pick(("use", "ask", "search", "wait", "know"))
    if kind == "use":
        deed = teller.deed("thing", planned=True)
        teller.tell("act_with", agent=name(hero, True), **deed, tool=name(cast["tool"]))
    elif kind == "ask":
        question = Clause("q_where", {"patient": teller.plain(cast["prize"])}, "pres")
        roles = {"question": question, "agent": teller.plain(hero), "verb": "ask"}
        teller.told.append(Clause("ask", roles))
    elif kind == "search":
        found = {"verb": "find", "patient": name(teller.noun("thing"))}
        teller.tell("act_at", agent=name(hero, True), **found, place=name(cast["away"]))
    elif kind == "wait":
        roles = {"verb": "wait_for", "patient": name(cast["friend"]), "manner": chance.pick(CALM)}
        teller.tell("act_how", agent=name(hero, True), **roles)
    else:
        where = {"agent": teller.plain(cast["prize"]), "place": teller.plain(cast["away"])}
        verb = chance.zipf(words("verb", "know.clause"))
        fact = Clause("be_at", where)
        teller.tell("know_that", agent=name(hero, True), verb=verb, clause=fact)


def _end(teller, cast, goal, outcome):
    """Say how it came out, and what each did then."""
    name, chance, hero = teller.name, teller.chance, cast["hero"]
    done = {"verb": REACHED[goal], "patient": teller.plain(cast["prize"])}
    if outcome == "success":
        teller.tell("act", agent=name(hero, True), **done)
    elif outcome == "failure":
        teller.tell("act_never", agent=name(hero, True), **done)
    elif outcome == "gift":
        present = cast["tool"] if goal in ("far", "escaped") else cast["prize"]
        roles = {"verb": chance.pick(words("verb", "give.thing")), "patient": name(present)}
        teller.tell("give", agent=name(cast["friend"], True), **roles, recipient=name(hero))
    else:
        friend, roles = cast["friend"], {"verb": "give", "patient": name(teller.noun("thing"))}
        clear = teller.knows(friend) and friend.gender != hero.gender
        recipient = friend if clear else name(friend)
        how = "give_pron" if clear else "give"
        teller.tell(how, agent=name(hero, True), **roles, recipient=recipient)
    _mood(teller, cast, outcome)
    last = chance.pick(("thank", "return", "do", "both"))
    if last in ("thank", "both"):
        thanks = {"verb": "thank", "patient": name(cast["friend"])}
        teller.tell("act", agent=name(hero, True), **thanks)
    if last in ("return", "both"):
        teller.tell("go", agent=name(hero, True), verb="return", place=name(cast["home"]))
    if last == "do":
        do(teller, hero)


def _mood(teller, cast, outcome):
    """Say how the hero felt, and sometimes why."""
    hero, chance = cast["hero"], teller.chance
    moods = MOODS.get(outcome, ("happy", "kind", "rich"))
    mood = Clause("be", {"agent": teller.name(hero, True), "adj": chance.pick(moods)})
    thing = cast["prize"].gender == ""
    if outcome == "success" and thing and chance.flip(0.5):
        why = {"agent": hero._replace(form="pron"), "patient": teller.plain(cast["prize"])}
        teller.told.append(Clause("because", {"first": mood, "second": Clause("have", why)}))
    else:
        teller.add(mood)
