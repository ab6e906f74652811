"""EM climbs and never falls; its parts are right by hand, by autograd and by a slow oracle."""

from functools import partial

import numpy as np
import pytest
import torch

from moe_lesson.mixtures.hierarchy import (
    VARIANCE_FLOOR,
    Tree,
    em_step,
    fit,
    fit_expert,
    fit_gate,
    four_pieces,
    gradient,
    gradient_step,
    log_joint,
    log_likelihood,
    log_prior,
    log_softmax,
    posterior,
    start,
)

SHAPES = [(1, 2), (1, 4), (2, 2), (3, 2), (2, 3)]


def random_tree(groups, branches, seed=0, dim=2):
    draw = np.random.default_rng(seed)
    top, lower = draw.normal(size=(dim, groups)), draw.normal(size=(groups, dim, branches))
    many = groups * branches
    return Tree(top, lower, draw.normal(size=(dim, many)), draw.uniform(0.2, 2, many))


def oracle(tree, x_TD, y_T):
    """Sum densities over the leaves one by one, in plain probabilities."""
    total = 0.0
    groups, _, branches = tree.lower.shape
    for x, y in zip(x_TD, y_T):
        density = 0.0
        top = np.exp(x @ tree.top) / np.exp(x @ tree.top).sum()
        for i in range(groups):
            low = np.exp(x @ tree.lower[i]) / np.exp(x @ tree.lower[i]).sum()
            for j in range(branches):
                leaf = i * branches + j
                variance = tree.variance_E[leaf]
                miss = y - x @ tree.expert_DE[:, leaf]
                bell = np.exp(-(miss**2) / variance / 2) / np.sqrt(2 * np.pi * variance)
                density += top[i] * low[j] * bell
        total += np.log(density)
    return total / len(y_T)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_likelihood_is_the_sum_over_all_leaves(shape):
    x_TD, y_T = four_pieces(30, seed=1)
    tree = random_tree(*shape)
    assert log_likelihood(tree, x_TD, y_T) == pytest.approx(oracle(tree, x_TD, y_T), abs=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(2))
def test_the_likelihood_never_falls_under_em(shape, seed):
    x_TD, y_T = four_pieces(60, seed=seed)
    for tree in (start(*shape, seed=seed), random_tree(*shape, seed=seed)):
        _, climb = fit(tree, x_TD, y_T, em_step, steps=15)
        assert np.diff(climb).min() >= -1e-10
        assert climb[-1] > climb[0] + 0.1


def test_em_finds_the_four_lines():
    x_TD, y_T = four_pieces(400, seed=0)
    tree, climb = fit(start(1, 4, seed=0), x_TD, y_T, em_step, steps=60)
    found = sorted(tree.expert_DE.T.round(1).tolist())
    assert found == pytest.approx(np.array([[-1.5, 2.5], [-0.8, -1], [1, 2.5], [2, 0.5]]), abs=0.15)
    assert climb[-1] > 0.85
    assert np.sqrt(tree.variance_E) == pytest.approx(np.full(4, 0.1), abs=0.03)


def test_targets_far_away_do_not_overflow():
    tree = random_tree(2, 2)
    x_TD, y_T = np.array([[1.0, 1.0], [1e3, 1.0]]), np.array([1e6, -1e6])
    assert np.isfinite(log_likelihood(tree, x_TD, y_T))
    share_TE = posterior(tree, x_TD, y_T)
    assert np.isfinite(share_TE).all() and share_TE.sum(1) == pytest.approx([1, 1])
    after = em_step(tree, x_TD, y_T)
    assert all(np.isfinite(part).all() for part in after)


def test_posterior_by_hand():
    """Even gates, variance 1, errors 0 and sqrt(2 ln 3): the shares are 3 to 1."""
    far = np.sqrt(2 * np.log(3))
    tree = Tree(np.zeros((1, 1)), np.zeros((1, 1, 2)), np.array([[0.0, far]]), np.ones(2))
    assert posterior(tree, np.ones((1, 1)), np.zeros(1))[0] == pytest.approx([0.75, 0.25])


def test_priors_multiply_two_gates():
    tree = Tree(np.log([[3.0, 1.0]]), np.log([[[1.0, 1.0]], [[1.0, 4.0]]]), np.zeros((1, 4)), None)
    prior = np.exp(log_prior(tree, np.ones((1, 1))))[0]
    assert prior == pytest.approx([0.375, 0.375, 0.05, 0.2])


def test_a_tree_of_one_group_is_a_flat_mixture():
    flat, x_TD = random_tree(1, 3), np.random.default_rng(5).normal(size=(7, 2))
    assert log_prior(flat, x_TD) == pytest.approx(log_softmax(x_TD @ flat.lower[0]))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_is_autograds(shape):
    tree, (x_TD, y_T) = random_tree(*shape), four_pieces(20, seed=2)
    x, y = torch.tensor(x_TD), torch.tensor(y_T)
    top, lower, expert = (torch.tensor(part, requires_grad=True) for part in tree[:3])
    log_variance = torch.tensor(np.log(tree.variance_E), requires_grad=True)
    group = (x @ top).log_softmax(-1)[:, :, None]
    branch = torch.einsum("td,gdb->tgb", x, lower).log_softmax(-1)
    miss = y[:, None] - x @ expert
    density = -(miss**2 / log_variance.exp() + log_variance + np.log(2 * np.pi)) / 2
    ((group + branch).reshape(len(y), -1) + density).logsumexp(-1).mean().backward()
    for found, wanted in zip(gradient(tree, x_TD, y_T), (top, lower, expert, log_variance)):
        assert found == pytest.approx(wanted.grad.numpy(), abs=1e-10)


def test_a_small_gradient_step_climbs_and_a_large_one_falls():
    x_TD, y_T = four_pieces(100, seed=0)
    small = fit(start(1, 4, 0), x_TD, y_T, partial(gradient_step, rate=0.01), 30)[1]
    large = fit(start(1, 4, 0), x_TD, y_T, partial(gradient_step, rate=3.0), 30)[1]
    assert np.diff(small).min() > 0 > np.diff(large).min()


def test_an_expert_is_fitted_as_if_points_were_repeated():
    draw = np.random.default_rng(0)
    x_TD, y_T, weight = draw.normal(size=(6, 2)), draw.normal(size=6), np.array([1, 2, 3, 1, 2, 3])
    twice = np.repeat(np.arange(6), weight)
    line_D, variance = fit_expert(x_TD, y_T, weight.astype(float))
    same_D, same = fit_expert(x_TD[twice], y_T[twice], np.ones(12))
    assert line_D == pytest.approx(same_D) and variance == pytest.approx(same)
    assert fit_expert(x_TD, y_T, np.zeros(6))[1] == VARIANCE_FLOOR
    assert fit_expert(np.eye(2), np.ones(2), np.ones(2))[1] == VARIANCE_FLOOR


def test_a_gate_reaches_the_shares_it_can_represent():
    x_TD = np.random.default_rng(0).normal(size=(50, 2))
    router_DE = np.array([[1.0, -1.0, 0.5], [0.2, 0.0, -0.3]])
    share_TE = np.exp(log_softmax(x_TD @ router_DE))
    found_DE = fit_gate(x_TD, share_TE, np.zeros((2, 3)), steps=20)
    assert np.exp(log_softmax(x_TD @ found_DE)) == pytest.approx(share_TE, abs=1e-6)


def test_a_gates_points_count_by_the_sum_of_their_shares():
    x_TD = np.random.default_rng(1).normal(size=(8, 2))
    share_TE = np.random.default_rng(2).dirichlet(np.ones(3), 8)
    weight = np.array([1, 2, 1, 2, 1, 2, 1, 2])
    weighted_DE = fit_gate(x_TD, share_TE * weight[:, None], np.zeros((2, 3)), steps=30)
    twice = np.repeat(np.arange(8), weight)
    repeated_DE = fit_gate(x_TD[twice], share_TE[twice], np.zeros((2, 3)), steps=30)
    assert x_TD @ weighted_DE == pytest.approx(x_TD @ repeated_DE, abs=1e-5)


def test_newton_takes_few_steps_and_does_not_overshoot():
    """Shares that a plain Newton step overshoots: nearly certain scores to begin with."""
    x_TD = np.array([[1.0], [1.0], [-1.0]])
    share_TE = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])

    def objective(router_DE):
        return np.sum(share_TE * log_softmax(x_TD @ router_DE))

    router_DE = np.array([[6.0, -6.0]])
    for _ in range(5):
        moved_DE = fit_gate(x_TD, share_TE, router_DE, steps=1)
        assert objective(moved_DE) >= objective(router_DE)
        router_DE = moved_DE
    assert objective(router_DE) == pytest.approx(3 * np.log(0.5), abs=1e-3)


def test_shares_of_leaves_that_no_point_wants():
    """An expert ten thousand away gets no share: it is kept finite, and the rest goes on."""
    x_TD, y_T = four_pieces(40, seed=3)
    tree = start(2, 2, seed=0)
    tree.expert_DE[:, 3] = [0.0, 1e4]
    _, climb = fit(tree, x_TD, y_T, em_step, steps=10)
    assert np.isfinite(climb).all() and np.diff(climb).min() >= -1e-10


def test_the_curve_is_the_same_for_a_seed_and_has_four_pieces():
    one, two = four_pieces(2000, seed=4), four_pieces(2000, seed=4)
    assert (one[0] == two[0]).all() and (one[1] == two[1]).all()
    place, y_T = one[0][:, 0], one[1]
    lines = [(1.0, 2.5), (-0.8, -1.0), (2.0, 0.5), (-1.5, 2.5)]
    piece = np.searchsorted([-1.2, 0.1, 1.0], place, side="right")
    wanted = np.array([lines[p][0] * x + lines[p][1] for p, x in zip(piece, place)])
    assert (y_T - wanted).std() == pytest.approx(0.1, abs=0.01)


def test_joint_is_prior_and_density():
    tree, (x_TD, y_T) = random_tree(2, 2), four_pieces(5, seed=0)
    density = np.exp(log_joint(tree, x_TD, y_T) - log_prior(tree, x_TD))
    miss = y_T[:, None] - x_TD @ tree.expert_DE
    bell = np.exp(-(miss**2) / 2 / tree.variance_E) / np.sqrt(2 * np.pi * tree.variance_E)
    assert density == pytest.approx(bell)
