"""One balance loss by five conventions, each against its source's formula written out."""

import pytest
import torch

from moe_lesson.lessons.lesson04.conventions import conventions
from moe_lesson.moe.routing import softmax_top_k, switch, top_k
from tests import oracles

WIDE = torch.float64
EXPERTS, TOKENS, LAYERS = 4, 24, 3
every_k = pytest.mark.parametrize("k", range(1, EXPERTS + 1))


def scores(layers=LAYERS, seed=0):
    """Uneven scores, different in each layer."""
    generator = torch.Generator().manual_seed(seed)
    lean = 2 * torch.randn(layers, 1, EXPERTS, generator=generator, dtype=WIDE)
    return lean + torch.randn(layers, TOKENS, EXPERTS, generator=generator, dtype=WIDE)


def even_scores():
    """Token t likes expert t best, then t + 1, ...: each expert as much as any other."""
    place = (torch.arange(EXPERTS) - torch.arange(EXPERTS)[:, None]) % EXPERTS
    return -place.to(WIDE)


def values(layers, k, route=top_k):
    """Name -> value for a list of scores, one per layer."""
    return {row.name: row.value for row in conventions([route(each, k) for each in layers])}


def counted(layer, k):
    """How many of one layer's tokens have each expert among their k best; plain numbers."""
    visits = [0] * EXPERTS
    for row in layer.tolist():
        for e in oracles.best(row, k):
            visits[e] += 1
    return visits


def summed(layer):
    """The probabilities of one layer's tokens, added up for each expert; plain numbers."""
    total = [0.0] * EXPERTS
    for row in layer.tolist():
        total = oracles.plus(total, oracles.softmax(row))
    return total


def dot(left, right):
    return sum(a * b for a, b in zip(left, right, strict=True))


def written_out(layers, k):
    """The five formulas as their sources state them, in Python's 64-bit floats."""
    size = TOKENS * len(layers)
    fedus = [
        EXPERTS * dot([c / TOKENS for c in counted(x, 1)], [p / TOKENS for p in summed(x)])
        for x in layers
    ]
    gshard = [
        1 / EXPERTS * sum(c / TOKENS * p / TOKENS for c, p in zip(counted(x, 1), summed(x)))
        for x in layers
    ]
    all_visits, all_probs = [0] * EXPERTS, [0.0] * EXPERTS
    for x in layers:
        all_visits = oracles.plus(all_visits, counted(x, k))
        all_probs = oracles.plus(all_probs, summed(x))
    pooled = EXPERTS * dot([c / size for c in all_visits], [p / size for p in all_probs])
    dots = sum(dot(counted(x, k), [p / TOKENS for p in summed(x)]) for x in layers)
    return {
        "Switch": sum(fedus),
        "GShard": sum(gshard) / len(layers),
        "Mixtral in transformers": pooled,
        "OLMoE in transformers": pooled,
        "OLMoE in MegaBlocks": EXPERTS * dots / (len(layers) * TOKENS * k),
    }


@every_k
@pytest.mark.parametrize("seed", [0, 1])
def test_each_equals_its_formula(k, seed):
    layers = scores(seed=seed)
    assert values(layers, k) == pytest.approx(written_out(layers, k), abs=1e-10)


@every_k
def test_each_is_measured_on_the_softmax_over_all_experts(k):
    """Whether a router renormalises its weights changes nothing."""
    assert values(scores(), k, softmax_top_k) == values(scores(), k)


@every_k
def test_an_even_router_scores_what_the_table_says(k):
    rows = conventions([top_k(even_scores(), k)] * LAYERS)
    assert [row.value for row in rows] == pytest.approx([row.balanced for row in rows], abs=1e-12)
    found = {row.name: row.balanced for row in rows}
    expected = (LAYERS, 1 / EXPERTS**2, k, k, 1)  # as in the dictionary of written_out
    assert tuple(found.values()) == expected and list(found) == list(written_out(scores(), k))


def test_a_collapsed_router_scores_e_times_as_much():
    collapsed = torch.tensor([[80.0, 0, 0, 0]], dtype=WIDE).repeat(TOKENS, 1)
    for row in conventions([top_k(collapsed, 1)] * LAYERS):
        assert row.value == pytest.approx(EXPERTS * row.balanced, abs=1e-12)


def test_layers_that_collapse_onto_different_experts_look_even_when_pooled():
    """Each layer uses one expert of four; all layers together use each as often."""
    rows = conventions([top_k(80.0 * torch.eye(4)[[e] * TOKENS].to(WIDE), 1) for e in range(4)])
    times = {row.name: row.value / row.balanced for row in rows}
    seen = {name for name, each in times.items() if each == pytest.approx(EXPERTS)}
    blind = {name for name, each in times.items() if each == pytest.approx(1)}
    assert seen == {"Switch", "GShard", "OLMoE in MegaBlocks"}
    assert blind == {"Mixtral in transformers", "OLMoE in transformers"}


def test_all_can_go_below_their_balanced_value():
    """60 % of tokens at (.51, .49), 40 % at (0, 1): 0.922 of what an even router scores."""
    prob_TE = torch.tensor([[0.51, 0.49]] * 3 + [[1e-30, 1.0]] * 2, dtype=WIDE)
    for row in conventions([switch(prob_TE.log())]):
        assert row.value / row.balanced == pytest.approx(0.9224, abs=1e-9), row.name


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("name", ["Mixtral", "OLMoE"])
def test_transformers_own_function_agrees(name, k):
    loss_of = oracles.hugging_face().load_balancing_loss_func
    if name == "OLMoE":
        where = "transformers.models.olmoe.modeling_olmoe"
        loss_of = pytest.importorskip(where).load_balancing_loss_func
    theirs = loss_of(tuple(scores().float()), EXPERTS, k).item()
    assert values(scores(), k)[f"{name} in transformers"] == pytest.approx(theirs, abs=1e-6)


def test_transformers_switch_agrees_layer_by_layer():
    """Its function takes probabilities and choices of one layer; the paper adds layers up."""
    oracles.hugging_face()
    where = "transformers.models.switch_transformers.modeling_switch_transformers"
    loss_of = pytest.importorskip(where).load_balancing_loss_func
    layers = [x[None].float() for x in scores()]
    theirs = sum(loss_of(x.softmax(-1), x.argmax(-1, keepdim=True)) for x in layers)
    assert values(scores(), 1)["Switch"] == pytest.approx(theirs.item(), abs=1e-6)


def test_the_rows_hold_parameters_of_switch_loss_and_one_constant():
    """Nothing else tells the conventions apart."""
    rows = conventions([top_k(each, 2) for each in scores()])
    allowed = {"first_choice", "votes", "kept_only", "layers"}
    assert all(set(row.parameters) <= allowed for row in rows)
    assert [row.name for row in rows if row.factor != 1] == ["GShard"]


@pytest.mark.parametrize("layers, part", [([], r"\[\]"), ([1, 2], r"\[\(4, 1\), \(4, 2\)\]")])
def test_layers_that_do_not_match_are_refused(layers, part):
    with pytest.raises(ValueError, match=part):
        conventions([top_k(scores()[0], k) for k in layers])
