"""The cost model: by hand, in its limits, and the exponent that GShard measured."""

import numpy as np
import pytest

from moe_lesson.lessons.lesson07 import cost_model
from moe_lesson.lessons.lesson07.cost_model import Layer, Link, direct, in_two_steps, layer_step

NEAR, FAR = Link("in", 1.0, 10.0), Link("out", 2.0, 5.0)


def test_an_exchange_by_hand():
    """16 devices, two nodes: 7 near messages with 7/16 of 160 bytes, 8 far ones with half."""
    assert direct(160.0, 16, NEAR, FAR) == max(7 * 1 + 70 / 10, 8 * 2 + 80 / 5) == 32
    assert direct(160.0, 16, Link("in", 9.0, 10.0), FAR) == 7 * 9 + 70 / 10


def test_two_steps_by_hand():
    """7 near messages with 7/8 of the bytes, then one to the other node with half of them."""
    copies = 4 * 160 / cost_model.COPY
    found = in_two_steps(160.0, 16, NEAR, FAR)
    assert abs(found - (copies + 7 + 14 + 2 + 16)) < 1e-9


def test_on_one_node_two_steps_lose_and_on_many_small_rows_they_win():
    assert in_two_steps(1e6, 8) > direct(1e6, 8)
    assert in_two_steps(1e4, 1024) < direct(1e4, 1024) / 5
    assert in_two_steps(64e6, 16) > direct(64e6, 16)


def test_a_torus_grows_with_the_square_root():
    assert cost_model.on_a_torus(3.0, 400, 2.0) / cost_model.on_a_torus(3.0, 100, 2.0) == 2.0
    # 4 x 4 chips, 1 byte each: 16 / 4 bytes over 8 links.
    assert cost_model.on_a_torus(1.0, 16, 1.0) == 0.5


def test_a_step_by_hand():
    """2 tokens, k = 2, one operation a second for 6 of a row: 24 s; 4 bytes there, 4 back.

    At twice the mean the fullest computes 24 s more, and gets and sends 4 bytes more.
    """
    layer = Layer(1, 1, 4, 2, tokens=2, size=1, speed=1.0)
    step = layer_step(layer, 4, lambda sent, ranks: sent, skew=2.0)
    assert step == (24.0, 24.0 + 8.0, 8.0) and step.total == 64.0
    assert layer_step(layer, 1, skew=1.0) == (24.0, 0.0, 0.0)


def test_chance_waits_where_no_skew_is_given():
    layer = cost_model.MIXTRAL_LAYER._replace(tokens=64)
    assert layer_step(layer, 8).waiting > layer_step(layer._replace(tokens=65536), 8).waiting / 1024
    even = layer_step(layer, 8)
    assert 0 < even.waiting < 0.5 * even.even


@pytest.mark.parametrize("latency, bandwidth", [(1e-3, 1e9), (5e-6, 2e8)])
def test_a_line_is_found_again(latency, bandwidth):
    sizes = np.array([1e3, 1e5, 1e6, 4e6])
    found = cost_model.fit(sizes, latency + sizes / bandwidth)
    assert abs(found.latency / latency - 1) < 1e-6 and abs(found.bandwidth / bandwidth - 1) < 1e-6


def test_a_falling_line_gives_no_negative_time():
    found = cost_model.fit([0, 1], [0.0, -1.0])
    assert found.latency >= 0 and found.bandwidth > 0


def test_a_row_of_the_mesh_has_as_many_devices_as_experts():
    """Beyond one expert a device the layer is copied: time and partners stay as they are."""
    layer, asked = cost_model.V3_LAYER, []

    def exchange(sent, ranks):
        asked.append(ranks)
        return 0.0

    few, many = (layer_step(layer, each, exchange, skew=1.3) for each in (256, 4096))
    assert few == many and set(asked) == {256}
    layer_step(layer, 64, exchange, skew=1.3)
    assert asked[-1] == 64


def test_a_step_on_a_torus_by_hand():
    """16 % grows 4 times from 128 to 2,048 devices: 0.84 + 0.64. Half the tokens, half the time."""
    assert abs(cost_model.torus_step(2048, 2048) - 1.48) < 1e-12
    assert abs(cost_model.torus_step(1024, 2048) - 0.74) < 1e-12


def test_gshards_steps_are_those_of_its_table():
    """Seconds from steps a second; the model starts from 512 devices and has 1.48 / 1.16 there."""
    curves = cost_model.gshard_curves()
    devices, seconds = curves["12 layers, published"]
    assert devices == [128, 512, 2048]
    assert np.allclose(seconds, [1 / 2.16, 1 / 3.28, 1 / 2.15])
    model = curves["12 layers, model"][1]
    assert np.allclose(model, np.array([4 / 1.16, 1, 1.48 / 1.16]) / 3.28)
