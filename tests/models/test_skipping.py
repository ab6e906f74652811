"""Blocks that tokens skip: who passes, what it costs, and what it gives away."""

import math
from dataclasses import replace

import pytest
import torch

from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.models.skipping import SkippingBlock, choice_loss, passing
from moe_lesson.moe.routing import Routing
from moe_lesson.study.invariants import prefix_ignores_the_future
from tests import oracles

WIDE = torch.float64
DENSE = replace(TINY, num_experts=1, top_k=1)


def skipping_model(share=0.5, causal=False):
    torch.manual_seed(0)
    model = Mixtral(DENSE).double()
    skipping = SkippingBlock(model.blocks[1], DENSE.dim, share, causal).double()
    torch.nn.init.normal_(skipping.score_ED)
    model.blocks[1] = skipping
    return model


def some_ids(rows=3, length=9):
    return torch.randint(DENSE.vocab_size, (rows, length), generator=torch.manual_seed(1))


def block_input(model, id_BS):
    """What reaches the skipping block, and what leaves it."""
    seen = {}
    hook = model.blocks[1].register_forward_hook(lambda _, x, y: seen.update(x=x[0], y=y[0]))
    output = model(id_BS)
    hook.remove()
    return seen["x"], seen["y"], output.routings[0]


def block_slowly(xs, positions, block):
    """A dense block over the tokens that passed: each sees those before it, at their own places."""
    weight = {name: w.tolist() for name, w in block.attention.named_parameters()}
    scale, eps = block.attention_norm.weight.tolist(), DENSE.norm_eps
    group, past, results = DENSE.n_heads // DENSE.n_kv_heads, [], []
    for x, position in zip(xs, positions, strict=True):
        normed = oracles.norm(x, scale, eps)
        query, key, value = (
            oracles.heads(oracles.times(weight[f"{name}.weight"], normed), DENSE.head_dim)
            for name in ("query", "key", "value")
        )
        past.append(([oracles.turn(k, position, DENSE.rope_theta) for k in key], value))
        said = []
        for h, q in enumerate(query):
            turned = oracles.turn(q, position, DENSE.rope_theta)
            g = h // group
            said += oracles.attend(turned, [k[g] for k, _ in past], [v[g] for _, v in past])
        x = oracles.plus(x, oracles.times(weight["output.weight"], said))
        results.append(oracles.plus(x, oracles.feed_forward(block, x, DENSE)))
    return results


def chosen_slowly(scores, share, causal):
    if causal:
        return [i for i, score in enumerate(scores) if score > 0]
    return sorted(oracles.best(scores, math.ceil(share * len(scores))))


@pytest.mark.parametrize("share, causal", [(0.5, False), (0.125, False), (1.0, False), (0.5, True)])
def test_the_block_equals_the_oracle(share, causal):
    model = skipping_model(share, causal)
    x_BSD, y_BSD, routing = block_input(model, some_ids())
    skipping = model.blocks[1]
    expert_BS = routing.expert_TK.view(3, 9)
    for xs, ys, experts in zip(x_BSD.tolist(), y_BSD.tolist(), expert_BS.tolist()):
        scores = [oracles.times(skipping.score_ED.tolist(), x)[0] for x in xs]
        passed = chosen_slowly(scores, share, causal)
        assert [i for i, expert in enumerate(experts) if expert == 0] == passed
        answers = block_slowly([xs[i] for i in passed], passed, skipping.block)
        expected = [list(x) for x in xs]
        for i, answer in zip(passed, answers):
            weight = 1 / (1 + math.exp(-scores[i]))
            expected[i] = [x + weight * (a - x) for x, a in zip(xs[i], answer)]
        for y, other in zip(ys, expected, strict=True):
            assert y == pytest.approx(other, abs=1e-10)


def test_those_who_skip_stay_as_they_are():
    x_BSD, y_BSD, routing = block_input(skipping_model(), some_ids())
    skipped = (routing.expert_TK == 1).view(3, 9)
    assert skipped.sum(1).tolist() == [4, 4, 4]  # of 9 tokens 5 pass: a half, rounded up
    assert torch.equal(y_BSD[skipped], x_BSD[skipped])
    assert (y_BSD != x_BSD).any(-1)[~skipped].all()
    assert torch.equal(routing.weight_TK == 0, routing.expert_TK == 1)


def test_the_block_works_on_the_chosen_alone():
    model, rows = skipping_model(share=0.25), []
    model.blocks[1].block.register_forward_hook(lambda _, given, __: rows.append(given[0].shape[1]))
    model(some_ids(length=16))
    assert rows == [4]


def test_choosing_the_best_leaks_and_a_threshold_does_not():
    """Whether a token passes may depend on later ones, if it competes with them."""
    with pytest.raises(AssertionError, match="sees the future"):
        prefix_ignores_the_future(skipping_model(), some_ids())
    assert prefix_ignores_the_future(skipping_model(causal=True), some_ids())


def test_a_later_token_takes_an_earlier_ones_place():
    """By hand: with one place in two, the second token decides whether the first passes."""
    assert passing(torch.tensor([[1.0, 0.0]]), 0.5).tolist() == [[True, False]]
    assert passing(torch.tensor([[1.0, 2.0]]), 0.5).tolist() == [[False, True]]
    assert passing(torch.zeros(2, 7), 0.125).sum(1).tolist() == [1, 1]


def test_sequences_do_not_compete():
    model, id_BS = skipping_model(), some_ids()
    for causal in (False, True):
        model.blocks[1].causal = causal
        alone = torch.cat([model(row[None]).logits_BSV for row in id_BS])
        torch.testing.assert_close(model(id_BS).logits_BSV, alone, rtol=0, atol=1e-10)


def test_nobody_passes():
    model = skipping_model(causal=True)
    model.blocks[1].score_ED.data.zero_()
    x_BSD, y_BSD, routing = block_input(model, some_ids())
    assert torch.equal(x_BSD, y_BSD) and (routing.expert_TK == 1).all()


def test_the_score_learns_from_the_output_where_a_token_passes():
    model = skipping_model()
    output = model(some_ids())
    (routing,) = output.routings
    routing.logits_TE.retain_grad()
    output.logits_BSV.square().mean().backward()
    assert torch.equal(routing.logits_TE.grad != 0, routing.expert_TK == 0)


def test_choice_loss_by_its_sum():
    logits_TE = torch.tensor([[2.0], [-1.0], [0.5]], dtype=WIDE)
    routing = Routing(logits_TE, None, torch.tensor([[0], [1], [1]]))
    sigmoids = [1 / (1 + math.exp(-x)) for x in (2.0, -1.0, 0.5)]
    expected = -(math.log(sigmoids[0]) + math.log(1 - sigmoids[1]) + math.log(1 - sigmoids[2])) / 3
    assert choice_loss(routing).item() == pytest.approx(expected, abs=1e-12)


def test_the_loss_teaches_a_token_to_decide_alone():
    """After it, the threshold chooses nearly the tokens that the ranking chooses."""
    model, id_BS = skipping_model(share=0.25), some_ids(rows=16, length=16)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(60):
        loss = choice_loss(model(id_BS).routings[0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    ranked = model(id_BS).routings[0].expert_TK
    model.blocks[1].causal = True
    assert (model(id_BS).routings[0].expert_TK == ranked).float().mean() > 0.9


def test_what_it_cannot_serve_is_refused():
    with pytest.raises(ValueError, match="the block is sparse"):
        SkippingBlock(Mixtral(TINY).blocks[0], TINY.dim, 0.5)
    model = skipping_model()
    cache = model(some_ids()).cache
    with pytest.raises(ValueError, match="9 positions are in a cache"):
        model(some_ids(length=1), cache=cache)
    with pytest.raises(ValueError, match="capacity factor is 0"):
        passing(torch.zeros(1, 3), 0)
