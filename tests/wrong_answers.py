"""Plausible wrong answers to the exercises, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``top-k`` for ``top-k-stub``, ``top-k-check`` and ``top-k-hints``.
"""

WRONG_ANSWERS = {}

LESSON_08 = {
    "rotate": [
        (
            "neighbours paired",
            """
def rotate(x_BHSA, cos_BSA, sin_BSA):
    turned_BHSA = torch.stack([-x_BHSA[..., 1::2], x_BHSA[..., ::2]], -1).flatten(-2)
    return x_BHSA * cos_BSA[:, None] + turned_BHSA * sin_BSA[:, None]
""",
            "You pair neighbours",
        ),
        (
            "the other way round",
            """
def rotate(x_BHSA, cos_BSA, sin_BSA):
    first, second = x_BHSA.chunk(2, -1)
    turned_BHSA = torch.cat([second, -first], -1)
    return x_BHSA * cos_BSA[:, None] + turned_BHSA * sin_BSA[:, None]
""",
            "You turn the wrong way",
        ),
        (
            "no minus sign",
            """
def rotate(x_BHSA, cos_BSA, sin_BSA):
    turned_BHSA = torch.cat(x_BHSA.chunk(2, -1)[::-1], -1)
    return x_BHSA * cos_BSA[:, None] + turned_BHSA * sin_BSA[:, None]
""",
            "turns keep length",
        ),
    ],
    "scores": [
        (
            "only queries rotated",
            """
from moe_lesson.models.attention import rotate
def scores(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    query_BHSA = rotate(query_BHSA, cos_BSA, sin_BSA) * query_BHSA.shape[-1] ** -0.5
    return query_BHSA @ key_BHSA.transpose(2, 3)
""",
            "this must be one number",
        ),
        (
            "nothing rotated",
            """
def scores(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    return query_BHSA @ key_BHSA.transpose(2, 3) * query_BHSA.shape[-1] ** -0.5
""",
            "nothing is turned",
        ),
        (
            "not scaled",
            """
from moe_lesson.models.attention import rotate
def scores(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    turned = [rotate(x, cos_BSA, sin_BSA) for x in (query_BHSA, key_BHSA)]
    return turned[0] @ turned[1].transpose(2, 3)
""",
            "divide the scores by sqrt(A)",
        ),
    ],
    "top-k": [
        (
            "softmax over all, not renormalised",
            """
from moe_lesson.moe.routing import Routing
def top_k(logits_TE, k):
    weight_TK, expert_TK = logits_TE.softmax(-1).topk(k)
    return Routing(logits_TE, weight_TK, expert_TK)
""",
            "softmax over the kept scores only",
        ),
        (
            "the smallest",
            """
from moe_lesson.moe.routing import Routing
def top_k(logits_TE, k):
    score_TK, expert_TK = logits_TE.topk(k, largest=False)
    return Routing(logits_TE, score_TK.softmax(-1), expert_TK)
""",
            "These are the smallest",
        ),
        (
            "scores over their sum",
            """
from moe_lesson.moe.routing import Routing
def top_k(logits_TE, k):
    score_TK, expert_TK = logits_TE.topk(k)
    return Routing(logits_TE, score_TK / score_TK.sum(-1, keepdim=True), expert_TK)
""",
            "take their exponentials first",
        ),
    ],
    "slots": [
        (
            "in order of age",
            """
def slot_positions(seen, window, device=None):
    return torch.arange(max(seen - window, 0), seen)
""",
            "position p lies in slot p mod W",
        ),
        (
            "every position",
            """
def slot_positions(seen, window, device=None):
    return torch.arange(seen)
""",
            "slots are filled",
        ),
        (
            "one lap too far",
            """
def slot_positions(seen, window, device=None):
    slot = torch.arange(min(seen, window))
    return slot + (seen - 1) // window * window
""",
            "has not been seen yet",
        ),
    ],
    "parameters": [
        (
            "two matrices an expert",
            """
def total_parameters(config):
    return config.total_parameters - config.n_layers * config.num_experts * (
        config.dim * config.hidden_dim
    )
""",
            "gate, up and down",
        ),
        (
            "active only",
            "def total_parameters(config):\n    return config.active_parameters\n",
            "stored are num_experts",
        ),
        (
            "norms once for all layers",
            """
def total_parameters(config):
    return config.total_parameters - (config.n_layers - 1) * 2 * config.dim
""",
            "grow with n_layers",
        ),
    ],
}

WRONG_ANSWERS |= LESSON_08

LESSON_09 = {
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

WRONG_ANSWERS |= LESSON_09

LESSON_00 = {
    "responsibilities": [
        (
            "not shared out",
            "def responsibilities(prob_TE, error_TE):\n"
            "    return prob_TE * (-error_TE / 2).exp()",
            "They do not sum to 1",
        ),
        (
            "divided by the sum of everything",
            "def responsibilities(prob_TE, error_TE):\n"
            "    term_TE = prob_TE * (-error_TE / 2).exp()\n"
            "    return term_TE / term_TE.sum()",
            "divided by its own sum",
        ),
        (
            "sign lost",
            "def responsibilities(prob_TE, error_TE):\n"
            "    return (prob_TE.log() + error_TE / 2).softmax(-1)",
            "check a sign",
        ),
        (
            "no half",
            "def responsibilities(prob_TE, error_TE):\n"
            "    return (prob_TE.log() - error_TE).softmax(-1)",
            "exp(-error / 2) is 1/3",
        ),
        (
            "fit alone",
            "def responsibilities(prob_TE, error_TE):\n    return (-error_TE / 2).softmax(-1)",
            "with equal errors the router decides",
        ),
    ],
}

WRONG_ANSWERS |= LESSON_00
