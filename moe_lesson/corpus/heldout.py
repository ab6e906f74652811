"""Documents for questions: one story in every language, unseen plots, a change of language."""

from itertools import islice, product

from moe_lesson.corpus.build import HELD_OUT, documents, write
from moe_lesson.corpus.document import Document, Span
from moe_lesson.corpus.labels import homographs
from moe_lesson.corpus.languages.abstract import Clause, Ref
from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.corpus.languages.realise import LOWER, print_document, sentence
from moe_lesson.corpus.languages.vocabulary import TOPICS, pick_noun
from moe_lesson.corpus.stories.chance import Chance
from moe_lesson.corpus.stories.plots import UNSEEN

# Each set has numbers of its own, so that no document stands in two of them.
PARALLEL, PLOTS, SWITCHED, PAGES = (HELD_OUT + n * 1_000_000 for n in range(1, 5))
HOMOGRAPHS = 3  # that a page of them has at least
# Verbs whose past is one word in every language.
PLAIN_VERBS = "find buy sell see carry repair clean paint steal hide".split()


def held_out(count=240):
    """Write documents like those of training, which none of those is.

    Only whole rounds of 240 hold every language, topic and register equally often: the first
    120 are all stories and dialogues.

    >>> len(held_out(count=10))
    10

    Lesson 10.
    """
    return list(islice(documents(start=HELD_OUT), count))


def parallel(count=12):
    """Write stories in every language.

    Returns:
        A list of stories, each a list of five Documents, in the order of LANGUAGES.

    >>> [page.about["language"] for page in parallel(count=1)[0]]
    ['en', 'fr', 'it', 'de', 'es']

    Lesson 10.
    """
    return [
        [write(PARALLEL + n, language, TOPICS[n % 6], "story") for language in LANGUAGES]
        for n in range(count)
    ]


def unseen_plots(count=70):
    """Write stories with plots that no training text has.

    >>> unseen_plots(count=2)[1].about["register"]
    'story'

    Lesson 10.
    """
    cells = list(product(sorted(UNSEEN), LANGUAGES))
    pages = []
    for n in range(count):
        plot, language = cells[n % len(cells)]
        pages.append(write(PLOTS + n, language, TOPICS[n % 6], "story", plot))
    return pages


def homograph_pages(count=100):
    """Pick held-out documents with three words or more that another language writes alike.

    >>> len(homograph_pages(count=5))
    5

    Lesson 10.
    """
    shared, pages = homographs(), []
    for page in documents(start=PAGES):
        found = sum(page.text[s.start : s.end].lower() in shared for s in page.spans)
        if found >= HOMOGRAPHS:
            pages.append(page)
        if len(pages) == count:
            return pages


def switched(count=60):
    """Write texts that change their language in the middle of a sentence.

    Somebody did, in one language, and something somewhere, in another: "The baker found |
    une clef dans la rue." Sentences of one language stand before it, sentences of the other
    after it, all of one story.

    Returns:
        A list of Documents. Each word's labels hold its own ``language``; ``about`` holds
        both, as "en>fr", and ``switch``, the character at which the second begins.

    >>> switched(count=1)[0].about["language"]
    'en>fr'

    Lesson 10.
    """
    pairs = [pair for pair in product(LANGUAGES, repeat=2) if pair[0] != pair[1]]
    return [_switch(n, *pairs[n % len(pairs)]) for n in range(count)]


def _switch(n, before, after):
    chance, topic = Chance(SWITCHED + n), TOPICS[n % 6]
    who = Ref(pick_noun(chance, "person", topic), gender=chance.pick("mf"))
    what = Ref(pick_noun(chance, "thing", topic), form="indef")
    roles = {"agent": who, "verb": chance.pick(PLAIN_VERBS), "patient": what}
    roles["place"] = Ref(pick_noun(chance, "place", topic))
    clause = Clause("period", {"clause": Clause("act_at", roles)})
    start = sentence(clause, before, chance)
    end = sentence(clause, after, chance)
    head = [piece for piece in start if piece.role in ("agent", "verb")]
    tail = [LOWER, *(piece for piece in end if piece.role not in ("agent", "verb"))]
    said = [write(SWITCHED + n, language, topic, "story") for language in (before, after)]
    parts = (_first(said[0], 2), print_document([[head]], before, {}, 0.0))
    rest = (print_document([[tail]], after, {}, 0.0), _first(said[1], -2))
    about = {"language": f"{before}>{after}", "topic": topic, "register": "story"}
    about["story"] = f"switched/{n}"
    return _joined(((before, parts), (after, rest)), about)


def _first(page, count):
    """Keep the first paragraphs of a page, or leave out the last ones."""
    lines = page.text.splitlines(keepends=True)
    cut = len("".join(lines[:count])) if count > 0 else len(page.text)
    skip = len("".join(lines[:count])) if count < 0 else 0
    spans = [Span(s.start - skip, s.end - skip, s.labels) for s in page.spans]
    inside = [span for span in spans if span.start >= 0 and span.end <= cut - skip]
    return Document(page.text[skip:cut], inside, page.about, page.bits)


def _joined(halves, about):
    """Join two halves, each word marked with the language of its half."""
    text, spans, switch = "", [], 0
    for language, pages in halves:
        switch = len(text)
        for page in pages:
            shift = len(text)
            for span in page.spans:
                labels = span.labels | {"language": language}
                spans.append(Span(span.start + shift, span.end + shift, labels))
            text += page.text.rstrip("\n") + " "
    return Document(text.rstrip() + "\n", spans, about | {"switch": str(switch)}, float("nan"))
