"""Plausible wrong answers to the exercises of lesson 09, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``top-k`` for ``top-k-stub``, ``top-k-check`` and ``top-k-hints``.
"""

WRONG_ANSWERS = {
    "bits-per-byte": [
        (
            "still nats",
            "def bits_per_byte(nats_per_token, tokens, bytes):\n"
            "    return nats_per_token * tokens / bytes",
            "These are nats",
        ),
        (
            "bits per token",
            "def bits_per_byte(nats_per_token, tokens, bytes):\n"
            "    return nats_per_token / math.log(2)",
            "bits per token",
        ),
        (
            "upside down",
            "def bits_per_byte(nats_per_token, tokens, bytes):\n"
            "    return nats_per_token * bytes / tokens / math.log(2)",
            "Tokens over bytes",
        ),
    ],
    "learning-rate": [
        (
            "starts at zero",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    return peak * step / warmup if step < warmup else peak",
            "at step 0 the rate is 0",
        ),
        (
            "falls to zero",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    done = (step - warmup + 1) / (steps - warmup)\n"
            "    return peak * (1 + math.cos(math.pi * done)) / 2",
            "a tenth of the peak",
        ),
        (
            "a line",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    return peak * (1 - 0.9 * (step - warmup + 1) / (steps - warmup))",
            "that is a line",
        ),
    ],
    "next-token-loss": [
        (
            "not shifted",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits = logits_BSV.flatten(0, 1)\n"
            "    return torch.nn.functional.cross_entropy(logits, id_BS.flatten())",
            "repeats its input",
        ),
        (
            "the last position is asked too",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV.flatten(0, 1), id_BS.roll(1, 1).flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted)",
            "sure of the next token",
        ),
    ],
    "upcycle": [
        (
            "shared out",
            "def upcycle(dense_state, num_experts):\n"
            "    state = {}\n"
            "    for name, weight in dense_state.items():\n"
            "        if 'feed_forward.gate_up' in name or 'feed_forward.down' in name:\n"
            "            name = name.replace('feed_forward.', 'feed_forward.experts.')\n"
            "            name = name.replace('_JFD', '_EJFD').replace('_DF', '_EDF')\n"
            "            weight = torch.stack([weight / num_experts] * num_experts)\n"
            "        state[name] = weight\n"
            "    return state",
            "is not a copy",
        ),
        (
            "only the experts",
            "def upcycle(dense_state, num_experts):\n"
            "    return {\n"
            "        name.replace('feed_forward.', 'feed_forward.experts.')\n"
            "        .replace('_JFD', '_EJFD').replace('_DF', '_EDF'):\n"
            "        torch.stack([weight] * num_experts)\n"
            "        for name, weight in dense_state.items()\n"
            "        if 'feed_forward.gate_up' in name or 'feed_forward.down' in name\n"
            "    }",
            "keep what is not feed-forward",
        ),
    ],
    "experiment": [
        ("one model", "def experiment():\n    return {'a': [2.0, 2.1]}", "a comparison needs two"),
        (
            "one seed",
            "def experiment():\n    return {'a': [2.0], 'b': [2.1]}",
            "cannot show its own spread",
        ),
    ],
}
