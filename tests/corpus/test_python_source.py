"""Python source cut into documents: every character labelled once, and truly."""

import functools
import keyword
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.corpus import python_source
from moe_lesson.corpus.python_source import code_documents, label_source

SOURCE = '''"""What it is."""
import os  # why


class Ünïcode(os.PathLike):
    """Say é twice: é."""

    size = 1_000 + \\
        .5e3

    # before the method
    @property
    def name(self):
        "one" "two"
        if self:
            return f"{self.size!r:>{8}} é {'x'}"
        "no docstring"
    # after it
def f(x="é"): "short"
lambda: None
'''


@functools.cache
def corpus(budget=200_000):
    return code_documents(budget)


def labelled(documents, label="pos"):
    """Return (text, label) of every span."""
    return [
        (document.text[span.start : span.end], span.labels[label])
        for document in documents
        for span in document.spans
    ]


def assert_covered(document):
    """Fail unless the spans are sorted, apart, and hold all but the space between words."""
    last = 0
    for span in [*document.spans, python_source.Span(len(document.text), len(document.text), {})]:
        gap = document.text[last : span.start]
        assert last <= span.start <= span.end and not gap.strip() and "\n" not in gap
        last = span.end


def of(pos):
    return [text for text, found in labelled(label_source(SOURCE, "example")) if found == pos]


def test_every_kind_by_hand():
    assert of("docstring")[:2] == ['"""What it is."""', '"""Say é twice: é."""']
    assert of("docstring")[2:] == ['"one"', '"two"', '"short"']
    assert of("comment") == ["# why", "# before the method", "# after it"]
    assert of("number") == ["1_000", ".5e3"]
    assert of("keyword") == "import class def if return def lambda None".split()
    assert of("string") == ["f\"{self.size!r:>{8}} é {'x'}\"", '"no docstring"', '"é"']
    assert of("operator")[:5] == ["(", ".", ")", ":", "="]
    assert "\n\n\n" in of("layout") and " \\\n        " in of("layout")


def test_depth_by_hand():
    found = dict(labelled(label_source(SOURCE, "example"), "role"))
    expected = {
        "# why": "depth0",
        '"""Say é twice: é."""': "depth1",
        "# before the method": "depth1",
        '"one"': "depth2",
        "return": "depth3",
        '"no docstring"': "depth2",
        "# after it": "depth1",
        "lambda": "depth0",
    }
    assert {text: found[text] for text in expected} == expected


def test_the_layout_has_the_depth_of_what_follows():
    (document,) = label_source("if x:\n    y\nz\n", "example")
    depths = [s.labels["role"] for s in document.spans if s.labels["pos"] == "layout"]
    assert depths == ["depth1", "depth0", "depth0"]


def test_names_and_keywords_are_their_own_lexemes():
    for text, lexeme in labelled(label_source(SOURCE, "example"), "lexeme"):
        assert lexeme == (text if text.isidentifier() else "")


def test_the_spans_cover_every_character_once():
    for document in corpus():
        assert_covered(document)


def test_each_kind_is_what_it_says():
    right = {
        "keyword": keyword.iskeyword,
        "name": lambda text: text.isidentifier() and not keyword.iskeyword(text),
        "operator": lambda text: len(text) <= 3 and not any(c.isalnum() for c in text),
        "string": lambda text: text[-1] in "'\"" and (text[0] in "'\"" or text[0] in "bBfFrRuUtT"),
        "docstring": lambda text: text[-1] in "'\"",
        "number": lambda text: text[0].isdigit() or text[0] == ".",
        "comment": lambda text: text[0] == "#" and "\n" not in text,
        "layout": lambda text: not text.replace("\\", "").strip(),
    }
    found = labelled(corpus())
    assert {pos for _, pos in found} == set(right)
    assert not [pair for pair in found if not right[pair[1]](pair[0])]


@pytest.mark.parametrize("budget", [1, 3_000, 20_001, 200_000])
def test_the_budget_is_kept(budget):
    size = sum(len(document.text.encode()) for document in corpus(budget))
    longest = max((len(text) for text, _ in labelled(corpus())), default=0)
    assert budget - 4 * longest < size <= budget
    for document in corpus(budget)[-1:]:
        assert_covered(document)


@pytest.mark.parametrize("budget, kept", [(2, "ä"), (3, "ä\n"), (4, "ä\n"), (5, "ä\nö")])
def test_the_budget_is_counted_in_bytes(budget, kept, monkeypatch):
    monkeypatch.setattr(python_source, "library_modules", lambda: iter([("a", "ä\nö\nü\n")]))
    (document,) = code_documents(budget)
    assert document.text == kept


def test_a_budget_below_one_is_refused():
    with pytest.raises(ValueError, match="budget is 0 bytes: it must be 1 or more"):
        code_documents(0)


def test_the_same_call_gives_the_same_documents():
    assert str(code_documents(30_000)) == str(corpus(30_000))  # nan is not equal to itself
    assert str(corpus(30_000)[:-1]) == str(corpus()[: len(corpus(30_000)) - 1])


def test_documents_say_where_they_come_from():
    stories = [document.about["story"] for document in corpus()]
    assert len(set(stories)) == len(stories) and stories[0] == "code/argparse/0"
    for document in corpus():
        about = dict(document.about)
        story = about.pop("story")
        assert about == {"language": "code", "topic": story.split("/")[1], "register": "code"}
        assert math.isnan(document.bits) and document.spans
        assert all(span.labels["kind"] == "code" for span in document.spans)


def test_documents_are_about_as_long_as_asked_for():
    sizes = sorted(len(document.text) for document in corpus())
    assert 1_500 < sizes[len(sizes) // 2] < 2_500


def test_cuts_lie_before_statements_and_methods_with_their_comments():
    body = "".join(f"    x{n} = {n}\n" for n in range(150))
    deeper = body.replace("    ", "        ")
    parts = [
        f"# first\ndef f():\n{body}\n",
        f"# about g\n@h\ndef g():\n{body}\n",
        f"class C:\n    def a(self):\n{deeper}\n",
        f"    # about b\n    async def b(self):\n{deeper}",
    ]
    documents = label_source("".join(parts), "example")
    assert [document.text for document in documents] == parts
    (first, *_) = documents[3].spans
    assert (first.labels["pos"], first.labels["role"], first.end) == ("layout", "depth1", 4)


@pytest.mark.parametrize("source", ["def f(:\n", "x = '", "if x:\n  y\n z\n", "\0", "print 'x'\n"])
def test_what_is_not_python_is_left_out(source, monkeypatch):
    assert label_source(source, "example") == []
    modules = [("broken", source), ("whole", "x = 1\n")]
    monkeypatch.setattr(python_source, "library_modules", lambda: iter(modules))
    assert [document.about["topic"] for document in code_documents(100)] == ["whole"]


def test_nothing_is_left_of_an_empty_module():
    assert label_source("", "example") == []
    assert labelled(label_source("\n\n", "example")) == [("\n\n", "layout")]


LINES = st.sampled_from(
    ["x = 1", "# é", "if a:", "  b", "  # c", "'''é", "é'''", "f'{a}é'", "def f(): 'd'", "", "\\"]
)


@given(st.lists(LINES, max_size=8))
@settings(max_examples=300, deadline=None)
def test_any_source_is_covered_or_left_out(lines):
    source = "\n".join(lines)
    documents = label_source(source, "example")
    assert "".join(document.text for document in documents) in ("", source)
    for document in documents:
        assert_covered(document)
