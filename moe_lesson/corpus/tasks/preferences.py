"""Pairs of a better and a worse answer, by rule."""

from itertools import count
from zlib import crc32

from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.corpus.stories.chance import Chance
from moe_lesson.corpus.tasks.build import HELD_OUT_START, task
from moe_lesson.corpus.tasks.choices import subject_of, wrong_facts
from moe_lesson.corpus.tasks.facts import TRAINED_FACTS, said, stated, statement
from moe_lesson.corpus.tasks.form import Pair, Tools
from moe_lesson.corpus.tasks.manners import request_task
from moe_lesson.corpus.tasks.truth import truth_of

RULES = ("true", "agree", "length", "polite", "ban", "language")


def pairs(seed=0, rules=RULES):
    """Write pairs without end, all rules and languages in turn.

    Args:
        seed: of the whole series; 0 to 999.

    Yields:
        Pairs, all of seen people and towns.

    >>> next(pairs(rules=("ban",))).rule
    'ban'

    Lesson 11.
    """
    cells = [(rule, language) for rule in rules for language in LANGUAGES]
    for number in count(seed * 1_000_000):
        yield pair(number, *cells[number % len(cells)])


def held_out_pairs(count):
    """Write pairs that no tuning text has; half of them are of unseen people and towns.

    >>> len(held_out_pairs(2))
    2

    Lesson 11.
    """
    cells = [(rule, language) for rule in RULES for language in LANGUAGES]
    return [pair(HELD_OUT_START + n, *cells[n % len(cells)], unseen=True) for n in range(count)]


def pair(number, rule, language, unseen=False):
    """Write one pair.

    - ``true``: the fact is better than another's;
    - ``agree``: "is that not so?" is answered by what is true, not by yes or no;
    - ``length``: in short or in a sentence, as was asked for;
    - ``polite``: with or without "please", as was asked for;
    - ``ban``: a refusal where a subject is banned, an answer where it is not;
    - ``language``: in the language that the system message names.

    >>> pair(0, "agree", "en").task.about["form"]
    'tag'

    Lesson 11.
    """
    keys = (f"pair/{rule}", f"pair/{rule}/{language}")
    plan, style = (Chance((number << 32) + crc32(key.encode())) for key in keys)
    return MAKERS[rule](number, Tools(language, plan, style, unseen))


def _true(number, tools):
    name = tools.plan.pick(TRAINED_FACTS)
    asked = task(number, name, tools.language, tools.unseen)
    return Pair(asked, asked.answer, wrong_facts(asked, tools.style, 1)[0], "true")


def _agree(number, tools):
    asked = truth_of("true_or_false", tools, "tag")
    return Pair(asked, asked.answer, asked.about["false"], "agree")


def _length(number, tools):
    name = tools.plan.pick((*TRAINED_FACTS, "style"))
    while True:
        asked = task(number, name, tools.language, tools.unseen)
        if asked.about["style"]:
            break
        number += 1 << 20
    other = {"short": "full", "full": "short"}[asked.about["style"]]
    question, subject = asked.about["question"], subject_of(asked)
    how = tools.language, other, asked.about["variant"]
    return Pair(asked, asked.answer, said(question, statement(question, subject), *how), "length")


def _polite(number, tools):
    kind = tools.plan.pick(("please", "bare"))
    asked = request_task("polite", tools, kind)
    return Pair(asked, asked.answer, asked.about["other"], "polite")


def _ban(number, tools):
    asked = task(number, "ban", tools.language, tools.unseen)
    refused = asked.about["banned"] == "yes"
    worse = asked.about["told"] if refused else asked.about["refusal"]
    return Pair(asked, asked.answer, worse, "ban")


def _language(number, tools):
    asked = task(number, "language", tools.language, tools.unseen)
    other = stated(asked.about["question"], subject_of(asked), asked, tools.language)
    return Pair(asked, asked.answer, other.answer, "language")


MAKERS = {"true": _true, "agree": _agree, "length": _length, "polite": _polite, "ban": _ban}
MAKERS |= {"language": _language}
