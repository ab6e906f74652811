"""Layers that the tests of invariants and of conformance are given."""

import torch

from moe_lesson.moe.dispatch import combine, dispatch, plan, within_capacity
from moe_lesson.moe.experts import swiglu
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.routing import top_k

DIM = 8


def make(k=2, num_experts=4, route=top_k, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return MoELayer(DIM, 12, num_experts, k, router=route)


def tokens_of(n, seed=1):
    return torch.randn(n, DIM, generator=torch.Generator().manual_seed(seed))


def first_expert(layer):
    """Expert 0 of one of our layers, without router and dispatch."""
    gate_up, down = layer.experts.gate_up_EJFD[0], layer.experts.down_EDF[0]
    return lambda x_TD: swiglu(x_TD, gate_up, down)


def with_capacity(layer, capacity_of):
    """The same layer with a limited number of seats an expert."""

    def call(x_TD):
        routing = layer.router(x_TD).routing
        rows = within_capacity(plan(routing), capacity_of(len(x_TD)))
        return combine(layer.experts(dispatch(x_TD, rows), rows.count_E), rows, len(x_TD))

    return call


def failed(verdicts):
    return {verdict.check for verdict in verdicts if verdict.passed is False}
