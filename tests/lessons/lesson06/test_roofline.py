"""Intensity by hand and by counting; the roof of a machine."""

import pytest
import torch

from moe_lesson.lessons.lesson06 import roofline
from moe_lesson.lessons.lesson06.roofline import H100, Machine, intensity, touched
from moe_lesson.moe.routing import top_k


def test_intensity_by_hand():
    """One token, 2 of 4 experts of 8 x 32: 3,072 operations, 1,568 numbers of 4 bytes."""
    assert intensity(1, 8, 32, 4, 2, 4) == pytest.approx(3072 / 6272)
    assert intensity(1, 8, 32, 4, 2, 2) == pytest.approx(2 * 3072 / 6272)


def test_intensity_grows_with_tokens_towards_its_bound():
    found = [intensity(10**power, 64, 256, 8, 2, 4) for power in range(7)]
    assert found == sorted(found) and found[-1] == pytest.approx(3 * 256 / 4, rel=0.01)
    assert found[0] == pytest.approx(2 / 4, rel=0.01)


def test_touched_experts_are_those_of_even_choices():
    torch.manual_seed(0)
    for tokens in (1, 3, 16):
        counted = []
        for _ in range(2000):
            chosen_TK = top_k(torch.randn(tokens, 8), 2).expert_TK
            counted.append(len(chosen_TK.unique()))
        assert sum(counted) / 2000 == pytest.approx(touched(tokens, 8, 2), abs=0.08)


def test_the_roof_is_the_lower_of_two_limits():
    toy = Machine("toy", speed=100.0, bandwidth=10.0)
    assert toy.balance == 10 and toy.roof(2) == 20 and toy.roof(10) == toy.roof(50) == 100
    assert H100.balance == pytest.approx(295) and H100.bandwidth == 3.35e12


@pytest.mark.unwatched
def test_a_machine_is_measured():
    found = roofline.measured_machine(width=128, megabytes=4, rounds=2)
    assert 1e8 < found.speed < 1e13 and 1e8 < found.bandwidth < 1e13


def test_the_best_round_counts(monkeypatch):
    ticks = iter([0.0, 3.0, 10.0, 11.0, 20.0, 25.0])
    monkeypatch.setattr(roofline.time, "process_time", lambda: next(ticks))
    done = []
    assert roofline.best(lambda: done.append(1), rounds=3) == 1.0 and len(done) == 4
