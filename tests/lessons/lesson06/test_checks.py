"""What the checks of lesson 06 say: of a stub and of a right answer."""

import math

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


RIGHT = [
    (checks.rooms, rooms),
    (checks.tile_list, tile_list),
    (checks.gradients, gradients),
    (checks.places, our_places),
    (checks.places, places),
    (checks.intensity, intensity),
]
