"""Plausible wrong answers to the exercises of lesson 14, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``finer`` for ``finer-stub``, ``finer-check`` and ``finer-hints``.
"""


def finer(E="num_experts * times", k="top_k * times", h="hidden_dim // times", n="comb(E, k)"):
    return f"""
from math import comb, factorial, perm
def finer(num_experts, top_k, hidden_dim, times):
    E, k = {E}, {k}
    return E, k, {h}, {n}
"""


def shared(y, rest=", routing"):
    return f"""
def with_shared(x_TD, layer, shared):
    y_TD, routing = layer(x_TD)
    return {y}{rest}
"""


GROUPED = "score_TGE = score_TE.view(T, groups, E // groups)"


def grouped(view=GROUPED, measure="amax(-1)", more="", lost="-torch.inf", end=""):
    return f"""
import torch
def group_limited(score_TE, k, groups, kept):
    T, E = score_TE.shape
    {view}
    best = score_TGE.{measure}.topk(kept{more}).indices
    lost = torch.ones(T, groups, dtype=torch.bool).scatter(1, best, False)
    inside = score_TGE.masked_fill(lost[..., None], {lost}).flatten(1)
    return inside.topk(k).indices{end}
"""


def bias(
    choose="score_TE + bias_E",
    weigh="score_TE",
    whole="weight_TK.sum(1, keepdim=True)",
    step="bias_E + rate * (count_E.mean() - count_E).sign()",
):
    return f"""
import torch
def loss_free(score_TE, bias_E, k, rate):
    expert_TK = ({choose}).topk(k).indices
    weight_TK = ({weigh}).gather(1, expert_TK)
    weight_TK = weight_TK / {whole}
    count_E = torch.bincount(expert_TK.flatten(), minlength=len(bias_E)).float()
    return expert_TK, weight_TK, {step}
"""


def weighed(says, start="torch.zeros_like(x_TD)", before="", pairs="zip(weights, chosen)"):
    return f"""
import torch
def weighed(x_TD, weight_TK, expert_TK, experts):
    y_TD = {start}
    {before}
    for t, (weights, chosen) in enumerate(zip(weight_TK, expert_TK)):
        for weight, e in {pairs}:
            y_TD[t] += {says}
    return y_TD
"""


def own(results):
    return f"def own_answer():\n    return {results}"


WRONG_ANSWERS = {
    "finer": [
        ("k stays", finer(k="top_k"), "a token uses a width of"),
        ("experts as wide as before", finer(h="hidden_dim"), "all experts are"),
        ("a width that is no whole number", finer(h="hidden_dim / times"), "whole numbers"),
        ("orders", finer(n="perm(E, k)"), "these are orders"),
        ("with repetition", finer(n="comb(E + k - 1, k)"), "cannot be asked twice"),
        ("any expert each time", finer(n="E**k"), "lets each choice be any expert"),
        ("before the cut", finer(n="comb(num_experts, top_k)"), "before the cut"),
        ("a product", finer(n="E * k"), "counts no choices"),
        ("any number of experts", finer(n="2**E"), "neither more nor fewer"),
        ("three numbers", finer(n="comb(E, k)").replace(", comb(E, k)", ""), "four numbers"),
    ],
    "with-shared": [
        (
            "one after the other",
            """
def with_shared(x_TD, layer, shared):
    return layer(shared(x_TD))
""",
            "not what the shared expert said",
        ),
        (
            "added before",
            """
def with_shared(x_TD, layer, shared):
    return layer(x_TD + shared(x_TD))
""",
            "as it is, nothing added",
        ),
        ("no routing", shared("y_TD + shared(x_TD)", ""), "return two things"),
        ("a routing of its own", shared("y_TD + shared(x_TD)", ", None"), "own routing"),
        ("no shared expert", shared("y_TD"), "the shared expert is missing"),
        ("nothing else", shared("shared(x_TD)"), "the routed experts are missing"),
        ("the mean", shared("(y_TD + shared(x_TD)) / 2"), "a sum keeps each"),
        ("one after the other", shared("y_TD + shared(y_TD)"), "reads x_TD, as the others do"),
        ("after the residual", shared("y_TD + shared(x_TD + y_TD)"), "not what the layer said"),
        ("with the residual", shared("x_TD + y_TD + shared(x_TD)"), "the block's to add"),
        ("weighed", shared("y_TD + routing.weight_TK * shared(x_TD)"), "all tokens get all of it"),
        ("a product", shared("y_TD * shared(x_TD)"), "do not multiply"),
        ("detached", shared("y_TD + shared(x_TD).detach()"), "would never learn"),
    ],
    "group-limited": [
        (
            "no limit",
            "def group_limited(score_TE, k, groups, kept):\n    return score_TE.topk(k).indices",
            "the limit is ignored",
        ),
        ("devices by their sum", grouped(measure="sum(-1)"), "not by their sum"),
        ("the worst devices", grouped(more=", largest=False"), "the worst devices"),
        (
            "every third on one device",
            """
import torch
def group_limited(score_TE, k, groups, kept):
    T, E = score_TE.shape
    score_TGE = score_TE.view(T, E // groups, groups).mT
    best = score_TGE.amax(-1).topk(kept).indices
    lost = torch.ones(T, groups, dtype=torch.bool).scatter(1, best, False)
    inside = score_TGE.masked_fill(lost[..., None], -torch.inf).mT.flatten(1)
    return inside.topk(k).indices
""",
            "neighbours share a device",
        ),
        ("ruled out by 0", grouped(lost="0.0"), "with -inf"),
        ("ruled out by -10", grouped(lost="-10.0"), "some scores are below -10"),
        ("numbered within groups", grouped(end=" % (E // groups)"), "numbered within groups"),
        (
            "the worst experts",
            grouped(end="").replace("topk(k)", "topk(k, largest=False)"),
            "they must be",
        ),
        ("one too many", grouped().replace("topk(k)", "topk(k + 1)"), "must be (3,"),
        (
            "one choice for all tokens",
            grouped(measure="amax(-1).sum(0).expand(T, -1)"),
            "devices of its own",
        ),
    ],
    "loss-free": [
        (
            "the mean goes up",
            """
def loss_free(score_TE, bias_E, k, rate):
    expert_TK = (score_TE + bias_E).topk(k).indices
    weight_TK = score_TE.gather(1, expert_TK)
    weight_TK = weight_TK / weight_TK.sum(1, keepdim=True)
    count_E = torch.bincount(expert_TK.flatten(), minlength=len(bias_E)).float()
    return expert_TK, weight_TK, torch.where(count_E > count_E.mean(), bias_E - rate, bias_E + rate)
""",
            "who has exactly the mean stays",
        ),
        (
            "weights sorted by themselves",
            """
def loss_free(score_TE, bias_E, k, rate):
    expert_TK = (score_TE + bias_E).topk(k).indices
    weight_TK = score_TE.gather(1, expert_TK).sort(1, descending=True).values
    weight_TK = weight_TK / weight_TK.sum(1, keepdim=True)
    count_E = torch.bincount(expert_TK.flatten(), minlength=len(bias_E)).float()
    return expert_TK, weight_TK, bias_E + rate * (count_E.mean() - count_E).sign()
""",
            "in the order of their experts",
        ),
        (
            "the median",
            bias(step="bias_E + rate * (count_E.quantile(0.5) - count_E).sign()"),
            "the mean, not the median",
        ),
        (
            "a bias that ends at 1",
            bias(step="(bias_E + rate * (count_E.mean() - count_E).sign()).clamp(-1, 1)"),
            "may go beyond 1",
        ),
        (
            "no minlength",
            bias().replace(", minlength=len(bias_E)", ""),
            "bincount has minlength for it",
        ),
        (
            "first choices alone",
            bias().replace("expert_TK.flatten()", "expert_TK[:, 0]"),
            "each visit counts once",
        ),
        ("no bias", bias(choose="score_TE"), "nothing would move"),
        ("subtracted", bias(choose="score_TE - bias_E"), "not subtracted"),
        ("biased weights", bias(weigh="score_TE + bias_E"), "it is for the choice alone"),
        (
            "biased weights, no shares",
            bias(weigh="score_TE + bias_E", whole="1"),
            "and the weights do not sum to 1",
        ),
        ("no shares", bias(whole="1"), "divide by their sum a token"),
        ("shares of all", bias(whole="weight_TK.sum()"), "over all tokens"),
        (
            "a softmax",
            bias().replace("weight_TK / weight_TK.sum(1, keepdim=True)", "weight_TK.softmax(1)"),
            "no softmax",
        ),
        (
            "the wrong sign",
            bias(step="bias_E + rate * (count_E - count_E.mean()).sign()"),
            "one expert will take all",
        ),
        ("no sign", bias(step="bias_E + rate * (count_E.mean() - count_E)"), "sign alone counts"),
        ("no mean", bias(step="bias_E - rate * count_E.sign()"), "all go down here"),
        (
            "counts against shares",
            bias(step="bias_E + rate * (1 / len(bias_E) - count_E).sign()"),
            "compared with 1/E",
        ),
        ("no memory", bias(step="rate * (count_E.mean() - count_E).sign()"), "old bias is lost"),
        ("no rate", bias(step="bias_E + (count_E.mean() - count_E).sign()"), "rate is missing"),
        (
            "in place",
            bias(step="bias_E.add_(rate * (count_E.mean() - count_E).sign())"),
            "changed in place",
        ),
    ],
    "weighed": [
        ("unmended", weighed("experts[e](weight * x_TD[t])"), "still multiplies what experts read"),
        ("twice", weighed("weight * experts[e](weight * x_TD[t])"), "it multiplies twice"),
        ("no weight", weighed("experts[e](x_TD[t])"), "the weights are gone"),
        ("undone", weighed("experts[e](weight * x_TD[t]) / weight"), "undone too late"),
        (
            "made to sum to 1",
            weighed(
                "weight * experts[e](x_TD[t])",
                before="weight_TK = weight_TK / weight_TK.sum(1, keepdim=True)",
            ),
            "the router meant less",
        ),
        (
            "with the residual",
            weighed("weight * experts[e](x_TD[t])", start="x_TD.clone()"),
            "the block's to add",
        ),
        (
            "the first alone",
            weighed("weight * experts[e](x_TD[t])", pairs="[(weights[0], chosen[0])]"),
            "only the first expert",
        ),
        (
            "another token",
            weighed("weight * experts[e](x_TD[t - 1])"),
            "each row must be the sum",
        ),
    ],
    "own-answer": [
        ("a list", own("[2.0, 2.1, 2.2]"), "return a dict"),
        ("one setting", own("{'a': [2.0, 2.1, 2.2]}"), "a comparison needs two"),
        ("two seeds", own("{'a': [2.0, 2.1, 2.2], 'b': [2.0, 2.3]}"), "b has 2 of 3 runs"),
        ("one seed", own("{'a': [2.0] * 3, 'b': [2.0, 2.1, 2.2]}"), "a seed of its own"),
        ("nothing changed", own("dict.fromkeys('ab', [2.0, 2.1, 2.2])"), "nothing was changed"),
        ("uneven", own("{'a': [2.0, 2.1, 2.2], 'b': [2.0, 2.3, 1, 2]}"), "they make no pairs"),
        ("endless", own("{'a': [2.0, 2.1, float('inf')], 'b': [1.0, 2.3, 3]}"), "never arrived"),
        ("numbers alone", own("{'a': 2.0, 'b': 2.1}"), "give a list of runs"),
    ],
}
