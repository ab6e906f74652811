"""Questions that only a page in the prompt answers: a price, the day of a fair, days of rain."""

from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.lexicon import Word, lexicon
from moe_lesson.corpus.languages.realise import grammar
from moe_lesson.corpus.languages.vocabulary import TOPICS, pick_noun
from moe_lesson.corpus.stories.talk import PRESENT
from moe_lesson.corpus.stories.world import world
from moe_lesson.corpus.tasks.form import (
    VARIANTS,
    Fixed,
    Task,
    phrase,
    show,
    spelled,
    upper,
    user,
    variants,
    words_of,
)

ROLE = {"rain": "number", "fair": "date", "price": "number2"}
SHORT = {"rain": "days", "fair": "short_date", "price": "coins"}
GENDER = {"rain": ("m", ""), "price": ("f", "")}  # of days and of coins
STYLES = ("", "short", "full")


def read_task(name, tools):
    """Show a page of an invented almanac and ask for one thing on it.

    What the page tells is drawn anew each time, the fairs too: the world's own day of a fair
    is a wrong answer here.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> read_task("read", some_tools("en")).answer
    'In Kandeskel, six kilos of chestnuts sell for twenty coins.'

    Lesson 11.
    """
    plan, language = tools.plan, tools.language
    lines = _page(plan)
    kind = plan.pick(tuple(ROLE))
    asked = plan.pick([clause for part, clause in lines if part == kind])
    style, variant = tools.style.pick(STYLES, (2, 1, 1)), tools.style.below(VARIANTS)
    page = "\n".join(show(clause, language, tools.style) for _, clause in lines)
    question = _question(kind, asked, tools)
    if style:
        question = phrase(language, style, tools.style, question=question)
    text = phrase(language, name, tools.style, page=page, question=question)
    value, near = value_of(kind, asked, language), _near(kind, asked)
    wrong = [one for part, clause in lines for one in value_of(part, clause, language)]
    wrong += [one for clause in near for one in value_of(kind, clause, language)]
    how = language, style, variant
    about = {"rule": "page", "kind": kind, "style": style, "variant": variant, "value": value}
    about |= {"wrong": tuple(one for one in dict.fromkeys(wrong) if one not in value)}
    about |= {"seen": "yes", "others": tuple(told(kind, clause, *how) for clause in near)}
    return Task(name, language, (user(text),), told(kind, asked, *how), about)


def _page(plan):
    """Invent what a page tells: (kind, clause) for each line."""
    month = 1 + plan.below(12)
    roles = {"month": month, "number": 2 + plan.below(20)}
    lines = [("title", Clause("a_title", {"month": month}, PRESENT))]
    lines.append(("rain", Clause("a_weather_rain", roles, PRESENT)))
    towns, foods = [], []
    for kind in ("fair", "fair", "price"):
        towns.append(plan.pick([t.name for t in world().towns if t.name not in towns]))
        if kind == "fair":
            roles = {"town": towns[-1], "date": (1 + plan.below(28), 1 + plan.below(12))}
            lines.append((kind, Clause("a_on_day", roles, PRESENT)))
        else:
            foods.append(pick_noun(plan, "food", plan.pick(TOPICS), but=foods))
            roles = {"town": towns[-1], "food": Ref(foods[-1], number="bulk")}
            roles |= {"number": 2 + plan.below(9), "number2": 12 + plan.below(30)}
            lines.append((kind, Clause("a_price", roles, PRESENT)))
    return lines


def _near(kind, asked):
    """Answer a question with something else of the same kind, three times."""
    value = asked.roles[ROLE[kind]]
    if kind == "fair":
        day, month = value
        other = [(1 + (day + 6) % 28, month), (day, 1 + (month + 4) % 12)]
        new = [*other, (1 + (day + 12) % 28, 1 + (month + 8) % 12)]
    else:
        new = [value + 1, value + 4, value - 1 if value > 2 else value + 7]
    return [asked._replace(roles=asked.roles | {ROLE[kind]: one}) for one in new]


def value_of(kind, clause, language):
    """List the ways in which what a line tells is written.

    >>> value_of("rain", Clause("a_weather_rain", {"month": 1, "number": 5}), "en")
    ('five', '5')

    Lesson 11.
    """
    if kind == "title":
        return ()
    value = clause.roles[ROLE[kind]]
    if kind == "fair":
        return (grammar(language).date(*value),)
    spelt = [grammar(language).number(value, feature) for feature in GENDER[kind]]
    return tuple(dict.fromkeys((*spelt, str(value))))


def told(kind, clause, language, style, variant):
    """Write what a line tells, in short or as a sentence.

    >>> told("rain", Clause("a_weather_rain", {"month": 1, "number": 5}), "en", "short", 0)
    'Five days.'

    Lesson 11.
    """
    if style != "short":
        return show(clause, language, Fixed(variant))
    if kind == "fair":
        roles = {"date": clause.roles["date"]}
        return min(variants(Clause(SHORT[kind], roles, PRESENT), language), key=len)
    number = value_of(kind, clause, language)[0]
    return upper(phrase(language, SHORT[kind], Fixed(0), number=number))


def _question(kind, asked, tools):
    """Ask for what a line tells."""
    roles, language = asked.roles, tools.language
    fields = {}
    if kind == "rain":
        fields["month"] = grammar(language).MONTHS[roles["month"] - 1]
    elif kind == "fair":
        fields["town"] = roles["town"]
    else:
        of = [Word("de", "adp")] if language == "fr" else []  # "d'oignons"
        food = words_of(counted(roles["food"], language), language, "bulk", of)
        fields = {"town": roles["town"], "food": food, "number": spelled(roles["number"], language)}
    return phrase(language, f"read_{kind}", tools.style, **fields)


def counted(ref, language):
    """Count food as a language does: milk is one, beans are many.

    >>> counted(Ref("bean", number="bulk"), "en").number
    'pl'

    Lesson 11.
    """
    mass = lexicon(language).nouns[ref.noun]["mass"] == "1"
    return ref._replace(number="sg" if mass else "pl")
