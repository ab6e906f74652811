"""Every remedy of lesson 04 trains, and does what its name says."""

import math

import pytest
import torch

from moe_lesson.lessons.lesson04.remedies import (
    evenly_chosen,
    narrow_top_k,
    product,
    remedies,
    share_direction,
    smaller_start,
)
from moe_lesson.models.likelihood import evaluate
from moe_lesson.models.recurrent import Recurrent, RecurrentConfig
from moe_lesson.moe.routers import LinearRouter
from moe_lesson.moe.routing import top_k
from moe_lesson.study.trials import measure_balance, trial
from tests.study.small_trial import CONFIG, DATA, SETTINGS


@pytest.mark.parametrize("name", remedies())
def test_every_remedy_trains_and_is_judged(name):
    model, rows = trial(CONFIG, DATA, SETTINGS, remedies()[name], looks=[1, 3])
    assert [row["step"] for row in rows if "load" in row] == [1, 3]
    assert all(math.isfinite(row["nats"]) for row in rows)
    verdict = measure_balance(model, DATA.valid, {"half": ["a"] * 100 + ["b"] * 100}, 8)
    assert verdict.bits == evaluate(model, DATA.valid, 8, 32).bits
    assert 1 <= verdict.busiest <= 8 and 0 <= verdict.entropy <= 3
    assert 0 <= verdict.load <= math.sqrt(7) and 0 <= verdict.importance <= math.sqrt(7)


def test_the_shared_direction_is_in_all_that_router_and_experts_read():
    torch.manual_seed(0)
    model, x_BSD, id_BS = Recurrent(CONFIG).eval(), torch.randn(2, 5, 8), torch.ones(2, 5).long()
    plain, moved = model.sparse(x_BSD, id_BS), model.sparse(x_BSD + 2.0, id_BS)
    share_direction(model, size=2.0)
    shifted = model.sparse(x_BSD, id_BS)
    assert torch.equal(shifted[0], moved[0]) and not torch.equal(shifted[0], plain[0])
    assert torch.equal(shifted[1].routing.expert_TK, moved[1].routing.expert_TK)
    assert all(one.prepare is share_direction for one in remedies().values())


def test_a_smaller_start():
    """Variance scale / fan-in, but for the truncation at two standard deviations: 0.88 of it."""
    torch.manual_seed(0)
    model = Recurrent(RecurrentConfig(dim=128, num_experts=4))
    embedding = model.embed.weight.detach().clone()
    smaller_start(model, scale=0.1)
    for name in ("before.weight_hh_l0", "unembed.weight", "sparse.experts.up_EFD"):
        weight = model.get_parameter(name)
        sd = math.sqrt(0.1 / weight.shape[-1])
        assert weight.std().item() == pytest.approx(0.88 * sd, rel=0.02)
        assert weight.abs().max().item() <= 2 * sd
    assert torch.equal(model.embed.weight, embedding)


def test_a_narrow_router_rounds_and_a_wide_one_does_not():
    logits_TE = torch.tensor([[256.0, 257.0, 0.0]])
    assert narrow_top_k(logits_TE, 2).weight_TK.tolist() == [[0.5, 0.5]]
    assert top_k(logits_TE, 2).weight_TK[0, 0].item() == pytest.approx(0.731, abs=1e-3)
    assert narrow_top_k(torch.randn(9, 4), 2).weight_TK.dtype == torch.float32


def test_experts_choose_as_many_tokens_as_top_k_would_send():
    routing = evenly_chosen(torch.randn(32, 8), 2)
    assert (routing.expert_TK < 8).sum() == 64


def test_the_product_and_the_z_loss_add_up():
    router = LinearRouter(8, 4, 2, start=1.0)
    routed = router(torch.randn(50, 8))
    both = product(routed, balance=0.3, z=0.2)
    parts = product(routed, balance=0.3) + product(routed, balance=0.0, z=0.2)
    assert both.item() == pytest.approx(parts.item(), abs=1e-6)
