"""Plausible wrong answers to the exercises of lesson 01, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``top-k`` for ``top-k-stub``, ``top-k-check`` and ``top-k-hints``.
"""

WRONG_ANSWERS = {
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
