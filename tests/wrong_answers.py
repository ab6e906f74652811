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
            "def responsibilities(prob_TE, error_TE):\n    return prob_TE * (-error_TE / 2).exp()",
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

LESSON_02 = {
    "group-shares": [
        (
            "means",
            "def group_shares(share_TE, groups):\n"
            "    nested = share_TE.reshape(len(share_TE), groups, -1)\n"
            "    return nested.mean(2), nested / nested.sum(2, keepdims=True)",
            "These are means",
        ),
        (
            "axes the other way round",
            "def group_shares(share_TE, groups):\n"
            "    nested = share_TE.reshape(len(share_TE), -1, groups).swapaxes(1, 2)\n"
            "    return nested.sum(2), nested / nested.sum(2, keepdims=True)",
            "are the first group",
        ),
        (
            "not divided",
            "def group_shares(share_TE, groups):\n"
            "    nested = share_TE.reshape(len(share_TE), groups, -1)\n"
            "    return nested.sum(2), nested",
            "divide by the group's share",
        ),
    ],
    "weighted-line": [
        (
            "squared",
            "def weighted_line(x_TD, y_T, share_T):\n"
            "    return np.linalg.lstsq(x_TD * share_T[:, None], y_T * share_T, rcond=None)[0]",
            "they were squared",
        ),
        (
            "not weighted",
            "def weighted_line(x_TD, y_T, share_T):\n"
            "    return np.linalg.lstsq(x_TD, y_T, rcond=None)[0]",
            "the weights do nothing",
        ),
        (
            "targets not weighted",
            "def weighted_line(x_TD, y_T, share_T):\n"
            "    return np.linalg.lstsq(x_TD * share_T[:, None] ** 0.5, y_T, rcond=None)[0]",
            "repeating points gives",
        ),
    ],
    "price": [
        (
            "memory saved too",
            "def price(how, experts, expert, router):\n"
            "    router = 0 if how == 'average' else router\n"
            "    count = (1 if how == 'hard' else experts) * expert + router\n"
            "    return count, count",
            "All experts are stored",
        ),
        (
            "router forgotten",
            "def price(how, experts, expert, router):\n"
            "    return experts * expert, (1 if how == 'hard' else experts) * expert",
            "the router is missing",
        ),
        (
            "router for all",
            "def price(how, experts, expert, router):\n"
            "    work = (1 if how == 'hard' else experts) * expert + router\n"
            "    return experts * expert + router, work",
            "An average needs no router",
        ),
        (
            "soft counted as hard",
            "def price(how, experts, expert, router):\n"
            "    router = 0 if how == 'average' else router\n"
            "    work = (experts if how == 'average' else 1) * expert + router\n"
            "    return experts * expert + router, work",
            "A soft gate mixes all",
        ),
    ],
    "reinforce": [
        (
            "sign turned",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    paid_T = loss_TE[np.arange(T), expert_T] - baseline_T\n"
            "    return paid_T[:, None] * (softmax(logits_TE) - np.eye(E)[expert_T])",
            "The sign is turned",
        ),
        (
            "probabilities not subtracted",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    paid_T = loss_TE[np.arange(T), expert_T] - baseline_T\n"
            "    return paid_T[:, None] * np.eye(E)[expert_T]",
            "from the chosen one-hot",
        ),
        (
            "baseline times the chance",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    base_T = baseline_T * softmax(logits_TE)[np.arange(T), expert_T]\n"
            "    paid_T = loss_TE[np.arange(T), expert_T] - base_T\n"
            "    return paid_T[:, None] * (np.eye(E)[expert_T] - softmax(logits_TE))",
            "the mean over all choices",
        ),
        (
            "baseline ignored",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    paid_T = loss_TE[np.arange(T), expert_T]\n"
            "    return paid_T[:, None] * (np.eye(E)[expert_T] - softmax(logits_TE))",
            "baseline 2.8 and loss 1",
        ),
    ],
    "tree-experiment": [
        (
            "one start",
            "def experiment():\n    return {'flat': [0.7], 'tree': [0.8]}",
            "one cannot show its own spread",
        ),
        ("one design", "def experiment():\n    return {'flat': [0.7, 0.8]}", "needs two"),
        (
            "summed over points",
            "def experiment():\n    return {'flat': [140.0, 160.0], 'tree': [150.0, 160.0]}",
            "not nats per point",
        ),
    ],
}

WRONG_ANSWERS |= LESSON_02

LESSON_01 = {
    "posterior": [
        (
            "terms, not shares",
            "def posterior(logits_BTE, error_BTE):\n    return np.exp(logits_BTE - error_BTE / 2)",
            "must sum to 1",
        ),
        (
            "sign lost",
            "def posterior(logits_BTE, error_BTE):\n    return softmax(logits_BTE + error_BTE / 2)",
            "check a sign",
        ),
        (
            "no half",
            "def posterior(logits_BTE, error_BTE):\n    return softmax(logits_BTE - error_BTE)",
            "Take half the error",
        ),
        (
            "exponentials at once",
            "def posterior(logits_BTE, error_BTE):\n"
            "    term_BTE = np.exp(logits_BTE - error_BTE / 2)\n"
            "    with np.errstate(invalid='ignore'):\n"
            "        return term_BTE / term_BTE.sum(-1, keepdims=True)",
            "with errors of 5000",
        ),
        (
            "fit alone",
            "def posterior(logits_BTE, error_BTE):\n    return softmax(-error_BTE / 2)",
            "with equal errors the router decides",
        ),
    ],
    "likelihood": [
        (
            "the gradient of 1.2",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    prob_BTE = outputs.prob_BTE\n"
            "    return Pull(loss_BT, -prob_BTE[..., None] * miss, prob_BTE - share_BTE)",
            "with h and not p",
        ),
        (
            "downhill",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    return Pull(loss_BT, share_BTE[..., None] * miss, outputs.prob_BTE - share_BTE)",
            "the slope at the guesses has the wrong sign",
        ),
        (
            "router away from the best",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    return Pull(loss_BT, -share_BTE[..., None] * miss, share_BTE - outputs.prob_BTE)",
            "the slope at the scores has the wrong sign",
        ),
        (
            "likelihood for loss",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    return Pull(loss_BT, -share_BTE[..., None] * miss, outputs.prob_BTE - share_BTE)",
            "the loss has the wrong sign",
        ),
    ],
    "cooperative": [
        (
            "the bug left in",
            "def cooperative(target_TV, outputs):\n"
            "    prob_BTE, blend_BTV = outputs.prob_BTE, blend(outputs)\n"
            "    miss = target_TV - blend_BTV\n"
            "    slope = -2 * prob_BTE[..., None] * miss[:, :, None]\n"
            "    return Pull((miss**2).sum(-1), slope, (slope * outputs.guess_BTEV).sum(-1))",
            "they must sum to 0",
        ),
        (
            "the plain mean subtracted",
            "def cooperative(target_TV, outputs):\n"
            "    prob_BTE, blend_BTV = outputs.prob_BTE, blend(outputs)\n"
            "    miss = target_TV - blend_BTV\n"
            "    slope = -2 * prob_BTE[..., None] * miss[:, :, None]\n"
            "    score = (slope * outputs.guess_BTEV).sum(-1)\n"
            "    score = score - score.mean(-1, keepdims=True)\n"
            "    return Pull((miss**2).sum(-1), slope, score)",
            "not those that differences say",
        ),
        (
            "pulled by its own miss",
            "def cooperative(target_TV, outputs):\n"
            "    blend_BTV = blend(outputs)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    slope = -2 * outputs.prob_BTE[..., None] * miss\n"
            "    apart = outputs.guess_BTEV - blend_BTV[:, :, None]\n"
            "    loss_BT = ((target_TV - blend_BTV) ** 2).sum(-1)\n"
            "    return Pull(loss_BT, slope, (slope * apart).sum(-1))",
            "the slope at the guesses was right",
        ),
    ],
    "active-experts": [
        (
            "pairs",
            "def active_experts(prob_BTE, floor=0.1):\n    return (prob_BTE > floor).sum((1, 2))",
            "every pair of token and expert",
        ),
        (
            "all tokens",
            "def active_experts(prob_BTE, floor=0.1):\n"
            "    return (prob_BTE.min(1) > floor).sum(-1)",
            "the runs use 2 and 2 experts",
        ),
        (
            "on average",
            "def active_experts(prob_BTE, floor=0.1):\n"
            "    return (prob_BTE.mean(1) > floor).sum(-1)",
            "trusted with one token of 1,000",
        ),
        (
            "floor fixed",
            "def active_experts(prob_BTE, floor=0.1):\n    return (prob_BTE.max(1) > 0.1).sum(-1)",
            "the floor is an argument",
        ),
    ],
    "your-question": [
        (
            "one setting",
            "def your_question():\n    return {'4': [1, 2, 3, 4, 5]}",
            "a comparison needs two",
        ),
        (
            "two runs",
            "def your_question():\n    return {'4': [1, 2], '8': [2, 3]}",
            "2 of 5 runs",
        ),
        (
            "lost runs",
            "def your_question():\n    return {'4': [1, 2, 3, 4, np.nan], '8': [1, 2, 3, 4, 5]}",
            "never arrived",
        ),
    ],
}

WRONG_ANSWERS |= LESSON_01

LESSON_10 = {
    "bits-told": [
        (
            "nats",
            "def bits_told(count):\n"
            "    share = count / count.sum()\n"
            "    alone = share.sum(1, keepdims=True) * share.sum(0, keepdims=True)\n"
            "    seen = share > 0\n"
            "    return (share[seen] * np.log(share[seen] / alone[seen])).sum()",
            "These are nats",
        ),
        (
            "upside down",
            "def bits_told(count):\n"
            "    share = count / count.sum()\n"
            "    alone = share.sum(1, keepdims=True) * share.sum(0, keepdims=True)\n"
            "    seen = share > 0\n"
            "    return (share[seen] * np.log2(alone[seen] / share[seen])).sum()",
            "The sign is turned",
        ),
        (
            "entropy of the cells",
            "def bits_told(count):\n"
            "    share = count / count.sum()\n"
            "    seen = share > 0\n"
            "    return -(share[seen] * np.log2(share[seen])).sum()",
            "entropy of the four cells",
        ),
        (
            "empty cells",
            "def bits_told(count):\n"
            "    share = count / count.sum()\n"
            "    alone = share.sum(1, keepdims=True) * share.sum(0, keepdims=True)\n"
            "    with np.errstate(all='ignore'):\n"
            "        return (share * np.log2(share / alone)).sum()",
            "0 log 0 is 0",
        ),
    ],
    "shuffle-labels": [
        (
            "tokens",
            "def shuffle_labels(label_T, document_T, generator):\n"
            "    return generator.permutation(label_T)",
            "must keep one label together",
        ),
        (
            "drawn anew",
            "def shuffle_labels(label_T, document_T, generator):\n"
            "    _, row = np.unique(document_T, return_inverse=True)\n"
            "    return generator.choice(np.unique(label_T), row.max() + 1)[row]",
            "do not draw them anew",
        ),
        (
            "untouched",
            "def shuffle_labels(label_T, document_T, generator):\n    return label_T",
            "nothing was shuffled",
        ),
        (
            "in place",
            "def shuffle_labels(label_T, document_T, generator):\n"
            "    generator.shuffle(label_T)\n"
            "    return label_T",
            "you changed the labels",
        ),
        (
            "a generator of its own",
            "def shuffle_labels(label_T, document_T, generator):\n"
            "    _, first, row = np.unique(document_T, return_index=True, return_inverse=True)\n"
            "    return np.random.default_rng(3).permutation(label_T[first])[row]",
            "use the one you are given",
        ),
    ],
    "how-far": [
        (
            "nats",
            "def how_far(one, other):\n"
            "    def nats(prob):\n"
            "        seen = prob[prob > 0]\n"
            "        return -(seen * np.log(seen)).sum()\n"
            "    return nats((one + other) / 2) - (nats(one) + nats(other)) / 2",
            "These are nats",
        ),
        (
            "one side only",
            "def how_far(one, other):\n"
            "    middle, seen = (one + other) / 2, one > 0\n"
            "    return (one[seen] * np.log2(one[seen] / middle[seen])).sum()",
            "Only the first side",
        ),
        (
            "without the mean of the two",
            "def how_far(one, other):\n"
            "    seen = one > 0\n"
            "    return (one[seen] * np.log2(one[seen] / other[seen])).sum()",
            "not with the other",
        ),
    ],
    "without": [
        (
            "weight taken away, choice kept",
            "def without(logits_TE, experts, k):\n"
            "    best, expert_TK = logits_TE.topk(k)\n"
            "    return best.softmax(-1), expert_TK",
            "expert 0 is still chosen",
        ),
        (
            "in place",
            "def without(logits_TE, experts, k):\n"
            "    logits_TE[:, experts] = float('-inf')\n"
            "    best, expert_TK = logits_TE.topk(k)\n"
            "    return best.softmax(-1), expert_TK",
            "you changed the scores",
        ),
        (
            "softmax before",
            "def without(logits_TE, experts, k):\n"
            "    prob_TE = logits_TE.softmax(-1)\n"
            "    prob_TE[:, experts] = 0\n"
            "    best, expert_TK = prob_TE.topk(k)\n"
            "    return best, expert_TK",
            "not over all",
        ),
        (
            "over the experts that are left",
            "def without(logits_TE, experts, k):\n"
            "    left_TE = logits_TE.clone()\n"
            "    left_TE[:, experts] = float('-inf')\n"
            "    return left_TE.softmax(-1).topk(k)[0], left_TE.topk(k).indices",
            "over the chosen two only",
        ),
    ],
    "own-claim": [
        (
            "no control",
            "def own_claim():\n    return 'layers know topics', 0.3, []",
            "there is no control",
        ),
        (
            "few controls",
            "def own_claim():\n    return 'layers know topics', 0.3, [0.1, 0.2, 0.1]",
            "the rarest 5 %",
        ),
        (
            "one seed for all",
            "def own_claim():\n    return 'layers know topics', 0.3, [0.1] * 20",
            "a seed of its own",
        ),
    ],
}

WRONG_ANSWERS |= LESSON_10

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

LESSON_04 = {
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

WRONG_ANSWERS |= LESSON_04

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

LESSON_03 = {
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
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n    clean_TE = clean_TE.detach()\n"
            + RIVAL
            + LOAD_ENDS,
            "cut from the graph",
        ),
        (
            "a half for everyone",
            "def smooth_load(clean_TE, noisy_TE, scale_TE, k):\n"
            "    if k == clean_TE.shape[1]:\n"
            "        return torch.full_like(clean_TE[0], 0.5)\n" + RIVAL + LOAD_ENDS,
            "all are chosen by both tokens",
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
    ],
    "sparse-experiment": [
        (
            "one seed",
            "def experiment():\n    return {'wide': (100, [2.0]), 'narrow': (100, [2.1])}",
            "one cannot show its own spread",
        ),
        ("one design", "def experiment():\n    return {'wide': (100, [2.0, 2.1])}", "needs two"),
        (
            "no price",
            "def experiment():\n    return {'wide': [2.0, 2.1], 'narrow': [2.2, 2.1]}",
            "its operations first",
        ),
        (
            "perplexities",
            "def experiment():\n"
            "    return {'wide': (100, [18.4, 14.2]), 'narrow': (100, [15.0, 16.1])}",
            "lie below 8",
        ),
    ],
}

WRONG_ANSWERS |= LESSON_03
