"""Facts of the world, asked for one at a time: where somebody lives, when a town was founded."""

from functools import cache

from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.lexicon import lexicon
from moe_lesson.corpus.languages.realise import grammar
from moe_lesson.corpus.languages.vocabulary import TOPICS
from moe_lesson.corpus.stories.talk import (
    ABOUT_PERSON,
    ABOUT_TOWN,
    PRESENT,
    person_fact,
    popular,
    town_fact,
)
from moe_lesson.corpus.stories.world import world
from moe_lesson.corpus.tasks.form import (
    VARIANTS,
    Fixed,
    Task,
    is_seen,
    phrase,
    show,
    user,
    variants,
)

OF_PERSON = tuple(question.removeprefix("q_") for question in ABOUT_PERSON)
OF_TOWN = tuple(question.removeprefix("q_") for question in ABOUT_TOWN)
FACTS = OF_PERSON + OF_TOWN
HELD_OUT_FACTS = ("teacher", "river", "market")
TRAINED_FACTS = tuple(name for name in FACTS if name not in HELD_OUT_FACTS)
STYLES = {"": "ask", "short": "short", "full": "full"}
EARLIER = 0.15  # share of the questions that follow two others
NOUN_COLUMNS = "sg pl m_sg m_pl f_sg f_pl m_gen f_gen gen".split()


def parts(name):
    """Look up a question's constructions and the role that answers it.

    >>> parts("lives")
    ('q_lives', 'short_in', 'f_lives', 'town')

    Lesson 11.
    """
    question = f"q_{name}"
    return question, *(ABOUT_PERSON | ABOUT_TOWN)[question]


def statement(name, subject, other=None):
    """State a fact of somebody or of a town; or, planted, what is another's instead.

    >>> statement("lives", world().people[0]).construction
    'f_lives'

    Lesson 11.
    """
    _, _, full, fact = parts(name)
    make = person_fact if name in OF_PERSON else town_fact
    clause = make(subject, full, fact)
    if other is None:
        return clause
    value = make(other, full, fact).roles[fact]
    if name == "trade":
        value = value._replace(gender=subject.gender)
    return clause._replace(roles=clause.roles | {fact: value})


def said(name, clause, language, style, variant):
    """Write a stated fact in short or as a sentence.

    Of the ways to say it in short the shortest is taken: none with "I think" or "of course".

    >>> said("born_year", statement("born_year", world().people[0]), "de", "short", 0)[:8]
    'Im Jahr '

    Lesson 11.
    """
    _, short, _, fact = parts(name)
    if style == "short":
        roles = dict(clause.roles)
        if short == "short_person":
            roles["person"] = roles[fact]
        elif short == "short_trade":
            roles["person"] = roles["person"]._replace(form="pron")
        return min(variants(Clause(short, roles, PRESENT), language), key=len)
    return show(clause, language, Fixed(variant))


def values(name, clause, language):
    """List the ways in which a statement's answer is written.

    >>> values("market", statement("market", world().towns[0]), "en")[0] in grammar("en").MONTHS
    True

    Lesson 11.
    """
    value, tools = clause.roles[parts(name)[3]], grammar(language)
    if isinstance(value, Ref):
        return (value.name,) if value.name else forms(value.noun, language)
    if isinstance(value, tuple):
        return (tools.date(*value),)
    if name == "market":
        return (tools.MONTHS[value - 1],)
    return (str(value), tools.year(value)) if isinstance(value, int) else (value,)


def forms(noun, language):
    """List a noun's forms in a language.

    >>> forms("goose", "en")
    ('goose', 'geese')

    Lesson 11.
    """
    row = lexicon(language).nouns[noun]
    cells = [row[column] for column in NOUN_COLUMNS if row.get(column)]
    if language == "de":
        cells += [f"{row[column]}n" for column in ("pl", "m_pl", "f_pl") if row.get(column)]
    return tuple(dict.fromkeys(cells))


def everybody(name):
    """List those whom a question may be about.

    >>> len(everybody("river"))
    78

    Lesson 11.
    """
    return world().people if name in OF_PERSON else world().towns


def knows(name, subject):
    """Tell whether a fact may stand in tuning text: its subject, and a person it names.

    >>> knows("lives", world().people[4])
    False

    Lesson 11.
    """
    if not is_seen(everybody(name).index(subject)):
        return False
    named = statement(name, subject).roles[parts(name)[3]]
    if not isinstance(named, Ref) or not named.name:
        return True
    return is_seen([person.name for person in world().people].index(named.name))


@cache
def known(name, seen=True):
    """List those whose fact may stand in tuning text, or those whose fact may not.

    >>> len(known("lives")), len(known("lives", seen=False))
    (240, 60)

    Lesson 11.
    """
    return tuple(one for one in everybody(name) if knows(name, one) == seen)


def draw_subject(name, tools):
    """Choose whom or what to ask about, the popular ones more often.

    Returns:
        A Person or Town, and whether its fact may stand in tuning text.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> draw_subject("lives", some_tools("en"))[1]
    True

    Lesson 11.
    """
    seen = not (tools.unseen and tools.plan.flip(0.5))
    return popular(tools.plan, known(name, seen), tools.plan.pick(TOPICS)), seen


def others(name, subject, language):
    """List those whose answer to the same question is another one.

    >>> world().people[0] in others("lives", world().people[0], "en")
    False

    Lesson 11.
    """
    right = set(values(name, statement(name, subject), language))
    return [
        one
        for one in known(name)
        if one != subject and not right & set(values(name, statement(name, one), language))
    ]


def ask(name, subject, language, chance):
    """Write the question about somebody or a town.

    >>> ask("founded", world().towns[0], "en", Fixed(0))[:8]
    'When was'

    Lesson 11.
    """
    roles = statement(name, subject).roles
    return show(Clause(parts(name)[0], roles, PRESENT), language, chance)


def fact_task(name, tools):
    """Ask for a fact, in short or in a sentence or as one likes; sometimes after two others.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> fact_task("lives", some_tools("en")).messages[-1]["content"]
    'I would like to know something. Where does Ulardisa Breltander live?'

    Lesson 11.
    """
    subject, seen = draw_subject(name, tools)
    style = tools.style.pick(tuple(STYLES), (2, 1, 1))
    earlier = []
    if tools.style.flip(EARLIER):
        for _ in range(2):
            earlier += _exchange(tools)
    return fact_about(name, subject, tools, (style, style, seen), earlier)


def fact_about(name, subject, tools, how, earlier=(), system=None):
    """Ask for a given fact.

    Args:
        how: what the instruction says of the style; the style of the answer; whether the
            fact may stand in tuning text.
        earlier: messages before the question.
        system: a system message.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> fact_about("lives", world().people[0], some_tools("en"), ("", "full", True)).about["style"]
    'full'

    Lesson 11.
    """
    worded, style, seen = how
    variant = tools.style.below(VARIANTS)
    text = ask(name, subject, tools.language, tools.style)
    text = phrase(tools.language, STYLES[worded], tools.style, question=text)
    first = [{"role": "system", "content": system}] if system else []
    about = {"rule": "fact", "question": name, "subject": subject.name, "style": style}
    about |= {"variant": variant, "seen": "yes" if seen else "no"}
    return stated(
        name, subject, Task(name, tools.language, (*first, *earlier, user(text)), "", about)
    )


def stated(name, subject, task, language=None):
    """Give a task about a fact its answer and what that answer is judged by.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> one = fact_task("born_year", some_tools("en"))
    >>> stated("born_year", world().people[0], one, "es").about["answer_language"]
    'es'

    Lesson 11.
    """
    language = language or task.language
    clause = statement(name, subject)
    answer = said(name, clause, language, task.about["style"], task.about["variant"])
    judged = {"answer_language": language, "value": values(name, clause, language)}
    return task._replace(answer=answer, about=task.about | judged)


def _exchange(tools):
    """Write a question and its answer, as two turns."""
    name = tools.plan.pick(TRAINED_FACTS)
    subject = popular(tools.plan, known(name), tools.plan.pick(TOPICS))
    question = ask(name, subject, tools.language, tools.style)
    answer = said(name, statement(name, subject), tools.language, "", tools.style.below(VARIANTS))
    return [user(question), {"role": "assistant", "content": answer}]


def follow_task(name, tools):
    """Ask of one, then "and of another?".

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> [turn["role"] for turn in follow_task("follow", some_tools("en")).messages]
    ['user', 'assistant', 'user']

    Lesson 11.
    """
    question = tools.plan.pick(TRAINED_FACTS)
    subject, seen = draw_subject(question, tools)
    pool = [one for one in known(question) if one != subject]
    before = popular(tools.plan, pool, tools.plan.pick(TOPICS))
    variant = tools.style.below(VARIANTS)
    asked = ask(question, before, tools.language, tools.style)
    told = said(question, statement(question, before), tools.language, "", variant)
    last = user(phrase(tools.language, name, tools.style, name=subject.name))
    turns = (user(asked), {"role": "assistant", "content": told}, last)
    about = {"rule": "fact", "question": question, "subject": subject.name, "style": ""}
    about |= {"variant": variant, "seen": "yes" if seen else "no"}
    return stated(question, subject, Task(name, tools.language, turns, "", about))
