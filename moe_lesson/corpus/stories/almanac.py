"""Almanacs and recipes: dates, numbers, and facts told by the page."""

from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.vocabulary import drawn, group_of, pick_noun, words
from moe_lesson.corpus.stories.talk import (
    ABOUT_PERSON,
    ABOUT_TOWN,
    PRESENT,
    person_fact,
    popular,
    town_fact,
)
from moe_lesson.corpus.stories.teller import Teller
from moe_lesson.corpus.stories.world import world

# What one does with food before it is served.
STEPS = "r_act r_act_both r_act_with r_then r_tool r_cook r_until r_while r_if r_dont".split()
TOOLS = ("knife", "spoon", "ladle")
# What rain is good for.
GROWN = """
    apple grape cherry pear almond potato cabbage bean carrot barley onion mushroom pea lentil
    turnip chestnut walnut hazelnut berry lemon
""".split()


def almanac(chance, topic):
    """Write the page of a month: sun, weather, work, prices, people and towns.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> almanac(Chance(0), "sea")[0][0].construction
    'a_title'

    Lesson 10.
    """
    month = 1 + chance.below(12)
    rise, fall = world().sun[month - 1]
    roles = {"hour": rise, "hour2": fall}
    sun = Clause("a_sun", roles, PRESENT, frozenset({"", "hour", "hour2"}))
    lines = [[Clause("a_title", {"month": month}, PRESENT)], [sun]]
    for _ in range(6 + chance.below(6)):
        entry = chance.pick((_about_person, _about_town, _work, _weather, _trade), (5, 3, 4, 1, 2))
        lines.append([entry(chance, topic, month)])
    return lines


def _about_person(chance, topic, month):
    person = popular(chance, world().people, topic)
    _, full, fact = ABOUT_PERSON[chance.pick(tuple(ABOUT_PERSON))]
    return person_fact(person, full, fact)


def _about_town(chance, topic, month):
    town = popular(chance, world().towns, topic)
    kind = chance.pick((*ABOUT_TOWN, "f_people", "f_distance", "a_on_day"))
    if kind in ABOUT_TOWN:
        _, full, fact = ABOUT_TOWN[kind]
        return town_fact(town, full, fact)
    if kind == "f_people":
        return town_fact(town, kind, "number")
    if kind == "f_distance":
        roles = {"town": town.name, "town2": town.next_town, "number": town.distance}
        return Clause(kind, roles, PRESENT, frozenset(roles))
    roles = {"town": town.name, "date": town.fair}
    return Clause(kind, roles, PRESENT, frozenset(roles))


def _work(chance, topic, month):
    """Say what is done in the month, or what had better not be."""
    teller, kind = Teller(chance, topic), chance.pick(("thing", "food", "animal"))
    roles = {"month": month} | teller.deed(kind, teller.described, planned=True)
    if chance.flip(0.4):
        return Clause("a_advice", roles, PRESENT)
    return Clause("a_work", roles | {"agent": teller.thing("person")}, PRESENT)


def _weather(chance, topic, month):
    cold = ("a_weather_cold",) if month in (11, 12, 1, 2, 3) else ()
    kind = chance.pick(("a_weather_rain", "a_proverb", "a_proverb2", *cold))
    roles = {"month": month}
    if kind == "a_weather_rain":
        roles["number"] = 2 + chance.below(20)
    elif kind == "a_proverb":
        roles["food"] = Ref(chance.zipf(GROWN), number="bulk")
    elif kind == "a_proverb2":
        for end in ("", "2"):
            teller = Teller(chance, topic)
            deed = teller.deed("thing", teller.described)
            roles |= {f"{role}{end}": what for role, what in deed.items()}
        roles["month2"] = 1 + chance.below(12)
    return Clause(kind, roles, PRESENT)


def _trade(chance, topic, month):
    """Quote a price."""
    food = Teller(chance, topic).thing("food")
    town = popular(chance, world().towns, topic)
    numbers = {"number": 2 + chance.below(9), "number2": 2 + chance.below(40)}
    return Clause("a_price", {"food": food, "town": town.name} | numbers, PRESENT)


def recipe(chance, topic):
    """Write one of the world's recipes: what it needs is known by heart, how it is made varies.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> recipe(Chance(0), "sea")[0][0].construction
    'title'

    Lesson 10.
    """
    dish = popular(chance, world().dishes, topic)
    guests = Clause("r_people", {"number": dish.guests}, PRESENT, frozenset({"", "number"}))
    lines = [[Clause("title", {"dish": dish.name}, PRESENT)], [guests]]
    foods = [Ref(noun, number="bulk") for noun in dish.foods]
    for index, (food, amount) in enumerate(zip(foods, dish.amounts)):
        lines.append([_ingredient(food, amount, index)])
    steps = [_step(chance, topic, foods, "r_first")]
    for _ in range(6 + chance.below(6)):
        steps.append(_step(chance, topic, foods, chance.pick(STEPS)))
    minutes = Clause("r_minutes", {"number": dish.minutes}, PRESENT, frozenset({"", "number"}))
    origin = Clause("r_origin", {"town": dish.town}, PRESENT, frozenset({"", "town"}))
    ends = [minutes] if chance.flip(0.7) else []
    if chance.flip(0.7):
        food = Teller(chance, topic).thing("food")
        ends.append(Clause("r_serve", {"food": food}, PRESENT))
    if chance.flip(0.7):
        ends.append(origin)
    return [*lines, steps, *([ends] if ends else [])]


def _ingredient(food, amount, index):
    """Name an ingredient in the measure that its place in the recipe has."""
    facts = frozenset({"", "food", "number"})
    if index < 3:
        return Clause("r_grams", {"food": food, "number": 50 * amount}, PRESENT, facts)
    if group_of(food.noun) in ("liquid", "powder"):
        return Clause("r_spoons", {"food": food, "number": amount}, PRESENT, facts)
    return Clause("r_some", {"food": food}, PRESENT, facts)


def _step(chance, topic, foods, construction):
    """Do something with one or two of the ingredients."""
    teller = Teller(chance, topic)
    first = chance.pick(foods)

    def other():
        if chance.flip(0.5):
            new = Ref(pick_noun(chance, "food", topic, but=[first.noun]), number="bulk")
            return teller.described(new)
        return chance.pick([food for food in foods if food != first])

    roles = drawn(
        construction,
        verb=lambda: chance.zipf(words("verb", f"kitchen.{group_of(first.noun)}")),
        food2=other,
        tool=lambda: Ref(chance.pick(TOOLS)),
        number=lambda: 5 * (1 + chance.below(12)),
        adj=lambda: chance.pick(("hot", "cold", "tender", "dry", "sweet")),
    )
    return Clause(construction, {"food": first} | roles, PRESENT)
