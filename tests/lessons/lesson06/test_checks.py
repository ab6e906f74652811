"""What the checks of lesson 06 say: of a stub and of a right answer."""

import math

import numpy as np
import torch

from moe_lesson.lessons.lesson06 import checks
from moe_lesson.lessons.lesson06.roofline import intensity
from moe_lesson.moe.tiles import places, tile_map
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    test_a_forgotten_return_is_named,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)


def rooms(count_E, block):
    """Go by floats, as many would."""
    return torch.ceil(count_E / block) * block


def tile_list(counts, block):
    """Give what the package's map says, as lists in place of tuples."""
    found = tile_map(torch.tensor(counts), sum(counts), block)
    rows = zip(*(each.tolist() for each in found), strict=True)
    return [list(tile) for tile in rows if tile[1] < tile[2]]


def gradients(x_RD, weight_EFD, count_E, dy_RF):
    """Pick each row's own matrix, without a loop."""
    owner = torch.arange(len(count_E)).repeat_interleave(count_E)
    dx_RD = torch.einsum("rf,rfd->rd", dy_RF, weight_EFD[owner])
    pairs = torch.einsum("rf,rd->rfd", dy_RF, x_RD)
    return [dx_RD, torch.zeros_like(weight_EFD).index_add(0, owner, pairs)]


def our_places(count_E, rows, block):
    """Walk over the experts."""
    found, start = [], 0
    for count in count_E.tolist():
        found += range(start, start + count)
        start += math.ceil(count / block) * block
    return torch.tensor(found)


def rooms_by_rest(count_E, block):
    """Add what is missing to a whole tile."""
    return (count_E + -count_E % block).int()


def tiles_backwards(counts, block):
    """List the last expert's tiles first: the order is not asked for."""
    ends = np.cumsum(counts)
    return tuple(
        (expert, int(first), int(min(first + block, ends[expert])))
        for expert in reversed(range(len(counts)))
        for first in range(ends[expert] - counts[expert], ends[expert], block)
    )


def tiles_one_by_one(counts, block):
    """Give the first tile of everybody, then the second ones, as a tensor."""
    starts = [sum(counts[:expert]) for expert in range(len(counts))]
    return torch.tensor(
        [
            (expert, starts[expert] + first, starts[expert] + min(first + block, count))
            for first in range(0, max(counts), block)
            for expert, count in enumerate(counts)
            if first < count
        ]
    )


def gradients_by_autograd(x_RD, weight_EFD, count_E, dy_RF):
    """Leave it to PyTorch."""
    x_RD.requires_grad_()
    weight_EFD.requires_grad_()
    runs = zip(x_RD.split(count_E.tolist()), weight_EFD, strict=True)
    torch.cat([x @ weight.T for x, weight in runs]).backward(dy_RF)
    return x_RD.grad, weight_EFD.grad


def gradients_row_by_row(x_RD, weight_EFD, count_E, dy_RF):
    """Walk over rows, in float32."""
    owner = [expert for expert, n in enumerate(count_E.tolist()) for _ in range(n)]
    dx_RD, dweight_EFD = torch.zeros(x_RD.shape), torch.zeros(weight_EFD.shape)
    for row, expert in enumerate(owner):
        dx_RD[row] = dy_RF[row] @ weight_EFD[expert]
        dweight_EFD[expert] += torch.outer(dy_RF[row], x_RD[row]).float()
    return dx_RD, dweight_EFD


def places_by_search(count_E, rows, block):
    """Look up each row's expert among the ends."""
    owner_R = torch.searchsorted(count_E.cumsum(0), torch.arange(rows), right=True)
    pad_E = -count_E % block
    return (torch.arange(rows) + (pad_E.cumsum(0) - pad_E)[owner_R]).int()


def intensity_by_loop(tokens, dim, hidden_dim, num_experts, top_k, size):
    """Let token after token leave experts out, and answer with a tensor."""
    left_out = num_experts
    for _ in range(tokens):
        left_out *= (num_experts - top_k) / num_experts
    moved = 3 * (num_experts - left_out) * dim * hidden_dim + 2 * tokens * top_k * dim
    return torch.tensor(6 * tokens * top_k * dim * hidden_dim / moved / size)


RIGHT = [
    (checks.rooms, rooms_by_rest),
    (checks.tile_list, tiles_backwards),
    (checks.tile_list, tiles_one_by_one),
    (checks.gradients, gradients_by_autograd),
    (checks.gradients, gradients_row_by_row),
    (checks.places, places_by_search),
    (checks.intensity, intensity_by_loop),
    (checks.rooms, rooms),
    (checks.tile_list, tile_list),
    (checks.gradients, gradients),
    (checks.places, our_places),
    (checks.places, places),
    (checks.intensity, intensity),
]
