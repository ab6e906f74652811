"""The corpus as documents: every language, topic and register alike, and code."""

from itertools import count

from moe_lesson import one_of
from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.corpus.languages.realise import print_document, sentence
from moe_lesson.corpus.languages.vocabulary import TOPICS
from moe_lesson.corpus.stories.almanac import almanac, recipe
from moe_lesson.corpus.stories.chance import Chance
from moe_lesson.corpus.stories.letters import letter
from moe_lesson.corpus.stories.plots import story
from moe_lesson.corpus.stories.talk import dialogue

WRITERS = {"story": story, "dialogue": dialogue, "letter": letter}
WRITERS |= {"recipe": recipe, "almanac": almanac}
REGISTERS = tuple(WRITERS)
# Documents of each register in one round of all languages and topics.
ROUND = ("story", "story", "dialogue", "dialogue", "letter", "letter", "recipe", "almanac")
# Seeds of documents: those of training text lie below, those of held-out text above.
HELD_OUT = 240 * (1 << 32)


def write(number, language, topic, register, plot=None):
    """Write one document.

    The same number, topic and register give the same document in every language.

    Args:
        plot: of a story: (goal, obstacle); None leaves it to chance.

    Returns:
        A Document.

    Raises:
        ValueError: there is no such language, topic or register.

    >>> write(0, "en", "sea", "recipe").about["register"]
    'recipe'

    Lesson 10.
    """
    one_of("language", language, LANGUAGES)
    one_of("topic", topic, TOPICS)
    one_of("register", register, REGISTERS)
    plan = Chance(8 * number + 1)
    abstract = WRITERS[register](plan, topic, **({"plot": plot} if plot else {}))
    style = Chance(8 * number + 2 + LANGUAGES.index(language))
    paragraphs = [[sentence(one, language, style) for one in part] for part in abstract]
    about = {"language": language, "topic": topic, "register": register}
    about["story"] = f"{register}/{topic}/{number}"
    return print_document(paragraphs, language, about, plan.bits + style.bits)


def documents(seed=0, start=0):
    """Write documents without end, all languages, topics and registers in turn.

    Args:
        seed: of the whole series; 0 to 999.
        start: of the series: below HELD_OUT for training.

    Yields:
        Documents; each round of 240 has every language with every topic and every register
        equally often, so that none of the three tells anything about the others.

    >>> next(documents()).about["language"]
    'en'

    Lesson 10.
    """
    cells = [(r, topic, language) for r in ROUND for topic in TOPICS for language in LANGUAGES]
    for number in count(start + seed * 1_000_000):
        register, topic, language = cells[number % len(cells)]
        yield write(number, language, topic, register)
