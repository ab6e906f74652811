"""Real tokens in a step: counted by hand, and picked as promised."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moe_lesson.lessons.lesson13.batches import distinct, guesses, picked
from moe_lesson.lessons.lesson13.packing import bits_a_byte, megabytes, with_zero_point
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
    found = [len(set(one.ravel())) for one in expert_NBK]
    assert distinct(expert_NBK) == pytest.approx((np.mean(found), np.std(found, ddof=1) / 50**0.5))


def test_documents_are_different_ones():
    number = documents(TRACE)
    assert all(len(set(number[row])) == 3 for row in picked(TRACE, "documents", 3, 50))


def test_every_token_has_the_same_chance():
    """Documents of one token and of nine: a place comes up once in ten, wherever it is."""
    labels = {"story": ["1"] + ["2"] * 9, "language": ["en"] * 10}
    trace = TRACE._replace(tokens=list("abcdefghij"), id_T=np.arange(10), labels=labels)
    counts = np.bincount(picked(trace, "documents", 1, 20_000).ravel(), minlength=10)
    assert np.abs(counts / 2000 - 1).max() < 0.12  # 5 standard errors


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
    model = Mixtral(replace(TINY, n_layers=3)).eval()
    with torch.no_grad():
        for block in model.blocks:
            block.attention.output.weight.zero_()
            block.feed_forward.experts.down_EDF.zero_()
    assert [share for share, _ in guesses(model, torch.arange(3, 60)[None])] == [1.0, 1.0]
    assert not any(one._forward_pre_hooks for one in model.modules())


def test_guesses_are_worse_where_much_happens():
    torch.manual_seed(0)
    model = Mixtral(TINY).eval()
    with torch.no_grad():
        model.blocks[0].feed_forward.experts.down_EDF.mul_(1000)
    assert guesses(model, torch.arange(3, 60)[None])[0][0] < 0.9


def test_a_guess_reads_the_layer_before_and_none_earlier():
    """Layer 0 changes much and layer 1 nothing: layer 2 is sure of layer 1's input alone."""
    torch.manual_seed(0)
    model = Mixtral(replace(TINY, n_layers=3)).eval()
    with torch.no_grad():
        model.blocks[0].feed_forward.experts.down_EDF.mul_(1000)
        model.blocks[1].feed_forward.experts.down_EDF.zero_()
        for block in model.blocks[1:]:
            block.attention.output.weight.zero_()
    (early, _), (late, busiest) = guesses(model, torch.arange(3, 60)[None])
    assert early < 0.9 and late == 1.0
    visits_E = model(torch.arange(3, 60)[None]).routings[2].expert_TK.flatten().bincount()
    assert busiest == pytest.approx(sum(sorted(visits_E)[-2:]) / sum(visits_E))


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


@pytest.mark.parametrize("part", ["experts", "attention"])
def test_all_levels_of_a_group_are_used(part):
    """Written again with a loop over groups; the other part stays as it was."""
    torch.manual_seed(0)
    model = Mixtral(TINY)
    near = with_zero_point(model, part, bits=2, group=24)  # 24 divides neither 32 nor 64
    for (name, old), new in zip(model.named_parameters(), near.parameters(), strict=True):
        if f".{part}." not in name:
            assert torch.equal(old, new)
            continue
        rows = old.detach().flatten(0, -2).double()
        for row, found in zip(rows, new.detach().flatten(0, -2)):
            for at in range(0, rows.shape[1], 24):
                own = row[at : at + 24]
                levels = torch.linspace(own.min(), own.max(), 4, dtype=own.dtype)
                wanted = levels[(own[:, None] - levels).abs().argmin(1)]
                torch.testing.assert_close(found[at : at + 24].double(), wanted, atol=1e-6, rtol=0)
