"""What every sparse layer and model must do, as checks that run on a reader's own.

Each takes the least it needs (a callable, a tensor), returns one sentence, and raises
AssertionError with what is wrong and why it matters. A layer is called as ``layer(x_TD)`` and
returns y_TD or (y_TD, Routing); a model as ``model(id_BS)`` and returns logits_BSV, alone or as
the first of a tuple. Modules are put into evaluation mode, then back.
"""

import torch
import torch.nn.functional as F
from torch import nn

from moe_lesson.models.likelihood import measuring
from moe_lesson.moe.routing import Routing
from moe_lesson.study.checks import demand

# Rounding alone left 1e-8 of the loss in the gradient of a weight p / p, which is 0 exactly;
# the least true one measured, in an untrained two-layer model, was 3e-5.
LEAST_GRADIENT = 1e-7


def evaluation_is_deterministic(call, x):
    """Check that the same input gives the same output twice.

    >>> evaluation_is_deterministic(torch.relu, torch.ones(2, 3))
    'evaluation is deterministic'

    Lesson 4.
    """
    why = (
        "the same input gave two outputs in evaluation: noise and random drops belong to "
        "training, a model that changes its answer cannot be measured"
    )
    _demand_same(_evaluate(call, x), _evaluate(call, x), why)
    return "evaluation is deterministic"


def batch_mates_do_not_matter(call, x):
    """Check that each entry of the first axis gives alone what it gives in company.

    The entries are sequences for a model, tokens for a layer.

    >>> batch_mates_do_not_matter(torch.relu, torch.ones(2, 3))
    'each of 2 entries is alone what it is in company'

    Lesson 5.
    """
    together = tensor_of(_evaluate(call, x))
    for i in range(len(x)):
        why = (
            f"entry {i} gives something else alone than among {len(x)}: an answer must not hang "
            "on who else is in the batch (capacity in evaluation? experts that choose tokens?)"
        )
        _demand_same(_evaluate(call, x[i : i + 1]), together[i : i + 1], why)
    return f"each of {len(x)} entries is alone what it is in company"


def prefix_ignores_the_future(call, x, axis=1):
    """Check that cutting off the end changes nothing before the cut.

    Args:
        axis: where positions lie: 1 for a model's id_BS, 0 for a layer's tokens in order.

    >>> prefix_ignores_the_future(lambda x: x.cumsum(1), torch.ones(2, 3))
    'every prefix of 3 positions is free of what follows'

    Lesson 5.
    """
    whole, length = tensor_of(_evaluate(call, x)), x.shape[axis]
    for n in range(1, length):
        why = (
            f"the first {n} of {length} positions change when the rest is cut off: a model that "
            "sees the future scores well in training and cannot generate"
        )
        _demand_same(_evaluate(call, x.narrow(axis, 0, n)), whole.narrow(axis, 0, n), why)
    return f"every prefix of {length} positions is free of what follows"


def dropped_tokens_add_zero(y_TD, dropped_T):
    """Check that tokens whose every visit was dropped got exactly zero from the layer.

    Args:
        y_TD: what the layer returned, before it is added to the residual.

    >>> dropped_tokens_add_zero(torch.tensor([[0.0], [7.0]]), torch.tensor([True, False]))
    '1 of 2 tokens was dropped and adds exactly zero'

    Lesson 5.
    """
    dropped = int(dropped_T.sum())
    demand(dropped, "no token was dropped, so nothing was checked: lower the capacity")
    largest = y_TD[dropped_T].abs().max().item()
    why = f"a dropped token adds up to {largest:.3g}: no expert saw it, so it must add exactly 0"
    demand(largest == 0, f"{why}, and the residual alone carries it")
    verb = "was dropped and adds" if dropped == 1 else "were dropped and add"
    return f"{dropped} of {len(dropped_T)} tokens {verb} exactly zero"


def equals_dense(layer, dense, x_TD):
    """Check that a layer of one expert, or of identical experts, is that expert.

    Args:
        dense: the same network without router and dispatch. Where the layer returns a
            Routing whose weights do not sum to 1, their sum scales it.

    >>> equals_dense(torch.relu, torch.relu, torch.ones(2, 3))
    'equal experts are one dense layer'

    Lesson 6.
    """
    result, expected = _evaluate(layer, x_TD), _evaluate(dense, x_TD)
    if routing := routing_of(result):
        expected = expected * routing.weight_TK.sum(-1, keepdim=True)
    why = (
        "equal experts are not one dense layer: whoever is chosen says the same, so a row went "
        "back to another token, was lost, or has the wrong weight"
    )
    _demand_same(result, expected, why)
    return "equal experts are one dense layer"


def permuting_experts_changes_nothing(layer, permuted, x_TD):
    """Check that the same experts under other numbers (router included) give the same.

    >>> permuting_experts_changes_nothing(torch.relu, torch.relu, torch.ones(2, 3))
    'permuting experts changes nothing visible'

    Lesson 6.
    """
    why = (
        "the same experts under other numbers give another output: rows meet the wrong weights, "
        "or an expert's number decides something"
    )
    _demand_same(_evaluate(permuted, x_TD), _evaluate(layer, x_TD), why)
    return "permuting experts changes nothing visible"


def dispatchers_agree(dispatchers, x_TD):
    """Check that several ways of computing one layer (name: callable) equal the first.

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
    """Check that a loss (a scalar with its graph) reaches the router.

    Args:
        scores: the router's logits_TE in that graph, or its weight; or one per layer.

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
        why = f"{source} ({loss.item():.3g}) gives the router a gradient of {size:.1e}: it stays as"
        hint = "it was drawn (one expert with its weight renormalised to 1? detached scores?)"
        demand(size > LEAST_GRADIENT * abs(loss.item()), f"{why} {hint}")
    return f"the router learns from {source}"


def validation_is_cross_entropy(nats, logits_BSV, target_BS):
    """Check that a reported validation loss (per token) holds no auxiliary loss.

    >>> validation_is_cross_entropy(1.386294, torch.zeros(1, 2, 4), torch.tensor([[0, 3]]))
    'the validation loss is cross entropy alone'

    Lesson 9.
    """
    alone = F.cross_entropy(logits_BSV.flatten(0, 1).float(), target_BS.flatten()).item()
    why = f"the validation loss is {nats:.5f}, the cross entropy {alone:.5f}: with auxiliary losses"
    demand(abs(nats - alone) <= 1e-4 * alone, f"{why} in it, it compares with no other model's")
    return "the validation loss is cross entropy alone"


def tensor_of(result):
    """Take the output out of what a layer or model returned.

    >>> tensor_of((torch.ones(()), "routing")).item()
    1.0

    Lesson 8.
    """
    return result[0] if isinstance(result, tuple) else result


def routing_of(result):
    """Take the Routing out of what a layer returned; None if there is none.

    >>> routing_of(torch.ones(2)) is None
    True

    Lesson 8.
    """
    others = result[1:] if isinstance(result, tuple) else ()
    return next((other for other in others if isinstance(other, Routing)), None)


def _demand_same(result, expected, message):
    """Demand equal tensors, up to what rounding explains at their precision."""
    left, right = tensor_of(result).detach(), tensor_of(expected).detach()
    shapes = f"Shapes {tuple(left.shape)} and {tuple(right.shape)}"
    demand(left.shape == right.shape, f"{message}. {shapes}")
    if right.numel():
        largest, gap = right.abs().max().item(), (left - right).abs().max().item()
        allowed = torch.finfo(right.dtype).eps ** 0.5 * largest
        demand(gap <= allowed, f"{message}. Largest gap {gap:.2g}, rounding gives {allowed:.1g}")


def _evaluate(call, x):
    """Call a module in evaluation mode, or any callable, without gradients."""
    with measuring(call) if isinstance(call, nn.Module) else torch.no_grad():
        return call(x)
