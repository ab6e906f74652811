"""Digits cut into patches: one network for all patches, experts by choice, experts that mix."""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from moe_lesson.models.mixtral import FeedForward
from moe_lesson.moe.balance import switch_loss
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.soft import SoftLayer

SIDE, PATCH, CLASSES, HELD_OUT = 8, 2, 10, 597
DIM, EXPERTS, TOP_K, WIDTH = 32, 8, 2, 32  # width of a patch's vector, and of one expert
PATCHES = (SIDE // PATCH) ** 2
SLOTS = PATCHES * TOP_K // EXPERTS  # as many rows as top-k sends


def turned_patches(seed):
    """Read scikit-learn's digits, turn each by four angles, cut into patches of 2 x 2.

    As in lesson 2 the split comes first: no image is in both parts under another angle.

    Returns:
        Two pairs, to train on and to test on: patches x_BSD, and the digits.

    >>> (x_BSD, digit_B), _ = turned_patches(seed=0)
    >>> x_BSD.shape, len(digit_B)
    (torch.Size([4800, 16, 4]), 4800)

    Lesson 14.
    """
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(digits))
    parts = []
    for part in (order[HELD_OUT:], order[:HELD_OUT]):
        square = torch.tensor(images[part] / 16, dtype=torch.float32).view(-1, SIDE, SIDE)
        views = torch.cat([square.rot90(turn, (1, 2)) for turn in range(4)])
        grid = views.unfold(1, PATCH, PATCH).unfold(2, PATCH, PATCH)
        x_BSD = grid.reshape(len(views), PATCHES, PATCH * PATCH)
        parts.append((x_BSD, torch.tensor(digits[part]).repeat(4)))
    return parts


def layers():
    """List what works on the patches, all at the same number of multiply-adds in experts.

    Returns:
        name -> a function that makes the layer.

    >>> list(layers())
    ['one network', 'top-2 of 8', 'soft, 8 experts']

    Lesson 14.
    """
    return {
        "one network": partial(FeedForward, DIM, TOP_K * WIDTH),
        f"top-{TOP_K} of {EXPERTS}": partial(MoELayer, DIM, WIDTH, EXPERTS, TOP_K),
        f"soft, {EXPERTS} experts": partial(SoftLayer, DIM, WIDTH, EXPERTS, SLOTS),
    }


class Reader(nn.Module):
    """Read patches: place them, add what the mean of all says, one layer, mean, ten scores.

    >>> scores, routing = Reader(layers()["top-2 of 8"])(torch.zeros(3, 16, 4))
    >>> scores.shape, routing.expert_TK.shape
    (torch.Size([3, 10]), torch.Size([48, 2]))

    Lesson 14.
    """

    def __init__(self, make):
        super().__init__()
        self.embed = nn.Linear(PATCH * PATCH, DIM)
        self.place_SD = nn.Parameter(0.1 * torch.randn(PATCHES, DIM))
        self.context = nn.Linear(DIM, DIM)  # of the mean of all patches
        self.norm, self.layer = nn.LayerNorm(DIM), make()
        self.unembed = nn.Linear(DIM, CLASSES)

    def forward(self, x_BSD):
        x_BSD = self.embed(x_BSD) + self.place_SD
        x_BSD = x_BSD + self.context(x_BSD.relu().mean(1, keepdim=True))
        normed_BSD, routing = self.norm(x_BSD), None
        if isinstance(self.layer, SoftLayer):
            y_BSD = self.layer(normed_BSD).y_BSD
        else:
            y_TD, routing = self.layer(normed_BSD.flatten(0, 1))
            y_BSD = y_TD.view_as(x_BSD)
        return self.unembed((x_BSD + y_BSD).mean(1)), routing


def read_digits(make, parts, epochs, seed):
    """Train a Reader, and test it after each reading of the training images.

    Args:
        parts: as ``turned_patches`` returns them.

    Returns:
        For each reading the share of the test images answered right; guessing gives about 0.1.

    >>> few = [tuple(column[::40] for column in part) for part in turned_patches(seed=0)]
    >>> len(read_digits(layers()["one network"], few, epochs=2, seed=0))
    2

    Lesson 14.
    """
    torch.manual_seed(seed)
    (x_BSD, digit_B), held_out = parts
    reader, draw, right = Reader(make), torch.Generator().manual_seed(seed), []
    optimiser = torch.optim.Adam(reader.parameters(), lr=0.003)
    for _ in range(epochs):
        for rows in torch.randperm(len(x_BSD), generator=draw).split(200):
            scores, routing = reader(x_BSD[rows])
            loss = F.cross_entropy(scores, digit_B[rows])
            if routing is not None:
                loss = loss + 0.01 * switch_loss(routing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            guess = reader(held_out[0])[0].argmax(-1)
        right.append((guess == held_out[1]).float().mean().item())
    return right
