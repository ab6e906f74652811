"""Check the exercises of lesson 06 on tiles: rooms, a list of tiles, the bug in the offsets."""

import torch

from moe_lesson.study.checks import (
    called,
    demand,
    exercise,
    near,
    no_mistake,
    tensor_of,
    untouched,
)

# What to say of a mistake -> what it gives: for counts 3 0 4 5 9 and tiles of 4,
ROOMS = {
    "You round down: the last rows have no room": [0, 0, 4, 4, 8],
    "A full tile needs no other: 4 rows fit into 4, 0 rows need none": [4, 4, 8, 8, 12],
    "These are tiles: give rows": [1, 0, 1, 2, 3],
    "That is the padding alone: add the rows": [1, 0, 0, 3, 3],
    "You round to the nearest: 5 rows do not fit into 4": [4, 0, 4, 4, 8],
    "Everybody gets what the busiest needs": [12] * 5,
    "An expert without rows needs no tile": [4, 4, 4, 8, 12],
    "These are the rows themselves: not a whole tile": [3, 0, 4, 5, 9],
    "You round down, and the sign is turned: minus stands inside the brackets too": [
        0, 0, -4, -4, -8,
    ],
    "/ keeps the fraction: // rounds down": [6, 3, 7, 8, 12],
    "More rows than a tile holds need more than one tile": [4, 0, 4, 4, 4],
}  # fmt: skip
# for counts 5 0 4 and tiles of 4,
TILES = {
    "The second tile takes rows of expert 2: it ends with its expert": [
        [0, 0, 4], [0, 4, 8], [2, 5, 9],
    ],
    "Tiles follow the rows and cut through experts": [[0, 0, 4], [0, 4, 8], [2, 8, 9]],
    "Expert 1 has no rows: no tile": [[0, 0, 4], [0, 4, 5], [1, 5, 5], [2, 5, 9]],
    "Rows are counted through, expert 2's begin at 5": [[0, 0, 4], [0, 4, 5], [2, 0, 4]],
    "The last tile of expert 0 is missing": [[0, 0, 4], [2, 5, 9]],
    "The end is one past the last row": [[0, 0, 3], [0, 4, 4], [2, 5, 8]],
    "Give where a tile ends, not how many rows it holds": [[0, 0, 4], [0, 4, 1], [2, 5, 4]],
    "These rows are not padded: expert 2's begin at 5": [[0, 0, 4], [0, 4, 5], [2, 8, 12]],
    "Number experts as they are, empty ones too": [[0, 0, 4], [0, 4, 5], [1, 5, 9]],
    "The end is counted through too: expert 2's tile ends at 9": [[0, 0, 4], [0, 4, 5], [2, 5, 4]],
    "Expert 0 begins at 0: add its rows after its tiles": [[0, 5, 9], [0, 9, 10], [2, 9, 13]],
    "Expert 2's 4 rows fill one tile: the next would begin where they end": [
        [0, 0, 4], [0, 4, 5], [1, 5, 5], [2, 5, 9], [2, 9, 9],
    ],
    "The expert comes first in each triple": [[0, 4, 0], [4, 5, 0], [5, 9, 2]],
}  # fmt: skip
# and for counts 3 0 5 2 and tiles of 4.
PLACES = {
    "Expert 2's first row stands at 3, in expert 0's tile: the offsets forget the padding": [
        *range(10)
    ],
    "Expert 0 begins at 0: an offset counts who comes before, not oneself": [
        4, 5, 6, 12, 13, 14, 15, 16, 16, 17,
    ],
    "Only the padding of the expert just before is counted": [
        0, 1, 2, 3, 4, 5, 6, 7, 11, 12,
    ],
    "Each expert's own padding comes after its rows, not before": [
        1, 2, 3, 7, 8, 9, 10, 11, 14, 15,
    ],
    "An empty expert takes no tile": [0, 1, 2, 8, 9, 10, 11, 12, 16, 17],
    "Within an expert rows are numbered too": [0, 0, 0, 4, 4, 4, 4, 4, 12, 12],
    "You number within each expert: add where it begins": [0, 1, 2, 0, 1, 2, 3, 4, 0, 1],
    "Everybody has the room of the busiest: round up each expert's own": [
        0, 1, 2, 16, 17, 18, 19, 20, 24, 25,
    ],
    "Expert 2 needs two tiles: an expert's number times the block is not where it begins": [
        0, 1, 2, 8, 9, 10, 11, 12, 12, 13,
    ],
    "Where a room begins is added to the number within the expert, not to the row's": [
        0, 1, 2, 7, 8, 9, 10, 11, 20, 21,
    ],
    "Rooms are rounded up, not down: rows of two experts share a place": [
        0, 1, 2, 0, 1, 2, 3, 4, 4, 5,
    ],
    "These are the ends of the rooms, the same for all rows of an expert": [
        4, 4, 4, 12, 12, 12, 12, 12, 16, 16,
    ],
}  # fmt: skip


def whole(values):
    """Write a tensor's numbers for a message, without a point where they are whole.

    >>> whole(torch.tensor([1.0, 2.5]))
    '1 2.5'

    Lesson 6.
    """
    return " ".join(f"{value:g}" for value in values.tolist())


@exercise("every expert gets whole tiles, and an empty one gets none.")
def rooms(answer):
    """Check ``answer(count_E, block)``: rows of each expert, rounded up to whole tiles.

    >>> from moe_lesson.moe.tiles import rooms as ours
    >>> rooms(ours)
    correct: every expert gets whole tiles, and an empty one gets none.

    Lesson 6.
    """
    count_E = torch.tensor([3, 0, 4, 5, 9])
    given = called(answer, count_E, 4, when="counts 3 0 4 5 9, tiles of 4")
    found = tensor_of(given, (5,), "what you return")
    said = f"counts 3 0 4 5 9, tiles of 4: you give {whole(found)}. "
    no_mistake(found, ROOMS, said)
    demand(near(found, [4, 0, 4, 8, 12]), said + "It must be 4 0 4 8 12")
    demand(count_E.tolist() == [3, 0, 4, 5, 9], "count_E itself was changed: make a new tensor")
    given = called(answer, count_E[:3], 3, when="counts 3 0 4, tiles of 3")
    found = tensor_of(given, (3,), "for 3 experts it")
    said = f"counts 3 0 4, tiles of 3: you give {whole(found)}, not 3 0 6. "
    no_mistake(found, {"Is 4 written into your function? Use block": [4, 0, 4]}, said)
    demand(near(found, [3, 0, 6]), said + "Does your way need a power of two?")


@exercise("tiles hold rows of one expert each, and every row is in one tile.")
def tile_list(answer):
    """Check ``answer(counts, block)``: (expert, first row, end) of every tile, in any order.

    >>> def ours(counts, block):
    ...     found, row = [], 0
    ...     for expert, count in enumerate(counts):
    ...         for first in range(0, count, block):
    ...             found.append((expert, row + first, row + min(first + block, count)))
    ...         row += count
    ...     return found
    >>> tile_list(ours)
    correct: tiles hold rows of one expert each, and every row is in one tile.

    Lesson 6.
    """
    given = untouched(answer, [5, 0, 4], 4, when="counts [5, 0, 4], tiles of 4")
    found = _triples(given)
    said = f"counts [5, 0, 4], tiles of 4: you give {found}. "
    for message, wrong in TILES.items():
        demand(found != wrong, said + message)
    wanted = [[0, 0, 4], [0, 4, 5], [2, 5, 9]]
    demand(found == wanted, said + f"It must be {wanted}")
    when = "counts [2, 3, 0, 1], tiles of 2"
    found = _triples(called(answer, [2, 3, 0, 1], 2, when=when))
    is_fixed = found == [[0, 0, 2], [1, 2, 5], [3, 5, 6]]
    demand(not is_fixed, f"{when}: you give {found}. Is 4 written into your function?")
    wanted = [[0, 0, 2], [1, 2, 4], [1, 4, 5], [3, 5, 6]]
    demand(found == wanted, f"{when}: you give {found}. It must be {wanted}")


def _triples(given):
    """Return a sorted list of lists of three whole numbers."""
    try:
        found = [[float(number) for number in tile] for tile in given]
    except (TypeError, ValueError):
        kind = type(given).__name__
        raise AssertionError(f"return a list of triples, not this {kind}: {given}") from None
    sizes = {len(tile) for tile in found}
    demand(sizes <= {3}, f"a tile is (expert, first row, end): you give {found}")
    is_whole = all(number.is_integer() for tile in found for number in tile)
    demand(is_whole, f"rows and experts are whole numbers: you give {found}")
    return sorted([int(number) for number in tile] for tile in found)


@exercise("offsets count the padding of all experts before, and rows keep their order.")
def places(answer):
    """Check ``answer(count_E, rows, block)``: where each row stands among padded rows.

    >>> from moe_lesson.moe.tiles import places as ours
    >>> places(ours)
    correct: offsets count the padding of all experts before, and rows keep their order.

    Lesson 6.
    """
    count_E = torch.tensor([3, 0, 5, 2])
    given = untouched(answer, count_E, 10, 4, when="counts 3 0 5 2, tiles of 4")
    found = tensor_of(given, (10,), "what you return")
    demand(not given.is_floating_point(), "places number rows: give whole numbers, not floats")
    said = f"counts 3 0 5 2, tiles of 4: you give {whole(found)}. "
    no_mistake(found, PLACES, said)
    demand(near(found, [0, 1, 2, 4, 5, 6, 7, 8, 12, 13]), said + "Where does each room begin?")
    given = called(answer, torch.tensor([4, 1]), 5, 2, when="counts 4 1, tiles of 2")
    found = tensor_of(given, (5,), "for 5 rows it")
    said = f"counts 4 1, tiles of 2: {whole(found)}, not 0 1 2 3 4: a full tile needs no padding"
    demand(near(found, [0, 1, 2, 3, 4]), said)
    given = called(answer, torch.tensor([1, 4, 2]), 7, 3, when="counts 1 4 2, tiles of 3")
    found = tensor_of(given, (7,), "for 7 rows it")
    said = f"counts 1 4 2, tiles of 3: you give {whole(found)}, not 0 3 4 5 6 9 10. "
    fixed = {"Is 4 written into your function? Use block": [0, 4, 5, 6, 7, 8, 9]}
    no_mistake(found, fixed, said)
    demand(near(found, [0, 3, 4, 5, 6, 9, 10]), said + "Where does each room begin?")
