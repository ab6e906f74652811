"""What every sparse layer and model must do, as checks that run on a reader's own.

A check takes the least it needs (a callable, a tensor), returns one sentence, and raises
AssertionError with what is wrong and why it matters. ``check_layer`` and ``check_model``
run all that apply. A layer is called as ``layer(x_TD)`` and returns y_TD or (y_TD, Routing);
a model as ``model(id_BS)`` and returns logits_BSV, alone or as the first of a tuple.
"""

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from moe_lesson.moe.balance import switch_loss
from moe_lesson.moe.routing import Routing

# Rounding alone left 1e-8 of the loss in the gradient of a weight p / p, which is 0 exactly;
# the least true one measured, in an untrained two-layer model, was 3e-5.
LEAST_GRADIENT = 1e-7


class Verdict(NamedTuple):
    """Hold what one check found.

    >>> Verdict("batch_mates_do_not_matter", True, "each is alone what it is in company").passed
    True

    Lesson 8.
    """

    check: str  # the function of this module that was run
    passed: bool | None  # None: it could not be run, and the sentence says what it lacks
    sentence: str


def evaluation_is_deterministic(call, x):
    """Check that the same input gives the same output twice, in evaluation mode.

    Raises:
        AssertionError: it does not: noise or random dropping was left on.

    >>> evaluation_is_deterministic(torch.relu, torch.ones(2, 3))
    'evaluation is deterministic'

    Lesson 4.
    """
    why = (
        "the same input gave two different outputs in evaluation mode: noise belongs to training, "
        "because a model that changes its answer cannot be measured or served"
    )
    _demand_same(_evaluate(call, x), _evaluate(call, x), why)
    return "evaluation is deterministic"


def batch_mates_do_not_matter(call, x):
    """Check that each entry of the first axis gives alone what it gives in company.

    The entries are sequences for a model, tokens for a layer.

    Raises:
        AssertionError: company changes it: seats are shared (capacity) or experts choose.

    >>> batch_mates_do_not_matter(torch.relu, torch.ones(2, 3))
    'each of 2 entries is alone what it is in company'

    Lesson 5.
    """
    together = _tensor(_evaluate(call, x))
    for i in range(len(x)):
        why = (
            f"entry {i} gives something else alone than among {len(x)}: an answer must not hang "
            "on who else is in the batch (a capacity in evaluation? experts that choose tokens?)"
        )
        _demand_same(_evaluate(call, x[i : i + 1]), together[i : i + 1], why)
    return f"each of {len(x)} entries is alone what it is in company"


def prefix_ignores_the_future(call, x, axis=1):
    """Check that cutting off the end changes nothing before the cut.

    Args:
        axis: where positions lie: 1 for a model's id_BS, 0 for a layer's tokens in order.

    Raises:
        AssertionError: a position depends on later ones: the model sees what it must predict.

    >>> prefix_ignores_the_future(lambda x: x.cumsum(1), torch.ones(2, 3))
    'every prefix of 3 positions is free of what follows'

    Lesson 5.
    """
    whole, length = _tensor(_evaluate(call, x)), x.shape[axis]
    for n in range(1, length):
        why = (
            f"the first {n} of {length} positions change when the rest is cut off: a model that "
            "sees the future scores well in training and cannot generate"
        )
        _demand_same(_evaluate(call, x.narrow(axis, 0, n)), whole.narrow(axis, 0, n), why)
    return f"every prefix of {length} positions is free of what follows"


def dropped_tokens_add_zero(y_TD, dropped_T):
    """Check that tokens without any row got exactly zero from the layer.

    Args:
        y_TD: the layer's output, before it is added to the residual.
        dropped_T: true where every visit of the token was dropped.

    Raises:
        AssertionError: something was added for them, or nothing was dropped at all.

    >>> dropped_tokens_add_zero(torch.tensor([[0.0], [7.0]]), torch.tensor([True, False]))
    '1 dropped token adds exactly zero'

    Lesson 5.
    """
    dropped = int(dropped_T.sum())
    _demand(dropped, "no token was dropped, so nothing was checked: lower the capacity")
    largest = y_TD[dropped_T].abs().max().item()
    _demand(
        largest == 0,
        f"a dropped token adds up to {largest:.3g}: no expert saw it, so the residual alone must "
        "carry it, and the layer must add exactly 0",
    )
    return f"{dropped} dropped token{'s add' if dropped > 1 else ' adds'} exactly zero"


def equals_dense(layer, dense, x_TD):
    """Check that a layer of one expert, or of identical experts, is that expert.

    Args:
        dense: the same network without router and dispatch. Where the layer returns a
            Routing whose weights do not sum to 1, their sum scales it.

    Raises:
        AssertionError: it is not: whoever is chosen says the same, so dispatch is wrong.

    >>> equals_dense(torch.relu, torch.relu, torch.ones(2, 3))
    'equal experts are one dense layer'

    Lesson 6.
    """
    result, expected = _evaluate(layer, x_TD), _evaluate(dense, x_TD)
    if routing := _routing(result):
        expected = expected * routing.weight_TK.sum(-1, keepdim=True)
    why = (
        "equal experts are not one dense layer: whoever is chosen says the same, so a row went "
        "back to another token, was lost, or has the wrong weight"
    )
    _demand_same(result, expected, why)
    return "equal experts are one dense layer"


def reorder_experts(layer, order):
    """Copy a layer with its experts, and the router's scores for them, in another order.

    Args:
        order: which expert stands in each place; [0, 0, 0] makes them identical.

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


def permuting_experts_changes_nothing(layer, permuted, x_TD):
    """Check that the numbers that experts bear do not matter.

    Args:
        permuted: the same layer, experts and router reordered alike (``reorder_experts``).

    Raises:
        AssertionError: the output changes: some expert's rows meet another's weights.

    >>> permuting_experts_changes_nothing(torch.relu, torch.relu, torch.ones(2, 3))
    'permuting experts changes nothing visible'

    Lesson 6.
    """
    why = (
        "the same experts in another order give another output: an expert's number must not "
        "matter, so rows meet the wrong weights or the order decides who gets a seat"
    )
    _demand_same(_evaluate(permuted, x_TD), _evaluate(layer, x_TD), why)
    return "permuting experts changes nothing visible"


def dispatchers_agree(dispatchers, x_TD):
    """Check that several ways of computing one layer give the same.

    Args:
        dispatchers: from names to callables; the first is the reference.

    Raises:
        AssertionError: one differs; the message names it.

    >>> dispatchers_agree({"relu": torch.relu, "clamp": lambda x: x.clamp(min=0)}, torch.ones(2, 3))
    'relu, clamp agree'

    Lesson 6.
    """
    first, *others = dispatchers
    expected = _evaluate(dispatchers[first], x_TD)
    for name in others:
        why = f"{name} differs from {first}: a faster path that computes something else is no path"
        _demand_same(_evaluate(dispatchers[name], x_TD), expected, why)
    return f"{', '.join(dispatchers)} agree"


def router_learns(loss, scores, source="the language loss"):
    """Check that a loss reaches the router.

    Args:
        loss: a scalar with its graph.
        scores: the router's logits_TE in that graph, or its weight; or one per layer.

    Raises:
        AssertionError: a gradient is zero, or no more than rounding leaves.

    >>> scores = torch.zeros(2, 2, requires_grad=True)
    >>> router_learns(scores.exp().sum(), scores)
    'the router learns from the language loss'

    Lesson 4.
    """
    for of_layer in [scores] if isinstance(scores, torch.Tensor) else scores:
        gradient = None
        if loss.requires_grad and of_layer.requires_grad:
            (gradient,) = torch.autograd.grad(loss, of_layer, retain_graph=True, allow_unused=True)
        size = 0.0 if gradient is None else gradient.float().norm().item()
        _demand(
            size > LEAST_GRADIENT * abs(loss.item()),
            f"{source} ({loss.item():.3g}) gives the router a gradient of {size:.1e}: it stays as it "
            "was drawn (one expert with its weight renormalised to 1? detached scores?)",
        )
    return f"the router learns from {source}"


def validation_is_cross_entropy(reported, logits_BSV, target_BS):
    """Check that a reported validation loss is the cross entropy and nothing else.

    Args:
        reported: nats per token, a number.

    Raises:
        AssertionError: it is not: most often an auxiliary loss was added.

    >>> validation_is_cross_entropy(1.386294, torch.zeros(1, 2, 4), torch.tensor([[0, 3]]))
    'the validation loss is cross entropy alone'

    Lesson 9.
    """
    nats = F.cross_entropy(logits_BSV.flatten(0, 1).double(), target_BS.flatten()).item()
    _demand(
        abs(reported - nats) <= 1e-4 * nats,
        f"the validation loss is {reported:.5f}, the cross entropy {nats:.5f}: with auxiliary "
        "losses in it, it cannot be compared with any other model's",
    )
    return "the validation loss is cross entropy alone"


def check_layer(layer, dim, dense=None, balance=switch_loss, tokens=12):
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
    x_TD = torch.randn(tokens, dim, generator=torch.Generator().manual_seed(0)).to(_like(layer))
    result = layer(x_TD)
    routing = _routing(result)
    verdicts = [
        _verdict(evaluation_is_deterministic, layer, x_TD),
        _verdict(batch_mates_do_not_matter, layer, x_TD),
        _verdict(prefix_ignores_the_future, layer, x_TD, 0),
        *_learning(_tensor(result).square().mean(), [routing] if routing else [], balance),
    ]
    E = routing.logits_TE.shape[1] if routing else None
    if not isinstance(layer, nn.Module) or any(len(weight) != E for weight in layer.parameters()):
        lack = "not run: needs a Routing, and parameters whose first axis counts the experts"
        return [*verdicts, Verdict(permuting_experts_changes_nothing.__name__, None, lack)]
    backwards, same = reorder_experts(layer, range(E)[::-1]), reorder_experts(layer, [0] * E)
    verdicts.append(_verdict(permuting_experts_changes_nothing, layer, backwards, x_TD))
    if dense is None:
        lack = "not run: needs `dense`, the first expert as a callable"
        return [*verdicts, Verdict(equals_dense.__name__, None, lack)]
    return [*verdicts, _verdict(equals_dense, same, dense, x_TD)]


def check_model(model, vocab_size, balance=switch_loss, positions=10):
    """Run every check that applies to a language model.

    Args:
        balance: from a list of Routings to a loss.

    Returns:
        A list of Verdicts. Without ``routings`` beside the logits, two are not run.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> [verdict.passed for verdict in check_model(Mixtral(TINY), TINY.vocab_size)]
    [True, True, True, True, True]

    Lesson 8.
    """
    draw = torch.Generator().manual_seed(0)
    id_BS = torch.randint(vocab_size, (3, positions), generator=draw).to(_like(model).device)
    result = model(id_BS)
    nats = F.cross_entropy(_tensor(result)[:, :-1].flatten(0, 1), id_BS[:, 1:].flatten())
    return [
        _verdict(evaluation_is_deterministic, model, id_BS),
        _verdict(batch_mates_do_not_matter, model, id_BS),
        _verdict(prefix_ignores_the_future, model, id_BS),
        *_learning(nats, getattr(result, "routings", []), balance),
    ]


def _learning(loss, routings, balance):
    """Give the verdicts on the router's two gradients, over all layers."""
    if not routings:
        return [Verdict(router_learns.__name__, None, "not run: needs the Routing of each layer")]
    scores = [routing.logits_TE for routing in routings]
    return [
        _verdict(router_learns, loss, scores, "the language loss"),
        _verdict(router_learns, balance(routings), scores, "the balance loss"),
    ]


def _verdict(check, *arguments):
    try:
        return Verdict(check.__name__, True, check(*arguments))
    except AssertionError as wrong:
        return Verdict(check.__name__, False, str(wrong))


def _demand(holds, message):
    if not holds:
        raise AssertionError(message)


def _demand_same(result, expected, message):
    """Demand equal tensors, up to what rounding explains at their precision."""
    left, right = _tensor(result).detach(), _tensor(expected).detach()
    shapes = f"Shapes {tuple(left.shape)} and {tuple(right.shape)}"
    _demand(left.shape == right.shape, f"{message}. {shapes}")
    if right.numel():
        largest, gap = right.abs().max().item(), (left - right).abs().max().item()
        allowed = torch.finfo(right.dtype).eps ** 0.5 * largest
        _demand(gap <= allowed, f"{message}. Largest gap {gap:.2g}, rounding gives {allowed:.1g}")


def _evaluate(call, x):
    """Call a module in evaluation mode, or any callable, without gradients."""
    modules = list(call.modules()) if isinstance(call, nn.Module) else []
    modes = [module.training for module in modules]
    for module in modules:
        module.training = False
    try:
        with torch.no_grad():
            return call(x)
    finally:
        for module, mode in zip(modules, modes):
            module.training = mode


def _tensor(result):
    return result[0] if isinstance(result, tuple) else result


def _routing(result):
    """Take the Routing out of what a layer returned; None if there is none."""
    others = result[1:] if isinstance(result, tuple) else ()
    return next((other for other in others if isinstance(other, Routing)), None)


def _like(call):
    """Find a tensor with the dtype and device that a callable works in."""
    weights = call.parameters() if isinstance(call, nn.Module) else iter(())
    return next(weights, torch.empty(0))
