"""Interventions: other experts, other routers, another k, in a model that stays as it is."""

from contextlib import ExitStack, contextmanager
from itertools import combinations
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from moe_lesson.models.likelihood import measuring
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.routing import Routing, at_least_float32, check_k, hash_router
from moe_lesson.study.trace import trace_ids

DRAWS = 8  # sets of other experts that a control tries


class Needs(NamedTuple):
    """Hold what the loss of each expert costs, and how busy it is.

    >>> Needs(np.array([[0.1, 0.0]]), np.array([0.5, 0.5])).load_E.sum()
    np.float64(1.0)

    Lesson 10.
    """

    change_TE: np.ndarray  # nats a token's loss grows by when the expert is ablated; NaN: unknown
    load_E: np.ndarray  # share of visits that the expert gets when nothing is ablated


def ablate(experts):
    """Make a change: some experts are never chosen, their scores being minus infinity.

    Returns:
        A change, for ``intervened`` and ``token_losses``: it takes a layer's ``route`` and the
        token ids, and returns another ``route``.

    Raises:
        ValueError: when it routes, if an expert does not exist or fewer than k are left.

    >>> from moe_lesson.moe.routing import top_k
    >>> ablate([2])(top_k, None)(torch.tensor([[1.0, 2.0, 9.0]]), 2).expert_TK.tolist()
    [[1, 0]]

    Lesson 10.
    """

    def change(route, _):
        def routed(logits_TE, k):
            at = _places(experts, logits_TE)
            if (left := logits_TE.shape[1] - len(at)) < k:
                raise ValueError(f"{left} experts are left: a token visits {k}")
            return route(logits_TE.index_fill(1, at, float("-inf")), k)

        return routed

    return change


def forced(experts):
    """Make a change: every token visits these experts first; the rest of its k as before.

    The weights are the softmax of the router's own scores over those chosen, as Mixtral's.

    Raises:
        ValueError: when it routes, if an expert does not exist or there are more than k.

    >>> from moe_lesson.moe.routing import top_k
    >>> forced([0])(top_k, None)(torch.tensor([[1.0, 2.0, 9.0]]), 2).expert_TK.tolist()
    [[0, 2]]

    Lesson 10.
    """

    def change(_, __):
        def routed(logits_TE, k):
            at, logits_TE = _places(experts, logits_TE), at_least_float32(logits_TE)
            if len(at) > k:
                raise ValueError(f"{len(at)} experts cannot be forced: a token visits {k}")
            expert_TK = logits_TE.index_fill(1, at, float("inf")).topk(k).indices
            weight_TK = logits_TE.gather(-1, expert_TK).softmax(-1)
            return Routing(logits_TE, weight_TK, expert_TK)

        return routed

    return change


def alone(experts):
    """Make a change: every token visits these experts and no other, as many as there are.

    The weights are the softmax of the router's own scores over them: one expert alone has 1.

    Raises:
        ValueError: when it routes, if an expert does not exist.

    >>> from moe_lesson.moe.routing import top_k
    >>> routing = alone([2])(top_k, None)(torch.tensor([[1.0, 2.0, -9.0]]), 2)
    >>> routing.expert_TK.tolist(), routing.weight_TK.tolist()
    ([[2]], [[1.0]])

    Lesson 10.
    """

    def change(_, __):
        def routed(logits_TE, _k):
            at, logits_TE = _places(experts, logits_TE), at_least_float32(logits_TE)
            return Routing(logits_TE, logits_TE[:, at].softmax(-1), at.expand(len(logits_TE), -1))

        return routed

    return change


def silent():
    """Make a change: the experts are chosen as before and add nothing.

    >>> from moe_lesson.moe.routing import top_k
    >>> silent()(top_k, None)(torch.tensor([[1.0, 2.0]]), 1).weight_TK.tolist()
    [[0.0]]

    Lesson 10.
    """

    def change(route, _):
        def routed(logits_TE, k):
            routing = route(logits_TE, k)
            return routing._replace(weight_TK=routing.weight_TK * 0)

        return routed

    return change


def with_k(k):
    """Make a change: a token visits k experts instead of as many as it was trained with.

    Raises:
        ValueError: when it routes, if k is not between 1 and E.

    >>> from moe_lesson.moe.routing import top_k
    >>> with_k(1)(top_k, None)(torch.tensor([[1.0, 2.0]]), 2).expert_TK.tolist()
    [[1]]

    Lesson 10.
    """
    return lambda route, _: lambda logits_TE, __: route(logits_TE, k)


def swapped(kind, seed=0):
    """Make a change: the scores are ignored, a hash of the token id or chance decides.

    Args:
        kind: "hash", or "random": drawn anew at every call.

    Raises:
        ValueError: another kind; for "hash" when it routes, if the token ids are not known.

    >>> hashing = swapped("hash")(None, torch.tensor([7, 7]))
    >>> hashing(torch.zeros(2, 8), 1).expert_TK.unique().numel()
    1

    Lesson 10.
    """
    if kind not in ("hash", "random"):
        raise ValueError(f"kind is {kind!r}: allowed are 'hash' and 'random'")
    generator = torch.Generator().manual_seed(seed)

    def change(_, id_T):
        def routed(logits_TE, k):
            T, E = logits_TE.shape
            check_k(k, E)
            if kind == "random":
                expert_TK = torch.rand(T, E, generator=generator).topk(k).indices
                weight_TK = torch.full_like(logits_TE[:, :k], 1 / k)
                return Routing(logits_TE, weight_TK, expert_TK.to(logits_TE.device))
            if id_T is None or len(id_T) != T:
                raise ValueError("a hash router needs the ids of the tokens that are routed")
            return hash_router(id_T.to(logits_TE.device), E, k, seed)

        return routed

    return change


def chain(*changes):
    """Make one change of several; the first stands next to the layer's own router.

    >>> from moe_lesson.moe.routing import top_k
    >>> both = chain(ablate([1]), with_k(1))
    >>> both(top_k, None)(torch.tensor([[1.0, 2.0]]), 2).expert_TK.tolist()
    [[0]]

    Lesson 10.
    """

    def change(route, id_T):
        for one in changes:
            route = one(route, id_T)
        return route

    return change


def everywhere(model, change):
    """Give every sparse layer the same change.

    Returns:
        Layer -> change, for ``intervened`` and ``token_losses``.

    Raises:
        ValueError: the model is dense.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> list(everywhere(Mixtral(TINY), with_k(1)))
    [0, 1]

    Lesson 10.
    """
    return dict.fromkeys(range(len(sparse_layers(model))), change)


@contextmanager
def intervened(model, changes, id_T=None):
    """Exchange the routing of some layers within the block; put it back on leaving.

    Args:
        changes: layer -> change.
        id_T: ids of the tokens that the model will be given, for a hash router.

    Raises:
        ValueError: the model is dense, or has no such layer.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> model = Mixtral(TINY)
    >>> with intervened(model, {0: with_k(1)}):
    ...     [routing.expert_TK.shape[1] for routing in model(torch.tensor([[5]])).routings]
    [1, 2]

    Lesson 10.
    """
    layers = sparse_layers(model)
    if wrong := [layer for layer in changes if not 0 <= layer < len(layers)]:
        raise ValueError(f"layer is {wrong[0]}: the model has layers 0 to {len(layers) - 1}")
    before = {layer: layers[layer].router.route for layer in changes}
    try:
        for layer, change in changes.items():
            layers[layer].router.route = change(before[layer], id_T)
        yield model
    finally:
        for layer, route in before.items():
            layers[layer].router.route = route


def token_losses(model, id_T, changes=None, batch=8):
    """Measure how badly each token is predicted from those before it.

    A text longer than the model's context is read in pieces, as ``trace`` reads it.

    Args:
        changes: layer -> change; None: the model as it is.

    Returns:
        Nats per token, NumPy: 0 when certain, log(V) when every token is as likely; NaN for
        the first token of each piece.

    Raises:
        As ``intervened`` and the changes.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> token_losses(Mixtral(TINY), [5, 6, 7]).round().tolist()
    [nan, 6.0, 6.0]

    Lesson 10.
    """
    id_T = torch.as_tensor(np.asarray(id_T), dtype=torch.long)
    S = min(model.config.context_len, len(id_T))
    whole = len(id_T) // S * S
    parts = (*id_T[:whole].view(-1, S).split(batch), id_T[whole:][None])
    device, found = next(model.parameters()).device, []
    with measuring(model):
        for part in filter(torch.numel, parts):
            here = part.to(device)
            with intervened(model, changes, here.flatten()) if changes else ExitStack():
                scores = at_least_float32(model(here).logits_BSV[:, :-1]).transpose(1, 2)
            nats = F.cross_entropy(scores, here[:, 1:], reduction="none")
            found.append(F.pad(nats, (1, 0), value=float("nan")).flatten().cpu())
    return torch.cat(found).numpy()


def random_control(model, id_T, layer, experts, make=ablate, changes=None):
    """Measure the same operation on other experts of the layer: what any would have cost.

    Args:
        experts: those that were intervened on; the control takes as many others.
        make: experts -> change.
        changes: layer -> change, what else is changed in both; applied around the operation.

    Returns:
        Nats per token under the operation, mean over at most eight sets of experts; T numbers
        as in ``token_losses``.

    Raises:
        ValueError: there is no other set of as many experts.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> random_control(Mixtral(TINY), torch.tensor([5, 6, 7]), layer=0, experts=[1]).shape
    (3,)

    Lesson 10.
    """
    E, few = len(sparse_layers(model)[layer].router.score_ED), len(set(experts))
    rest = [each for each in range(E) if each not in experts]
    # Sets without any of the intervened experts, if there are such.
    others = list(combinations(rest if len(rest) >= few else range(E), few))
    others = [each for each in others if set(each) != set(experts)]
    if not others:
        raise ValueError(f"no other {few} of {E} experts can be compared")
    chosen = np.unique(np.linspace(0, len(others) - 1, DRAWS).round().astype(int))
    changes = changes or {}
    around = [changes[layer]] if layer in changes else []
    runs = [
        token_losses(model, id_T, changes | {layer: chain(make(others[at]), *around)})
        for at in chosen
    ]
    return np.mean(runs, axis=0)


def ablation_cost(model, id_T, layer):
    """Mask the experts of a layer one by one; see what each was worth, and how busy it was.

    The random-expert control of expert e is the mean of the other columns.

    Returns:
        A Needs.

    Raises:
        ValueError: the model is dense, or a layer has only k experts.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> ablation_cost(Mixtral(TINY), torch.tensor([5, 6, 7]), layer=0).change_TE.shape
    (3, 4)

    Lesson 10.
    """
    E, plain_T = len(sparse_layers(model)[layer].router.score_ED), token_losses(model, id_T)
    runs = [token_losses(model, id_T, {layer: ablate([each])}) - plain_T for each in range(E)]
    count_E = np.bincount(trace_ids(model, id_T).expert_LTK[layer].ravel(), minlength=E)
    return Needs(np.stack(runs, axis=1), count_E / count_E.sum())


def sparse_layers(model):
    """List the sparse layers of a model, in order.

    Raises:
        ValueError: the model is dense.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> len(sparse_layers(Mixtral(TINY)))
    2

    Lesson 10.
    """
    layers = [block.feed_forward for block in model.blocks]
    if not all(isinstance(layer, MoELayer) for layer in layers):
        raise ValueError("the model is dense: it has no router to operate on")
    return layers


def _places(experts, logits_TE):
    """Check the numbers of experts; return them once each, where the scores are."""
    E = logits_TE.shape[1]
    if wrong := [each for each in experts if not 0 <= each < E]:
        raise ValueError(f"expert is {wrong[0]}: the layer has experts 0 to {E - 1}")
    return torch.tensor(sorted(set(experts)), dtype=torch.long, device=logits_TE.device)
