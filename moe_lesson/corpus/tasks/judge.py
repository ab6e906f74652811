"""Whether an answer is right, by rule."""

import re

from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.corpus.languages.realise import grammar
from moe_lesson.corpus.tasks.choices import subject_of
from moe_lesson.corpus.tasks.code import same_source
from moe_lesson.corpus.tasks.facts import statement
from moe_lesson.corpus.tasks.form import variants
from moe_lesson.corpus.tasks.manners import mentioned
from moe_lesson.corpus.tasks.reading import has, plain, speaks, strangers
from moe_lesson.corpus.tasks.words import members

SHORT_WORDS = 9  # a short answer has no more
STORY_WORDS = (3, 40)
SENTENCES = 2
ENDS = ".!?”»“"
CLASS_OF = {"trade": ("trade",), "dish": ("food",), "product": ("food", "tool")}


def is_right(task, text):
    """Judge any answer to a task.

    Not by equality: a fact counts in any words that hold the right value, no other name or
    number, the language and the style asked for; a translation in all the corpus's ways to
    say it; a list if its words are of the class, as many as asked for, and different.

    Returns:
        True or False.

    >>> from moe_lesson.corpus.tasks.build import task
    >>> one = task(0, "count", "en")
    >>> is_right(one, one.answer), is_right(one, "A thousand.")
    (True, False)

    Lesson 11.
    """
    return bool(text.strip()) and RULES[task.about["rule"]](task, text.strip())


def _fact(task, text):
    about = task.about
    language = about["answer_language"]
    held = any(has(text, value) for value in about["value"])
    style = _styled(task, text)
    clean = not strangers(task, text) and not _rivals(task, text)
    return held and style and clean and speaks(text, language) and not _foreign(task, text)


def _foreign(task, text):
    """Tell whether an answer is how another language says it: "viene da" is no Spanish."""
    own, question = task.about["answer_language"], task.about["question"]
    close = [one for one in LANGUAGES if one != own and speaks(text, one)]
    if not close:
        return False
    clause, known = statement(question, subject_of(task)), plain(text)
    own, *others = ({plain(one) for one in variants(clause, each)} for each in (own, *close))
    return known not in own and any(known in texts for texts in others)


def _styled(task, text):
    """Tell whether an answer is short, or a sentence that names its subject, as asked."""
    about, words = task.about, plain(text).split()
    if about["style"] == "short":
        return len(words) <= SHORT_WORDS and not has(text, about["subject"])
    return about["style"] != "full" or has(text, about["subject"]) and len(words) > 2


def _rivals(task, text):
    """List words of the right answer's class that are not it."""
    language, found = task.about["answer_language"], []
    right = {plain(value) for value in task.about["value"]}
    for kind in CLASS_OF.get(task.about["question"], ()):
        for member in members(kind, language):
            if not right & set(map(plain, member)):
                found += [form for form in member if has(text, form)]
    asked = task.messages[-1]["content"] + task.answer
    return [one for one in found if not has(asked, one)]


def _page(task, text):
    about = task.about
    held = any(has(text, value) for value in about["value"])
    allowed = task.answer
    wrong = [value for value in about["wrong"] if has(text, value) and not has(allowed, value)]
    style = about["style"] != "short" or len(plain(text).split()) <= SHORT_WORDS
    style = style and (about["style"] != "full" or len(plain(text).split()) >= 4)
    clean = style and not wrong and not strangers(task, text)
    return held and clean and speaks(text, task.language)


def _truth(task, text):
    about = task.about
    if plain(text).split()[:1] != plain(about["word"]).split():
        return False
    rest = text.split(None, 1)[1:]
    if not rest:
        return True
    right = any(has(rest[0], value) for value in about["value"])
    false = [v for v in about["false_value"] if has(rest[0], v) and not has(task.answer, v)]
    return right and not false and not _strange(task, rest[0]) and speaks(rest[0], task.language)


def _strange(task, text):
    """List strangers, among them the values of a false statement in the question."""
    allowed = set(re.findall(r"\w+", task.answer + task.about["subject"]))
    return [w for w in strangers(task, text) if w not in allowed]


def _equal(task, text):
    return plain(text) in {plain(one) for one in task.about["accepted"]}


def _number(task, text):
    words = plain(text).split()
    others = {str(n) for n in range(100)} | {grammar(task.language).number(n) for n in range(2, 30)}
    value = {plain(one) for one in task.about["value"]}
    return any(has(text, one) for one in value) and not set(words) & (others - value)


def _order(task, text):
    return plain(text) == plain(" ".join(task.about["value"]))


def _list(task, text):
    """Tell whether a list has as many different members of its class as asked for."""
    forms = {}
    for number, member in enumerate(members(task.about["kind"], task.language)):
        for form in member:
            forms.setdefault(plain(form), number)
    joints = r",|;|\n|\b(?:and|et|e|ed|und|y)\b"
    items = [plain(part) for part in re.split(joints, text) if plain(part)]
    found = [forms.get(one, forms.get(one.split(maxsplit=1)[-1])) for one in items]
    right = None not in found and len(found) == task.about["count"]
    return right and len(set(found)) == len(found)


def _foods(task, text):
    """Tell whether all ingredients are named, and nothing else to eat."""
    free = f" {plain(text.replace(task.about['subject'], ''))} "
    for one in task.about["value"]:
        named = [form for form in one if has(free, form)]
        if not named:
            return False
        for form in named:  # "pommes de terre" are no apples
            free = free.replace(f" {plain(form)} ", "  ")
    foods = (form for member in members("food", task.language) for form in member)
    return not any(has(free, form) for form in foods) and not strangers(task, text)


def _story(task, text):
    """Tell whether an answer is one or two whole sentences that take up a word of the story."""
    language, size = task.language, len(plain(text).split())
    whole = text[-1] in ENDS and (text.lstrip("«“„—¡¿ \u00a0\u202f")[:1] or "a").isupper()
    count = len(re.findall(r"[.!?]+(?=\s+[«“„—¡¿ ]*\w|$)", text))
    taken = mentioned(text, language) & mentioned(task.about["begun"], language)
    new = plain(text) not in plain(task.about["begun"])
    fits = STORY_WORDS[0] <= size <= STORY_WORDS[1] and count <= SENTENCES
    return bool(whole and fits and taken and new and speaks(text, language))


def _code(task, text):
    return same_source(text, task.answer)


RULES = {"fact": _fact, "truth": _truth, "page": _page, "equal": _equal, "list": _list}
RULES |= {"number": _number, "order": _order, "foods": _foods, "story": _story}
RULES |= {"refusal": _equal, "code": _code}
