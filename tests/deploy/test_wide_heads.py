"""Wider heads compute the same."""

from dataclasses import replace

import pytest
import torch

from deploy.wide_heads import spread, widened
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral


def test_rows_by_hand():
    """Pairs (0, 2) and (1, 3) of a head of 4 are (0, 4) and (2, 6) of a head of 8."""
    rows = torch.arange(1.0, 9)[:, None]  # two heads
    wide = spread(rows, heads=2, factor=2)[:, 0].tolist()
    assert wide == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0]


@pytest.mark.parametrize("width", [8, 32, 56])
@pytest.mark.parametrize("tied", [False, True])
def test_the_logits_are_the_models_own(width, tied):
    torch.manual_seed(0)
    model = Mixtral(replace(TINY, tied=tied)).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=0.3)
    id_BS = torch.randint(TINY.vocab_size, (2, 40))
    wide = widened(model, width)
    assert wide.config == replace(model.config, head_dim=width)
    expected_BSV = model(id_BS).logits_BSV
    assert (wide(id_BS).logits_BSV - expected_BSV).abs().max() < 1e-10 < expected_BSV.std()


@pytest.mark.parametrize("width", [4, 12, 0])
def test_a_width_that_is_no_multiple_is_refused(width):
    with pytest.raises(ValueError, match=f"width is {width}: it must be a multiple of 8"):
        widened(Mixtral(TINY), width)
