"""Plausible wrong answers to the exercises of lesson 03, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``top-k`` for ``top-k-stub``, ``top-k-check`` and ``top-k-hints``.
"""

LOAD_ENDS = "    return torch.special.ndtr((clean_TE - rival_TE) / F.softplus(scale_TE)).sum(0)\n"
RIVAL = (
    "    T, E = clean_TE.shape\n"
    "    if k == E:\n"
    "        return clean_TE.new_full((E,), float(T))\n"
    "    best_TK, expert_TK = noisy_TE.topk(k + 1)\n"
    "    chosen_TE = torch.zeros_like(noisy_TE).scatter(1, expert_TK[:, :k], 1.0) > 0\n"
    "    rival_TE = torch.where(chosen_TE, best_TK[:, k:], best_TK[:, k - 1 : k])\n"
)
NOISY_SCORES = "def noisy_scores(logits_TE, scale_TE, generator):\n"
TWO_LEVELS = "def two_levels(group_TK, share_TK, expert_TKK, weight_TKK, size):\n"
ROWS = "def rows_per_expert(batch, positions, top_k, num_experts, devices):\n"

WRONG_ANSWERS = {
    "importance": [
        (
            "visits",
            "def importance(routing):\n"
            "    E = routing.logits_TE.shape[-1]\n"
            "    return routing.expert_TK.flatten().bincount(minlength=E + 1)[:E]",
            "These are visits",
        ),
        (
            "shares of visits",
            "from moe_lesson.moe.balance import load\n"
            "def importance(routing):\n    return load(routing)",
            "These are shares of visits",
        ),
        (
            "repeated places written once",
            "def importance(routing):\n"
            "    E = routing.logits_TE.shape[-1]\n"
            "    total = routing.weight_TK.new_zeros(E + 1)\n"
            "    total[routing.expert_TK.flatten()] += routing.weight_TK.flatten()\n"
            "    return total[:E]",
            "one weight was kept",
        ),
        (
            "softmax over all",
            "def importance(routing):\n    return routing.logits_TE.softmax(-1).sum(0)",
            "Who is not visited gets nothing",
        ),
        (
            "mean over tokens",
            "from moe_lesson.moe import balance\n"
            "def importance(routing):\n"
            "    return balance.importance(routing) / len(routing.weight_TK)",
            "divided by nothing",
        ),
        (
            "first choices",
            "def importance(routing):\n"
            "    total = routing.weight_TK.new_zeros(routing.logits_TE.shape[-1])\n"
            "    return total.index_add(0, routing.expert_TK[:, 0], routing.weight_TK[:, 0])",
            "Second choices count too",
        ),
        (
            "cut from the graph",
            "from moe_lesson.moe import balance\n"
            "def importance(routing):\n    return balance.importance(routing).detach()",
            "cut from the graph",
        ),
        (
            "a place too many",
            "def importance(routing):\n"
            "    E = routing.logits_TE.shape[-1]\n"
            "    total = routing.weight_TK.new_zeros(E + 1)\n"
            "    places, values = routing.expert_TK.flatten(), routing.weight_TK.flatten()\n"
            "    return total.index_add(0, places, values)",
            "has shape (5,)",
        ),
        (
            "no place for no visit",
            "def importance(routing):\n"
            "    E = routing.logits_TE.shape[-1]\n"
            "    total = [0.0] * E\n"
            "    for experts, weights in zip(routing.expert_TK.tolist(), routing.weight_TK):\n"
            "        for e, w in zip(experts, weights):\n"
            "            total[e] = total[e] + w\n"
            "    return torch.stack([torch.as_tensor(t) for t in total])",
            "make room for it",
        ),
        (
            "values in another order",
            "def importance(routing):\n"
            "    E = routing.logits_TE.shape[-1]\n"
            "    total = routing.weight_TK.new_zeros(E + 1)\n"
            "    return total.index_add(0, routing.expert_TK.flatten(), "
            "routing.weight_TK.T.flatten())[:E]",
            "flattened in another order",
        ),
        (
            "four experts for ever",
            "def importance(routing):\n"
            "    total = routing.weight_TK.new_zeros(5)\n"
            "    return total.index_add(0, routing.expert_TK.flatten(), "
            "routing.weight_TK.flatten())[:4]",
            "1 visit, 7 experts",
        ),
        (
            "mean over visits",
            "from moe_lesson.moe import balance\n"
            "def importance(routing):\n"
            "    E = routing.logits_TE.shape[-1]\n"
            "    visits = routing.expert_TK.flatten().bincount(minlength=E + 1)[:E]\n"
            "    return balance.importance(routing) / visits.clamp(min=1)",
            "hides how many there were",
        ),
        (
            "squares",
            "def importance(routing):\n"
            "    E = routing.logits_TE.shape[-1]\n"
            "    total = routing.weight_TK.new_zeros(E + 1)\n"
            "    values = routing.weight_TK.flatten() ** 2\n"
            "    return total.index_add(0, routing.expert_TK.flatten(), values)[:E]",
            "Squares are for the CV",
        ),
        (
            "by rank of choice",
            "def importance(routing):\n    return routing.weight_TK.sum(0)",
            "has shape (2,)",
        ),
    ],
    "smooth-load": [
        (
            "its own rival",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            "    rival_TE = noisy_TE.topk(k).values[:, -1:]\n" + LOAD_ENDS,
            "not its own 2",
        ),
        (
            "the runner-up for all",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            "    rival_TE = noisy_TE.topk(k + 1).values[:, -1:]\n" + LOAD_ENDS,
            "the others must beat 2",
        ),
        (
            "old noise kept",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace("clean_TE -", "noisy_TE -"),
            "Fresh noise goes on the clean score",
        ),
        (
            "sign turned",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace("clean_TE - rival_TE", "rival_TE - clean_TE"),
            "chances to lose",
        ),
        (
            "rivals without noise",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL.replace("noisy_TE", "clean_TE")
            + LOAD_ENDS,
            "The scores to beat are noisy",
        ),
        (
            "no softplus",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace("F.softplus(scale_TE)", "scale_TE"),
            "The sd is softplus of the scale",
        ),
        (
            "a sigmoid",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace("torch.special.ndtr", "torch.sigmoid"),
            "ndtr, not a sigmoid",
        ),
        (
            "visits",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            "    visits = noisy_TE.topk(k).indices.flatten()\n"
            "    return visits.bincount(minlength=noisy_TE.shape[1]).double()",
            "they have no slope",
        ),
        (
            "the sd forgotten",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace(" / F.softplus(scale_TE)", ""),
            "The sd is not used",
        ),
        (
            "times the sd",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace(") / F", ") * F"),
            "Divide by the sd",
        ),
        (
            "mean over tokens",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace("sum", "mean"),
            "This is the mean over tokens",
        ),
        (
            "one place for all",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n    k = 1\n" + RIVAL + LOAD_ENDS,
            "the second of the others",
        ),
        (
            "cut from the graph",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            "    clean_TE = clean_TE.detach()\n" + RIVAL + LOAD_ENDS,
            "cut from the graph",
        ),
        (
            "a half for everyone",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            "    if k == clean_TE.shape[1]:\n"
            "        return torch.full_like(clean_TE[0], 0.5)\n" + RIVAL + LOAD_ENDS,
            "all are chosen by both tokens",
        ),
        (
            "a scale cut off",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            "    scale_TE = scale_TE.detach()\n" + RIVAL + LOAD_ENDS,
            "scale_TE was cut from the graph",
        ),
        (
            "a variance",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace("scale_TE)).", "scale_TE) ** 2)."),
            "divide by it once",
        ),
        (
            "a root",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace("scale_TE)).", "scale_TE).sqrt())."),
            "no root",
        ),
        (
            "summed over experts",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace("sum(0)", "sum(1)"),
            "has shape (1,)",
        ),
        (
            "the first token's rivals",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + "    rival_TE = rival_TE[:1]\n"
            + LOAD_ENDS,
            "Each token has its own rivals",
        ),
        (
            "no way out for k = E",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL.replace("k == E", "k > E")
            + LOAD_ENDS,
            "nobody has a rival; your function stops",
        ),
        (
            "erf",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            + RIVAL
            + LOAD_ENDS.replace("special.ndtr", "erf"),
            "erf runs from -1 to 1",
        ),
    ],
    "noisy-scores": [
        (
            "not mended",
            NOISY_SCORES + "    noise = torch.randn(logits_TE.shape[1:], generator=generator)\n"
            "    return logits_TE + noise * F.softplus(scale_TE)",
            "give each its own",
        ),
        (
            "one draw a token",
            NOISY_SCORES + "    noise = torch.randn(len(logits_TE), 1, generator=generator)\n"
            "    return logits_TE + noise * F.softplus(scale_TE)",
            "moves all of its scores together",
        ),
        (
            "no noise",
            NOISY_SCORES + "    return logits_TE + 0 * scale_TE",
            "No score is moved at all",
        ),
        (
            "no softplus",
            NOISY_SCORES + "    noise_TE = torch.randn(logits_TE.shape, generator=generator)\n"
            "    return logits_TE + noise_TE * scale_TE",
            "the softplus is missing",
        ),
        (
            "the scale is the variance",
            NOISY_SCORES + "    noise_TE = torch.randn(logits_TE.shape, generator=generator)\n"
            "    return logits_TE + noise_TE * F.softplus(scale_TE).sqrt()",
            "It must be softplus of the scale",
        ),
        (
            "only upwards",
            NOISY_SCORES + "    noise_TE = torch.rand(logits_TE.shape, generator=generator)\n"
            "    return logits_TE + 12**0.5 * noise_TE * F.softplus(scale_TE)",
            "use randn",
        ),
        (
            "torch's own generator",
            NOISY_SCORES
            + "    return logits_TE + torch.randn(logits_TE.shape) * F.softplus(scale_TE)",
            "one seed gives two results",
        ),
        (
            "a generator of its own",
            NOISY_SCORES + "    generator = torch.Generator().manual_seed(0)\n"
            "    noise_TE = torch.randn(logits_TE.shape, generator=generator)\n"
            "    return logits_TE + noise_TE * F.softplus(scale_TE)",
            "two seeds give one result",
        ),
        (
            "as wide as the score",
            NOISY_SCORES + "    noise_TE = torch.randn(logits_TE.shape, generator=generator)\n"
            "    return logits_TE + noise_TE * F.softplus(logits_TE)",
            "not from the score",
        ),
        (
            "exp",
            NOISY_SCORES + "    noise_TE = torch.randn(logits_TE.shape, generator=generator)\n"
            "    return logits_TE + noise_TE * scale_TE.exp()",
            "not e^a",
        ),
        (
            "a sigmoid",
            NOISY_SCORES + "    noise_TE = torch.randn(logits_TE.shape, generator=generator)\n"
            "    return logits_TE + noise_TE * scale_TE.sigmoid()",
            "not a sigmoid",
        ),
        (
            "multiplied",
            NOISY_SCORES + "    noise_TE = torch.randn(logits_TE.shape, generator=generator)\n"
            "    return logits_TE * (1 + noise_TE * F.softplus(scale_TE))",
            "does not multiply it",
        ),
        (
            "noise twice",
            NOISY_SCORES + "    noise_TE = torch.randn(logits_TE.shape, generator=generator)\n"
            "    noise_TE = noise_TE + torch.randn(logits_TE.shape, generator=generator)\n"
            "    return logits_TE + noise_TE * F.softplus(scale_TE)",
            "Noise comes once",
        ),
        (
            "in place",
            NOISY_SCORES + "    noise_TE = torch.randn(logits_TE.shape, generator=generator)\n"
            "    logits_TE += noise_TE * F.softplus(scale_TE)\n    return logits_TE",
            "itself was changed",
        ),
    ],
    "rows-per-expert": [
        (
            "one time step",
            ROWS + "    return top_k * batch * devices / num_experts",
            "Each time step is one more example",
        ),
        (
            "one device",
            ROWS + "    return top_k * batch * positions / num_experts",
            "meet at the same experts",
        ),
        (
            "divided by the devices",
            ROWS + "    return top_k * batch * positions / num_experts / devices",
            "More devices bring more rows",
        ),
        (
            "one expert a token",
            ROWS + "    return batch * positions * devices / num_experts",
            "Each token makes k visits",
        ),
        (
            "rows of all experts",
            ROWS + "    return top_k * batch * positions * devices",
            "The experts share the visits",
        ),
        (
            "cut to whole rows",
            ROWS + "    return top_k * batch * positions * devices // num_experts",
            "it must be 0.125",
        ),
        (
            "divided by k",
            ROWS + "    return batch * positions * devices / num_experts / top_k",
            "multiply by k, do not divide",
        ),
        (
            "k squared",
            ROWS + "    return top_k**2 * batch * positions * devices / num_experts",
            "k counts once",
        ),
        (
            "one position less",
            ROWS + "    return top_k * batch * (positions - 1) * devices / num_experts",
            "All 20 positions are read",
        ),
        (
            "one sequence",
            ROWS + "    return top_k * positions * devices / num_experts",
            "Each sequence of the batch",
        ),
        (
            "at least a row",
            ROWS + "    return max(1, top_k * batch * positions * devices / num_experts)",
            "it must be 0.125, not 1",
        ),
        (
            "a text",
            ROWS + "    return f'{top_k * batch * positions * devices / num_experts} rows'",
            "is a str: it must be a number",
        ),
    ],
    "two-levels": [
        (
            "numbers within groups",
            TWO_LEVELS + "    return (share_TK[:, :, None] * weight_TKK).flatten(1), "
            "expert_TKK.flatten(1)",
            "are not numbers among all",
        ),
        (
            "groups of one",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] + expert_TKK\n"
            "    return (share_TK[:, :, None] * weight_TKK).flatten(1), expert_TKK.flatten(1)",
            "Group 2 starts at",
        ),
        (
            "groups like a comb",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] + expert_TKK * size\n"
            "    return (share_TK[:, :, None] * weight_TKK).flatten(1), expert_TKK.flatten(1)",
            "stand side by side",
        ),
        (
            "weights within groups",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * size + expert_TKK\n"
            "    return weight_TKK.flatten(1), expert_TKK.flatten(1)",
            "multiply by the share of the group",
        ),
        (
            "weights of groups",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * size + expert_TKK\n"
            "    return share_TK.repeat_interleave(2, 1), expert_TKK.flatten(1)",
            "The weights within a group are missing",
        ),
        (
            "the wrong axis",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * size + expert_TKK\n"
            "    return (share_TK[:, None] * weight_TKK).flatten(1), expert_TKK.flatten(1)",
            "belongs to both visits",
        ),
        (
            "added",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * size + expert_TKK\n"
            "    return (share_TK[:, :, None] + weight_TKK).flatten(1), expert_TKK.flatten(1)",
            "do not add",
        ),
        (
            "experts first",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * size + expert_TKK\n"
            "    return expert_TKK.flatten(1), (share_TK[:, :, None] * weight_TKK).flatten(1)",
            "weights first, then experts",
        ),
        (
            "weights in another order",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * size + expert_TKK\n"
            "    weight_TKK = share_TK[:, :, None] * weight_TKK\n"
            "    return weight_TKK.transpose(1, 2).flatten(1), expert_TKK.flatten(1)\n",
            "in another order than experts",
        ),
        (
            "tokens flattened too",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * size + expert_TKK\n"
            "    weight_TKK = share_TK[:, :, None] * weight_TKK\n"
            "    return weight_TKK.flatten(), expert_TKK.flatten()\n",
            "the experts has shape (8,)",
        ),
        (
            "not flattened",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * size + expert_TKK\n"
            "    weight_TKK = share_TK[:, :, None] * weight_TKK\n"
            "    return weight_TKK, expert_TKK\n",
            "the experts has shape (2, 2, 2)",
        ),
        (
            "a second softmax",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * size + expert_TKK\n"
            "    weight_TKK = share_TK[:, :, None] * weight_TKK\n"
            "    return weight_TKK.flatten(1).softmax(-1), expert_TKK.flatten(1)\n",
            "no second softmax",
        ),
        (
            "groups of three for ever",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * 3 + expert_TKK\n"
            "    weight_TKK = share_TK[:, :, None] * weight_TKK\n"
            "    return weight_TKK.flatten(1), expert_TKK.flatten(1)\n",
            "groups of 5: expert 4 of group 2",
        ),
        (
            "from one",
            TWO_LEVELS + "    expert_TKK = group_TK[:, :, None] * size + expert_TKK + 1\n"
            "    weight_TKK = share_TK[:, :, None] * weight_TKK\n"
            "    return weight_TKK.flatten(1), expert_TKK.flatten(1)\n",
            "Numbers count from 0",
        ),
    ],
    "bits-stored": [
        (
            "nats",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return (math.log(V) + log_T * math.log(2)).sum()\n",
            "These are nats",
        ),
        (
            "mean",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return (math.log2(V) + log_T).mean()\n",
            "This is the mean of the facts",
        ),
        (
            "sign",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return (-log_T - math.log2(V)).sum()\n",
            "The sign is turned",
        ),
        (
            "what is missing",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return -log_T.sum()\n",
            "This is what is still missing",
        ),
        (
            "sixteen labels for ever",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return (math.log2(16) + log_T).sum()\n",
            "read V from the scores",
        ),
        (
            "log of the facts",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return (math.log2(T) + log_T).sum()\n",
            "not of facts",
        ),
        (
            "right guesses",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    right = logits_TV.argmax(-1) == label_T\n"
            "    return right.sum() * math.log2(V)\n",
            "is not its 2 bits",
        ),
        (
            "never below zero",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return (math.log2(V) + log_T).clamp(min=0).sum()\n",
            "do not cut off at 0",
        ),
        (
            "no softmax",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    own_T = logits_TV[torch.arange(T), label_T] / math.log(2)\n"
            "    return (math.log2(V) + own_T).sum()\n",
            "log_softmax first",
        ),
        (
            "the favourite",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    best_T = logits_TV.log_softmax(-1).max(-1).values / math.log(2)\n"
            "    return (math.log2(V) + best_T).sum()\n",
            "take the label's",
        ),
        (
            "mean before log",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return T * math.log2(V * (2**log_T).mean())\n",
            "comes before the mean",
        ),
        (
            "half in nats",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return (math.log(V) + log_T).sum()\n",
            "Both terms in bits",
        ),
        (
            "an entropy",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    prob_TV = logits_TV.softmax(-1)\n"
            "    spread_T = -(prob_TV * prob_TV.log2()).sum(-1)\n"
            "    return (math.log2(V) - spread_T).sum()\n",
            "An entropy asks no label",
        ),
        (
            "softmax over facts",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    own_T = logits_TV.log_softmax(0)[torch.arange(T), label_T] / math.log(2)\n"
            "    return (math.log2(V) + own_T).sum()\n",
            "the last axis",
        ),
        (
            "two bits for ever",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return (2 + log_T).sum()\n",
            "even scores for 8 labels",
        ),
        (
            "one for each fact",
            "import math\n"
            "def bits_stored(logits_TV, label_T):\n"
            "    T, V = logits_TV.shape\n"
            "    log_T = logits_TV.log_softmax(-1)[torch.arange(T), label_T] / math.log(2)\n"
            "    return math.log2(V) + log_T\n",
            "must be a number",
        ),
    ],
    "sparse-experiment": [
        (
            "one seed",
            "def experiment():\n"
            "    return {'wide': (100, 900, [2.0]), 'narrow': (100, 900, [2.1])}",
            "one cannot show its own spread",
        ),
        (
            "one design",
            "def experiment():\n    return {'wide': (100, 900, [2.0, 2.1])}",
            "needs two",
        ),
        (
            "no price",
            "def experiment():\n    return {'wide': [2.0, 2.1], 'narrow': [2.2, 2.1]}",
            "three things, its operations",
        ),
        (
            "no size",
            "def experiment():\n    return {'wide': (100, [2.0, 2.1]), 'thin': (100, [2.2, 2.1])}",
            "its total parameters are missing",
        ),
        (
            "perplexities",
            "def experiment():\n"
            "    return {'wide': (100, 900, [18.4, 14.2]), 'narrow': (100, 900, [15.0, 16.1])}",
            "lie below 8",
        ),
        (
            "nine times the price",
            "def experiment():\n"
            "    return {'wide': (900, 900, [2.0, 2.1]), 'narrow': (100, 900, [2.2, 2.1])}",
            "two causes",
        ),
        (
            "one seed twice",
            "def experiment():\n"
            "    return {'wide': (100, 900, [2.0, 2.1]), 'narrow': (100, 900, [2.2, 2.2])}",
            "Has each a seed of its own",
        ),
        (
            "one design twice",
            "def experiment():\n"
            "    return {'wide': (100, 900, [2.0, 2.1]), 'narrow': (100, 900, [2.0, 2.1])}",
            "are they two?",
        ),
        (
            "all equal",
            "def experiment():\n"
            "    return {'wide': (100, 900, [2.0, 2.0]), 'narrow': (100, 900, [2.2, 2.2])}",
            "are their starts different",
        ),
        (
            "negated",
            "def experiment():\n"
            "    return {'wide': (100, 900, [-2.0, -2.1]), 'narrow': (100, 900, [-2.2, -2.1])}",
            "lie above 0",
        ),
        (
            "a free layer",
            "def experiment():\n"
            "    return {'wide': (0, 900, [2.0, 2.1]), 'narrow': (100, 900, [2.2, 2.1])}",
            "0 operations cannot be",
        ),
        (
            "no runs",
            "def experiment():\n"
            "    return {'wide': (100, 900, [None, 2.1]), 'narrow': (100, 900, [2.2, 2.1])}",
            "it must be a number",
        ),
        (
            "a list",
            "def experiment():\n    return [(100, 900, [2.0, 2.1]), (100, 900, [2.2, 2.1])]",
            "return a dict",
        ),
    ],
}
