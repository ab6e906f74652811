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
    "import torch.nn.functional as F\n"
    "def noisy_top_k(logits_TE, scale_TE, k, generator=None):\n"
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
LOAD = (
    "import torch.nn.functional as F\n"
    "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
)
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
            "a test of choices that are clear",
            "def test_noise(route):\n"
            "    x_TE = torch.tensor([[1.0, 0.0]]).repeat(1000, 1)\n"
            "    assert (route(x_TE, x_TE, 1).expert_TK == 0).all()\n" + ALWAYS,
            "and not its twin: its noise is 0.01",
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
            "    return E * (load(routing) * balance.importance(routing)).sum()",
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
            "still divided by itself",
        ),
        (
            "the wrong expert's",
            TEST_WEIGHT + "def switch(logits_TE):\n"
            "    weight_TK, expert_TK = logits_TE.softmax(-1).topk(1, largest=False)\n"
            "    return routing.Routing(logits_TE, weight_TK, expert_TK)",
            "That is the other expert's",
        ),
        (
            "cut from the graph",
            TEST_WEIGHT + "def switch(logits_TE):\n"
            "    return routing.softmax_top_k(logits_TE.detach(), k=1)",
            "cut from the graph",
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
    ],
    "own-remedy": [
        (
            "alone",
            "def own_remedy():\n    return {'mine': [(2.0, 1.1)] * 3}",
            "beside another, or beside none",
        ),
        (
            "two seeds",
            "def own_remedy():\n    return {'none': [(2.0, 3.0)] * 2, 'mine': [(2.1, 1.1)] * 2}",
            "2 of 3 runs",
        ),
        (
            "a share for a ratio",
            "def own_remedy():\n    return {'none': [(2.0, 0.7)] * 3, 'mine': [(2.1, 0.3)] * 3}",
            "the busiest cannot have 0.70 means",
        ),
    ],
}
