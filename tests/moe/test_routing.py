"""Routers: from scores to who visits whom, and with what weight."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.moe.balance import load
from moe_lesson.moe.groups import device_limited
from moe_lesson.moe.routing import (
    at_least_float32,
    biased_top_k,
    expert_choice,
    hash_router,
    micro_batches,
    noisy_top_k,
    pool,
    random_second,
    score,
    softmax_top_k,
    switch,
    top_k,
)
from tests import oracles

WIDE = torch.float64


def scores(tokens, experts, seed=0, dtype=WIDE):
    return torch.randn(tokens, experts, generator=torch.Generator().manual_seed(seed), dtype=dtype)


# Every router that a layer can call as route(logits_TE, k): a new one is one more row here.
ROUTERS = {
    "top_k": top_k,
    "softmax_top_k": softmax_top_k,
    "softmax_top_k renormalised": lambda logits_TE, k: softmax_top_k(logits_TE, k, True),
    "noisy_top_k without noise": lambda logits_TE, k: noisy_top_k(logits_TE, logits_TE * 0, k),
    "noisy_top_k": lambda logits_TE, k: noisy_top_k(
        logits_TE, logits_TE * 0, k, torch.Generator().manual_seed(1)
    ),
    "biased_top_k": lambda logits_TE, k: biased_top_k(
        logits_TE, torch.zeros(logits_TE.shape[1]), k
    ),
    "device_limited": lambda logits_TE, k: device_limited(logits_TE, k, groups=1, kept=1),
    "hash_router": lambda logits_TE, k: hash_router(
        torch.arange(len(logits_TE)), logits_TE.shape[1], k
    ),
}
every_router = pytest.mark.parametrize("route", ROUTERS.values(), ids=ROUTERS)


def test_top_k_by_hand():
    """Scores 1, 3, 2: the best two are 3 and 2, and 1 / (1 + e^-1) = 0.7311."""
    routing = top_k(torch.tensor([[1.0, 3.0, 2.0]]), k=2)
    assert routing.expert_TK.tolist() == [[1, 2]]
    assert routing.weight_TK.tolist()[0] == pytest.approx([0.7310586, 0.2689414])


@pytest.mark.parametrize("k", range(1, 6))
def test_top_k_equals_the_oracle(k):
    logits_TE = scores(20, 5)
    routing = top_k(logits_TE, k)
    for t, row in enumerate(logits_TE.tolist()):
        chosen = oracles.best(row, k)
        assert routing.expert_TK[t].tolist() == chosen
        weights = oracles.softmax([row[e] for e in chosen])
        assert routing.weight_TK[t].tolist() == pytest.approx(weights, abs=1e-10)


@pytest.mark.parametrize("k", range(1, 6))
def test_softmax_top_k_equals_the_oracle(k):
    logits_TE = scores(20, 5, seed=1)
    kept = softmax_top_k(logits_TE, k)
    for t, row in enumerate(logits_TE.tolist()):
        chosen, probs = oracles.best(row, k), oracles.softmax(row)
        assert kept.expert_TK[t].tolist() == chosen
        assert kept.weight_TK[t].tolist() == pytest.approx([probs[e] for e in chosen], abs=1e-10)


@pytest.mark.parametrize("k", range(1, 6))
def test_softmax_before_or_after_the_choice_is_the_same_once_renormalised(k):
    """Mixtral's order and Hugging Face's: e^a / (e^a + e^b) either way."""
    logits_TE = scores(50, 5)
    before, after = softmax_top_k(logits_TE, k, renormalise=True), top_k(logits_TE, k)
    assert torch.equal(before.expert_TK, after.expert_TK)
    torch.testing.assert_close(before.weight_TK, after.weight_TK, rtol=0, atol=1e-12)


def test_without_renormalising_they_differ():
    logits_TE = scores(50, 5)
    total_T = softmax_top_k(logits_TE, 2).weight_TK.sum(-1)
    assert 2 / 5 < total_T.min() and total_T.max() < 1


def test_switch_keeps_the_probability_and_so_teaches_the_router():
    """Fedus et al. 2021: with the weight 1 of top_k, k = 1, the router would learn nothing."""
    logits_TE = scores(6, 4).requires_grad_()
    (kept_TE,) = torch.autograd.grad(switch(logits_TE).weight_TK.sum(), logits_TE)
    (lost_TE,) = torch.autograd.grad(top_k(logits_TE, 1).weight_TK.sum(), logits_TE)
    assert kept_TE.abs().min() > 1e-3
    assert lost_TE.abs().max() == 0
    expected_T = logits_TE.softmax(-1).amax(-1)
    torch.testing.assert_close(switch(logits_TE).weight_TK[:, 0], expected_T)


def test_noise_needs_a_generator():
    logits_TE, wide_TE = scores(30, 6), torch.full((30, 6), 5.0, dtype=WIDE)
    calm = noisy_top_k(logits_TE, wide_TE, 2)
    assert torch.equal(calm.logits_TE, logits_TE)
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 0, 1)]
    draws = [noisy_top_k(logits_TE, wide_TE, 2, generator) for generator in generators]
    assert torch.equal(draws[0].logits_TE, draws[1].logits_TE)
    assert not torch.equal(draws[0].expert_TK, draws[2].expert_TK)


def test_noise_is_normal_with_the_softplus_of_its_scale():
    """20,000 draws of sd softplus(2) = 2.1269; 5 standard errors allowed (sd: sd / sqrt(2n))."""
    n, sd = 20_000, math.log1p(math.exp(2.0))
    noise = (
        noisy_top_k(
            torch.full((n, 1), 7.0, dtype=WIDE),
            torch.full((n, 1), 2.0, dtype=WIDE),
            1,
            torch.Generator().manual_seed(0),
        ).logits_TE
        - 7
    )
    assert abs(noise.mean()) < 5 * sd / n**0.5
    assert abs(noise.std() - sd) < 5 * sd / (2 * n) ** 0.5


def test_noise_can_learn_its_size():
    """Shazeer et al. 2017, eq. 4: W_noise gets a gradient through the softplus."""
    logits_TE, scale_TE = scores(8, 4), torch.zeros(8, 4, dtype=WIDE, requires_grad=True)
    routing = noisy_top_k(logits_TE, scale_TE, 2, torch.Generator().manual_seed(0))
    (gradient_TE,) = torch.autograd.grad(routing.weight_TK[:, 0].sum(), scale_TE)
    assert (gradient_TE.gather(1, routing.expert_TK).abs() > 0).all()


def test_the_bias_chooses_and_does_not_weigh():
    """Wang et al. 2024: selection on score + bias, weight from the score alone."""
    logits_TE = torch.tensor([[2.0, 0.0, -1.0]], dtype=WIDE)
    routing = biased_top_k(logits_TE, torch.tensor([-1.0, 0.0, 1.0], dtype=WIDE), k=2)
    assert routing.expert_TK.tolist() == [[2, 1]]  # 0.269 + 1, 0.5 + 0, 0.881 - 1
    sigmoid = [1 / (1 + math.exp(1)), 0.5]
    assert routing.weight_TK.tolist()[0] == pytest.approx(sigmoid, abs=1e-12)


def test_expert_choice_by_hand():
    """Scores make token 0 the favourite of both experts; each takes one token more."""
    logits_TE = torch.tensor([[5.0, 4.0], [3.0, 0.0], [0.0, 3.0]], dtype=WIDE)
    routing = expert_choice(logits_TE, capacity=2)
    # P(expert 0): 0.731, 0.953, 0.047; expert 0 takes tokens 1 and 0, expert 1 tokens 2 and 0.
    assert routing.expert_TK.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert routing.weight_TK[0].tolist() == pytest.approx(oracles.softmax([5.0, 4.0]), abs=1e-12)
    assert routing.weight_TK[1:, 1].tolist() == [0.0, 0.0]
    assert routing.has_unfilled


@pytest.mark.parametrize("capacity", [1, 3, 8])
def test_expert_choice_is_even_by_design(capacity):
    """Zhou et al. 2022: every expert takes exactly its capacity, and the best tokens."""
    logits_TE = scores(8, 4, seed=3)
    routing = expert_choice(logits_TE, capacity)
    assert load(routing).tolist() == [0.25] * 4
    prob_TE = logits_TE.softmax(-1)
    for e in range(4):
        taken = {t for t in range(8) if e in routing.expert_TK[t].tolist()}
        assert taken == set(oracles.best(prob_TE[:, e].tolist(), capacity))


def test_hash_router_is_a_fixed_table():
    id_T = torch.arange(4000)
    routing = hash_router(id_T, num_experts=8, k=2)
    again = hash_router(id_T.flip(0), num_experts=8, k=2)
    assert torch.equal(routing.expert_TK, again.expert_TK.flip(0))
    assert not torch.equal(routing.expert_TK, hash_router(id_T, 8, 2, seed=1).expert_TK)
    assert (routing.expert_TK[:, 0] != routing.expert_TK[:, 1]).all()
    assert (routing.weight_TK == 0.5).all()
    # 8,000 visits over 8 experts: 1,000 each, standard deviation near 30; 6 of them allowed.
    assert (load(routing) * 8000 - 1000).abs().max() < 180


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, WIDE])
def test_scores_are_compared_in_float32_at_least(dtype):
    """Two scores that differ in float32 must not be rounded together on the way."""
    wide = torch.promote_types(dtype, torch.float32)
    assert at_least_float32(torch.zeros(1, dtype=dtype)).dtype == wide
    for name in ROUTERS.keys() - {"hash_router"}:
        routing = ROUTERS[name](scores(4, 3).to(dtype), 2)
        assert routing.logits_TE.dtype == routing.weight_TK.dtype == wide, name
    assert expert_choice(scores(4, 3).to(dtype), 2).weight_TK.dtype == wide


@every_router
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_router_keeps_its_promises(route, data):
    """Any size, k = 1..E, zero tokens, scores up to 1e4 in size: ids distinct, weights shares."""
    tokens, experts = data.draw(st.integers(0, 9)), data.draw(st.integers(1, 9))
    k = data.draw(st.integers(1, experts))
    scale = data.draw(st.sampled_from([0.0, 1.0, 1e4]))
    dtype = data.draw(st.sampled_from([torch.float32, torch.float16, torch.bfloat16, WIDE]))
    shape_TE = scores(tokens, experts, data.draw(st.integers(0, 99))).clamp(-1, 1)
    routing = route((shape_TE * scale).to(dtype), k)
    assert routing.expert_TK.shape == routing.weight_TK.shape == (tokens, k)
    assert routing.logits_TE.shape == (tokens, experts)
    assert all(len(set(row)) == k for row in routing.expert_TK.tolist())
    assert ((routing.expert_TK >= 0) & (routing.expert_TK < experts)).all()
    assert ((routing.weight_TK >= 0) & (routing.weight_TK <= 1)).all()  # false for NaN
    assert (routing.weight_TK.diff(dim=1) <= 0).all(), "best first"


@every_router
@pytest.mark.parametrize("k", [0, 4, -1])
def test_an_impossible_k_is_refused_by_name(route, k):
    with pytest.raises(ValueError, match=rf"top_k is {k}: with 3 experts .* between 1 and 3"):
        route(scores(2, 3), k)


@pytest.mark.unwatched
def test_a_wrong_shape_is_refused():
    """The shape watcher stays away, since it would refuse it too."""
    with pytest.raises(ValueError, match=r"logits \(2, 3\) and noise scales \(3,\) differ"):
        noisy_top_k(scores(2, 3), torch.zeros(3), 1)


def test_an_impossible_capacity_is_refused():
    for capacity in (0, 3):
        found = f"capacity is {capacity}: with 2 tokens it must be 1 to 2"
        with pytest.raises(ValueError, match=found):
            expert_choice(scores(2, 3), capacity)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 6), st.sampled_from([1.0, 1e4]), st.data())
def test_expert_choice_keeps_its_promises(tokens, experts, scale, data):
    capacity = data.draw(st.integers(1, tokens))
    routing = expert_choice(scores(tokens, experts) * scale, capacity)
    gap_TK = routing.expert_TK == experts
    assert (routing.weight_TK[gap_TK] == 0).all()
    assert ((routing.weight_TK >= 0) & (routing.weight_TK <= 1)).all()
    visits = [e for row in routing.expert_TK.tolist() for e in row if e < experts]
    assert [visits.count(e) for e in range(experts)] == [capacity] * experts


def test_scores_are_products_that_autocast_does_not_narrow():
    """256 products of about 1: bfloat16 would keep two digits of their sum."""
    x_TD, weight_ED = scores(9, 256, dtype=torch.float32), scores(4, 256, 1, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        narrow = score(x_TD, weight_ED)
    assert torch.equal(narrow, score(x_TD, weight_ED)) and narrow.dtype == torch.float32
    half = score(x_TD.bfloat16(), weight_ED.bfloat16())
    exact = x_TD.bfloat16().double() @ weight_ED.bfloat16().double().T
    torch.testing.assert_close(half, exact.float(), rtol=1e-5, atol=1e-4)


def test_a_second_visit_is_made_with_twice_its_weight():
    """GShard, algorithm 1: weight 0.1 in a fifth of the draws, 0.5 always; the first stays."""
    for weight in (0.1, 0.25, 0.5):
        scores = torch.tensor([[1 - weight, weight]]).log().repeat(4000, 1)
        pairs = top_k(scores, 2)
        made = random_second(pairs, torch.Generator().manual_seed(0))
        is_made_T = made.expert_TK[:, 1] == pairs.expert_TK[:, 1]
        assert abs(is_made_T.float().mean().item() - 2 * weight) < 0.025
        assert (made.expert_TK[~is_made_T, 1] == 2).all() and made.has_unfilled
        assert (made.weight_TK[~is_made_T, 1] == 0).all()
        assert torch.equal(made.weight_TK[:, 0], pairs.weight_TK[:, 0])
        assert torch.equal(made.expert_TK[:, 0], pairs.expert_TK[:, 0])


def test_experts_choose_within_each_group():
    """Each half alone gives what it gives as a group of the whole."""
    logits_TE = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
    whole = expert_choice(logits_TE, 2, group_size=6)
    for at in (0, 1):
        half = expert_choice(logits_TE[6 * at : 6 * at + 6], 2)
        own = whole.expert_TK[6 * at : 6 * at + 6]
        assert [sorted(set(row) - {3}) for row in own.tolist()] == [
            sorted(set(row) - {3}) for row in half.expert_TK.tolist()
        ]
    with pytest.raises(ValueError, match="group_size is 5: it must divide 12 tokens"):
        expert_choice(logits_TE, 2, group_size=5)
    with pytest.raises(ValueError, match="capacity is 7: with 6 tokens it must be 1 to 6"):
        expert_choice(logits_TE, 7, group_size=6)


def test_micro_batches_undo_pool():
    """Tokens in order, what they asked for and which are real included."""
    whole = expert_choice(scores(12, 4), capacity=3)._replace(real_T=torch.arange(12) % 3 > 0)
    parts = micro_batches(whole, 3)
    assert [part.real_T.tolist() for part in parts] == whole.real_T.view(3, 4).tolist()
    together = pool([part._replace(real_T=None) for part in parts])
    assert all(torch.equal(one, other) for one, other in zip(together[:3], whole[:3]))
    assert together.has_unfilled and all(part.has_unfilled for part in parts)
    assert micro_batches(top_k(scores(4, 4), 2), 2)[0].real_T is None


@pytest.mark.parametrize("parts", [0, 5, 13])
def test_micro_batches_that_are_not_equal_are_refused(parts):
    with pytest.raises(ValueError, match=f"parts is {parts}: it must divide 12 tokens"):
        micro_batches(top_k(scores(12, 4), 2), parts)
