"""Plausible wrong answers to the exercises of lesson 05, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``who-sits`` for ``who-sits-stub``, ``who-sits-check`` and ``who-sits-hints``.
"""


def who(rule, key="expert", start="", order="expert_T.tolist()", end="torch.tensor(sits)"):
    """A loop over tokens whose rule, counter or order is wrong."""
    return (
        "def who_sits(expert_T, capacity):\n"
        "    taken, sits = {}, []\n"
        f"    for expert in {order}:\n"
        f"        taken[{key}] = taken.get({key}, 0) + 1\n"
        f"        sits.append({rule})\n"
        f"    return {end}"
    )


COMBINE = (
    "def combine_tensor(routing, capacity):\n"
    "    T, E = routing.logits_TE.shape\n"
    "    chosen_RE = F.one_hot(routing.expert_TK.t().reshape(-1), E + 1)[:, :E]\n"
    "    seat_RE = chosen_RE.cumsum(0) - chosen_RE\n"
    "    kept_RE = chosen_RE * (seat_RE < capacity)\n"
    "    seat = F.one_hot(seat_RE.clamp(max=capacity - 1), capacity) * kept_RE[..., None]\n"
    "    weight_R = routing.weight_TK.t().reshape(-1)\n"
    "    return (weight_R[:, None, None] * seat).view(-1, T, E, capacity).sum(0)"
)
BY_TOKEN = (
    COMBINE.replace(".t().reshape(-1)", ".reshape(-1)")
    .replace("view(-1, T, E, capacity)", "view(T, -1, E, capacity)")
    .replace(".sum(0)", ".sum(1)")
)
SWITCH = (
    "def switch_by_hand(logits_TE):\n"
    "    T, E = logits_TE.shape\n"
    "    prob_TE = logits_TE.softmax(-1)\n"
    "    weight_T, expert_T = prob_TE.max(-1)\n"
    "    one_TE = F.one_hot(expert_T, E).to(prob_TE.dtype)\n"
    "    f, P = one_TE.mean(0), prob_TE.mean(0)\n"
    "    return weight_T, expert_T, E * (f * P).sum()"
)
CHOSEN = (
    "def chosen_weights(logits_TE, capacity):\n"
    "    prob_TE = logits_TE.softmax(-1)\n"
    "    token_CE = prob_TE.topk(capacity, dim=0).indices\n"
    "    return prob_TE * torch.zeros_like(prob_TE).scatter(0, token_CE, 1.0)"
)
KEPT = (
    "def kept_mask(expert_T, num_experts, capacity):\n"
    "    mask_TE = F.one_hot(expert_T, num_experts)\n"
    "    position_TE = mask_TE.cumsum(0) - mask_TE\n"
    "    return mask_TE * (position_TE < capacity)"
)
POLICY = "def own_policy():\n    return "

WRONG_ANSWERS = {
    "who-sits": [
        ("one too few", who("taken[expert] < capacity"), "one seat too few"),
        ("one too many", who("taken[expert] - 1 <= capacity"), "one seat too many"),
        ("one counter for all", who("taken[0] <= capacity", key="0"), "all tokens together"),
        (
            "from the right",
            who(
                "taken[expert] <= capacity",
                order="expert_T.flip(0).tolist()",
                end="torch.tensor(sits).flip(0)",
            ),
            "The last to come sit",
        ),
        ("who stands", who("taken[expert] > capacity"), "Turned round"),
        ("two seats always", who("taken[expert] <= 2"), "the fourth alone must stand"),
        ("a list", who("taken[expert] <= capacity", end="sits"), "it must be a tensor"),
        ("those who sit", who("taken[expert] <= capacity", end="expert_T[sits]"), "has shape"),
        ("never mind", who("True"), "Everybody sits"),
        (
            "experts known before",
            who("taken[expert] <= capacity")
            .replace("{}, []", "dict.fromkeys(range(3), 0), []")
            .replace("taken.get(expert, 0)", "taken[expert]"),
            "does your function know all experts",
        ),
        (
            "no start",
            who("taken[expert] <= capacity").replace("taken.get(expert, 0)", "taken[expert]"),
            "taken.get(expert, 0) is 0",
        ),
        ("places", who("taken[expert]"), "These are their places"),
        ("how many before", who("taken[expert] - 1"), "how many came before"),
        (
            "in all",
            "def who_sits(expert_T, capacity):\n"
            "    return torch.bincount(expert_T)[expert_T] <= capacity",
            "how many an expert has in all",
        ),
        (
            "in place",
            who("taken[expert] <= capacity", end="expert_T.copy_(torch.tensor(sits))"),
            "was changed",
        ),
    ],
    "combine-tensor": [
        ("token by token", BY_TOKEN, "second choice sit before first choices"),
        ("inclusive", COMBINE.replace(" - chosen_RE\n", "\n"), "seat 0 stays empty"),
        (
            "no weights",
            COMBINE.replace("weight_R[:, None, None] * seat", "1.0 * seat"),
            "must hold the token's weight",
        ),
        (
            "not masked",
            COMBINE.replace("kept_RE[..., None]", "chosen_RE[..., None]"),
            "overwrite the last seat",
        ),
        (
            "counted together",
            COMBINE.replace(
                "chosen_RE.cumsum(0) - chosen_RE",
                "chosen_RE.sum(1, keepdim=True).cumsum(0).expand(-1, E) - 1",
            ),
            "a count of its own",
        ),
        ("seats before experts", COMBINE + ".transpose(1, 2)", "seats come last"),
        ("unsummed", COMBINE.replace(".sum(0)", ""), "it must be (4, 3, 2)"),
        (
            "first choices only",
            COMBINE.replace(
                "chosen_RE * (seat", "chosen_RE * (torch.arange(8)[:, None] < 4) * (seat"
            ),
            "it must be",
        ),
        (
            "no visit kept",
            COMBINE.replace("E + 1)[:, :E]", "E)"),
            "an id of 4 for a visit not made",
        ),
        ("two choices", COMBINE.replace("view(-1, T", "view(2, T"), "shape '[2, 5, 4, 3]'"),
        (
            "no visit sent to the last",
            COMBINE.replace("routing.expert_TK", "routing.expert_TK.clamp(max=E - 1)"),
            "takes a seat at the last expert",
        ),
        (
            "weights by token",
            COMBINE.replace("weight_TK.t()", "weight_TK"),
            "do weights come in the order of experts",
        ),
        (
            "choices apart",
            "def combine_tensor(routing, capacity):\n"
            "    T, E = routing.logits_TE.shape\n    total = 0\n"
            "    for k in range(routing.expert_TK.shape[1]):\n"
            "        chosen = F.one_hot(routing.expert_TK[:, k], E + 1)[:, :E]\n"
            "        seat = chosen.cumsum(0) - chosen\n"
            "        one = F.one_hot(seat.clamp(max=capacity), capacity + 1)[..., :capacity]\n"
            "        one = routing.weight_TK[:, k, None, None] * one\n"
            "        total = total + one * chosen[..., None]\n"
            "    return total",
            "count both together",
        ),
        (
            "second choices first",
            COMBINE.replace("_TK.t()", "_TK.flip(1).t()"),
            "you begin with second ones",
        ),
        (
            "weights made to sum to 1",
            COMBINE.replace("return (", "out = (")
            + "\n    return out / out.sum((1, 2), keepdim=True).clamp(min=1e-9)",
            "weights stay as they are",
        ),
        (
            "two seats always",
            COMBINE.replace("    T, E", "    capacity = 2\n    T, E"),
            "five seats",
        ),
        ("not clamped", COMBINE.replace(".clamp(max=capacity - 1)", ""), "one_hot's size"),
        (
            "in place",
            COMBINE.replace("    weight_R", "    routing.weight_TK[:, 1] = 0\n    weight_R"),
            "was changed",
        ),
    ],
    "switch-by-hand": [
        (
            "weight 1",
            SWITCH.replace("return weight_T", "return weight_T / weight_T"),
            "weight 1 has no slope",
        ),
        (
            "a score for a weight",
            SWITCH.replace("return weight_T", "return logits_TE.max(-1).values"),
            "those are scores",
        ),
        ("without E", SWITCH.replace("E * (f", "(f"), "E is missing"),
        ("sums", SWITCH.replace("mean(0)", "sum(0)"), "divide the sums"),
        ("one sum", SWITCH.replace("prob_TE.mean(0)", "prob_TE.sum(0)"), "is a sum, not a mean"),
        ("P twice", SWITCH.replace("(f * P)", "(P * P)"), "you have P twice"),
        ("f twice", SWITCH.replace("(f * P)", "(f * f)"), "you have f twice"),
        (
            "P of those who came",
            SWITCH.replace("prob_TE.mean(0)", "(prob_TE * one_TE).mean(0)"),
            "of those sent elsewhere too",
        ),
        ("no loss", SWITCH.replace(", E * (f * P).sum()", ""), "you return 2 parts"),
        ("detached", SWITCH.replace("(f * P)", "(f * P).detach()"), "the loss has no slope"),
        (
            "least likely",
            SWITCH.replace("prob_TE.max(-1)", "prob_TE.min(-1)"),
            "the best experts are",
        ),
        ("four experts", SWITCH.replace("E * (f", "4 * (f"), "Is 4 written into"),
        ("three tokens", SWITCH.replace("one_TE.mean(0)", "one_TE.sum(0) / 3"), "loss is 2.5"),
        (
            "weight detached",
            SWITCH.replace("return weight_T", "return weight_T.detach()"),
            "weight has",
        ),
        (
            "one_hot without E",
            SWITCH.replace("one_hot(expert_T, E)", "one_hot(expert_T)"),
            "give it to one_hot, too",
        ),
        ("softmax over tokens", SWITCH.replace("softmax(-1)", "softmax(0)"), "runs over tokens"),
        (
            "expert first",
            SWITCH.replace("return weight_T, expert_T", "return expert_T, weight_T"),
            "the weight comes first",
        ),
        (
            "median",
            SWITCH.replace("prob_TE.mean(0)", "prob_TE.median(0).values"),
            "your loss is 1.4667",
        ),
        (
            "softmax of the mean",
            SWITCH.replace("prob_TE.mean(0)", "logits_TE.mean(0).softmax(-1)"),
            "your loss is 1.6005",
        ),
        ("not summed", SWITCH.replace("(f * P).sum()", "(f * P)"), "must be a number"),
        ("sigmoid", SWITCH.replace("softmax(-1)", "sigmoid()"), "weights are 0.5"),
        (
            "in place",
            SWITCH.replace("logits_TE.softmax(-1)", "logits_TE.copy_(logits_TE.softmax(-1))"),
            "was changed",
        ),
    ],
    "chosen-weights": [
        (
            "tokens choose",
            CHOSEN.replace("dim=0", "dim=1").replace("scatter(0", "scatter(1"),
            "the tokens chose",
        ),
        ("softmax over tokens", CHOSEN.replace("softmax(-1)", "softmax(0)"), "runs over tokens"),
        ("ones", CHOSEN.replace("return prob_TE * ", "return "), "each with weight 1"),
        (
            "shares",
            CHOSEN.replace("return prob_TE", "p = prob_TE")
            + "\n    return p / p.sum(1, keepdim=True).clamp(min=1e-9)",
            "not made to sum to 1",
        ),
        (
            "scores decide",
            CHOSEN.replace("prob_TE.topk", "logits_TE.topk"),
            "let probabilities decide",
        ),
        ("indices", CHOSEN.rsplit("\n", 1)[0] + "\n    return token_CE", "it must be (4, 3)"),
        (
            "two seats always",
            CHOSEN.replace("topk(capacity", "topk(2"),
            "one seat: you give 4 visits",
        ),
        ("least wanted", CHOSEN.replace("dim=0", "dim=0, largest=False"), "Token 0 gets"),
        (
            "four tokens, three experts",
            "def chosen_weights(logits_TE, capacity):\n"
            "    prob_TE = logits_TE.softmax(-1)\n    weight_TE = torch.zeros(4, 3)\n"
            "    for e in range(3):\n"
            "        for t in prob_TE[:, e].topk(capacity).indices:\n"
            "            weight_TE[t, e] = prob_TE[t, e]\n    return weight_TE",
            "is a size of the first case",
        ),
        ("one more", CHOSEN.replace("topk(capacity", "topk(capacity + 1"), "one token more"),
        (
            "one expert a token",
            CHOSEN.replace(
                "logits_TE.softmax(-1)",
                "logits_TE.softmax(-1)\n"
                "    prob_TE = prob_TE * F.one_hot(prob_TE.argmax(-1), prob_TE.shape[1])",
            ),
            "may sit at several experts",
        ),
        (
            "whom none took yet",
            "def chosen_weights(logits_TE, capacity):\n"
            "    prob_TE = logits_TE.softmax(-1)\n    weight_TE = torch.zeros_like(prob_TE)\n"
            "    for e in range(prob_TE.shape[1]):\n"
            "        free_T = prob_TE[:, e] * (weight_TE.sum(1) == 0)\n"
            "        for t in free_T.topk(capacity).indices:\n"
            "            weight_TE[t, e] = free_T[t]\n    return weight_TE",
            "Token 1 gets [0.5761, 0.0, 0.0]",
        ),
        ("scores", CHOSEN.replace("return prob_TE", "return logits_TE"), "these are scores"),
        (
            "shares of an expert",
            CHOSEN.replace("return prob_TE", "p = prob_TE") + "\n    return p / p.sum(0)",
            "for an expert either",
        ),
        (
            "above the last",
            "def chosen_weights(logits_TE, capacity):\n"
            "    prob_TE = logits_TE.softmax(-1)\n"
            "    return prob_TE * (prob_TE > prob_TE.topk(capacity, dim=0).values[-1])",
            "expert 0 has 1 tokens",
        ),
        (
            "in place",
            CHOSEN.replace("logits_TE.softmax(-1)", "logits_TE.copy_(logits_TE.softmax(-1))"),
            "was changed",
        ),
    ],
    "kept-mask": [
        (
            "as it stands",
            KEPT.replace("- mask_TE", "* mask_TE").replace("cumsum(0) -", "cumsum(0) *"),
            "counts as 1",
        ),
        ("mended twice", KEPT.replace("< capacity", "<= capacity"), "a seat too many"),
        (
            "no mask",
            KEPT.replace("mask_TE * (position", "1 * (position"),
            "has guests",
        ),
        (
            "the last four",
            KEPT.replace(
                "mask_TE.cumsum(0) - mask_TE", "mask_TE.flip(0).cumsum(0).flip(0) - mask_TE"
            ),
            "not the first",
        ),
        (
            "counted together",
            KEPT.replace("mask_TE.cumsum(0) - mask_TE", "torch.arange(len(expert_T))[:, None]"),
            "Is the count per expert",
        ),
        ("everybody", KEPT.replace("* (position_TE < capacity)", ""), "Does the count run down"),
        ("four seats always", KEPT.replace("< capacity", "< 4"), "Is 4 written into"),
        ("positions", KEPT.replace("(position_TE < capacity)", "position_TE"), "hold 0 and 1"),
        ("experts as they come", KEPT.replace(", num_experts)", ")"), "has shape (10, 1)"),
        (
            "in all",
            KEPT.replace("mask_TE.cumsum(0) - mask_TE", "mask_TE.sum(0)"),
            "0 sit. It must be four",
        ),
        (
            "a number a token",
            KEPT.replace("(position", "(expert_T * position"),
            "your function stops",
        ),
        (
            "in place",
            KEPT.replace("    return", "    expert_T += 1\n    return"),
            "was changed",
        ),
    ],
    "own-policy": [
        ("a number", POLICY + "0.5", "return a dict"),
        ("one policy", POLICY + "{'mine': [0.1, 0.2, 0.3]}", "a comparison needs two"),
        (
            "two seeds",
            POLICY + "{'a': [0.1, 0.2], 'b': [0.1, 0.3]}",
            "a has 2 of 3 runs",
        ),
        ("per cent", POLICY + "{'a': [10.0, 20, 30], 'b': [11.0, 22, 33]}", "are not of all facts"),
        ("one seed thrice", POLICY + "{'a': [0.1] * 3, 'b': [0.2] * 3}", "are equal"),
        (
            "not a number",
            POLICY + "{'a': [0.1, 0.2, float('nan')], 'b': [0.1] * 3}",
            "never arrived",
        ),
    ],
}
