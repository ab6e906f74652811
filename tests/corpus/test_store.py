"""The corpus as plain text."""

from moe_lesson.corpus.store import default_text


def test_default_text_fills_its_budget_with_languages_and_code():
    documents = default_text(300_000)
    assert 295_000 < sum(len(text.encode()) for text in documents) <= 300_000
    assert any("\ndef " in text for text in documents) and all(documents)
    assert any("ß" in text for text in documents) and any("¿" in text for text in documents)


def test_default_text_is_the_same_twice():
    assert default_text(50_000) == default_text(50_000)
