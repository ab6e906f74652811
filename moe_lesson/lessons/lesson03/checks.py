"""Check the exercises of lesson 03: importance, noise, loads, rows, two levels, bits stored."""

import math

import torch

from moe_lesson.moe.routing import Routing
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

CUT = "the numbers are right, but cut from the graph: nothing is learned"


def _compare(found, wanted, said, mistakes):
    """Name the mistake if the numbers are those of one, then demand the right ones."""
    for reason, numbers in mistakes.items():
        demand(not near(found, numbers, 1e-3), said + reason)
    demand(near(found, wanted, 1e-3), said + f"It must be {wanted}")


@exercise("weights are summed, not visits, and the sum has a gradient.")
def importance(answer):
    """Check ``answer(routing)``: the weights that each expert received, summed over tokens.

    >>> from moe_lesson.moe.balance import importance as ours
    >>> importance(ours)
    correct: weights are summed, not visits, and the sum has a gradient.

    Lesson 3.
    """
    odds = torch.tensor([[6, 2, 1, 1], [4, 1, 4, 1], [6, 2, 1, 1]], dtype=torch.float64)
    weight_TK = torch.tensor([[0.75, 0.25], [0.5, 0.5], [0.75, 0.25]], requires_grad=True)
    three = Routing(odds.log(), weight_TK, torch.tensor([[0, 1], [0, 2], [0, 1]]))
    given = _without_crash(answer, three, "3 tokens, 2 visits each, 4 experts")
    found = tensor_of(given, (4,), "the importance")
    said = "weights 0.75 0.25 | 0.5 0.5 | 0.75 0.25 go to experts 0 1 | 0 2 | 0 1: "
    said += f"you give {rounded(found)}. "
    mistakes = {
        "These are visits: sum the weights": [3, 2, 1, 0],
        "These are shares of visits: sum the weights": [1 / 2, 1 / 3, 1 / 6, 0],
        "A sum is divided by nothing": [2 / 3, 1 / 6, 1 / 6, 0],
        "Second choices count too": [2, 0, 0, 0],
        "Who is not visited gets nothing": [1.6, 0.5, 0.6, 0.3],
        "Of first choices visits were counted": [3, 0, 0, 0],
        "A mean over an expert's visits hides how many there were": [2 / 3, 0.25, 0.5, 0],
        "Squares are for the CV: sum the weights as they are": [1.375, 0.125, 0.25, 0],
        "Values were flattened in another order than places": [2, 0.75, 0.25, 0],
    }
    last = found[0] in (0.5, 0.75) and near(found[1:], [0.25, 0.5, 0])
    demand(not last, said + "Where a number repeats, one weight was kept: use index_add")
    _compare(found, [2, 0.5, 0.5, 0], said, mistakes)
    demand(given.requires_grad, CUT)
    weight_TK, expert_TK = torch.tensor([[1.0, 0.0]]), torch.tensor([[1, 4]])
    gap = Routing(torch.zeros(1, 4), weight_TK, expert_TK, has_unfilled=True)
    said = "expert 4 of 4 means no visit: "
    found = tensor_of(
        _without_crash(answer, gap, f"{said}make room for it"), (4,), "the importance"
    )
    demand(near(found, [0, 1, 0, 0]), f"{said}you give {rounded(found)}")
    wide = Routing(torch.zeros(1, 7), torch.ones(1, 1), torch.tensor([[6]]))
    found = tensor_of(_without_crash(answer, wide, "1 visit, 7 experts"), (7,), "for 7 experts it")
    demand(found[6] == 1, f"expert 6 of 7 has weight 1: you give {rounded(found)}")


def _without_crash(answer, routing, about):
    """Ask for an answer; a wrong index is the reader's mistake, said in words."""
    try:
        return answer(routing)
    except (IndexError, RuntimeError) as error:
        raise AssertionError(f"{about}: your function stops with: {error}") from None


@exercise("every score has noise of its own, as wide as its own scale says.")
def noisy_scores(answer):
    """Check ``answer(logits_TE, scale_TE, generator)``: scores with noise, Shazeer's eq. 4.

    >>> def ours(logits_TE, scale_TE, generator):
    ...     noise_TE = torch.randn(logits_TE.shape, generator=generator)
    ...     return logits_TE + noise_TE * torch.nn.functional.softplus(scale_TE)
    >>> noisy_scores(ours)
    correct: every score has noise of its own, as wide as its own scale says.

    Lesson 3.
    """
    logits_TE = torch.tensor([[3.0, 0.0, -3.0]]).repeat(4000, 1)
    scale_TE = torch.tensor([[0.0, math.log(math.e - 1), -20.0]]).expand(4000, -1).contiguous()

    def noise(seed):
        clean_TE = logits_TE.clone()
        given = answer(clean_TE, scale_TE.clone(), torch.Generator().manual_seed(seed))
        found = tensor_of(given, (4000, 3), "the noisy scores") - logits_TE.double()
        demand(torch.equal(clean_TE, logits_TE), "logits_TE itself was changed: make a new tensor")
        return found

    found = noise(seed=0)
    spread, middle = found.std(0), found.mean(0)
    said = f"4000 equal tokens, scales 0, 0.5413 and -20: your noise has sd {rounded(spread)}. "
    demand(found.abs().max() > 1e-3, said + "No score is moved at all")
    demand(spread.max() > 1e-3, said + "All tokens share a draw: give each its own")
    shared = near(found[:, 0] / math.log(2), found[:, 1], 1e-3)
    demand(not shared, said + "One draw a token moves all of its scores together")
    mistakes = {
        "The width comes from the scale, not from the score": [3.0486, 0.6931, 0.0486],
        "A width is ln(1 + e^a), not e^a": [1, 1.7183, 0],
        "A width is ln(1 + e^a), not a sigmoid": [0.5, 0.6321, 0],
        "Noise is added to a score, it does not multiply it": [2.0794, 0, 0],
        "Noise comes once": [0.9803, 1.4142, 0],
    }
    for reason, numbers in mistakes.items():
        demand(not near(spread, numbers, 0.05), said + reason)
    demand(spread[0] > 0.01, said + "None at scale 0: the softplus is missing")
    demand(
        near(spread, [math.log(2), 1, 0], 0.05),
        said + "It must be softplus of the scale, 0.6931, 1 and 0",
    )
    demand(middle.abs().max() < 0.1, said + f"Its mean is {rounded(middle)}, not 0: use randn")
    demand(torch.equal(found, noise(seed=0)), "one seed gives two results: use the generator")
    demand(not torch.equal(found, noise(seed=1)), "two seeds give one result: use the generator")


@exercise("each expert against the best of the others, with fresh noise, and with a slope.")
def smooth_load(answer):
    """Check ``answer(clean_TE, noisy_TE, scale_TE, k)``: the chances of being chosen, summed.

    >>> from moe_lesson.moe.balance import smooth_load as ours
    >>> smooth_load(ours)
    correct: each expert against the best of the others, with fresh noise, and with a slope.

    Lesson 3.
    """
    clean_TE = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    noisy_TE = torch.tensor([[2.0, 1.0, 0.0]], dtype=torch.float64)
    scale_TE = _scale_of(1, clean_TE).requires_grad_()
    given = answer(clean_TE, noisy_TE, scale_TE, 1)
    found = tensor_of(given, (3,), "the load")
    said = f"clean scores 0 0 0, noisy 2 1 0, sd 1, k = 1: you give {rounded(found)}. "
    mistakes = {
        "The score to beat is among the others: expert 0 beats 1, not its own 2": [0.0228] * 3,
        "Only expert 0 beats the runner-up 1; the others must beat 2": [0.1587] * 3,
        "Fresh noise goes on the clean score": [0.8413, 0.1587, 0.0228],
        "The sign is turned: these are chances to lose": [0.8413, 0.9772, 0.9772],
        "The scores to beat are noisy": [0.5] * 3,
        "The sd is softplus of the scale": [0.0324, 0.0001, 0.0001],
        "The noise is normal: ndtr, not a sigmoid": [0.2689, 0.1192, 0.1192],
        "These are visits: they have no slope": [1, 0, 0],
        "erf runs from -1 to 1, a chance from 0: use ndtr": [-0.8427, -0.9953, -0.9953],
    }
    _compare(found, [0.1587, 0.0228, 0.0228], said, mistakes)
    demand(given.requires_grad, CUT)
    both = torch.autograd.grad(given.sum(), (clean_TE, scale_TE), allow_unused=True)
    _demand_slope(both[0], [[0.242, 0.054, 0.054]], "clean_TE")
    _two_visits(answer)
    _demand_slope(both[1], [[0.153, 0.0683, 0.0683]], "scale_TE")


def _demand_slope(slope, wanted, name):
    demand(slope is not None, f"{name} was cut from the graph: nothing moves it")
    demand(near(slope, wanted, 1e-3), f"the slopes by {name} are {rounded(slope[0])}")


def _scale_of(spread, like):
    """Return the scale whose softplus is a standard deviation."""
    return torch.full_like(like, math.log(math.expm1(spread))).detach()


def _two_visits(answer):
    """Check two equal tokens with k = 2 and sd 2, then k = E."""
    clean_TE = torch.tensor([[4.0, 2, 0, -2]] * 2)
    noisy_TE = torch.tensor([[3.0, 5, 1, -1]] * 2)
    scale_TE = _scale_of(2, clean_TE)
    found = tensor_of(answer(clean_TE, noisy_TE, scale_TE, 2), (4,), "the load")
    said = (
        "two equal tokens, clean scores 4 2 0 -2, noisy 3 5 1 -1, sd 2, k = 2: you give "
        f"{rounded(found)}. "
    )
    mistakes = {
        "This is the mean over tokens: sum": [0.9332, 0.6915, 0.0668, 0.0062],
        "Divide by the sd, do not multiply": [2, 1.9545, 0, 0],
        "The sd is not used": [1.9973, 1.6827, 0.0027, 0],
        "Softplus gives an sd, no variance: divide by it once": [1.5467, 1.1974, 0.4533, 0.2113],
        "Softplus gives an sd, no variance: no root": [1.9661, 1.5205, 0.0339, 0.0004],
        "With two places the second of the others is to beat": [0.6171, 0.6171, 0.0124, 0.0005],
    }
    _compare(found, [1.8664, 1.3829, 0.1336, 0.0124], said, mistakes)
    turned = [torch.stack([part[0], part[1].flip(0)]) for part in (clean_TE, noisy_TE, scale_TE)]
    found = tensor_of(answer(*turned, 2), (4,), "the load")
    said = f"a token, and the same with experts in reverse: you give {rounded(found)}. "
    demand(near(found, [0.9394, 0.7583, 0.7583, 0.9394]), said + "Each token has its own rivals")
    try:
        found = tensor_of(answer(clean_TE, noisy_TE, scale_TE, 4), (4,), "the load")
    except (IndexError, RuntimeError) as error:
        raise AssertionError(f"k = E: nobody has a rival; your function stops: {error}") from None
    demand(near(found, [2] * 4), f"k = E: all are chosen by both tokens, not {rounded(found)}")


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
    _compare(found, 120, said, mistakes)
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
    _compare(expert[0], [0, 1, 7, 8], said, mistakes)
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
    _compare(weight[0], [0.3, 0.45, 0.125, 0.125], said, mistakes)
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
    for reason, number in mistakes.items():
        demand(not near(found, number, 1e-3), said + reason)
    demand(near(found, 0.7004, 1e-3), said + "It must be 0.7004")
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
