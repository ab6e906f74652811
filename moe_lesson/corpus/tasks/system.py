"""Tasks with a system message: the language, the style, or a subject that is banned."""

from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.corpus.tasks.facts import (
    TRAINED_FACTS,
    draw_subject,
    fact_about,
    stated,
)
from moe_lesson.corpus.tasks.form import phrase, phrases

# What is banned, and the questions that touch it, or come too near to tell.
TOPIC_FACTS = {
    "animals": ("animal",),
    "food": ("dish",),
    "birthdays": ("birthday",),
    "trades": ("trade",),
    "years": ("born_year", "founded"),
    "homes": ("lives",),
}
NEAR = {"food": {"product"}, "birthdays": {"born_year"}, "trades": {"mayor"}}
NEAR |= {"years": {"birthday"}, "homes": {"born_town"}}


def language_task(name, tools):
    """Ask for a fact in one language, where a system message demands another.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> [turn["role"] for turn in language_task("language", some_tools("en")).messages]
    ['system', 'user']

    Lesson 11.
    """
    target = tools.style.pick([one for one in LANGUAGES if one != tools.language])
    question = tools.plan.pick(TRAINED_FACTS)
    subject, seen = draw_subject(question, tools)
    system = phrase(target, "only", tools.style)
    task = fact_about(question, subject, tools, ("", "", seen), system=system)
    return stated(question, subject, task._replace(name=name), target)


def style_task(name, tools):
    """Ask for a fact, where a system message sets the style.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> style_task("style", some_tools("en")).about["style"] in ("short", "full")
    True

    Lesson 11.
    """
    question = tools.plan.pick(TRAINED_FACTS)
    subject, seen = draw_subject(question, tools)
    style = tools.style.pick(("short", "full"))
    system = phrase(tools.language, f"system_{style}", tools.style)
    return fact_about(question, subject, tools, ("", style, seen), system=system)._replace(
        name=name
    )


def ban_task(name, tools):
    """Ask for a fact, where a system message bans its subject, or another one.

    Half of the bans are of a person or town, half of a kind of facts; half of the questions
    touch what is banned, and the right answer to these is a refusal.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> ban_task("ban", some_tools("en")).about["banned"] in ("yes", "no")
    True

    Lesson 11.
    """
    banned = tools.plan.flip(0.5)
    if tools.plan.flip(0.5):
        question = tools.plan.pick(TRAINED_FACTS)
        subject, seen = draw_subject(question, tools)
        other = subject
        while not banned and other == subject:
            other, _ = draw_subject(question, tools._replace(unseen=False))
        topic = phrase(tools.language, "topic_name", tools.style, name=other.name)
    else:
        kind = tools.plan.pick(tuple(TOPIC_FACTS))
        touched = TOPIC_FACTS[kind]
        near = {*touched, *NEAR.get(kind, ())}
        free = [one for one in TRAINED_FACTS if one not in near]
        question = tools.plan.pick(touched if banned else free)
        subject, seen = draw_subject(question, tools)
        topic = phrase(tools.language, f"topic_{kind}", tools.style)
    system = phrase(tools.language, name, tools.style, topic=topic)
    task = fact_about(question, subject, tools, ("", "", seen), system=system)
    about = task.about | {"banned": "yes" if banned else "no", "told": task.answer}
    refusal = phrase(tools.language, "refuse", tools.style)
    about["refusal"] = refusal
    if banned:
        about |= {"rule": "refusal", "accepted": tuple(phrases(tools.language)["refuse"])}
        task = task._replace(answer=refusal)
    return task._replace(name=name, about=about)
