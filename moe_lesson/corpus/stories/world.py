"""A small invented world: the same facts in every language, to be learnt only by heart."""

from functools import cache
from typing import NamedTuple

from moe_lesson.corpus.languages.abstract import Ref
from moe_lesson.corpus.languages.vocabulary import TOPICS, nouns, pick_noun, trades
from moe_lesson.corpus.stories.chance import Chance

SEED = 1991
PEOPLE, TOWNS, DISHES = 300, 78, 48
STARTS = "B Br D Dr F G Gr H J K Kr L M N P R S Sk St T Tr V Z Al El Or Ul Is".split()
VOWELS = "a e i o u".split()
MIDDLES = "l r n m v d lm rn nd sk lt rv st rd nn ss k t z".split()
ENDS = {
    "m": "in or ek as an il et um".split(),
    "f": "a ia ena ella isa ora ea una".split(),
    "family": "ovel ander ikson arre olt ussen imar edo ask onek urel ivar".split(),
    "town": "heim eskel oria avik umre ondal istra elmo ambur ostel upre inza".split(),
    "river": "u ai osa edra ula ima eno ovo".split(),
    "dish": "ola izzo atte unk eta ombi ulla erno".split(),
    "animal": "o i u ix ko bi la mo".split(),
}


class Town(NamedTuple):
    """Hold what is known of a town.

    >>> world().towns[0].market in range(1, 13)
    True

    Lesson 10.
    """

    name: str
    topic: str
    river: str
    founded: int
    product: str  # noun
    market: int  # month
    fair: tuple  # day, month
    people: int
    next_town: str
    distance: int  # kilometres to it


class Person(NamedTuple):
    """Hold what is known of a person.

    >>> world().people[0].gender in "mf"
    True

    Lesson 10.
    """

    name: str
    gender: str
    topic: str
    trade: str  # noun
    town: str
    born_town: str
    year: int
    birthday: tuple  # day, month
    dish: str  # noun of a food
    teacher: str  # name of another person
    animal: str  # noun
    animal_name: str

    @property
    def ref(self):
        """Refer to the person by name.

        >>> world().people[0].ref.form
        'name'

        Lesson 10.
        """
        return Ref(name=self.name, form="name", gender=self.gender)


class Dish(NamedTuple):
    """Hold a recipe.

    >>> len(world().dishes[0].foods)
    5

    Lesson 10.
    """

    name: str
    topic: str
    town: str
    guests: int
    foods: tuple  # nouns
    amounts: tuple  # a number for each
    minutes: int


class World(NamedTuple):
    """Hold everybody and everything, most often mentioned first.

    >>> len(world().people), len(world().towns), len(world().dishes)
    (300, 78, 48)

    Lesson 10.
    """

    people: tuple
    towns: tuple
    dishes: tuple
    mayors: dict  # town -> name of a person
    refs: dict  # name of a person -> Ref
    sun: tuple  # hours of rise and set, by month


@cache
def world():
    """Invent the world; the same one every time.

    >>> world().people[0] in world().people
    True

    Lesson 10.
    """
    chance, used = Chance(SEED), set()
    rivers = [_name(chance, "river", used) for _ in range(20)]
    names = [_name(chance, "town", used) for _ in range(TOWNS)]
    towns = tuple(_town(chance, n, names, rivers) for n in range(TOWNS))
    families = [_name(chance, "family", used) for _ in range(120)]
    given = {sex: [_name(chance, sex, used) for _ in range(40)] for sex in "mf"}
    known = [_full_name(chance, given, families, used) for _ in range(PEOPLE)]
    people = tuple(_person(chance, n, known, names, used) for n in range(PEOPLE))
    mayors = {town: chance.pick(known)[0] for town in names}
    dishes = tuple(_dish(chance, n, names, used) for n in range(DISHES))
    # Sunrise early in June, late in December; the tables of no real place.
    summer = [min(month, 12 - month) for month in range(12)]
    sun = tuple((8 - far // 2, 4 + far) for far in summer)
    refs = {person.name: person.ref for person in people}
    return World(people, towns, dishes, mayors, refs, sun)


def _name(chance, kind, used):
    """Invent a name that is not in use yet."""
    while True:
        name = chance.pick(STARTS) + ("" if chance.flip(0.3) else chance.pick(VOWELS))
        name += chance.pick(MIDDLES) if name[-1] in "aeiou" else chance.pick(VOWELS) + "n"
        name += chance.pick(ENDS[kind])
        if name not in used:
            used.add(name)
            return name


def _full_name(chance, given, families, used):
    """Join a given and a family name that nobody else has together."""
    while True:
        sex = chance.pick("mf")
        name = f"{chance.pick(given[sex])} {chance.pick(families)}"
        if name not in used:
            used.add(name)
            return name, sex


def _town(chance, n, names, rivers):
    topic = TOPICS[n % len(TOPICS)]
    product = chance.pick(nouns(chance.pick(("food", "thing")), topic))
    other = chance.pick([name for name in names if name != names[n]])
    facts = (chance.pick(rivers), 900 + chance.below(800), product, 1 + chance.below(12))
    fair = (1 + chance.below(28), 1 + chance.below(12))
    numbers = (100 * (2 + chance.below(90)), other, 2 + chance.below(120))
    return Town(names[n], topic, *facts, fair, *numbers)


def _person(chance, n, known, towns, used):
    name, gender = known[n]
    topic = TOPICS[n % len(TOPICS)]
    facts = (chance.pick(trades(topic)), chance.pick(towns), chance.pick(towns))
    dates = (1650 + chance.below(170), (1 + chance.below(28), 1 + chance.below(12)))
    teacher = chance.pick([other for other, _ in known if other != name])
    food = pick_noun(chance, "food", topic)
    pet = (chance.pick(nouns("animal", "general")), _name(chance, "animal", used))
    return Person(name, gender, topic, *facts, *dates, food, teacher, *pet)


def _dish(chance, n, towns, used):
    topic = TOPICS[n % len(TOPICS)]
    foods = []
    while len(foods) < 5:
        foods.append(pick_noun(chance, "food", topic, but=foods))
    amounts = tuple(2 + chance.below(8) for _ in foods)
    numbers = (2 + chance.below(7), tuple(foods), amounts, 5 * (2 + chance.below(20)))
    return Dish(_name(chance, "dish", used), topic, chance.pick(towns), *numbers)
