"""Questions over the corpus's world, laid out so that only knowledge can answer them."""

from itertools import count, product

from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.corpus.stories.chance import Chance
from moe_lesson.corpus.tasks.build import HELD_OUT_START, held_out_tasks, task
from moe_lesson.corpus.tasks.choices import choices, subject_of
from moe_lesson.corpus.tasks.facts import ask, everybody, knows, said, statement, values
from moe_lesson.corpus.tasks.form import Fixed
from moe_lesson.lessons.lesson12.benchmarks import Question

KNOWLEDGE = ("lives", "trade", "born_year", "dish")
TOGETHER = 4  # subjects of a group, each with the others' answers as rivals


def shuffled(options, generator):
    """Put the right answer, which comes first, in a place drawn by chance.

    Args:
        options: the right answer, then wrong ones.
        generator: a NumPy generator.

    Returns:
        The options in their new order, and the right one's place.

    >>> import numpy as np
    >>> order, gold = shuffled(["yes", "no"], np.random.default_rng(0))
    >>> order[gold]
    'yes'

    Lesson 12.
    """
    order = generator.permutation(len(options))
    return [options[n] for n in order], int(order.argmin())


def careless(number, generator, names=KNOWLEDGE):
    """Ask held-out questions with wrong answers drawn from anybody.

    Args:
        number: of questions; families and languages take turns.

    Returns:
        Questions; those about one person are one cluster.

    >>> import numpy as np
    >>> len(careless(2, np.random.default_rng(0), names=("read",))[0].choices)
    4

    Lesson 12.
    """
    found = []
    for n, one in enumerate(held_out_tasks(number, names)):
        options, gold = shuffled(choices(one, Chance(n)), generator)
        text, cluster = one.messages[-1]["content"], f"{one.name} {n}"
        if one.name in KNOWLEDGE:
            cluster = one.about["subject"]
            text = ask(one.about["question"], subject_of(one), one.language, Fixed(0))
        found.append(Question(text, tuple(options), gold, cluster, one.name, one.language))
    return found


def fame(name):
    """Tell how many people are spoken of more often than this one.

    >>> fame(everybody("lives")[7].name)
    7

    Lesson 12.
    """
    return [one.name for one in everybody("lives")].index(name)


def groups(name, start, number):
    """Gather subjects of like fame in groups of four whose answers all differ.

    For trades, whose words tell a woman from a man, all four are of one sex.

    Args:
        name: a family of facts.
        start: how many more famous subjects are passed over: the world lists the most
            mentioned first.
        number: of groups.

    >>> [len(group) for group in groups("lives", 0, 3)]
    [4, 4, 4]

    Lesson 12.
    """
    left, found = list(everybody(name)[start:]), []
    for _ in range(number):
        group, used = [], set()
        for one in left:
            value = values(name, statement(name, one), "en")[0]
            fits = name != "trade" or not group or one.gender == group[0].gender
            if len(group) < TOGETHER and fits and value not in used:
                group.append(one)
                used.add(value)
        left = [one for one in left if one not in group]
        found.append(group)
    return found


def fair(name, language, members, wording=0):
    """Ask four subjects the same question, the same four answers offered to each.

    Whoever does not look at the subject is right exactly once: no answer is more often right
    than another, however often the corpus mentions it.

    Args:
        wording: which of the three ways to ask.

    >>> [one.gold for one in fair("lives", "en", groups("lives", 0, 1)[0])]
    [0, 1, 2, 3]

    Lesson 12.
    """
    told = tuple(said(name, statement(name, one), language, "short", 0) for one in members)
    cluster = f"{name} {members[0].name}"
    asked = (ask(name, one, language, Fixed(wording)) for one in members)
    about = [(cluster, name, language, knows(name, one)) for one in members]
    return [Question(text, told, n, *about[n]) for n, text in enumerate(asked)]


def knowledge(starts=(0, 120), languages=LANGUAGES, number=1):
    """Ask fair questions in several languages, about famous and less famous subjects.

    Returns:
        Questions; the four of a group in all languages are one cluster.

    >>> len(knowledge((0,), ("en",)))
    16

    Lesson 12.
    """
    return [
        question
        for start in starts
        for name in KNOWLEDGE
        for members in groups(name, start, number)
        for language in languages
        for question in fair(name, language, members)
    ]


def counting(number):
    """Ask how many words a list has, four lists of different length together.

    Fair as ``fair`` is: each list is offered the four right numbers of its group.

    Args:
        number: of groups, a cluster each; languages take turns.

    >>> [len(set(one.choices)) for one in counting(1)]
    [4, 4, 4, 4]

    Lesson 12.
    """
    found, waiting = [], {language: {} for language in LANGUAGES}
    for n in count():
        one = task(HELD_OUT_START + n, "count", LANGUAGES[n % len(LANGUAGES)], unseen=True)
        group = waiting[one.language]
        group.setdefault(one.answer, one.messages[-1]["content"])
        if len(group) == TOGETHER:
            told, about = tuple(group), (f"count {n}", "count", one.language)
            found += [Question(text, told, at, *about) for at, text in enumerate(group.values())]
            waiting[one.language] = {}
        if len(found) == TOGETHER * number:
            return found


def grammar(number, generator, languages=LANGUAGES):
    """Set a sentence beside itself with one mistake: no question, two choices.

    Args:
        number: of plans, a cluster each: every plan is said in every language. Where a language
            has no word to spoil in it, that language says another sentence.

    >>> import numpy as np
    >>> [len(one.choices) for one in grammar(1, np.random.default_rng(0), ("en",))]
    [2]

    Lesson 12.
    """
    found = []
    for plan, language in product(range(number), languages):
        one = task(HELD_OUT_START + plan, "correct", language, unseen=True)
        options, gold = shuffled([one.answer, one.about["wrong"]], generator)
        kind = one.about["mistake"]
        found.append(Question("", tuple(options), gold, f"plan {plan}", kind, language))
    return found
