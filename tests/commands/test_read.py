"""The commands that open a model."""

import pytest

from moe_lesson.__main__ import main
from moe_lesson.commands import read
from moe_lesson.corpus import store


@pytest.fixture
def few_pages(tmp_path, monkeypatch):
    """Keep the corpus small: two held-out documents, and no training part."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOE_CACHE", str(tmp_path / "cache"))
    pages = store.held_out_pages(count=1, budget=50_000)
    monkeypatch.setattr(read, "held_out_pages", lambda budget: pages)
    monkeypatch.setattr(store, "training_pages", lambda budget: pytest.fail("written in vain"))


def test_a_shipped_model_is_measured_without_writing_what_it_learnt_from(few_pages, capsys):
    assert main(["evaluate"]) == 0
    assert "bits per byte by language: code" in capsys.readouterr().out
