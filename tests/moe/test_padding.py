"""Padding is nobody's text: no loss and no measure of balance looks at it."""

import pytest
import torch

from moe_lesson.inference.generate import pad_left
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.balance import importance, load, switch_loss, z_loss
from moe_lesson.moe.routing import pool, real, top_k

PROMPTS = [[5, 6, 7], list(range(3, 30))]


@pytest.fixture(scope="module")
def layers():
    """Give the routings of a padded batch, and those of its sequences read alone."""
    torch.manual_seed(0)
    model = Mixtral(TINY).double()
    padded = model(*pad_left(PROMPTS)).routings
    alone = [pool(pair) for pair in zip(*(model(torch.tensor([p])).routings for p in PROMPTS))]
    return padded, alone


@pytest.mark.parametrize("measure", [load, importance])
def test_a_padded_batch_is_used_as_its_sequences_alone(layers, measure):
    for padded, alone in zip(*layers):
        assert padded.real_T.sum() == 30 and len(padded.real_T) == 54
        torch.testing.assert_close(measure(padded), measure(alone), rtol=0, atol=1e-10)


@pytest.mark.parametrize("loss", [switch_loss, z_loss])
def test_a_loss_of_a_padded_batch_is_that_of_its_sequences(layers, loss):
    padded, alone = layers
    torch.testing.assert_close(loss(padded), loss(alone), rtol=0, atol=1e-10)
    unmasked = [routing._replace(real_T=None) for routing in padded]
    assert abs(loss(unmasked) - loss(alone)) > 1e-6


def test_without_padding_there_is_no_mask():
    torch.manual_seed(0)
    assert Mixtral(TINY)(torch.tensor([[5, 6]])).routings[0].real_T is None


def test_a_mask_of_another_size_or_of_nothing_is_refused():
    routing = top_k(torch.zeros(3, 4), k=2)
    with pytest.raises(ValueError, match=r"shape \(2,\): needed is \(3,\)"):
        real(routing._replace(real_T=torch.ones(2)))
    with pytest.raises(ValueError, match="all 3 tokens are padding"):
        load(routing._replace(real_T=torch.zeros(3)))
