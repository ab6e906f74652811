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


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("side", ["left", "right", "both", "none"])
def test_the_loss_is_that_of_transformers_with_its_attention_mask(side, k):
    modeling = pytest.importorskip(
        "transformers.models.mixtral.modeling_mixtral", reason='needs the extra "parity"'
    )
    generator = torch.Generator().manual_seed(k)
    layers = [2 * torch.randn(3 * 7, 5, generator=generator) for _ in range(4)]
    mask_BS = torch.ones(3, 7, dtype=torch.long)
    if side in ("left", "both"):
        mask_BS[0, :4] = mask_BS[2, :1] = 0
    if side in ("right", "both"):
        mask_BS[1, 5:] = mask_BS[2, 2:] = 0
    theirs = modeling.load_balancing_loss_func(tuple(layers), 5, k, mask_BS)
    routings = [top_k(scores, k)._replace(real_T=mask_BS.flatten()) for scores in layers]
    ours = switch_loss(routings, votes=k, layers="pooled")
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_a_sequence_that_is_all_padding_counts_nowhere():
    torch.manual_seed(0)
    routing = top_k(torch.randn(8, 4), k=2)
    first = torch.arange(8) < 4
    alone = top_k(routing.logits_TE[:4], k=2)
    masked = routing._replace(real_T=first)
    for measure in (load, importance, switch_loss, z_loss):
        assert torch.equal(measure(masked), measure(alone))
    assert torch.equal(pool([masked, masked]).logits_TE, alone.logits_TE.repeat(2, 1))
    first_choices = switch_loss(masked, first_choice=True, kept_only=True)
    assert torch.equal(first_choices, switch_loss(alone, first_choice=True, kept_only=True))


def test_the_gradient_of_padding_is_zero():
    logits_TE = torch.randn(6, 4, requires_grad=True)
    real_T = torch.tensor([0, 0, 1, 1, 1, 0])
    routing = top_k(logits_TE, k=2)._replace(real_T=real_T)
    (slope_TE,) = torch.autograd.grad(switch_loss(routing) + z_loss(routing), logits_TE)
    assert torch.equal(slope_TE.abs().sum(1) > 0, real_T.bool())
