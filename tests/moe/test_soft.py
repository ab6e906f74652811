"""Soft MoE: sums over positions in, sums over slots out."""

import math

import pytest
import torch

from moe_lesson.moe.soft import SoftLayer
from moe_lesson.study.invariants import prefix_ignores_the_future
from tests import oracles

WIDE = torch.float64


def layer(experts=3, slots=2, dim=4):
    torch.manual_seed(0)
    return SoftLayer(dim, 6, experts, slots).double()


def sequences(count=2, length=7, dim=4):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, length, dim, generator=generator, dtype=WIDE)


def soft_slowly(xs, layer):
    """One sequence: each slot a mean of positions, each position a mean of slots' answers."""
    networks = oracles.swiglu_networks(layer.experts)
    slots = [(e, slot) for e, some in enumerate(layer.slot_ECD.tolist()) for slot in some]
    scores = [[math.fsum(a * b for a, b in zip(x, slot)) for _, slot in slots] for x in xs]
    said = []
    for i, (e, _) in enumerate(slots):
        share = oracles.softmax([row[i] for row in scores])
        mean = [math.fsum(s * x[d] for s, x in zip(share, xs)) for d in range(len(xs[0]))]
        said.append(networks[e](mean))
    columns = [list(column) for column in zip(*said)]
    return [oracles.times(columns, oracles.softmax(row)) for row in scores]


@pytest.mark.parametrize("experts, slots", [(3, 2), (1, 1), (2, 5)])
def test_it_equals_the_oracle(experts, slots):
    soft, x_BSD = layer(experts, slots), sequences()
    for xs, ys in zip(x_BSD.tolist(), soft(x_BSD).y_BSD.tolist()):
        for y, expected in zip(ys, soft_slowly(xs, soft), strict=True):
            assert y == pytest.approx(expected, abs=1e-10)


def test_what_sums_to_one():
    mixed = layer()(sequences())
    ones = torch.ones(2, 3, 2, dtype=WIDE)
    torch.testing.assert_close(mixed.dispatch_BSEC.sum(1), ones, rtol=0, atol=1e-12)
    shares_BS = mixed.combine_BSEC.sum((2, 3))
    torch.testing.assert_close(shares_BS, torch.ones(2, 7, dtype=WIDE), rtol=0, atol=1e-12)
    assert (mixed.dispatch_BSEC > 0).all() and (mixed.combine_BSEC > 0).all()


def test_the_order_of_positions_does_not_matter():
    soft, x_BSD = layer(), sequences()
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    turned_BSD = soft(x_BSD[:, order]).y_BSD
    torch.testing.assert_close(turned_BSD, soft(x_BSD).y_BSD[:, order], rtol=0, atol=1e-12)


def test_sequences_do_not_see_one_another():
    soft, x_BSD = layer(), sequences()
    torch.testing.assert_close(soft(x_BSD[1:]).y_BSD, soft(x_BSD).y_BSD[1:], rtol=0, atol=1e-12)


def test_it_is_not_causal():
    soft = layer()
    with pytest.raises(AssertionError, match="sees the future"):
        prefix_ignores_the_future(lambda x: soft(x).y_BSD, sequences())


def test_rows_do_not_grow_with_the_sequence_and_all_weights_learn():
    soft, rows = layer(), []
    soft.experts.register_forward_hook(lambda _, given, __: rows.append(len(given[0])))
    for length in (2, 50):
        soft(sequences(length=length)).y_BSD.square().sum().backward()
    assert rows == [2 * 6, 2 * 6]
    assert all(weight.grad.abs().sum((-1, -2)).gt(0).all() for weight in soft.parameters())
