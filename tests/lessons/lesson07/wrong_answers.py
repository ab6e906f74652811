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
GREEDY = (  # the order, and the number that owner is asked for
    "    load, room = np.zeros(ranks), np.full(ranks, each)\n"
    "    owner = np.zeros(len(count_E), dtype=int)\n"
    "    for i, e in {0}:\n"
    "        r = np.where(room > 0, load, np.inf).argmin()\n"
    "        owner[{1}] = r\n        load[r] += count_E[e]\n        room[r] -= 1\n"
    "    return owner"
)
DOWN = "enumerate(np.argsort(-count_E))"
HOME = "def answers_home(x_RD, come, experts):\n    ranks, own = come.shape\n"
OWNERS = "    expert_R = torch.arange(own).repeat(ranks).repeat_interleave(come.flatten())\n"
ORDER = "    order_R = expert_R.argsort(stable=True)\n"
WAY_HOME = "    return experts(x_RD[order_R], come.sum(0))[order_R.argsort()]"
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
        (
            "second choices",
            RANKS + "    rows = np.zeros((ranks, ranks))\n"
            "    np.add.at(rows, (home_T, owner_E[expert_TK[:, 1]]), 1)\n    return rows",
            "only second choices",
        ),
        (
            "experts for ranks",
            COUNTS + "    ranks = len(owner_E)\n" + LANES + COUNTED,
            "has shape (5, 5)",
        ),
        (
            "no minlength",
            RANKS + LANES + "    return np.bincount(lane.ravel()).reshape(ranks, ranks)",
            "minlength=ranks**2",
        ),
        (
            "one axis",
            RANKS + LANES + "    return np.bincount(lane.ravel(), minlength=ranks**2)",
            "has shape (9,)",
        ),
        (
            "no new axis",
            RANKS + "    lane = home_T * ranks + owner_E[expert_TK]\n" + COUNTED,
            "home_T[:, None]",
        ),
        (
            "experts as places",
            RANKS + "    rows = np.zeros((ranks, ranks))\n"
            "    np.add.at(rows, (home_T[:, None], expert_TK), 1)\n    return rows",
            "owner_E[expert_TK] has a rank",
        ),
        (
            "both ways",
            RANKS + LANES + COUNTED.replace("return", "rows =") + "\n    return rows + rows.T",
            "once is enough",
        ),
        ("shares of all", RANKS + LANES + COUNTED + " / expert_TK.size", "shares of all rows"),
        (
            "ranks with experts",
            COUNTS + "    ranks = int(owner_E.max()) + 1\n" + LANES + COUNTED,
            "may be one of home_T",
        ),
        (
            "ranks counted",
            COUNTS + "    ranks = len(np.unique(owner_E))\n" + LANES + COUNTED,
            "into shape (2,2)",
        ),
        (
            "two visits",
            RANKS + "    rows = np.zeros((ranks, ranks))\n    for choice_T in expert_TK.T[:2]:\n"
            "        np.add.at(rows, (home_T, owner_E[choice_T]), 1)\n    return rows",
            "3 visits each",
        ),
        ("a list", RANKS + LANES + COUNTED + ".tolist()", "is a list"),
        (
            "nothing where nothing goes",
            RANKS + "    rows = np.full((ranks, ranks), None)\n"
            "    for home, experts in zip(home_T, expert_TK):\n"
            "        for rank in owner_E[experts]:\n"
            "            rows[home, rank] = (rows[home, rank] or 0) + 1\n    return rows",
            "must hold numbers",
        ),
        (
            "home of the expert",
            RANKS + LANES.replace("home_T[:, None]", "owner_E[expert_TK]") + COUNTED,
            "[[5.0, 0.0, 0.0]",
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
        (
            "everything to everybody",
            MOVE + "    return [torch.cat(rows) for _ in rows]",
            "everybody gets everything",
        ),
        (
            "equal parts",
            MOVE + "    parts = [each.tensor_split(len(rows)) for each in rows]\n"
            "    return [torch.cat(part) for part in zip(*parts)]",
            "equal parts",
        ),
        (
            "chunks",
            MOVE + "    parts = [each.chunk(len(rows)) for each in rows]\n"
            "    return [torch.cat(part) for part in zip(*parts)]",
            "not 2 parts",
        ),
        (
            "whole ranks",
            MOVE + "    return [rows[r - 1] for r in range(len(rows))]",
            "whole ranks were handed on",
        ),
        (
            "stacked",
            PARTS + "    return [torch.stack(part) for part in zip(*parts)]",
            "your function stops",
        ),
        (
            "into the list",
            PARTS + "    for s, part in enumerate(zip(*parts)):\n"
            "        rows[s] = torch.cat(part)\n    return rows",
            "was changed",
        ),
        (
            "ends for starts",
            MOVE + "    ends = sent.cumsum(1)\n"
            "    return [torch.cat([each[ends[r, s] :] for r, each in enumerate(rows)])\n"
            "            for s in range(len(rows))]",
            "rows of shapes",
        ),
        (
            "three ranks",
            PARTS + "    return [torch.cat([parts[r][s] for r in range(3)]) for s in range(3)]",
            "2 ranks with 2 rows each",
        ),
        (
            "two numbers wide",
            PARTS + "    return [torch.cat(part).reshape(-1, 2) for part in zip(*parts)]",
            "shape '[-1, 2]' is invalid",
        ),
        (
            "sent in place",
            MOVE + "    ends, own = sent.cumsum_(1), sent.diff(dim=1, prepend=sent[:, :1] * 0)\n"
            "    return [torch.cat([each[ends[r, s] - own[r, s] : ends[r, s]]\n"
            "            for r, each in enumerate(rows)]) for s in range(len(rows))]",
            "argument 2 of your function was changed",
        ),
        (
            "sorted",
            PARTS + "    return [torch.cat(part).sort(0).values for part in zip(*parts)]",
            "column 1 of rank 0's rows",
        ),
        (
            "own rows first",
            PARTS + "    ranks = len(rows)\n"
            "    return [torch.cat([parts[(s + i) % ranks][s] for i in range(ranks)])\n"
            "            for s in range(ranks)]",
            "column 0 of rank 1's rows",
        ),
        (
            "always from the first row",
            MOVE + "    return [torch.cat([each[: sent[r, s]] for r, each in enumerate(rows)])\n"
            "            for s in range(len(rows))]",
            "is [0.0, 1.0, 10.0]",
        ),
        (
            "by name",
            PARTS + "    return {s: torch.cat(part) for s, part in enumerate(zip(*parts))}",
            "not a dict",
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
        (
            "of all ranks",
            BYTES + "tokens / ranks * top_k * dim * size * (ranks - 1) / ranks",
            "those of one rank already",
        ),
        (
            "the wrong way up",
            BYTES + "tokens * top_k * dim * size * ranks / (ranks - 1)",
            "below 1",
        ),
        ("bits", BYTES + "8 * tokens * top_k * dim * size * (ranks - 1) / ranks", "are bits"),
        (
            "a whole number",
            BYTES + "tokens * top_k * dim * size * ((ranks - 1) // ranks)",
            "rounded down",
        ),
        ("rounded", BYTES + "tokens * top_k * dim * size * (ranks - 1) // ranks", "do not round"),
        (
            "a power",
            BYTES + "tokens * top_k * dim * size * (1 - 1 / ranks) ** top_k",
            "no power of k",
        ),
        ("width 7", BYTES + "tokens * top_k * 7 * size * (ranks - 1) / ranks", "you give 4.66667"),
        ("k of 3", BYTES + "tokens * 3 * dim * size * (ranks - 1) / ranks", "you give 2, is"),
        ("30 tokens", BYTES + "30 * top_k * dim * size * (ranks - 1) / ranks", "you give 20, is"),
        ("four fifths", BYTES + "tokens * top_k * dim * size * 0.8 * (ranks > 1)", "0.8, is"),
        (
            "rounded up",
            BYTES + "-(-tokens * top_k * dim * size * (ranks - 1) // ranks)",
            "give 1, do",
        ),
        (
            "k less what stays",
            BYTES + "tokens * (top_k - 1 / ranks) * dim * size",
            "you give 1176",
        ),
        (
            "destinations",
            BYTES + "tokens * dim * size * (ranks - 1) * (1 - (1 - 1 / ranks) ** top_k)",
            "you give 819.84",
        ),
        (
            "a number a rank",
            BYTES + "np.full(ranks, tokens * top_k * dim * size * (ranks - 1) / ranks)",
            "must be a number",
        ),
        (
            "divided by nothing",
            BYTES + "tokens * top_k * dim * size / (ranks / (ranks - 1))",
            "stops with ZeroDivisionError",
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
        (
            "one rank",
            PLACE + "    return np.zeros(len(count_E), dtype=int)",
            "hold [8, 0, 0, 0] experts",
        ),
        ("too few", PLACE + "    return np.zeros(ranks, dtype=int)", "has shape"),
        ("in place", PLACE + "    count_E.sort()\n    return count_E * 0", "was changed"),
        ("in turn", PLACE + "    return np.arange(len(count_E)) % ranks", "in turn, as they come"),
        (
            "by place in the order",
            PLACE + GREEDY.format("enumerate(np.argsort(-count_E))", "i"),
            "not of the e-th busiest",
        ),
        (
            "from the emptiest up",
            PLACE + GREEDY.format("enumerate(np.argsort(count_E))", "e"),
            "the fullest could have",
        ),
        (
            "not sorted",
            PLACE + GREEDY.format("enumerate(range(len(count_E)))", "e"),
            "the fullest could have",
        ),
        ("from one", PLACE + "    return 1 + np.arange(len(count_E)) % ranks", "are not ranks"),
        (
            "lists of experts",
            PLACE + "    order = np.argsort(-count_E)\n"
            "    return [order[r::ranks].tolist() for r in range(ranks)]",
            "has shape (4, 2)",
        ),
        (
            "two on each",
            PLACE.replace("len(count_E) // ranks", "2") + GREEDY.format(DOWN, "e"),
            "hold [4, 2] experts",
        ),
        (
            "lists of other lengths",
            PLACE + "    mine, load = [[] for _ in range(ranks)], np.zeros(ranks)\n"
            "    for e in np.argsort(-count_E):\n        r = load.argmin()\n"
            "        mine[r].append(int(e))\n        load[r] += count_E[e]\n    return mine",
            "not lists of experts",
        ),
        (
            "not all of them",
            PLACE + "    owner = [None] * len(count_E)\n"
            "    for r, e in enumerate(np.argsort(-count_E)[:ranks]):\n        owner[e] = r\n"
            "    return owner",
            "must hold numbers",
        ),
        (
            "the fullest",
            PLACE + GREEDY.format(DOWN, "e").replace("np.inf).argmin", "-1).argmax"),
            "[60.0, 37.0, 26.0, 6.0]",
        ),
        (
            "by name",
            PLACE
            + GREEDY.format(DOWN, "e").replace("return owner", "return dict(enumerate(owner))"),
            "is a dict",
        ),
        (
            "a set",
            PLACE + GREEDY.format(DOWN, "e").replace("return owner", "return set(owner)"),
            "is a set",
        ),
        (
            "one-hot",
            PLACE + GREEDY.format(DOWN, "e").replace("return owner", "return np.eye(ranks)[owner]"),
            "has shape (8, 4)",
        ),
        (
            "loads",
            PLACE + GREEDY.format(DOWN, "e").replace("return owner", "return load[owner]"),
            "[33.0, 33.0, 30.0",
        ),
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
        (
            "come turned",
            HOME
            + "    expert_R = torch.arange(own).repeat(ranks).repeat_interleave(come.T.flatten())\n"
            + ORDER
            + "    return experts(x_RD[order_R], come.sum(0))[order_R.argsort()]",
            "its own are",
        ),
        (
            "last expert first",
            HOME + OWNERS + "    order_R = expert_R.argsort(stable=True, descending=True)\n"
            "    return experts(x_RD[order_R], come.sum(0))[order_R.argsort()]",
            "its own are",
        ),
        (
            "counts of all ranks",
            HOME + OWNERS + ORDER + "    return experts(x_RD[order_R], come[0])[order_R.argsort()]",
            "your function stops",
        ),
        (
            "cut by ranks",
            HOME + OWNERS + ORDER + "    y_RD = experts(x_RD[order_R], come.sum(0))\n"
            "    return y_RD[order_R.argsort()].split(come.sum(1).tolist())",
            "a tuple",
        ),
        (
            "no counts",
            HOME + OWNERS + ORDER + "    return experts(x_RD[order_R])[order_R.argsort()]",
            "your function stops with TypeError",
        ),
        (
            "order backwards",
            HOME
            + OWNERS
            + ORDER
            + "    return experts(x_RD[order_R], come.sum(0))[order_R.flip(0)]",
            "the answers are",
        ),
        (
            "two experts",
            HOME + OWNERS.replace("arange(own)", "arange(2)") + ORDER + WAY_HOME,
            "for three experts, one without rows: your function stops",
        ),
        (
            "three ranks, two experts",
            HOME + "    experts_of = [0, 1, 0, 1, 0, 1]\n"
            "    expert_R = torch.tensor(experts_of).repeat_interleave(come.flatten())\n"
            + ORDER
            + WAY_HOME,
            "one without rows: the answers are",
        ),
        ("experts not asked", HOME + OWNERS + ORDER + "    return x_RD * 10", "call experts, once"),
        (
            "in place",
            HOME + OWNERS + ORDER + "    x_RD.copy_(x_RD[order_R])\n"
            "    return experts(x_RD, come.sum(0))[order_R.argsort()]",
            "was changed",
        ),
        (
            "inverse first",
            HOME + OWNERS + ORDER + "    back_R = order_R.argsort()\n"
            "    return experts(x_RD[back_R], come.sum(0))[order_R]",
            "its own are",
        ),
        (
            "ranks for experts",
            "def answers_home(x_RD, come, experts):\n    own, ranks = come.shape\n"
            + OWNERS
            + ORDER
            + WAY_HOME,
            "expert 0 got rows [1.0, 2.0, 3.0, 6.0, 7.0, 8.0]",
        ),
        (
            "order three times",
            HOME
            + OWNERS
            + ORDER
            + "    return experts(x_RD[order_R], come.sum(0))[order_R][order_R]",
            "90.0, 70.0",
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
        ("rows", EXPERIMENT + "{'a': [4069, 4283, 4174], 'b': [3484, 6603, 3207]}", "lie below"),
        (
            "mean over max",
            EXPERIMENT + "{'a': [0.71, 0.8, 0.9], 'b': [0.6, 0.7, 0.65]}",
            "lie above",
        ),
        (
            "loads of devices",
            EXPERIMENT + "{'a': [np.ones(4)] * 3, 'b': [np.ones(4)] * 3}",
            "must be a number",
        ),
        ("nothing", EXPERIMENT + "{}", "0 setting"),
        ("a mean alone", EXPERIMENT + "{'a': [1.5], 'b': [1.2]}", "1 of 3 runs"),
        (
            "a number that is none",
            EXPERIMENT + "{'a': [1.5, np.nan, 1.3], 'b': [1.2, 1.1, 1.3]}",
            "a run of a is nan",
        ),
    ],
}
