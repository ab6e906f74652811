"""Routing to few devices: never more than allowed, and the best among those allowed."""

import itertools

import pytest
import torch

from moe_lesson.lessons.lesson07.limited import limited_top_k
from moe_lesson.moe.routing import top_k

LOGITS_TE = torch.randn(60, 12, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("best", [1, 2])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_token_goes_to_more_devices_than_allowed(limit, best):
    found = limited_top_k(LOGITS_TE, k=3, devices=4, limit=limit, best=best)
    for row in found.expert_TK.tolist():
        assert len({expert // 3 for expert in row}) <= limit and len(set(row)) == 3


def test_all_devices_are_no_limit():
    found, free = limited_top_k(LOGITS_TE, 3, devices=4, limit=4), top_k(LOGITS_TE, 3)
    assert torch.equal(found.expert_TK, free.expert_TK)
    assert torch.equal(found.weight_TK, free.weight_TK)


@pytest.mark.parametrize("best", [1, 2])
def test_against_a_slow_choice(best):
    """By plain Python: rate devices, take the best ones, then the best experts on these."""
    found = limited_top_k(LOGITS_TE, k=2, devices=4, limit=2, best=best)
    for scores, chosen in zip(LOGITS_TE.sigmoid().tolist(), found.expert_TK.tolist()):
        parts = [scores[first : first + 3] for first in range(0, 12, 3)]
        worth = [sum(sorted(part)[-best:]) for part in parts]
        devices = max(itertools.combinations(range(4), 2), key=lambda p: worth[p[0]] + worth[p[1]])
        allowed = [expert for expert in range(12) if expert // 3 in devices]
        assert chosen == sorted(allowed, key=lambda e: -scores[e])[:2]


def test_scores_keep_their_gradient_and_the_balance_loss_sees_all_experts():
    logits_TE = LOGITS_TE.clone().requires_grad_()
    found = limited_top_k(logits_TE, k=2, devices=4, limit=1)
    assert torch.equal(found.logits_TE, logits_TE) and found.logits_TE.isfinite().all()
    (found.weight_TK * torch.tensor([1.0, 2.0])).sum().backward()
    assert (logits_TE.grad.abs() > 0).sum(1).max() == 2


@pytest.mark.parametrize(
    "given, told", [((13, 4, 1), "limit 1 of 5"), ((2, 4, 0), "limit 0"), ((4, 4, 1), "top_k is 4")]
)
def test_impossible_limits_are_refused(given, told):
    k, devices, limit = given
    devices = 5 if k == 13 else devices
    with pytest.raises(ValueError, match=told):
        limited_top_k(LOGITS_TE, k, devices, limit)
