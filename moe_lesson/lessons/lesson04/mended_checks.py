"""Examine the functions that a reader mended, after their test has been judged."""

import math

import torch

from moe_lesson.lessons.lesson04.fault_checks import routing_of
from moe_lesson.moe.routing import top_k
from moe_lesson.study.checks import called, demand, near, no_mistake, rounded, tensor_of


def mended_noise(route):
    """Examine ``route(logits_TE, scale_TE, k, generator=None)``: silent when asked, else loud.

    Raises:
        AssertionError: with what is wrong, in words.

    >>> mended_noise(lambda logits_TE, scale_TE, k, generator=None: top_k(logits_TE, k))
    Traceback (most recent call last):
    AssertionError: with a generator nothing is added: training lost its noise too

    Lesson 4.
    """
    logits_TE, scale_TE = torch.tensor([[2.0, 1.0, 0.0]]), torch.zeros(1, 3)
    silence = {"when": "no generator", "hint": "`generator=None` in the first line"}
    quiet = [routing_of(called(route, logits_TE, scale_TE, 2, **silence), 1) for _ in range(3)]
    changed = [not torch.equal(each.logits_TE, logits_TE) for each in quiet]
    demand(not any(changed), "without a generator your scores change: there must be no noise")
    weight = quiet[0].weight_TK[0]
    demand(
        near(weight, [0.7311, 0.2689]),
        f"scores 2 and 1 are kept: they weigh 0.7311 and 0.2689, not {rounded(weight)}",
    )
    kept = route(logits_TE, scale_TE, 1).expert_TK.shape[1]
    demand(kept == 1, f"k is 1: you keep {kept}")
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
    noise_TE = loud[1].logits_TE
    sizes = [each.logits_TE.std().item() for each in loud]
    demand(max(sizes) > 0, "with a generator nothing is added: training lost its noise too")
    alike = noise_TE.std(1).max() == 0, noise_TE.std(0).max() == 0
    demand(not alike[0], "the experts of a token get one same noise: draw T x E numbers")
    demand(not alike[1], "all tokens get the same noise: draw T x E numbers")
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
    chosen = torch.equal(loud[1].expert_TK[:, 0], noise_TE.argmax(-1))
    demand(chosen, "the scores are noisy, the choice is not: choose after the noise")


def mended_loss(loss):
    """Examine ``loss(routing)``: its value, its votes, its gradient.

    Raises:
        AssertionError: with what is wrong, in words.

    >>> mended_loss(lambda routing: routing.logits_TE.sum() * 0 + 3.2)
    Traceback (most recent call last):
    AssertionError: p = 3/4 1/4, 3/5 2/5, 9/20 11/20: your loss is 3.2000. It is T times too \
large: P is a mean, f a share

    Lesson 4.
    """
    odds = torch.tensor([[3.0, 1.0], [0.6, 0.4], [0.45, 0.55]], dtype=torch.float64)
    logits_TE = odds.log().requires_grad_()
    routing = top_k(logits_TE, k=1)
    hint = "the mean is over tokens, axis 0; the softmax over experts"
    given = called(loss, routing, when="three tokens, two experts", hint=hint)
    found = tensor_of(given, (), "the loss")
    said = f"p = 3/4 1/4, 3/5 2/5, 9/20 11/20: your loss is {found:.4f}. "
    right = torch.tensor(2 * (2 / 3 * 0.6 + 1 / 3 * 0.4), dtype=torch.float64)
    counts = torch.tensor(2 * (4 / 9 + 1 / 9), dtype=torch.float64)
    still = "still masked" if given.requires_grad else "f times f, and a count has no slope"
    no_mistake(found, _wrong_losses(logits_TE, right) | {f"That is {still}": counts}, said)
    demand(near(found, right), said + "It must be 2 * (2/3 * 0.6 + 1/3 * 0.4) = 1.0667")
    even = tensor_of(loss(top_k(-torch.eye(4, dtype=torch.float64), k=3)), (), "the loss").item()
    demand(
        near(even, 1),
        f"4 experts, top-3, an even router: {even:.4f}. Votes of 1/3 each make it 1",
    )
    demand(given.requires_grad, "the value is right, but cut from the graph: nothing is learned")
    (slope_TE,) = torch.autograd.grad(given, logits_TE)
    demand(
        near(slope_TE[0], [1 / 24, -1 / 24]),
        f"token 0's slopes are {rounded(slope_TE[0])}: they must be 2 / 3 * p * (f - 7/12), "
        "0.0417 and -0.0417",
    )


def _wrong_losses(logits_TE, right):
    """Say of each likely mistake what it comes to on these scores, of which 2/3 choose expert 0."""
    share_E = torch.tensor([2 / 3, 1 / 3], dtype=torch.float64)
    prob_TE, over_TE = logits_TE.detach().softmax(-1), logits_TE.detach().softmax(0)
    return {
        "E is missing": right / 2,
        "It is T times too large: P is a mean, f a share": 3 * right,
        "The softmax runs over tokens: over experts, dim -1": 2 * (share_E * over_TE.mean(0)).sum(),
        "P times P: one factor must be the count": 2 * prob_TE.mean(0).square().sum(),
    }


def mended_load(estimate):
    """Examine ``estimate(clean_TE, noisy_TE, scale_TE, k)``: chances that can be looked up.

    Raises:
        AssertionError: with what is wrong, in words.

    >>> mended_load(lambda clean_TE, noisy_TE, scale_TE, k: 0 * clean_TE.sum(0) + 0.5)
    Traceback (most recent call last):
    AssertionError: three tokens, two scores 0, k = 1: your load is [0.5, 0.5]. That is a mean \
over tokens: sum their chances

    Lesson 4.
    """

    def loads(clean, noisy, k=1, scale=0.0):
        clean_TE, noisy_TE = (torch.tensor(x, dtype=torch.float64) for x in (clean, noisy))
        scale_TE = torch.full_like(clean_TE, scale)
        when, hint = f"{len(clean)} tokens, k = {k}", "rival_TE needs its axis K"
        given = called(estimate, clean_TE, noisy_TE, scale_TE, k, when=when, hint=hint)
        return tensor_of(given, (clean_TE.shape[1],), "the load")

    none = [[0.0, 0.0]] * 3
    found = loads(none, none)
    said = f"three tokens, two scores 0, k = 1: your load is {rounded(found)}. "
    wrong = {
        "The threshold is still a probability": [3 * 0.23534] * 2,
        "Now the scores are probabilities": [3 * 0.76466] * 2,
        "That is a mean over tokens: sum their chances": [0.5] * 2,
    }
    no_mistake(found, wrong, said)
    demand(near(found, [1.5, 1.5]), said + "It must be 1.5 and 1.5")
    found = loads([[5.0, 5.0]], [[5.0, 5.0]])
    demand(near(found, [0.5, 0.5]), f"two scores 5: {rounded(found)}. Only differences count")
    _examine_chances(loads)


def _examine_chances(loads):
    """Compare single chances with those of a normal draw, for other scales and k = 2."""
    found = loads([[1.0, 0.0]], [[1.0, 0.0]])
    said = f"scores 1 and 0, k = 1: your load is {rounded(found)}. "
    wrong = {
        "The best must beat the runner-up, not itself": [0.5, 0.0746],
        "An expert that is not chosen must beat the best, not itself": [0.9254, 0.5],
        "The noise's sd is softplus of the scale: ln 2 here": [0.5 + 0.3413, 0.1587],
        "The noise is normal: ndtr, not a sigmoid": [0.8089, 0.1911],
    }
    no_mistake(found, wrong, said, 1e-3)
    demand(near(found, [0.9254, 0.0746], 1e-3), said + "It must be 0.9254 and 0.0746")
    found = loads([[0.0, 0.0]], [[1.0, 0.0]])
    demand(
        near(found, [0.5, 0.0746], 1e-3),
        f"clean scores 0 and 0, noisy 1 and 0: {rounded(found)} must be 0.5 and 0.0746. Fresh "
        "noise is added to the clean score",
    )
    found = loads([[1.0, 0.0]], [[1.0, 0.0]], scale=2.0)
    demand(
        near(found, [0.6807, 0.3193], 1e-3),
        f"the same with scale 2: {rounded(found)} must be 0.6807 and 0.3193. Use the scale",
    )
    found = loads([[2.0, 1.0, 0.0]], [[2.0, 1.0, 0.0]], k=2)
    demand(
        near(found, [0.998, 0.9254, 0.0746], 1e-3),
        f"scores 2, 1, 0 and k = 2: {rounded(found)} must be 0.998, 0.9254, 0.0746. Use k",
    )


def mended_weight(route):
    """Examine ``route(logits_TE)``: one expert a token, and a weight that can move.

    Raises:
        AssertionError: with what is wrong, in words.

    >>> mended_weight(lambda logits_TE: top_k(logits_TE, k=1))
    Traceback (most recent call last):
    AssertionError: p = 1/4 3/4, 3/5 2/5, 1/10 9/10: your weights are [1.0, 1.0, 1.0]. They are \
still divided by themselves

    Lesson 4.
    """
    odds = torch.tensor([[0.25, 0.75], [0.6, 0.4], [0.1, 0.9]], dtype=torch.float64)
    logits_TE = odds.log().requires_grad_()
    given = called(route, logits_TE, when="three tokens", hint="topk(1) keeps the axis K")
    given = routing_of(given, 3)
    found = tensor_of(given.weight_TK, (3, 1), "the weight")
    said = f"p = 1/4 3/4, 3/5 2/5, 1/10 9/10: your weights are {rounded(found.flatten())}. "
    best = logits_TE.detach().max(-1, keepdim=True).values
    right = odds.max(-1, keepdim=True).values
    wrong = {
        "They are still divided by themselves": torch.ones_like(found),
        "These are the other expert's": 1 - right,
        "These are scores, not probabilities": best,
        "A sigmoid is not the softmax: its weights know nothing of the rival": best.sigmoid(),
        "The softmax runs over tokens: over experts, dim -1": logits_TE.detach()
        .softmax(0)
        .gather(-1, given.expert_TK),
    }
    no_mistake(found, wrong, said)
    demand(near(found, right), said + "Each must be the probability of the chosen expert")
    chosen = given.expert_TK.flatten().tolist()
    demand(chosen == [1, 0, 1], f"{said}Experts 1, 0, 1 are chosen, not {chosen}")
    demand(given.weight_TK.requires_grad, "the weight is right, but cut from the graph")
    (slope_TE,) = torch.autograd.grad(given.weight_TK.sum(), logits_TE)
    demand(
        near(slope_TE[0], [-3 / 16, 3 / 16]),
        f"token 0's slopes are {rounded(slope_TE[0])}, not p (1 - p)",
    )


def mended_bias(update):
    """Examine ``update(bias_E, count_E, rate)``: a new bias, one rate up or down.

    Raises:
        AssertionError: with what is wrong, in words.

    >>> mended_bias(lambda bias_E, count_E, rate: bias_E)
    Traceback (most recent call last):
    AssertionError: bias 1 1 1 1, visits 9 5 3 3, rate 0.5: you give [1.0, 1.0, 1.0, 1.0]. It must \
be [0.5, 1.0, 1.5, 1.5]

    Lesson 4.
    """
    bias_E, count_E = torch.tensor([1.0, 1.0, 1.0, 1.0]), torch.tensor([9, 5, 3, 3])
    hint = "counts are whole numbers: make them floats"
    given = called(update, bias_E, count_E, 0.5, when="visits 9 5 3 3", hint=hint)
    found = tensor_of(given, (4,), "the bias")
    said = f"bias 1 1 1 1, visits 9 5 3 3, rate 0.5: you give {rounded(found)}. "
    kept = bias_E.tolist() == [1, 1, 1, 1] and count_E.tolist() == [9, 5, 3, 3]
    demand(kept, "you changed what was handed to you: return a new bias")
    wrong = {
        "The busy expert still goes up": [1.5, 1.0, 0.5, 0.5],
        "Take the sign: every step is one rate": [-1.0, 1.0, 2.0, 2.0],
        "The old bias is lost": [-0.5, 0, 0.5, 0.5],
        "Compare with the mean, here 5, not with 0": [0.5] * 4,
        "Compare with the mean, here 5, not with the busiest": [1, 1.5, 1.5, 1.5],
        "Compare with the mean, here 5, not with the middle one": [0.5, 0.5, 1, 1],
        "The rate is missing": [0, 1, 2, 2],
    }
    no_mistake(found, wrong, said)
    demand(near(found, [0.5, 1.0, 1.5, 1.5]), said + "It must be [0.5, 1.0, 1.5, 1.5]")
