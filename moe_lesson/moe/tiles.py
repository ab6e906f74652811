"""Rows sorted by expert, cut into tiles, and padded so that each tile is full.

A GPU's processors work tile by tile. What each tile needs to know, its expert and its rows, is
worked out here from the counts alone, on the device and without waiting for it.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Tiles(NamedTuple):
    """List tiles of rows: tile t holds rows first[t] to end[t] - 1, all of one expert.

    Gale et al. 2022 (MegaBlocks, arXiv:2211.15841), section 5.1, store such an index for each
    block of a sparse matrix; this one has an entry for a whole row of blocks.

    >>> Tiles(torch.tensor([0]), torch.tensor([0]), torch.tensor([3])).end.tolist()
    [3]

    Lesson 6.
    """

    expert: Tensor  # of each tile; -1: rows that are nobody's
    first: Tensor  # its first row
    end: Tensor  # one past its last row


def tile_map(count_E, rows, block):
    """Cut each expert's rows into tiles of at most ``block`` rows.

    The number of tiles is the most that these sizes can need, so that nothing waits for the
    device to learn how many there are; those left over are empty. Rows past the last expert's
    get tiles too, with expert -1: whoever writes a result writes zeros there.

    Args:
        rows: how many rows there are in all; counts that ask for more are cut there.

    Returns:
        Tiles of int32.

    >>> found = tile_map(torch.tensor([3, 0, 2]), rows=6, block=2)
    >>> list(zip(found.expert.tolist(), found.first.tolist(), found.end.tolist()))
    [(0, 0, 2), (0, 2, 3), (2, 3, 5), (-1, 5, 6), (-1, 6, 6)]

    Lesson 6.
    """
    E, most = len(count_E), (rows + (len(count_E) + 1) * (block - 1)) // block
    end = count_E.cumsum(0).clamp(max=rows)
    end = torch.cat([end, end.new_full((1,), rows)])  # a last owner for what is nobody's
    start = torch.cat([end.new_zeros(1), end[:-1]])
    tiles = -((start - end) // block)
    above = tiles.cumsum(0)
    tile = torch.arange(most, device=count_E.device)
    owner = torch.searchsorted(above, tile, right=True)
    own = owner.clamp(max=E)
    first = (start[own] + (tile - (above - tiles)[own]) * block).clamp(max=rows)
    last = torch.minimum(first + block, end[own])
    expert = torch.where(owner < E, owner, -1)
    return Tiles(*(each.to(torch.int32) for each in (expert, first, last)))


def rooms(count_E, block):
    """Round each expert's rows up to full tiles.

    Returns:
        room_E; an expert without rows keeps none.

    >>> rooms(torch.tensor([3, 0, 4]), block=4).tolist()
    [4, 0, 4]

    Lesson 6.
    """
    return -(-count_E // block) * block


def places(count_E, rows, block):
    """Say where each of the sorted rows stands once every expert's room is full tiles.

    Args:
        rows: the sum of the counts, known without waiting for the device.

    Returns:
        place_R: below ``padded_rows(rows, E, block)``.

    >>> places(torch.tensor([3, 2]), rows=5, block=4).tolist()
    [0, 1, 2, 4, 5]

    Lesson 6.
    """
    room_E = rooms(count_E, block)
    shift_E = (room_E - count_E).cumsum(0) - (room_E - count_E)  # padding of the experts before
    place_R = torch.arange(rows, device=count_E.device)
    return place_R + shift_E.repeat_interleave(count_E, output_size=rows)


def padded_rows(rows, num_experts, block):
    """Bound the rows that padding makes of ``rows``, whoever gets them.

    Returns:
        A multiple of ``block``; the padding is less than ``num_experts * block`` rows.

    >>> padded_rows(5, num_experts=2, block=4)  # 4 + 1: rooms of 4 and 4
    8

    Lesson 6.
    """
    return (rows + min(rows, num_experts) * (block - 1)) // block * block


def spread(x_RD, place_R, rows):
    """Copy each row to its place among ``rows``; the others are zero.

    >>> spread(torch.ones(2, 1), torch.tensor([0, 2]), rows=3).tolist()
    [[1.0], [0.0], [1.0]]

    Lesson 6.
    """
    return x_RD.new_zeros(rows, x_RD.shape[1]).index_copy(0, place_R, x_RD)
