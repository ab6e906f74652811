"""Triton's grouped product, in its interpreter on a CPU and compiled on CUDA, beside float64."""

import re

import pytest
import torch

triton = pytest.importorskip("triton", reason="needs the extra gpu")

from moe_lesson.moe import kernels
from moe_lesson.moe.experts import SwiGLUExperts, loop, swiglu
from moe_lesson.moe.kernels import Tile, cut_rows, grouped_product, rows_by_rows, rows_by_weights
from moe_lesson.moe.tiles import padded_rows, places, rooms, spread

CUDA = pytest.param("cuda", marks=pytest.mark.gpu)
SMALL = Tile(16, 16, 16, 4, 2)
each_device = pytest.mark.parametrize("device", ["cpu", CUDA])
each_dtype = pytest.mark.parametrize("dtype", kernels.DTYPES, ids=lambda dtype: str(dtype)[6:])
# Whole tiles; an empty expert first, between and last; last tiles of 1; nobody's rows; one expert.
COUNTS = {
    "whole tiles": ([16, 32], 48, 16, 16),
    "empty experts, last tiles": ([0, 17, 0, 5, 0], 22, 17, 20),
    "nobody's rows": ([3, 2], 9, 20, 8),
    "one row": ([0, 1], 1, 1, 1),
}
each_shape = pytest.mark.parametrize("counts, rows, dim, width", COUNTS.values(), ids=COUNTS)


def drawn(counts, rows, dim, width, dtype, device, seed=0):
    """Return rows, weights, and a gradient of the result."""
    source = torch.Generator().manual_seed(seed)
    shapes = (rows, dim), (len(counts), width, dim), (rows, width)
    return [torch.randn(shape, generator=source).to(device, dtype) for shape in shapes]


def oracle(x_RD, weight_EFD, counts):
    """Row by row in float64; rows that are nobody's are zero."""
    owner = [e for e, count in enumerate(counts) for _ in range(count)]
    y_RF = x_RD.new_zeros(len(x_RD), weight_EFD.shape[1])
    said = [weight_EFD[e] @ x_RD[row] for row, e in enumerate(owner)]
    return torch.cat([torch.stack(said), y_RF[len(owner) :]]) if said else y_RF


def close(ours, exact, terms):
    """Demand that only the rounding of the result and of float32's sums is between them.

    One step of the dtype: a GPU rounds a result to the nearest, the interpreter cuts it.
    """
    step, sums = torch.finfo(ours.dtype).eps, torch.finfo(torch.float32).eps
    gap = (ours.double().cpu() - exact.cpu()).abs()
    allowed = step * exact.abs().cpu() + 4 * sums * terms.cpu() + torch.finfo(ours.dtype).tiny
    assert (gap <= allowed).all(), f"off by {(gap / allowed).max():.2f} times what rounding may"


def compare(counts, rows, dim, width, dtype, device, tile=SMALL):
    """Compare the product and both gradients with the oracle's, each within its rounding."""
    x_RD, weight_EFD, dy_RF = drawn(counts, rows, dim, width, dtype, device)
    leaves = [x_RD.requires_grad_(), weight_EFD.requires_grad_()]
    cut = cut_rows(torch.tensor(counts, device=device), rows, tile)
    y_RF = grouped_product(*leaves, cut)
    ours = [y_RF, *torch.autograd.grad(y_RF, leaves, dy_RF)]
    results = []
    for size in (lambda each: each, torch.abs):  # the second: how large the terms of a sum are
        exact = [size(each.detach().double()).requires_grad_() for each in leaves]
        found = oracle(*exact, counts)
        results.append([found, *torch.autograd.grad(found, exact, size(dy_RF.double()))])
    for each, wanted, terms in zip(ours, *results, strict=True):
        assert each.dtype == dtype and each.shape == wanted.shape
        close(each, wanted, terms)
    return ours


@each_device
@each_dtype
@each_shape
def test_product_and_gradients_equal_the_oracle(counts, rows, dim, width, dtype, device):
    y_RF, dx_RD, dweight_EFD = compare(counts, rows, dim, width, dtype, device)
    assert (y_RF[sum(counts) :] == 0).all() and (dx_RD[sum(counts) :] == 0).all()
    empty = [e for e, count in enumerate(counts) if not count]
    assert (dweight_EFD[empty] == 0).all()


@each_device
@pytest.mark.parametrize("tile", [Tile(), Tile(16, 64, 32), Tile(64, 16, 32)])
def test_no_tile_changes_more_than_rounding(tile, device):
    compare([7, 0, 20], 27, 40, 33, torch.float32, device, tile)


@pytest.mark.gpu
@pytest.mark.parametrize("tile", kernels.CANDIDATES)
def test_every_candidate_that_fits_is_right(tile):
    try:
        compare([300, 0, 777], 1077, 256, 512, torch.bfloat16, "cuda", tile)
    except triton.OutOfResources as error:
        pytest.skip(f"this GPU is too small for it: {error}")


@pytest.mark.gpu
def test_a_matrix_beyond_two_billion_numbers():
    """4.3 GB in bfloat16: its last column lies beyond what 32 bits can count."""
    inner, outer = 2**16, 2**15 + 16
    weight_EFD = torch.zeros(1, outer, inner, device="cuda", dtype=torch.bfloat16)
    weight_EFD[0, -1, -1] = 3
    x_RD = torch.ones(1, inner, device="cuda", dtype=torch.bfloat16)
    y_RF = rows_by_weights(x_RD, weight_EFD.mT, cut_rows(torch.ones(1, device="cuda").long(), 1))
    assert y_RF[0, -1] == 3 and y_RF.sum() == 3


def test_by_hand():
    """Rows (1, 2) and (3, 4); expert 0 adds, expert 1 subtracts."""
    x_RD, weight_EFD = torch.tensor([[1.0, 2], [3, 4]]), torch.tensor([[[1.0, 1]], [[1, -1]]])
    cut = cut_rows(torch.tensor([1, 1]), 2, SMALL)
    assert grouped_product(x_RD, weight_EFD, cut).tolist() == [[3.0], [-1.0]]
    assert rows_by_weights(torch.ones(2, 1), weight_EFD, cut).tolist() == [[1, 1], [1, -1]]
    assert rows_by_rows(torch.ones(2, 1), x_RD, cut).tolist() == [[[1, 2]], [[3, 4]]]


@each_device
def test_padded_rows_give_the_same(device):
    """MegaBlocks' way: rooms of whole tiles, then no row of a tile is left out."""
    counts, (x_RD, weight_EFD, _) = [17, 0, 5], drawn([17, 0, 5], 22, 16, 16, torch.float32, device)
    count_E = torch.tensor(counts, device=device)
    plain = grouped_product(x_RD, weight_EFD, cut_rows(count_E, 22, SMALL))
    place_R, rows = places(count_E, 22, 16), padded_rows(22, 3, 16)
    cut = cut_rows(rooms(count_E, 16), rows, SMALL)
    full = cut.tiles[2] - cut.tiles[1]
    assert set(full.tolist()) <= {0, 16}
    padded = grouped_product(spread(x_RD, place_R, rows), weight_EFD, cut)
    assert torch.equal(padded[place_R], plain)
    assert padded.abs().sum() == padded[place_R].abs().sum()


@each_device
def test_a_plain_sum_has_a_gradient(device):
    """torch's own grouped product refuses the strides of 0 that a sum hands back."""
    x_RD, weight_EFD, _ = drawn([2, 1], 3, 16, 16, torch.float32, device)
    cut = cut_rows(torch.tensor([2, 1], device=device), 3, SMALL)
    x_RD.requires_grad_(), weight_EFD.requires_grad_()
    grouped_product(x_RD, weight_EFD, cut).sum().backward()
    wanted = torch.stack([x_RD[:2].sum(0), x_RD[2]]).detach()[:, None].expand(-1, 16, -1)
    torch.testing.assert_close(weight_EFD.grad, wanted)
    torch.testing.assert_close(x_RD.grad, weight_EFD.detach().sum(1)[[0, 0, 1]])


@each_device
def test_views_of_larger_tensors_are_read_where_they_lie(device):
    """Rows, weights and the gradient each have an offset, and strides that are not their own."""
    x_RD, weight_EFD, dy_RF = drawn([7, 0, 13], 20, 17, 20, torch.float32, device)
    plain = x_RD, weight_EFD, dy_RF
    held = [torch.full([2 * size + 3 for size in each.shape], 9.0, device=device) for each in plain]
    views = []
    for each, larger in zip(plain, held, strict=True):
        for axis in range(each.dim()):
            larger = larger[(slice(None),) * axis + (slice(3, None, 2),)]
        views.append(larger.copy_(each))
    cut = cut_rows(torch.tensor([7, 0, 13], device=device), 20, SMALL)
    results = []
    for x_RD, weight_EFD, dy_RF in (plain, views):
        leaves = [x_RD.requires_grad_(), weight_EFD.requires_grad_()]
        y_RF = grouped_product(*leaves, cut)
        results.append([y_RF, *torch.autograd.grad(y_RF, leaves, dy_RF)])
        results[-1].append(rows_by_rows(dy_RF, x_RD.detach(), cut))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@each_device
def test_results_repeat_to_the_bit(device):
    one, two = (compare([3, 9], 12, 33, 16, torch.float32, device) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_no_rows_and_no_gradient_asked():
    cut = cut_rows(torch.tensor([0, 0]), 0, SMALL)
    x_RD, weight_EFD = torch.ones(0, 4), torch.ones(2, 3, 4, requires_grad=True)
    y_RF = grouped_product(x_RD, weight_EFD, cut)
    y_RF.sum().backward()
    assert y_RF.shape == (0, 3) and not weight_EFD.grad.any()


def test_what_does_not_fit_is_refused():
    cut = cut_rows(torch.tensor([1, 1]), 2)
    good, weight_EFD = torch.ones(2, 4), torch.ones(2, 3, 4)
    with pytest.raises(ValueError, match="float64, weights of torch.float32: one of float32"):
        grouped_product(good.double(), weight_EFD, cut)
    for x_RD, own_EFD in ((torch.ones(3, 4), weight_EFD), (good, weight_EFD[:1])):
        with pytest.raises(ValueError, match="rows, width and experts"):
            grouped_product(x_RD, own_EFD, cut)
    with pytest.raises(ValueError, match="on cpu, meta, cpu: put them on one device"):
        grouped_product(good, weight_EFD.to("meta"), cut)
    with pytest.raises(ValueError, match="size of 24"):
        cut_rows(torch.tensor([1]), 1, Tile(24))
    for counts in ([2, 1], [-1, 2]):
        with pytest.raises(ValueError, match="there are 2"):
            cut_rows(torch.tensor(counts), 2)


def test_a_second_derivative_is_refused():
    x_RD = torch.ones(1, 2, requires_grad=True)
    y_RF = grouped_product(x_RD, torch.ones(1, 2, 2), cut_rows(torch.tensor([1]), 1, SMALL))
    with pytest.raises(RuntimeError, match="no second derivative"):
        torch.autograd.grad(y_RF.sum(), x_RD, create_graph=True)


@each_device
def test_a_swiglu_layer_equals_the_loop(device):
    torch.manual_seed(0)
    experts = SwiGLUExperts(8, 12, 3).to(device)
    x_RD, count_E = torch.randn(9, 8, device=device), torch.tensor([4, 0, 5], device=device)
    weights = experts.gate_up_EJFD, experts.down_EDF
    ours = kernels.kernel_swiglu(x_RD, count_E, *weights, SMALL)
    torch.testing.assert_close(ours, loop(x_RD, count_E, weights, swiglu))


def test_each_program_writes_nothing_beyond_its_own(monkeypatch):
    """Results are made inside a larger tensor whose rim must stay as it was."""
    kept, empty = [], torch.Tensor.new_empty

    def new_empty(self, *shape, **where):
        if where:  # Triton's own, for its copies of the arguments
            return empty(self, *shape, **where)
        size = torch.Size(shape).numel()
        kept.append(torch.full((size + 64,), 7.0))
        return kept[-1][32 : size + 32].view(shape)

    x_RD, weight_EFD, dy_RF = drawn([5, 0, 12], 20, 18, 21, torch.float32, "cpu")
    cut = cut_rows(torch.tensor([5, 0, 12]), 20, SMALL)
    monkeypatch.setattr(torch.Tensor, "new_empty", new_empty)
    rows_by_weights(x_RD, weight_EFD.mT, cut)
    rows_by_rows(dy_RF, x_RD, cut)
    assert len(kept) == 2
    for rim in kept:
        assert (rim[:32] == 7).all() and (rim[-32:] == 7).all() and (rim[32:-32] != 7).all()


POINTERS = {torch.float32: "*fp32", torch.bfloat16: "*bf16", torch.float16: "*fp16"}
SIZES = {
    kernels._rows_program: ("ROWS", "COLUMNS", "INNER"),
    kernels._weights_program: ("HEIGHT", "WIDTH", "ROWS"),
}


def built(program, dtype, ones=()):
    """Compile a program for an H100, which need not be there; some whole numbers may be 1."""
    names = kernels.COMPILED[program].arg_names
    fixed = dict(zip(SIZES[program], SMALL)) | dict.fromkeys(ones, 1) | {"WIDEN": False}
    kinds = dict.fromkeys(names, "i32") | dict.fromkeys(names[:3], POINTERS[dtype])
    kinds |= dict.fromkeys({"tiles", "bounds"} & set(names), "*i32")
    kinds |= dict.fromkeys(fixed, "constexpr")
    source = triton.compiler.ASTSource(
        kernels.COMPILED[program], {name: kinds[name] for name in names}, fixed
    )
    target = triton.backends.compiler.GPUTarget("cuda", 90, 32)
    return triton.compile(source, target, {"num_warps": SMALL.warps, "num_stages": SMALL.stages})


@pytest.mark.skipif(triton.knobs.runtime.interpret, reason="nothing is compiled")
@pytest.mark.parametrize("program", SIZES, ids=lambda program: program.__name__)
@each_dtype
def test_programs_compile_for_a_gpu(program, dtype, monkeypatch, tmp_path):
    """No address wraps around, float32 factors keep their bits, and sums have 32."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    found = built(program, dtype).asm
    products = re.findall(r"arith\.muli .* : (tensor<.*>)", found["ttir"])
    assert products and all(kind.endswith("xi64>") for kind in products)
    (dot,) = re.findall(r"tt\.dot .*", found["ttir"])
    assert "xf32>" in dot.split("->")[1] and "tf32" not in dot and found["cubin"]


@pytest.mark.skipif(triton.knobs.runtime.interpret, reason="nothing is compiled")
def test_widths_of_one_compile_too(monkeypatch, tmp_path):
    """Triton writes a size of 1 into the program, where it is no tensor any more."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    ones = ("count", "inner", "outer", "of_expert", "of_inner", "of_outer")
    assert built(kernels._rows_program, torch.bfloat16, ones).asm["cubin"]
    ones = ("experts", "height", "width")
    assert built(kernels._weights_program, torch.float32, ones).asm["cubin"]


def test_the_fastest_tile_is_the_one_that_took_least(monkeypatch):
    """A tile that does not fit is left out, and nothing is remembered between two askings."""
    seconds = {tile: 1 + place for place, tile in enumerate(reversed(kernels.CANDIDATES))}
    asked = []

    def bench(run, return_mode):
        run()
        if asked[-1] == kernels.CANDIDATES[-1]:
            raise kernels.triton.OutOfResources(300, 200, "shared memory")
        return seconds[asked[-1]]

    monkeypatch.setattr(kernels, "do_bench", bench)
    best, found = kernels.fastest(asked.append)
    assert asked == list(kernels.CANDIDATES)
    assert best == kernels.CANDIDATES[-2] and len(found) == len(asked) - 1
