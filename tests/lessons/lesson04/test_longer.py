"""What lesson 4 measures beforehand: the runs are what their names say."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moe_lesson.lessons.lesson04 import longer
from moe_lesson.lessons.lesson04.remedies import nothing, remedies
from moe_lesson.moe.routing import switch
from tests.study.small_trial import DATA, SETTINGS


def test_the_dense_control_has_two_experts_and_uses_both():
    config, remedy = longer.speakers()["dense"]
    sparse = [one for name, (one, _) in longer.speakers().items() if name != "dense"]
    assert config.num_experts == config.top_k == 2 and len(sparse) == len(remedies())
    assert {one.num_experts for one in sparse} == {32} and {one.top_k for one in sparse} == {2}
    assert config.operations < sparse[0].operations < 1.1 * config.operations
    assert remedy.penalty is nothing


def test_a_recorded_speaker_holds_plain_numbers_only():
    half, place = np.repeat(["a", "b"], 100), np.tile(np.arange(20), 10).astype(str)
    labels = {"pos": half, "language": half, "position": place}
    run = longer.speak("dense", DATA, labels, replace(SETTINGS, length=8))
    assert run["remedy"] == "dense" and run["busiest"] == 1 and run["idle"] == 0
    assert run["information"]["pos"] <= run["choice"] + 1e-3
    assert run["chance"].keys() == run["information"].keys() == {"pos", "language"}
    flat = [one for one in run.values() if not isinstance(one, dict | str)]
    assert all(isinstance(one, int | float) for one in flat)


def test_every_memory_learns_and_is_asked():
    for name, one in longer.memories().items():
        found = longer.remember(replace(one, facts=40, steps=2), seed=0)
        E = one.size.num_experts
        assert 0 <= found["share"] <= 1 and 1 <= found["busiest"] <= E, name
        assert 0 <= found["idle"] < E, name


def test_facts_have_the_direction_that_is_asked_for(monkeypatch):
    seen = []

    def facts(count, size, seed, shared):
        seen.append((count, seed, shared))
        raise KeyboardInterrupt

    monkeypatch.setattr(longer, "facts", facts)
    for name in ("Switch", "Switch, no direction"):
        with pytest.raises(KeyboardInterrupt):
            longer.remember(longer.memories()[name], seed=7)
    assert seen == [(20_000, 7, 1.0), (20_000, 7, 0.0)]


def test_the_four_top_one_layers_differ_in_weight_and_in_loss():
    x_TD = torch.randn(9, 32)
    for name, one in longer.faulty().items():
        routed = one.remedy.router(one.size)(x_TD)
        weight_TK = routed.routing.weight_TK
        right = switch(routed.routing.logits_TE).weight_TK
        same = torch.equal(weight_TK, right if "weight p" in name else torch.ones(9, 1))
        assert same and one.shared == 0
        assert bool(one.remedy.penalty(routed)) == ("Switch" in name)
        assert (one.size.num_experts, one.size.hidden_dim) == (8, 64)


def test_a_lesson_is_told_in_plain_numbers():
    told = longer.about(longer.memories()["dense, as active"])
    assert told["num_experts"] == 1 and told["hidden_dim"] == 64 and told["steps"] == 2_000
    assert all(isinstance(one, int | float) for one in told.values())
