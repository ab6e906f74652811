"""What is measured beforehand: equal operations, bounds, and a memory with seats."""

import math
from dataclasses import replace

import pytest
import torch

from moe_lesson.lessons.lesson05 import longer
from moe_lesson.lessons.lesson05.chance import dropped_by_chance, dropped_by_lot
from moe_lesson.models.switch import SwitchTransformer
from moe_lesson.moe.routing import top_k
from moe_lesson.text.tokenizer import Data, Text

BRIEF = replace(longer.LANGUAGE, steps=1, batch=2)


def test_all_speakers_have_equal_operations_but_for_routers():
    rows = {name: config.operations for name, config in longer.speakers().items()}
    router = {
        name: config.n_layers // config.every * config.dim * config.num_experts
        for name, config in longer.speakers().items()
    }
    assert len({rows[name] - router[name] for name in rows}) == 1


def test_two_experts_of_half_the_width_store_as_much_as_one():
    def stored(name):
        model = SwitchTransformer(longer.speakers()[name])
        return sum(w.numel() for n, w in model.named_parameters() if "experts" in n)

    assert stored("every other, top-2") == stored("decoder, 1.25")
    assert stored("every, top-2") == stored("every, top-1") == 2 * stored("decoder, 1.25")


def test_a_speaker_is_measured_with_each_number_of_seats():
    text = Text(torch.arange(200) % 50, torch.ones(200))
    found = longer.speak(Data(text, text), "decoder, 0.5", 0, BRIEF)
    assert list(found["nats"]) == list(longer.FACTORS)
    missing = [found["missing"][name] for name in longer.FACTORS]
    assert missing == sorted(missing, reverse=True) and missing[0] > 0.3 and missing[-1] == 0
    alone = longer.speak(Data(text, text), "encoder, expert choice", 0, BRIEF)
    assert list(alone["nats"]) == ["as trained"]


def test_a_trained_model_gets_other_seats_and_keeps_its_weights():
    model = SwitchTransformer(longer.speakers()["decoder, 1"])
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    longer.seated_as(model, None)
    factors = [b.feed_forward.config.eval_capacity for b in model.blocks[1::2]]
    assert factors == [None, None] and model.blocks[1].feed_forward.config.capacity == 1.0
    assert all(torch.equal(before[name], w) for name, w in model.state_dict().items())


def test_the_bound_by_hand():
    """8 experts that take 1 of 8 tokens: 8 H(1/8) = 4.35 bits a layer; all tokens: nothing."""
    chosen = longer.gamblers()["expert choice"]
    entropy = -(1 / 8) * math.log2(1 / 8) - (7 / 8) * math.log2(7 / 8)
    assert abs(longer.leak_bound(chosen) - 2 * 8 * entropy) < 1e-9
    assert longer.leak_bound(replace(chosen, capacity=8.0)) == 0.0


def test_seats_in_a_memory_by_hand():
    routing = top_k(torch.tensor([[9.0, 0.0]] * 3 + [[0.0, 9.0]]), k=1)
    assert longer.seated(routing, 1.0).count_E.tolist() == [2, 1]
    assert longer.seated(routing, None).count_E.tolist() == [3, 1]


def test_a_memory_is_asked_with_each_number_of_seats():
    found = longer.remember("dropless", 0, longer.Learning(facts=200, steps=30, asked=100))
    missing = list(found["missing"].values())
    assert missing == sorted(missing, reverse=True) and missing[-1] == 0
    assert found["share"]["dropless"] > found["share"]["0.5"]


def test_a_gambler_at_the_floor():
    found = longer.gamble("top-1", 0, replace(longer.GAMBLING, steps=1))
    assert found["bound"] is None and abs(found["bits"] - 3) < 0.7


@pytest.mark.parametrize(
    "tokens, experts, factor, percent",
    [(1024, 8, 1.0, 3.30), (4096, 64, 1.0, 4.94), (1024, 128, 1.0, 13.9), (1024, 128, 1.25, 5.28)],
)
def test_a_random_router_drops_what_the_fact_sheet_says(tokens, experts, factor, percent):
    assert abs(100 * dropped_by_chance(tokens, experts, factor) - percent) < 0.05


def test_formula_and_lot_agree():
    """Two tokens, two experts, one seat: they collide in half of the draws, one of two stands."""
    assert abs(dropped_by_chance(2, 2, 1.0) - 0.25) < 1e-9
    found = dropped_by_lot(2, 2, 1.0, 2000, torch.Generator().manual_seed(0))
    assert abs(found - 0.25) < 0.02
