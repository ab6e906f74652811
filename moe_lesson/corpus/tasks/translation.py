"""One sentence from one language into another."""

from functools import cache
from itertools import product

from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.lexicon import LANGUAGES, lexicon
from moe_lesson.corpus.languages.vocabulary import TOPICS, pick_act, pick_noun, words
from moe_lesson.corpus.tasks.form import Fixed, Task, phrase, show, user, variants

FORMS = ("act", "act_at", "act_not", "go", "do_at", "be", "be_very", "be_at", "have", "rain")
FORMS += ("snow", "sun", "want", "cannot")
OBJECTS = ("thing", "tool", "food", "animal", "place")
HELD_OUT_PAIR = ("de", "it")  # no tuning text translates from the first to the second
WAYS = tuple(product("mf", ("past", "pres")))


@cache
def ambiguous(kind):
    """List the concepts whose word means another one, too, in one of the languages.

    >>> "boat" in ambiguous("nouns")
    False

    Lesson 11.
    """
    found = set()
    for language in LANGUAGES:
        known = {}
        for id, row in getattr(lexicon(language), kind).items():
            cell = row.get("sg") or row.get("m_sg") or row.get("base") or row.get("inf")
            known.setdefault(cell, []).append(id)
        found |= {id for ids in known.values() if len(ids) > 1 for id in ids}
    return frozenset(found)


def plain_noun(chance, kind, topic):
    """Choose a noun that means one thing in every language.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> plain_noun(Chance(0), "animal", "sea") in ambiguous("nouns")
    False

    Lesson 11.
    """
    return pick_noun(chance, kind, topic, but=ambiguous("nouns"))


def plain_clause(chance, forms=FORMS):
    """Invent a short sentence about somebody: clause, in the past or the present.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> plain_clause(Chance(0), ("rain",)).roles["clause"].construction
    'rain'

    Lesson 11.
    """
    form, topic = chance.pick(forms), chance.pick(TOPICS)
    tense = chance.pick(("past", "pres"), (0.7, 0.3))
    roles = {"agent": Ref(plain_noun(chance, "person", topic), gender=chance.pick("mf"))}
    kind = chance.pick(OBJECTS[:4] if form in ("act_at", "have") else OBJECTS)
    patient = Ref(plain_noun(chance, kind, topic))
    if kind == "food":
        patient = patient._replace(number="bulk")
    elif form == "have":
        patient = patient._replace(form="indef")
    if kind != "food" and chance.flip(0.3):
        adjectives = [a for a in words("adj", kind) if a not in ambiguous("adjectives")]
        patient = patient._replace(adjectives=(chance.zipf(adjectives),))
    roles["patient"] = patient
    roles["place"] = Ref(plain_noun(chance, "place", topic))
    roles["adj"] = chance.zipf(
        [a for a in words("adj", "person") if a not in ambiguous("adjectives")]
    )
    roles["verb"] = _verb(chance, form, patient.noun)
    return Clause("period", {"clause": Clause(form, roles, tense)}, tense)


def _verb(chance, form, noun):
    """Choose a verb that means one thing in every language."""
    group = {"go": "go.place", "do_at": "do.person"}.get(form)
    if group:
        return chance.zipf([v for v in words("verb", group) if v not in ambiguous("verbs")])
    while True:
        verb = pick_act(chance, noun, planned=True)
        if verb not in ambiguous("verbs"):
            return verb


def ways(clause):
    """List what the same words may mean: another gender, another tense.

    >>> len(ways(plain_clause_of("baker")))
    4

    Lesson 11.
    """
    inner = clause.roles["clause"]
    found = []
    for gender, tense in WAYS:
        roles = inner.roles | {"agent": inner.roles["agent"]._replace(gender=gender)}
        new = inner._replace(roles=roles, tense=tense)
        found.append(clause._replace(roles={"clause": new}, tense=tense))
    return found


def plain_clause_of(noun):
    """Say that somebody is happy, for examples.

    >>> show(plain_clause_of("baker"), "en", Fixed(0))
    'The baker was happy.'

    Lesson 11.
    """
    roles = {"agent": Ref(noun, gender="m"), "adj": "happy"}
    return Clause("period", {"clause": Clause("be", roles)})


def translate_task(name, tools):
    """Ask for a sentence in another language; the user writes in one of the two.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> translate_task("translate", some_tools("en")).answer
    'The sun shone.'

    Lesson 11.
    """
    source, target = _pair(tools)
    clause = plain_clause(tools.plan)
    inside, into = (phrase(tools.language, f"{w}_{target}", Fixed(0)) for w in ("in", "into"))
    text = show(clause, source, tools.style)
    asked = phrase(tools.language, name, tools.style, text=text, inside=inside, into=into)
    seen = "no" if (source, target) == HELD_OUT_PAIR else "yes"
    about = {"rule": "equal", "source": source, "target": target, "seen": seen}
    about |= {"answer_language": target, "accepted": tuple(accepted(clause, text, source, target))}
    return Task(name, tools.language, (user(asked),), about["accepted"][0], about)


def _pair(tools):
    """Choose from which language into which; the user's own is one of the two."""
    if tools.unseen and tools.language in HELD_OUT_PAIR and tools.plan.flip(0.25):
        return HELD_OUT_PAIR
    pairs = [
        pair
        for other in LANGUAGES
        for pair in ((tools.language, other), (other, tools.language))
        if other != tools.language and pair != HELD_OUT_PAIR
    ]
    return tools.style.pick(pairs)


def accepted(clause, text, source, target):
    """List all right translations: of whatever the words of ``text`` may mean.

    >>> accepted(plain_clause_of("baker"), "The baker was happy.", "en", "de")
    ['Der Bäcker war glücklich.', 'Die Bäckerin war glücklich.']

    Lesson 11.
    """
    found = variants(clause, target)
    for other in ways(clause):
        if text in variants(other, source):
            found += variants(other, target)
    return list(dict.fromkeys(found))
