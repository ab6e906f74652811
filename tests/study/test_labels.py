"""Where documents begin, and the labels that the tokens themselves give."""

import numpy as np

from moe_lesson.study.information import integer_codes
from moe_lesson.study.trace import (
    documents,
    join,
    select,
    some_documents,
    with_token_labels,
)
from tests.planted import one_layer


def test_documents_begin_where_story_or_position_say():
    text = one_layer([0] * 6, story=list("aaaabb"), position=["0", "1", "0", "", "0", "1"])
    assert documents(text).tolist() == [0, 0, 1, 1, 2, 2]
    assert documents(select(text, [1, 2, 5])).tolist() == [0, 1, 2]
    both = join([text, text])
    assert len(set(documents(both).tolist())) == 6 and len(both.labels["story"]) == 12


def test_labels_of_the_tokens_themselves():
    text = one_layer([0] * 5)._replace(tokens=[" a", "b", " 12", "\n", "!"], id_T=np.ones(5))
    labels = with_token_labels(text).labels
    assert labels["shape"] == ["word", "part", "number", "space", "sign"]
    assert labels["frequency"] == ["4 to 15"] * 5
    assert integer_codes(labels["shape"])[0] == sorted(labels["shape"])


def test_a_sample_holds_every_language_and_register_as_long_as_there_is_room():
    pages = [(lang, kind) for kind in ("story", "letter", "recipe") for lang in ("en", "de", "fr")]
    pages = pages * 2  # stories first, as the corpus writes them
    doc = np.arange(len(pages)).repeat(10)
    labels = {"document": doc.astype(str).tolist()}
    labels |= {
        "language": [pages[one][0] for one in doc],
        "register": [pages[one][1] for one in doc],
    }
    few = some_documents(one_layer([0] * len(doc), **labels), 30)
    assert sorted(set(few.labels["language"])) == ["de", "en", "fr"]
    assert sorted(set(few.labels["register"])) == ["letter", "recipe", "story"]
    more = some_documents(one_layer([0] * len(doc), **labels), 90)
    assert len(set(zip(more.labels["language"], more.labels["register"]))) == 9
    assert len(some_documents(one_layer([0] * len(doc), **labels), 1).tokens) == 10
