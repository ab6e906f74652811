"""Tasks of every family, by number: those to tune on, and those that no tuning text has."""

from itertools import count, islice
from zlib import crc32

from moe_lesson import one_of
from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.corpus.stories.chance import Chance
from moe_lesson.corpus.tasks.code import code_task
from moe_lesson.corpus.tasks.facts import FACTS, HELD_OUT_FACTS, fact_task, follow_task
from moe_lesson.corpus.tasks.form import Tools
from moe_lesson.corpus.tasks.grammar import correct_task
from moe_lesson.corpus.tasks.manners import ingredients_task, polite_task, story_task
from moe_lesson.corpus.tasks.pages import read_task
from moe_lesson.corpus.tasks.system import ban_task, language_task, style_task
from moe_lesson.corpus.tasks.translation import translate_task
from moe_lesson.corpus.tasks.truth import truth_task
from moe_lesson.corpus.tasks.words import count_task, list_task, number_task, order_task

WRITERS = dict.fromkeys(FACTS, fact_task) | {"follow": follow_task, "true_or_false": truth_task}
WRITERS |= {"read": read_task, "translate": translate_task, "continue_story": story_task}
WRITERS |= {"list": list_task, "count": count_task, "order": order_task}
WRITERS |= {"singular": number_task, "plural": number_task, "correct": correct_task}
WRITERS |= {"ingredients": ingredients_task, "polite": polite_task, "code": code_task}
WRITERS |= {"language": language_task, "style": style_task, "ban": ban_task}
NAMES = tuple(WRITERS)
# Families that no tuning text has, each with a near one that it has.
HELD_OUT = (*HELD_OUT_FACTS, "plural")
TRAINED = tuple(name for name in NAMES if name not in HELD_OUT)
# Numbers of tasks: those to tune on lie below, those held out above.
HELD_OUT_START = 1 << 40


def task(number, name, language, unseen=False):
    """Write one task.

    The same number and family ask for the same in every language.

    Args:
        unseen: whether half may be of people, towns, dishes, functions and a direction of
            translation that no tuning text has.

    Raises:
        ValueError: there is no such family or language.

    >>> task(0, "born_year", "en").about["seen"]
    'yes'

    Lesson 11.
    """
    one_of("name", name, NAMES)
    one_of("language", language, LANGUAGES)
    plan, style = (
        Chance((number << 32) + crc32(key.encode())) for key in (name, f"{name}/{language}")
    )
    return WRITERS[name](name, Tools(language, plan, style, unseen))


def tasks(seed=0, start=0, names=TRAINED, languages=LANGUAGES):
    """Write tasks without end, all families and languages in turn.

    Args:
        seed: of the whole series; 0 to 999.
        start: of the series: below HELD_OUT_START for tuning.

    Yields:
        Tasks, all of seen people, towns, dishes and functions.

    >>> next(tasks(names=("code",))).name
    'code'

    Lesson 11.
    """
    cells = [(name, language) for name in names for language in languages]
    for number in count(start + seed * 1_000_000):
        yield task(number, *cells[number % len(cells)])


def held_out_tasks(count, names=NAMES, languages=LANGUAGES):
    """Write tasks that no tuning text has, all families and languages in turn.

    Half the facts, recipes and functions are of unseen subjects: ``about["seen"]`` is "no".

    >>> len(held_out_tasks(3))
    3

    Lesson 11.
    """
    cells = [(name, language) for name in names for language in languages]
    return [task(HELD_OUT_START + n, *cells[n % len(cells)], unseen=True) for n in range(count)]


def some_tasks(count, **how):
    """Write the first tasks of ``tasks``.

    >>> len(some_tasks(2, names=("list",)))
    2

    Lesson 11.
    """
    return list(islice(tasks(**how), count))
