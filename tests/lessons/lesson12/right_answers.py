"""Right answers to the exercises of lesson 12, written in other ways: the checks take them."""

from collections import Counter
from fractions import Fraction
from math import comb, exp
from math import lgamma as g

import numpy as np
import torch

from moe_lesson.lessons.lesson12 import checks


def four_ways_tensors(logps, alone, choices):
    after, before = torch.tensor(logps), torch.tensor(alone)
    return {
        "acc_mutual_info": after - before,
        "acc": after,
        "acc_bytes": after / torch.tensor([len(c.encode()) for c in choices]),
        "acc_norm": after / torch.tensor([len(c) for c in choices]),
    }


def four_ways_float32_and_tuples(logps, alone, choices):
    logps = np.array(logps, np.float32)
    ways = {"acc": tuple(logps), "extra": 1}
    ways["acc_norm"] = tuple(x / len(c) for x, c in zip(logps, choices))
    ways["acc_bytes"] = tuple(x / len(bytes(c, "utf8")) for x, c in zip(logps, choices))
    ways["acc_mutual_info"] = tuple(x - y for x, y in zip(logps, alone))
    return ways


def four_ways_dict_comprehension(logps, alone, choices):
    sizes = {
        "acc": len(choices) * [1],
        "acc_norm": [*map(len, choices)],
        "acc_bytes": [len(c.encode("utf-8")) for c in choices],
    }
    found = {name: np.divide(logps, size) for name, size in sizes.items()}
    found["acc_mutual_info"] = np.subtract(logps, alone)
    return found


def shuffled_choice(options, generator):
    mixed = generator.choice(options, size=len(options), replace=False)
    return mixed.tolist(), mixed.tolist().index(options[0])


def shuffled_random_keys(options, generator):
    keys = [(generator.random(), n) for n in range(len(options))]
    order = [n for _, n in sorted(keys)]
    return tuple(options[n] for n in order), np.int64(order.index(0))


def shuffled_copy_shuffled(options, generator):
    marked = [(one, n == 0) for n, one in enumerate(options)]
    generator.shuffle(marked)
    return [one for one, _ in marked], [bool(m) for _, m in marked].index(True)


def clustered_dict(scores, clusters):
    sums, mean = {}, sum(scores) / len(scores)
    for score, name in zip(scores, clusters):
        sums[name] = sums.get(name, 0) + score - mean
    if len(sums) == 1:
        raise ValueError("one cluster")
    C = len(sums)
    return np.float32((C / (C - 1) * sum(x * x for x in sums.values())) ** 0.5 / len(scores))


def clustered_pairs(scores, clusters):
    same = clusters[:, None] == clusters[None, :]
    C = len(np.unique(clusters))
    if C <= 1:
        raise ValueError(f"{C} clusters")
    rest = scores - np.mean(scores)
    return np.sqrt(max(0.0, C / (C - 1) * (rest @ same @ rest))) / scores.size


def clustered_table(scores, clusters):
    names = sorted(set(clusters.tolist()))
    if len(names) < 2:
        raise ValueError(names)
    one_CN = np.array([[each == name for each in clusters] for name in names], dtype=float)
    sums = one_CN @ (scores - scores.mean())
    return np.array(np.linalg.norm(sums) / len(scores) * np.sqrt(len(names) / (len(names) - 1)))


def pass_at_k_humaneval_s(n, c, k):
    if not (0 < k <= n and 0 <= c <= n):
        raise ValueError((n, c, k))
    if n - c < k:
        return 1.0
    return 1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1))


def pass_at_k_fractions(n, c, k):
    if not (0 < k <= n and 0 <= c <= n):
        raise ValueError((n, c, k))
    return 1 - Fraction(comb(n - c, k), comb(n, k))


def pass_at_k_logarithms(n, c, k):
    if not (0 < k <= n and 0 <= c <= n):
        raise ValueError((n, c, k))
    if n - c < k:
        return 1.0
    return 1 - exp(g(n - c + 1) - g(n - c - k + 1) - g(n + 1) + g(n - k + 1))


def bias_scores_tensor(answers):
    sign = torch.tensor([{"stereotype": 1.0, "other": -1.0}.get(a, 0.0) for a in answers])
    named = sign.abs().sum()
    bias = sign.sum() / named.clamp(min=1)
    return torch.stack([1 - named / len(sign), bias, sign.mean()])


def bias_scores_counter(answers):
    n = Counter(answers)
    named = n["stereotype"] + n["other"]
    s = (n["stereotype"] - n["other"]) / named if named else 0
    return [n["unknown"] / sum(n.values()), s, named / sum(n.values()) * s]


def bias_scores_numpy(answers):
    a = np.array(answers)
    accuracy = (a == "unknown").mean()
    named = a[a != "unknown"]
    bias = 0.0 if named.size == 0 else 2 * (named == "stereotype").mean() - 1
    return np.float64(accuracy), bias, bias - accuracy * bias


OTHERS = [
    (checks.four_ways, four_ways_tensors),
    (checks.four_ways, four_ways_float32_and_tuples),
    (checks.four_ways, four_ways_dict_comprehension),
    (checks.shuffled, shuffled_choice),
    (checks.shuffled, shuffled_random_keys),
    (checks.shuffled, shuffled_copy_shuffled),
    (checks.clustered, clustered_dict),
    (checks.clustered, clustered_pairs),
    (checks.clustered, clustered_table),
    (checks.pass_at_k, pass_at_k_humaneval_s),
    (checks.pass_at_k, pass_at_k_fractions),
    (checks.pass_at_k, pass_at_k_logarithms),
    (checks.bias_scores, bias_scores_tensor),
    (checks.bias_scores, bias_scores_counter),
    (checks.bias_scores, bias_scores_numpy),
]
