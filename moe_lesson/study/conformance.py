"""Every check of ``invariants`` that applies to a layer or a model, in one call."""

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from moe_lesson.moe.balance import switch_loss
from moe_lesson.study import invariants

PRIME = 13  # tokens: no load is even by accident, which would leave no gradient


class Verdict(NamedTuple):
    """Hold what one check found.

    >>> Verdict("evaluation_is_deterministic", True, "evaluation is deterministic").passed
    True

    Lesson 8.
    """

    check: str  # the function of ``invariants`` that was run
    passed: bool | None  # None: it could not be run, and the sentence says what it needs
    sentence: str


def check_layer(layer, dim, dense=None, balance=switch_loss):
    """Run every check that applies to a layer.

    Args:
        dim: the width D of its tokens.
        dense: the layer's first expert as a callable, for experts made identical to it.
        balance: from a list of Routings to a loss.

    Returns:
        A list of Verdicts. Without a Routing, or without parameters stacked over experts,
        some checks are not run and say so.

    >>> from moe_lesson.moe.layer import MoELayer
    >>> [verdict.passed for verdict in check_layer(MoELayer(4, 8, 3, 2), dim=4)]
    [True, True, True, True, True, True, None]

    Lesson 8.
    """
    x_TD = torch.randn(PRIME, dim, generator=torch.Generator().manual_seed(0)).to(_like(layer))
    result = layer(x_TD)
    routing, squares = invariants.routing_of(result), invariants.tensor_of(result).square().mean()
    verdicts = [
        _verdict(invariants.evaluation_is_deterministic, layer, x_TD),
        _verdict(invariants.batch_mates_do_not_matter, layer, x_TD),
        _verdict(invariants.prefix_ignores_the_future, layer, x_TD, 0),
        *_learning(squares, [routing] if routing else [], balance),
    ]
    if routing and isinstance(layer, nn.Module):
        return verdicts + _numbering(layer, dense, x_TD, routing.logits_TE)
    return verdicts + [_not_run(invariants.permuting_experts_changes_nothing, "a module's Routing")]


def check_model(model, vocab_size):
    """Run every check that applies to a language model.

    Returns:
        A list of Verdicts. Without ``routings`` beside the logits, the router's gradients
        are not checked.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> [verdict.passed for verdict in check_model(Mixtral(TINY), TINY.vocab_size)]
    [True, True, True, True, True]

    Lesson 8.
    """
    draw = torch.Generator().manual_seed(0)
    id_BS = torch.randint(vocab_size, (7, 11), generator=draw).to(_like(model).device)
    result = model(id_BS)
    logits = invariants.tensor_of(result)[:, :-1].flatten(0, 1)
    nats = F.cross_entropy(logits, id_BS[:, 1:].flatten())
    return [
        _verdict(invariants.evaluation_is_deterministic, model, id_BS),
        _verdict(invariants.batch_mates_do_not_matter, model, id_BS),
        _verdict(invariants.prefix_ignores_the_future, model, id_BS),
        *_learning(nats, getattr(result, "routings", []), switch_loss),
    ]


def reorder_experts(layer, order):
    """Copy a layer with its experts, and the router's scores for them, in another order.

    Args:
        order: which expert stands in each place.

    Raises:
        ValueError: a parameter's first axis does not count the experts.

    >>> layer = nn.Linear(2, 3, bias=False)
    >>> bool((reorder_experts(layer, [2, 0, 1]).weight[0] == layer.weight[2]).all())
    True

    Lesson 6.
    """
    reordered = copy.deepcopy(layer)
    with torch.no_grad():
        for name, weight in reordered.named_parameters():
            if len(weight) != len(order):
                raise ValueError(f"{name} has first axis {len(weight)}, not {len(order)} experts")
            weight.copy_(weight[torch.tensor(order, device=weight.device)])
    return reordered


def _learning(loss, routings, balance):
    """Give the verdicts on the router's two gradients, over all layers."""
    if not routings:
        return [_not_run(invariants.router_learns, "the Routing of each layer")]
    scores = [routing.logits_TE for routing in routings]
    return [
        _verdict(invariants.router_learns, loss, scores, "the language loss"),
        _verdict(invariants.router_learns, balance(routings), scores, "the balance loss"),
    ]


def _numbering(layer, dense, x_TD, logits_TE):
    """Give the verdicts that need copies of the layer with its experts in other places."""
    experts = logits_TE.shape[1]
    if any(len(weight) != experts for weight in layer.parameters()):
        lack = "parameters whose first axis counts the experts"
        return [_not_run(invariants.permuting_experts_changes_nothing, lack)]
    backwards = reorder_experts(layer, range(experts)[::-1])
    verdict = _verdict(invariants.permuting_experts_changes_nothing, layer, backwards, x_TD)
    if dense is None:
        return [verdict, _not_run(invariants.equals_dense, "`dense`, the first expert")]
    same = _with_identical_experts(layer, logits_TE)
    return [verdict, _verdict(invariants.equals_dense, same, dense, x_TD)]


def _with_identical_experts(layer, logits_TE):
    """Copy a layer with every expert like the first; its router, which scores depend on, stays."""
    same = reorder_experts(layer, [0] * logits_TE.shape[1])
    weights = dict(layer.named_parameters())
    if logits_TE.requires_grad:
        reached = torch.autograd.grad(logits_TE.sum(), weights.values(), allow_unused=True)
        router = [name for name, gradient in zip(weights, reached) if gradient is not None]
        same.load_state_dict({name: weights[name] for name in router}, strict=False)
    return same


def _verdict(check, *arguments):
    try:
        return Verdict(check.__name__, True, check(*arguments))
    except AssertionError as wrong:
        return Verdict(check.__name__, False, str(wrong))


def _not_run(check, lack):
    return Verdict(check.__name__, None, f"not run: needs {lack}")


def _like(call):
    """Find a tensor with the dtype and device that a callable works in."""
    weights = call.parameters() if isinstance(call, nn.Module) else iter(())
    return next(weights, torch.empty(0))
