"""Which words go together: nouns by topic, verbs by what they act on."""

from functools import cache

from moe_lesson.corpus.languages.lexicon import concepts, needs

TOPICS = ("sea", "farm", "forest", "town", "workshop", "feast")
# A word comes from its document's own topic, from the general list, or from any list.
OWN, GENERAL, ANY = 0.4, 0.2, 0.4
OBJECTS = ("thing", "tool", "food", "animal", "person", "place", "abstract")
# What happens to people, or what they feel, cannot be planned.
STATES = set("know want love hate need fear".split())
UNPLANNED = STATES | set("lose forget receive hear see drop break burn surprise".split())
NO_TRADE = set("thief robber pirate swimmer rider wanderer hermit".split())


@cache
def nouns(kind, topic):
    """List the nouns of a class and a topic, most frequent first.

    >>> nouns("animal", "general")
    ('dog', 'cat', 'bird', 'horse', 'mouse')

    Lesson 10.
    """
    rows = (row for row in concepts() if row["kind"] == "noun")
    return tuple(r["id"] for r in rows if r["class"] == kind and topic in (r["topic"], "any"))


@cache
def _any(kind):
    return tuple(noun for topic in TOPICS for noun in nouns(kind, topic))


@cache
def kind_of(noun):
    """Look up the class of a noun.

    >>> kind_of("boat")
    'thing'

    Lesson 10.
    """
    return next(r["class"] for r in concepts() if r["kind"] == "noun" and r["id"] == noun)


@cache
def words(kind, group):
    """List the verbs, adjectives or adverbs of a group, most frequent first.

    >>> words("verb", "act.place")[:3]
    ('find', 'see', 'visit')

    Lesson 10.
    """
    rows = (row for row in concepts() if row["kind"] == kind)
    return tuple(row["id"] for row in rows if group in row["class"].split())


@cache
def _shares(kind, topic):
    """Weigh every noun of a class by its chance in a document of a topic.

    One weight for each noun, whichever list it is on: two ways to one word would make the
    counted bits more than the text holds.
    """
    general = nouns(kind, "general") or nouns(kind, topic)
    weights = {}
    for share, options in ((OWN, nouns(kind, topic)), (GENERAL, general), (ANY, _any(kind))):
        ranks = [1 / (n + 6) for n in range(len(options))]
        for noun, rank in zip(options, ranks):
            weights[noun] = weights.get(noun, 0.0) + share * rank / sum(ranks)
    return weights


def pick_noun(chance, kind, topic, but=()):
    """Choose a noun of a class: mostly of the topic.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> pick_noun(Chance(0), "animal", "sea") in _any("animal") + nouns("animal", "general")
    True

    Lesson 10.
    """
    weights = _shares(kind, topic)
    left = {noun: weight for noun, weight in weights.items() if noun not in but}
    return chance.pick(tuple(left), tuple(left.values()))


@cache
def group_of(noun):
    """Look up what a noun is to a verb: its class, or a finer group for food and ideas.

    >>> group_of("milk"), group_of("hammer")
    ('liquid', 'thing')

    Lesson 10.
    """
    return next(r["group"] for r in concepts() if r["kind"] == "noun" and r["id"] == noun)


def pick_act(chance, noun, planned=False):
    """Choose a verb that acts on a noun.

    Args:
        planned: leave out what happens to people and cannot be wanted.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> pick_act(Chance(0), "harbour") in words("verb", "act.place")
    True

    Lesson 10.
    """
    options = words("verb", f"act.{group_of(noun)}")
    return chance.zipf([verb for verb in options if verb not in UNPLANNED] if planned else options)


def trades(topic):
    """List the persons of a topic who live by what they do.

    >>> trades("town")[0]
    'baker'

    Lesson 10.
    """
    return tuple(noun for noun in nouns("person", topic) if noun not in NO_TRADE)


def drawn(construction, **makers):
    """Draw what a construction prints, and nothing else: unseen choices hold no bits.

    Args:
        makers: role -> function without arguments that draws what fills it.

    Returns:
        role -> what was drawn, for the roles that the construction has.

    >>> drawn("i_have", patient=lambda: "boat", verb=lambda: "mend")
    {'patient': 'boat'}

    Lesson 10.
    """
    return {role: make() for role, make in makers.items() if role in needs(construction)}
