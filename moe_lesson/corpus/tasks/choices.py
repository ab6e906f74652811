"""A right answer among wrong ones of the same kind, for scoring by likelihood."""

from moe_lesson.corpus.tasks.facts import FACTS, everybody, others, said, statement, values
from moe_lesson.corpus.tasks.form import spelled, upper
from moe_lesson.corpus.tasks.words import some

CHOICES = 4
WITH_CHOICES = (*FACTS, "follow", "language", "style", "true_or_false", "read", "count")


def choices(task, chance):
    """Offer the right answer and wrong ones of the same kind, in the same words.

    Args:
        chance: draws the wrong ones.

    Returns:
        Answers that all differ, the right one first: 2 for true_or_false, else 4.

    Raises:
        ValueError: the family has no choices.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> from moe_lesson.corpus.tasks.build import task
    >>> len(choices(task(0, "lives", "en"), Chance(0)))
    4

    Lesson 11.
    """
    if task.name not in WITH_CHOICES:
        raise ValueError(f"{task.name} has no choices: these have: {', '.join(WITH_CHOICES)}")
    if task.name == "true_or_false":
        return [task.answer, task.about["false"]]
    if task.name == "read":
        return [task.answer, *task.about["others"]]
    if task.name == "count":
        return [task.answer, *_counts(task, chance)]
    return [task.answer, *wrong_facts(task, chance, CHOICES - 1)]


def subject_of(task):
    """Find the person or town that a task's fact is about.

    >>> from moe_lesson.corpus.tasks.build import task
    >>> one = task(0, "lives", "en")
    >>> subject_of(one).name == one.about["subject"]
    True

    Lesson 11.
    """
    people = everybody(task.about["question"])
    return next(one for one in people if one.name == task.about["subject"])


def wrong_facts(task, chance, count):
    """State other people's facts of one who has none of them.

    >>> from moe_lesson.corpus.stories.chance import Chance
    >>> from moe_lesson.corpus.tasks.build import task
    >>> len(wrong_facts(task(0, "lives", "en"), Chance(0), 2))
    2

    Lesson 11.
    """
    about, subject = task.about, subject_of(task)
    name, language = about["question"], about["answer_language"]
    pool, found, used = list(others(name, subject, language)), [], set()
    while len(found) < count:
        other = chance.pick(pool)
        clause = statement(name, subject, other)
        value = values(name, clause, language)[0]
        pool.remove(other)
        if value not in used:
            used.add(value)
            found.append(said(name, clause, language, about["style"], about["variant"]))
    return found


def _counts(task, chance):
    right = task.about["count"]
    near = [n for n in range(max(2, right - 3), right + 4) if n != right]
    found = some(chance, near, CHOICES - 1)
    return [upper(spelled(n, task.language)) + "." for n in found]
