"""Check exercises of lesson 14: finer experts, a shared one, a bias, a mended gate."""

import math
from numbers import Integral
from types import SimpleNamespace

import torch

from moe_lesson.lessons.lesson14.checks_groups import moved, second_case
from moe_lesson.study.checks import (
    comparison,
    demand,
    exercise,
    near,
    no_mistake,
    number_of,
    settings_of,
    tensor_of,
)


@exercise("as many experts times as many choices, each as much narrower: nothing stored or spent.")
def finer(answer):
    """Check ``answer(num_experts, top_k, hidden_dim, times)``: the sizes after a cut, the choices.

    >>> def ours(num_experts, top_k, hidden_dim, times):
    ...     E, k = num_experts * times, top_k * times
    ...     return E, k, hidden_dim // times, math.comb(E, k)
    >>> finer(ours)
    correct: as many experts times as many choices, each as much narrower: nothing stored or spent.

    Lesson 14.
    """
    for E, k, h, times in ((6, 2, 36, 3), (16, 2, 64, 4), (5, 1, 8, 2)):
        given = answer(E, k, h, times)
        demand(isinstance(given, (tuple, list)) and len(given) == 4, "return four numbers")
        said = f"{k} of {E} experts of {h}, each cut into {times}: "
        _sizes(said, given, (E, k, h, times))
        _choices(said, number_of(given[3], "choices"), E * times, k * times, math.comb(E, k))
    demand(answer(16, 2, 64, 1)[3] == 120, "16 experts uncut, 2 a token: there are 120 choices")


def _sizes(said, given, before):
    """Demand that a cut leaves what is stored and what a token uses."""
    E, k, h, times = before
    found = tuple(given[:3])
    right = E * times, k * times, h // times
    for place, what in enumerate(("num_experts", "top_k", "hidden_dim")):
        kind = isinstance(found[place], Integral)
        demand(kind, f"{said}{what} is {found[place]}: sizes are whole numbers")
    if found == right:
        return
    stored, used = found[0] * found[2], found[1] * found[2]
    demand(stored == E * h, f"{said}all experts are {stored} wide together, before it was {E * h}")
    demand(used == k * h, f"{said}a token uses a width of {used}, before it was {k * h}")
    demand(False, f"{said}yours is {found}, it must be {right}")


def _choices(said, given, E, k, before):
    wrong = {
        "these are orders, and who is asked first does not matter": math.perm(E, k),
        "an expert cannot be asked twice": math.comb(E + k - 1, k),
        "that lets each choice be any expert": E**k,
        "these are the choices before the cut": before,
        "that multiplies sizes, it counts no choices": E * k,
        "a token asks k experts, neither more nor fewer": 2**E,
    }
    no_mistake(float(given), {key: float(n) for key, n in wrong.items()}, said, tolerance=1e-9)
    demand(given == math.comb(E, k), f"{said}{given} choices: it must be {math.comb(E, k)}")


@exercise("routed and shared, added; the routing goes on to the balance loss.")
def with_shared(answer):
    """Check ``answer(x_TD, layer, shared)``: a sparse layer and an expert for all.

    >>> def ours(x_TD, layer, shared):
    ...     y_TD, routing = layer(x_TD)
    ...     return y_TD + shared(x_TD), routing
    >>> with_shared(ours)
    correct: routed and shared, added; the routing goes on to the balance loss.

    Lesson 14.
    """
    generator = torch.Generator().manual_seed(0)
    x_TD, mix_DD = torch.randn(3, 2, generator=generator), torch.tensor([[1.0, 2.0], [-1.0, 0.5]])
    routed_TD = x_TD @ mix_DD
    weight_TK = torch.tensor([[0.75], [0.5], [0.25]])
    routing, one = SimpleNamespace(weight_TK=weight_TK), torch.ones((), requires_grad=True)

    def shared(x_TD):
        return x_TD.square() + one

    given = answer(x_TD, lambda x_TD: (x_TD @ mix_DD, routing), shared)
    demand(
        isinstance(given, tuple) and len(given) == 2,
        "return two things: y_TD, and the routing, which the balance loss reads",
    )
    demand(given[1] is routing, "the second must be the layer's own routing")
    y_TD, own_TD = tensor_of(given[0], (3, 2), "y_TD"), shared(x_TD).detach()
    after = {
        "the shared expert reads x_TD, as the others do": routed_TD + shared(routed_TD),
        "it reads x_TD alone, not what the layer said of it": routed_TD + shared(x_TD + routed_TD),
        "the layer reads x_TD, not what the shared expert said": own_TD @ mix_DD,
        "the layer reads x_TD as it is, nothing added": (x_TD + own_TD) @ mix_DD,
    }
    no_mistake(y_TD, after | _beside(x_TD, routed_TD, own_TD, weight_TK))
    demand(near(y_TD, routed_TD + own_TD), "y_TD must be the routed sum plus shared(x_TD)")
    learns = given[0].requires_grad
    demand(learns, "the shared expert would never learn: do not detach what it says")


def _beside(x_TD, routed_TD, own_TD, weight_TK):
    """Return what comes of routed and shared, put together in other ways."""
    return {
        "the shared expert is missing": routed_TD,
        "the routed experts are missing": own_TD,
        "that is the mean: a sum keeps each at its size": (routed_TD + own_TD) / 2,
        "the residual is the block's to add": x_TD + routed_TD + own_TD,
        "no router weighs it: all tokens get all of it": routed_TD + weight_TK * own_TD,
        "add, do not multiply": routed_TD * own_TD,
    }


@exercise("the bias chooses, the scores weigh, and who has too many goes down.")
def loss_free(answer):
    """Check ``answer(score_TE, bias_E, k, rate)``: experts, weights, and the next bias.

    >>> def ours(score_TE, bias_E, k, rate):
    ...     expert_TK = (score_TE + bias_E).topk(k).indices
    ...     weight_TK = score_TE.gather(1, expert_TK)
    ...     weight_TK = weight_TK / weight_TK.sum(1, keepdim=True)
    ...     count_E = torch.bincount(expert_TK.flatten(), minlength=len(bias_E)).float()
    ...     return expert_TK, weight_TK, bias_E + rate * (count_E.mean() - count_E).sign()
    >>> loss_free(ours)
    correct: the bias chooses, the scores weigh, and who has too many goes down.

    Lesson 14.
    """
    score_TE = [[0.9, 0.4, 0.3, 0.1], [0.8, 0.5, 0.2, 0.3], [0.7, 0.35, 0.6, 0.2]]
    score_TE = torch.tensor(score_TE)
    bias_E, rate = torch.tensor([0.0, -0.3, 0.0, 0.35]), 0.125
    given = answer(score_TE.clone(), mine := bias_E.clone(), 2, rate)
    demand(isinstance(given, tuple) and len(given) == 3, "return experts, weights and the new bias")
    demand(near(mine, bias_E), "the old bias is changed in place: return a new one")
    expert_TK = tensor_of(given[0], (3, 2), "expert_TK").long()
    chosen = expert_TK.sort(1).values.tolist()
    no_mistake(
        chosen, {"you choose by the score alone: nothing would move": [[0, 1], [0, 1], [0, 2]]}
    )
    no_mistake(
        chosen, {"the bias is added, not subtracted, for the choice": [[0, 1], [0, 1], [0, 1]]}
    )
    demand(chosen == [[0, 3], [0, 3], [0, 2]], f"experts {chosen}: must be [0, 3], [0, 3], [0, 2]")
    plain_TK, biased_TK = (s.gather(1, expert_TK) for s in (score_TE, score_TE + bias_E))
    _weights(tensor_of(given[1], (3, 2), "weight_TK"), plain_TK, biased_TK)
    moved(tensor_of(given[2], (4,), "the new bias"), bias_E, rate)
    second_case(answer)


def _weights(weight_TK, plain_TK, biased_TK):
    share_TK = plain_TK / plain_TK.sum(1, keepdim=True)
    no_mistake(
        weight_TK,
        {
            "the bias weighs: it is for the choice alone": biased_TK
            / biased_TK.sum(1, keepdim=True),
            "the bias weighs, and the weights do not sum to 1": biased_TK,
            "the weights do not sum to 1: divide by their sum a token": plain_TK,
            "you divide by the sum over all tokens": plain_TK / plain_TK.sum(),
            "scores are sigmoids already: no softmax": plain_TK.softmax(1),
        },
        "of the weights: ",
    )
    demand(near(weight_TK, share_TK), "of the weights: each token's must be shares of its scores")


SQUARES = [lambda x, n=n: x.square() + n + 1 for n in range(3)]
GATES = {
    "the weight still multiplies what experts read": lambda w, f, x: f(w * x),
    "it multiplies twice, before and after": lambda w, f, x: w * f(w * x),
    "the weights are gone": lambda w, f, x: f(x),
    "undone too late: f(w x) / w is not f(x)": lambda w, f, x: f(w * x) / w,
}


def _summed(rule, x_TD, weight_TK, expert_TK):
    rows = zip(x_TD, weight_TK, expert_TK, strict=True)
    return torch.stack([sum(rule(w, SQUARES[e], x) for w, e in zip(*own)) for x, *own in rows])


@exercise("experts read the token as it is; the weight multiplies what they say.")
def weighed(answer):
    """Check ``answer(x_TD, weight_TK, expert_TK, experts)``: a layer whose weights come last.

    >>> def ours(x_TD, weight_TK, expert_TK, experts):
    ...     y_TD = torch.zeros_like(x_TD)
    ...     for t, (weights, chosen) in enumerate(zip(weight_TK, expert_TK)):
    ...         for weight, e in zip(weights, chosen):
    ...             y_TD[t] += weight * experts[e](x_TD[t])
    ...     return y_TD
    >>> weighed(ours)
    correct: experts read the token as it is; the weight multiplies what they say.

    Lesson 14.
    """
    x_TD = torch.tensor([[1.0, -2.0], [0.5, 3.0], [-1.5, 1.0]])
    weight_TK = torch.tensor([[0.75, 0.25], [0.6, 0.1], [0.5, 0.3]])  # V2's do not sum to 1
    expert_TK = torch.tensor([[0, 2], [1, 0], [2, 1]])
    given = answer(x_TD.clone(), weight_TK, expert_TK, SQUARES)
    given = tensor_of(given, (3, 2), "the result").float()
    right = _summed(lambda w, f, x: w * f(x), x_TD, weight_TK, expert_TK)
    wrong = {name: _summed(rule, x_TD, weight_TK, expert_TK) for name, rule in GATES.items()}
    whole = weight_TK.sum(1, keepdim=True)
    wrong["the weights are made to sum to 1: the router meant less"] = right / whole
    wrong["the residual is the block's to add"] = x_TD + right
    first = weight_TK[:, :1], expert_TK[:, :1]
    wrong["only the first expert speaks"] = _summed(lambda w, f, x: w * f(x), x_TD, *first)
    no_mistake(given, wrong)
    demand(near(given, right), "each row must be the sum of weight times experts[e](x_TD[t])")


@exercise("a question, two settings, three seeds each, and the spread that judges the answer.")
def own_answer(answer):
    """Check ``answer()``: setting -> a number for each seed, three or more.

    >>> own_answer(lambda: {"a": [2.0, 2.1, 2.2], "b": [2.2, 2.2, 2.3]})
    b minus a: 0.1333 of your unit; runs of one setting differ by up to 0.2
    b minus a, seed by seed: +0.2000, +0.1000, +0.1000
    correct: a question, two settings, three seeds each, and the spread that judges the answer.

    Lesson 14.
    """
    results = settings_of(answer())
    results = {
        name: getattr(runs, "tolist", lambda runs=runs: runs)() for name, runs in results.items()
    }
    first, *others = results
    for name in results:
        runs = results[name]
        fixed = isinstance(runs, (list, tuple)) and len(runs) > 1 and len(set(map(str, runs))) == 1
        demand(not fixed, f"{name}: all runs are equal: does each have a seed of its own?")
    for name in others:
        same = f"{name} and {first} are equal, seed by seed: nothing was changed between them"
        demand(results[name] != results[first], same)
    comparison(results, "of your unit", seeds=3, between=(-1e6, 1e6))
    for name in others:
        pairs = list(zip(results[name], results[first]))
        paired = len(results[name]) == len(results[first])
        demand(paired, f"{name} and {first} have not the same number of runs: they make no pairs")
        shown = ", ".join(f"{float(one) - float(other):+.4f}" for one, other in pairs)
        print(f"{name} minus {first}, seed by seed: {shown}")
