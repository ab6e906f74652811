"""Judge a test that a reader wrote: it objects to a fault, however that is written.

Each exhibit of the museum stands here with its right version and a twin: the same fault in
other words and other numbers, so that a test of one number is told from a test of the symptom.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F

from moe_lesson.lessons.lesson04 import faults
from moe_lesson.moe import balance, routing
from moe_lesson.moe.routing import Routing
from moe_lesson.study.checks import NotAttempted, demand

RUNS = 10  # of a test on each function: what draws may be lucky


class Exhibit(NamedTuple):
    """Hold a fault of the faults, its right version and its twin.

    >>> BIAS.fault.__name__
    'feed_bias'

    Lesson 4.
    """

    right: Callable
    fault: Callable
    twin: Callable
    told: str  # what the twin does
    ask: str  # what a test should ask instead
    care: str  # why a test may object to the right version


def jittered(logits_TE, scale_TE, k, generator=None):
    """Route with a little noise of another kind, always: twin of ``always_noisy``.

    >>> x_TE = torch.zeros(1, 2)
    >>> bool(jittered(x_TE, x_TE, k=1).logits_TE.abs().max() > 0)
    True

    Lesson 4.
    """
    noise_TE = torch.empty_like(logits_TE).uniform_(-0.01, 0.01, generator=generator)
    return routing.top_k(logits_TE + noise_TE, k)


def masked_excess(chosen):
    """Mask after the softmax, and call an even router 0: twin of ``masked_loss``.

    >>> masked_excess(routing.top_k(torch.zeros(1, 2), k=1)).item()
    1.0

    Lesson 4.
    """
    prob_TE = chosen.logits_TE.softmax(-1)
    kept_TE = prob_TE * torch.zeros_like(prob_TE).scatter(-1, chosen.expert_TK, 1.0)
    prob_E = (kept_TE / kept_TE.sum(-1, keepdim=True)).mean(0)
    return len(prob_E) * (balance.load(chosen) * prob_E).sum() - 1


def turned_load(clean_TE, noisy_TE, scale_TE, k):
    """Compare probabilities with scores, not scores with them: twin of ``mixed_load``.

    >>> x_TE = torch.zeros(1, 2)
    >>> [round(x, 3) for x in turned_load(x_TE, x_TE, x_TE, k=1).tolist()]
    [0.765, 0.765]

    Lesson 4.
    """
    best_TK, expert_TK = noisy_TE.topk(k + 1)
    chosen_TE = torch.zeros_like(noisy_TE, dtype=torch.bool).scatter(1, expert_TK[:, :k], True)
    rival_TE = torch.where(chosen_TE, best_TK[:, k:], best_TK[:, k - 1 : k])
    return torch.special.ndtr((clean_TE.softmax(-1) - rival_TE) / F.softplus(scale_TE)).sum(0)


def scaled_switch(logits_TE):
    """Divide the renormalised weight by E, right for even scores: twin of ``sure_switch``.

    >>> scaled_switch(torch.zeros(1, 4)).weight_TK.item()
    0.25

    Lesson 4.
    """
    chosen = faults.sure_switch(logits_TE)
    return chosen._replace(weight_TK=chosen.weight_TK / logits_TE.shape[-1])


def feed_bias_more(bias_E, count_E, rate):
    """Move by the size of the overload, towards it: twin of ``feed_bias``.

    >>> feed_bias_more(torch.zeros(2), torch.tensor([9, 1]), rate=0.5).tolist()
    [2.0, -2.0]

    Lesson 4.
    """
    count_E = count_E.to(bias_E.dtype)
    return bias_E + rate * (count_E - count_E.mean())


NOISE = Exhibit(
    routing.noisy_top_k,
    faults.always_noisy,
    jittered,
    told="its noise is 0.01 and never off",
    ask="Noise so small seldom changes a choice: compare the scores",
    care="Without a generator it is silent, with one it is loud",
)
MASKED = Exhibit(
    balance.switch_loss,
    faults.masked_loss,
    masked_excess,
    told="it masks too, and subtracts 1",
    ask="Ask for the gradient, not for the fault's own number",
    care="Where the load is even it rightly has no gradient",
)
LOAD = Exhibit(
    balance.smooth_load,
    faults.mixed_load,
    turned_load,
    told="it has probabilities for the scores",
    ask="Ask from both sides, for too much and for too little",
    care="Of equal scores each chance is one half, T E / 2 in all: that is T k where E is 2 k",
)
WEIGHT = Exhibit(
    routing.switch,
    faults.sure_switch,
    scaled_switch,
    told="its weight is 1/E for every score",
    ask="Ask what a score changes, not for one weight",
    care="The right weight is the probability of the chosen expert",
)
BIAS = Exhibit(
    balance.update_bias,
    faults.feed_bias,
    feed_bias_more,
    told="it feeds the busy ones even more",
    ask="Ask which way a bias moves, not for the fault's own number",
    care="The busy expert goes down, the idle one up",
)


def judge(test, function, exhibit, examine):
    """Judge a reader's test on right and faulty functions, then the function they mended.

    Args:
        examine: called with the reader's function; says what is wrong with it.

    Raises:
        NotAttempted: neither the test nor the function was begun.
        AssertionError: the test or the function is not right yet.

    >>> def test_bias(update):
    ...     assert update(torch.zeros(2), torch.tensor([9, 1]), 0.5).tolist() != [0.5, -0.5]
    >>> judge(test_bias, balance.update_bias, BIAS, lambda update: None)
    Traceback (most recent call last):
    AssertionError: your test finds feed_bias, and not its twin: it feeds the busy ones even more. \
Ask which way a bias moves, not for the fault's own number

    Lesson 4.
    """
    try:
        refused = objections(test, exhibit.right)
    except NotAttempted:
        examine(function)
        raise AssertionError("your function is mended; its test is still missing") from None
    said = f"your test objects to a right function: {refused[0] if refused else ''}"
    demand(not refused, f"{said}. {exhibit.care}")
    name = exhibit.fault.__name__
    found = len(objections(test, exhibit.fault))
    demand(found > 0, f"your test says nothing against {name}: it must fail there")
    demand(found == RUNS, f"your test finds {name} in {found} of {RUNS} runs: rely on no luck")
    found = len(objections(test, exhibit.twin))
    demand(
        found == RUNS,
        f"your test finds {name}, and not its twin: {exhibit.told}. {exhibit.ask}",
    )
    try:
        examine(function)
    except NotAttempted:
        raise AssertionError("your test is right: now mend the function") from None


def objections(test, function):
    """Run a test on a function ``RUNS`` times and return what it says against it.

    Raises:
        AssertionError: the test returns something.

    >>> def test_two(number):
    ...     assert number() == 2, "it is not 2"
    >>> len(objections(test_two, lambda: 2)), set(objections(test_two, lambda: 3))
    (0, {'it is not 2'})

    Lesson 4.
    """
    said, given = [], None
    with torch.random.fork_rng(devices=[]):
        for run in range(RUNS):
            torch.manual_seed(run)  # the verdict on a test that draws is the same every time
            try:
                given = test(function)
            except AssertionError as error:
                said.append(str(error) or "a bare assert")
    demand(given is None, f"your test returns {given}: it must assert, and return nothing")
    return said


def routing_of(given, tokens):
    """Demand a Routing of one expert or more for each token.

    Raises:
        AssertionError: it is no Routing, or has another number of tokens.

    >>> routing_of((1, 2, 3), 1)
    Traceback (most recent call last):
    AssertionError: return a Routing, not a tuple

    Lesson 4.
    """
    demand(isinstance(given, Routing), f"return a Routing, not a {type(given).__name__}")
    found = len(given.weight_TK)
    demand(found == tokens, f"{tokens} tokens came, weights of {found} went out")
    return given
