"""Untrained routers, to set beside the trained ones that they take their input from."""

import torch

from moe_lesson.lessons.lesson10.interventions import sparse_layers
from moe_lesson.study.trace import trace_ids, with_choices


def untrained_traces(model, own, seeds=5):
    """Let untrained routers choose, each fed what the trained model's own layer is fed.

    Only the choices are theirs: what stands before and behind a layer is the trained model's,
    so a layer's input is not spoilt by random choices below it.

    Args:
        own: the model's trace of a text.

    Returns:
        A list of RoutingTrace, one for each seed.

    Raises:
        ValueError: the model is dense.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> model = Mixtral(TINY)
    >>> untrained_traces(model, trace_ids(model, [5, 6, 7]), seeds=1)[0].expert_LTK.shape
    (2, 3, 2)

    Lesson 10.
    """
    layers, kept = sparse_layers(model), []
    hooks = [
        layer.router.register_forward_pre_hook(lambda _, given, at=at: kept.append((at, given[0])))
        for at, layer in enumerate(layers)
    ]
    try:
        trace_ids(model, own.id_T)
    finally:
        for hook in hooks:
            hook.remove()
    inputs = [torch.cat([x for at, x in kept if at == layer]) for layer in range(len(layers))]
    found = []
    for seed in range(seeds):
        generator, choices = torch.Generator().manual_seed(seed), []
        for layer, x_TD in zip(layers, inputs, strict=True):
            start_ED = torch.empty(layer.router.score_ED.shape).normal_(generator=generator)
            choices.append((x_TD.cpu() @ start_ED.T).topk(own.expert_LTK.shape[2]).indices)
        found.append(with_choices(own, torch.stack(choices).numpy()))
    return found
