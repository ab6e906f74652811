"""The sparse layer: router, dispatch, experts, combine."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.moe.experts import ReLUExperts, SwiGLUExperts
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.routing import biased_top_k, expert_choice, softmax_top_k, switch, top_k
from tests import oracles

WIDE = torch.float64
DIM, HIDDEN = 4, 6


def make(num_experts=4, k=2, seed=0, **options):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return MoELayer(DIM, HIDDEN, num_experts, k, **options).double()


def tokens_of(n, seed=1, dim=DIM):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed), dtype=WIDE)


def networks_of(experts):
    if isinstance(experts, SwiGLUExperts):
        return oracles.swiglu_networks(experts)
    pairs = zip(experts.up_EFD.tolist(), experts.down_EDF.tolist())
    return [lambda x, pair=pair: oracles.relu(x, *pair) for pair in pairs]


def test_a_layer_by_hand():
    """Two experts that multiply by 2 and by 10; the scores of token 1 are 1 and 0."""
    layer = MoELayer(1, 1, 2, top_k=2, experts=ReLUExperts).double()
    with torch.no_grad():
        layer.router.score_ED.copy_(torch.tensor([[1.0], [0.0]]))
        layer.experts.up_EFD.fill_(1)
        layer.experts.down_EDF.copy_(torch.tensor([[[2.0]], [[10.0]]]))
    y_TD, routing = layer(torch.ones(1, 1, dtype=WIDE))
    share = 1 / (1 + 0.36787944117144233)
    assert y_TD.item() == pytest.approx(2 * share + 10 * (1 - share), abs=1e-12)
    assert routing.expert_TK.tolist() == [[0, 1]]


@pytest.mark.parametrize("experts", [SwiGLUExperts, ReLUExperts])
@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [1, 2, 17])
def test_a_layer_equals_the_oracle(experts, k, n):
    """One token (decoding), a few, and many: each path of the experts at 1e-10."""
    layer, x_TD = make(k=k, experts=experts), tokens_of(n)
    networks, router = networks_of(layer.experts), layer.router.score_ED.tolist()
    said = [
        oracles.mixture(x, oracles.mixtral_visits(x, router, k), networks) for x in x_TD.tolist()
    ]
    expected_TD = torch.tensor(said, dtype=WIDE)
    torch.testing.assert_close(layer(x_TD)[0], expected_TD, rtol=0, atol=1e-10)
    with torch.no_grad():
        torch.testing.assert_close(layer(x_TD)[0], expected_TD, rtol=0, atol=1e-10)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(1, 9), st.data())
def test_a_layer_of_any_size_is_the_dense_sum(n, num_experts, data):
    """k = 1..E, zero tokens, experts without tokens, routers of scores up to 1e4."""
    layer = make(num_experts, data.draw(st.integers(1, num_experts)))
    with torch.no_grad():
        layer.router.score_ED.mul_(data.draw(st.sampled_from([0.0, 1.0, 1e4])))
    x_TD = tokens_of(n)
    y_TD, routing = layer(x_TD)
    torch.testing.assert_close(y_TD, dense_sum(layer, x_TD, routing), rtol=0, atol=1e-10)


def dense_sum(layer, x_TD, routing):
    """Every expert on every token, then the weighted sum over the chosen."""
    everyone = torch.full((len(layer.router.score_ED),), len(x_TD))
    y_RD = layer.experts(x_TD.repeat(len(everyone), 1), everyone)
    y_ETD = y_RD.view(len(everyone), *x_TD.shape)
    weight_TE = x_TD.new_zeros(len(x_TD), len(everyone) + 1)
    weight_TE = weight_TE.scatter(1, routing.expert_TK, routing.weight_TK.to(WIDE))[:, :-1]
    return torch.einsum("te,etd->td", weight_TE, y_ETD)


@pytest.mark.parametrize(
    "route",
    [
        top_k,
        softmax_top_k,
        lambda logits_TE, k: switch(logits_TE),
        lambda logits_TE, k: expert_choice(logits_TE, capacity=3),
        lambda logits_TE, k: biased_top_k(logits_TE, torch.arange(4.0), k),
    ],
    ids=["top_k", "softmax_top_k", "switch", "expert_choice", "biased_top_k"],
)
def test_a_layer_takes_any_router(route):
    layer, x_TD = make(router=route), tokens_of(9)
    y_TD, routing = layer(x_TD)
    torch.testing.assert_close(y_TD, dense_sum(layer, x_TD, routing), rtol=0, atol=1e-10)
    y_TD.square().sum().backward()
    assert layer.router.score_ED.grad.abs().max() > 0


@pytest.mark.parametrize("n", [1, 13])
def test_gradients_equal_those_of_the_dense_sum(n):
    """Every weight and the tokens, whatever path the experts took forward."""
    found = []
    for compute in (lambda layer, x_TD: layer(x_TD)[0], by_dense_sum):
        layer, x_TD = make(), tokens_of(n).requires_grad_()
        compute(layer, x_TD).square().sum().backward()
        grads = [x_TD.grad, *(weight.grad for weight in layer.parameters())]
        found.append([torch.zeros(()) if grad is None else grad for grad in grads])
    for sparse, dense in zip(*found, strict=True):
        torch.testing.assert_close(sparse, dense, rtol=0, atol=1e-10)


@pytest.fixture
def rows_in_blocks():
    """What makes the fast path leave spare rows at the end of each expert's."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    yield
    torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("n", [1, 13, 200])
def test_spare_rows_change_nothing(rows_in_blocks, n):
    """float64, which the setting leaves alone: output and gradients at 1e-10."""
    test_gradients_equal_those_of_the_dense_sum(n)
    layer, x_TD = make(), tokens_of(n)
    y_TD, routing = layer(x_TD)
    torch.testing.assert_close(y_TD, dense_sum(layer, x_TD, routing), rtol=0, atol=1e-10)


def test_experts_without_tokens_get_a_zero_gradient():
    layer = make(k=1)
    with torch.no_grad():
        layer.router.score_ED.copy_(torch.tensor([[0.0], [9.0], [0.0], [0.0]]).expand(4, DIM))
    layer(tokens_of(7).abs())[0].square().sum().backward()
    for weight in layer.experts.parameters():
        assert weight.grad[1].abs().max() > 0
        assert (weight.grad[[0, 2, 3]] == 0).all()


def by_dense_sum(layer, x_TD):
    return dense_sum(layer, x_TD, layer.router(x_TD).routing)


def test_gradients_are_those_of_finite_differences():
    layer, x_TD = make(num_experts=3), tokens_of(4)
    names = [name for name, _ in layer.named_parameters()]

    def call(x_TD, *weights):
        return torch.func.functional_call(layer, dict(zip(names, weights)), (x_TD,))[0]

    assert torch.autograd.gradcheck(call, (x_TD.requires_grad_(), *layer.parameters()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_tokens(dtype):
    """The output follows the tokens; the router compares in float32."""
    layer, x_TD = make().to(dtype), tokens_of(11).to(dtype)
    y_TD, routing = layer(x_TD)
    assert y_TD.dtype == dtype
    assert routing.logits_TE.dtype == torch.float32
    exact = x_TD.float() @ layer.router.score_ED.float().t()
    torch.testing.assert_close(routing.logits_TE, exact, rtol=0, atol=1e-5)
    expected_TD = dense_sum(layer.double(), x_TD.double(), routing)
    loose = 20 * torch.finfo(dtype).eps * expected_TD.abs().max().item()
    torch.testing.assert_close(y_TD.double(), expected_TD, rtol=0, atol=loose)


def test_the_router_stays_in_float32_under_autocast():
    """Fedus et al. 2021, section 2.4: two scores 2^-12 apart are equal in bfloat16."""
    layer = MoELayer(2, 4, 2, 1)
    with torch.no_grad():
        layer.router.score_ED.copy_(torch.tensor([[1.0, 0.0], [1.0, 2**-12]]))
    with torch.autocast("cpu", torch.bfloat16):
        _, routing = layer(torch.ones(1, 2))
    assert routing.logits_TE.dtype == torch.float32
    assert routing.expert_TK.item() == 1


def test_a_layer_equals_hugging_faces():
    """transformers' block in float64; its router's softmax runs in float32, hence 1e-6."""
    modeling, layer, x_TD = oracles.hugging_face(), make(), tokens_of(19)
    config = modeling.MixtralConfig(
        hidden_size=DIM, intermediate_size=HIDDEN, num_local_experts=4, num_experts_per_tok=2
    )
    theirs = modeling.MixtralSparseMoeBlock(config).double()
    with torch.no_grad():
        theirs.gate.weight.copy_(layer.router.score_ED)
        theirs.experts.gate_up_proj.copy_(layer.experts.gate_up_EJFD.flatten(1, 2))
        theirs.experts.down_proj.copy_(layer.experts.down_EDF)
        theirs_BSD = theirs(x_TD[None])
    torch.testing.assert_close(layer(x_TD)[0], theirs_BSD[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("k", [0, 5])
def test_an_impossible_k_is_refused(k):
    with pytest.raises(ValueError, match=f"top_k is {k}: with 4 experts"):
        make(k=k)
