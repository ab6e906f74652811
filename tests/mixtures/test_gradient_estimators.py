"""Estimates of a gradient through a choice: by enumeration, by autograd, by drawing."""

import numpy as np
import pytest
import torch

from moe_lesson.mixtures.gradient_estimators import (
    best_baseline,
    choice_losses,
    draw_experts,
    exact_gradient,
    expected_loss,
    quality,
    reinforce,
    straight_through,
    top_k_gradient,
    train_router,
)
from moe_lesson.mixtures.local import softmax

T, E = 6, 4
RANDOM = np.random.default_rng(0)
LOGITS, OUTPUT, TARGET = (
    RANDOM.normal(size=(T, E)),
    RANDOM.normal(size=(T, E)),
    RANDOM.normal(size=T),
)
LOSS = choice_losses(OUTPUT, TARGET)


def autograd(loss_of):
    """Differentiate a sum over tokens by the scores."""
    logits = torch.tensor(LOGITS, requires_grad=True)
    loss_of(logits).sum().backward()
    return logits.grad.numpy()


def test_losses_by_hand():
    assert choice_losses(np.array([[0.0, 3.0]]), np.array([1.0])).tolist() == [[0.5, 2.0]]


def test_the_exact_gradient_is_autograds():
    wanted = autograd(lambda logits: (logits.softmax(-1) * torch.tensor(LOSS)).sum(-1))
    assert exact_gradient(LOGITS, LOSS) == pytest.approx(wanted, abs=1e-10)


def test_the_exact_gradient_by_finite_differences():
    moved = LOGITS.copy()
    moved[2, 1] += 1e-6
    rise = (expected_loss(moved, LOSS) - expected_loss(LOGITS, LOSS)) / 1e-6
    assert exact_gradient(LOGITS, LOSS)[2, 1] / T == pytest.approx(rise, abs=1e-6)


@pytest.mark.parametrize("baseline", [None, np.zeros(T), np.full(T, 7.0), RANDOM.normal(size=T)])
def test_reinforce_has_no_bias_with_any_baseline(baseline):
    found = quality(LOGITS, LOSS, lambda e_T: reinforce(LOGITS, LOSS, e_T, baseline))
    assert found.bias == pytest.approx(0, abs=1e-12)
    assert found.variance > 0


def test_the_best_baseline_is_the_best_of_many():
    def variance(baseline_T):
        estimate = lambda e_T: reinforce(LOGITS, LOSS, e_T, baseline_T)  # noqa: E731
        return quality(LOGITS, LOSS, estimate).variance

    best_T = best_baseline(LOGITS, LOSS)
    least = variance(best_T)
    for _ in range(50):
        assert variance(best_T + 0.3 * RANDOM.normal(size=T)) > least
    assert least < variance((softmax(LOGITS) * LOSS).sum(1)) < variance(np.zeros(T))


def test_a_baseline_that_looks_at_the_draw_is_biased():
    def cheat(e_T):
        return reinforce(LOGITS, LOSS, e_T, LOSS[np.arange(T), e_T] / 2)

    assert quality(LOGITS, LOSS, cheat).bias > 0.01


def test_quality_agrees_with_drawing():
    draw = np.random.default_rng(3)
    many, losses = np.tile(LOGITS, (20000, 1)), np.tile(LOSS, (20000, 1))
    drawn = reinforce(many, losses, draw_experts(many, draw)).reshape(20000, T, E)
    found = quality(LOGITS, LOSS, lambda e_T: reinforce(LOGITS, LOSS, e_T))
    assert drawn.mean(0) == pytest.approx(found.mean_TE, abs=0.05)
    assert drawn.var(0) == pytest.approx(found.variance_TE, rel=0.1, abs=0.02)
    assert found.variance == pytest.approx(found.variance_TE.sum(1).mean())


def test_experts_are_drawn_as_often_as_they_should():
    draw, logits_TE = np.random.default_rng(0), np.tile(np.log([0.1, 0.2, 0.7]), (30000, 1))
    counts = np.bincount(draw_experts(logits_TE, draw), minlength=3) / 30000
    assert counts == pytest.approx([0.1, 0.2, 0.7], abs=0.01)


def test_straight_through_is_the_soft_gradient_on_average():
    """A squared distance has a slope that is linear in the choice, so the mean is the mixture's."""
    found = quality(LOGITS, LOSS, lambda e_T: straight_through(LOGITS, OUTPUT, TARGET, e_T))
    assert found.mean_TE == pytest.approx(top_k_gradient(LOGITS, OUTPUT, TARGET, E), abs=1e-12)
    assert found.bias > 0.01


def test_straight_through_is_the_usual_trick():
    expert_T = np.arange(T) % E

    def loss_of(logits):
        prob = logits.softmax(-1)
        chosen = torch.eye(E, dtype=prob.dtype)[torch.tensor(expert_T)]
        weight = chosen + prob - prob.detach()
        return ((weight * torch.tensor(OUTPUT)).sum(-1) - torch.tensor(TARGET)) ** 2 / 2

    found = straight_through(LOGITS, OUTPUT, TARGET, expert_T)
    assert found == pytest.approx(autograd(loss_of), abs=1e-10)


@pytest.mark.parametrize("k", range(1, E + 1))
def test_top_k_is_autograds_gradient_of_the_kept_mixture(k):
    def loss_of(logits):
        score, kept = logits.topk(k)
        answer = (score.softmax(-1) * torch.tensor(OUTPUT).gather(-1, kept)).sum(-1)
        return (answer - torch.tensor(TARGET)) ** 2 / 2

    found = top_k_gradient(LOGITS, OUTPUT, TARGET, k)
    assert found == pytest.approx(autograd(loss_of), abs=1e-10)
    assert ((found != 0).sum(1) <= (k if k > 1 else 0)).all()


def test_top_k_does_not_depend_on_the_draw_and_changes_nothing_given():
    before = LOGITS.copy()
    found = quality(LOGITS, LOSS, lambda e_T: top_k_gradient(LOGITS, OUTPUT, TARGET, 2))
    assert found.variance < 1e-20 and (before == LOGITS).all()


@pytest.mark.parametrize("k", [0, E + 1])
def test_an_impossible_k_is_refused(k):
    with pytest.raises(ValueError, match=f"k is {k}: with 4 experts"):
        top_k_gradient(LOGITS, OUTPUT, TARGET, k)


def test_training_with_estimates():
    """Two kinds of token, each with an expert of its own; top-1 renormalised learns nothing."""
    x_TD = np.repeat(np.eye(2), 20, axis=0)
    output_TE, target_T = np.tile([1.0, -1.0], (40, 1)), np.repeat([1.0, -1.0], 20)
    loss_TE = choice_losses(output_TE, target_T)

    def last(estimate):
        return train_router(x_TD, loss_TE, estimate, steps=100, rate=2.0)[1][-1]

    assert last(lambda z, e_T: exact_gradient(z, loss_TE)) < 0.05
    assert last(lambda z, e_T: reinforce(z, loss_TE, e_T)) < 0.1
    assert last(lambda z, e_T: top_k_gradient(z, output_TE, target_T, 1)) == 1.0
