"""Check the exercises of lesson 04: a gradient, five faults with their tests, a remedy."""

import math
from statistics import fmean

import torch

from moe_lesson.lessons.lesson04 import fault_checks
from moe_lesson.lessons.lesson04.fault_checks import judge
from moe_lesson.lessons.lesson04.mended_checks import (
    mended_bias,
    mended_load,
    mended_loss,
    mended_noise,
    mended_weight,
)
from moe_lesson.study.checks import (
    called,
    comparison,
    demand,
    exercise,
    near,
    no_mistake,
    number_of,
    rounded,
    settings_of,
    tensor_of,
)


@exercise("scores of crowded experts are pushed down, and every row sums to 0.")
def score_gradient(answer):
    """Check ``answer(prob_TE, share_E)``: the slope of E * sum of f_e P_e at each score.

    >>> def ours(prob_TE, share_E):
    ...     T, E = prob_TE.shape
    ...     mean = (prob_TE * share_E).sum(-1, keepdim=True)
    ...     return E / T * prob_TE * (share_E - mean)
    >>> score_gradient(ours)
    correct: scores of crowded experts are pushed down, and every row sums to 0.

    Lesson 4.
    """
    probs = [[0.5, 0.25, 0.125, 0.125], [0.25] * 4, [1.0, 0, 0, 0]]
    prob_TE = torch.tensor(probs, dtype=torch.float64)
    share_E = torch.tensor([0.75, 0.25, 0, 0], dtype=torch.float64)
    when, hint = "three tokens, four experts", "keepdim=True in the sum over j"
    given = called(answer, prob_TE.clone(), share_E.clone(), when=when, hint=hint)
    found = tensor_of(given, (3, 4), "the gradient")
    said = f"three tokens, the second even, loads 3/4 1/4 0 0: there you give {rounded(found[1])}. "
    wrong = _wrong_gradients(prob_TE, share_E)
    wanted = wrong.pop("")
    no_mistake(found, wrong, said)
    demand(near(found, wanted), said + "It must be 4 / 3 * 0.25 * (f - 0.25)")
    _nudge(answer)


def _wrong_gradients(prob_TE, share_E):
    """Say of each likely mistake what it comes to; the right gradient has no name."""
    T, E = prob_TE.shape
    free_TE = share_E - (prob_TE * share_E).sum(-1, keepdim=True)
    right_TE = E / T * prob_TE * free_TE
    plain_E, down_E = share_E - share_E.mean(), share_E - (prob_TE * share_E).sum(0)
    return {
        "": right_TE,
        "P is a mean over T tokens: divide by T": T * right_TE,
        "The loss is E times the sum: E is missing": right_TE / E,
        "E stands above and T below: you have T / E": right_TE * (T / E) ** 2,
        "The sign is turned: descent takes the minus": -right_TE,
        "Softmax ties scores: subtract the mean": E / T * prob_TE * share_E,
        "The factor p is missing": E / T * free_TE,
        "One p too many": right_TE * prob_TE,
        "Right, but token 0: weigh the mean of f by its own p": E / T * prob_TE * plain_E,
        "You sum over the tokens; the sum over j is over experts": E / T * prob_TE * down_E,
        "That is p (1 - p): a score moves the others' probabilities too": E
        / T
        * prob_TE
        * (1 - prob_TE)
        * share_E,
    }


def _nudge(answer):
    """Compare with what a small change of one score does to the loss, loads held fixed."""
    draw = torch.Generator().manual_seed(0)
    logits_TE = torch.randn(3, 5, dtype=torch.float64, generator=draw)
    share_E = torch.tensor([0.1, 0.5, 0.2, 0, 0.2], dtype=torch.float64)
    nudge_TE = torch.zeros_like(logits_TE)
    nudge_TE[1, 2] = 1e-5
    up, down = ((logits_TE + n).softmax(-1).mean(0) @ share_E * 5 for n in (nudge_TE, -nudge_TE))
    slope = ((up - down) / 2e-5).item()
    found = tensor_of(answer(logits_TE.softmax(-1), share_E), (3, 5), "the gradient")[1, 2].item()
    said = f"3 tokens, 5 experts: nudging a score changes the loss by {slope:.4f}, not {found:.4f}"
    fixed = near(found, slope * 4 / 5) or near(found, slope * 4 / 3)
    demand(not fixed, said + ". Read T and E from the shape: yours are those of 4 experts")
    demand(near(found, slope), said)


@exercise(
    "your test knows noise in evaluation by its symptom, and your router learned silence.",
    asserts=True,
)
def noise_in_evaluation(test, route):
    """Check a reader's test and mended ``route(logits_TE, scale_TE, k, generator=None)``.

    >>> from moe_lesson.moe.routing import noisy_top_k
    >>> def test_noise(route):
    ...     x_TE = torch.zeros(1, 2)
    ...     assert torch.equal(route(x_TE, x_TE, 1).logits_TE, x_TE)
    >>> noise_in_evaluation(test_noise, noisy_top_k)
    correct: your test knows noise in evaluation by its symptom, and your router learned silence.

    Lesson 4.
    """
    judge(test, route, fault_checks.NOISE, mended_noise)


@exercise(
    "your test tells the masked loss from a right one, and yours moves scores for k = 1 too.",
    asserts=True,
)
def masked_probabilities(test, loss):
    """Check a reader's test and mended ``loss(routing)``.

    >>> from moe_lesson.moe.balance import switch_loss
    >>> from moe_lesson.moe.routing import top_k
    >>> def test_gradient(loss):
    ...     logits_TE = torch.tensor([[1.0, 0.0]], requires_grad=True)
    ...     loss(top_k(logits_TE, k=1)).backward()
    ...     assert logits_TE.grad.abs().max() > 0.1
    >>> masked_probabilities(test_gradient, switch_loss)
    correct: your test tells the masked loss from a right one, and yours moves scores for k = 1 too.

    Lesson 4.
    """
    judge(test, loss, fault_checks.MASKED, mended_loss)


@exercise("your test measures that chances add up, and scores meet scores again.", asserts=True)
def load_of_probabilities(test, estimate):
    """Check a reader's test and mended ``estimate(clean_TE, noisy_TE, scale_TE, k)``.

    >>> from moe_lesson.moe.balance import smooth_load
    >>> def test_sum(estimate):
    ...     x_TE = torch.zeros(3, 2)
    ...     assert abs(estimate(x_TE, x_TE, x_TE, 1).sum() - 3) < 1e-3
    >>> load_of_probabilities(test_sum, smooth_load)
    correct: your test measures that chances add up, and scores meet scores again.

    Lesson 4.
    """
    judge(test, estimate, fault_checks.LOAD, mended_load)


@exercise(
    "your test asks what the output teaches the router, and your weight answers.", asserts=True
)
def weight_of_one(test, route):
    """Check a reader's test and mended ``route(logits_TE)``.

    >>> from moe_lesson.moe.routing import switch
    >>> def test_slope(route):
    ...     logits_TE = torch.tensor([[1.0, 0.0]], requires_grad=True)
    ...     route(logits_TE).weight_TK.sum().backward()
    ...     assert logits_TE.grad.abs().max() > 0.1
    >>> weight_of_one(test_slope, switch)
    correct: your test asks what the output teaches the router, and your weight answers.

    Lesson 4.
    """
    judge(test, route, fault_checks.WEIGHT, mended_weight)


@exercise("your test knows which way is down, and so does your bias.", asserts=True)
def fed_bias(test, update):
    """Check a reader's test and mended ``update(bias_E, count_E, rate)``.

    >>> from moe_lesson.moe.balance import update_bias
    >>> def test_busy(update):
    ...     assert update(torch.zeros(2), torch.tensor([9, 1]), 0.5)[0] < 0
    >>> fed_bias(test_busy, update_bias)
    correct: your test knows which way is down, and so does your bias.

    Lesson 4.
    """
    judge(test, update, fault_checks.BIAS, mended_bias)


@exercise("loss and balance side by side, three seeds each: now anybody sees what it costs.")
def own_remedy(answer):
    """Check ``answer()``: name -> [(loss, busiest over mean)], a pair for each of 3 seeds.

    >>> none, mine = [(2.0, 4.0), (2.1, 4.0), (2.2, 4.0)], [(2.1, 1.5), (2.3, 1.5), (2.2, 1.5)]
    >>> own_remedy(lambda: {"none": none, "mine": mine})
    mine minus none: 0.1 of loss; runs of one setting differ by up to 0.2
    the busiest expert has 4.00 times the mean with none
    the busiest expert has 1.50 times the mean with mine
    correct: loss and balance side by side, three seeds each: now anybody sees what it costs.

    Lesson 4.
    """
    results, losses, busiest = settings_of(answer()), {}, {}
    have = ", ".join(map(str, results))
    demand("none" in results, f"you have {have}: call the runs without any remedy 'none'")
    for name in sorted(results, key="none".__ne__):
        losses[name], busiest[name] = zip(*(_pair(name, pair) for pair in results[name]))
        least = min(busiest[name])
        demand(least > 0.999, f"{name}: the busiest cannot have {least:.2f} means")
        alike = len(losses[name]) > 1 and len(set(losses[name])) == 1
        demand(not alike, f"{name}: all runs have the same loss: are their seeds different?")
    comparison(losses, "of loss", seeds=3, between=(0, math.inf))
    for name, runs in busiest.items():
        print(f"the busiest expert has {fmean(runs):.2f} times the mean with {name}")


def _pair(name, pair):
    """Demand two numbers: the loss, then how busy the busiest is."""
    given = list(pair) if isinstance(pair, tuple | list) else [pair]
    demand(len(given) == 2, f"{name}: a pair for each seed, loss first, not {pair}")
    return [number_of(each, f"a run of {name}", "it never arrived") for each in given]
