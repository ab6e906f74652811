"""Digits turned by four angles: one model, ensembles, and mixtures whose ideal gate is known.

The images are the 1,797 of scikit-learn, eight by eight pixels. The angle is the hidden cause:
whoever knows it needs only a linear model per angle.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ANGLES = (0, 90, 180, 270)
SIDE, CLASSES = 8, 10
HELD_OUT = 597  # images to test on, of 1,797


class Images(NamedTuple):
    """Hold images as rows of pixels, with what they show and how they are turned.

    >>> Images(torch.zeros(2, 64), torch.tensor([3, 7]), torch.tensor([0, 1])).digit_T.tolist()
    [3, 7]

    Lesson 2.
    """

    pixel_TD: torch.Tensor  # brightness, 0 to 1
    digit_T: torch.Tensor  # 0 to 9
    angle_T: torch.Tensor  # quarter turns, 0 to 3: a model sees it only where a lesson says so


def rotated_digits(seed, device="cpu"):
    """Split scikit-learn's digits, then turn every image by each of the four angles.

    The split comes first, so no image is in both parts under another angle.

    Returns:
        Two Images, to train on and to test on: 4,800 and 2,388.

    >>> train, test = rotated_digits(seed=0)
    >>> len(train.digit_T), len(test.digit_T), float(test.pixel_TD.max())
    (4800, 2388, 1.0)

    Lesson 2.
    """
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(digits))
    parts = order[HELD_OUT:], order[:HELD_OUT]
    return [turned(pixels[part] / 16, digits[part], device) for part in parts]


def turned(pixels, digits, device="cpu"):
    """Turn every image by each angle, anticlockwise.

    Args:
        pixels: one row of 64 per image.

    Returns:
        Images, all of one angle after all of another.

    >>> turned(np.eye(64)[:1], np.array([5])).pixel_TD.argmax(1).tolist()
    [0, 56, 63, 7]

    Lesson 2.
    """
    squares = np.asarray(pixels, dtype=np.float32).reshape(-1, SIDE, SIDE)
    views = [np.rot90(squares, turn, axes=(1, 2)).reshape(len(squares), -1) for turn in range(4)]
    pixel_TD = torch.tensor(np.concatenate(views), device=device)
    digit_T = torch.tensor(np.tile(digits, 4), device=device)
    angle_T = torch.arange(4, device=device).repeat_interleave(len(squares))
    return Images(pixel_TD, digit_T, angle_T)


def told_experts(train, test, epochs, seed=0):
    """Train linear models by ``train_panel``, the angle known: one for all, and one for each angle.

    The learned gate is a linear model too, taught to tell the angle; each image then goes to
    one expert.

    Returns:
        name -> share of the test images answered right, 0 to 1: "one linear model", "gate
        alone" (the angle, not the digit), "learned gate", "true gate".

    >>> few = [Images(*(part[::40] for part in images)) for images in rotated_digits(seed=0)]
    >>> sorted(told_experts(*few, epochs=1))
    ['gate alone', 'learned gate', 'one linear model', 'true gate']

    Lesson 2.
    """
    angle_TE = F.one_hot(train.angle_T, len(ANGLES)).float()  # each expert's own training set
    everything = torch.ones(len(train.digit_T), 1)
    by_angle = train._replace(digit_T=train.angle_T)
    one, gate, experts = (
        train_panel(Panel(linear, counts.shape[1], seed), images, epochs, counts, seed)
        for images, counts in ((train, everything), (by_angle, everything), (train, angle_TE))
    )
    return {"one linear model": accuracy(one, test, "even"), **_sent(gate, experts, test)}


def _sent(gate, experts, test):
    """Send each image to the expert of its angle, as a gate guesses it or as it is."""
    with torch.no_grad():
        guess_TE = experts(test.pixel_TD)[1].argmax(-1)
        turn_T = gate(test.pixel_TD)[1][:, 0, : len(ANGLES)].argmax(-1)
    rows = torch.arange(len(turn_T), device=turn_T.device)
    answers = {
        "gate alone": turn_T == test.angle_T,
        "learned gate": guess_TE[rows, turn_T] == test.digit_T,
        "true gate": guess_TE[rows, test.angle_T] == test.digit_T,
    }
    return {name: right_T.double().mean().item() for name, right_T in answers.items()}


def linear():
    """Make a linear expert: 650 parameters.

    >>> sum(weight.numel() for weight in linear().parameters())
    650

    Lesson 2.
    """
    return nn.Linear(SIDE * SIDE, CLASSES)


def dense(hidden):
    """Make a network with one hidden layer.

    >>> sum(weight.numel() for weight in dense(38).parameters())
    2860

    Lesson 2.
    """
    return nn.Sequential(linear_to(hidden), nn.ReLU(), nn.Linear(hidden, CLASSES))


def linear_to(width):
    """Make the first layer of a network on pixels.

    >>> linear_to(3).weight.shape
    torch.Size([3, 64])

    Lesson 2.
    """
    return nn.Linear(SIDE * SIDE, width)


def convolutional(filters=8):
    """Make a small convolutional expert: filters of 3 x 3, the largest of 2 x 2, a linear layer.

    >>> sum(weight.numel() for weight in convolutional().parameters())
    810

    Lesson 2.
    """
    picture = nn.Unflatten(1, (1, SIDE, SIDE))
    features = nn.Sequential(picture, nn.Conv2d(1, filters, 3), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(features, nn.Flatten(), nn.Linear(filters * 9, CLASSES))


class Panel(nn.Module):
    """Hold experts of one kind and a linear router.

    >>> log_router_TE, log_class_TEV = Panel(linear, experts=4)(torch.zeros(3, 64))
    >>> log_class_TEV.shape
    torch.Size([3, 4, 10])

    Lesson 2.
    """

    def __init__(self, make, experts, seed=0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.experts = nn.ModuleList(make() for _ in range(experts))
            self.router = linear_to(experts)

    def forward(self, pixel_TD):
        log_class_TEV = torch.stack([expert(pixel_TD) for expert in self.experts], 1)
        return self.router(pixel_TD).log_softmax(-1), log_class_TEV.log_softmax(-1)


def mixture_loss(log_router_TE, log_class_TEV, digit_T):
    """Compute -log sum_e p_e P_e(digit): the error 1.3 of Jacobs et al. 1991, for classes.

    Returns:
        Mean nats per image: 0 when a trusted expert is certain and right, ln 10 = 2.30 when
        all guess evenly.

    >>> even = torch.zeros(1, 2).log_softmax(-1), torch.zeros(1, 2, 10).log_softmax(-1)
    >>> round(mixture_loss(*even, torch.tensor([3])).item(), 2)
    2.3

    Lesson 2.
    """
    return -(log_router_TE + right(log_class_TEV, digit_T)).logsumexp(-1).mean()


def right(log_class_TEV, digit_T):
    """Pick each expert's log-probability of the true digit.

    >>> right(torch.arange(20.0).view(1, 2, 10), torch.tensor([3])).tolist()
    [[3.0, 13.0]]

    Lesson 2.
    """
    T, E, _ = log_class_TEV.shape
    return log_class_TEV.gather(-1, digit_T.view(T, 1, 1).expand(T, E, 1))[..., 0]


def train_panel(panel, images, epochs, counts=None, seed=0):
    """Train by Adam: as a mixture, or each expert alone if ``counts`` is given.

    Args:
        counts: points x experts, how often an expert's own training set holds an image: all
            ones for members that differ by their start only, a draw with replacement for bagging.

    Returns:
        The panel, trained in place.

    >>> images = turned(np.eye(64)[:20], np.arange(20) % 10)
    >>> panel = train_panel(Panel(linear, experts=2), images, epochs=1)

    Lesson 2.
    """
    T, device = len(images.digit_T), images.pixel_TD.device
    panel, draw = panel.to(device), torch.Generator().manual_seed(seed)
    counts = None if counts is None else counts.to(device)
    optimiser = torch.optim.Adam(panel.parameters(), lr=0.01)
    for _ in range(epochs):
        for rows in torch.randperm(T, generator=draw).to(device).split(200):
            log_router_TE, log_class_TEV = panel(images.pixel_TD[rows])
            if counts is None:
                loss = mixture_loss(log_router_TE, log_class_TEV, images.digit_T[rows])
            else:
                own_TE = right(log_class_TEV, images.digit_T[rows])
                loss = -(counts[rows] * own_TE).mean(0).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return panel


def bootstrap(points, experts, seed):
    """Draw a training set with replacement for each expert, as bagging does (Breiman 1996).

    Returns:
        Counts (points x experts); each column sums to the number of points.

    >>> bootstrap(100, 2, seed=0).sum(0).tolist()
    [100.0, 100.0]

    Lesson 2.
    """
    draw = np.random.default_rng(seed)
    even = np.full(points, 1 / points)
    return torch.tensor(draw.multinomial(points, even, size=experts).T, dtype=torch.float32)


@torch.no_grad()
def accuracy(panel, images, how):
    """Measure the share of images answered right.

    Args:
        how: "soft" mixes all experts by the router, "hard" asks its first choice alone,
            "even" averages all experts and ignores the router.

    Returns:
        Share 0 to 1; guessing gives about 0.1.

    >>> blank = turned(np.zeros((10, 64)), np.arange(10))
    >>> accuracy(Panel(linear, experts=2), blank, "even")
    0.1

    Lesson 2.
    """
    log_router_TE, log_class_TEV = panel(images.pixel_TD)
    E = log_router_TE.shape[1]
    weight_TE = {
        "soft": log_router_TE.exp(),
        "hard": F.one_hot(log_router_TE.argmax(-1), E).to(log_router_TE.dtype),
        "even": torch.full_like(log_router_TE, 1 / E),
    }[how]
    answer_T = (weight_TE[..., None] * log_class_TEV.exp()).sum(1).argmax(-1)
    return (answer_T == images.digit_T).double().mean().item()


@torch.no_grad()
def owners(panel, images):
    """Count which expert the router puts first, for each angle.

    Returns:
        Array (4 angles x experts) of shares; each row sums to 1.

    >>> blank = turned(np.zeros((10, 64)), np.arange(10))
    >>> owners(Panel(linear, experts=2), blank).sum(1).tolist()
    [1.0, 1.0, 1.0, 1.0]

    Lesson 2.
    """
    first_T = panel(images.pixel_TD)[0].argmax(-1)
    experts = len(panel.experts)
    chosen = [first_T[images.angle_T == turn] for turn in range(4)]
    return np.stack([np.bincount(c.cpu(), minlength=experts) / len(c) for c in chosen])


def multiply_adds(make):
    """Count the products of weight and input that one image costs an expert.

    >>> multiply_adds(linear), multiply_adds(lambda: dense(12)), multiply_adds(convolutional)
    (640, 888, 3312)

    Lesson 2.
    """
    counted = []

    def count(layer, _, output):
        per_output = layer.weight[0].numel()
        counted.append(per_output * output[0].numel())

    expert = make()
    for layer in expert.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            layer.register_forward_hook(count)
    expert(torch.zeros(1, SIDE * SIDE))
    return sum(counted)
