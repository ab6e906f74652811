"""Mixtures of experts and two-level hierarchies, fitted by EM or by gradient ascent (NumPy).

Jordan and Jacobs 1994, Neural Computation 6:181-214. Targets are single numbers, and an expert
is a line with Gaussian noise of its own. A flat mixture is a tree with one group.
"""

from typing import NamedTuple

import numpy as np

# Without it an expert that owns one point fits it exactly, and the likelihood has no bound.
VARIANCE_FLOOR = 1e-4
# Part of the mean curvature, added to the direction of a Newton step and to nothing else: all
# scores of a softmax may rise together, so its own curvature cannot be inverted.
RIDGE = 1e-6
# Nats per point that a Newton step must promise, or the gate is taken to be at its maximum.
ENOUGH = 1e-10


class Tree(NamedTuple):
    """Hold the weights of a two-level mixture with E = groups * branches experts.

    >>> start(groups=2, branches=2, seed=0).lower.shape
    (2, 2, 2)

    Lesson 2.
    """

    top: np.ndarray  # scores of the groups, D x groups
    lower: np.ndarray  # scores of a group's experts, groups x D x branches
    expert_DE: np.ndarray  # slope and height of each expert
    variance_E: np.ndarray  # of the noise around each expert


def four_pieces(points, seed):
    """Draw points of a curve made of four unequal lines that do not meet, with noise of sd 0.1.

    Returns:
        x_TD, a row (x, 1) per point with x between -2 and 2, and y_T.

    >>> x_TD, y_T = four_pieces(5, seed=0)
    >>> x_TD.shape, y_T.shape
    ((5, 2), (5,))

    Lesson 2.
    """
    draw = np.random.default_rng(seed)
    place = np.sort(draw.uniform(-2, 2, points))
    piece = np.digitize(place, [-1.2, 0.1, 1.0])
    slope, height = np.array([1.0, -0.8, 2.0, -1.5]), np.array([2.5, -1.0, 0.5, 2.5])
    y_T = slope[piece] * place + height[piece] + 0.1 * draw.normal(size=points)
    return np.stack([place, np.ones(points)], 1), y_T


def start(groups, branches, seed, dim=2):
    """Draw experts at random and leave every gate undecided.

    >>> start(groups=1, branches=2, seed=0).top.tolist()
    [[0.0], [0.0]]

    Lesson 2.
    """
    expert_DE = np.random.default_rng(seed).normal(size=(dim, groups * branches))
    even = np.zeros((dim, groups)), np.zeros((groups, dim, branches))
    return Tree(*even, expert_DE, np.ones(groups * branches))


def log_softmax(score):
    """Take the logarithm of a softmax without overflow.

    Returns:
        Nats: 0 where one score stands far above the rest, down to minus the largest gap.

    >>> log_softmax(np.array([0.0, 1000.0])).tolist()
    [-1000.0, 0.0]

    Lesson 2.
    """
    calm = score - score.max(-1, keepdims=True)
    return calm - np.log(np.exp(calm).sum(-1, keepdims=True))


def log_prior(tree, x_TD):
    """Multiply the two gates of each expert: log g_i + log g_j|i, before the target is seen.

    Returns:
        Array (points x experts) in nats; the exponentials of a row sum to 1.

    >>> np.exp(log_prior(start(2, 2, seed=0), np.ones((1, 2)))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]

    Lesson 2.
    """
    log_group = log_softmax(x_TD @ tree.top)
    log_branch = log_softmax(np.einsum("td,gdb->tgb", x_TD, tree.lower))
    return (log_group[:, :, None] + log_branch).reshape(len(x_TD), -1)


def log_joint(tree, x_TD, y_T):
    """Add the logarithm of each expert's density at the target to ``log_prior``.

    >>> one = Tree(np.zeros((1, 1)), np.zeros((1, 1, 1)), np.zeros((1, 1)), np.ones(1))
    >>> log_joint(one, np.ones((1, 1)), np.zeros(1)).round(3).tolist()
    [[-0.919]]

    Lesson 2.
    """
    miss_TE = y_T[:, None] - x_TD @ tree.expert_DE
    log_density_TE = -(miss_TE**2 / tree.variance_E + np.log(2 * np.pi * tree.variance_E)) / 2
    return log_prior(tree, x_TD) + log_density_TE


def log_likelihood(tree, x_TD, y_T):
    """Average the logarithm of the mixture's density over the points.

    Returns:
        Nats per point, higher is better. No lower bound; the upper one, an expert exactly on
        each point, is 3.69 at the floor of the variance.

    >>> one = Tree(np.zeros((1, 1)), np.zeros((1, 1, 1)), np.zeros((1, 1)), np.ones(1))
    >>> round(log_likelihood(one, np.ones((2, 1)), np.zeros(2)), 3)
    -0.919

    Lesson 2.
    """
    joint_TE = log_joint(tree, x_TD, y_T)
    top_T = joint_TE.max(1)
    return float(np.mean(top_T + np.log(np.exp(joint_TE - top_T[:, None]).sum(1))))


def posterior(tree, x_TD, y_T):
    """Share each point out among the experts: the E-step, h_ij = h_i h_j|i.

    Jordan and Jacobs 1994, the posterior probabilities of the nodes.

    Returns:
        Array (points x experts) of shares 0 to 1; each row sums to 1.

    >>> x_TD, y_T = four_pieces(3, seed=0)
    >>> posterior(start(2, 2, seed=0), x_TD, y_T).sum(1).round(6).tolist()
    [1.0, 1.0, 1.0]

    Lesson 2.
    """
    return np.exp(log_softmax(log_joint(tree, x_TD, y_T)))


def fit_expert(x_TD, y_T, share_T):
    """Fit a line by least squares in which each point counts by its share.

    Returns:
        The weights of the line, and the variance around it, at least ``VARIANCE_FLOOR``.

    >>> line_D, variance = fit_expert(np.eye(2), np.array([3.0, 5.0]), np.array([1.0, 0.5]))
    >>> line_D.round(6).tolist()
    [3.0, 5.0]

    Lesson 2.
    """
    root_T = np.sqrt(share_T)
    line_D = np.linalg.lstsq(x_TD * root_T[:, None], y_T * root_T, rcond=None)[0]
    square = share_T @ (y_T - x_TD @ line_D) ** 2
    # An expert without any share keeps its noise at the floor, and 0 / 0 away.
    variance = square / max(share_T.sum(), np.finfo(float).tiny)
    return line_D, max(variance, VARIANCE_FLOOR)


def fit_gate(x_TD, share_TE, router_DE, steps=3):
    """Move a softmax gate towards given shares by Newton steps (IRLS).

    A row of shares may sum to less than 1: its sum is the weight of the point, as a lower gate
    needs it. A step that would lower the objective is halved until it does not.

    Returns:
        The gate's new weights.

    >>> x_TD, share_TE = np.ones((4, 1)), np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]])
    >>> np.exp(log_softmax(x_TD @ fit_gate(x_TD, share_TE, np.zeros((1, 2)), 9)))[0].round(4)
    array([0.75, 0.25])

    Lesson 2.
    """
    weight_T = share_TE.sum(1)
    for _ in range(steps):
        prob_TE = np.exp(log_softmax(x_TD @ router_DE))
        slope_DE = x_TD.T @ (share_TE - weight_T[:, None] * prob_TE)
        step_DE = _newton_direction(x_TD, weight_T, prob_TE, slope_DE)
        if np.sum(slope_DE * step_DE) < ENOUGH * len(x_TD):
            break
        router_DE = _climb(x_TD, share_TE, router_DE, step_DE)
    return router_DE


def _climb(x_TD, share_TE, router_DE, step_DE):
    """Go as far along a step as does not lower the objective: all of it, half, a quarter, ..."""
    before = _gate_objective(x_TD, share_TE, router_DE)
    for length in 0.5 ** np.arange(20):
        moved_DE = router_DE + length * step_DE
        if _gate_objective(x_TD, share_TE, moved_DE) >= before:
            return moved_DE
    return router_DE


def _gate_objective(x_TD, share_TE, router_DE):
    """Return the part of EM's bound that a gate can change."""
    return np.sum(share_TE * log_softmax(x_TD @ router_DE))


def _newton_direction(x_TD, weight_T, prob_TE, slope_DE):
    """Divide the slope by the curvature of the objective."""
    T, D, E = *x_TD.shape, prob_TE.shape[1]
    spread = prob_TE[:, :, None] * (np.eye(E) - prob_TE[:, None, :])
    pairs = weight_T[:, None, None] * x_TD[:, :, None] * x_TD[:, None, :]
    blocks = pairs.reshape(T, -1).T @ spread.reshape(T, -1)
    curvature = blocks.reshape(D, D, E, E).transpose(0, 2, 1, 3).reshape(D * E, D * E)
    ridge = RIDGE * np.trace(curvature) / (D * E) + np.finfo(float).tiny
    step = np.linalg.solve(curvature + ridge * np.eye(D * E), slope_DE.ravel())
    return step.reshape(D, E)


def em_step(tree, x_TD, y_T):
    """Take one step of EM: share the points out, then refit every part to its shares.

    Jordan and Jacobs 1994, the M-step: experts are weighted by h_ij; the top gate aims at h_i,
    a lower gate at h_j|i weighted by h_i. Ours takes at most 3 Newton steps a gate instead of
    going on to the maximum, which is enough for the likelihood never to fall.

    Returns:
        A new Tree.

    >>> x_TD, y_T = four_pieces(50, seed=0)
    >>> before = start(2, 2, seed=0)
    >>> after = em_step(before, x_TD, y_T)
    >>> log_likelihood(after, x_TD, y_T) > log_likelihood(before, x_TD, y_T)
    True

    Lesson 2.
    """
    share_TE = posterior(tree, x_TD, y_T)
    fits = [fit_expert(x_TD, y_T, share_T) for share_T in share_TE.T]
    groups, _, branches = tree.lower.shape
    nested = share_TE.reshape(-1, groups, branches)
    top = fit_gate(x_TD, nested.sum(2), tree.top)
    lower = [fit_gate(x_TD, nested[:, group], tree.lower[group]) for group in range(groups)]
    lines, variances = zip(*fits)
    return Tree(top, np.stack(lower), np.stack(lines, 1), np.array(variances))


def gradient_step(tree, x_TD, y_T, rate):
    """Take one step of gradient ascent on the same likelihood.

    The noise moves by its logarithm, so that it stays positive.

    Returns:
        A new Tree. The likelihood may fall: nothing bounds ``rate``.

    >>> x_TD, y_T = four_pieces(50, seed=0)
    >>> before = start(2, 2, seed=0)
    >>> after = gradient_step(before, x_TD, y_T, rate=0.01)
    >>> log_likelihood(after, x_TD, y_T) > log_likelihood(before, x_TD, y_T)
    True

    Lesson 2.
    """
    slope = gradient(tree, x_TD, y_T)
    top, lower = tree.top + rate * slope.top, tree.lower + rate * slope.lower
    variance_E = tree.variance_E * np.exp(np.clip(rate * slope.variance_E, -1, 1))
    expert_DE = tree.expert_DE + rate * slope.expert_DE
    return Tree(top, lower, expert_DE, np.maximum(variance_E, VARIANCE_FLOOR))


def gradient(tree, x_TD, y_T):
    """Differentiate ``log_likelihood`` by every weight, the variances by their logarithm.

    Returns:
        A Tree of slopes, in nats per point and unit.

    >>> one = Tree(np.zeros((1, 1)), np.zeros((1, 1, 1)), np.zeros((1, 1)), np.ones(1))
    >>> gradient(one, np.ones((1, 1)), np.array([2.0])).expert_DE.tolist()
    [[2.0]]

    Lesson 2.
    """
    share_TE, T = posterior(tree, x_TD, y_T), len(x_TD)
    groups, _, branches = tree.lower.shape
    nested = share_TE.reshape(T, groups, branches)
    group = nested.sum(2)
    branch_prob = np.exp(log_softmax(np.einsum("td,gdb->tgb", x_TD, tree.lower)))
    top = x_TD.T @ (group - np.exp(log_softmax(x_TD @ tree.top)))
    lower = np.einsum("td,tgb->gdb", x_TD, nested - group[:, :, None] * branch_prob)
    miss_TE = y_T[:, None] - x_TD @ tree.expert_DE
    expert_DE = x_TD.T @ (share_TE * miss_TE / tree.variance_E)
    variance_E = (share_TE * (miss_TE**2 / tree.variance_E - 1)).sum(0) / 2
    return Tree(top / T, lower / T, expert_DE / T, variance_E / T)


def fit(tree, x_TD, y_T, update, steps):
    """Apply ``update`` again and again, and keep the likelihood after each step.

    Args:
        update: ``em_step``, or ``gradient_step`` with its rate bound.

    Returns:
        The last Tree, and steps + 1 likelihoods in nats per point.

    >>> x_TD, y_T = four_pieces(50, seed=0)
    >>> tree, climb = fit(start(2, 2, seed=0), x_TD, y_T, em_step, steps=5)
    >>> bool((np.diff(climb) >= 0).all())
    True

    Lesson 2.
    """
    climb = [log_likelihood(tree, x_TD, y_T)]
    for _ in range(steps):
        tree = update(tree, x_TD, y_T)
        climb.append(log_likelihood(tree, x_TD, y_T))
    return tree, np.array(climb)
