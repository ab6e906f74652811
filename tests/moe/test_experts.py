"""E networks with stacked weights, applied to rows sorted by expert."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.moe.experts import (
    ReLUExperts,
    SwiGLUExperts,
    grouped,
    grouped_swiglu,
    loop,
    relu_network,
    swiglu,
)
from tests import oracles

WIDE = torch.float64


def make(kind, dim=3, hidden_dim=5, num_experts=4, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind(dim, hidden_dim, num_experts).double()


def rows_of(counts, dim=3):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(sum(counts), dim, generator=generator, dtype=WIDE), torch.tensor(counts)


def oracle(experts, x_RD, counts):
    """Row by row in plain Python."""
    if isinstance(experts, SwiGLUExperts):
        networks = oracles.swiglu_networks(experts)
    else:
        pairs = list(zip(experts.up_EFD.tolist(), experts.down_EDF.tolist()))
        networks = [lambda x, pair=pair: oracles.relu(x, *pair) for pair in pairs]
    owner = [e for e, count in enumerate(counts) for _ in range(count)]
    said = [networks[e](x) for e, x in zip(owner, x_RD.tolist(), strict=True)]
    return torch.tensor(said, dtype=WIDE).reshape(x_RD.shape)


def simple_path(experts, x_RD, count_E):
    """The loop that the lesson shows, whatever path the module takes by itself."""
    if isinstance(experts, SwiGLUExperts):
        return loop(x_RD, count_E, (experts.gate_up_EJFD, experts.down_EDF), swiglu)
    return loop(x_RD, count_E, (experts.up_EFD, experts.down_EDF), relu_network)


def default_path(experts, x_RD, count_E):
    return experts(x_RD, count_E)


every_path = pytest.mark.parametrize("path", [simple_path, default_path])
every_kind = pytest.mark.parametrize("kind", [SwiGLUExperts, ReLUExperts])


def test_swiglu_by_hand():
    """silu(1) = 0.7311, times up 2 * 1, times down 3: 4.386."""
    one = torch.ones(1, 1, dtype=WIDE)
    y_RD = swiglu(one, torch.stack([one, 2 * one]), 3 * one)
    assert y_RD.item() == pytest.approx(6 / (1 + 0.36787944117144233), abs=1e-12)


def test_swiglu_knows_gate_from_up():
    """A gate of -30 shuts; an up of -30 does not."""
    one = torch.ones(1, 1)
    shut = swiglu(one, torch.stack([-30 * one, one]), one)
    free = swiglu(one, torch.stack([one, -30 * one]), one)
    assert abs(shut.item()) < 1e-10 and free.item() < -20


@every_path
@every_kind
@pytest.mark.parametrize("counts", [[2, 3, 1, 4], [0, 5, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
def test_experts_equal_the_oracle(kind, path, counts):
    experts = make(kind)
    x_RD, count_E = rows_of(counts)
    y_RD = path(experts, x_RD, count_E)
    torch.testing.assert_close(y_RD, oracle(experts, x_RD, counts), rtol=0, atol=1e-10)


@every_path
@every_kind
@settings(max_examples=15, deadline=None)
@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=6), seed=st.integers(0, 9))
def test_experts_of_any_size_equal_the_oracle(kind, path, counts, seed):
    experts = make(kind, num_experts=len(counts), seed=seed)
    x_RD, count_E = rows_of(counts)
    y_RD = path(experts, x_RD, count_E)
    torch.testing.assert_close(y_RD, oracle(experts, x_RD, counts), rtol=0, atol=1e-10)


@every_kind
@pytest.mark.parametrize("counts", [[2, 0, 1, 3], [0, 6, 0, 0]])
def test_gradients_of_both_paths_agree(kind, counts):
    """A float64 gradient of every weight and of the rows; unused experts get zero or none."""
    found = []
    for path in (simple_path, default_path):
        experts = make(kind)
        x_RD, count_E = rows_of(counts)
        x_RD.requires_grad_()
        path(experts, x_RD, count_E).square().sum().backward()
        found.append([x_RD.grad, *(weight.grad for weight in experts.parameters())])
    for simple, default in zip(*found, strict=True):
        torch.testing.assert_close(simple, default, rtol=0, atol=1e-10)


@every_kind
def test_gradients_are_those_of_finite_differences(kind):
    experts = make(kind, dim=2, hidden_dim=3, num_experts=2)
    x_RD, count_E = rows_of([1, 2], dim=2)
    names = [name for name, _ in experts.named_parameters()]

    def call(x_RD, *weights):
        state = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(experts, state, (x_RD, count_E))

    assert torch.autograd.gradcheck(call, (x_RD.requires_grad_(), *experts.parameters()))


def test_an_expert_sees_only_its_own_rows():
    """Changing one expert's weights changes its rows and no others."""
    experts, (x_RD, count_E) = make(SwiGLUExperts), rows_of([2, 3, 1, 4])
    before = experts(x_RD, count_E)
    with torch.no_grad():
        experts.down_EDF[1] += 1
    changed = (experts(x_RD, count_E) != before).any(-1)
    assert changed.tolist() == [False] * 2 + [True] * 3 + [False] * 5


@pytest.mark.parametrize("counts", [[2, 3, 1, 4], [0, 9, 0, 0], [0, 0, 3, 1]])
def test_grouped_product_equals_a_loop(counts):
    """torch's grouped_mm takes float32 on CPU: compared at float32's precision."""
    count_E, generator = torch.tensor(counts), torch.Generator().manual_seed(0)
    x_RD = torch.randn(sum(counts), 8, generator=generator)
    weight_EFD = torch.randn(4, 12, 8, generator=generator)
    expected = loop(x_RD, count_E, (weight_EFD,), F.linear)
    torch.testing.assert_close(grouped(x_RD, count_E, weight_EFD), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("counts", [[2, 3, 1, 4], [0, 9, 0, 0]])
def test_grouped_swiglu_equals_the_oracle(counts):
    """The path that CUDA takes, run in float32 on any device."""
    experts = make(SwiGLUExperts, dim=4, hidden_dim=8)
    x_RD, count_E = rows_of(counts, dim=4)
    weights = experts.gate_up_EJFD.float(), experts.down_EDF.float()
    y_RD = grouped_swiglu(x_RD.float(), count_E, *weights, torch.float32)
    torch.testing.assert_close(y_RD.double(), oracle(experts, x_RD, counts), rtol=0, atol=1e-5)


@every_kind
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_dtype_follows_the_rows(kind, dtype):
    """Half precision loses digits and nothing else."""
    experts = make(kind)
    x_RD, count_E = rows_of([1, 0, 3, 2])
    exact = experts(x_RD, count_E)
    y_RD = experts.to(dtype)(x_RD.to(dtype), count_E)
    assert y_RD.dtype == dtype
    loose = 20 * torch.finfo(dtype).eps * exact.abs().max().item()
    torch.testing.assert_close(y_RD.double(), exact, rtol=0, atol=loose)


@every_kind
def test_large_rows_stay_finite(kind):
    experts = make(kind)
    x_RD, count_E = rows_of([1, 0, 3, 2])
    assert experts(x_RD * 1e4, count_E).isfinite().all()


@every_kind
def test_starting_weights_keep_the_variance(kind):
    """1 / fan-in: 64 x 256 draws have a standard deviation within 5 % of it."""
    experts = make(kind, dim=64, hidden_dim=256, num_experts=1)
    for weight in experts.parameters():
        assert weight.std().item() * weight.shape[-1] ** 0.5 == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("dim, hidden_dim", [(32, 64), (32, 10), (6, 10)])
def test_many_relu_experts_equal_the_loop(dim, hidden_dim):
    """Above MANY a grouped product takes over where rows are 16 bytes; else the loop stays."""
    experts = make(ReLUExperts, dim, hidden_dim, num_experts=40).float()
    counts = [(7 * e) % 5 for e in range(40)]
    x_RD, count_E = rows_of(counts, dim)
    y_RD = experts(x_RD.float(), count_E)
    torch.testing.assert_close(y_RD, simple_path(experts, x_RD.float(), count_E))
    with torch.autocast("cpu", torch.bfloat16):
        narrow = [path(experts, x_RD.float(), count_E) for path in (default_path, simple_path)]
    assert narrow[0].dtype == torch.bfloat16 and torch.equal(*narrow)


def test_dropout_is_inside_the_experts_and_in_training_only():
    """Half of the hidden numbers gone, the others doubled: the mean output stays."""
    experts = make(ReLUExperts, 3, 400, num_experts=1)
    experts.dropout = 0.5
    x_RD, count_E = torch.ones(2000, 3, dtype=WIDE), torch.tensor([2000])
    torch.manual_seed(0)
    noisy_RD = experts(x_RD, count_E)
    calm_RD = experts.eval()(x_RD, count_E)
    assert (noisy_RD != noisy_RD[0]).any() and torch.equal(calm_RD[0], calm_RD[1])
    error = 5 * noisy_RD.std(0) / 2000**0.5
    assert ((noisy_RD.mean(0) - calm_RD[0]).abs() <= error).all()
