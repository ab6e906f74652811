"""What every sparse layer must do, one check at a time."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moe_lesson.models.config import TINY
from moe_lesson.models.likelihood import evaluate
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.balance import switch_loss
from moe_lesson.moe.dispatch import combine, dispatch, plan, within_capacity
from moe_lesson.moe.experts import loop, swiglu
from moe_lesson.study import invariants
from moe_lesson.study.conformance import check_layer, reorder_experts
from moe_lesson.text.tokenizer import Text
from tests.study.layers import DIM, first_expert, make, tokens_of, with_capacity


def test_our_layers_of_one_expert_are_dense():
    layer = make(1, num_experts=1)
    invariants.equals_dense(layer, first_expert(layer), tokens_of(9))


def test_our_dispatchers_agree():
    """The loop over rows, a padded batch with room for all, and every expert on every token."""
    layer, x_TD = make(), tokens_of(33)
    experts = layer.experts

    def by_loop(x_TD):
        rows = plan(layer.router(x_TD).routing)
        weights = experts.gate_up_EJFD, experts.down_EDF
        y_RD = loop(dispatch(x_TD, rows), rows.count_E, weights, swiglu)
        return combine(y_RD, rows, len(x_TD))

    def by_everyone(x_TD):
        routing = layer.router(x_TD).routing
        everyone = zip(experts.gate_up_EJFD, experts.down_EDF)
        y_TED = torch.stack([swiglu(x_TD, *weights) for weights in everyone], 1)
        y_TKD = y_TED.gather(1, routing.expert_TK[..., None].expand(-1, -1, DIM))
        return torch.einsum("tkd,tk->td", y_TKD, routing.weight_TK)

    ways = {
        "default": layer,
        "loop": by_loop,
        "one token at a time": lambda x_TD: torch.cat([layer(x)[0] for x in x_TD.split(1)]),
        "seats for all": with_capacity(layer, capacity_of=lambda tokens: tokens),
        "everyone": by_everyone,
    }
    said = invariants.dispatchers_agree(ways, x_TD)
    assert said == "default, loop, one token at a time, seats for all, everyone agree"


def test_our_dropped_tokens_add_zero():
    layer, x_TD = make(k=1), tokens_of(24)
    rows = within_capacity(plan(layer(x_TD)[1]), 2)
    dropped_T = torch.ones(24, dtype=torch.bool).index_fill(0, rows.token_R, False)
    y_TD = with_capacity(layer, lambda tokens: 2)(x_TD)
    assert "adds" not in invariants.dropped_tokens_add_zero(y_TD, dropped_T)


def test_our_validation_loss_is_cross_entropy():
    model = Mixtral(TINY)
    text = Text(torch.randint(TINY.vocab_size, (33,)), torch.ones(33, dtype=torch.long))
    logits_BSV, target_BS = model(text.id_T[None, :-1]).logits_BSV, text.id_T[None, 1:]
    nats = evaluate(model, text, length=32).nats
    invariants.validation_is_cross_entropy(nats, logits_BSV, target_BS)
    with pytest.raises(AssertionError, match="with auxiliary losses in it"):
        invariants.validation_is_cross_entropy(nats + 0.02, logits_BSV, target_BS)


def test_a_balance_loss_from_kept_weights_is_caught():
    """With k = 1 and weights renormalised over the kept, P is a count: no gradient."""
    layer = make(1)
    routing = layer(tokens_of(20))[1]
    kept = switch_loss(routing, kept_only=True)
    with pytest.raises(AssertionError, match="the balance loss .* it stays as it was drawn"):
        invariants.router_learns(kept, layer.router.score_ED, "the balance loss")
    invariants.router_learns(switch_loss(routing), layer.router.score_ED, "the balance loss")


def test_a_dropped_token_that_adds_itself_is_caught():
    x_TD, dropped_T = tokens_of(4), torch.tensor([False, True, False, True])
    y_TD = torch.where(dropped_T[:, None], 0.3 * F.layer_norm(x_TD, (DIM,)), 2 * x_TD)
    with pytest.raises(AssertionError, match="no expert saw it, so it must add exactly 0"):
        invariants.dropped_tokens_add_zero(y_TD, dropped_T)
    with pytest.raises(AssertionError, match="no token was dropped, so nothing was checked"):
        invariants.dropped_tokens_add_zero(y_TD, torch.zeros(4, dtype=torch.bool))


def test_what_cannot_be_run_says_what_it_needs():
    verdicts = check_layer(lambda x_TD: x_TD * 2, DIM)
    assert [verdict.passed for verdict in verdicts] == [True, True, True, None, None]
    assert verdicts[3].sentence == "not run: needs the Routing of each layer"
    with pytest.raises(ValueError, match="weight has first axis 3, not 2 experts"):
        reorder_experts(nn.Linear(2, 3), [1, 0])


def test_shapes_and_nan_are_no_agreement():
    with pytest.raises(AssertionError, match=r"Shapes \(5, 7\) and \(5, 8\)"):
        invariants.equals_dense(lambda x: x[:, 1:], torch.relu, tokens_of(5))
    with pytest.raises(AssertionError, match="Largest gap nan"):
        invariants.equals_dense(lambda x: x * float("nan"), torch.relu, tokens_of(5))
