"""Whoever tells: chooses words, and remembers who and what was spoken of."""

from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.vocabulary import kind_of, pick_act, pick_noun, words

BAD_WEATHER = ("rain", "snow", "wind", "cold", "fog", "dark")
WEATHER = (*BAD_WEATHER, "sun")
LASTING = ("rain", "snow", "wind", "sun")
# Times that open a story; the others may stand anywhere in it, but for one.
OPENERS = "one_day once in_spring in_winter in_summer in_autumn on_a_sunday at_dawn".split()
LATER = [t for t in words("adv", "time") if t not in (*OPENERS, "from_time_to_time")]
STATES_OF_THINGS = {"be", "be_very", "be_at", "live_at", "as_as", "taller", "have", "exist"}
SUDDEN = ("suddenly", "finally", "then", "at_that_moment")
LASTING_TIMES = [time for time in LATER if time not in SUDDEN]
DEEDS = {"act", "act_at", "act_with", "go", "go_with", "do_at", "want", "decide", "must", "try"}


class Teller:
    """Tell sentences of one document, and remember who and what was spoken of.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> Teller(Chance(0), "sea").person().gender in ("m", "f")
    True

    Lesson 10.
    """

    def __init__(self, chance, topic):
        self.chance, self.topic = chance, topic
        self.told = []  # sentences
        self._begun = False  # whether a sentence was told
        self._known = set()  # nouns that have been introduced
        self._last = None  # noun of the subject before

    def person(self, but=()):
        """Choose somebody.

        >>> from moe_lesson.corpus.stories.chance import Chance
        >>> Teller(Chance(0), "sea").person().noun != ""
        True

        Lesson 10.
        """
        gender = self.chance.pick("mf")
        return Ref(pick_noun(self.chance, "person", self.topic, but), gender=gender)

    def noun(self, kind):
        """Choose something of a class; food is counted as each language counts it.

        >>> from moe_lesson.corpus.stories.chance import Chance
        >>> Teller(Chance(0), "sea").noun("food").number
        'bulk'

        Lesson 10.
        """
        if kind == "person":
            return self.person()
        number = "bulk" if kind == "food" else "sg"
        return Ref(pick_noun(self.chance, kind, self.topic), number=number)

    def thing(self, kind):
        """Choose something of a class, described.

        >>> from moe_lesson.corpus.stories.chance import Chance
        >>> len(Teller(Chance(1), "sea").thing("place").adjectives) < 2
        True

        Lesson 10.
        """
        return self.described(self.noun(kind))

    def described(self, ref):
        """Give somebody or something an adjective, most of the time.

        >>> from moe_lesson.corpus.stories.chance import Chance
        >>> len(Teller(Chance(1), "sea").described(Ref("boat")).adjectives)
        1

        Lesson 10.
        """
        if not self.chance.flip(0.7):
            return ref
        return ref._replace(adjectives=(self.chance.zipf(words("adj", kind_of(ref.noun))),))

    def name(self, ref, subject=False):
        """Refer to somebody or something: new, known, or the subject of the sentence before.

        >>> from moe_lesson.corpus.stories.chance import Chance
        >>> teller, boat = Teller(Chance(0), "sea"), Ref("boat")
        >>> teller.name(boat).form, teller.name(boat).form
        ('indef', 'def')

        Lesson 10.
        """
        again = subject and self._last == ref.noun
        if subject:
            self._last = ref.noun
        if again and self.chance.flip(0.6):
            return ref._replace(form="pron")
        if ref.noun in self._known:
            return ref._replace(form="def")
        self._known.add(ref.noun)
        return self.described(ref)._replace(form="some" if ref.number == "bulk" else "indef")

    def knows(self, ref):
        """Tell whether somebody or something was spoken of.

        >>> from moe_lesson.corpus.stories.chance import Chance
        >>> Teller(Chance(0), "sea").knows(Ref("boat"))
        False

        Lesson 10.
        """
        return ref.noun in self._known

    def plain(self, ref):
        """Refer with the article alone: where neither pronoun nor adjective can stand.

        >>> from moe_lesson.corpus.stories.chance import Chance
        >>> Teller(Chance(0), "sea").plain(Ref("boat")).form
        'def'

        Lesson 10.
        """
        self._known.add(ref.noun)
        return ref._replace(form="def")

    def deed(self, kind, show=None, planned=False):
        """Choose something of a class and what is done to it.

        Args:
            show: how it is referred to; None: by ``name``.
            planned: whether the deed must be one that can be wanted.

        Returns:
            verb and patient, as roles of a Clause.

        >>> from moe_lesson.corpus.stories.chance import Chance
        >>> sorted(Teller(Chance(0), "sea").deed("animal"))
        ['patient', 'verb']

        Lesson 10.
        """
        ref = self.noun(kind)
        verb = pick_act(self.chance, ref.noun, planned)
        return {"verb": verb, "patient": (show or self.name)(ref)}

    def tell(self, construction, **roles):
        """Add a sentence of the past: plain, after a time, or beside the weather.

        >>> from moe_lesson.corpus.stories.chance import Chance
        >>> teller = Teller(Chance(0), "sea")
        >>> teller.tell("rain")
        >>> len(teller.told)
        1

        Lesson 10.
        """
        self.add(Clause(construction, roles))

    def add(self, clause):
        """Add a clause as a sentence.

        >>> from moe_lesson.corpus.stories.chance import Chance
        >>> teller = Teller(Chance(0), "sea")
        >>> teller.add(Clause("rain", {}))
        >>> teller.told[0].construction in ("period", "fronted")
        True

        Lesson 10.
        """
        odds = {"period": 0.5, "fronted": 0.36, "weather": 0.14}
        if clause.construction == "act_never":
            odds = {"period": 1.0}
        elif clause.construction in WEATHER or clause.construction in STATES_OF_THINGS:
            del odds["weather"]
        frame = self.chance.pick(tuple(odds), tuple(odds.values()))
        if frame == "period":
            self.told.append(Clause("period", {"clause": clause}))
        elif frame == "fronted":
            times = LATER if clause.construction not in STATES_OF_THINGS else LASTING_TIMES
            time = self.chance.zipf(times if self._begun else OPENERS)
            self.told.append(Clause("fronted", {"time": time, "clause": clause}))
        else:
            self.told.append(self._in_weather(clause))
        self._begun = True

    def _in_weather(self, clause):
        joints = ("when", "while", "although")
        joint = self.chance.pick(joints if clause.construction in DEEDS else joints[:2])
        skies = {"although": BAD_WEATHER, "while": LASTING}.get(joint, WEATHER)
        sky = Clause(self.chance.pick(skies), {})
        return Clause(joint, {"first": sky, "second": clause})


class Cast:
    """Hold who and what a story is about, each drawn when it is first spoken of.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> cast = Cast(Teller(Chance(0), "sea"), "thing")
    >>> cast["hero"] is cast["hero"]
    True

    Lesson 10.
    """

    def __init__(self, teller, prize):
        self._teller, self._drawn = teller, {}
        self._kinds = {"home": "place", "away": "place", "tool": "tool", "beast": "animal"}
        self._kinds |= {"hero": "person", "friend": "person", "prize": prize}

    def __getitem__(self, part):
        if part not in self._drawn:
            kind, taken = self._kinds[part], [other.noun for other in self._drawn.values()]
            new = self._teller.person(but=taken) if kind == "person" else self._teller.noun(kind)
            self._drawn[part] = new
        return self._drawn[part]
