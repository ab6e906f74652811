"""What a run depends on: its settings, its schedule, its batches, its optimizer."""

import math
from dataclasses import dataclass

import torch

MEANING = {
    "steps": "steps of training",
    "batch": "sequences a step",
    "length": "tokens a sequence",
    "learning_rate": "its peak",
    "warmup": "steps until the learning rate is at its peak",
    "weight_decay": "of matrices; norms have none",
    "clip": "longest gradient",
    "balance_weight": "weight of the balance loss; 0 is none",
    "z_weight": "weight of the router's z-loss",
    "seed": "of the batches, and of the starting weights where a command draws them",
    "measure_every": "steps between evaluations",
    "measure_tokens": "tokens an evaluation reads",
    "save_every": "steps between saves, if there is a folder",
}

SEEDS = 2**32  # more, and the product with the step would leave torch's 64 bits


@dataclass(frozen=True)
class Settings:
    """Name everything a run depends on besides the model and the text; see ``MEANING``.

    Raises:
        ValueError: a number is out of its range.

    >>> Settings(steps=0)
    Traceback (most recent call last):
    ValueError: steps is 0: it must be 1 or more

    Lesson 9.
    """

    steps: int = 600
    batch: int = 16
    length: int = 128
    learning_rate: float = 3e-3
    warmup: int = 50
    weight_decay: float = 0.1
    clip: float = 1.0
    balance_weight: float = 0.01
    z_weight: float = 0.0
    seed: int = 0
    measure_every: int = 100
    measure_tokens: int = 20_000
    save_every: int = 100

    def __post_init__(self):
        for name in "steps batch length warmup measure_every measure_tokens save_every".split():
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be 1 or more")
        for name in "learning_rate clip".split():
            if not 0 < getattr(self, name) < math.inf:
                found = f"{name} is {getattr(self, name)}"
                raise ValueError(f"{found}: it must exceed 0, and be finite")
        for name in "weight_decay balance_weight z_weight".split():
            if not 0 <= getattr(self, name) < math.inf:
                found = f"{name} is {getattr(self, name)}"
                raise ValueError(f"{found}: it must be 0 or more, and finite")
        if not 0 <= self.seed < SEEDS:
            raise ValueError(f"seed is {self.seed}: it must lie between 0 and {SEEDS - 1}")
        if self.measure_tokens < self.length:
            found = f"measure_tokens is {self.measure_tokens}"
            raise ValueError(f"{found}: it must be at least one window, length {self.length}")


def learning_rate(step, steps, peak, warmup):
    """Rise in a line over the warm-up, then fall in half a cosine to a tenth.

    Loshchilov and Hutter 2016 (arXiv:1608.03983), eq. 5, one cycle; steps count from 0.

    Returns:
        ``peak / warmup`` at step 0, ``peak`` at the last step of the warm-up, ``peak / 10``
        at the last step.

    >>> [round(learning_rate(step, 11, 1.0, 2), 2) for step in (0, 1, 10)]
    [0.5, 1.0, 0.1]

    Lesson 9.
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    done = (step - warmup + 1) / max(steps - warmup, 1)
    return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))


def chance_of(step, settings):
    """Start a generator that hangs on the seed and the step alone.

    >>> first, again = (chance_of(3, Settings(seed=1)).initial_seed() for _ in range(2))
    >>> first == again
    True

    Lesson 9.
    """
    return torch.Generator().manual_seed(settings.seed * 1_000_003 + step)


def batch_at(text, step, settings):
    """Draw the sequences of one step: the same for the same seed and step.

    Depends on nothing else, so a run that goes on after a stop sees the same batches.

    Returns:
        id_BS with one position more than ``length``: inputs and their next tokens.

    Raises:
        ValueError: the text is shorter than one sequence.

    >>> from moe_lesson.text.tokenizer import Text
    >>> text = Text(torch.arange(9), torch.ones(9))
    >>> batch_at(text, 0, Settings(batch=2, length=8)).tolist()[0]
    [0, 1, 2, 3, 4, 5, 6, 7, 8]

    Lesson 9.
    """
    room = len(text.id_T) - settings.length
    if room < 1:
        raise ValueError(
            f"the text has {len(text.id_T)} tokens: a sequence needs {settings.length + 1}"
        )
    start = torch.randint(room, (settings.batch, 1), generator=chance_of(step, settings))
    return text.id_T[start + torch.arange(settings.length + 1)]


def set_rate(optimizer, step, settings):
    """Give an optimizer the learning rate of a step, and return it.

    >>> optimizer, settings = torch.optim.SGD([torch.ones(1)]), Settings(steps=9, warmup=4)
    >>> set_rate(optimizer, 0, settings) == optimizer.param_groups[0]["lr"]
    True

    Lesson 9.
    """
    rate = learning_rate(step, settings.steps, settings.learning_rate, settings.warmup)
    for group in optimizer.param_groups:
        group["lr"] = rate
    return rate


def make_optimizer(model, settings):
    """Build AdamW: weight decay on matrices, none on norms.

    Loshchilov and Hutter 2017 (arXiv:1711.05101).

    >>> optimizer = make_optimizer(torch.nn.Linear(2, 2), Settings())
    >>> [group["weight_decay"] for group in optimizer.param_groups]
    [0.1, 0.0]

    Lesson 9.
    """
    weights = list(model.parameters())
    groups = [
        {"params": [w for w in weights if w.dim() > 1], "weight_decay": settings.weight_decay},
        {"params": [w for w in weights if w.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, settings.learning_rate, betas=(0.9, 0.95), fused=True)
