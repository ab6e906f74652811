"""Operations on experts: the right choices change, the rest and the model stay."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moe_lesson.lessons.lesson10.baselines import untrained_traces
from moe_lesson.lessons.lesson10.interventions import (
    ablate,
    ablation_cost,
    alone,
    chain,
    everywhere,
    forced,
    intervened,
    random_control,
    silent,
    swapped,
    token_losses,
    with_k,
)
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.routing import hash_router, top_k
from moe_lesson.study.trace import trace_ids

ID_T = torch.arange(150) * 7 % 320


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = Mixtral(TINY)
    for block in model.blocks:  # routers that decide, experts that matter
        block.feed_forward.router.score_ED.data.normal_(std=0.7)
        block.feed_forward.experts.down_EDF.data.normal_(std=0.5)
    return model.eval()


def choices(model, changes):
    with intervened(model, changes, ID_T[:60]), torch.no_grad():
        return [routing.expert_TK for routing in model(ID_T[None, :60]).routings]


def test_a_masked_expert_is_never_chosen_and_the_others_keep_their_order(model):
    plain, cut = choices(model, {}), choices(model, {0: ablate([2])})
    assert not (cut[0] == 2).any() and (plain[0] == 2).any()
    same = ~(plain[0] == 2).any(1)
    assert torch.equal(plain[0][same], cut[0][same]) and (cut[1] == 2).any()


def test_masking_by_hand():
    logits_TE = torch.tensor([[0.0, 3.0, 1.0, 2.0]])
    routing = ablate([1])(top_k, None)(logits_TE, 2)
    assert routing.expert_TK.tolist() == [[3, 2]]
    assert torch.equal(routing.weight_TK, torch.tensor([[2.0, 1.0]]).softmax(-1))
    assert torch.equal(logits_TE, torch.tensor([[0.0, 3.0, 1.0, 2.0]]))


def test_a_forced_expert_is_always_chosen_and_weighed_by_its_score():
    routing = forced([0])(top_k, None)(torch.tensor([[0.0, 3.0, 1.0]]), 2)
    assert routing.expert_TK.tolist() == [[0, 1]]
    assert torch.allclose(routing.weight_TK, torch.tensor([[0.0, 3.0]]).softmax(-1))


def test_k_and_swapped_routers(model):
    assert [one.shape[1] for one in choices(model, everywhere(model, with_k(3)))] == [3, 3]
    hashed = choices(model, {1: swapped("hash", seed=5)})[1]
    assert torch.equal(hashed, hash_router(ID_T[:60], 4, 2, seed=5).expert_TK)
    random = choices(model, {1: swapped("random")})[1]
    assert torch.equal(random, choices(model, {1: swapped("random")})[1])
    assert len(random.flatten().unique()) == 4 and (random[:, 0] != random[:, 1]).all()
    both = choices(model, {0: chain(ablate([1]), with_k(1))})[0]
    assert both.shape == (60, 1) and not (both == 1).any()


@pytest.mark.parametrize(
    "changes, message",
    [
        ({0: ablate([0, 1, 2])}, "1 experts are left: a token visits 2"),
        ({0: ablate([4])}, "experts 0 to 3"),
        ({0: forced([0, 1, 2])}, "3 experts cannot be forced: a token visits 2"),
        ({7: with_k(1)}, "layers 0 to 1"),
        ({0: with_k(5)}, "between 1 and 4"),
    ],
)
def test_the_model_is_whole_after_a_failure(model, changes, message):
    before = [block.feed_forward.router.route for block in model.blocks]
    with pytest.raises(ValueError, match=message):
        token_losses(model, ID_T, {1: with_k(1)} | changes)
    assert [block.feed_forward.router.route for block in model.blocks] == before


def test_the_model_is_the_same_after_every_operation(model):
    plain, weights = token_losses(model, ID_T), [p.clone() for p in model.parameters()]
    model.train()
    for change in (ablate([0]), forced([1]), swapped("hash"), swapped("random"), with_k(1)):
        changed = token_losses(model, ID_T, {0: change})
        assert np.nanmax(np.abs(changed - plain)) > 1e-4
        assert np.array_equal(token_losses(model, ID_T), plain, equal_nan=True)
    untrained_traces(model, trace_ids(model, ID_T), seeds=1)
    assert np.array_equal(token_losses(model, ID_T), plain, equal_nan=True)
    assert model.training
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters(), strict=True))


def test_losses_against_the_slow_way(model):
    found = token_losses(model, ID_T)
    assert found.shape == (150,) and np.flatnonzero(np.isnan(found)).tolist() == [0, 64, 128]
    with torch.no_grad():
        logits = model(ID_T[None, 64:128]).logits_BSV[0].double().log_softmax(-1)
    slow = [-logits[at, ID_T[65 + at]].item() for at in range(63)]
    assert found[65:128] == pytest.approx(slow, abs=1e-5)


def test_losses_do_not_depend_on_the_batch(model):
    for changes in ({}, {0: swapped("hash")}):
        one, many = (token_losses(model, ID_T, changes, batch=size) for size in (1, 8))
        assert np.allclose(one, many, atol=1e-5, equal_nan=True)


def test_the_control_is_the_mean_of_the_other_experts(model):
    others = [token_losses(model, ID_T, {1: ablate([each])}) for each in (0, 2, 3)]
    control = random_control(model, ID_T, 1, [1])
    assert np.allclose(control, np.mean(others, axis=0), equal_nan=True)
    around = everywhere(model, with_k(1))
    with_other_k = random_control(model, ID_T, 1, [1], ablate, around)
    slow = [
        token_losses(model, ID_T, around | {1: chain(ablate([each]), with_k(1))})
        for each in (0, 2, 3)
    ]
    assert np.allclose(with_other_k, np.mean(slow, axis=0), equal_nan=True)
    with pytest.raises(ValueError, match="no other 4 of 4"):
        random_control(model, ID_T, 1, [0, 1, 2, 3])


def test_need_and_load_of_each_expert(model):
    found = ablation_cost(model, ID_T, 0)
    plain = token_losses(model, ID_T)
    alone = token_losses(model, ID_T, {0: ablate([3])}) - plain
    assert np.allclose(found.change_TE[:, 3], alone, equal_nan=True)
    visits = np.bincount(trace_ids(model, ID_T).expert_LTK[0].ravel(), minlength=4)
    assert found.load_E == pytest.approx(visits / 300)


def test_an_expert_that_says_nothing_is_not_missed(model):
    experts = model.blocks[1].feed_forward.experts
    experts.down_EDF.data[:] = experts.down_EDF.data[:1]
    experts.gate_up_EJFD.data[:] = experts.gate_up_EJFD.data[:1]
    change = ablation_cost(model, ID_T, 1).change_TE  # all experts are one: none is needed
    assert np.nanmax(np.abs(change)) < 1e-5


def test_an_expert_alone_takes_all_and_a_silent_layer_adds_nothing(model):
    one = choices(model, {0: alone([2])})
    assert one[0].tolist() == [[2]] * 60 and one[1].shape == (60, 2)
    both = alone([3, 1])(top_k, None)(torch.tensor([[0.0, 2.0, 9.0, 1.0]]), 2)
    assert both.expert_TK.tolist() == [[1, 3]]
    assert torch.allclose(both.weight_TK, torch.tensor([[2.0, 1.0]]).softmax(-1))
    muted = token_losses(model, ID_T, {1: silent()})
    model.blocks[1].feed_forward.experts.down_EDF.data.zero_()
    assert np.allclose(token_losses(model, ID_T), muted, atol=1e-5, equal_nan=True)
    with pytest.raises(ValueError, match="experts 0 to 3"):
        token_losses(model, ID_T, {1: alone([4])})


def test_untrained_routers_are_fed_what_the_trained_ones_are(model):
    own = trace_ids(model, ID_T)
    found = untrained_traces(model, own, seeds=3)
    assert not np.array_equal(found[0].expert_LTK, found[1].expert_LTK)
    inputs, draw = [], torch.Generator().manual_seed(1)
    for block in model.blocks:
        router = block.feed_forward.router
        router.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    with torch.no_grad():
        model(ID_T[None, :64])
    for layer, x_TD in enumerate(inputs):
        start_ED = torch.empty(4, TINY.dim).normal_(generator=draw)
        first = (x_TD @ start_ED.T).argmax(-1)
        assert np.array_equal(found[1].expert_LTK[layer, :64, 0], first.numpy())
    for each in hooks(model):
        each.clear()
    # The trained router's own weights would give its own choices, in every layer.
    kept = [block.feed_forward.router.score_ED.clone() for block in model.blocks]
    for block in model.blocks:
        block.feed_forward.router.score_ED.data.zero_()
    assert not any(hooks(model))
    for block, score_ED in zip(model.blocks, kept, strict=True):
        block.feed_forward.router.score_ED.data.copy_(score_ED)
    assert np.array_equal(trace_ids(model, ID_T).expert_LTK, own.expert_LTK)


def hooks(model):
    """List what is hung onto the routers."""
    return [block.feed_forward.router._forward_pre_hooks for block in model.blocks]


def test_a_dense_model_has_no_router():
    dense = Mixtral(replace(TINY, num_experts=1, top_k=1))
    with pytest.raises(ValueError, match="dense"):
        token_losses(dense, ID_T, {0: with_k(1)})
    with pytest.raises(ValueError, match="'hash' and 'random'"):
        swapped("other")
    with pytest.raises(ValueError, match="dense"):
        untrained_traces(dense, None)


def test_a_hash_router_needs_ids(model):
    with (
        pytest.raises(ValueError, match="needs the ids"),
        intervened(model, {0: swapped("hash")}),
        torch.no_grad(),
    ):
        model(ID_T[None, :9])
