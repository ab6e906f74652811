"""Check the exercises of lesson 03 on the router: importance, noise, the estimated load."""

import math

import torch

from moe_lesson.moe.routing import Routing
from moe_lesson.study.checks import (
    called,
    demand,
    exercise,
    near,
    no_mistake,
    rounded,
    tensor_of,
)

CUT = "the numbers are right, but cut from the graph: nothing is learned"


def compare(found, wanted, said, mistakes):
    """Name the mistake if the numbers are those of one, then demand the right ones.

    >>> compare(torch.tensor([2.0]), [2], "You give 2. ", {"It is doubled": [4]})

    Lesson 3.
    """
    no_mistake(found, mistakes, said, 1e-3)
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
    given = called(answer, three, when="3 tokens, 2 visits each, 4 experts")
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
    compare(found, [2, 0.5, 0.5, 0], said, mistakes)
    demand(given.requires_grad, CUT)
    _other_routings(answer)


def _other_routings(answer):
    """Check a place that nobody fills, and another number of experts."""
    weight_TK, expert_TK = torch.tensor([[1.0, 0.0]]), torch.tensor([[1, 4]])
    gap = Routing(torch.zeros(1, 4), weight_TK, expert_TK, has_unfilled=True)
    said = "expert 4 of 4 means no visit: "
    given = called(answer, gap, when=f"{said}make room for it")
    found = tensor_of(given, (4,), "the importance")
    demand(near(found, [0, 1, 0, 0]), f"{said}you give {rounded(found)}")
    wide = Routing(torch.zeros(1, 7), torch.ones(1, 1), torch.tensor([[6]]))
    given = called(answer, wide, when="1 visit, 7 experts")
    found = tensor_of(given, (7,), "for 7 experts it")
    demand(found[6] == 1, f"expert 6 of 7 has weight 1: you give {rounded(found)}")


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
    _demand_spread(spread, said, mistakes)
    demand(middle.abs().max() < 0.1, said + f"Its mean is {rounded(middle)}, not 0: use randn")
    demand(torch.equal(found, noise(seed=0)), "one seed gives two results: use the generator")
    demand(not torch.equal(found, noise(seed=1)), "two seeds give one result: use the generator")


def _demand_spread(spread, said, mistakes):
    no_mistake(spread, mistakes, said, 0.05)
    demand(spread[0] > 0.01, said + "None at scale 0: the softplus is missing")
    demand(
        near(spread, [math.log(2), 1, 0], 0.05),
        said + "It must be softplus of the scale, 0.6931, 1 and 0",
    )


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
    compare(found, [0.1587, 0.0228, 0.0228], said, mistakes)
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
    compare(found, [1.8664, 1.3829, 0.1336, 0.0124], said, mistakes)
    turned = [torch.stack([part[0], part[1].flip(0)]) for part in (clean_TE, noisy_TE, scale_TE)]
    found = tensor_of(answer(*turned, 2), (4,), "the load")
    said = f"a token, and the same with experts in reverse: you give {rounded(found)}. "
    demand(near(found, [0.9394, 0.7583, 0.7583, 0.9394]), said + "Each token has its own rivals")
    try:
        found = tensor_of(answer(clean_TE, noisy_TE, scale_TE, 4), (4,), "the load")
    except (IndexError, RuntimeError) as error:
        raise AssertionError(f"k = E: nobody has a rival; your function stops: {error}") from None
    demand(near(found, [2] * 4), f"k = E: all are chosen by both tokens, not {rounded(found)}")
