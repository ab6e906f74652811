"""What a trace holds, and what is measured on it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.figures.palette import EXPERTS, colour, ink
from moe_lesson.study.statistics import changed_share, choice_entropy, repeat_share
from moe_lesson.study.terminal import coloured_text
from moe_lesson.study.trace import RoutingTrace, trace_ids, trace_text
from moe_lesson.text.tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Mixtral(TINY).eval()


def by_hand(tokens, first):
    """Build a one-layer trace with the given first choices of two experts."""
    T = len(tokens)
    expert_LTK = np.array(first).reshape(1, T, 1)
    return RoutingTrace(
        tokens, np.arange(T), expert_LTK, np.ones((1, T, 1)), np.ones((1, T, 2)) / 2
    )


def test_a_trace_holds_what_the_model_returned(model):
    id_T = torch.arange(10)
    ours, routings = trace_ids(model, id_T), model(id_T[None]).routings
    for layer, routing in enumerate(routings):
        assert np.array_equal(ours.expert_LTK[layer], routing.expert_TK.numpy())
        assert np.allclose(ours.weight_LTK[layer], routing.weight_TK.detach().numpy())
    assert np.allclose(ours.prob_LTE.sum(-1), 1)
    assert ours.tokens == [str(number) for number in range(10)]


def test_a_long_text_is_read_in_pieces(model):
    id_T = torch.arange(TINY.context_len + 5) % 300
    ours = trace_ids(model, id_T, labels={"language": ["en"] * len(id_T)})
    tail = trace_ids(model, id_T[TINY.context_len :])
    assert np.array_equal(ours.expert_LTK[:, TINY.context_len :], tail.expert_LTK)
    assert len(ours.labels["language"]) == ours.expert_LTK.shape[1]


def test_a_trace_needs_a_router_and_a_token(model):
    with pytest.raises(ValueError, match="no router"):
        trace_ids(Mixtral(replace(TINY, num_experts=1, top_k=1)), [1, 2])
    with pytest.raises(ValueError, match="0 tokens"):
        trace_ids(model, [])


def test_the_tokens_spell_the_text(model):
    text = "a token, then a token\nand another"
    ours = trace_text(model, train_tokenizer([text], 300), text)
    assert "".join(ours.tokens) == text


def test_terminal_text_without_colours_has_digits(monkeypatch):
    ours = by_hand(["The", " end", "\n", "x"], [0, 1, 1, 0])
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured_text(ours, 0) == "0|The 1| end 1|¶\n0|x"


def test_terminal_text_ends_each_colour_before_the_line():
    shown = coloured_text(by_hand(["a", "\n"], [0, 1]), 0, colours=True)
    assert shown.count("\x1b[0m") == 2 and shown.endswith("\x1b[0m\n")
    assert "48;2;230;159;0" in shown  # expert 0 is orange
    with pytest.raises(IndexError, match="layers 0 to 0"):
        coloured_text(by_hand(["a"], [0]), 1)


@pytest.mark.parametrize("expert", range(8))
def test_text_on_every_colour_can_be_read(expert):
    def light(shade):
        parts = [int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return np.dot(linear, (0.2126, 0.7152, 0.0722)) + 0.05

    paper, pen = light(colour(expert)), light(ink(expert))
    assert max(paper, pen) / min(paper, pen) >= 4.5
    assert len(set(EXPERTS)) == 8


def test_shuffling_gives_the_repeats_expected_of_it():
    generator = np.random.default_rng(0)
    first = generator.choice(4, size=200, p=[0.4, 0.3, 0.2, 0.1])
    expected = repeat_share(first)[1]
    shuffled = [repeat_share(generator.permutation(first))[0] for _ in range(2000)]
    assert abs(np.mean(shuffled) - expected) < 4 * np.std(shuffled) / len(shuffled) ** 0.5


def test_repeats_at_both_extremes():
    assert repeat_share(np.zeros(5, dtype=int)) == (1.0, 1.0)
    assert repeat_share(np.arange(5)) == (0.0, 0.0)
    assert np.isnan(repeat_share(np.array([3]))).all()


def test_changes_between_layers():
    same = np.array([0, 1, 2, 3])
    assert changed_share(same, same) == (0.0, 0.75)
    assert changed_share(same, same[::-1])[0] == 1.0


def test_entropy_against_a_sum_by_hand():
    prob_TE = np.array([[0.5, 0.25, 0.25, 0.0]])
    assert choice_entropy(prob_TE) == pytest.approx([1.5])
    assert choice_entropy(np.full((1, 8), 1 / 8)) == pytest.approx([3.0])
