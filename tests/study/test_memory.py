"""A layer as a memory: counted sizes, bits by hand, an oracle in plain floats, seeds."""

import math

import pytest
import torch

from moe_lesson.moe.balance import load
from moe_lesson.moe.routers import BiasedRouter, RouterOutput
from moe_lesson.moe.routing import Routing
from moe_lesson.study import memory
from moe_lesson.study.memory import OneLayer, Size, facts, learn, recall, teacher
from moe_lesson.study.trials import BalancingMethod

SMALL = Size(num_experts=4, top_k=2, hidden_dim=3, dim=4, labels=4)
DENSE = SMALL._replace(num_experts=1, top_k=1)


def test_sizes_by_hand():
    """An expert: three matrices of 4 x 3. The router 4 x 4; the output 4 x 4 and 4 biases."""
    assert SMALL.parameters == 4 * 36 + 16 + 20
    assert SMALL.operations == 2 * 36 + 16 + 16
    assert DENSE.parameters == 36 + 20 and DENSE.operations == 36 + 16
    assert DENSE._replace(top_k=2).operations == DENSE.operations  # there is one to visit


@pytest.mark.parametrize("size", [SMALL, DENSE, SMALL._replace(num_experts=7, top_k=3)])
def test_the_count_is_that_of_the_layer(size):
    assert sum(weight.numel() for weight in OneLayer(size).parameters()) == size.parameters


def test_operations_grow_by_the_routers_row_only():
    one, many = SMALL, SMALL._replace(num_experts=64)
    assert many.operations - one.operations == 60 * SMALL.dim
    assert many.parameters - one.parameters == 60 * (36 + SMALL.dim)


class Said(torch.nn.Module):
    """Answer with the logits given, whatever is asked."""

    def __init__(self, logits_TV):
        super().__init__()
        self.logits_TV = logits_TV

    def forward(self, x_TD, id_T=None, generator=None):
        return self.logits_TV, None


def told(logits_TV, label_N):
    logits_TV = torch.tensor(logits_TV, dtype=torch.float64)
    return recall(Said(logits_TV), torch.zeros(len(logits_TV), 2), torch.tensor(label_N))


def test_bits_by_hand():
    """Odds 6:1:1 of three labels: right, the label has 3/4; wrong, 1/8."""
    nats = math.log(6)
    found = told([[nats, 0.0, 0.0], [0.0, nats, 0.0], [0.0, nats, 0.0]], [0, 1, 2])
    assert found.bits == pytest.approx(3 * math.log2(3) + 2 * math.log2(3 / 4) + math.log2(1 / 8))
    assert found.share == pytest.approx(2 / 3) and found.load_E is None


def test_bits_at_the_extremes():
    even = told([[0.0] * 8] * 5, [0, 1, 2, 3, 4])
    assert even.bits == pytest.approx(0)
    sure = told(torch.eye(8)[:5].mul(200).tolist(), [0, 1, 2, 3, 4])
    assert sure.bits == pytest.approx(5 * 3) and sure.share == 1
    wrong = told(torch.eye(8)[:5].mul(200).tolist(), [1, 2, 3, 4, 0])
    assert wrong.bits < -5 * 200 and wrong.share == 0


def forward_by_hand(model, x_D):
    """Answer for one input in Python's own floats, one expert at a time."""

    def dot(rows, x):
        return [sum(w * a for w, a in zip(row, x, strict=True)) for row in rows.tolist()]

    def network(gate_FD, up_FD, down_DF):
        gate, up = dot(gate_FD, x_D), dot(up_FD, x_D)
        return dot(down_DF, [g / (1 + math.exp(-g)) * u for g, u in zip(gate, up, strict=True)])

    score_E = dot(model.router.score_ED, x_D)
    chosen = sorted(range(len(score_E)), key=lambda e: -score_E[e])[: model.router.top_k]
    whole = sum(math.exp(score_E[e]) for e in chosen)
    h_D = list(x_D)
    for e in chosen:
        gate_FD, up_FD = model.network.gate_up_EJFD[e]
        weight = math.exp(score_E[e]) / whole
        y_D = network(gate_FD, up_FD, model.network.down_EDF[e])
        h_D = [h + weight * y for h, y in zip(h_D, y_D, strict=True)]
    bias_V = model.unembed.bias.tolist()
    return [a + b for a, b in zip(dot(model.unembed.weight, h_D), bias_V, strict=True)], chosen


def test_recall_agrees_with_plain_floats():
    torch.manual_seed(0)
    model, known = OneLayer(SMALL).double(), facts(30, SMALL, seed=3)
    x_ND = known.x_ND.double()
    bits, right, visits = 0.0, 0, [0] * 4
    for x_D, label in zip(x_ND.tolist(), known.label_N.tolist(), strict=True):
        logits, chosen = forward_by_hand(model, x_D)
        total = sum(math.exp(logit) for logit in logits)
        bits += math.log2(4) + math.log2(math.exp(logits[label]) / total)
        right += max(logits) == logits[label]
        for e in chosen:
            visits[e] += 1
    found = recall(model, x_ND, known.label_N)
    assert found.bits == pytest.approx(bits, abs=1e-10)
    assert found.share == pytest.approx(right / 30)
    assert found.load_E.tolist() == pytest.approx([count / 60 for count in visits])


@pytest.mark.parametrize("size", [Size(), Size(num_experts=1, top_k=1, hidden_dim=64)])
def test_a_layer_that_learnt_nothing_guesses(size):
    """1 in 16 of 20,000 within four standard errors, and no bits."""
    torch.manual_seed(0)
    found = recall(OneLayer(size), *facts(20_000, size, seed=0))
    assert abs(found.share - 1 / 16) < 4 * math.sqrt(1 / 16 * 15 / 16 / 20_000)
    assert found.bits < 0


@pytest.mark.parametrize("size", [SMALL, DENSE])
def test_few_facts_are_all_learnt_and_others_are_not(size):
    """Ten facts of 2 bits are 20 bits; ten others with random labels are a coin with 4 sides."""
    known, others = (facts(10, size._replace(dim=16), seed) for seed in (0, 1))
    model = learn(known, size._replace(dim=16, hidden_dim=16), 40, 0)
    found = recall(model, *known)
    assert found.share == 1 and 18 < found.bits <= 20
    assert recall(model, *others).bits < 0


def test_facts_are_what_was_asked_for():
    one, same, other = (facts(5000, Size(labels=3), seed) for seed in (0, 0, 1))
    assert torch.equal(one.x_ND, same.x_ND) and torch.equal(one.label_N, same.label_N)
    assert not torch.equal(one.x_ND, other.x_ND)
    assert one.label_N.bincount(minlength=3).tolist() == pytest.approx([5000 / 3] * 3, rel=0.07)
    moved = facts(5000, Size(labels=3), 0, shared=2.0)
    torch.testing.assert_close(moved.x_ND, one.x_ND + 2)


def test_a_draw_says_which_facts_they_are():
    known, source = facts(50, SMALL, seed=0), torch.Generator().manual_seed(0)
    x_TD, label_T, id_T = known.draw(400, source)
    assert torch.equal(x_TD, known.x_ND[id_T]) and torch.equal(label_T, known.label_N[id_T])
    assert set(id_T.tolist()) == set(range(50))
    assert not torch.equal(id_T, known.draw(400, source)[2])


def test_a_teacher_by_hand():
    """One hidden unit reads input 0; label 1 has its sign, label 0 the opposite."""
    found = memory.Teacher(torch.tensor([[1.0, 0.0]]), torch.tensor([[-1.0], [1.0]]))
    x_TD, label_T, _ = found.draw(100, torch.Generator().manual_seed(0))
    assert torch.equal(label_T, (x_TD[:, 0] > 0).long())


def test_a_teacher_is_fixed_and_its_inputs_are_fresh():
    one, same, other = (teacher(SMALL, seed) for seed in (0, 0, 1))
    assert torch.equal(one.in_FD, same.in_FD) and not torch.equal(one.in_FD, other.in_FD)
    source = torch.Generator().manual_seed(0)
    first, second = (one.draw(8, source)[0] for _ in range(2))
    assert not torch.equal(first, second)


def weights(size=SMALL, seed=0, steps=2, **options):
    model = learn(facts(40, size, seed=0), size, steps, seed, **options)
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def test_a_run_is_what_its_seed_says():
    """What was drawn before must not matter."""
    torch.manual_seed(5)
    one = weights()
    torch.manual_seed(6)
    assert torch.equal(one, weights()) and not torch.equal(one, weights(seed=1))


def test_without_a_remedy_the_switch_loss_acts_and_a_remedy_takes_its_place():
    even = weights(remedy=memory.EVEN)
    none = weights(remedy=BalancingMethod(penalty=lambda routed: 0.0))
    assert torch.equal(weights(), even) and not torch.equal(none, even)


def test_the_rate_starts_at_a_hundredth_and_falls_to_nothing():
    """AdamW moves a weight by the rate, at most, while its gradient stays: 0.01, then half."""
    torch.manual_seed(0)
    start = torch.cat([weight.detach().flatten() for weight in OneLayer(SMALL).parameters()])
    moved = [(weights(steps=steps) - start).abs().max().item() for steps in (1, 2, 4)]
    assert moved == pytest.approx([0.01, 0.01 + 0.005, 0.025], rel=0.02)


def test_the_bias_moves_after_every_step_by_its_rate():
    remedy = BalancingMethod(
        router=lambda size: BiasedRouter(size.dim, size.num_experts, size.top_k),
        penalty=lambda routed: 0.0,
        rate=0.5,
    )
    model = learn(facts(40, SMALL, seed=0), SMALL, 3, seed=0, remedy=remedy)
    steps_E = model.router.bias_E / 0.5
    assert steps_E.abs().max() <= 3 and steps_E.abs().sum() > 0
    torch.testing.assert_close(steps_E, steps_E.round())


def test_the_penalty_by_hand():
    """All to one of four experts, surely: the Switch loss is 4, a hundredth of it is asked."""
    logits_TE = torch.tensor([[80.0, 0.0, 0.0, 0.0]]).repeat(8, 1)
    sure = Routing(logits_TE, torch.ones(8, 1), torch.zeros(8, 1, dtype=torch.long))
    assert memory.even(RouterOutput(sure, None)).item() == pytest.approx(0.04)
    assert load(sure).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (SMALL._replace(top_k=5), "top_k"),
        (SMALL._replace(top_k=0), "top_k"),
        (SMALL._replace(num_experts=0), "num_experts"),
        (SMALL._replace(hidden_dim=0), "hidden_dim"),
        (SMALL._replace(labels=1), "labels"),
    ],
)
def test_wrong_sizes_are_named(size, said):
    with pytest.raises(ValueError, match=said):
        OneLayer(size)


def test_wrong_tasks_and_steps_are_named():
    with pytest.raises(ValueError, match="count is 0: it must be at least 1"):
        facts(0, SMALL, seed=0)
    with pytest.raises(ValueError, match="inputs have 4 numbers: this layer reads 5"):
        learn(facts(3, SMALL, seed=0), SMALL._replace(dim=5), 1, seed=0)
    with pytest.raises(ValueError, match="labels go up to 3: this layer has 2"):
        learn(facts(50, SMALL, seed=0), SMALL._replace(labels=2), 1, seed=0)
    with pytest.raises(ValueError, match="steps is 0: it must be at least 1"):
        learn(facts(3, SMALL, seed=0), SMALL, 0, seed=0)
