"""How the next token is drawn from a model's scores."""

import math
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Sampling:
    """Say how the next token is drawn; the default takes the most likely (greedy).

    Raises:
        ValueError: a number is out of its range.

    >>> Sampling(top_p=0.0)
    Traceback (most recent call last):
    ValueError: top_p is 0.0: it must lie above 0 and not above 1

    Lesson 9.
    """

    temperature: float = 0.0  # 0: greedy; 1: as the model says; above: flatter
    top_k: int | None = None  # only the k most likely
    top_p: float = 1.0  # only the most likely that together reach this share
    seed: int = 0  # sequence i of a batch draws with seed + i

    def __post_init__(self):
        if not (self.temperature >= 0 and math.isfinite(self.temperature)):
            raise ValueError(f"temperature is {self.temperature}: it must be 0 or more")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k is {self.top_k}: it must be None, or 1 or more")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}: it must lie above 0 and not above 1")


def choose(logits_BV, draw_B, sampling):
    """Pick the next token of each sequence.

    Holtzman et al. 2019 (top-p, arXiv:1904.09751), section 3.1, after temperature and
    top-k. The token is the one under ``draw_B`` in the cumulated probabilities, sorted.

    Args:
        draw_B: numbers from [0, 1); not used when greedy, None will do.

    Raises:
        FloatingPointError: the largest score of a sequence is NaN or infinite.

    >>> choose(torch.tensor([[0.0, 5.0]]), torch.tensor([0.5]), Sampling()).item()
    1

    Lesson 9.
    """
    largest_B, best_B = logits_BV.max(-1)  # NaN if one of them is
    if not all(map(math.isfinite, largest_B.tolist())):
        raise FloatingPointError(f"the model's scores are not finite: {largest_B.tolist()[:3]}")
    if sampling.temperature == 0:
        return best_B
    ranked_BV, id_BV = (logits_BV.double() / sampling.temperature).sort(-1, descending=True)
    if sampling.top_k is not None:
        ranked_BV[:, sampling.top_k :] = float("-inf")
    prob_BV = ranked_BV.softmax(-1)
    # A token stays if those before it have not reached top_p: the first always stays.
    prob_BV = prob_BV * (prob_BV.cumsum(-1) - prob_BV < sampling.top_p)
    reach_BV = prob_BV.cumsum(-1)
    goal = draw_B.to(reach_BV)[:, None] * reach_BV[:, -1:]
    place = torch.searchsorted(reach_BV, goal, right=True).clamp(max=len(prob_BV[0]) - 1)
    return id_BV.gather(1, place)[:, 0]
