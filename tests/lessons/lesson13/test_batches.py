"""Real tokens in a step: counted by hand, and picked as promised."""

import numpy as np
import pytest
import torch

from moe_lesson.lessons.lesson13.batches import distinct, guesses, picked
from moe_lesson.lessons.lesson13.packing import bits_a_byte, megabytes
from moe_lesson.lessons.lesson13.speed import reading_seconds, some_ids, step_seconds, with_reach
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trace import documents
from moe_lesson.text.tokenizer import Text
from tests.planted import planted

TRACE = planted()


def test_distinct_is_the_mean_of_sets():
    random = np.random.default_rng(0)
    expert_NBK = random.integers(0, 9, size=(50, 4, 2))
    assert distinct(expert_NBK) == np.mean([len(set(one.ravel())) for one in expert_NBK])


def test_documents_are_different_ones_at_one_place():
    number = documents(TRACE)
    first = np.searchsorted(number, np.arange(number.max() + 1))
    for row in picked(TRACE, "documents", 3, 50):
        assert len(set(number[row])) == 3
        assert len({at - first[number[at]] for at in row}) == 1


def test_one_language_is_one():
    tongue = np.array(TRACE.labels["language"])
    rows = picked(TRACE, "one language", 2, 50)
    assert all(len(set(tongue[row])) == 1 for row in rows) and len(set(tongue[rows[:, 0]])) > 1


def test_one_text_is_neighbours():
    assert (np.diff(picked(TRACE, "one text", 5, 50), axis=1) == 1).all()


def test_more_documents_than_there_are_are_refused():
    with pytest.raises(ValueError, match="10000 are needed"):
        picked(TRACE, "documents", 10_000, 1)


def test_guesses_are_sure_where_nothing_happens_between():
    """Attention and experts that add nothing: the next layer reads what this one read."""
    torch.manual_seed(0)
    model = Mixtral(TINY).eval()
    with torch.no_grad():
        for block in model.blocks:
            block.attention.output.weight.zero_()
            block.feed_forward.experts.down_EDF.zero_()
    assert guesses(model, torch.arange(3, 60)[None]) == [1.0]
    assert not any(one._forward_pre_hooks for one in model.modules())


def test_guesses_are_worse_where_much_happens():
    torch.manual_seed(0)
    model = Mixtral(TINY).eval()
    with torch.no_grad():
        model.blocks[0].feed_forward.experts.down_EDF.mul_(1000)
    assert guesses(model, torch.arange(3, 60)[None])[0] < 0.9


def test_a_longer_reach_shares_the_weights():
    model = Mixtral(TINY)
    far = with_reach(model, 200, window=8)
    assert far.config.window == 8 and model.config.window is None
    assert all(a is b for a, b in zip(far.parameters(), model.parameters(), strict=True))


def test_seconds_are_measured(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("moe_lesson.lessons.lesson13.speed.time.process_time", lambda: next(clock))
    model = Mixtral(TINY)
    assert step_seconds(model, batch=2, context=3, steps=4) == 1 / 4
    assert reading_seconds(model, 5) == 1


def test_ids_are_the_same_each_time_and_no_control_tokens():
    first, again = some_ids(Mixtral(TINY), 2, 30), some_ids(Mixtral(TINY), 2, 30)
    assert torch.equal(first, again) and first.min() >= 3 and first.shape == (2, 30)


def test_bits_a_byte_of_a_model_that_knows_nothing():
    model = Mixtral(TINY)
    with torch.no_grad():
        model.unembed.weight.zero_()
    text = Text(torch.tensor([1, 7, 8, 9]), torch.tensor([1, 1, 2, 4]))
    labels = {"language": ["", "en", "de", "de"], "kind": ["", "fact", "", "name"]}
    found = bits_a_byte(model, text, labels)
    bits = np.log2(TINY.vocab_size)
    assert found == pytest.approx(
        {"all": 3 * bits / 7, "en": bits, "de": bits / 3, "fact": bits, "name": bits / 4}, rel=1e-5
    )


def test_megabytes_count_everything():
    assert megabytes(Mixtral(TINY)) == pytest.approx(4 * TINY.total_parameters / 1e6)
