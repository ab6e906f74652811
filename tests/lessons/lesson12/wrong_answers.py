"""Plausible wrong answers to the exercises of lesson 12, and what the check says to each.

exercise -> [(name, source, part of the message)].
"""

WAYS = (
    "def four_ways(logps, alone, choices):\n    logps, alone = np.array(logps), np.array(alone)\n"
    "    n = np.array([len(c) for c in choices])\n"
    "    b = np.array([len(c.encode()) for c in choices])\n"
)
DICT = "    return {{'acc': {}, 'acc_norm': {}, 'acc_bytes': {}, 'acc_mutual_info': {}}}"
MIX = "def shuffled(options, generator):\n"
ERROR = (
    "def clustered(scores, clusters):\n    n = len(scores)\n"
    "    rest = scores - scores.mean()\n"
    "    names, at = np.unique(clusters, return_inverse=True)\n    C = len(names)\n"
)
SUMS = "    sums = np.bincount(at, rest)\n"
PASS = "def pass_at_k(n, c, k):\n    from math import comb\n    return "
GUARD = (
    "def pass_at_k(n, c, k):\n    from math import comb\n"
    "    if k > n:\n        raise ValueError(k)\n    return "
)
BIAS = (
    "def bias_scores(answers):\n    b, o = answers.count('stereotype'), answers.count('other')\n"
    "    u = answers.count('unknown') / len(answers)\n"
)
OWN = (
    "def own_benchmark():\n    one, other = np.arange(40) % 2, np.arange(40) % 3 == 0\n    return "
)
SAYS = "'small beats dense here', 'first', "

ERROR_END = (
    "    sums = np.bincount(at, rest)\n    return (C / (C - 1) * (sums**2).sum()) ** 0.5 / n\n"
)
PASSING = (
    "def pass_at_k(n, c, k):\n"
    "    from math import comb\n"
    "\n"
    "    if not (0 < k <= n and 0 <= c <= n):\n"
)

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
            "The space in front is scored, but not counted",
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
            "full stop taken off",
            WAYS
            + DICT.format(
                "logps",
                "logps / [len(c.strip(' .')) for c in choices]",
                "logps / b",
                "logps - alone",
            ),
            "The full stop and the space within count too",
        ),
        (
            "full stop taken off the bytes",
            WAYS
            + DICT.format(
                "logps",
                "logps / n",
                "logps / [len(c.strip(' .').encode()) for c in choices]",
                "logps - alone",
            ),
            "The full stop is a byte too",
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
        (
            "three choices, hard-coded",
            """
def four_ways(logps, alone, choices):
    return {
        "acc": [logps[n] for n in range(3)],
        "acc_norm": [logps[n] / len(choices[n]) for n in range(3)],
        "acc_bytes": [logps[n] / len(choices[n].encode()) for n in range(3)],
        "acc_mutual_info": [logps[n] - alone[n] for n in range(3)],
    }
""",
            "two choices: your function stops with IndexError, list index out of range",
        ),
        (
            "four, by name of the shape",
            WAYS + DICT.format("logps.reshape(3)", "logps / n", "logps / b", "logps - alone"),
            "Perhaps: a size of three stands there as a number",
        ),
        (
            "a map",
            WAYS + DICT.format("map(float, logps)", "logps / n", "logps / b", "logps - alone"),
            "acc is a map that holds no numbers: give an array",
        ),
        (
            "a text",
            WAYS + DICT.format('"logps"', "logps / n", "logps / b", "logps - alone"),
            "acc is a str that holds no numbers: give an array",
        ),
        (
            "integer division",
            WAYS + DICT.format("logps", "logps // n", "logps / b", "logps - alone"),
            "acc_norm: you say [-1.0, -3.0, -2.0]. It must be",
        ),
        (
            "divided by the mean length",
            WAYS + DICT.format("logps", "logps / n.mean()", "logps / b", "logps - alone"),
            "acc_norm: you say [-1.125, -1.5, -1.969]. It must be",
        ),
        (
            "lists",
            """
def four_ways(logps, alone, choices):
    return {
        "acc": logps,
        "acc_norm": logps / len(choices),
        "acc_bytes": logps,
        "acc_mutual_info": logps,
    }
""",
            "lists are not divided, arrays are",
        ),
        (
            "information by character",
            WAYS + DICT.format("logps", "logps / n", "logps / b", "(logps - alone) / n"),
            "acc_mutual_info: you say [-0.167, 0.333, -0.071]. It must be",
        ),
        (
            "lists changed",
            """
def four_ways(logps, alone, choices):
    acc = np.array(logps)
    for n, one in enumerate(choices):
        logps[n] /= len(one)
    b = np.array([len(one.encode()) for one in choices])
    return {"acc": acc, "acc_norm": logps, "acc_bytes": acc / b, "acc_mutual_info": acc - alone}
""",
            "you changed a list that was handed to you",
        ),
    ],
    "shuffled": [
        (
            "the bug",
            MIX
            + "    wrong = sorted(options[1:])\n    gold = int(generator.integers(len(wrong)))\n"
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
            "come in 3 of 6 orders. Permute all four together",
        ),
        ("not mixed", MIX + "    return list(options), 0", "Who always takes that place"),
        (
            "mostly first",
            MIX + "    n = int(generator.integers(9))\n    order = generator.permutation(4)\n"
            "    order = order if n < 2 else np.array([0, *(1 + generator.permutation(3))])\n"
            "    return [options[i] for i in order], int(order.argmin())",
            "About 1200 each",
        ),
        (
            "order[0]",
            MIX + "    order = generator.permutation(4)\n"
            "    return [options[n] for n in order], int(order[0])",
            "you say that the right one, right, stands in place",
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
            "each must stand there once",
        ),
        ("one result", MIX + "    return list(options)", "return two"),
        (
            "counted from 1",
            MIX + "    order = generator.permutation(4)\n"
            "    return [options[n] for n in order], 4 + int(order.argmin())",
            "it must be a whole number from 0 to 3",
        ),
        (
            "wrong ones mostly sorted",
            MIX + "    order = generator.permutation(len(options))\n"
            "    given, gold = [options[n] for n in order], int(order.argmin())\n"
            "    if generator.random() < 0.8:\n"
            "        rest = iter(sorted(options[1:]))\n"
            "        given = [one if n == gold else next(rest) for n, one in enumerate(given)]\n"
            "    return given, gold",
            "the wrong ones stand as a b c in",
        ),
        (
            "last in two of five",
            MIX + "    rest = [options[n + 1] for n in generator.permutation(len(options) - 1)]\n"
            "    gold = len(rest) if generator.random() < 0.2 else int("
            "generator.integers(len(options)))\n"
            "    return rest[:gold] + options[:1] + rest[gold:], gold",
            "the right one stood",
        ),
        (
            "a swap with anybody",
            MIX + "    order = list(range(len(options)))\n    for n in range(len(order)):\n"
            "        m = int(generator.integers(len(order)))\n"
            "        order[n], order[m] = order[m], order[n]\n"
            "    return [options[n] for n in order], order.index(0)",
            "a swap of each with anybody",
        ),
        (
            "a text that no question has",
            MIX + "    order = [options[n] for n in generator.permutation(len(options))]\n"
            "    return order, order.index('right')",
            "stops with ValueError, 'right' is not in list",
        ),
        (
            "four, always",
            MIX + "    order = generator.permutation(4)\n"
            "    return [options[n] for n in order], int(order.argmin())",
            "options ['yes', 'no']: your function stops with IndexError",
        ),
        (
            "four at most",
            MIX + "    order = generator.permutation(min(4, len(options)))\n"
            "    return [options[n] for n in order], int(order.argmin())",
            "the options ['p', 'e', 'a', 'c', 'h'] come out as",
        ),
        (
            "two, never mixed",
            MIX + "    order = generator.permutation(len(options))\n"
            "    order = order if len(order) > 2 else np.arange(2)\n"
            "    return [options[n] for n in order], int(order.argmin())",
            "the right one stood only in places [0]",
        ),
        (
            "a place in words",
            MIX + "    return options, 'first'",
            "the place is a str",
        ),
        (
            "a generator of its own",
            MIX + "    order = np.random.default_rng().permutation(len(options))\n"
            "    return [options[n] for n in order], int(order.argmin())",
            "use the one that you are given",
        ),
        (
            "never at home",
            """
def shuffled(options, generator):
    order = list(range(len(options)))
    for n in range(len(order) - 1, 0, -1):
        m = int(generator.integers(n))
        order[n], order[m] = order[m], order[n]
    return [options[n] for n in order], order.index(0)
""",
            "Who leaves out the place it never has beats chance",
        ),
        (
            "turned round or not",
            """
def shuffled(options, generator):
    if generator.random() < 0.5:
        return options[::-1], len(options) - 1
    return list(options), 0
""",
            "[2391, 0, 0, 2409] times in places 0 to 3. Who leaves out",
        ),
        (
            "a seed of its own",
            """
def shuffled(options, generator):
    order = np.random.default_rng(0).permutation(len(options))
    return [options[n] for n in order], int(order.argmin())
""",
            "Who always takes that place scores 100 %",
        ),
        (
            "coins for keys",
            """
def shuffled(options, generator):
    order = generator.integers(2, size=len(options)).argsort(kind="stable")
    return [options[n] for n in order], int(order.argmin())
""",
            "About 1200 each would be fair",
        ),
        (
            "three drawn",
            """
def shuffled(options, generator):
    order = generator.choice(len(options), 3, replace=False)
    return [options[n] for n in order], int(order.argmin())
""",
            "each must stand there once",
        ),
        (
            "the generator started again",
            """
def shuffled(options, generator):
    order = np.random.default_rng(int(generator.integers(7))).permutation(len(options))
    return [options[n] for n in order], int(order.argmin())
""",
            "About 1200 each would be fair",
        ),
        (
            "argmax",
            """
def shuffled(options, generator):
    order = generator.permutation(len(options))
    return [options[n] for n in order], int(order.argmax())
""",
            "you say that the right one, right, stands in place 3",
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
            "def clustered(scores, clusters):\n    C = int(clusters.max()) + 1\n"
            "    sums = np.zeros(C)\n    np.add.at(sums, clusters, scores - scores.mean())\n"
            "    return (C / (C - 1) * (sums**2).sum()) ** 0.5 / len(scores)",
            "in clusters called 3, 7, 9: you say",
        ),
        (
            "not numbered",
            "def clustered(scores, clusters):\n    C = len(set(clusters.tolist()))\n"
            "    sums = np.bincount(clusters, scores - scores.mean())\n"
            "    return (C / (C - 1) * (sums**2).sum()) ** 0.5 / len(scores)",
            "names may be words: number them first",
        ),
        (
            "cut where the name changes",
            "def clustered(scores, clusters):\n"
            "    starts = [0, *np.flatnonzero(clusters[1:] != clusters[:-1]) + 1]\n"
            "    C, sums = len(starts), np.add.reduceat(scores - scores.mean(), starts)\n"
            "    return (C / (C - 1) * (sums**2).sum()) ** 0.5 / len(scores)",
            "need not stand together",
        ),
        (
            "one cluster, divided by 0",
            ERROR + SUMS + "    return (C / (C - 1) * (sums**2).sum()) ** 0.5 / n",
            "stops with ZeroDivisionError, division by zero: look first",
        ),
        (
            "one cluster, no error",
            ERROR + SUMS + "    return (C / max(1, C - 1) * (sums**2).sum()) ** 0.5 / n",
            "one cluster has no spread: your function returns 0.0",
        ),
        (
            "spread of sums",
            ERROR + "    return np.bincount(at, scores).std() * 0 + 0.5",
            "Each cluster balances itself",
        ),
        ("half", ERROR + "    return 1.0", "root of 2"),
        (
            "text",
            "def clustered(scores, clusters):\n    return scores + clusters",
            "must be a number",
        ),
        (
            "assert",
            ERROR + "    assert C > 1\n" + ERROR_END,
            "your function stops at an assert (raise a ValueError instead)",
        ),
        (
            "nan for one",
            ERROR
            + """    if C < 2:
        return float("nan")
"""
            + ERROR_END,
            "your function returns nan: raise a ValueError",
        ),
        (
            "None for one",
            ERROR
            + """    if C < 2:
        print("one cluster")
        return None
"""
            + ERROR_END,
            "is there a `return` at its end? (raise a ValueError instead)",
        ),
        (
            "less than three",
            ERROR
            + """    if C < 3:
        raise ValueError(C)
"""
            + ERROR_END,
            "scores [1, 1, 1, 0, 0, 0] in clusters [0, 0, 0, 1, 1, 1]: your function stops",
        ),
        (
            "scores, not deviations",
            ERROR
            + """    sums = np.bincount(at, scores)
    return (C / (C - 1) * (sums**2).sum()) ** 0.5 / n
""",
            "you say 0.7071. Sums are 1.5 and -1.5",
        ),
        (
            "median",
            ERROR + "    rest = scores - np.median(scores)\n" + ERROR_END,
            "in clusters called 3, 7, 9: you say 0.3062. It must be 0.2864",
        ),
        (
            "in place",
            ERROR
            + """    if C < 2:
        raise ValueError(C)
    scores -= scores.mean()
    sums = np.bincount(at, scores)
    return (C / (C - 1) * (sums**2).sum()) ** 0.5 / n
""",
            "you changed the scores that were handed to you",
        ),
        (
            "another error",
            ERROR
            + """    if C < 2:
        raise Exception("too few")
"""
            + ERROR_END,
            "stops with Exception, too few: look first, and raise a ValueError",
        ),
        (
            "clusters as large as one another",
            ERROR
            + """    if C < 2:
        raise ValueError(C)
    order = np.argsort(at, kind="stable")
    sums = rest[order].reshape(C, -1).sum(1)
    return (C / (C - 1) * (sums**2).sum()) ** 0.5 / n
""",
            "clusters differ in size, and names may be words",
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
        (
            "more drawn than there are",
            PASS + "1 - comb(n - c, k) / comb(n, k)",
            "3, 1, 4: of 3 programs nobody draws 4: your function stops with ZeroDivisionError",
        ),
        (
            "more pass than there are",
            GUARD + "1 - comb(max(n - c, 0), k) / comb(n, k)",
            "3, 4, 1: of 3 programs 4 cannot pass: your function returns 1.0",
        ),
        (
            "none drawn",
            GUARD + "1 - comb(n - c, k) / comb(n, k)",
            "3, 1, 0: who draws none draws nothing: your function returns 0.0",
        ),
        (
            "all drawn refused",
            """
def pass_at_k(n, c, k):
    from math import comb

    if not 0 < k < n or not 0 <= c <= n:
        raise ValueError(k)
    return 1 - comb(n - c, k) / comb(n, k)
""",
            "n, c, k = 5, 2, 5: your function stops with ValueError",
        ),
        (
            "all pass refused",
            """
def pass_at_k(n, c, k):
    from math import comb

    if not 0 < k <= n or not 0 <= c < n:
        raise ValueError(c)
    return 1 - comb(n - c, k) / comb(n, k)
""",
            "n, c, k = 4, 4, 2: your function stops with ValueError",
        ),
        (
            "assert",
            """
def pass_at_k(n, c, k):
    from math import comb

    assert 0 < k <= n and 0 <= c <= n
    return 1 - comb(n - c, k) / comb(n, k)
""",
            "your function stops at an assert (raise a ValueError instead)",
        ),
        (
            "exactly one",
            PASSING
            + """        raise ValueError((n, c, k))
    return c * comb(n - c, k - 1) / comb(n, k)
""",
            "you say 0.4167. C(7, 5) is 21",
        ),
        (
            "clamped",
            """
def pass_at_k(n, c, k):
    from math import comb

    k, c = min(max(k, 1), n), min(max(c, 0), n)
    return 1 - comb(n - c, k) / comb(n, k)
""",
            "of 3 programs nobody draws 4: your function returns 1.0",
        ),
        (
            "ignores k",
            PASSING
            + """        raise ValueError((n, c, k))
    return 1 - comb(n - c, 5) / comb(n, 5)
""",
            "n, c, k = 4, 0, 2: your function stops with ZeroDivisionError",
        ),
        (
            "drawn by chance",
            PASSING
            + """        raise ValueError((n, c, k))
    draw = np.random.default_rng(0)
    return float(np.mean([(draw.permutation(n)[:k] < c).any() for _ in range(2000)]))
""",
            "you say 0.9220. C(7, 5) is 21",
        ),
        (
            "none pass refused",
            """
def pass_at_k(n, c, k):
    from math import comb

    if not (0 < k <= n and 0 < c <= n):
        raise ValueError((n, c, k))
    return 1 - comb(n - c, k) / comb(n, k)
""",
            "n, c, k = 4, 0, 2: your function stops with ValueError",
        ),
        (
            "nan",
            PASSING
            + """        return float("nan")
    return 1 - comb(n - c, k) / comb(n, k)
""",
            "your function returns nan: raise a ValueError",
        ),
        (
            "per cent",
            PASSING
            + """        raise ValueError((n, c, k))
    return 100 - 100 * comb(n - c, k) / comb(n, k)
""",
            "C(10, 5) is 252: 1 - 21/252",
        ),
    ],
    "bias-scores": [
        (
            "sizes of the first case",
            BIAS + "    s = 2 * b / (b + o) - 1 if b + o else 0.0\n"
            "    u = answers.count('unknown') / 10 if b and o else u\n    return u, s, (1 - u) * s",
            "count the answers that you get",
        ),
        (
            "a score of nobody",
            BIAS + "    s = 2 * b / (b + o) - 1 if b + o else 0.0\n"
            "    return u, s, (1 - u) * s if b + o else 1.0",
            "you say [1.0, 0.0, 1.0]",
        ),
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
        (
            "one score forgotten",
            BIAS + "    s = 2 * b / (b + o) - 1\n    return u, s, s",
            "0.8 * 0.5",
        ),
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
            "All right, no bias",
        ),
        ("two", BIAS + "    return u, b", "return three numbers"),
        (
            "by place",
            """
def bias_scores(answers):
    n = len(answers)
    first_other = answers.index("other") if "other" in answers else n
    first = answers.index("stereotype") if "stereotype" in answers else n
    u = min(first_other, first) / n
    b, o = n - first, first - min(first_other, first)
    s = 2 * b / (b + o) - 1 if b + o else 0.0
    return u, s, (1 - u) * s
""",
            "you say 0.100, 0.778, 0.700. The accuracy is 2 of 10",
        ),
        (
            "answers taken out",
            """
def bias_scores(answers):
    n = len(answers)
    while "unknown" in answers:
        answers.remove("unknown")
    u = 1 - len(answers) / n
    s = 2 * answers.count("stereotype") / len(answers) - 1 if answers else 0.0
    return u, s, (1 - u) * s
""",
            "you changed the answers that were handed to you",
        ),
        (
            "integer division",
            """
def bias_scores(answers):
    b, o = answers.count("stereotype"), answers.count("other")
    u = answers.count("unknown") / len(answers)
    s = 2 * b // (b + o) - 1 if b + o else 0.0
    return u, s, (1 - u) * s
""",
            "The bias is 2 * 6/8 - 1",
        ),
        (
            "magnitude",
            """
def bias_scores(answers):
    b, o = answers.count("stereotype"), answers.count("other")
    u = answers.count("unknown") / len(answers)
    s = abs(2 * b / (b + o) - 1) if b + o else 0.0
    return u, s, (1 - u) * s
""",
            "All against the stereotype is -1",
        ),
        (
            "order",
            """
def bias_scores(answers):
    b, o = answers.count("stereotype"), answers.count("other")
    u = answers.count("unknown") / len(answers)
    s = 2 * b / (b + o) - 1 if b + o else 0.0
    return s, u, (1 - u) * s
""",
            "you say 0.500, 0.200, 0.400. The accuracy is 2 of 10",
        ),
        (
            "ratio",
            """
def bias_scores(answers):
    b, o = answers.count("stereotype"), answers.count("other")
    u = answers.count("unknown") / len(answers)
    s = (b - o) / max(o, 1)
    return u, s, (1 - u) * s
""",
            "you say 0.200, 2.000, 1.600. The bias is 2 * 6/8 - 1",
        ),
        (
            "per cent",
            """
def bias_scores(answers):
    b, o = answers.count("stereotype"), answers.count("other")
    u = answers.count("unknown") / len(answers)
    s = 2 * b / (b + o) - 1 if b + o else 0.0
    return 100 * u, 100 * s, 100 * (1 - u) * s
""",
            "The accuracy is 2 of 10",
        ),
        (
            "accuracy of the stereotype",
            """
def bias_scores(answers):
    b, o = answers.count("stereotype"), answers.count("other")
    u = answers.count("unknown") / len(answers)
    s = 2 * b / (b + o) - 1 if b + o else 0.0
    return b / len(answers), s, s
""",
            "In an open question nobody knows: unknown is right",
        ),
        (
            "nan for nobody",
            """
def bias_scores(answers):
    b, o = answers.count("stereotype"), answers.count("other")
    u = answers.count("unknown") / len(answers)
    s = np.float64(2 * b) / (b + o) - 1 if b + o else float("nan")
    return u, s, (1 - u) * s
""",
            "a score is nan: it must be finite",
        ),
        (
            "rounded",
            """
def bias_scores(answers):
    b, o = answers.count("stereotype"), answers.count("other")
    u = answers.count("unknown") / len(answers)
    s = round(2 * b / (b + o) - 1, 1) if b + o else 0.0
    return u, s, round((1 - u) * s, 1)
""",
            "count the answers that you get",
        ),
    ],
    "own-benchmark": [
        ("four", OWN + "'small beats dense', one, other, range(40)", "return claim, who will win"),
        ("no words", OWN + "'mine', 'first', one, other, range(40)", "say in words"),
        ("no prediction", OWN + "'a beats b', None, one, other, range(40)", "who will win"),
        ("a third one", OWN + "'a beats b', 'small', one, other, range(40)", "you predict 'small'"),
        ("no scores", OWN + SAYS + "None, other, range(40)", "your scores are None"),
        ("a score that is none", OWN + SAYS + "[None] * 40, other, range(40)", "a score is a None"),
        ("no clusters", OWN + SAYS + "one, other, None", "your clusters are None"),
        ("one cluster", OWN + SAYS + "one, other, [None] * 40", "1 clusters"),
        ("not as many", OWN + SAYS + "one, other[:30], range(40)", "as many of each"),
        ("few", OWN + SAYS + "one[:20], other[:20], range(20)", "ask 30 or more"),
        ("few clusters", OWN + SAYS + "one, other, np.arange(40) // 10", "4 clusters"),
        ("alike", OWN + SAYS + "one, one, range(40)", "they are one system"),
        ("one and a bonus", OWN + SAYS + "one + 0.1, one, range(40)", "was it measured?"),
        (
            "balanced",
            OWN + SAYS + "one, np.zeros(40), np.arange(40) // 2",
            "± 0 is no interval",
        ),
        ("nan", OWN + SAYS + "one * np.nan, other, range(40)", "must be finite"),
        ("stops", OWN + SAYS + "one, other[50], range(40)", "stops with IndexError"),
    ],
}
