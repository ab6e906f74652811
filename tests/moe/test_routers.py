"""Routers with weights: noisy on one level and on two, biased, hashed."""

import math

import pytest
import torch

from moe_lesson.moe.balance import importance, load
from moe_lesson.moe.groups import node_limited
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.routers import (
    BiasedRouter,
    HashRouter,
    LinearRouter,
    NoisyRouter,
    TwoLevelRouter,
    move_biases,
)
from moe_lesson.moe.routing import expert_choice, switch, top_k
from tests import oracles

WIDE = torch.float64


def tokens(count, dim=6, seed=0):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed), dtype=WIDE)


def drawn(router, seed=1):
    """Replace the zeros of a new router by something to choose by."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in router.parameters():
            weight.normal_(generator=generator)
    return router.double()


def noise(seed=2):
    return torch.Generator().manual_seed(seed)


def test_a_new_noisy_router_is_noise_alone():
    """Shazeer et al. 2017, appendix A: no signal, and noise of sd softplus(0) = ln 2."""
    router = NoisyRouter(6, 4, 2).double()
    (routing, load_E), n = router(tokens(40_000), generator=noise()), 40_000
    assert routing.logits_TE.std().item() == pytest.approx(math.log(2), rel=0.01)
    assert load(routing).tolist() == pytest.approx([0.25] * 4, abs=5 * math.sqrt(0.25 / n))
    assert load_E.sum().item() == pytest.approx(2 * n, rel=0.01)
    assert torch.equal(router(tokens(5)).routing.logits_TE, torch.zeros(5, 4, dtype=WIDE))


def test_noise_comes_from_the_generator_alone():
    router, x_TD = drawn(NoisyRouter(6, 4, 2)), tokens(9)
    one, same = (router(x_TD, generator=noise(3)).routing for _ in range(2))
    other = router(x_TD, generator=noise(4)).routing
    assert torch.equal(one.logits_TE, same.logits_TE)
    assert not torch.equal(one.logits_TE, other.logits_TE)
    calm = router(x_TD).routing
    torch.testing.assert_close(calm.logits_TE, x_TD @ router.score_ED.T, rtol=0, atol=1e-12)


def two_level_by_hand(router, x_D, k, own):
    """Choose groups, then experts in each, for one token; plain lists and sums."""

    def softmax_over_best(scores):
        best = oracles.best(scores, k)
        shares = oracles.softmax([scores[i] for i in best])
        return dict(zip(best, shares))

    visits = {}
    for group, share in softmax_over_best((router.first.score_ED @ x_D).tolist()).items():
        inside = softmax_over_best((router.inner[group].score_ED @ x_D).tolist())
        visits |= {group * own + expert: share * part for expert, part in inside.items()}
    return visits


def test_two_levels_equal_the_oracle():
    router, x_TD = drawn(TwoLevelRouter(6, 12, 2, groups=3)), tokens(20)
    routing = router(x_TD).routing
    assert routing.expert_TK.shape == (20, 4)
    for x_D, weight_K, expert_K in zip(x_TD, routing.weight_TK, routing.expert_TK):
        expected = two_level_by_hand(router, x_D, k=2, own=4)
        found = dict(zip(expert_K.tolist(), weight_K.tolist()))
        assert found == pytest.approx(expected, abs=1e-10)
        assert weight_K.tolist() == sorted(weight_K.tolist(), reverse=True)


def test_two_levels_score_the_chosen_groups_alone():
    """Each token has two groups of four scored; the kept scores give the weights back."""
    router, x_TD = drawn(TwoLevelRouter(6, 12, 2, groups=3)), tokens(20)
    routing = router(x_TD).routing
    scored_TE = routing.logits_TE.isfinite()
    assert scored_TE.sum(1).tolist() == [8] * 20
    assert scored_TE.gather(1, routing.expert_TK).all()
    # Inside one group the ratio of two weights is that of their two shares.
    same = routing.expert_TK[:, :1] // 4 == routing.expert_TK // 4
    kept_TK = routing.logits_TE.gather(1, routing.expert_TK)
    ratio_TK = (kept_TK - kept_TK[:, :1]).exp()
    found_TK = routing.weight_TK / routing.weight_TK[:, :1]
    torch.testing.assert_close(found_TK[same], ratio_TK[same], rtol=0, atol=1e-10)


def test_load_of_two_levels_by_its_formula():
    """Shazeer et al. 2017, appendix B: the group's load times the share inside the group."""
    router, x_TD = drawn(TwoLevelRouter(6, 8, 1, groups=2)), tokens(30)
    chosen, load_of_groups = router.first(x_TD)
    parts = [x_TD[chosen.expert_TK[:, 0] == group] for group in range(2)]
    expected = [
        load_of_groups[group] * router.inner[group](part).load_E / len(part)
        for group, part in enumerate(parts)
    ]
    torch.testing.assert_close(router(x_TD).load_E, torch.cat(expected), rtol=0, atol=1e-10)


def test_two_levels_on_average():
    """With noise on both levels the estimate and the count agree: 20,000 copies of a token."""
    n, router = 20_000, drawn(TwoLevelRouter(6, 8, 2, groups=4))
    routing, load_E = router(tokens(1).expand(n, -1), generator=noise())
    share_E = load(routing) * 4
    error_E = (share_E * (1 - share_E).clamp(min=0) / n).sqrt() + 1e-3
    assert ((load_E / n - share_E).abs() <= 5 * error_E).all()


def test_a_group_that_nobody_chose():
    router = drawn(TwoLevelRouter(6, 8, 1, groups=4))
    routing, load_E = router(tokens(1))
    assert routing.expert_TK.shape == (1, 1) and load_E.isfinite().all()


@pytest.mark.parametrize("router", [NoisyRouter(6, 8, 2), TwoLevelRouter(6, 8, 2, groups=4)])
def test_all_weights_learn_from_output_and_load(router):
    routing, load_E = drawn(router)(tokens(50), generator=noise())
    asked = importance(routing).square().sum() + load_E.square().sum()
    gradients = torch.autograd.grad(asked, list(router.parameters()))
    assert all(gradient.isfinite().all() and gradient.abs().sum() > 0 for gradient in gradients)


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="groups is 3: it must divide num_experts 8"):
        TwoLevelRouter(6, 8, 2, groups=3)
    with pytest.raises(ValueError, match="top_k is 3: with 2 experts"):
        TwoLevelRouter(6, 8, 3, groups=4)
    for make in (NoisyRouter, LinearRouter, BiasedRouter):
        with pytest.raises(ValueError, match="top_k is 9: with 8 experts"):
            make(6, 8, 9)
    with pytest.raises(ValueError, match="top_k is 9: with 8 experts"):
        HashRouter(8, 9)


def test_linear_router_leaves_the_choice_to_its_route():
    x_TD, plain = tokens(8), drawn(LinearRouter(6, 4, 2))
    logits_TE = x_TD @ plain.score_ED.T
    torch.testing.assert_close(plain(x_TD).routing.logits_TE, logits_TE, rtol=0, atol=1e-12)
    assert torch.equal(plain(x_TD).routing.expert_TK, top_k(logits_TE, 2).expert_TK)
    one = LinearRouter(6, 4, 1, route=lambda logits_TE, _: switch(logits_TE)).double()
    assert (one(x_TD).routing.weight_TK < 1).all()
    even = LinearRouter(6, 4, 2, route=lambda s, k: expert_choice(s, len(s) * k // 4)).double()
    assert load(even(x_TD).routing).tolist() == [0.25] * 4


def test_start_is_the_spread_of_the_first_weights():
    torch.manual_seed(0)
    for make in (LinearRouter, BiasedRouter, NoisyRouter):
        assert make(100, 100, 2, start=0.5).score_ED.std().item() == pytest.approx(0.5, rel=0.02)
    assert NoisyRouter(6, 4, 2).score_ED.abs().sum() == 0


def test_the_bias_chooses_and_is_saved_but_does_not_weigh():
    router, x_TD = drawn(BiasedRouter(6, 4, 1)), tokens(30)
    before = router(x_TD).routing
    router.balance(torch.tensor([1.0, 0, 0, 0]), rate=50.0)
    after = router(x_TD).routing
    assert (after.expert_TK != 0).all() and (before.expert_TK == 0).any()
    sigmoid_TE = (x_TD @ router.score_ED.T).sigmoid()
    torch.testing.assert_close(
        after.weight_TK, sigmoid_TE.gather(1, after.expert_TK), rtol=0, atol=1e-12
    )
    assert router.state_dict()["bias_E"].tolist() == [-50, 50, 50, 50]
    assert "bias_E" not in dict(router.named_parameters())


def test_the_biased_router_leaves_the_choice_to_its_route():
    router, x_TD = drawn(BiasedRouter(6, 4, 2, route=node_limited)), tokens(30)
    router.balance(torch.tensor([1.0, 0, 0, 0]), rate=50.0)
    routing = router(x_TD).routing
    expected = node_limited(x_TD @ router.score_ED.T, router.bias_E, 2)
    assert torch.equal(routing.expert_TK, expected.expert_TK) and (routing.expert_TK != 0).all()
    torch.testing.assert_close(routing.weight_TK, expected.weight_TK, rtol=0, atol=1e-12)


def biased_layers(count=3):
    torch.manual_seed(0)
    layers = [
        MoELayer(6, 8, 4, 2, router=drawn(BiasedRouter(6, 4, 2), seed)) for seed in range(count)
    ]
    return torch.nn.Sequential(*layers).double()


def test_each_routers_bias_moves_by_its_own_load():
    model = biased_layers()
    move_biases(model, [[0.4, 0.3, 0.2, 0.1], [0.25] * 4, [0.0, 0.0, 0.0, 1.0]], rate=0.5)
    biases = [layer.router.bias_E.tolist() for layer in model]
    assert biases == [[-0.5, -0.5, 0.5, 0.5], [0.0] * 4, [0.5, 0.5, 0.5, -0.5]]
    with pytest.raises(ValueError, match="2 loads for 3 routers with a bias"):
        move_biases(model, [[0.25] * 4] * 2, rate=0.5)


def test_moving_biases_evens_the_load():
    """Without a loss and without a gradient, in 200 steps: the busiest comes near the average."""
    model, x_TD = biased_layers(1), tokens(500) + 1
    before = load(model[0](x_TD)[1])
    for _ in range(200):
        move_biases(model, [load(model[0](x_TD)[1]).tolist()], rate=0.01)
    after = load(model[0](x_TD)[1])
    assert before.max() > 0.3 and after.max() < 0.26


def test_the_hash_looks_at_ids_alone():
    router, id_T = HashRouter(8, 2), torch.tensor([3, 4, 3, 9])
    one, other = router(tokens(4), id_T).routing, router(tokens(4, seed=5), id_T).routing
    assert torch.equal(one.expert_TK, other.expert_TK)
    assert torch.equal(one.expert_TK[0], one.expert_TK[2])
    assert not list(router.parameters())


@pytest.mark.parametrize("make", [LinearRouter, NoisyRouter, BiasedRouter])
def test_scores_stay_float32_under_autocast(make):
    """Scores that bfloat16 would round: 256 products of about 1."""
    torch.manual_seed(0)
    router, x_TD = make(256, 4, 2, start=1.0), torch.randn(9, 256)
    with torch.autocast("cpu", torch.bfloat16):
        logits_TE = router(x_TD).routing.logits_TE
    assert torch.equal(logits_TE, router(x_TD).routing.logits_TE)
