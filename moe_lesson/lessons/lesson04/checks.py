"""Check the exercises of lesson 04: a gradient, five faults with their tests, a remedy."""

import math
from statistics import fmean

import torch

from moe_lesson.lessons.lesson04 import fault_checks
from moe_lesson.lessons.lesson04.fault_checks import judge, routing_of
from moe_lesson.moe.routing import top_k
from moe_lesson.study.checks import (
    comparison,
    demand,
    exercise,
    near,
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
    prob_TE = torch.tensor([[0.5, 0.25, 0.125, 0.125], [0.25] * 4], dtype=torch.float64)
    share_E = torch.tensor([0.75, 0.25, 0, 0], dtype=torch.float64)
    wanted = torch.tensor([[0.625, -0.1875, -0.21875, -0.21875], [0.5, 0, -0.25, -0.25]]) / 2
    found = tensor_of(answer(prob_TE.clone(), share_E.clone()), (2, 4), "the gradient")
    said = f"two tokens, the second even, loads 3/4 1/4 0 0: there you give {rounded(found[1])}. "
    demand(not near(found, 2 * wanted), said + "P is a mean over T tokens: divide by T")
    demand(not near(found, wanted / 4), said + "The loss is E times the sum: E is missing")
    demand(not near(found, -wanted), said + "The sign is turned: descent takes the minus")
    demand(not near(found, 2 * prob_TE * share_E), said + "Softmax ties scores: subtract the mean")
    demand(not near(found, wanted / prob_TE), said + "The factor p is missing")
    plain = 2 * prob_TE * (share_E - share_E.mean())
    demand(not near(found, plain), said + "Right, but token 0: weigh the mean of f by its own p")
    demand(near(found, wanted), said + "It must be 4 / 2 * 0.25 * (f - 0.25)")
    _nudge(answer)


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
    demand(near(found, slope), f"nudging a score changes the loss by {slope:.4f}, not {found:.4f}")


@exercise("your test knows noise in evaluation by its symptom, and your router learned silence.")
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
    judge(test, route, fault_checks.NOISE, _examine_noise)


def _examine_noise(route):
    logits_TE, scale_TE = torch.tensor([[2.0, 1.0, 0.0]]), torch.zeros(1, 3)
    quiet = [routing_of(route(logits_TE, scale_TE, 2), 1) for _ in range(3)]
    changed = [not torch.equal(each.logits_TE, logits_TE) for each in quiet]
    demand(not any(changed), "without a generator your scores change: there must be no noise")
    weight = quiet[0].weight_TK[0]
    demand(
        near(weight, [0.7311, 0.2689]),
        f"scores 2 and 1 are kept: they weigh 0.7311 and 0.2689, not {rounded(weight)}",
    )
    _loudness(route)


def _loudness(route):
    """Demand noise of the learned size where there is a generator, and from it."""
    zero_TE = torch.zeros(4000, 3)
    loud, same = (
        [
            route(zero_TE, zero_TE + scale, 2, torch.Generator().manual_seed(1))
            for scale in (0.0, 2.0)
        ]
        for _ in range(2)
    )
    sizes = [each.logits_TE.std().item() for each in loud]
    demand(max(sizes) > 0, "with a generator nothing is added: training lost its noise too")
    wanted = [math.log(2), math.log(1 + math.e**2)]
    demand(
        near(sizes, wanted, 0.05),
        f"scales 0 and 2: your noise has sd {sizes[0]:.2f} and {sizes[1]:.2f}, softplus gives "
        f"{wanted[0]:.2f} and {wanted[1]:.2f}",
    )
    demand(
        torch.equal(loud[1].logits_TE, same[1].logits_TE),
        "the same seed gives other noise: draw from the generator you are given",
    )


@exercise("your test asks the router's gradient, and your loss has one for k = 1 too.")
def masked_probabilities(test, loss):
    """Check a reader's test and mended ``loss(routing)``.

    >>> from moe_lesson.moe.balance import switch_loss
    >>> def test_gradient(loss):
    ...     logits_TE = torch.tensor([[1.0, 0.0]], requires_grad=True)
    ...     loss(top_k(logits_TE, k=1)).backward()
    ...     assert logits_TE.grad.abs().max() > 0.1
    >>> masked_probabilities(test_gradient, switch_loss)
    correct: your test asks the router's gradient, and your loss has one for k = 1 too.

    Lesson 4.
    """
    judge(test, loss, fault_checks.MASKED, _examine_loss)


def _examine_loss(loss):
    odds = torch.tensor([[3.0, 1.0]], dtype=torch.float64)
    logits_TE = odds.log().requires_grad_()
    given = loss(top_k(logits_TE, k=1))
    found = tensor_of(given, (), "the loss").item()
    said = f"one token, p = 3/4 and 1/4: your loss is {found:.4f}. "
    demand(not near(found, 2), said + "That is P = (1, 0): still masked")
    demand(not near(found, 0.75), said + "E is missing")
    demand(near(found, 1.5), said + "It must be 2 * (1 * 3/4 + 0 * 1/4) = 1.5")
    even = tensor_of(loss(top_k(-torch.eye(4, dtype=torch.float64), k=3)), (), "the loss").item()
    demand(
        near(even, 1),
        f"4 experts, top-3, an even router: {even:.4f}. Votes of 1/3 each make it 1",
    )
    demand(given.requires_grad, "the value is right, but cut from the graph: nothing is learned")
    (slope,) = torch.autograd.grad(given, logits_TE)
    demand(
        near(slope, [[0.375, -0.375]]),
        f"the slopes are {rounded(slope[0])}: they must be 2 * p * (f - 3/4), 0.375 and -0.375",
    )


@exercise("your test measures that shares add up, and scores meet scores again.")
def load_of_probabilities(test, estimate):
    """Check a reader's test and mended ``estimate(clean_TE, noisy_TE, scale_TE, k)``.

    >>> from moe_lesson.moe.balance import smooth_load
    >>> def test_sum(estimate):
    ...     x_TE = torch.zeros(3, 2)
    ...     assert abs(estimate(x_TE, x_TE, x_TE, 1).sum() - 3) < 1e-3
    >>> load_of_probabilities(test_sum, smooth_load)
    correct: your test measures that shares add up, and scores meet scores again.

    Lesson 4.
    """
    judge(test, estimate, fault_checks.LOAD, _examine_load)


def _examine_load(estimate):
    none_TE = torch.zeros(1, 2, dtype=torch.float64)

    def loads(clean, noisy):
        given = estimate(none_TE + torch.tensor(clean), none_TE + torch.tensor(noisy), none_TE, 1)
        return tensor_of(given, (2,), "the load")

    found = loads([0.0, 0.0], [0.0, 0.0])
    said = f"two scores 0, k = 1: your load is {rounded(found)}. "
    demand(not near(found, [0.2353] * 2, 1e-3), said + "The threshold is still a probability")
    demand(not near(found, [0.7647] * 2, 1e-3), said + "Now the scores are probabilities")
    demand(near(found, [0.5, 0.5]), said + "It must be 0.5 and 0.5")
    found = loads([5.0, 5.0], [5.0, 5.0])
    demand(near(found, [0.5, 0.5]), f"two scores 5: {rounded(found)}. Only differences count")
    found = loads([1.0, 0.0], [1.0, 0.0])
    said = f"scores 1 and 0, k = 1: your load is {rounded(found)}. "
    demand(not near(found[0], 0.5), said + "The best must beat the runner-up, not itself")
    demand(near(found, [0.9254, 0.0746], 1e-3), said + "It must be 0.9254 and 0.0746")
    found = loads([0.0, 0.0], [1.0, 0.0])
    demand(
        near(found, [0.5, 0.0746], 1e-3),
        f"clean scores 0 and 0, noisy 1 and 0: {rounded(found)} must be 0.5 and 0.0746. Fresh "
        "noise is added to the clean score",
    )


@exercise("your test asks what the output teaches the router, and your weight answers.")
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
    judge(test, route, fault_checks.WEIGHT, _examine_weight)


def _examine_weight(route):
    logits_TE = torch.tensor([[1.0, 3.0]], dtype=torch.float64).log().requires_grad_()
    given = routing_of(route(logits_TE), 1)
    found = tensor_of(given.weight_TK, (1, 1), "the weight").item()
    said = f"p = 1/4 and 3/4: your weight is {found:.4f}. "
    demand(not near(found, 1), said + "It is still divided by itself")
    demand(not near(found, 0.25), said + "That is the other expert's")
    demand(near(found, 0.75), said + "It must be the probability of the chosen one, 3/4")
    chosen = given.expert_TK.flatten().tolist()
    demand(chosen == [1], f"p = 1/4 and 3/4: expert 1 is chosen, not {chosen}")
    demand(given.weight_TK.requires_grad, "the weight is right, but cut from the graph")
    (slope,) = torch.autograd.grad(given.weight_TK.sum(), logits_TE)
    demand(near(slope, [[-3 / 16, 3 / 16]]), f"the slopes are {rounded(slope[0])}, not p (1 - p)")


@exercise("your test knows which way is down, and so does your bias.")
def fed_bias(test, update):
    """Check a reader's test and mended ``update(bias_E, count_E, rate)``.

    >>> from moe_lesson.moe.balance import update_bias
    >>> def test_busy(update):
    ...     assert update(torch.zeros(2), torch.tensor([9, 1]), 0.5)[0] < 0
    >>> fed_bias(test_busy, update_bias)
    correct: your test knows which way is down, and so does your bias.

    Lesson 4.
    """
    judge(test, update, fault_checks.BIAS, _examine_bias)


def _examine_bias(update):
    bias_E, count_E = torch.tensor([1.0, 1.0, 1.0]), torch.tensor([7, 3, 2])
    found = tensor_of(update(bias_E, count_E, 0.5), (3,), "the bias")
    said = f"bias 1 1 1, visits 7 3 2, rate 0.5: you give {rounded(found)}. "
    demand(bias_E.tolist() == [1, 1, 1], "you changed the bias that was handed to you")
    demand(not near(found, [1.5, 0.5, 0.5]), said + "The busy expert still goes up")
    demand(not near(found, [-0.5, 1.5, 2]), said + "Take the sign: every step is one rate")
    demand(not near(found, [-0.5, 0.5, 0.5]), said + "The old bias is lost")
    demand(not near(found, [0.5] * 3), said + "Compare with the mean, here 4, not with 0")
    demand(near(found, [0.5, 1.5, 1.5]), said + "It must be [0.5, 1.5, 1.5]")
    found = tensor_of(update(bias_E, torch.tensor([4, 4, 4]), 0.5), (3,), "the bias")
    demand(near(found, [1.0] * 3), f"even visits: {rounded(found)}. Nothing must move")


@exercise("loss and balance side by side, three seeds each: now anybody sees what it costs.")
def own_remedy(answer):
    """Check ``answer()``: name -> [(loss, busiest over mean)], a pair for each of 3 seeds.

    >>> own_remedy(lambda: {"none": [(2.0, 4.0)] * 3, "mine": [(2.1, 1.5)] * 2 + [(2.2, 1.5)]})
    mine minus none: 0.1333 of loss; runs of one setting differ by up to 0.1
    the busiest expert has 4.00 times the mean with none
    the busiest expert has 1.50 times the mean with mine
    correct: loss and balance side by side, three seeds each: now anybody sees what it costs.

    Lesson 4.
    """
    losses, busiest = {}, {}
    for name, pairs in settings_of(answer()).items():
        demand(all(len(pair) == 2 for pair in pairs), f"{name}: a pair for each seed, loss first")
        losses[name], busiest[name] = ([pair[i] for pair in pairs] for i in (0, 1))
        least = min(busiest[name], default=1.0)
        demand(least > 0.999, f"{name}: the busiest cannot have {least:.2f} means")
    comparison(losses, "of loss", seeds=3)
    for name, runs in busiest.items():
        print(f"the busiest expert has {fmean(runs):.2f} times the mean with {name}")
