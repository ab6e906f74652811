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
            "def active_experts(prob_BTE, floor=0.1):\n"
            "    return (prob_BTE > floor).sum((1, 2))",
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
            "def active_experts(prob_BTE, floor=0.1):\n"
            "    return (prob_BTE.max(1) > 0.1).sum(-1)",
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
            "five show a spread",
        ),
        (
            "lost runs",
            "def your_question():\n"
            "    return {'4': [1, 2, 3, 4, np.nan], '8': [1, 2, 3, 4, 5]}",
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
