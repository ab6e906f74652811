"""Plausible wrong answers to the exercises of lesson 07, and what the check says to each.

exercise -> [(name, source, part of the message)].
"""

COUNTS = "def send_counts(expert_TK, home_T, owner_E):\n"
RANKS = COUNTS + "    ranks = int(max(home_T.max(), owner_E.max())) + 1\n"
LANES = "    lane = home_T[:, None] * ranks + owner_E[expert_TK]\n"
COUNTED = "    return np.bincount(lane.ravel(), minlength=ranks**2).reshape(ranks, ranks)"
MOVE = "def all_to_all(rows, sent):\n"
PARTS = MOVE + "    parts = [each.split(row.tolist()) for each, row in zip(rows, sent)]\n"
BYTES = "def expected_bytes(tokens, top_k, dim, size, ranks):\n    return "
PLACE = "def place(count_E, ranks):\n    each = len(count_E) // ranks\n"
HOME = "def answers_home(x_RD, come, experts):\n    ranks, own = come.shape\n"
OWNERS = "    expert_R = torch.arange(own).repeat(ranks).repeat_interleave(come.flatten())\n"
ORDER = "    order_R = expert_R.argsort(stable=True)\n"
EXPERIMENT = "def experiment():\n    return "

WRONG_ANSWERS = {
    "send-counts": [
        (
            "turned round",
            RANKS + "    lane = owner_E[expert_TK] * ranks + home_T[:, None]\n" + COUNTED,
            "turned round",
        ),
        (
            "first choices",
            RANKS + "    lane = home_T * ranks + owner_E[expert_TK[:, 0]]\n" + COUNTED,
            "only first choices",
        ),
        (
            "tokens, not visits",
            RANKS + "    rows = np.zeros((ranks, ranks))\n"
            "    for home, row in zip(home_T, expert_TK):\n"
            "        rows[home, owner_E[row]] += 1\n    return rows",
            "you count one",
        ),
        ("shares", RANKS + LANES + COUNTED + " / np.bincount(home_T)[:, None] / 2", "not rows"),
        ("yes or no", RANKS + LANES + COUNTED + " > 0", "whether there is one"),
        (
            "without home",
            RANKS + LANES + COUNTED + " * (1 - np.eye(ranks, dtype=int))",
            "rows for one's own rank count",
        ),
        (
            "ranks of the tokens",
            COUNTS + "    ranks = int(home_T.max()) + 1\n" + LANES + COUNTED,
            "2 tokens on ranks 0 and 1, 4 experts on 4 ranks",
        ),
        (
            "no home",
            RANKS + "    lane = owner_E[expert_TK]\n" + COUNTED,
            "as if every token were on rank 0",
        ),
        (
            "in place",
            RANKS + "    expert_TK += ranks * home_T[:, None]\n    lane = expert_TK\n"
            "    return np.zeros((ranks, ranks))",
            "was changed",
        ),
    ],
    "all-to-all": [
        ("nothing", PARTS + "    return [torch.cat(part) for part in parts]", "nothing moved"),
        (
            "senders backwards",
            PARTS + "    return [torch.cat(part[::-1]) for part in zip(*parts)]",
            "ranks come in order",
        ),
        (
            "own parts backwards",
            PARTS + "    return [torch.cat(part[::-1]) for part in parts]",
            "put together again",
        ),
        (
            "home left out",
            PARTS + "    return [torch.cat([p for s, p in enumerate(part) if s != r])\n"
            "            for r, part in enumerate(zip(*parts))]",
            "belong to the result",
        ),
        (
            "cut by columns",
            MOVE + "    parts = []\n"
            "    for r, each in enumerate(rows):\n"
            "        ends = sent[:, r].cumsum(0).clamp(max=len(each)).tolist()\n"
            "        parts.append([each[a:b] for a, b in zip([0, *ends], ends)])\n"
            "    return [torch.cat(part) for part in zip(*parts)]",
            "cut by rows",
        ),
        ("one tensor", PARTS + "    return torch.cat([torch.cat(p) for p in zip(*parts)])", "list"),
        ("parts", PARTS + "    return [list(part) for part in zip(*parts)]", "no tensor"),
        (
            "split forgets tolist",
            MOVE
            + "    return [torch.cat(p) for p in zip(*(x.split(s) for x, s in zip(rows, sent)))]",
            "your function stops",
        ),
    ],
    "expected-bytes": [
        ("home too", BYTES + "tokens * top_k * dim * size", "A fifth of the rows stays"),
        ("home alone", BYTES + "tokens * top_k * dim * size / ranks", "what stays at home"),
        ("numbers", BYTES + "tokens * top_k * dim * (ranks - 1) / ranks", "not bytes"),
        ("one visit", BYTES + "tokens * dim * size * (ranks - 1) / ranks", "each of its k visits"),
        ("no width", BYTES + "tokens * top_k * size * (ranks - 1) / ranks", "one number a row"),
        ("all ranks", BYTES + "tokens * top_k * dim * size * (ranks - 1)", "all ranks together"),
        (
            "both ways",
            BYTES + "2 * tokens * top_k * dim * size * (ranks - 1) / ranks",
            "there and back",
        ),
        (
            "a step",
            BYTES + "4 * tokens * top_k * dim * size * (ranks - 1) / ranks",
            "a whole step",
        ),
        (
            "hard-coded",
            BYTES + "tokens * top_k * dim * 2 * (ranks - 1) / ranks",
            "is a size written into it",
        ),
    ],
    "place": [
        (
            "in order",
            PLACE + "    return np.arange(len(count_E)) // each",
            "the order they come in",
        ),
        (
            "like cards",
            PLACE + "    order = np.argsort(-count_E)\n"
            "    owner = np.zeros(len(count_E), dtype=int)\n"
            "    owner[order] = np.arange(len(count_E)) % ranks\n    return owner",
            "dealt like cards",
        ),
        (
            "no room",
            PLACE + "    load, owner = np.zeros(ranks), np.zeros(len(count_E), dtype=int)\n"
            "    for e in np.argsort(-count_E):\n"
            "        owner[e] = load.argmin()\n        load[owner[e]] += count_E[e]\n"
            "    return owner",
            "each has room for",
        ),
        (
            "busiest together",
            PLACE + "    owner = np.zeros(len(count_E), dtype=int)\n"
            "    owner[np.argsort(count_E)] = np.arange(len(count_E)) // each\n    return owner",
            "the fullest could have",
        ),
        ("counts", PLACE + "    return count_E.copy()", "are not ranks"),
        ("one rank", PLACE + "    return np.zeros(len(count_E), dtype=int)", "hold [4, 0] experts"),
        ("too few", PLACE + "    return np.zeros(ranks, dtype=int)", "has shape"),
        ("in place", PLACE + "    count_E.sort()\n    return count_E * 0", "was changed"),
    ],
    "home": [
        (
            "order twice",
            HOME + OWNERS + ORDER + "    return experts(x_RD[order_R], come.sum(0))[order_R]",
            "does not undo itself",
        ),
        (
            "no way back",
            HOME + OWNERS + ORDER + "    return experts(x_RD[order_R], come.sum(0))",
            "still expert by expert",
        ),
        (
            "not sorted",
            HOME + "    return experts(x_RD, come.sum(0))",
            "rank by rank",
        ),
        (
            "backwards",
            HOME + OWNERS + ORDER + "    return experts(x_RD[order_R], come.sum(0)).flip(0)",
            "backwards is no way back",
        ),
        (
            "rows of ranks",
            HOME + OWNERS + ORDER + "    return experts(x_RD[order_R], come.sum(1)[:2])",
            "your function stops",
        ),
        (
            "rows again",
            HOME + OWNERS + ORDER + "    experts(x_RD[order_R], come.sum(0))\n    return x_RD",
            "no answers",
        ),
        (
            "called twice",
            HOME + OWNERS + ORDER + "    experts(x_RD[order_R], come.sum(0))\n"
            "    return experts(x_RD[order_R], come.sum(0))[order_R.argsort()]",
            "called 2 times",
        ),
        (
            "other order within",
            HOME + OWNERS + "    n = len(x_RD)\n"
            "    order_R = (expert_R * n - torch.arange(n)).argsort()\n"
            "    return experts(x_RD[order_R], come.sum(0))[order_R.argsort()]",
            "keep the order",
        ),
    ],
    "fullest": [
        ("a list", EXPERIMENT + "[1.5, 1.2]", "return a dict"),
        ("one setting", EXPERIMENT + "{'a': [1.5, 1.2, 1.3]}", "1 setting"),
        ("two runs", EXPERIMENT + "{'a': [1.5, 1.2], 'b': [1.1, 1.3]}", "2 of 3 runs"),
        ("loads", EXPERIMENT + "{'a': [0.3, 0.2, 0.4], 'b': [0.1, 0.2, 0.3]}", "lie above"),
        (
            "equal",
            EXPERIMENT + "{'a': [1.5] * 3, 'b': [1.2] * 3}",
            "all runs of a setting are equal",
        ),
        ("numbers", EXPERIMENT + "{'a': 1.5, 'b': 1.2}", "give a list of runs"),
    ],
}
