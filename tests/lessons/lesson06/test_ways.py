"""Five ways, one layer: equal to the slow oracle in float64, gradients too."""

import pytest
import torch

from moe_lesson.lessons.lesson06 import ladder, ways
from moe_lesson.lessons.lesson06.ways import WAYS, by_blocks, by_masks, listing
from moe_lesson.moe.experts import SwiGLUExperts
from moe_lesson.moe.routing import Routing, top_k
from tests import oracles

EXACT = {"rtol": 1e-10, "atol": 1e-10}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def layer(tokens, num_experts, k, skew, seed=0):
    """Draw a layer in float64 whose last expert nobody visits."""
    torch.manual_seed(seed)
    lean_E = -skew * torch.arange(num_experts) - 60.0 * (torch.arange(num_experts) > 2)
    routing = top_k(torch.randn(tokens, num_experts, dtype=torch.float64) + lean_E, k)
    x_TD = torch.randn(tokens, 6, dtype=torch.float64, requires_grad=True)
    return x_TD, routing, SwiGLUExperts(6, 5, num_experts).double()


def slow(x_TD, routing, experts):
    networks = oracles.swiglu_networks(experts)
    rows = zip(routing.expert_TK.tolist(), routing.weight_TK.tolist(), strict=True)
    visits = [list(zip(*row, strict=True)) for row in rows]
    said = [oracles.mixture(x, v, networks) for x, v in zip(x_TD.tolist(), visits, strict=True)]
    return torch.tensor(said, dtype=torch.float64)


@each_way
@pytest.mark.parametrize(
    "tokens, num_experts, k, skew", [(9, 4, 2, 0), (40, 5, 1, 2), (1, 4, 3, 0)]
)
def test_a_way_equals_the_oracle(way, tokens, num_experts, k, skew):
    given = layer(tokens, num_experts, k, skew)
    torch.testing.assert_close(way(*given), slow(*given), **EXACT)


@each_way
def test_gradients_equal_those_of_the_masks(way):
    results = []
    for one in (way, by_masks):
        x_TD, routing, experts = layer(40, 4, 2, 1)
        weight_TK = routing.weight_TK.clone().requires_grad_()
        y_TD = one(x_TD, routing._replace(weight_TK=weight_TK), experts)
        leaves = [x_TD, weight_TK, *experts.parameters()]
        results.append(torch.autograd.grad(y_TD, leaves, torch.ones_like(y_TD)))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, **EXACT)


def test_the_grouped_product_serves_float32():
    x_TD, routing, experts, _ = ladder.drawn(50, 16, 24, skew=2.0)
    torch.testing.assert_close(ways.by_sorted_rows(x_TD, routing, experts),
                               by_masks(x_TD, routing, experts))  # fmt: skip


def test_blocks_are_as_long_as_the_module_says():
    """33 rows of one expert take two blocks of 32, whose weights are copied twice."""
    seen = []

    def stacked(x, gate_up, down):
        seen.append((x.shape, gate_up.shape))
        return x

    routing = Routing(torch.zeros(33, 2), torch.ones(33, 1), torch.ones(33, 1, dtype=torch.long))
    before, ways._stacked = ways._stacked, stacked
    try:
        by_blocks(torch.ones(33, 4), routing, SwiGLUExperts(4, 3, 2))
    finally:
        ways._stacked = before
    assert seen == [((2, 32, 4), (2, 2, 3, 4))]


def test_a_listing_is_the_code_without_its_docstring():
    text = listing(by_masks)
    assert text.startswith("def by_masks(") and "textbooks" not in text
    assert text.rstrip().endswith("return y_TD")
