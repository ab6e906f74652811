"""Plausible wrong answers to the exercises of lesson 12, and what the check says to each.

exercise -> [(name, source, part of the message)].
"""

WAYS = (
    "def four_ways(logps, alone, choices):\n    logps, alone = np.array(logps), np.array(alone)\n"
    "    n = np.array([len(c) for c in choices])\n"
    "    b = np.array([len(c.encode()) for c in choices])\n"
)
DICT = (
    "    return {{'acc': {}, 'acc_norm': {}, 'acc_bytes': {}, 'acc_mutual_info': {}}}"
)
MIX = "def shuffled(options, generator):\n"
ERROR = (
    "def clustered_error(scores, clusters):\n    n = len(scores)\n    rest = scores - scores.mean()\n"
    "    names, at = np.unique(clusters, return_inverse=True)\n    C = len(names)\n"
)
SUMS = "    sums = np.bincount(at, rest)\n"
PASS = "def pass_at_k(n, c, k):\n    from math import comb\n    return "
BIAS = (
    "def bias_scores(answers):\n    b, o = answers.count('stereotype'), answers.count('other')\n"
    "    u = answers.count('unknown') / len(answers)\n"
)
OWN = "def own_benchmark():\n    one, other = np.arange(40) % 2, np.arange(40) % 3 == 0\n    return "
SAYS = "'small beats dense here', "

WRONG_ANSWERS = {
    "four-ways": [
        ("a list", "def four_ways(logps, alone, choices):\n    return [logps]", "return a dict"),
        ("one missing", WAYS + "    return {'acc': logps}", "lacks acc_norm"),
        ("winners", WAYS + DICT.format(1, 0, 0, 2), "have shapes"),
        ("probabilities", WAYS + DICT.format("np.exp(logps)", "n", "b", "n"), "leave the log"),
        ("another acc", WAYS + DICT.format("-logps", "n", "b", "n"), "as it comes"),
        (
            "bytes",
            WAYS + DICT.format("logps", "logps / b", "logps / b", "logps - alone"),
            "These are bytes",
        ),
        (
            "space counted",
            WAYS + DICT.format("logps", "logps / (n + 1)", "logps / b", "logps - alone"),
            "The space in front is scored, but not counted\n"[:-1],
        ),
        (
            "words",
            WAYS
            + DICT.format(
                "logps",
                "logps / [len(c.split()) for c in choices]",
                "logps / b",
                "logps - alone",
            ),
            "These are words",
        ),
        (
            "multiplied",
            WAYS + DICT.format("logps", "logps * n", "logps / b", "logps - alone"),
            "Divide, do not multiply",
        ),
        (
            "length of the list",
            WAYS + DICT.format("logps", "logps / len(choices)", "logps / b", "logps - alone"),
            "It must be -1, -2.667",
        ),
        (
            "characters for bytes",
            WAYS + DICT.format("logps", "logps / n", "logps / n", "logps - alone"),
            "These are characters",
        ),
        (
            "space in bytes",
            WAYS + DICT.format("logps", "logps / n", "logps / (b + 1)", "logps - alone"),
            "not counted in bytes",
        ),
        (
            "utf-16",
            WAYS
            + DICT.format(
                "logps",
                "logps / n",
                "logps / [len(c.encode('utf-16')) for c in choices]",
                "logps - alone",
            ),
            "Straße has 7 bytes",
        ),
        (
            "sign",
            WAYS + DICT.format("logps", "logps / n", "logps / b", "alone - logps"),
            "The sign is turned",
        ),
        (
            "added",
            WAYS + DICT.format("logps", "logps / n", "logps / b", "alone + logps"),
            "You added it",
        ),
        (
            "ratio",
            WAYS + DICT.format("logps", "logps / n", "logps / b", "logps / alone"),
            "That is a ratio",
        ),
        (
            "raw",
            WAYS + DICT.format("logps", "logps / n", "logps / b", "logps"),
            "It must be -1, 1, -0.5",
        ),
    ],
    "shuffled": [
        (
            "the bug",
            MIX + "    wrong = sorted(options[1:])\n    gold = int(generator.integers(len(wrong)))\n"
            "    return wrong[:gold] + options[:1] + wrong[gold:], gold",
            "Who leaves out the place it never has",
        ),
        (
            "place mended alone",
            MIX + "    wrong = sorted(options[1:])\n    gold = int(generator.integers(4))\n"
            "    return wrong[:gold] + options[:1] + wrong[gold:], gold",
            "come in 1 of 6 orders",
        ),
        (
            "rotated",
            MIX + "    n = int(generator.integers(4))\n"
            "    return options[n:] + options[:n], (4 - n) % 4",
            "orders. Permute all four together",
        ),
        ("not mixed", MIX + "    return list(options), 0", "Who always takes that place"),
        (
            "mostly first",
            MIX + "    n = int(generator.integers(9))\n    order = generator.permutation(4)\n"
            "    order = order if n < 2 else np.array([0, *(1 + generator.permutation(3))])\n"
            "    return [options[i] for i in order], int(order.argmin())",
            "About 120 each",
        ),
        (
            "order[0]",
            MIX + "    order = generator.permutation(4)\n"
            "    return [options[n] for n in order], int(order[0])",
            "you say that the right one stands in place",
        ),
        (
            "in place",
            MIX + "    generator.shuffle(options)\n    return options, options.index('right')",
            "you changed the options",
        ),
        (
            "with replacement",
            MIX + "    order = generator.integers(4, size=4)\n"
            "    return [options[n] for n in order], 0",
            "each of the four must stand there once",
        ),
        ("one result", MIX + "    return list(options)", "return two"),
        (
            "counted from 1",
            MIX + "    order = generator.permutation(4)\n"
            "    return [options[n] for n in order], 4 + int(order.argmin())",
            "it must be 0, 1, 2 or 3",
        ),
        (
            "a generator of its own",
            MIX + "    order = np.random.default_rng().permutation(4)\n"
            "    return [options[n] for n in order], int(order.argmin())",
            "use the one that you are given",
        ),
    ],
    "clustered-error": [
        ("no clusters", ERROR + "    return scores.std(ddof=1) / n**0.5", "without clusters"),
        (
            "squared first",
            ERROR + "    sums = np.bincount(at, rest**2)\n"
            "    return (C / (C - 1) * sums.sum()) ** 0.5 / n",
            "Square after the sum",
        ),
        ("no factor", ERROR + SUMS + "    return (sums**2).sum() ** 0.5 / n", "factor C / (C - 1)"),
        (
            "no root",
            ERROR + SUMS + "    return C / (C - 1) * (sums**2).sum() / n**2",
            "take the root",
        ),
        (
            "divided by clusters",
            ERROR + SUMS + "    return (C / (C - 1) * (sums**2).sum()) ** 0.5 / C",
            "not of clusters",
        ),
        (
            "n for C",
            ERROR + SUMS + "    return (n / (n - 1) * (sums**2).sum()) ** 0.5 / n",
            "C counts clusters",
        ),
        (
            "means of clusters",
            ERROR + "    m = np.bincount(at, scores) / np.bincount(at)\n"
            "    return m.std(ddof=1) / C**0.5",
            "It must be 0.2864",
        ),
        (
            "names for numbers",
            "def clustered_error(scores, clusters):\n    C = int(clusters.max()) + 1\n"
            "    sums = np.zeros(C)\n    np.add.at(sums, clusters, scores - scores.mean())\n"
            "    return (C / (C - 1) * (sums**2).sum()) ** 0.5 / len(scores)",
            "in clusters called 3, 7, 9: you say",
        ),
        (
            "spread of sums",
            ERROR + "    return np.bincount(at, scores).std() * 0 + 0.5",
            "Each cluster balances itself",
        ),
        ("half", ERROR + "    return 1.0", "root of 2"),
        (
            "text",
            "def clustered_error(scores, clusters):\n    return scores + clusters",
            "must be a number",
        ),
    ],
    "pass-at-k": [
        ("plug-in", PASS + "1 - (1 - c / n) ** k", "That is the plug-in"),
        ("none", PASS + "comb(n - c, k) / comb(n, k)", "none passes: 1 minus it"),
        ("pass@1", PASS + "c / n", "which is pass@1"),
        ("all", PASS + "(c / n) ** k", "all of them pass"),
        ("turned", PASS + "1 - comb(c, k) / comb(n, k)", "1 - 21/252"),
        (
            "product that stops",
            "def pass_at_k(n, c, k):\n    none = 1.0\n    for i in range(k):\n"
            "        none *= abs(n - c - i) / (n - i)\n    return 1 - none - (n - c < k) * 0.1",
            "one passes for sure",
        ),
        ("never nothing", PASS + "max(0.1, 1 - comb(n - c, k) / comb(n, k))", "none passes: 0"),
        (
            "factorials",
            "def pass_at_k(n, c, k):\n    from math import factorial as f\n"
            "    if n - c < k:\n        return 1.0\n"
            "    return 1 - f(n - c) * float(f(n - k)) / (f(n - c - k) * f(n))",
            "stops with OverflowError",
        ),
    ],
    "bias-scores": [
        ("accuracy of the named", BIAS + "    return 1 - b / 10 * 0 - 0.4, 0, 0", "nobody knows"),
        ("unknown over named", BIAS + "    return u * 10 / (b + o), 0, 0", "accuracy is 2 of 10"),
        ("all answers", BIAS + "    return u, 2 * b / len(answers) - 1, 0", "Leave unknown out"),
        ("share", BIAS + "    return u, b / (b + o), 0", "0 must mean even"),
        ("half", BIAS + "    return u, b / (b + o) - 0.5, 0", "a half of it"),
        ("sign", BIAS + "    return u, 1 - 2 * b / (b + o), 0", "2 * 6/8 - 1"),
        (
            "times accuracy",
            BIAS + "    s = 2 * b / (b + o) - 1\n    return u, s, u * s",
            "not of right ones",
        ),
        ("one score forgotten", BIAS + "    s = 2 * b / (b + o) - 1\n    return u, s, s", "0.8 * 0.5"),
        (
            "0 where nobody is biased",
            BIAS + "    s = 2 * b / (b + o) - 1 if b else 0.0\n    return u, s, (1 - u) * s",
            "that is -1, not 0",
        ),
        (
            "never below 0",
            BIAS + "    s = max(-0.5, 2 * b / (b + o) - 1)\n    return u, s, (1 - u) * s",
            "All against the stereotype",
        ),
        (
            "division by zero",
            BIAS + "    s = 2 * b / (b + o) - 1\n    return u, s, (1 - u) * s",
            "stops with ZeroDivisionError",
        ),
        (
            "even is a bias",
            BIAS + "    s = 2 * b / (b + o) - 1 if b + o else -1.0\n    return u, s, (1 - u) * s",
            "all right, no bias",
        ),
        ("two", BIAS + "    return u, b", "return three numbers"),
    ],
    "own-benchmark": [
        ("three", OWN + "one, other, range(40)", "return claim, scores"),
        ("no words", OWN + "'mine', one, other, range(40)", "say in words"),
        ("not as many", OWN + SAYS + "one, other[:30], range(40)", "as many of each"),
        ("few", OWN + SAYS + "one[:20], other[:20], range(20)", "ask 30 or more"),
        ("few clusters", OWN + SAYS + "one, other, np.arange(40) // 10", "fewer than 10"),
        ("alike", OWN + SAYS + "one, one, range(40)", "they are one system"),
        ("nan", OWN + SAYS + "one * np.nan, other, range(40)", "must be finite"),
    ],
}
