"""Rows cut into tiles and padded to full ones: by hand, and for sizes that hypothesis draws."""

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moe_lesson.moe.tiles import padded_rows, places, rooms, spread, tile_map

counts = st.lists(st.integers(0, 40), min_size=1, max_size=6)
blocks = st.sampled_from([1, 2, 16, 32])


def listed(found):
    """Return (expert, first row, end) of the tiles that hold rows."""
    every = zip(*(each.tolist() for each in found), strict=True)
    return [tile for tile in every if tile[1] < tile[2]]


def by_loop(counts, rows, block):
    """Walk over the experts in plain Python; what is left over belongs to expert -1."""
    found, row = [], 0
    for expert, count in [*enumerate(counts), (-1, rows - sum(counts))]:
        end = row + count
        while row < end:
            found.append((expert, row, min(row + block, end)))
            row = found[-1][2]
    return found


def test_tiles_by_hand():
    """Experts with 5, 0 and 4 rows, tiles of 4: two, none and one."""
    found = tile_map(torch.tensor([5, 0, 4]), rows=9, block=4)
    assert listed(found) == [(0, 0, 4), (0, 4, 5), (2, 5, 9)]
    assert found.expert.dtype == torch.int32


@settings(deadline=None)
@given(counts, st.integers(0, 20), blocks)
@example([0], 0, 16)
def test_every_row_has_one_tile(counts, spare, block):
    rows = sum(counts) + spare
    found = tile_map(torch.tensor(counts), rows, block)
    assert listed(found) == by_loop(counts, rows, block)


@settings(deadline=None)
@given(counts, blocks)
def test_there_are_as_many_tiles_as_the_sizes_can_need(counts, block):
    """The number follows from sizes alone: all rows in one place or spread, it is the same."""
    rows, experts = sum(counts), len(counts)
    sizes = {
        len(tile_map(torch.tensor(some), rows, block).expert)
        for some in (counts, counts[::-1], [rows] + [0] * (experts - 1), [0] * experts)
    }
    assert sizes == {(rows + (experts + 1) * (block - 1)) // block}


def test_counts_that_ask_for_more_are_cut():
    found = tile_map(torch.tensor([3, 5]), rows=4, block=2)
    assert listed(found) == [(0, 0, 2), (0, 2, 3), (1, 3, 4)]


def test_places_by_hand():
    """Rooms of 4, 0, 8: expert 2's rows begin at 4, not at 3."""
    count_E = torch.tensor([3, 0, 5])
    assert rooms(count_E, 4).tolist() == [4, 0, 8]
    assert places(count_E, 8, 4).tolist() == [0, 1, 2, 4, 5, 6, 7, 8]


@settings(deadline=None)
@given(counts, blocks)
def test_each_row_stands_in_its_own_experts_room(counts, block):
    rows, experts = sum(counts), len(counts)
    room_E, place_R = rooms(torch.tensor(counts), block), places(torch.tensor(counts), rows, block)
    assert (room_E % block == 0).all() and (room_E >= torch.tensor(counts)).all()
    # MegaBlocks' bound: less than a block of padding for each expert.
    most = padded_rows(rows, experts, block)
    assert room_E.sum() <= most < rows + experts * block and most % block == 0
    owner_R = torch.arange(experts).repeat_interleave(torch.tensor(counts))
    assert torch.equal(torch.arange(experts).repeat_interleave(room_E)[place_R], owner_R)
    assert len(set(place_R.tolist())) == rows


@settings(deadline=None)
@given(counts, blocks)
def test_rows_come_back_from_where_they_were_spread(counts, block):
    rows = sum(counts)
    place_R = places(torch.tensor(counts), rows, block)
    x_RD = torch.randn(rows, 3)
    wide = spread(x_RD, place_R, padded_rows(rows, len(counts), block))
    assert torch.equal(wide[place_R], x_RD)
    assert int((wide != 0).any(1).sum()) == rows
