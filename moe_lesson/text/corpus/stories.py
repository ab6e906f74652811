"""Stories: a goal, obstacles, attempts, an outcome; what was told decides what comes later."""

from moe_lesson.text.corpus.abstract import Clause, Ref
from moe_lesson.text.corpus.vocabulary import OBJECTS, drawn, kind_of, pick_act, pick_noun, words

GOALS = ("lost", "stolen", "wanted", "broken", "far", "escaped", "hungry")
OBSTACLES = ("weather", "refusal", "tired", "dark", "beast", "no_tool", "hidden")
OUTCOMES = ("success", "gift", "exchange", "failure")
# Plots that no training text tells: stories of unseen plots are held out.
UNSEEN = {("lost", "beast"), ("stolen", "dark"), ("wanted", "weather"), ("broken", "tired")}
UNSEEN |= {("far", "hidden"), ("escaped", "refusal"), ("hungry", "no_tool")}
BAD_WEATHER = ("rain", "snow", "wind", "cold", "fog", "dark")
WEATHER = (*BAD_WEATHER, "sun")
# Times that open a story; the others may stand anywhere in it.
OPENERS = "one_day once in_spring in_winter in_summer in_autumn on_a_sunday at_dawn".split()
DEEDS = {"act", "act_at", "act_with", "go", "go_with", "do_at", "want", "decide", "must", "try"}
SAYING = [verb for verb in words("verb", "say.clause") if verb not in ("ask", "shout")]
CALM = ("patiently", "in_silence", "calmly", "as_always")
# What happens to people cannot be planned.
UNPLANNED = set("lose forget need receive want know hear see love fear hate drop break".split())
ACTS = {"lost": "look_for", "stolen": "look_for", "wanted": "buy", "broken": "repair"}
ACTS |= {"far": "find", "escaped": "catch", "hungry": "find"}
LAST = {"broken": "repair", "escaped": "catch"}
KIND = {"lost": "thing", "stolen": "thing", "wanted": "thing", "broken": "thing"}
KIND |= {"far": "person", "escaped": "animal", "hungry": "food"}


class Teller:
    """Tell sentences of one document, and remember who and what was spoken of.

    >>> from moe_lesson.text.corpus.chance import Chance
    >>> Teller(Chance(0), "sea").person("m").gender
    'm'

    Lesson 10.
    """

    def __init__(self, chance, topic):
        self.chance, self.topic = chance, topic
        self.told = []  # sentences
        self.begun = False  # whether a sentence was told
        self._known = set()  # nouns that have been introduced
        self._last = None  # noun of the subject before

    def person(self, gender=None, but=()):
        """Choose somebody.

        >>> from moe_lesson.text.corpus.chance import Chance
        >>> Teller(Chance(0), "sea").person("f").noun != ""
        True

        Lesson 10.
        """
        gender = gender or self.chance.pick("mf")
        return Ref(pick_noun(self.chance, "person", self.topic, but), gender=gender)

    def noun(self, kind):
        """Choose something of a class; food is counted as each language counts it.

        >>> from moe_lesson.text.corpus.chance import Chance
        >>> Teller(Chance(0), "sea").noun("food").number
        'bulk'

        Lesson 10.
        """
        number = "bulk" if kind == "food" else "sg"
        return Ref(pick_noun(self.chance, kind, self.topic), number=number)

    def thing(self, kind):
        """Choose something of a class, described.

        >>> from moe_lesson.text.corpus.chance import Chance
        >>> len(Teller(Chance(1), "sea").thing("place").adjectives)
        1

        Lesson 10.
        """
        return self.described(self.person() if kind == "person" else self.noun(kind), kind)

    def described(self, ref, kind):
        """Give somebody or something an adjective, most of the time.

        >>> from moe_lesson.text.corpus.chance import Chance
        >>> len(Teller(Chance(1), "sea").described(Ref("boat"), "thing").adjectives)
        1

        Lesson 10.
        """
        if not self.chance.flip(0.7):
            return ref
        return ref._replace(adjectives=(self.chance.zipf(words("adj", kind)),))

    def name(self, ref, subject=False):
        """Refer to somebody or something: new, known, or the subject of the sentence before.

        >>> from moe_lesson.text.corpus.chance import Chance
        >>> teller, boat = Teller(Chance(0), "sea"), Ref("boat")
        >>> teller.name(boat).form, teller.name(boat).form
        ('indef', 'def')

        Lesson 10.
        """
        again = subject and self._last == ref.noun
        if subject:
            self._last = ref.noun
        if again and self.chance.flip(0.6):
            return ref._replace(form="pron", adjectives=())
        known = ref.noun in self._known
        self._known.add(ref.noun)
        if known:
            return ref._replace(form="def", adjectives=())
        ref = self.described(ref, kind_of(ref.noun))
        return ref._replace(form="some" if ref.number == "bulk" else "indef")

    def knows(self, ref):
        """Tell whether somebody or something was spoken of.

        >>> from moe_lesson.text.corpus.chance import Chance
        >>> Teller(Chance(0), "sea").knows(Ref("boat"))
        False

        Lesson 10.
        """
        return ref.noun in self._known

    def plain(self, ref):
        """Refer with the article alone: where a pronoun cannot stand.

        >>> from moe_lesson.text.corpus.chance import Chance
        >>> Teller(Chance(0), "sea").plain(Ref("boat", adjectives=("old",))).adjectives
        ()

        Lesson 10.
        """
        self._known.add(ref.noun)
        return ref._replace(form="def", adjectives=())

    def tell(self, construction, **roles):
        """Add a sentence of the past: plain, after a time, or beside the weather.

        Lesson 10.

        >>> from moe_lesson.text.corpus.chance import Chance
        >>> teller = Teller(Chance(0), "sea")
        >>> teller.tell("rain")
        >>> len(teller.told)
        1
        """
        self.add(Clause(construction, roles))

    def add(self, clause):
        """Add a clause as a sentence.

        >>> from moe_lesson.text.corpus.chance import Chance
        >>> teller = Teller(Chance(0), "sea")
        >>> teller.add(Clause("rain", {}))
        >>> teller.told[0].construction in ("period", "fronted", "because", "when", "while")
        True

        Lesson 10.
        """
        odds = {"period": 0.5, "fronted": 0.36, "weather": 0.14}
        if clause.construction == "act_never":
            odds = {"period": 1.0}
        elif clause.construction in WEATHER:
            del odds["weather"]
        frame = self.chance.pick(tuple(odds), tuple(odds.values()))
        if frame == "period":
            self.told.append(Clause("period", {"clause": clause}))
        elif frame == "fronted":
            times = words("adv", "time")
            time = self.chance.zipf([t for t in times if (t in OPENERS) != self.begun])
            self.told.append(Clause("fronted", {"time": time, "clause": clause}))
        else:
            joints = ("when", "while", "although")
            joint = self.chance.pick(joints if clause.construction in DEEDS else joints[:2])
            sky = Clause(self.chance.pick(BAD_WEATHER if joint == "although" else WEATHER), {})
            self.told.append(Clause(joint, {"first": sky, "second": clause}))
        self.begun = True


class Cast:
    """Hold who and what a story is about, each drawn when it is first spoken of.

    >>> from moe_lesson.text.corpus.chance import Chance
    >>> cast = Cast(Teller(Chance(0), "sea"), "thing")
    >>> cast["hero"] is cast["hero"]
    True

    Lesson 10.
    """

    def __init__(self, teller, prize):
        self._teller, self._prize, self._drawn = teller, prize, {}

    def __getitem__(self, part):
        if part not in self._drawn:
            self._drawn[part] = self._draw(part)
        return self._drawn[part]

    def _draw(self, part):
        if part in ("hero", "friend") or part == "prize" and self._prize == "person":
            taken = [other.noun for other in self._drawn.values()]
            return self._teller.person(but=taken)
        kinds = {"home": "place", "away": "place", "tool": "tool", "beast": "animal"}
        return self._teller.noun(kinds.get(part, self._prize))


def story(chance, topic, plot=None):
    """Tell a story.

    Args:
        plot: (goal, obstacle); None: any but the unseen ones.

    Returns:
        Paragraphs: lists of Clauses.

    >>> from moe_lesson.text.corpus.chance import Chance
    >>> 2 <= len(story(Chance(0), "sea")) <= 4
    True

    Lesson 10.
    """
    pairs = [(goal, obstacle) for goal in GOALS for obstacle in OBSTACLES]
    goal, obstacle = plot or chance.pick([pair for pair in pairs if pair not in UNSEEN])
    teller = Teller(chance, topic)
    cast = Cast(teller, KIND[goal])
    paragraphs, starts = [], (_open, _goal, _journey, _end)
    outcome = chance.pick(OUTCOMES, (0.45, 0.2, 0.15, 0.2))
    for part in starts:
        part(teller, cast, goal, {"obstacle": obstacle, "outcome": outcome})
        for _ in range(chance.below(4)):
            _colour(teller, cast)
        paragraphs.append(teller.told)
        teller.told = []
    return paragraphs


def _open(teller, cast, goal, plot):
    """Say who and where, in one of many ways."""
    hero = cast["hero"]
    first = teller.chance.pick(("live", "exist", "be", "weather", "act", "say", "at"))
    if first == "weather":
        teller.tell(teller.chance.pick(WEATHER))
    if first in ("live", "weather"):
        teller.tell("live_at", agent=teller.name(hero, True), place=teller.name(cast["home"]))
    elif first == "exist":
        patient, place = teller.name(hero, True), teller.name(cast["home"])
        teller.tell("exist", patient=patient, place=place)
    elif first == "be":
        trait = teller.chance.zipf(words("adj", "person"))
        teller.tell("be_very", agent=teller.name(hero, True), adj=trait)
    elif first == "act":
        _act(teller, hero)
    elif first == "say":
        _speech(teller, hero, cast)
    else:
        teller.tell("be_at", agent=teller.name(hero, True), place=teller.name(cast["home"]))


def _goal(teller, cast, goal, plot):
    """Say what the hero is after, and what stands in the way."""
    hero = cast["hero"]
    if goal == "lost":
        teller.tell(
            "act_at",
            agent=teller.name(hero, True),
            verb="lose",
            patient=teller.name(cast["prize"]),
            place=teller.name(cast["away"]),
        )
    elif goal == "stolen":
        teller.tell(
            "act",
            agent=teller.name(cast["friend"], True),
            verb="steal",
            patient=teller.name(cast["prize"]),
        )
    elif goal == "wanted":
        teller.tell(
            "have", agent=teller.name(cast["friend"], True), patient=teller.name(cast["prize"])
        )
    elif goal == "broken":
        teller.tell(
            "act", agent=teller.name(hero, True), verb="break", patient=teller.name(cast["prize"])
        )
    elif goal == "far":
        teller.tell(
            "live_at", agent=teller.name(cast["prize"], True), place=teller.name(cast["away"])
        )
    elif goal == "escaped":
        teller.tell(
            "come_from", agent=teller.name(cast["prize"], True), place=teller.name(cast["away"])
        )
    else:
        teller.tell("be", agent=teller.name(hero, True), adj="hungry")
    wish = "want" if teller.chance.flip(0.5) else teller.chance.pick(("decide", "must", "try"))
    teller.tell(
        wish, agent=teller.name(hero, True), verb=ACTS[goal], patient=teller.name(cast["prize"])
    )
    _obstacle(teller, cast, goal, plot["obstacle"])


def _obstacle(teller, cast, goal, obstacle):
    """Say what stands in the way."""
    hero = cast["hero"]
    if obstacle == "weather":
        teller.tell(teller.chance.pick(("rain", "snow", "wind", "fog")))
    elif obstacle == "dark":
        teller.tell("be_very", agent=teller.name(cast["away"], True), adj="dark")
    elif obstacle == "tired":
        teller.tell(
            "be_very",
            agent=teller.name(hero, True),
            adj=teller.chance.pick(("tired", "old", "sad")),
        )
    elif obstacle == "beast":
        beast, place = cast["beast"], teller.name(cast["away"])
        if teller.knows(beast):
            teller.tell("be_at", agent=teller.plain(beast), place=place)
        else:
            teller.tell("exist", patient=teller.name(beast, True), place=place)
        teller.tell(
            "act", agent=teller.name(hero, True), verb="fear", patient=teller.name(cast["beast"])
        )
    elif obstacle == "no_tool":
        teller.tell(
            "act", agent=teller.name(hero, True), verb="need", patient=teller.name(cast["tool"])
        )
    elif obstacle == "hidden":
        teller.tell(
            "act_at",
            agent=teller.name(cast["friend"], True),
            verb="hide",
            patient=teller.name(cast["tool"]),
            place=teller.name(cast["away"]),
        )
    else:
        speech = Clause(
            "i_cannot",
            {
                "agent": Ref(person=1, form="pron", gender=cast["friend"].gender),
                "verb": "help",
                "patient": Ref(person=2, form="pron", gender=hero.gender),
            },
            "pres",
        )
        teller.told.append(
            Clause(
                "say",
                {
                    "speech": speech,
                    "agent": teller.plain(cast["friend"]),
                    "verb": teller.chance.zipf(SAYING),
                },
            )
        )
    teller.tell(
        "cannot", agent=teller.name(hero, True), verb=ACTS[goal], patient=teller.name(cast["prize"])
    )


def _journey(teller, cast, goal, plot):
    """Go there, look, ask, and meet the cast["friend"]."""
    hero = cast["hero"]
    verb = teller.chance.zipf(words("verb", "go.place"))
    how = teller.chance.pick(("go", "purpose", "without", "go_with", "must_go"))
    roles = {"agent": teller.name(hero, True), "place": teller.name(cast["away"])}
    if how == "purpose":
        roles |= {"verb": ACTS[goal], "verb2": verb, "patient": teller.name(cast["prize"])}
    elif how == "without":
        roles |= {"verb": "find", "verb2": verb, "patient": teller.name(cast["tool"])}
    elif how == "go_with":
        roles |= {"verb": verb, "companion": teller.name(cast["friend"])}
    else:
        roles["verb"] = verb
    teller.tell(how, **roles)
    for _ in range(1 + teller.chance.below(2)):
        _attempt(teller, cast)


def _attempt(teller, cast):
    hero = cast["hero"]
    kind = teller.chance.pick(("use", "ask", "search", "wait", "know"))
    if kind == "use":
        kind = teller.chance.pick(("thing", "food"))
        act = {"verb": pick_act(teller.chance, kind), "patient": teller.name(teller.noun(kind))}
        teller.tell(
            "act_with", agent=teller.name(hero, True), **act, tool=teller.name(cast["tool"])
        )
    elif kind == "ask":
        question = Clause("q_where", {"patient": teller.plain(cast["prize"])}, "pres")
        teller.told.append(
            Clause("ask", {"question": question, "agent": teller.plain(hero), "verb": "ask"})
        )
    elif kind == "search":
        teller.tell(
            "act_at",
            agent=teller.name(hero, True),
            verb="find",
            patient=teller.name(teller.noun("thing")),
            place=teller.name(cast["away"]),
        )
    elif kind == "wait":
        teller.tell(
            "act_how",
            agent=teller.name(hero, True),
            verb="wait_for",
            patient=teller.name(cast["friend"]),
            manner=teller.chance.pick(CALM),
        )
    else:
        fact = Clause(
            "be_at", {"agent": teller.plain(cast["prize"]), "place": teller.plain(cast["away"])}
        )
        teller.tell(
            "know_that",
            agent=teller.name(hero, True),
            verb=teller.chance.zipf(words("verb", "know.clause")),
            clause=fact,
        )


def _end(teller, cast, goal, plot):
    """Say how it came out, and what each did then."""
    hero = cast["hero"]
    verb = LAST.get(goal, "find")
    if plot["outcome"] == "success":
        teller.tell(
            "act", agent=teller.name(hero, True), verb=verb, patient=teller.name(cast["prize"])
        )
    elif plot["outcome"] == "failure":
        teller.tell(
            "act_never",
            agent=teller.name(hero, True),
            verb=verb,
            patient=teller.name(cast["prize"]),
        )
    elif plot["outcome"] == "gift":
        give = teller.chance.pick(words("verb", "give.thing"))
        present = cast["tool"] if goal in ("far", "escaped") else cast["prize"]
        teller.tell(
            "give",
            agent=teller.name(cast["friend"], True),
            verb=give,
            patient=teller.name(present),
            recipient=teller.name(hero),
        )
    else:
        swap = teller.noun("thing")
        teller.tell(
            "give_pron",
            agent=teller.name(hero, True),
            verb="give",
            patient=teller.name(swap),
            recipient=cast["friend"],
        )
    feeling = {"failure": ("sad", "tired", "angry"), "success": ("happy", "proud", "rich")}
    moods = feeling.get(plot["outcome"], ("happy", "kind", "rich"))
    mood = Clause("be", {"agent": teller.name(hero, True), "adj": teller.chance.pick(moods)})
    if plot["outcome"] == "success" and teller.chance.flip(0.5):
        why = {
            "agent": hero._replace(form="pron"),
            "verb": "have",
            "patient": teller.plain(cast["prize"]),
        }
        teller.told.append(Clause("because", {"first": mood, "second": Clause("have", why)}))
    else:
        teller.add(mood)
    last = teller.chance.pick(("thank", "return", "do", "both"))
    if last in ("thank", "both"):
        teller.tell(
            "act", agent=teller.name(hero, True), verb="thank", patient=teller.name(cast["friend"])
        )
    if last in ("return", "both"):
        teller.tell(
            "go", agent=teller.name(hero, True), verb="return", place=teller.name(cast["home"])
        )
    if last == "do":
        _do(teller, hero)


def _colour(teller, cast):
    """Add something that the plot does not need."""
    who = cast[teller.chance.pick(("hero", "friend"))]
    kinds = ("act", "do", "see", "say", "compare", "passive", "relative", "twice", "people")
    kind = teller.chance.pick(kinds, (5, 3, 2, 2, 1, 1.5, 1.5, 1.5, 1))
    if kind == "act":
        _act(teller, who)
    elif kind == "do":
        _do(teller, who)
    elif kind == "say":
        _speech(teller, who, cast)
    elif kind == "see":
        beast = teller.name(teller.noun("animal"))
        teller.tell(
            "act_at",
            agent=teller.name(who, True),
            verb=pick_act(teller.chance, "animal"),
            patient=beast,
            place=teller.name(cast["away"]),
        )
    else:
        _frame(teller, cast, who, kind)


def _frame(teller, cast, who, kind):
    """Add one of the rarer sentences."""
    name, thing, chance = teller.name, teller.noun, teller.chance
    if kind == "compare":
        how, adjective = chance.pick(("taller", "as_as")), chance.zipf(words("adj", "person"))
        other = cast["friend"] if who is cast["hero"] else cast["hero"]
        teller.tell(how, agent=name(who, True), adj=adjective, other=teller.plain(other))
    elif kind == "passive":
        verb = chance.pick(("find", "steal", "hide", "break", "repair", "clean", "paint", "sell"))
        teller.tell("passive", patient=name(thing("thing")), verb=verb, agent=teller.plain(who))
    elif kind == "relative":
        verbs = {"verb": pick_act(chance, "thing"), "patient": teller.plain(thing("thing"))}
        if chance.flip(0.5):
            adjective = chance.zipf(words("adj", "thing"))
            teller.tell("rel_object", **verbs, agent=name(who, True), adj=adjective)
            return
        verbs |= {"verb2": pick_act(chance, "animal"), "patient2": name(thing("animal"))}
        teller.tell("rel_subject", agent=teller.plain(who), **verbs)
    elif kind == "twice":
        first, second = (
            chance.pick(("thing", "food")),
            chance.pick(("animal", "person", "abstract")),
        )
        roles = {"verb": pick_act(chance, first), "patient": name(thing(first))}
        roles |= {"verb2": pick_act(chance, second), "patient2": name(thing(second))}
        teller.tell("act_twice", agent=name(who, True), **roles)
    else:
        whole = chance.pick(("nobody", "everybody"))
        kind = chance.pick(("abstract", "place"))
        teller.tell(
            whole, verb=pick_act(chance, kind), patient=name(thing(kind))._replace(form="def")
        )


def _act(teller, who):
    """Let somebody do something to something."""
    chance = teller.chance
    kind = chance.pick(OBJECTS, (4, 1, 2, 2, 1, 1, 1.5))
    roles = {"verb": pick_act(chance, kind), "agent": teller.name(who, True)}
    roles["patient"] = teller.name(
        teller.noun(kind) if kind != "person" else teller.person(but=(who.noun,))
    )
    forms = ("act", "act_how", "act_not", "act_at", "want", "must", "try")
    form = chance.pick(forms[:4] if roles["verb"] in UNPLANNED else forms)
    if form == "act_how":
        roles["manner"] = chance.zipf(words("adv", "manner"))
    elif form == "act_at":
        roles["place"] = teller.name(teller.noun("place"))
    teller.tell(form, **roles)
    if form == "act" and chance.flip(0.3):
        verb = pick_act(chance, kind)
        follow = chance.pick(("act_pron", "act_pron_not"), (0.7, 0.3))
        teller.tell(follow, agent=teller.name(who, True), verb=verb, patient=roles["patient"])


def _do(teller, who):
    """Let somebody do something that needs no object."""
    chance = teller.chance
    form = chance.pick(
        ("do", "do_how", "do_at", "do_not", "begin", "cannot_do"), (2, 3, 2, 1, 1, 0.7)
    )
    roles = {"agent": teller.name(who, True), "verb": chance.zipf(words("verb", "do.person"))}
    if form == "do_how":
        roles["manner"] = chance.zipf(words("adv", "manner"))
    elif form == "do_at":
        roles["place"] = teller.name(teller.noun("place"))
    teller.tell(form, **roles)


def _speech(teller, who, cast):
    """Let somebody say what they want, have to do, have or like."""
    chance = teller.chance
    me = Ref(person=1, form="pron", gender=who.gender)
    forms = ("i_want", "i_must", "i_have", "i_am", "future", "future_go", "i_like")
    form = chance.pick(forms)
    kind = "food" if form == "i_like" else chance.pick(("thing", "food", "animal"))
    go = form == "future_go"
    roles = drawn(
        form,
        adj=lambda: chance.zipf(words("adj", "person")),
        verb=lambda: chance.zipf(words("verb", "go.place")) if go else pick_act(chance, kind),
        place=lambda: teller.plain(cast["away"]),
        patient=lambda: teller.name(teller.noun(kind)),
    )
    roles["agent"] = me
    manner = chance.pick(("say", "shout"), (0.85, 0.15))
    verb = "shout" if manner == "shout" else chance.zipf(SAYING)
    speech = Clause(form, roles, "pres")
    teller.told.append(Clause(manner, {"speech": speech, "agent": teller.plain(who), "verb": verb}))
