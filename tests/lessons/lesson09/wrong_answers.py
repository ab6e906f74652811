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
        (
            "times ln 2",
            "def bits_per_byte(nats_per_token, tokens, bytes):\n"
            "    return nats_per_token * math.log(2) * tokens / bytes",
            "do not multiply by it",
        ),
        (
            "the whole text",
            "def bits_per_byte(nats_per_token, tokens, bytes):\n"
            "    return nats_per_token * tokens / math.log(2)",
            "bits of the whole text",
        ),
        (
            "one token over all bytes",
            "def bits_per_byte(nats_per_token, tokens, bytes):\n"
            "    return nats_per_token / math.log(2) / bytes",
            "there are 100 tokens",
        ),
        (
            "eight bits a byte",
            "def bits_per_byte(nats_per_token, tokens, bytes):\n"
            "    return 8 * nats_per_token * tokens / math.log(2) / bytes",
            "play no part",
        ),
        (
            "a logarithm to base ten",
            "def bits_per_byte(nats_per_token, tokens, bytes):\n"
            "    return nats_per_token * tokens / math.log(10) / bytes",
            "not a log of 10",
        ),
        (
            "whole numbers",
            "def bits_per_byte(nats_per_token, tokens, bytes):\n"
            "    return nats_per_token * tokens // math.log(2) // bytes",
            "cuts the fraction off",
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
            "    done = (step - warmup + 1) / (steps - warmup)\n"
            "    return peak * (1 - 0.9 * done)",
            "that is a line",
        ),
        (
            "done starts at 0",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    done = (step - warmup) / (steps - warmup)\n"
            "    return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))",
            "not 0: the step before it",
        ),
        (
            "the warm-up counts as fall",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    done = (step + 1) / steps\n"
            "    return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))",
            "leave the steps of the warm-up out",
        ),
        (
            "done counts from step 0",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    done = step / steps\n"
            "    return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))",
            "count from the end of the warm-up",
        ),
        (
            "divided by all steps",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    done = (step - warmup + 1) / steps\n"
            "    return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))",
            "only 5 steps fall",
        ),
        (
            "counted from step 0, divided by the fall",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    done = (step + 1) / (steps - warmup)\n"
            "    return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))",
            "above the line too",
        ),
        (
            "the peak forgotten",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    done = (step - warmup + 1) / (steps - warmup)\n"
            "    return 0.1 + 0.45 * (1 + math.cos(math.pi * done))",
            "multiply by it",
        ),
        (
            "upside down",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    done = (step - warmup + 1) / (steps - warmup)\n"
            "    return peak * (0.1 + 0.45 * (1 - math.cos(math.pi * done)))",
            "stands upside down",
        ),
        (
            "no pi",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    done = (step - warmup + 1) / (steps - warmup)\n"
            "    return peak * (0.1 + 0.45 * (1 + math.cos(done)))",
            "not cos(done)",
        ),
        (
            "rises from a tenth",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return peak * (0.1 + 0.9 * (step + 1) / warmup)\n"
            "    return peak",
            "step 0 must have 4 * 1 / 4 = 1",
        ),
        (
            "a step late",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step <= warmup:\n"
            "        return peak * (step + 1) / warmup\n"
            "    done = (step - warmup + 1) / (steps - warmup)\n"
            "    return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))",
            "it rises on",
        ),
        (
            "a peak of its own",
            "def learning_rate(step, steps, peak, warmup):\n"
            "    if step < warmup:\n"
            "        return 3e-3 * (step + 1) / warmup\n"
            "    done = (step - warmup + 1) / (steps - warmup)\n"
            "    return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))",
            "not 0.00075",
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
            "shifted back",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV[:, 1:].flatten(0, 1), id_BS[:, "
            ":-1].flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted)",
            "turn the shift round",
        ),
        (
            "rolled back",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV.flatten(0, 1), id_BS.roll(1, 1).flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted)",
            "do not roll",
        ),
        (
            "rolled",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV.flatten(0, 1), id_BS.roll(-1, 1).flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted)",
            "sequence's own first token",
        ),
        (
            "rolled without an axis",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV.flatten(0, 1), id_BS.roll(-1).flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted)",
            "without an axis",
        ),
        (
            "shifted flat",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV.flatten(0, 1)[:-1], id_BS.flatten()[1:]\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted)",
            "first token of the next",
        ),
        (
            "shifted by two",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV[:, :-2].flatten(0, 1), id_BS[:, "
            "2:].flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted)",
            "shift by one",
        ),
        (
            "a sum",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV[:, :-1].flatten(0, 1), id_BS[:, "
            "1:].flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted, "
            'reduction="sum")',
            "a loss is their mean",
        ),
        (
            "divided by sequences",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV[:, :-1].flatten(0, 1), id_BS[:, "
            "1:].flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted, "
            'reduction="sum") / len(id_BS)',
            "not by 3 sequences",
        ),
        (
            "divided by all tokens",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV[:, :-1].flatten(0, 1), id_BS[:, "
            "1:].flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted, "
            'reduction="sum") / id_BS.numel()',
            "you divide by 12",
        ),
        (
            "the first sequence",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    return torch.nn.functional.cross_entropy(logits_BSV[0, :-1], id_BS[0, "
            "1:])",
            "only the first sequence",
        ),
        (
            "the last token",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    return torch.nn.functional.cross_entropy(logits_BSV[:, -2], id_BS[:, "
            "-1])",
            "only the last token",
        ),
        (
            "in bits",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV[:, :-1].flatten(0, 1), id_BS[:, "
            "1:].flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted) / math.log(2)",
            "these are bits",
        ),
        (
            "a softmax too many",
            "def next_token_loss(logits_BSV, id_BS):\n"
            "    logits, wanted = logits_BSV[:, :-1].softmax(-1).flatten(0, 1), id_BS[:, "
            "1:].flatten()\n"
            "    return torch.nn.functional.cross_entropy(logits, wanted)",
            "takes the softmax itself",
        ),
    ],
    "upcycle": [
        (
            "shared out",
            "def upcycle(dense_state, num_experts):\n"
            "    state = {}\n"
            "    for name, weight in dense_state.items():\n"
            "        if 'feed_forward.gate_up' in name or 'feed_forward.down' in name:\n"
            "            name = name.replace('feed_forward.', "
            "'feed_forward.experts.').replace('_JFD', '_EJFD').replace('_DF', '_EDF')\n"
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
        (
            "the expert axis last",
            "def upcycle(dense_state, num_experts):\n"
            "    state = {}\n"
            "    for name, weight in dense_state.items():\n"
            "        if 'feed_forward.gate_up' in name or 'feed_forward.down' in name:\n"
            "            name = name.replace('feed_forward.', "
            "'feed_forward.experts.').replace('_JFD', '_EJFD').replace('_DF', '_EDF')\n"
            "            weight = torch.stack([weight] * num_experts, dim=-1)\n"
            "        state[name] = weight\n"
            "    return state",
            "the expert axis comes first",
        ),
        (
            "eight, whatever is asked",
            "def upcycle(dense_state, num_experts):\n"
            "    state = {}\n"
            "    for name, weight in dense_state.items():\n"
            "        if 'feed_forward.gate_up' in name or 'feed_forward.down' in name:\n"
            "            name = name.replace('feed_forward.', "
            "'feed_forward.experts.').replace('_JFD', '_EJFD').replace('_DF', '_EDF')\n"
            "            weight = torch.stack([weight] * 8)\n"
            "        state[name] = weight\n"
            "    return state",
            "num_experts is 4, you make 8",
        ),
        (
            "one long matrix",
            "def upcycle(dense_state, num_experts):\n"
            "    state = {}\n"
            "    for name, weight in dense_state.items():\n"
            "        if 'feed_forward.gate_up' in name or 'feed_forward.down' in name:\n"
            "            name = name.replace('feed_forward.', "
            "'feed_forward.experts.').replace('_JFD', '_EJFD').replace('_DF', '_EDF')\n"
            "            weight = torch.cat([weight] * num_experts)\n"
            "        state[name] = weight\n"
            "    return state",
            "`cat` puts the copies into one",
        ),
        (
            "one copy, the rest zero",
            "def upcycle(dense_state, num_experts):\n"
            "    state = {}\n"
            "    for name, weight in dense_state.items():\n"
            "        if 'feed_forward.gate_up' in name or 'feed_forward.down' in name:\n"
            "            name = name.replace('feed_forward.', "
            "'feed_forward.experts.').replace('_JFD', '_EJFD').replace('_DF', '_EDF')\n"
            "            weight = torch.stack([weight] + [weight * 0] * (num_experts - "
            "1))\n"
            "        state[name] = weight\n"
            "    return state",
            "expert 1 of",
        ),
        (
            "noise to break the tie",
            "def upcycle(dense_state, num_experts):\n"
            "    state = {}\n"
            "    for name, weight in dense_state.items():\n"
            "        if 'feed_forward.gate_up' in name or 'feed_forward.down' in name:\n"
            "            name = name.replace('feed_forward.', "
            "'feed_forward.experts.').replace('_JFD', '_EJFD').replace('_DF', '_EDF')\n"
            "            weight = torch.stack([weight + 0.01 * torch.randn_like(weight) "
            "for _ in range(num_experts)])\n"
            "        state[name] = weight\n"
            "    return state",
            "the router's random start",
        ),
        (
            "half of the network",
            "def upcycle(dense_state, num_experts):\n"
            "    state = {}\n"
            "    for name, weight in dense_state.items():\n"
            "        if 'feed_forward.gate_up' in name:\n"
            "            name = name.replace('feed_forward.', "
            "'feed_forward.experts.').replace('_JFD', '_EJFD').replace('_DF', '_EDF')\n"
            "            weight = torch.stack([weight] * num_experts)\n"
            "        state[name] = weight\n"
            "    return state",
            "experts.down_EDF is missing",
        ),
        (
            "names without the axis",
            "def upcycle(dense_state, num_experts):\n"
            "    state = {}\n"
            "    for name, weight in dense_state.items():\n"
            "        if 'feed_forward.gate_up' in name or 'feed_forward.down' in name:\n"
            "            name = name.replace('feed_forward.', 'feed_forward.experts.')\n"
            "            weight = torch.stack([weight] * num_experts)\n"
            "        state[name] = weight\n"
            "    return state",
            "add E to its axes",
        ),
        (
            "the first layer alone",
            "def upcycle(dense_state, num_experts):\n"
            "    state = {}\n"
            "    for name, weight in dense_state.items():\n"
            "        if 'blocks.0.feed_forward.' in name:\n"
            "            name = name.replace('feed_forward.', "
            "'feed_forward.experts.').replace('_JFD', '_EJFD').replace('_DF', '_EDF')\n"
            "            weight = torch.stack([weight] * num_experts)\n"
            "        state[name] = weight\n"
            "    return state",
            "blocks.1.feed_forward",
        ),
    ],
    "experiment": [
        (
            "one model",
            "def experiment():\n    return {'a': [2.0, 2.1, 2.2]}",
            "a comparison needs two",
        ),
        (
            "one seed",
            "def experiment():\n    return {'a': [2.0], 'b': [2.1]}",
            "cannot show its own spread",
        ),
        (
            "two seeds",
            "def experiment():\n    return {'a': [2.0, 2.1], 'b': [2.1, 2.3]}",
            "2 of 3 runs",
        ),
        (
            "the same model twice",
            "def experiment():\n    return {'a': [2.0, 2.1, 2.2], 'b': [2.0, 2.1, 2.2]}",
            "nothing was changed between them",
        ),
        (
            "the same seed three times",
            "def experiment():\n    return {'a': [2.0, 2.0, 2.0], 'b': [2.1, 2.2, 2.3]}",
            "a seed of its own",
        ),
        (
            "a gain, not a loss",
            "def experiment():\n    return {'a': [-2.0, -2.1, -2.2], 'b': [-2.1, -2.2, -2.3]}",
            "lie above 0",
        ),
        (
            "seeds without a partner",
            "def experiment():\n    return {'a': [2.0, 2.1, 2.2], 'b': [2.1, 2.2, 2.3, 2.4]}",
            "do not make pairs",
        ),
        (
            "a list",
            "def experiment():\n    return [[2.0, 2.1, 2.2], [2.1, 2.2, 2.3]]",
            "return a dict",
        ),
    ],
}
