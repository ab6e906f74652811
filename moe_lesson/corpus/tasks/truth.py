"""Whether a told fact is true, and what is true instead."""

from moe_lesson.corpus.tasks.facts import (
    TRAINED_FACTS,
    draw_subject,
    others,
    said,
    statement,
    values,
)
from moe_lesson.corpus.tasks.form import VARIANTS, Fixed, Task, phrase, user


def truth_task(name, tools):
    """Tell a fact, true or planted, and ask whether it is true.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> truth_task("true_or_false", some_tools("en")).about["word"] in ("Yes.", "No.")
    True

    Lesson 11.
    """
    return truth_of(name, tools, "true")


def truth_of(name, tools, form):
    """Tell a fact; ``true`` asks openly, ``tag`` takes agreement for granted.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> truth_of("true_or_false", some_tools("en"), "tag").about["form"]
    'tag'

    Lesson 11.
    """
    question = tools.plan.pick(TRAINED_FACTS)
    subject, seen = draw_subject(question, tools)
    is_true = tools.plan.flip(0.5)
    other = tools.plan.pick(others(question, subject, tools.language))
    variant, told = tools.style.below(VARIANTS), tools.style.below(VARIANTS)
    right, wrong = statement(question, subject), statement(question, subject, other)
    fact = said(question, right if is_true else wrong, tools.language, "full", told)
    fields = {"fact": fact, "claim": fact.removesuffix(".")}
    messages = (user(phrase(tools.language, form, tools.style, **fields)),)
    yes, no = (phrase(tools.language, word, Fixed(0)) for word in ("yes", "no"))
    true, false = (
        said(question, clause, tools.language, "full", variant) for clause in (right, wrong)
    )
    about = {"rule": "truth", "question": question, "subject": subject.name, "form": form}
    about |= {"seen": "yes" if seen else "no", "answer_language": tools.language}
    about |= {"word": yes if is_true else no, "truth": "yes" if is_true else "no"}
    about |= {"value": values(question, right, tools.language)}
    about |= {"false_value": values(question, wrong, tools.language)}
    about["false"] = f"{no if is_true else yes} {false}"
    return Task(name, tools.language, messages, f"{about['word']} {true}", about)
