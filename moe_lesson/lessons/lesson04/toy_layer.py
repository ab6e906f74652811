"""A sparse layer small enough to train while one watches: points in the plane, top-1 experts.

Each cluster of points has a linear target of its own, each expert is one linear unit and so is
the router: an expert for each cluster leaves no error that straight lines could take away.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from moe_lesson.moe.balance import load, switch_loss, update_bias
from moe_lesson.moe.dispatch import Plan, combine, dispatch, plan, within_capacity
from moe_lesson.moe.routing import Routing, switch

CLUSTERS, EACH = 4, 20  # points in each; even, for the levels of the targets alternate
RATE = 0.5  # of gradient descent
SPREAD, STEEPNESS = 0.2, 2.0  # of a cluster, and of its target
MOST_SEEDS = 100_000  # below which the streams of random numbers never meet


class Points(NamedTuple):
    """Hold what the layer learns from, in the order in which it is dispatched.

    >>> Points(torch.ones(2, 3), torch.zeros(2), torch.tensor([0, 1])).cluster_T.tolist()
    [0, 1]

    Lesson 4.
    """

    x_TD: Tensor  # two inputs and the constant 1
    target_T: Tensor
    cluster_T: Tensor  # where each point comes from; the layer never sees it


@dataclass(frozen=True)
class ToySettings:
    """Say how the layer is started and kept balanced.

    Raises:
        ValueError: a number is negative, or ``capacity`` leaves no seat to anyone.

    >>> ToySettings(capacity=-1.0)
    Traceback (most recent call last):
    ValueError: capacity is -1.0: it must be None (no limit) or above 0

    Lesson 4.
    """

    aux: float = 0.0  # weight of the Switch loss
    init: float = 0.1  # standard deviation of the router's first weights
    noise: float = 0.0  # standard deviation of what training adds to the scores
    capacity: float | None = None  # seats per expert over the even share; None: no limit
    bias_rate: float = 0.0  # of loss-free balancing
    backwards: bool = False  # whether the points arrive last to first

    def __post_init__(self):
        for name in ("aux", "init", "noise", "bias_rate"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be 0 or more")
        if self.capacity is not None and not self.capacity > 0:
            raise ValueError(f"capacity is {self.capacity}: it must be None (no limit) or above 0")


class State(NamedTuple):
    """Hold the layer after some steps of training.

    >>> start(ToySettings()).step
    0

    Lesson 4.
    """

    points: Points
    router_ED: Tensor
    expert_ED: Tensor  # each expert is one linear unit
    bias_E: Tensor  # added where experts are chosen, nowhere else
    step: int
    seed: int


class Outcome(NamedTuple):
    """Hold one pass over the points.

    >>> forward(start(ToySettings()), ToySettings()).guess_T.shape
    torch.Size([80])

    Lesson 4.
    """

    guess_T: Tensor  # exactly 0 where a point was dropped
    routing: Routing
    visits: Plan  # without the dropped ones


class Snapshot(NamedTuple):
    """Hold what there is to see of a state.

    >>> observe(start(ToySettings()), ToySettings()).share_E.sum().item()
    1.0

    Lesson 4.
    """

    expert_T: Tensor  # whom each point chose
    dropped_T: Tensor  # whether it found no seat
    moved_T: Tensor  # whether the bias sent it past its most probable expert
    weight_T: Tensor  # the probability of the expert it chose
    share_E: Tensor  # f: share of the points, drops included
    prob_E: Tensor  # P: mean probability
    push_E: Tensor  # what the balance loss adds to all scores of an expert, per unit of rate
    error: float  # mean squared error
    balance: float  # the Switch loss: 1 is even


def draw_points(seed=0):
    """Draw four clusters on a circle, each with a linear target of its own.

    Returns:
        Points in random order, 20 of every cluster.

    Raises:
        ValueError: ``seed`` is not 0 to 99,999.

    >>> draw_points().cluster_T.bincount().tolist()
    [20, 20, 20, 20]

    Lesson 4.
    """
    generator = _generator(seed, 0)
    angle = (torch.arange(CLUSTERS) + 0.5) * 2 * math.pi / CLUSTERS
    centre = torch.stack([angle.cos(), angle.sin()], 1)
    turn = 2 * math.pi * torch.rand(CLUSTERS, generator=generator)
    slope = STEEPNESS * torch.stack([turn.cos(), turn.sin()], 1)
    level = torch.tensor([1.0, -1.0]).repeat(CLUSTERS // 2)
    order = torch.randperm(CLUSTERS * EACH, generator=generator)
    cluster_T = torch.arange(CLUSTERS).repeat(EACH)[order]
    away = SPREAD * torch.randn(len(order), 2, generator=generator)
    place = centre[cluster_T] + away
    target_T = level[cluster_T] + (away * slope[cluster_T]).sum(1)
    return Points(torch.cat([place, torch.ones(len(order), 1)], 1), target_T, cluster_T)


def start(settings, seed=0):
    """Set up untrained weights, an expert for every cluster.

    Raises:
        ValueError: as ``draw_points``.

    >>> start(ToySettings(init=0.0)).router_ED.abs().max().item()
    0.0

    Lesson 4.
    """
    points = draw_points(seed)
    if settings.backwards:
        points = Points(*(field.flip(0) for field in points))
    generator = _generator(seed, 1)
    router_ED = settings.init * torch.randn(CLUSTERS, 3, generator=generator)
    expert_ED = 0.1 * torch.randn(CLUSTERS, 3, generator=generator)
    return State(points, router_ED, expert_ED, torch.zeros(CLUSTERS), 0, seed)


def _generator(seed, stream):
    """Start one of the streams of random numbers: 0 points, 1 weights, 2 + step noise."""
    if not 0 <= seed < MOST_SEEDS:
        raise ValueError(f"seed is {seed}: it must be 0 to {MOST_SEEDS - 1:,}")
    return torch.Generator().manual_seed(stream * MOST_SEEDS + seed)


def under_bias(routing, bias_E):
    """Choose by probability plus bias, and weigh by probability alone.

    Wang et al. 2024 (loss-free balancing, arXiv:2408.15664), algorithm 1, here for ``switch``.

    Returns:
        A Routing with K = 1; with a bias of zero the same as ``routing``.

    >>> routing = switch(torch.tensor([[0.0, 0.0]]))
    >>> under_bias(routing, torch.tensor([0.0, 9.0]))[1:3]
    (tensor([[0.5000]]), tensor([[1]]))

    Lesson 4.
    """
    prob_TE = routing.logits_TE.softmax(-1)
    expert_TK = (prob_TE + bias_E).argmax(-1, keepdim=True)
    return routing._replace(weight_TK=prob_TE.gather(-1, expert_TK), expert_TK=expert_TK)


def seats(settings, tokens, experts):
    """Count the rows that an expert may take.

    Fedus et al. 2021 (Switch, arXiv:2101.03961), eq. 3, rounded down.

    Returns:
        A number of rows; ``tokens``, which is no limit, without a capacity.

    >>> seats(ToySettings(capacity=1.25), tokens=80, experts=4)
    25

    Lesson 5.
    """
    if settings.capacity is None:
        return tokens
    return int(settings.capacity * tokens / experts)


def forward(state, settings, noise_TE=None):
    """Send every point to one expert and weigh its answer by the router's probability.

    Fedus et al. 2021 (Switch, arXiv:2101.03961), eq. 2 with K = 1.

    >>> outcome = forward(start(ToySettings()), ToySettings(capacity=0.5))
    >>> outcome.visits.count_E.max().item()
    10

    Lesson 4.
    """
    x_TD, (E, _) = state.points.x_TD, state.router_ED.shape
    logits_TE = x_TD @ state.router_ED.t()
    routing = switch(logits_TE if noise_TE is None else logits_TE + noise_TE)
    if settings.bias_rate:
        routing = under_bias(routing, state.bias_E)
    visits = within_capacity(plan(routing), seats(settings, len(x_TD), E))
    weight_RD = state.expert_ED.repeat_interleave(visits.count_E, 0)
    said = (dispatch(x_TD, visits) * weight_RD).sum(-1, keepdim=True)
    return Outcome(combine(said, visits, len(x_TD))[:, 0], routing, visits)


def squared_error(outcome, points):
    """Average the squared error over all points, dropped ones included.

    >>> state = start(ToySettings(init=0.0))
    >>> silent = state._replace(expert_ED=torch.zeros(4, 3))
    >>> error = squared_error(forward(silent, ToySettings()), state.points)
    >>> bool(error == state.points.target_T.square().mean())
    True

    Lesson 4.
    """
    return (outcome.guess_T - points.target_T).square().mean()


def train(state, settings, n):
    """Train on all points ``n`` times by gradient descent.

    Returns:
        A new State; the given one stays as it is. The same state, settings and ``n`` always
        give the same.

    >>> train(start(ToySettings()), ToySettings(), 2).step
    2

    Lesson 4.
    """
    for _ in range(n):
        state = _one_step(state, settings)
    return state


def _one_step(state, settings):
    weights = [weight.detach().requires_grad_() for weight in (state.router_ED, state.expert_ED)]
    moving = state._replace(router_ED=weights[0], expert_ED=weights[1])
    outcome = forward(moving, settings, _noise(state, settings))
    loss = squared_error(outcome, state.points)
    if settings.aux:
        loss = loss + settings.aux * switch_loss(outcome.routing)
    slopes = torch.autograd.grad(loss, weights)
    router_ED, expert_ED = (w.detach() - RATE * slope for w, slope in zip(weights, slopes))
    bias_E = state.bias_E
    if settings.bias_rate:
        chosen = outcome.routing.expert_TK.flatten()
        bias_E = update_bias(bias_E, chosen.bincount(minlength=len(bias_E)), settings.bias_rate)
    return State(state.points, router_ED, expert_ED, bias_E, state.step + 1, state.seed)


def _noise(state, settings):
    """Draw this step's noise: it depends on seed and step, not on the steps taken at once."""
    if not settings.noise:
        return None
    shape = len(state.points.x_TD), len(state.bias_E)
    generator = _generator(state.seed, 2 + state.step)
    return settings.noise * torch.randn(shape, generator=generator)


def observe(state, settings):
    """See who goes where and how well it works; without noise, which is for training.

    Returns:
        Snapshot.

    >>> lead_ED = torch.tensor([[0.0, 0, 9]] + [[0.0, 0, 0]] * 3)
    >>> observe(start(ToySettings())._replace(router_ED=lead_ED), ToySettings()).share_E.tolist()
    [1.0, 0.0, 0.0, 0.0]

    Lesson 4.
    """
    outcome = forward(state, settings)
    routing, visits = outcome.routing, outcome.visits
    expert_T, prob_TE = routing.expert_TK[:, 0], routing.logits_TE.softmax(-1)
    dropped_T = torch.ones_like(expert_T, dtype=torch.bool).index_fill(0, visits.token_R, False)
    return Snapshot(
        expert_T,
        dropped_T,
        expert_T != prob_TE.argmax(-1),
        routing.weight_TK[:, 0],
        load(routing),
        prob_TE.mean(0),
        -settings.aux * balance_slope(routing).sum(0),
        squared_error(outcome, state.points).item(),
        switch_loss(routing).item(),
    )


def balance_slope(routing):
    """Differentiate the Switch loss by the scores: through P alone, for f is a count.

    Returns:
        slope_TE, per unit of score; each row sums to 0. All 0 for an even load, whatever P is.

    >>> slope_TE = balance_slope(switch(torch.tensor([[3.0, 1.0], [3.0, 1.0]]).log()))
    >>> (16 * slope_TE).round().tolist()
    [[3.0, -3.0], [3.0, -3.0]]

    Lesson 4.
    """
    logits_TE = routing.logits_TE.detach().requires_grad_()
    return torch.autograd.grad(switch_loss(routing._replace(logits_TE=logits_TE)), logits_TE)[0]


def single_error(points):
    """Find the least squared error of one linear unit for all points, without a router.

    Returns:
        Mean squared error, not below 0; what one expert that takes everything can reach.

    >>> line = Points(torch.tensor([[0.0, 0, 1], [1, 0, 1]]), torch.tensor([1.0, 3.0]), None)
    >>> round(single_error(line), 5)
    0.0

    Lesson 4.
    """
    weight = torch.linalg.pinv(points.x_TD) @ points.target_T
    return (points.x_TD @ weight - points.target_T).square().mean().item()
