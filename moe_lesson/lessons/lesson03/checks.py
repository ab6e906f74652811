"""Check the exercises of lesson 03: importance, noise, loads, rows, two levels, bits stored."""

import torch

from moe_lesson.lessons.lesson03.checks_router import (
    compare,
    importance,
    noisy_scores,
    smooth_load,
)
from moe_lesson.study.checks import (
    comparison,
    demand,
    exercise,
    near,
    number_of,
    rounded,
    settings_of,
    tensor_of,
)

__all__ = [
    "bits_stored",
    "experiment",
    "importance",
    "noisy_scores",
    "rows_per_expert",
    "smooth_load",
    "two_levels",
]


@exercise("the batch shrinks with the experts; devices and time steps make up for it.")
def rows_per_expert(answer):
    """Check ``answer(batch, positions, top_k, num_experts, devices)``: mean rows of an expert.

    >>> def ours(batch, positions, top_k, num_experts, devices):
    ...     return top_k * batch * positions * devices / num_experts
    >>> rows_per_expert(ours)
    correct: the batch shrinks with the experts; devices and time steps make up for it.

    Lesson 3.
    """
    found = number_of(answer(48, 20, 4, 256, 8), "the mean")
    said = f"batch 48, 20 positions, k = 4, 256 experts, 8 devices: you say {found:g}. "
    mistakes = {
        "Each time step is one more example": 6,
        "The devices' batches meet at the same experts": 15,
        "More devices bring more rows: multiply": 1.875,
        "Each token makes k visits": 30,
        "The experts share the visits": 30_720,
        "Each token makes k visits: multiply by k, do not divide": 7.5,
        "k counts once": 480,
        "All 20 positions are read": 114,
        "Each sequence of the batch brings its own tokens": 2.5,
    }
    compare(found, 120, said, mistakes)
    found = number_of(answer(8, 1, 4, 256, 1), "the mean")
    demand(
        near(found, 0.125), f"batch 8, one position, one device: it must be 0.125, not {found:g}"
    )


@exercise("weights multiply, numbers count on, and the weights of all visits still sum to 1.")
def two_levels(answer):
    """Check ``answer(group_TK, share_TK, expert_TKK, weight_TKK, size)``: (weights, experts).

    The last axes of ``expert_TKK`` and ``weight_TKK`` are the choices within a chosen group.

    >>> def ours(group_TK, share_TK, expert_TKK, weight_TKK, size):
    ...     weight_TKK = share_TK[:, :, None] * weight_TKK
    ...     expert_TKK = group_TK[:, :, None] * size + expert_TKK
    ...     return weight_TKK.flatten(1), expert_TKK.flatten(1)
    >>> two_levels(ours)
    correct: weights multiply, numbers count on, and the weights of all visits still sum to 1.

    Lesson 3.
    """
    group_TK, share_TK = torch.tensor([[0, 2], [1, 3]]), torch.tensor([[0.75, 0.25], [0.5, 0.5]])
    expert_TKK = torch.tensor([[[1, 0], [2, 1]], [[0, 2], [1, 0]]])
    weight_TKK = torch.tensor([[[0.6, 0.4], [0.5, 0.5]], [[0.8, 0.2], [0.9, 0.1]]])
    given = answer(group_TK, share_TK, expert_TKK, weight_TKK, 3)
    demand(isinstance(given, tuple) and len(given) == 2, "return two tensors: weights, experts")
    demand(not given[1].is_floating_point(), "return weights first, then experts")
    expert, order = tensor_of(given[1], (2, 4), "the experts").sort(1)
    said = f"groups of 3; 1 0 taken in group 0, 2 1 in group 2: {expert[0].int().tolist()}. "
    mistakes = {
        "Numbers within a group are not numbers among all": [0, 1, 1, 2],
        "Group 2 starts at 2 times the size of a group": [0, 1, 3, 4],
        "Experts of a group stand side by side: group times size, plus the expert": [0, 3, 5, 8],
        "Numbers count from 0": [1, 2, 8, 9],
    }
    compare(expert[0], [0, 1, 7, 8], said, mistakes)
    demand(expert[1].tolist() == [3, 5, 9, 10], f"token 1 goes to {expert[1].int().tolist()}")
    weight = tensor_of(given[0], (2, 4), "the weights").gather(1, order)
    said = f"experts 0 1 7 8 get {rounded(weight[0])}, in all {weight[0].sum():.3g}. "
    mistakes = {
        "Both levels count: multiply by the share of the group": [0.4, 0.6, 0.5, 0.5],
        "A share belongs to both visits in its group: [:, :, None]": [0.1, 0.45, 0.125, 0.375],
        "The weights within a group are missing": [0.75, 0.75, 0.25, 0.25],
        "Multiply, do not add": [1.15, 1.35, 0.75, 0.75],
        "Weights stand in another order than experts": [0.125, 0.45, 0.125, 0.3],
        "These are weights already: no second softmax": [0.2604, 0.3025, 0.2186, 0.2186],
    }
    compare(weight[0], [0.3, 0.45, 0.125, 0.125], said, mistakes)
    demand(near(weight[1], [0.4, 0.1, 0.05, 0.45]), f"token 1 weighs {rounded(weight[1])}")
    _groups_of_five(answer)


def _groups_of_five(answer):
    """Check one token that makes one visit, in groups of another size."""
    one_TK, one_TKK = torch.ones(1, 1), torch.ones(1, 1, 1)
    given = answer(one_TK.long() * 2, one_TK, one_TKK.long() * 4, one_TKK, 5)
    found = tensor_of(given[1], (1, 1), "the experts of a token that makes one visit").item()
    demand(found == 14, f"groups of 5: expert 4 of group 2 has number 14, not {found:g}")


@exercise("what there was to know, less what is still missing, in bits, over all facts.")
def bits_stored(answer):
    """Check ``answer(logits_TV, label_T)``: bits that a layer has stored about its labels.

    >>> import math
    >>> def ours(logits_TV, label_T):
    ...     missing = torch.nn.functional.cross_entropy(logits_TV, label_T, reduction="sum")
    ...     return len(label_T) * math.log2(logits_TV.shape[1]) - missing / math.log(2)
    >>> bits_stored(ours)
    correct: what there was to know, less what is still missing, in bits, over all facts.

    Lesson 3.
    """
    odds_TV = torch.tensor([[1.0, 1, 1, 13], [4, 2, 1, 1], [6, 8, 1, 1]])
    found = number_of(answer(odds_TV.log(), torch.tensor([3, 0, 2])), "the sum")
    said = "odds 1:1:1:13, 4:2:1:1 and 6:8:1:1, the right label has 13/16, 1/2 and 1/16: "
    said += f"you say {found:.4g} bits. "
    mistakes = {
        "These are nats: one bit is ln 2 of them": 0.4855,
        "This is the mean of the facts: sum": 0.2335,
        "The sign is turned": -0.7004,
        "This is what is still missing: take it from the 6 bits that there were": 5.2996,
        "Four labels are 2 bits, not 4: read V from the scores": 6.7004,
        "A fact holds log2 of the number of labels, not of facts": -0.5447,
        "A right first guess is not its 2 bits: ask for its probability": 4,
        "To be sure of what is wrong costs bits: do not cut off at 0": 2.7004,
        "Scores are no log probabilities: log_softmax first": 11.7004,
        "This is the favourite's probability: take the label's": 3.7004,
        "The logarithm comes before the mean": 2.6235,
        "Both terms in bits: ln 4 is not log2 4": -1.1408,
        "An entropy asks no label: only the label's probability counts": 1.7260,
        "Softmax runs over labels, the last axis": 2.7492,
    }
    compare(found, 0.7004, said, mistakes)
    even = torch.zeros(2, 8), torch.tensor([1, 6])
    found = number_of(answer(*even), "the sum")
    demand(near(found, 0, 1e-3), f"even scores for 8 labels tell nothing: you say {found:.4g} bits")
    found = number_of(answer(80 * torch.eye(8)[:5], torch.arange(5)), "the sum")
    demand(near(found, 15, 1e-3), f"5 sure facts of 3 bits are 15 bits: you say {found:.4g}")


@exercise("two designs at one price, two seeds each: now a difference can be told from luck.")
def experiment(answer):
    """Check ``answer()``: name -> (operations, total parameters, [bits per byte of each seed]).

    >>> experiment(lambda: {"a": (100, 900, [2.0, 2.1]), "b": (110, 1800, [1.8, 1.9])})
    b minus a: -0.2 bits per byte; runs of one setting differ by up to 0.1
    b: 1.10 times the operations of a, 2.00 times its parameters
    correct: two designs at one price, two seeds each: now a difference can be told from luck.

    Lesson 3.
    """
    price, size, bits = {}, {}, {}
    for name, given in settings_of(answer()).items():
        said = f"{name}: three things, its operations, its total parameters, its bits per byte"
        demand(isinstance(given, (tuple, list)) and len(given) > 1, said)
        pair = len(given) == 2 and isinstance(given[1], (tuple, list))
        demand(not pair, f"{name}: its total parameters are missing")
        demand(len(given) == 3, said)
        price[name] = number_of(given[0], f"the price of {name}")
        size[name] = number_of(given[1], f"the size of {name}")
        bits[name] = given[2]
        demand(price[name] > 0, f"{name}: {price[name]:g} operations cannot be")
        demand(size[name] > 0, f"{name}: {size[name]:g} parameters cannot be")
    one, *others = price
    for other in others:
        ratio = price[other] / price[one]
        said = f"{other} costs {ratio:.2f} times the operations of {one}: a difference would have "
        demand(0.75 < ratio < 1.34, said + "two causes. Choose k and width so that prices agree")
    comparison(bits, "bits per byte", seeds=2, between=(0, 8))
    _demand_seeds(bits)
    for other in others:
        print(
            f"{other}: {price[other] / price[one]:.2f} times the operations of {one}, "
            f"{size[other] / size[one]:.2f} times its parameters"
        )


def _demand_seeds(bits):
    """Refuse a setting whose runs are all the same run, and settings that are one."""
    for name, each in bits.items():
        said = f"{name}: all runs are equal to the last digit. Has each a seed of its own?"
        demand(len(set(map(float, each))) > 1, said)
    every = [tuple(map(float, each)) for each in bits.values()]
    demand(len(set(every)) == len(every), "two designs give equal numbers: are they two?")
