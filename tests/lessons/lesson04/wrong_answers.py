"""Plausible wrong answers to the exercises of lesson 04, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``top-k`` for ``top-k-stub``, ``top-k-check`` and ``top-k-hints``.
"""

TEST_NOISE = (
    "def test_noise(route):\n"
    "    x_TE = torch.zeros(1, 2)\n"
    "    assert torch.equal(route(x_TE, x_TE, 1).logits_TE, x_TE)\n"
)
NOISY = (
    "import torch.nn.functional as F\ndef noisy_top_k(logits_TE, scale_TE, k, generator=None):\n"
)
ALWAYS = (
    NOISY + "    noise_TE = torch.empty_like(logits_TE).normal_(generator=generator)\n"
    "    return routing.top_k(logits_TE + noise_TE * F.softplus(scale_TE), k)"
)
TEST_MASKED = (
    "def test_masked(loss):\n"
    "    logits_TE = torch.tensor([[1.0, 0.0]], requires_grad=True)\n"
    "    loss(top_k(logits_TE, k=1)).backward()\n"
    "    assert logits_TE.grad.abs().max() > 0.01\n"
)
MASKED_IMPORTS = (
    "from moe_lesson.moe.balance import load\nfrom moe_lesson.moe.routing import top_k\n"
)
FULL = (
    "def full_loss(routing):\n"
    "    E = routing.logits_TE.shape[-1]\n"
    "    prob_E = routing.logits_TE.softmax(-1).mean(0)\n"
)
TEST_LOAD = (
    "def test_load(estimate):\n"
    "    x_TE = torch.zeros(4, 2)\n"
    "    assert abs(estimate(x_TE, x_TE, x_TE, 1).sum() - 4) < 0.01\n"
)
LOAD = "import torch.nn.functional as F\ndef smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
RIVALS = (
    "    chosen_TE = torch.zeros_like(noisy_TE).scatter(1, expert_TK[:, :k], 1.0)\n"
    "    rival_TE = torch.where(chosen_TE > 0, best_TK[:, k:], best_TK[:, k - 1 : k])\n"
)
TEST_WEIGHT = (
    "def test_weight(route):\n"
    "    logits_TE = torch.tensor([[1.0, 0.0]], requires_grad=True)\n"
    "    route(logits_TE).weight_TK.sum().backward()\n"
    "    assert logits_TE.grad.abs().max() > 0.01\n"
)
TEST_BIAS = (
    "def test_bias(update):\n    assert update(torch.zeros(2), torch.tensor([9, 1]), 0.5)[0] < 0\n"
)
BIAS = "def update_bias(bias_E, count_E, rate):\n    count_E = count_E.to(bias_E.dtype)\n"
MENDED_BIAS = BIAS + "    return bias_E + rate * (count_E.mean() - count_E).sign()"

WRONG_ANSWERS = {
    "score-gradient": [
        (
            "summed over tokens",
            "def score_gradient(prob_TE, share_E):\n"
            "    mean = (prob_TE * share_E).sum(-1, keepdim=True)\n"
            "    return len(share_E) * prob_TE * (share_E - mean)",
            "divide by T",
        ),
        (
            "without E",
            "def score_gradient(prob_TE, share_E):\n"
            "    mean = (prob_TE * share_E).sum(-1, keepdim=True)\n"
            "    return prob_TE * (share_E - mean) / len(prob_TE)",
            "E is missing",
        ),
        (
            "downhill",
            "def score_gradient(prob_TE, share_E):\n"
            "    T, E = prob_TE.shape\n"
            "    mean = (prob_TE * share_E).sum(-1, keepdim=True)\n"
            "    return E / T * prob_TE * (mean - share_E)",
            "descent takes the minus",
        ),
        (
            "probabilities taken for free",
            "def score_gradient(prob_TE, share_E):\n"
            "    T, E = prob_TE.shape\n"
            "    return E / T * prob_TE * share_E",
            "Softmax ties scores",
        ),
        (
            "p forgotten",
            "def score_gradient(prob_TE, share_E):\n"
            "    T, E = prob_TE.shape\n"
            "    return E / T * (share_E - (prob_TE * share_E).sum(-1, keepdim=True))",
            "The factor p is missing",
        ),
        (
            "one mean for all tokens",
            "def score_gradient(prob_TE, share_E):\n"
            "    T, E = prob_TE.shape\n"
            "    return E / T * prob_TE * (share_E - share_E.mean())",
            "weigh the mean of f by its own p",
        ),
        (
            "the sum without its axis",
            "def score_gradient(prob_TE, share_E):\n"
            "    T, E = prob_TE.shape\n"
            "    return E / T * prob_TE * (share_E - (prob_TE * share_E).sum(-1))",
            "Perhaps: keepdim=True in the sum over j",
        ),
        (
            "summed over the wrong axis",
            "def score_gradient(prob_TE, share_E):\n"
            "    T, E = prob_TE.shape\n"
            "    return E / T * prob_TE * (share_E - (prob_TE * share_E).sum(0))",
            "the sum over j is over experts",
        ),
        (
            "sizes built in",
            "def score_gradient(prob_TE, share_E):\n"
            "    mean = (prob_TE * share_E).sum(-1, keepdim=True)\n"
            "    return 4 / len(prob_TE) * prob_TE * (share_E - mean)",
            "Read T and E from the shape",
        ),
        (
            "T over E",
            "def score_gradient(prob_TE, share_E):\n"
            "    E, T = prob_TE.shape\n"
            "    mean = (prob_TE * share_E).sum(-1, keepdim=True)\n"
            "    return E / T * prob_TE * (share_E - mean)",
            "you have T / E",
        ),
        (
            "its own probability alone",
            "def score_gradient(prob_TE, share_E):\n"
            "    T, E = prob_TE.shape\n"
            "    return E / T * share_E * prob_TE * (1 - prob_TE)",
            "moves the others' probabilities too",
        ),
        (
            "p twice",
            "def score_gradient(prob_TE, share_E):\n"
            "    T, E = prob_TE.shape\n"
            "    mean = (prob_TE * share_E).sum(-1, keepdim=True)\n"
            "    return E / T * prob_TE**2 * (share_E - mean)",
            "One p too many",
        ),
        (
            "averaged over tokens",
            "def score_gradient(prob_TE, share_E):\n"
            "    T, E = prob_TE.shape\n"
            "    mean = (prob_TE * share_E).sum(-1, keepdim=True)\n"
            "    return (E * prob_TE * (share_E - mean)).mean(0)",
            "the gradient has shape (4,): it must be (3, 4)",
        ),
    ],
    "museum-noise": [
        (
            "a test that returns",
            "def test_noise(route):\n"
            "    x_TE = torch.zeros(1, 2)\n"
            "    return torch.equal(route(x_TE, x_TE, 1).logits_TE, x_TE)\n" + ALWAYS,
            "it must assert, and return nothing",
        ),
        (
            "a test that tosses a coin",
            "def test_noise(route):\n"
            "    x_TE = torch.zeros(1, 2)\n"
            "    assert route(x_TE, x_TE, 1).expert_TK.item() == 0\n" + ALWAYS,
            "rely on no luck",
        ),
        (
            "a test that wants noise",
            "def test_noise(route):\n"
            "    x_TE = torch.zeros(1, 2)\n"
            "    assert not torch.equal(route(x_TE, x_TE, 1).logits_TE, x_TE)\n" + ALWAYS,
            "objects to a right function",
        ),
        ("a test and no remedy", TEST_NOISE + NOISY + "    ...", "now mend the function"),
        ("not mended", TEST_NOISE + ALWAYS, "there must be no noise"),
        (
            "training has none either",
            TEST_NOISE + NOISY + "    return routing.top_k(logits_TE, k)",
            "training lost its noise too",
        ),
        (
            "softplus lost",
            TEST_NOISE + NOISY + "    if generator is not None:\n"
            "        noise_TE = torch.empty_like(logits_TE).normal_(generator=generator)\n"
            "        logits_TE = logits_TE + noise_TE * scale_TE\n"
            "    return routing.top_k(logits_TE, k)",
            "your noise has sd 0.00 and 2.0",
        ),
        (
            "a generator of its own",
            TEST_NOISE + NOISY + "    if generator is not None:\n"
            "        noise_TE = torch.randn(logits_TE.shape)\n"
            "        logits_TE = logits_TE + noise_TE * F.softplus(scale_TE)\n"
            "    return routing.top_k(logits_TE, k)",
            "draw from the generator you are given",
        ),
        (
            "a test of fifty tokens' choices",
            "def test_noise(route):\n"
            "    x_TE = torch.tensor([[0.5, 0.0]]).repeat(50, 1)\n"
            "    first, again = (route(x_TE, 0 * x_TE, 1).expert_TK for _ in range(2))\n"
            "    assert torch.equal(first, again)\n" + ALWAYS,
            "Noise so small seldom changes a choice",
        ),
        (
            "no generator, no call",
            TEST_NOISE + "import torch.nn.functional as F\n"
            "def noisy_top_k(logits_TE, scale_TE, k, generator):\n"
            "    noise_TE = torch.empty_like(logits_TE).normal_(generator=generator)\n"
            "    return routing.top_k(logits_TE + noise_TE * F.softplus(scale_TE), k)",
            "`generator=None` in the first line",
        ),
        (
            "one number a token",
            TEST_NOISE + NOISY + "    if generator is not None:\n"
            "        noise_TE = torch.empty(len(logits_TE), 1).normal_(generator=generator)\n"
            "        logits_TE = logits_TE + noise_TE * F.softplus(scale_TE)\n"
            "    return routing.top_k(logits_TE, k)",
            "the experts of a token get one same noise",
        ),
        (
            "one row for all tokens",
            TEST_NOISE + NOISY + "    if generator is not None:\n"
            "        noise_TE = torch.empty(1, logits_TE.shape[1]).normal_(generator=generator)\n"
            "        logits_TE = logits_TE + noise_TE * F.softplus(scale_TE)\n"
            "    return routing.top_k(logits_TE, k)",
            "all tokens get the same noise",
        ),
        (
            "chosen before the noise",
            TEST_NOISE + NOISY + "    chosen = routing.top_k(logits_TE, k)\n"
            "    if generator is not None:\n"
            "        noise_TE = torch.empty_like(logits_TE).normal_(generator=generator)\n"
            "        noisy_TE = logits_TE + noise_TE * F.softplus(scale_TE)\n"
            "        chosen = chosen._replace(logits_TE=noisy_TE)\n"
            "    return chosen",
            "choose after the noise",
        ),
        (
            "always two",
            TEST_NOISE + NOISY + "    if generator is not None:\n"
            "        noise_TE = torch.empty_like(logits_TE).normal_(generator=generator)\n"
            "        logits_TE = logits_TE + noise_TE * F.softplus(scale_TE)\n"
            "    return routing.top_k(logits_TE, 2)",
            "k is 1: you keep 2",
        ),
        (
            "weights of all experts",
            TEST_NOISE + NOISY + "    if generator is not None:\n"
            "        noise_TE = torch.empty_like(logits_TE).normal_(generator=generator)\n"
            "        logits_TE = logits_TE + noise_TE * F.softplus(scale_TE)\n"
            "    return routing.softmax_top_k(logits_TE, k)",
            "they weigh 0.7311 and 0.2689, not [0.6652, 0.2447]",
        ),
    ],
    "museum-masked": [
        (
            "a test of one number",
            MASKED_IMPORTS + "def test_masked(loss):\n"
            "    assert loss(top_k(torch.tensor([[1.0, 0.0]]), k=1)) != 2\n"
            + FULL
            + "    return E * (load(routing) * prob_E).sum()",
            "it masks too, and subtracts 1",
        ),
        (
            "a test of an even router",
            MASKED_IMPORTS + "def test_masked(loss):\n"
            "    assert abs(loss(top_k(torch.eye(2), k=1)) - 1) < 1e-4\n"
            + FULL
            + "    return E * (load(routing) * prob_E).sum()",
            "says nothing against masked_loss",
        ),
        (
            "not mended",
            MASKED_IMPORTS + TEST_MASKED + "def full_loss(routing):\n"
            "    E = routing.logits_TE.shape[-1]\n"
            "    prob_E = balance.importance(routing) / len(routing.expert_TK)\n"
            "    return E * (load(routing) * prob_E).sum()",
            "still masked",
        ),
        (
            "without E",
            MASKED_IMPORTS + TEST_MASKED + FULL + "    return (load(routing) * prob_E).sum()",
            "E is missing",
        ),
        (
            "whole votes",
            MASKED_IMPORTS
            + TEST_MASKED
            + FULL
            + "    votes = routing.expert_TK.shape[-1]\n"
            + "    return votes * E * (load(routing) * prob_E).sum()",
            "Votes of 1/3 each",
        ),
        (
            "cut from the graph",
            MASKED_IMPORTS
            + TEST_MASKED
            + FULL
            + "    return E * (load(routing) * prob_E.detach()).sum()",
            "cut from the graph",
        ),
        (
            "a test where the load is even",
            MASKED_IMPORTS + "def test_masked(loss):\n"
            "    logits_TE = torch.eye(2).requires_grad_()\n"
            "    loss(top_k(logits_TE, k=1)).backward()\n"
            "    assert logits_TE.grad.abs().max() > 0.01\n"
            + FULL
            + "    return E * (load(routing) * prob_E).sum()",
            "Where the load is even it rightly has no gradient",
        ),
        (
            "softmax over tokens",
            MASKED_IMPORTS
            + TEST_MASKED
            + FULL.replace("softmax(-1)", "softmax(0)")
            + "    return E * (load(routing) * prob_E).sum()",
            "The softmax runs over tokens",
        ),
        (
            "a sum for the mean",
            MASKED_IMPORTS
            + TEST_MASKED
            + FULL.replace("mean(0)", "sum(0)")
            + "    return E * (load(routing) * prob_E).sum()",
            "P is a mean, f a share",
        ),
        (
            "the mean over experts",
            MASKED_IMPORTS
            + TEST_MASKED
            + FULL.replace("mean(0)", "mean(-1)")
            + "    return E * (load(routing) * prob_E).sum()",
            "the mean is over tokens, axis 0",
        ),
        (
            "count times count",
            MASKED_IMPORTS
            + TEST_MASKED
            + FULL
            + "    return E * (load(routing) * load(routing)).sum()",
            "a count has no slope",
        ),
        (
            "P times P",
            MASKED_IMPORTS + TEST_MASKED + FULL + "    return E * (prob_E * prob_E).sum()",
            "one factor must be the count",
        ),
        (
            "no sum",
            MASKED_IMPORTS + TEST_MASKED + FULL + "    return E * load(routing) * prob_E",
            "the loss has shape (2,): it must be ()",
        ),
    ],
    "museum-load": [
        (
            "a test from one side",
            "def test_load(estimate):\n"
            "    x_TE = torch.zeros(4, 2)\n"
            "    assert estimate(x_TE, x_TE, x_TE, 1).sum() > 3.9\n"
            + LOAD
            + "    return balance.smooth_load(clean_TE, noisy_TE, scale_TE, k)",
            "it has probabilities for the scores",
        ),
        (
            "not mended",
            TEST_LOAD
            + LOAD
            + "    best_TK, expert_TK = noisy_TE.softmax(-1).topk(k + 1)\n"
            + RIVALS
            + "    return torch.special.ndtr((clean_TE - rival_TE) / F.softplus(scale_TE)).sum(0)",
            "The threshold is still a probability",
        ),
        (
            "mended on the wrong side",
            TEST_LOAD + LOAD + "    best_TK, expert_TK = noisy_TE.topk(k + 1)\n" + RIVALS + ""
            "    prob_TE = clean_TE.softmax(-1)\n"
            "    return torch.special.ndtr((prob_TE - rival_TE) / F.softplus(scale_TE)).sum(0)",
            "Now the scores are probabilities",
        ),
        (
            "both sides probabilities",
            TEST_LOAD
            + LOAD
            + "    best_TK, expert_TK = noisy_TE.softmax(-1).topk(k + 1)\n"
            + RIVALS
            + "    prob_TE = clean_TE.softmax(-1)\n"
            "    return torch.special.ndtr((prob_TE - rival_TE) / F.softplus(scale_TE)).sum(0)",
            "It must be 0.9254 and 0.0746",
        ),
        (
            "its own rival",
            TEST_LOAD + LOAD + "    rival_TE = noisy_TE.topk(k).values[:, -1:]\n"
            "    return torch.special.ndtr((clean_TE - rival_TE) / F.softplus(scale_TE)).sum(0)",
            "not itself",
        ),
        (
            "noise counted twice",
            TEST_LOAD
            + LOAD
            + "    best_TK, expert_TK = noisy_TE.topk(k + 1)\n"
            + RIVALS
            + "    return torch.special.ndtr((noisy_TE - rival_TE) / F.softplus(scale_TE)).sum(0)",
            "added to the clean score",
        ),
        (
            "a test at exact ties of eight",
            "def test_load(estimate):\n"
            "    x_TE = torch.zeros(4, 8)\n"
            "    assert abs(estimate(x_TE, x_TE, x_TE, 2).sum() - 8) < 0.01\n"
            + LOAD
            + "    return balance.smooth_load(clean_TE, noisy_TE, scale_TE, k)",
            "T E / 2 in all: that is T k where E is 2 k",
        ),
        (
            "k and scale ignored",
            TEST_LOAD + LOAD + "    best_TK, expert_TK = noisy_TE.topk(2)\n"
            "    chosen_TE = torch.zeros_like(noisy_TE).scatter(1, expert_TK[:, :1], 1.0)\n"
            "    rival_TE = torch.where(chosen_TE > 0, best_TK[:, 1:], best_TK[:, :1])\n"
            "    return torch.special.ndtr((clean_TE - rival_TE) / 0.6931).sum(0)",
            "Use the scale",
        ),
        (
            "k ignored",
            TEST_LOAD + LOAD + "    best_TK, expert_TK = noisy_TE.topk(2)\n"
            "    chosen_TE = torch.zeros_like(noisy_TE).scatter(1, expert_TK[:, :1], 1.0)\n"
            "    rival_TE = torch.where(chosen_TE > 0, best_TK[:, 1:], best_TK[:, :1])\n"
            "    return torch.special.ndtr((clean_TE - rival_TE) / F.softplus(scale_TE)).sum(0)",
            "Use k",
        ),
        (
            "a mean over tokens",
            TEST_LOAD
            + LOAD
            + "    best_TK, expert_TK = noisy_TE.topk(k + 1)\n"
            + RIVALS
            + "    return torch.special.ndtr((clean_TE - rival_TE) / F.softplus(scale_TE)).mean(0)",
            "sum their chances",
        ),
        (
            "summed over experts",
            TEST_LOAD
            + LOAD
            + "    best_TK, expert_TK = noisy_TE.topk(k + 1)\n"
            + RIVALS
            + "    return torch.special.ndtr((clean_TE - rival_TE) / F.softplus(scale_TE)).sum(-1)",
            "the load has shape (3,): it must be (2,)",
        ),
        (
            "softplus lost",
            TEST_LOAD
            + LOAD
            + "    best_TK, expert_TK = noisy_TE.topk(k + 1)\n"
            + RIVALS
            + "    return torch.special.ndtr((clean_TE - rival_TE) / scale_TE.exp()).sum(0)",
            "softplus of the scale",
        ),
        (
            "a sigmoid",
            TEST_LOAD
            + LOAD
            + "    best_TK, expert_TK = noisy_TE.topk(k + 1)\n"
            + RIVALS
            + "    return torch.sigmoid((clean_TE - rival_TE) / F.softplus(scale_TE)).sum(0)",
            "ndtr, not a sigmoid",
        ),
        (
            "one rival for all",
            TEST_LOAD + LOAD + "    rival_TE = noisy_TE.topk(k + 1).values[:, k:]\n"
            "    return torch.special.ndtr((clean_TE - rival_TE) / F.softplus(scale_TE)).sum(0)",
            "must beat the best, not itself",
        ),
        (
            "an axis lost",
            TEST_LOAD + LOAD + "    rival_T = noisy_TE.topk(k + 1).values[:, k]\n"
            "    return torch.special.ndtr((clean_TE - rival_T) / F.softplus(scale_TE)).sum(0)",
            "rival_TE needs its axis K",
        ),
    ],
    "museum-weight": [
        (
            "a test of one value",
            "def test_weight(route):\n"
            "    assert route(torch.zeros(1, 4)).weight_TK.item() == 0.25\n"
            "def switch(logits_TE):\n    return routing.softmax_top_k(logits_TE, k=1)",
            "its weight is 1/E for every score",
        ),
        (
            "not mended",
            TEST_WEIGHT + "def switch(logits_TE):\n    return routing.top_k(logits_TE, k=1)",
            "still divided by themselves",
        ),
        (
            "the wrong expert's",
            TEST_WEIGHT + "def switch(logits_TE):\n"
            "    weight_TK, expert_TK = logits_TE.softmax(-1).topk(1, largest=False)\n"
            "    return routing.Routing(logits_TE, weight_TK, expert_TK)",
            "These are the other expert's",
        ),
        (
            "cut from the graph",
            TEST_WEIGHT + "def switch(logits_TE):\n"
            "    return routing.softmax_top_k(logits_TE.detach(), k=1)",
            "cut from the graph",
        ),
        (
            "a test of a gradient that is there",
            "def test_weight(route):\n"
            "    logits_TE = torch.tensor([[1.0, 0.0]], requires_grad=True)\n"
            "    route(logits_TE).weight_TK.sum().backward()\n"
            "    assert logits_TE.grad is not None\n"
            "def switch(logits_TE):\n    return routing.softmax_top_k(logits_TE, k=1)",
            "says nothing against sure_switch",
        ),
        (
            "a test that wants weight 1",
            "def test_weight(route):\n"
            "    assert route(torch.tensor([[1.0, 0.0]])).weight_TK.item() == 1\n"
            "def switch(logits_TE):\n    return routing.softmax_top_k(logits_TE, k=1)",
            "The right weight is the probability of the chosen expert",
        ),
        (
            "scores for weights",
            TEST_WEIGHT + "def switch(logits_TE):\n"
            "    weight_TK, expert_TK = logits_TE.topk(1)\n"
            "    return routing.Routing(logits_TE, weight_TK, expert_TK)",
            "These are scores",
        ),
        (
            "a sigmoid",
            TEST_WEIGHT + "def switch(logits_TE):\n"
            "    weight_TK, expert_TK = logits_TE.sigmoid().topk(1)\n"
            "    return routing.Routing(logits_TE, weight_TK, expert_TK)",
            "A sigmoid is not the softmax",
        ),
        (
            "softmax over tokens",
            TEST_WEIGHT + "def switch(logits_TE):\n"
            "    expert_TK = logits_TE.argmax(-1, keepdim=True)\n"
            "    weight_TK = logits_TE.softmax(0).gather(-1, expert_TK)\n"
            "    return routing.Routing(logits_TE, weight_TK, expert_TK)",
            "The softmax runs over tokens",
        ),
        (
            "the axis K lost",
            TEST_WEIGHT + "def switch(logits_TE):\n"
            "    weight_T, expert_T = logits_TE.softmax(-1).max(-1)\n"
            "    return routing.Routing(logits_TE, weight_T, expert_T)",
            "the weight has shape (3,): it must be (3, 1)",
        ),
        (
            "three things, no Routing",
            TEST_WEIGHT + "def switch(logits_TE):\n"
            "    return (logits_TE, *logits_TE.softmax(-1).topk(1))",
            "return a Routing, not a tuple",
        ),
        (
            "every token to one expert",
            TEST_WEIGHT + "def switch(logits_TE):\n"
            "    weight_TK = logits_TE.softmax(-1).max(-1, keepdim=True).values\n"
            "    expert_TK = torch.ones(len(logits_TE), 1).long()\n"
            "    return routing.Routing(logits_TE, weight_TK, expert_TK)",
            "Experts 1, 0, 1 are chosen, not [1, 1, 1]",
        ),
    ],
    "museum-bias": [
        (
            "a test of one number",
            "def test_bias(update):\n"
            "    count_E = torch.tensor([9, 1])\n"
            "    assert update(torch.zeros(2), count_E, 0.5).tolist() != [0.5, -0.5]\n"
            + MENDED_BIAS,
            "it feeds the busy ones even more",
        ),
        (
            "a test that wants feeding",
            "def test_bias(update):\n"
            "    assert update(torch.zeros(2), torch.tensor([9, 1]), 0.5)[0] > 0\n" + MENDED_BIAS,
            "objects to a right function",
        ),
        ("no test", "def test_bias(update):\n    ...\n" + MENDED_BIAS, "test is still missing"),
        (
            "not mended",
            TEST_BIAS + BIAS + "    return bias_E + rate * (count_E - count_E.mean()).sign()",
            "still goes up",
        ),
        (
            "by the size",
            TEST_BIAS + BIAS + "    return bias_E + rate * (count_E.mean() - count_E)",
            "Take the sign",
        ),
        (
            "the old bias lost",
            TEST_BIAS + BIAS + "    return rate * (count_E.mean() - count_E).sign()",
            "The old bias is lost",
        ),
        (
            "every visit is too many",
            TEST_BIAS + BIAS + "    return bias_E - rate * count_E.sign()",
            "Compare with the mean",
        ),
        (
            "a test of an even load",
            "def test_bias(update):\n"
            "    bias_E = torch.zeros(2)\n"
            "    assert update(bias_E, torch.tensor([5, 5]), 0.5).tolist() == [0, 0]\n"
            + MENDED_BIAS,
            "says nothing against feed_bias",
        ),
        (
            "the rate forgotten",
            TEST_BIAS + BIAS + "    return bias_E + (count_E.mean() - count_E).sign()",
            "The rate is missing",
        ),
        (
            "in place",
            TEST_BIAS + BIAS + "    bias_E += rate * (count_E.mean() - count_E).sign()\n"
            "    return bias_E",
            "you changed what was handed to you",
        ),
        (
            "below the busiest",
            TEST_BIAS + BIAS + "    return bias_E + rate * (count_E.max() - count_E).sign()",
            "not with the busiest",
        ),
        (
            "the middle for the mean",
            TEST_BIAS + BIAS + "    return bias_E + rate * (count_E.median() - count_E).sign()",
            "Compare with the mean",
        ),
        (
            "whole numbers have no mean",
            TEST_BIAS + "def update_bias(bias_E, count_E, rate):\n"
            "    return bias_E + rate * (count_E.mean() - count_E).sign()",
            "Perhaps: counts are whole numbers",
        ),
        (
            "the busiest alone",
            TEST_BIAS + BIAS + "    return bias_E - rate * (count_E == count_E.max())",
            "you give [0.5, 1.0, 1.0, 1.0]. It must be",
        ),
    ],
    "own-remedy": [
        (
            "alone",
            "def own_remedy():\n    return {'mine': [(2.0, 1.1)] * 3}",
            "beside another, or beside none",
        ),
        (
            "two seeds",
            "def own_remedy():\n"
            "    return {'none': [(2.0, 3.0), (2.2, 3.0)], 'mine': [(2.1, 1.1), (2.3, 1.1)]}",
            "2 of 3 runs",
        ),
        (
            "a share for a ratio",
            "def own_remedy():\n    return {'none': [(2.0, 0.7)] * 3, 'mine': [(2.1, 0.3)] * 3}",
            "the busiest cannot have 0.70 means",
        ),
        (
            "beside another remedy only",
            "def own_remedy():\n"
            "    runs = [(2.0, 1.1), (2.1, 1.2), (2.2, 1.3)]\n"
            "    return {'Switch': runs, 'mine': runs}",
            "call the runs without any remedy 'none'",
        ),
        (
            "one seed three times",
            "def own_remedy():\n"
            "    runs = [(2.0, 3.0), (2.1, 3.1), (2.2, 3.2)]\n"
            "    return {'none': runs, 'mine': [(2.1, 1.1)] * 3}",
            "mine: all runs have the same loss",
        ),
        (
            "likelihoods for losses",
            "def own_remedy():\n"
            "    runs = [(-2.0, 3.0), (-2.1, 3.1), (-2.2, 3.2)]\n"
            "    return {'none': runs, 'mine': runs}",
            "are not of loss, which lie above 0",
        ),
        (
            "losses alone",
            "def own_remedy():\n    return {'none': [2.0, 2.1, 2.2], 'mine': [2.1, 2.2, 2.3]}",
            "a pair for each seed, loss first, not 2.0",
        ),
        (
            "a list of losses and a list of ratios",
            "def own_remedy():\n"
            "    pair = [[2.0, 2.1, 2.2], [3.0, 3.1, 3.2]]\n"
            "    return {'none': pair, 'mine': pair}",
            "a pair for each seed, loss first, not [2.0, 2.1, 2.2]",
        ),
        (
            "a run that burst",
            "def own_remedy():\n"
            "    return {'none': [(2.0, 3.0), (2.1, 3.0), (float('nan'), 3.0)], 'mine': []}",
            "it never arrived",
        ),
        (
            "pairs, no dict",
            "def own_remedy():\n    return [(2.0, 3.0), (2.1, 3.0), (2.2, 3.0)]",
            "return a dict, not a list",
        ),
    ],
}
