"""From labelled words to labelled tokens."""

from collections import Counter, defaultdict
from functools import cache
from itertools import islice

import numpy as np
import torch

from moe_lesson.corpus.build import HELD_OUT, documents
from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.text.tokenizer import END, START, Text, count_bytes

WORD_LABELS = "pos role construction concept lexeme kind depth".split()
DOCUMENT_LABELS = "language topic register story".split()
FUNCTION_WORDS = {"det", "adp", "pron", "aux", "sconj", "cconj", "part", "adv"}
OFTEN = 4  # times that a language must use a word before it counts as a homograph
NAMES = (*DOCUMENT_LABELS, *WORD_LABELS, "position", "homograph")


def label_tokens(tokenizer, documents):
    """Turn documents into one stream of tokens, each with every label.

    A token belongs to the word that its first character other than white space lies in; a
    token of white space alone, and the marks at the start and end of a document, have the
    document's labels and no word's. ``position`` counts from the start mark; ``homograph``
    is the spelling where two languages share it.

    Args:
        tokenizer: whose offsets are characters of the text.

    Returns:
        A Text, and name -> array of T strings, "" where a label says nothing.

    >>> from moe_lesson.corpus.build import write
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> page = write(0, "fr", "sea", "story")
    >>> text, labels = label_tokens(train_tokenizer([page.text], 400), [page])
    >>> str(labels["language"][0]), len(labels["pos"]) == len(text.id_T)
    ('fr', True)

    Lesson 10.
    """
    ids, sizes, labels = [], [], defaultdict(list)
    found = count_bytes(tokenizer, [document.text for document in documents])
    for document, (tokens, count) in zip(documents, found):
        words = [None, *_words(document, tokens.offsets), None]
        ids += [START, *tokens.ids, END]
        sizes += [0, *count, 0]
        for name in DOCUMENT_LABELS:
            labels[name] += [document.about[name]] * len(words)
        if ">" in document.about["language"]:  # it changes on the way
            labels["language"][-len(words) :] = _languages(document, words)
        for name in WORD_LABELS:
            labels[name] += ["" if word is None else word.labels.get(name, "") for word in words]
        labels["position"] += map(str, range(len(words)))
        labels["homograph"] += [_shared(document.text, word) for word in words]
    arrays = {name: np.array(labels[name]) for name in NAMES}
    id_T, bytes_T = (torch.tensor(one, dtype=torch.long) for one in (ids, sizes))
    return Text(id_T, bytes_T), arrays


def _words(document, offsets):
    """Find the word of each token; both are in order, so one walk is enough."""
    spans, at, found = document.spans, 0, []
    for start, end in offsets:
        piece = document.text[start:end]
        first = start + len(piece) - len(piece.lstrip())
        while at < len(spans) and spans[at].end <= first:
            at += 1
        inside = piece.strip() and at < len(spans) and spans[at].start <= first
        found.append(spans[at] if inside else None)
    return found


def _languages(document, words):
    """Give each token its word's own language; one without a word, that of the word before."""
    now, found = document.about["language"].split(">")[0], []
    for word in words:
        now = now if word is None else word.labels["language"]
        found.append(now)
    return found


def _shared(text, word):
    shown = text[word.start : word.end].lower() if word else ""
    return shown if shown in homographs() else ""


@cache
def homographs():
    """List the words that two languages or more write alike and mean something else by.

    They are looked for in the first 480 held-out documents of each language: a word counts
    where it stands at least ``OFTEN`` times, with the meaning that it has most often.

    Returns:
        spelling -> {language: concept}; a function word's meaning is its language and part
        of speech. Three letters at least.

    >>> homographs()["burro"]
    {'it': 'butter.n', 'es': 'donkey.n'}

    Lesson 10.
    """
    meanings = defaultdict(lambda: defaultdict(Counter))
    for document in islice(documents(start=HELD_OUT), 480 * len(LANGUAGES)):
        language = document.about["language"]
        for start, end, labels in document.spans:
            meaning = labels["concept"]
            if not meaning and labels["pos"] in FUNCTION_WORDS:
                meaning = f"{language} {labels['pos']}"
            if meaning and end - start > 2:
                meanings[document.text[start:end].lower()][language][meaning] += 1
    return {spelling: most for spelling, most in _most(meanings) if _part(most.values())}


def _part(meanings):
    """Tell whether meanings differ, and not only as function words of two languages do."""
    return len(set(meanings)) > 1 and any("." in meaning for meaning in meanings)


def _most(meanings):
    """Keep the languages where a spelling is frequent, each with its commonest meaning."""
    for spelling, languages in meanings.items():
        frequent = {
            language: counter.most_common(1)[0][0]
            for language, counter in languages.items()
            if counter.total() >= OFTEN
        }
        yield spelling, {name: frequent[name] for name in LANGUAGES if name in frequent}
