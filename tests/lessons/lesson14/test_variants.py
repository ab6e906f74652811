"""Variants of lesson 14: what is held equal, what each adds to the loss, what moves."""

import json
import math

import pytest
import torch

from moe_lesson.lessons.lesson14 import grains, images, laws, longer
from moe_lesson.lessons.lesson14.variants import (
    BASE,
    Penalised,
    ReluPenalty,
    build,
    config_of,
    fine,
    layer,
    penalty_of,
    variants,
)
from moe_lesson.moe.relu import relu_routing
from moe_lesson.moe.routing import Routing, top_k
from moe_lesson.study.memory import learn
from moe_lesson.study.trials import FOLDER

NAMES = list(variants())
ID_BS = torch.randint(320, (16, 9), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", NAMES)
def test_every_variant_trains(name):
    torch.manual_seed(0)
    model, watch = build(variants()[name])
    output = model(ID_BS[:, :-1])
    (output.logits_BSV.sum() + output.auxiliary).backward()
    assert all(w.grad is not None for w in model.parameters())
    loads = [[1.0] + [0.0] * 31] * 2
    watch({"load": loads if variants()[name].num_experts == 32 else []})


def test_what_is_stored_and_used_is_equal():
    for name in NAMES[1:]:
        one = variants()[name]
        assert one.num_experts * one.hidden_dim + one.shared_dim == 2048, name
        assert one.top_k * one.hidden_dim + one.shared_dim == 512, name
        parameters = sum(w.numel() for w in build(one)[0].parameters())
        router = BASE.n_layers * BASE.dim * one.num_experts
        assert parameters - router - BASE.n_layers * BASE.dim * one.gated == 938_304, name


def test_operations_count_the_shared_expert():
    plain, shared = longer.operations(fine(4)), longer.operations(variants()["shared"])
    assert plain - shared == 2 * 2 * 64  # the rows of two experts in two routers
    assert longer.operations(variants()["shared, gated"]) - shared == 2 * 64


def test_a_loss_over_sequences_is_the_mean_of_their_losses():
    logits_TE = torch.zeros(64, 32)
    for one in range(16):  # each sequence has favourites of its own, all together are even
        logits_TE[4 * one : 4 * one + 4, 2 * one : 2 * one + 2] = 80.0
    routing = top_k(logits_TE, k=2)
    whole = penalty_of(fine(4, balance=1.0))([routing])
    each = penalty_of(fine(4, balance=1.0, parts=16))([routing])
    assert whole.item() == pytest.approx(1.0) and each.item() == pytest.approx(16.0)


def test_no_penalty_outside_training_and_none_of_weight_0():
    model = build(fine(1, balance=0.0))[0]
    assert model(ID_BS).auxiliary == 0.0
    model = Penalised(model.model, lambda routings: 1.0)
    assert model(ID_BS).auxiliary == 1.0 and model.eval()(ID_BS).auxiliary == 0.0


def test_a_bias_moves_after_a_step_only_where_there_is_a_rate():
    model, watch = build(variants()["bias, 0.01"])
    watch({"load": [[1.0] + [0.0] * 31] * 2})
    bias_E = model.model.blocks[0].feed_forward.router.bias_E
    assert bias_E[0] == pytest.approx(-0.01) and bias_E[1] == pytest.approx(0.01)


def test_relu_routing_is_pushed_towards_its_share():
    penalty = ReluPenalty(k=1, factor=1.5, coefficient=1.0)
    dense, thin = torch.ones(3, 4), -torch.ones(3, 4)
    assert penalty([relu_routing(dense)]).item() == 16.0 and penalty.coefficient == 1.5
    assert penalty([relu_routing(thin)]).item() == 0.0 and penalty.coefficient == 1.0
    half = torch.tensor([[1.0, 1.0, -1.0, -1.0]])  # one of four is wanted
    penalty([relu_routing(half)])
    assert penalty.coefficient == 1.5


def test_a_device_limit_is_kept():
    torch.manual_seed(0)
    routing = layer(variants()["2 devices"])(torch.randn(50, 64))[1]
    assert max(len(set(row)) for row in (routing.expert_TK // 4).tolist()) == 2


def test_a_visit_that_follows_the_language_tells_it():
    """Language 0 goes to experts 0 and 1, language 1 to 2 and 3: one bit a visit."""

    class Sorted:
        config = config_of(fine(1))

        def eval(self):
            return self

        def __call__(self, id_BS):
            first_T = 2 * (id_BS.flatten() % 2)
            expert_TK = torch.stack([first_T, first_T + 1], 1)
            routing = Routing(torch.zeros(len(first_T), 8), torch.ones_like(expert_TK), expert_TK)
            return type("Output", (), {"routings": [routing]})

    from moe_lesson.text.tokenizer import Text

    id_T = torch.arange(20).repeat_interleave(32) % 2  # twenty documents
    labels = {"language": ["en" if one else "de" for one in id_T.tolist()]}
    labels |= {"pos": ["x"] * 640, "position": [str(n % 32) for n in range(640)]}
    found = longer.read_routers(Sorted(), Text(id_T, torch.ones(640)), labels, 64)
    assert found["language"]["bits"] == pytest.approx(1.0)
    assert found["language"]["entropy"] == pytest.approx(2.0)
    assert found["language"]["high95"] < 0.6 and found["busiest"] == pytest.approx(2.0)


def test_facts_in_parts_have_a_bit_a_value():
    task = grains.in_parts(seed=0, values=3)
    x_TD, label_T, _ = task.draw(50, torch.Generator().manual_seed(1))
    for x_D, label in zip(x_TD.view(50, 4, 8), label_T.tolist()):
        for part in range(4):
            n = (task.value_PND[part] == x_D[part]).all(-1).nonzero().item()
            assert label >> part & 1 == task.bit_PN[part, n]


def test_parts_can_be_learnt():
    task = grains.in_parts(seed=0, values=4)
    model = learn(task, grains.size_of(4), steps=60, seed=0)
    x_TD, label_T, _ = task.draw(500, torch.Generator().manual_seed(5))
    assert (model(x_TD)[0].argmax(-1) == label_T).float().mean() > 0.5


def test_krajewski_by_hand():
    law = laws.MIXTURE
    assert laws.grain_of(4096, 2048) == (4, 8)
    by_hand = 0.47 + (2.1 / 4**0.58 + 18.1) / 1e9**0.115 + 30.8 / 1e10**0.147
    assert law.loss(1e9, 1e10, grain=4) == pytest.approx(by_hand)
    assert law.loss(1e9, 1e10) - law.loss(1e9, 1e10, 4) == pytest.approx(law.gain(1e9, 4))
    assert laws.outside(1e9, 16) == "" and "seen" in laws.outside(1e8, 16)


def test_a_law_of_experts_fades_where_its_sign_says():
    values = {"a": 0.1, "b": 0.2, "c": 0.01, "d": 1.0}
    ratio = [laws.routed(n, 16, values) / laws.routed(n, 8, values) for n in (1e6, 1e9)]
    assert ratio == pytest.approx([2**-0.26, 2**-0.29])
    assert (
        laws.joint_sparse(
            math.inf,
            math.inf,
            0.0,
            dict.fromkeys(["al", "be", "la"], 1.0)
            | {"de": 1.0, "ga": 1.0, "a": 1.0, "b": 1.0, "c": 2.0, "d": 1.0, "e": 3.0},
        )
        == 5.0
    )


def test_patches_are_those_of_the_image():
    from sklearn.datasets import load_digits

    (x_BSD, digit_B), (other_BSD, _) = images.turned_patches(seed=0)
    assert len(x_BSD) == 4800 and len(other_BSD) == 2388
    pixels, digits = load_digits(return_X_y=True)
    whole = torch.tensor(pixels / 16).float().view(-1, 8, 8)
    upright = x_BSD[:1200].view(1200, 4, 4, 2, 2).transpose(2, 3).reshape(1200, 8, 8)
    match = (whole == upright[7]).flatten(1).all(1).nonzero()[0].item()
    assert digits[match] == digit_B[7] == digit_B[1207]


def test_rows_of_the_digit_layers_cost_the_same():
    names = list(images.layers())
    assert images.SLOTS * images.EXPERTS == images.PATCHES * images.TOP_K
    counts = [sum(w.numel() for w in make().parameters()) for make in images.layers().values()]
    experts = 8 * 3 * 32 * 32
    assert len(names) == 3 and counts[0] == experts // 4
    assert counts[1] == experts + 8 * 32 and counts[2] == experts + 8 * 4 * 32


@pytest.mark.parametrize("name", ["beyond", "grains"])
def test_what_is_recorded_can_be_measured(name):
    found = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    if name == "beyond":
        assert {run["name"] for run in found["runs"]} <= set(NAMES)
        assert found["settings"]["steps"] == longer.SETTINGS.steps
        sizes = {run["name"]: run["operations"] for run in found["runs"]}
        assert all(n == longer.operations(variants()[name]) for name, n in sizes.items())
    else:
        assert {run["task"] for run in found["runs"]} == set(grains.TASKS)
        assert found["settings"]["values"] == grains.VALUES
