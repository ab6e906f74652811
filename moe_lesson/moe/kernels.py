"""The grouped matrix product in Triton: forward, and the two products of backward.

Two programs do all three. As many copies of a program run as the device has processors, and
each walks over its share of all tiles of all experts (a *persistent* program). On CUDA they are
compiled; elsewhere Triton's interpreter runs the same lines in NumPy, one copy after another.
That is asked for launch by launch: ``TRITON_INTERPRET=1`` would do it for the whole process,
for other people's programs too, and only if set before anybody imports Triton.

Triton is made for Linux and is in the extra "gpu". Import this module inside a function.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from triton.runtime.interpreter import InterpretedFunction
from triton.testing import do_bench

from moe_lesson.moe.tiles import tile_map

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
COPIES = 3  # of a program where the interpreter runs it: each then walks over several tiles


class Tile(NamedTuple):
    """Hold the sizes of a tile: powers of two from 16 on.

    >>> Tile().rows
    128

    Lesson 6.
    """

    rows: int = 128
    columns: int = 128
    inner: int = 32  # how much of a sum is loaded at a time
    warps: int = 4  # of 32 threads, on CUDA
    stages: int = 4  # loads that are under way at once, on CUDA


CANDIDATES = (
    Tile(),
    Tile(128, 128, 64, 8, 3),
    Tile(128, 256, 64, 8, 3),
    Tile(64, 128, 64, 4, 4),
    Tile(64, 256, 32, 4, 4),
    Tile(64, 64, 32, 4, 3),  # four-byte numbers on a small GPU
)


def _rows_program(
    x, weight, y, tiles, count, inner, outer, of_expert, of_inner, of_outer,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, INNER: tl.constexpr, WIDEN: tl.constexpr,
):  # fmt: skip
    """Write the rows of each tile times its expert's matrix, all tiles one after another."""
    across = (outer + COLUMNS - 1) // COLUMNS
    for tile in range(tl.program_id(0), count * across, tl.num_programs(0)):
        # Tiles of one column follow one another: an expert's next tile finds its matrix cached.
        at = tile % count
        # Whatever meets a stride is wide: an address beyond 2**31 numbers would wrap around.
        expert = tl.load(tiles + at).to(tl.int64)
        row = (tl.load(tiles + count + at) + tl.arange(0, ROWS)).to(tl.int64)
        has_row = (row < tl.load(tiles + 2 * count + at))[:, None]
        column = (tile // count * COLUMNS + tl.arange(0, COLUMNS)).to(tl.int64)
        has_column = (column < outer)[None, :]
        total = tl.full((ROWS, COLUMNS), 0.0, tl.float32)
        for k in range(0, tl.where(expert < 0, 0, inner), INNER):  # nobody's rows: zeros
            place = (k + tl.arange(0, INNER)).to(tl.int64)
            has_place = place < inner
            here = x + row[:, None] * inner + place[None, :]
            a = tl.load(here, mask=has_row & has_place[None, :], other=0.0)
            there = weight + expert * of_expert + place[:, None] * of_inner
            there += column[None, :] * of_outer
            b = tl.load(there, mask=has_place[:, None] & has_column, other=0.0)
            if WIDEN:
                a = a.to(tl.float32)
                b = b.to(tl.float32)
            total = tl.dot(a, b, total, input_precision="ieee")
        out = y + row[:, None] * outer + column[None, :]
        tl.store(out, total.to(y.dtype.element_ty), mask=has_row & has_column)


def _weights_program(
    left, right, out, bounds, experts, height, width,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, WIDEN: tl.constexpr,
):  # fmt: skip
    """Write the left rows of each expert, transposed, times its right rows; without rows: zeros."""
    down = (height + HEIGHT - 1) // HEIGHT
    across = (width + WIDTH - 1) // WIDTH
    for tile in range(tl.program_id(0), experts * down * across, tl.num_programs(0)):
        expert = tile // (down * across)
        line = (tile // across % down * HEIGHT + tl.arange(0, HEIGHT)).to(tl.int64)
        column = (tile % across * WIDTH + tl.arange(0, WIDTH)).to(tl.int64)
        has_line = (line < height)[:, None]
        has_column = (column < width)[None, :]
        end = tl.load(bounds + expert + 1)
        total = tl.full((HEIGHT, WIDTH), 0.0, tl.float32)
        for first in range(tl.load(bounds + expert), end, ROWS):
            row = (first + tl.arange(0, ROWS)).to(tl.int64)
            has_left = (row < end)[None, :] & has_line
            a = tl.load(left + row[None, :] * height + line[:, None], mask=has_left, other=0.0)
            has_right = (row < end)[:, None] & has_column
            b = tl.load(right + row[:, None] * width + column[None, :], mask=has_right, other=0.0)
            if WIDEN:
                a = a.to(tl.float32)
                b = b.to(tl.float32)
            total = tl.dot(a, b, total, input_precision="ieee")
        place = out + expert.to(tl.int64) * height * width + line[:, None] * width + column[None, :]
        tl.store(place, total.to(out.dtype.element_ty), mask=has_line & has_column)


COMPILED = {program: triton.jit(program) for program in (_rows_program, _weights_program)}
INTERPRETED = {program: InterpretedFunction(program) for program in COMPILED}


class Cut(NamedTuple):
    """Hold how sorted rows are cut into tiles: worked out once, used by every product of a layer.

    >>> cut_rows(torch.tensor([2, 1]), rows=3).bounds.tolist()
    [0, 2, 3]

    Lesson 6.
    """

    tiles: torch.Tensor  # expert, first row and end of each tile: 3 x tiles, int32
    bounds: torch.Tensor  # where each expert's rows begin, and where the last one's end: int32
    rows: int
    tile: Tile


def cut_rows(count_E, rows, tile=None):
    """Cut sorted rows into tiles of one expert each.

    Args:
        rows: how many there are; those past the last expert's are nobody's.
        tile: sizes found by ``fastest``; None: ``Tile()``.

    Returns:
        A Cut.

    Raises:
        ValueError: a size of the tile is no power of two from 16 on; on a CPU also: counts are
            negative or ask for more rows than there are. CUDA would have to be waited for: there
            rows beyond the last are left out, and nobody looks for a negative count.

    >>> cut_rows(torch.tensor([300, 20]), rows=320).tiles[0].tolist()  # experts, then two left over
    [0, 0, 0, 1, -1]

    Lesson 6.
    """
    tile = Tile() if tile is None else tile
    for size in tile[:3]:
        if size < 16 or size & (size - 1):
            raise ValueError(f"{tile} has a size of {size}: it must be 16, 32, 64 and so on")
    if count_E.device.type == "cpu":
        asked, least = int(count_E.sum()), int(count_E.min())
        if asked > rows or least < 0:
            raise ValueError(f"counts {count_E.tolist()} ask for {asked} rows: there are {rows}")
    bounds = F.pad(count_E.cumsum(0).clamp(max=rows), (1, 0)).to(torch.int32)
    return Cut(torch.stack(tile_map(count_E, rows, tile.rows)), bounds, rows, tile)


def grouped_product(x_RD, weight_EFD, cut):
    """Multiply each expert's rows by its own matrix: Triton's programs, with gradients.

    Gale et al. 2022 (MegaBlocks, arXiv:2211.15841), section 5.1, on rows that are dense across: a
    block of our product is one row of tiles. Sums run in float32, always in the same order, so
    results repeat; each is rounded once. Rows that are nobody's give exactly zero.

    Returns:
        y_RF, of x_RD's dtype.

    Raises:
        ValueError: the dtypes are not one of float32, bfloat16 and float16, sizes do not fit, or
            rows, weights and counts are not on one device.
        RuntimeError: backward runs with ``create_graph``, for a second derivative.

    >>> weight_EFD = torch.tensor([[[2.0]], [[3.0]]])
    >>> cut = cut_rows(torch.tensor([1, 1]), rows=3)
    >>> grouped_product(torch.ones(3, 1), weight_EFD, cut).tolist()
    [[2.0], [3.0], [0.0]]

    Lesson 6.
    """
    if x_RD.dtype not in DTYPES or x_RD.dtype != weight_EFD.dtype:
        names = ", ".join(str(dtype).removeprefix("torch.") for dtype in DTYPES)
        raise ValueError(f"rows of {x_RD.dtype}, weights of {weight_EFD.dtype}: one of {names}")
    found = len(x_RD), x_RD.shape[1], len(weight_EFD)
    wanted = cut.rows, weight_EFD.shape[2], len(cut.bounds) - 1
    if found != wanted:
        raise ValueError(f"rows, width and experts are {found}: the cut and the weights {wanted}")
    devices = x_RD.device, weight_EFD.device, cut.tiles.device
    if len(set(devices)) > 1:  # a program would read another device's addresses as its own
        named = ", ".join(map(str, devices))
        raise ValueError(f"rows, weights and counts are on {named}: put them on one device")
    return _Grouped.apply(x_RD, weight_EFD, cut)


class _Grouped(torch.autograd.Function):
    """Backward is two more products: by the transposed weights, and of rows by rows."""

    @staticmethod
    def forward(ctx, x_RD, weight_EFD, cut):
        ctx.save_for_backward(x_RD, weight_EFD)
        ctx.cut = cut
        return rows_by_weights(x_RD, weight_EFD.mT, cut)

    @staticmethod
    def backward(ctx, dy_RF):
        if torch.is_grad_enabled():
            raise RuntimeError("Triton's product has no second derivative: use experts.loop")
        x_RD, weight_EFD = ctx.saved_tensors
        wants_rows, wants_weights, _ = ctx.needs_input_grad
        dx_RD = rows_by_weights(dy_RF, weight_EFD, ctx.cut) if wants_rows else None
        return dx_RD, rows_by_rows(dy_RF, x_RD, ctx.cut) if wants_weights else None, None


def rows_by_weights(x_RD, weight_EDF, cut):
    """Multiply each expert's rows by its matrix, whatever the strides of the matrices.

    Returns:
        y_RF; no gradient.

    >>> cut = cut_rows(torch.tensor([0, 1]), rows=1)
    >>> rows_by_weights(torch.ones(1, 1), torch.tensor([[[5.0]], [[7.0]]]), cut).item()
    7.0

    Lesson 6.
    """
    x_RD = x_RD.contiguous()  # the gradient of a plain sum has strides of 0
    D, F_ = weight_EDF.shape[1:]
    y_RF = x_RD.new_empty(len(x_RD), F_)
    sizes = cut.tiles.shape[1], D, F_, *weight_EDF.stride()
    _launch(_rows_program, cut.tile, (x_RD, weight_EDF, y_RF, cut.tiles, *sizes, *cut.tile[:3]))
    return y_RF


def rows_by_rows(left_RF, right_RD, cut):
    """Sum, over each expert's rows, the products of a left number and a right one.

    Returns:
        sum_EFD: left rows, transposed, times right rows; exactly zero for an expert without
        rows. No gradient.

    >>> cut = cut_rows(torch.tensor([0, 2]), rows=2)
    >>> rows_by_rows(torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [4.0]]), cut).tolist()
    [[[0.0]], [[11.0]]]

    Lesson 6.
    """
    left_RF, right_RD = left_RF.contiguous(), right_RD.contiguous()
    E, height, width = len(cut.bounds) - 1, left_RF.shape[1], right_RD.shape[1]
    sum_EFD = left_RF.new_empty(E, height, width)
    given = left_RF, right_RD, sum_EFD, cut.bounds, E, height, width
    _launch(_weights_program, cut.tile, (*given, *cut.tile[:3]))
    return sum_EFD


def _launch(program, tile, given):
    """Run one copy of a program on each processor, or a few in the interpreter."""
    x = given[0]
    if not x.numel():
        given[2].zero_()
        return
    runs = (COMPILED if x.is_cuda else INTERPRETED)[program]
    # The interpreter's product takes bfloat16 for whole numbers: it sees its 16 bits.
    widen = isinstance(runs, InterpretedFunction)
    if not x.is_cuda:
        runs[(COPIES,)](*given, widen)
        return
    with torch.cuda.device(x.device):
        processors = torch.cuda.get_device_properties(x.device).multi_processor_count
        runs[(processors,)](*given, widen, num_warps=tile.warps, num_stages=tile.stages)


def kernel_swiglu(x_RD, count_E, gate_up_EJFD, down_EDF, tile=None):
    """Apply all SwiGLU experts with two of our grouped products.

    >>> weights = torch.ones(2, 2, 1, 1), torch.ones(2, 1, 1)
    >>> kernel_swiglu(torch.full((1, 1), 30.0), torch.tensor([0, 1]), *weights).item()
    900.0

    Lesson 6.
    """
    cut = cut_rows(count_E, len(x_RD), tile)
    gate, up = grouped_product(x_RD, gate_up_EJFD.flatten(1, 2), cut).chunk(2, -1)
    return grouped_product(F.silu(gate) * up, down_EDF, cut)


def fastest(run):
    """Measure tile sizes on this GPU and choose.

    Asked for, never done in passing: sizes that are timed anew in each run may differ from run
    to run, and with them the order of sums.

    Args:
        run: a function that takes a Tile and does what is to be fast.

    Returns:
        The fastest Tile; Tile -> milliseconds, median. What a processor cannot hold is left out.

    >>> callable(fastest)  # it needs CUDA
    True

    Lesson 6.
    """
    found = {}
    for tile in CANDIDATES:
        try:
            found[tile] = do_bench(lambda tile=tile: run(tile), return_mode="median")
        except triton.OutOfResources:
            continue
    return min(found, key=found.get), found
