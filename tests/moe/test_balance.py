"""How evenly experts are used: losses that even it out, and measures that tell."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.moe.balance import (
    cv_squared,
    entropy,
    importance,
    load,
    max_over_mean,
    smooth_load,
    switch_loss,
    update_bias,
    z_loss,
)
from moe_lesson.moe.routing import (
    Routing,
    expert_choice,
    micro_batches,
    noisy_top_k,
    pool,
    softmax_top_k,
    switch,
    top_k,
)
from tests import oracles

WIDE = torch.float64
EXPERTS = 4
every_k = pytest.mark.parametrize("k", range(1, EXPERTS + 1))


def scores(tokens, experts=EXPERTS, seed=0):
    return torch.randn(tokens, experts, generator=torch.Generator().manual_seed(seed), dtype=WIDE)


def even_scores():
    """Token t likes expert t best, then t + 1, ...: each expert as much as any other."""
    place = (torch.arange(EXPERTS) - torch.arange(EXPERTS)[:, None]) % EXPERTS
    return -place.to(WIDE)


def collapsed_scores(k):
    """Every token is certain of the first k experts, and equally of each of them."""
    return 80.0 * (torch.arange(EXPERTS) < k).to(WIDE).repeat(8, 1)


@every_k
def test_even_routers(k):
    """Each measure and each loss at its even end, for K = 1..E."""
    routing = top_k(even_scores(), k)
    assert load(routing).tolist() == [1 / EXPERTS] * EXPERTS
    assert importance(routing).tolist() == pytest.approx([1.0] * EXPERTS, abs=1e-12)
    assert cv_squared(importance(routing)).item() == pytest.approx(0, abs=1e-12)
    assert max_over_mean(load(routing)).item() == 1
    assert entropy(load(routing)).item() == pytest.approx(math.log2(EXPERTS))
    assert switch_loss(routing).item() == pytest.approx(1, abs=1e-6)
    assert switch_loss(routing, votes=k).item() == pytest.approx(k, abs=1e-6)
    assert switch_loss(routing, first_choice=True).item() == pytest.approx(1, abs=1e-6)
    assert switch_loss(routing, kept_only=True).item() == pytest.approx(1, abs=1e-6)
    assert z_loss(top_k(torch.zeros(3, EXPERTS), k)).item() == pytest.approx(math.log(EXPERTS) ** 2)
    count_E = torch.tensor([5] * EXPERTS)
    assert update_bias(torch.ones(EXPERTS), count_E, rate=0.1).tolist() == [1.0] * EXPERTS


@every_k
def test_collapsed_routers(k):
    """Each measure and each loss when k experts take all, for K = 1..E."""
    routing = top_k(collapsed_scores(k), k)
    assert load(routing).tolist() == pytest.approx([1 / k] * k + [0] * (EXPERTS - k))
    assert importance(routing).tolist() == pytest.approx([8 / k] * k + [0] * (EXPERTS - k))
    for measured_E in (load(routing), importance(routing)):
        assert cv_squared(measured_E).item() == pytest.approx(EXPERTS / k - 1, abs=1e-6)
        assert max_over_mean(measured_E).item() == pytest.approx(EXPERTS / k)
    assert entropy(load(routing)).item() == pytest.approx(math.log2(k), abs=1e-6)
    assert switch_loss(routing).item() == pytest.approx(EXPERTS / k, rel=1e-6)
    assert switch_loss(routing, votes=k).item() == pytest.approx(EXPERTS, rel=1e-6)
    assert switch_loss(routing, kept_only=True).item() == pytest.approx(EXPERTS / k, rel=1e-6)
    assert z_loss(routing).item() == pytest.approx((80 + math.log(k)) ** 2, rel=1e-6)
    bias_E = update_bias(torch.zeros(EXPERTS), load(routing), rate=0.1)
    assert bias_E[:k].tolist() == pytest.approx([-0.1 if k < EXPERTS else 0.0] * k)
    assert bias_E[k:].tolist() == pytest.approx([0.1] * (EXPERTS - k))


def test_importance_and_load_can_disagree():
    """By hand: expert 0 is visited thrice at 0.1, expert 1 once at 0.9."""
    weight_TK = torch.tensor([[0.1], [0.1], [0.1], [0.9]])
    routing = Routing(torch.zeros(4, 2), weight_TK, torch.tensor([[0], [0], [0], [1]]))
    assert load(routing).tolist() == [0.75, 0.25]
    assert importance(routing).tolist() == pytest.approx([0.3, 0.9])


def test_measures_by_hand():
    """Of 2, 4, 6: variance 8/3 (over n), mean 4."""
    x_E = torch.tensor([2.0, 4.0, 6.0], dtype=WIDE)
    assert cv_squared(x_E).item() == pytest.approx(8 / 3 / 16, abs=1e-12)
    assert max_over_mean(x_E).item() == 1.5
    assert entropy(torch.tensor([0.5, 0.25, 0.25])).item() == pytest.approx(1.5)
    assert cv_squared(torch.zeros(3)).item() == 0


def inclusion(clean, noisy, sd, k, draws):
    """Redraw the noise of one expert at a time; count how often it beats the k-th other."""
    frequency = []
    for i in range(len(clean)):
        rivals = sorted((noisy[:i] + noisy[i + 1 :]), reverse=True)
        frequency.append((clean[i] + draws[:, i] * sd[i] > rivals[k - 1]).double().mean().item())
    return frequency


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_smooth_load_by_monte_carlo(k, seed):
    """Shazeer et al. 2017, eq. 8: 40,000 fresh draws an expert, within 5 standard errors."""
    clean_TE, scale_TE = scores(1, 5, seed), scores(1, 5, seed + 10)
    noisy_TE = noisy_top_k(clean_TE, scale_TE, k, torch.Generator().manual_seed(seed)).logits_TE
    draws = torch.randn(40_000, 5, generator=torch.Generator().manual_seed(seed + 20))
    sd = F.softplus(scale_TE)[0].tolist()
    frequency = inclusion(clean_TE[0].tolist(), noisy_TE[0].tolist(), sd, k, draws)
    for p, seen in zip(smooth_load(clean_TE, noisy_TE, scale_TE, k).tolist(), frequency):
        assert abs(p - seen) <= 5 * math.sqrt(max(p * (1 - p), 1e-4) / 40_000)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_smooth_load_is_the_load_on_average(k):
    """Over 40,000 noisy copies of one token the estimate's mean is the share of visits."""
    n, clean_E, scale_E = 40_000, scores(1, 5, 3)[0], scores(1, 5, 4)[0]
    clean_TE, scale_TE = clean_E.repeat(n, 1), scale_E.repeat(n, 1)
    routing = noisy_top_k(clean_TE, scale_TE, k, torch.Generator().manual_seed(5))
    estimate_E = smooth_load(clean_TE, routing.logits_TE, scale_TE, k) / n
    share_E = load(routing) * k
    error_E = (share_E * (1 - share_E) / n).sqrt()
    # Both sides come from the same draws; each alone errs by at most error_E.
    assert ((estimate_E - share_E).abs() <= 5 * error_E).all()
    assert estimate_E.sum().item() == pytest.approx(k, abs=0.02)


def test_smooth_load_of_all_experts_is_the_number_of_tokens():
    x_TE = scores(7)
    assert smooth_load(x_TE, x_TE, x_TE, EXPERTS).tolist() == [7.0] * EXPERTS


def test_smooth_load_teaches_the_router():
    """What the plain load cannot: more score, more load."""
    clean_TE = scores(9).requires_grad_()
    load_E = smooth_load(clean_TE, clean_TE.detach(), torch.zeros_like(clean_TE), 2)
    (gradient_TE,) = torch.autograd.grad(load_E[0], clean_TE)
    assert (gradient_TE[:, 0] > 0).all()
    assert not load(top_k(clean_TE, 2)).requires_grad


def test_one_is_not_a_lower_bound():
    """60 % of tokens at (.51, .49), 40 % at (0, 1): 0.922, below the even router's 1."""
    prob_TE = torch.tensor([[0.51, 0.49]] * 3 + [[1e-30, 1.0]] * 2, dtype=WIDE)
    routing = switch(prob_TE.log())
    assert load(routing).tolist() == pytest.approx([0.6, 0.4])
    assert switch_loss(routing).item() == pytest.approx(0.9224, abs=1e-6)


def agreement(logits_TE, k, first_choice=False, kept=None):
    """E * sum of f_i P_i, token by token; P from the full softmax, or from ``kept`` weights."""
    tokens, experts = logits_TE.shape
    visits, probs = [0] * experts, [0.0] * experts
    for t, row in enumerate(logits_TE.tolist()):
        chosen = oracles.best(row, k)
        for e in chosen[: 1 if first_choice else k]:
            visits[e] += 1
        full = oracles.softmax(row)
        weights = full if kept is None else [0.0] * experts
        for e, weight in zip(chosen, kept[t].tolist() if kept is not None else []):
            weights[e] = weight
        probs = oracles.plus(probs, weights)
    return experts * sum(v / sum(visits) * p / tokens for v, p in zip(visits, probs))


@every_k
@pytest.mark.parametrize("route", [top_k, softmax_top_k])
def test_switch_loss_equals_the_oracle_in_every_convention(k, route):
    """f is a float32 share, hence 1e-6."""
    logits_TE = scores(30, seed=k)
    routing = route(logits_TE, k)
    one = agreement(logits_TE, k)
    assert switch_loss(routing).item() == pytest.approx(one, abs=1e-6)
    assert switch_loss(routing, votes=k).item() == pytest.approx(k * one, abs=1e-5)
    first = agreement(logits_TE, k, first_choice=True)
    assert switch_loss(routing, first_choice=True).item() == pytest.approx(first, abs=1e-6)
    kept = agreement(logits_TE, k, kept=routing.weight_TK)
    assert switch_loss(routing, kept_only=True).item() == pytest.approx(kept, abs=1e-6)


def test_gshards_value():
    """Algorithm 1: (1/E) sum of c_e / S * m_e, c_e counting first choices: ours over E^2."""
    logits_TE = scores(50, seed=2)
    mean = logits_TE.softmax(-1).mean(0).tolist()
    first = logits_TE.argmax(-1).tolist()
    gshard = sum(first.count(e) / 50 * mean[e] for e in range(EXPERTS)) / EXPERTS
    ours = switch_loss(top_k(logits_TE, 2), first_choice=True)
    assert ours.item() == pytest.approx(EXPERTS**2 * gshard, abs=1e-6)


def test_layers_are_averaged_summed_or_pooled():
    """Two layers that collapse onto different experts look even once pooled."""
    layers = [top_k(collapsed_scores(1).roll(e, 1), 1) for e in range(EXPERTS)]
    assert switch_loss(layers).item() == pytest.approx(EXPERTS)
    assert switch_loss(layers, layers="sum").item() == pytest.approx(EXPERTS**2)
    assert switch_loss(layers, layers="pooled").item() == pytest.approx(1)
    assert len(pool(layers).expert_TK) == 8 * EXPERTS
    assert not pool(layers).has_unfilled
    assert pool([layers[0]._replace(has_unfilled=True)]).has_unfilled


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("masked", [False, True])
def test_switch_loss_equals_hugging_faces(k, masked):
    """transformers pools the layers, counts K votes a token and leaves padding out."""
    layers = [scores(24, seed=seed).float() for seed in range(3)]
    mask = torch.ones(4, 6, dtype=torch.long)
    if masked:
        mask[0, :3] = mask[2, :5] = 0
    loss_of = oracles.hugging_face().load_balancing_loss_func
    theirs = loss_of(tuple(layers), EXPERTS, k, mask if masked else None)
    routings = [top_k(logits_TE[mask.flatten() > 0], k) for logits_TE in layers]
    ours = switch_loss(routings, votes=k, layers="pooled")
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6)


def test_the_gradient_goes_through_the_probabilities_alone():
    """By hand: d / d logit_te of E * sum f P is E / T * p_te * (f_e - sum of f p_t)."""
    logits_TE = scores(12).requires_grad_()
    routing = top_k(logits_TE, 2)
    (gradient_TE,) = torch.autograd.grad(switch_loss(routing), logits_TE)
    prob_TE, share_E = logits_TE.detach().softmax(-1), load(routing).double()
    expected_TE = prob_TE * (share_E - (prob_TE * share_E).sum(-1, keepdim=True)) * EXPERTS / 12
    torch.testing.assert_close(gradient_TE, expected_TE, rtol=0, atol=1e-10)


def test_z_loss_equals_the_oracle_and_is_a_mean_over_layers():
    layers = [scores(9, seed=seed) for seed in (0, 1)]
    squares = [
        math.log(sum(map(math.exp, row))) ** 2 for logits_TE in layers for row in logits_TE.tolist()
    ]
    ours = z_loss([top_k(logits_TE, 2) for logits_TE in layers])
    assert ours.item() == pytest.approx(sum(squares) / len(squares), abs=1e-10)


def test_z_loss_survives_huge_scores():
    assert z_loss(top_k(torch.full((2, 4), 1e4), 2)).isfinite()


def test_a_router_that_gives_gaps_is_measured_without_them():
    """Expert choice: every expert has the same load, and has_unfilled are nobody's."""
    routing = expert_choice(scores(8), capacity=3)
    assert (routing.expert_TK == EXPERTS).any()
    assert load(routing).tolist() == [0.25] * EXPERTS
    total = routing.weight_TK.sum().item()
    assert importance(routing).sum().item() == pytest.approx(total, abs=1e-12)


def test_the_bias_moves_against_the_overload():
    """Wang et al. 2024, algorithm 1; the published formula's other sign would feed collapse."""
    bias_E = update_bias(torch.tensor([0.5, 0.0, 0.0]), torch.tensor([10, 5, 0]), rate=0.1)
    assert bias_E.tolist() == pytest.approx([0.4, 0.0, 0.1])


def test_what_cannot_be_is_refused():
    routing = top_k(scores(3), 2)
    with pytest.raises(ValueError, match=r"layers is 'max' \(allowed: \"mean\", \"sum\","):
        switch_loss(routing, layers="max")
    with pytest.raises(ValueError, match="0 routings"):
        switch_loss([])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(1, 8), st.sampled_from([0.0, 1.0, 1e4]), st.data())
def test_measures_stay_within_their_ends(tokens, experts, scale, data):
    k = data.draw(st.integers(1, experts))
    routing = top_k(scores(tokens, experts).clamp(-1, 1) * scale, k)
    share_E = load(routing)
    assert share_E.sum().item() == pytest.approx(1, abs=1e-6)
    assert importance(routing).sum().item() == pytest.approx(tokens, abs=1e-9)
    assert -1e-6 <= cv_squared(share_E).item() <= experts - 1 + 1e-4
    assert 1 - 1e-6 <= max_over_mean(share_E).item() <= experts + 1e-4
    assert -1e-6 <= entropy(share_E).item() <= math.log2(experts) + 1e-6
    assert 0 <= switch_loss(routing).item() <= experts + 1e-4


@pytest.mark.parametrize("k", [1, 2])
def test_a_global_batch_out_of_micro_batches(k):
    """With the joined f each micro-batch's loss has its part of the big batch's gradient.

    Qiu et al. 2025 (arXiv:2501.11873): only the E shares are exchanged. Two layers, four parts.
    """
    layers = [scores(12, seed=seed).requires_grad_() for seed in range(2)]
    whole = [top_k(logits_TE, k) for logits_TE in layers]
    joined = [load(routing) for routing in whole]
    parts = zip(*(micro_batches(routing, 4) for routing in whole), strict=True)
    # The layers are asked in turn, so is what hands out their joined shares.
    losses = [
        switch_loss(list(routings), join=partial(lambda own, _: next(own), iter(joined)))
        for routings in parts
    ]
    accumulated, big = torch.stack(losses).mean(), switch_loss(whole)
    torch.testing.assert_close(accumulated, big, rtol=0, atol=1e-12)
    for one, other in zip(
        torch.autograd.grad(accumulated, layers), torch.autograd.grad(big, layers), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_a_micro_batch_is_asked_for_more_than_the_global_batch():
    """Two halves, each certain of its own experts: even together, collapsed apart."""
    half_TE = torch.tensor([[9.0, 9, -9, -9], [-9, -9, 9, 9]], dtype=WIDE).repeat_interleave(4, 0)
    routing = top_k(half_TE, 2)
    assert switch_loss(routing).item() == pytest.approx(1, abs=1e-6)
    assert switch_loss(micro_batches(routing, 2)).item() == pytest.approx(2, abs=1e-6)
