"""The fast paths give what the simple one gives: values and every gradient, in float64."""

import pytest
import torch

from moe_lesson.moe import fast_cpu
from moe_lesson.moe.dispatch import combine, dispatch, plan
from moe_lesson.moe.experts import ReLUExperts, SwiGLUExperts, grouped_swiglu, loop, swiglu
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.routing import Routing, biased_top_k, expert_choice, softmax_top_k, top_k

EXACT = {"rtol": 1e-10, "atol": 1e-10}


def simple(x_TD, routing, experts):
    visits = plan(routing)
    return combine(experts(dispatch(x_TD, visits), visits.count_E), visits, len(x_TD))


def gradients(path, route, tokens, num_experts, k, dim=6, hidden_dim=10):
    """Run a path on fixed numbers; the last expert's scores keep every token away."""
    torch.manual_seed(tokens)
    experts = SwiGLUExperts(dim, hidden_dim, num_experts).double()
    router_ED = torch.randn(num_experts, dim, dtype=torch.float64, requires_grad=True)
    x_TD = torch.randn(tokens, dim, dtype=torch.float64, requires_grad=True)
    away_E = torch.zeros(num_experts).index_fill(0, torch.tensor([num_experts - 1]), -60.0)
    routing = route(x_TD @ router_ED.t() + away_E, k)
    y_TD = path(x_TD, routing, experts)
    leaves = [x_TD, router_ED, *experts.parameters()]
    return [y_TD, *torch.autograd.grad(y_TD, leaves, torch.randn_like(y_TD))]


def biased(logits_TE, k):
    return biased_top_k(logits_TE, torch.zeros(logits_TE.shape[1]), k)


@pytest.mark.parametrize("precision", ["highest", "medium"])
@pytest.mark.parametrize("route", [top_k, softmax_top_k, biased])
@pytest.mark.parametrize("num_experts, k", [(2, 1), (4, 1), (4, 2), (4, 3), (4, 4), (300, 2)])
@pytest.mark.parametrize("tokens", [1, 5, 67])
def test_mix_equals_the_simple_path(tokens, num_experts, k, route, precision):
    """One empty expert, weights that sum to 1 or do not; "medium" pads the rows."""
    torch.set_float32_matmul_precision(precision)
    try:
        fast = gradients(fast_cpu.fused_forward, route, tokens, num_experts, k)
    finally:
        torch.set_float32_matmul_precision("highest")
    slow = gradients(simple, route, tokens, num_experts, k)
    for ours, own in zip(fast, slow, strict=True):
        torch.testing.assert_close(ours, own, **EXACT)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("tokens", [1, 2, 16, fast_cpu.FEW + 1])
@pytest.mark.parametrize("dtype, close", [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_serving_equals_the_simple_path(dtype, close, tokens, k):
    torch.manual_seed(0)
    experts = SwiGLUExperts(8, 16, 4).to(dtype)
    x_TD, logits_TE = torch.randn(tokens, 8, dtype=dtype), torch.randn(tokens, 4, dtype=dtype)
    routing = softmax_top_k(logits_TE, k)
    with torch.no_grad():
        own = simple(x_TD, routing, experts)
        mixed = fast_cpu.fused_forward(x_TD, routing, experts)
        torch.testing.assert_close(mixed, own, rtol=close, atol=close)


def test_one_token_reads_only_its_experts():
    """Whatever stands in the others' weights, even nothing finite, the answer is the same."""
    experts = SwiGLUExperts(4, 8, 5)
    routing = top_k(torch.tensor([[0.0, 3.0, 0.0, 2.0, 0.0]]), k=2)
    x_TD = torch.randn(1, 4)
    with torch.no_grad():
        before = fast_cpu.fused_forward(x_TD, routing, experts)
        for weight in experts.parameters():
            weight[[0, 2, 4]] = float("nan")
        assert torch.equal(fast_cpu.fused_forward(x_TD, routing, experts), before)


def test_second_derivatives_are_refused():
    layer, x_TD = MoELayer(4, 8, 3, 2), torch.randn(5, 4, requires_grad=True)
    with pytest.raises(RuntimeError, match="no second derivative"):
        torch.autograd.grad(layer(x_TD)[0].sum(), x_TD, create_graph=True)


def test_a_summed_output_and_a_second_backward():
    """An expanded gradient arrives, and the graph is kept for another turn."""
    layer, x_TD = MoELayer(4, 8, 3, 2), torch.randn(5, 4, requires_grad=True)
    y_TD, _ = layer(x_TD)
    first = torch.autograd.grad(y_TD.sum(), x_TD, retain_graph=True)[0]
    assert torch.equal(first, torch.autograd.grad(y_TD.sum(), x_TD)[0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("experts", [SwiGLUExperts, ReLUExperts])
def test_no_token_at_all(experts, dtype):
    layer = MoELayer(4, 8, 3, 2, experts=experts).to(dtype)
    x_TD = torch.zeros(0, 4, dtype=dtype, requires_grad=True)
    y_TD, routing = layer(x_TD)
    y_TD.sum().backward()
    assert y_TD.shape == (0, 4) and routing.expert_TK.shape == (0, 2)


def test_what_the_fast_path_leaves_to_the_simple_one():
    x_TD, logits_TE = torch.randn(6, 4), torch.randn(6, 3)
    experts, routing = SwiGLUExperts(4, 8, 3), top_k(torch.randn(6, 3), k=2)
    assert fast_cpu.supports(x_TD, routing, experts)
    assert not fast_cpu.supports(x_TD, routing, ReLUExperts(4, 8, 3))
    assert not fast_cpu.supports(x_TD, expert_choice(logits_TE, capacity=2), experts)
    assert not fast_cpu.supports(x_TD.bfloat16(), routing, experts)
    assert not fast_cpu.supports(x_TD.double(), routing, experts)
    assert not fast_cpu.supports(x_TD[:0], Routing(*(part[:0] for part in routing[:3])), experts)
    with torch.autocast("cpu", torch.bfloat16):
        assert not fast_cpu.supports(x_TD, routing, experts)


def test_grouped_products_equal_the_loop():
    torch.manual_seed(0)
    experts, count_E = SwiGLUExperts(8, 16, 3), torch.tensor([4, 0, 3])
    x_RD = torch.randn(7, 8, requires_grad=True)
    weights = tuple(experts.parameters())
    both = [
        grouped_swiglu(x_RD, count_E, *weights, torch.float32),
        loop(x_RD, count_E, weights, swiglu),
    ]
    fast, slow = ([y, *torch.autograd.grad(y.sum(), [x_RD, *weights])] for y in both)
    for ours, own in zip(fast, slow, strict=True):
        torch.testing.assert_close(ours, own, rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
def test_cuda_never_waits_for_the_device():
    """Forward and backward in bfloat16 put no wait between the host and its next call."""
    layer = MoELayer(64, 128, 8, 2).to("cuda")
    x_TD = torch.randn(256, 64, device="cuda", requires_grad=True)
    torch.cuda.set_sync_debug_mode("error")
    try:
        with torch.autocast("cuda", torch.bfloat16):
            y_TD, _ = layer(x_TD)
        y_TD.float().square().mean().backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert x_TD.grad.isfinite().all()


@pytest.mark.gpu
@pytest.mark.parametrize("dtype, close", [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_cuda_equals_the_cpu(dtype, close):
    layer, x_TD = MoELayer(64, 128, 8, 2).to(dtype), torch.randn(50, 64, dtype=dtype)
    own = layer(x_TD)[0]
    torch.testing.assert_close(layer.cuda()(x_TD.cuda())[0].cpu(), own, rtol=close, atol=close)


@pytest.mark.gpu
def test_cuda_bfloat16_is_near_the_loop():
    layer = MoELayer(64, 128, 8, 2).to("cuda", torch.bfloat16)
    x_TD = torch.randn(50, 64, device="cuda", dtype=torch.bfloat16)
    y_TD, routing = layer(x_TD)
    visits = plan(routing)
    weights = tuple(layer.experts.parameters())
    y_RD = loop(dispatch(x_TD, visits), visits.count_E, weights, swiglu)
    own = combine(y_RD, visits, len(x_TD))
    torch.testing.assert_close(y_TD, own, rtol=5e-2, atol=5e-2)
