"""Bytes and operations of a step: by hand, and beside the numbers of the fact sheet."""

from itertools import combinations, product

import numpy as np
import pytest

from moe_lesson.lessons.lesson13.cost_model import (
    DEVICES,
    H100,
    H200,
    LLAMA_2_70B,
    Device,
    Load,
    Step,
    decode_step,
    expected_distinct,
    largest_batch,
    weights_read,
)
from moe_lesson.models.config import MISTRAL_7B, MIXTRAL_8X7B, TINY

EVEN = np.full(8, 0.25)


def test_experts_of_a_batch_by_enumeration():
    """Each token takes two of four experts: all ways that three tokens can choose."""
    pairs = list(combinations(range(4), 2))
    sizes = [len(set().union(*way)) for way in product(pairs, repeat=3)]
    assert expected_distinct(np.full(4, 0.5), 3) == pytest.approx(np.mean(sizes), abs=1e-12)


def test_the_numbers_of_the_sheet():
    found = [expected_distinct(EVEN, batch) for batch in (1, 2, 3, 4, 8, 16, 32)]
    assert np.round(found, 2).tolist() == [2.0, 3.5, 4.62, 5.47, 7.2, 7.92, 8.0]
    read = [weights_read(MIXTRAL_8X7B, batch) / 1e9 for batch in (1, 2, 4, 8, 16, 32)]
    assert np.round(read, 1).tolist() == [12.7, 21.2, 32.3, 42.1, 46.1, 46.6]
    assert weights_read(MIXTRAL_8X7B, 1) == 12_748_853_248


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_uneven_loads_visit_fewer(share):
    uneven = np.array([share, 1 - share, 0.5, 0.5]) * 2 / 2
    assert expected_distinct(uneven, 5) <= expected_distinct(np.full(4, 0.5), 5) + 1e-12


def test_a_dense_model_reads_the_same_at_any_batch():
    for config in (LLAMA_2_70B, MISTRAL_7B):
        lookup = config.dim * config.vocab_size
        assert weights_read(config, 1) == weights_read(config, 64)
        assert weights_read(config, 1) == config.total_parameters - lookup


def test_llama_2_70b_has_the_parameters_of_its_name():
    assert LLAMA_2_70B.total_parameters == 68_976_648_192


@pytest.mark.parametrize("device, rate", [(H100, 131), (H200, 188)])
def test_tokens_a_second_of_one_reader(device, rate):
    step = decode_step(Load(MIXTRAL_8X7B), device)
    assert round(1 / step.seconds) == rate and step.weights > 100 * step.arithmetic


def test_one_readers_ratio_and_a_crowds():
    def ratio(batch, context=0):
        steps = (decode_step(Load(c, batch, context), H200) for c in (LLAMA_2_70B, MIXTRAL_8X7B))
        return next(steps).seconds / next(steps).seconds

    assert ratio(1) == pytest.approx(5.39, abs=0.005) and ratio(4096) == pytest.approx(
        5.39, abs=0.01
    )
    assert ratio(64) < 1.5 and all(ratio(4**n, 4096) < 6 for n in range(7))


def test_a_step_is_as_long_as_the_longer_of_reading_and_computing():
    assert Step(1.0, 2.0, 2.5, True).seconds == 3.0 and Step(1.0, 2.0, 3.5, True).seconds == 3.5
    limits = [Step(*parts, True).limit for parts in ((2, 1, 2), (1, 2, 2), (1, 1, 3))]
    assert limits == ["weights", "cache", "arithmetic"] and Step(1, 1, 1, False).limit == "memory"


def test_bytes_by_hand():
    load = Load(TINY, batch=3, context=10, bits=4)
    assert load.cache_bytes == 3 * 10 * 2 * 2 * 2 * 8 * 2  # k and v, layers, heads, width, bytes
    assert load.weight_bytes == TINY.total_parameters * 4.25 / 8  # 64 share a scale of 16 bits
    assert load._replace(bits=16).weight_bytes == TINY.total_parameters * 2
    toy = Device("toy", memory=load.weight_bytes + load.cache_bytes, bandwidth=100.0, speed=50.0)
    step = decode_step(load, toy)
    assert step.cache == load.cache_bytes / 100 and step.fits
    assert step.weights == weights_read(TINY, 3) * 4.25 / 8 / 100  # at four bits
    assert step.arithmetic == 3 * TINY.operations_per_token(10) / 50
    assert not decode_step(load._replace(batch=4), toy).fits


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
@pytest.mark.parametrize("config", [MIXTRAL_8X7B, LLAMA_2_70B])
def test_the_largest_batch_fits_and_one_more_does_not(device, config):
    load = Load(config, context=4096)
    batch = largest_batch(load, device)
    assert not batch or decode_step(load._replace(batch=batch), device).fits
    assert not decode_step(load._replace(batch=batch + 1), device).fits


def test_two_devices_have_twice_of_everything():
    assert DEVICES["two H100"][1:] == tuple(2 * one for one in H100[1:])
