"""Turned digits: the data by hand, the models by their counts, the findings as ranges."""

import numpy as np
import pytest
import torch

from moe_lesson.lessons.lesson02 import digits


def stand_in(images=200, seed=0):
    """Draw images of ten prototypes, so that a model can learn them in a second."""
    draw = np.random.default_rng(seed)
    shown = np.arange(images) % 10
    prototype = np.random.default_rng(99).uniform(0, 1, (10, 64))
    return digits.turned(prototype[shown] + 0.1 * draw.normal(size=(images, 64)), shown)


def test_images_are_turned_anticlockwise():
    corner = np.zeros((1, 64))
    corner[0, 7] = 1.0  # top right
    images = digits.turned(corner, np.array([4]))
    assert images.pixel_TD.argmax(1).tolist() == [7, 0, 56, 63]
    assert images.angle_T.tolist() == [0, 1, 2, 3] and images.digit_T.tolist() == [4] * 4


def test_the_split_shares_no_image_under_any_angle():
    train, test = digits.rotated_digits(seed=1)
    assert (len(train.digit_T), len(test.digit_T)) == (4800, 2388)
    seen = {row.numpy().tobytes() for row in train.pixel_TD[:1200]}
    assert not [row for row in test.pixel_TD if row.numpy().tobytes() in seen]
    assert train.angle_T.bincount().tolist() == [1200] * 4
    other, _ = digits.rotated_digits(seed=2)
    assert not torch.equal(train.digit_T, other.digit_T)


def test_what_told_experts_reach():
    train, test = digits.rotated_digits(seed=0)
    found = digits.told_experts(train, test, epochs=8)
    assert 0.75 < found["one linear model"] < 0.85
    assert 0.76 < found["gate alone"] < 0.87
    assert 0.82 < found["learned gate"] < 0.92
    assert 0.93 < found["true gate"] < 0.99


def test_the_one_linear_model_is_that_of_the_contest():
    """Told and untold models are trained alike: the same model gives the same share."""
    train, test = stand_in(), stand_in(seed=1)
    found = digits.told_experts(train, test, epochs=2, seed=3)
    panel = digits.Panel(digits.linear, 1, seed=3)
    digits.train_panel(panel, train, 2, torch.ones(len(train.digit_T), 1), seed=3)
    assert found["one linear model"] == digits.accuracy(panel, test, "even")


def test_the_mixture_loss_is_the_sum_over_experts():
    draw = torch.Generator().manual_seed(0)
    log_router_TE = torch.randn(5, 3, generator=draw).double().log_softmax(-1)
    log_class_TEV = torch.randn(5, 3, 10, generator=draw).double().log_softmax(-1)
    digit_T = torch.tensor([0, 9, 3, 3, 7])
    total = 0.0
    for t, digit in enumerate(digit_T):
        prob = sum(log_router_TE[t, e].exp() * log_class_TEV[t, e, digit].exp() for e in range(3))
        total -= prob.log() / 5
    found = digits.mixture_loss(log_router_TE, log_class_TEV, digit_T)
    assert found.item() == pytest.approx(total.item(), abs=1e-10)


def test_three_ways_to_answer():
    """Expert 0 says 1, sure; expert 1 says 2, surer; the router prefers 0 by 0.6 to 0.4."""
    panel = digits.Panel(digits.linear, experts=2)
    with torch.no_grad():
        for weight in panel.parameters():
            weight.zero_()
        panel.router.bias[:] = torch.tensor([0.6, 0.4]).log()
        panel.experts[0].bias[:] = torch.full((10,), 0.01).log()
        panel.experts[0].bias[1], panel.experts[0].bias[2] = np.log(0.52), np.log(0.40)
        panel.experts[1].bias[2] = 9.0
    images = digits.turned(np.zeros((1, 64)), np.array([2]))
    assert [digits.accuracy(panel, images, how) for how in ("soft", "hard", "even")] == [1, 0, 1]
    assert digits.owners(panel, images).tolist() == [[1.0, 0.0]] * 4


def test_probabilities_are_mixed_and_not_their_logarithms():
    """Expert 0 rules out 2, expert 1 rules out 1: sums prefer 1, products the lukewarm 3."""
    panel = digits.Panel(digits.linear, experts=2)
    with torch.no_grad():
        for weight in panel.parameters():
            weight.zero_()
        for expert, (sure, out) in zip(panel.experts, [(1, 2), (2, 1)]):
            expert.bias[sure], expert.bias[out], expert.bias[3] = 5.0, -30.0, 1.0
        panel.experts[0].bias[1] = 6.0
    images = digits.turned(np.zeros((1, 64)), np.array([1]))
    assert digits.accuracy(panel, images, "soft") == digits.accuracy(panel, images, "even") == 1


def test_training_learns_and_is_the_same_for_a_seed():
    images = stand_in()

    def trained():
        return digits.train_panel(digits.Panel(digits.linear, 2, seed=3), images, epochs=25)

    one, two = trained(), trained()
    assert digits.accuracy(one, images, "soft") > 0.9
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters()))


def test_members_of_an_ensemble_do_not_see_each_other():
    """Trained side by side or alone, a member has the same weights: its counts are its own."""
    images = stand_in(100)
    pair, alone = digits.Panel(digits.linear, 2, seed=0), digits.Panel(digits.linear, 1, seed=0)
    counts_TE = digits.bootstrap(400, 2, seed=0)
    digits.train_panel(pair, images, 2, counts_TE)
    digits.train_panel(alone, images, 2, counts_TE[:, :1])
    assert torch.allclose(pair.experts[0].weight, alone.experts[0].weight, atol=1e-6)
    assert not torch.allclose(pair.experts[0].weight, pair.experts[1].weight, atol=1e-2)


def test_a_bag_draws_with_replacement():
    counts_TE = digits.bootstrap(2000, 3, seed=0)
    assert counts_TE.sum(0).tolist() == [2000] * 3
    assert (counts_TE == 0).float().mean().item() == pytest.approx(np.exp(-1), abs=0.02)


@pytest.mark.parametrize(
    "make, parameters, products",
    [
        (digits.linear, 650, 640),
        (lambda: digits.dense(12), 910, 888),
        (lambda: digits.dense(38), 2860, 2812),
        (digits.convolutional, 810, 9 * 8 * 36 + 720),
    ],
)
def test_prices(make, parameters, products):
    assert sum(weight.numel() for weight in make().parameters()) == parameters
    assert digits.multiply_adds(make) == products
