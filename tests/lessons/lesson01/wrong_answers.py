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
            "scores are left out",
        ),
        (
            "over tokens",
            "def posterior(logits_BTE, error_BTE):\n"
            "    term = np.exp(logits_BTE - error_BTE / 2)\n"
            "    return term / term.sum(1, keepdims=True)",
            "not over experts",
        ),
        (
            "over everything",
            "def posterior(logits_BTE, error_BTE):\n"
            "    term = np.exp(logits_BTE - error_BTE / 2)\n"
            "    return term / term.sum()",
            "You divide by the sum of everything",
        ),
        (
            "axis not kept",
            "def posterior(logits_BTE, error_BTE):\n"
            "    term = np.exp(logits_BTE - error_BTE / 2)\n"
            "    return term / term.sum(-1)[:, None]",
            "needs keepdims=True",
        ),
        (
            "squared again",
            "def posterior(logits_BTE, error_BTE):\n"
            "    return softmax(logits_BTE - error_BTE**2 / 2)",
            "do not square again",
        ),
        (
            "probabilities in the exponent",
            "def posterior(logits_BTE, error_BTE):\n"
            "    return softmax(softmax(logits_BTE) - error_BTE / 2)",
            "not probabilities",
        ),
        (
            "one largest for all tokens",
            "def posterior(logits_BTE, error_BTE):\n"
            "    score = logits_BTE - error_BTE / 2\n"
            "    term = np.exp(score - score.max())\n"
            "    with np.errstate(invalid='ignore'):\n"
            "        return term / term.sum(-1, keepdims=True)",
            "not the largest of all",
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
        (
            "the loss alone",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    return loss_BT",
            "you return one ndarray",
        ),
        (
            "two parts",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    return loss_BT, -share_BTE[..., None] * miss",
            "three parts: you return 2",
        ),
        (
            "summed over tokens",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    loss_B, score_BTE = loss_BT.sum(1), outputs.prob_BTE - share_BTE\n"
            "    return Pull(loss_B, -share_BTE[..., None] * miss, score_BTE)",
            "the loss, one per token, has shape (2,)",
        ),
        (
            "slopes in the other order",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    return Pull(loss_BT, outputs.prob_BTE - share_BTE, -share_BTE[..., None] * miss)",
            "the slope at the guesses has shape",
        ),
        (
            "averaged over tokens",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    slope = -share_BTE[..., None] * miss / len(target_TV)\n"
            "    return Pull(loss_BT, slope, outputs.prob_BTE - share_BTE)",
            "divided by T",
        ),
        (
            "no axis for the outputs",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    return Pull(loss_BT, -share_BTE * miss, outputs.prob_BTE - share_BTE)",
            "your function stops with ValueError",
        ),
        (
            "responsibilities for the router",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    return Pull(loss_BT, -share_BTE[..., None] * miss, share_BTE)",
            "is h alone",
        ),
        (
            "the loss of 1.2",
            "def likelihood(target_TV, outputs):\n"
            "    error_BTE = squared_error(target_TV, outputs.guess_BTEV)\n"
            "    share_BTE = posterior(outputs.logits_BTE, error_BTE)\n"
            "    miss = target_TV[:, None] - outputs.guess_BTEV\n"
            "    loss_BT = -log_likelihood(outputs.logits_BTE, error_BTE)\n"
            "    loss_BT = (outputs.prob_BTE * error_BTE).sum(-1)\n"
            "    return Pull(loss_BT, -share_BTE[..., None] * miss, outputs.prob_BTE - share_BTE)",
            "that of 1.2",
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
        (
            "the 2 lost",
            "def cooperative(target_TV, outputs):\n"
            "    prob_BTE, blend_BTV = outputs.prob_BTE, blend(outputs)\n"
            "    miss = target_TV - blend_BTV\n"
            "    slope = -2 * prob_BTE[..., None] * miss[:, :, None]\n"
            "    apart = outputs.guess_BTEV - blend_BTV[:, :, None]\n"
            "    loss_BT = (miss**2).sum(-1)\n"
            "    return Pull(loss_BT, slope / 2, (slope * apart).sum(-1))",
            "The 2 is lost",
        ),
        (
            "blend less expert",
            "def cooperative(target_TV, outputs):\n"
            "    prob_BTE, blend_BTV = outputs.prob_BTE, blend(outputs)\n"
            "    miss = target_TV - blend_BTV\n"
            "    slope = -2 * prob_BTE[..., None] * miss[:, :, None]\n"
            "    apart = outputs.guess_BTEV - blend_BTV[:, :, None]\n"
            "    loss_BT = (miss**2).sum(-1)\n"
            "    return Pull(loss_BT, slope, -(slope * apart).sum(-1))",
            "sign turned: expert less blend",
        ),
        (
            "target subtracted",
            "def cooperative(target_TV, outputs):\n"
            "    prob_BTE, blend_BTV = outputs.prob_BTE, blend(outputs)\n"
            "    miss = target_TV - blend_BTV\n"
            "    slope = -2 * prob_BTE[..., None] * miss[:, :, None]\n"
            "    apart = outputs.guess_BTEV - blend_BTV[:, :, None]\n"
            "    loss_BT = (miss**2).sum(-1)\n"
            "    apart = outputs.guess_BTEV - target_TV[:, None]\n"
            "    return Pull(loss_BT, slope, (slope * apart).sum(-1))",
            "they must sum to 0",
        ),
        (
            "p twice",
            "def cooperative(target_TV, outputs):\n"
            "    prob_BTE, blend_BTV = outputs.prob_BTE, blend(outputs)\n"
            "    miss = target_TV - blend_BTV\n"
            "    slope = -2 * prob_BTE[..., None] * miss[:, :, None]\n"
            "    apart = outputs.guess_BTEV - blend_BTV[:, :, None]\n"
            "    loss_BT = (miss**2).sum(-1)\n"
            "    return Pull(loss_BT, slope, prob_BTE * (slope * apart).sum(-1))",
            "hold p twice",
        ),
        (
            "outputs not added",
            "def cooperative(target_TV, outputs):\n"
            "    prob_BTE, blend_BTV = outputs.prob_BTE, blend(outputs)\n"
            "    miss = target_TV - blend_BTV\n"
            "    slope = -2 * prob_BTE[..., None] * miss[:, :, None]\n"
            "    apart = outputs.guess_BTEV - blend_BTV[:, :, None]\n"
            "    loss_BT = (miss**2).sum(-1)\n"
            "    return Pull(loss_BT, slope, slope * apart)",
            "the slope at the scores has shape",
        ),
        (
            "mean over outputs",
            "def cooperative(target_TV, outputs):\n"
            "    prob_BTE, blend_BTV = outputs.prob_BTE, blend(outputs)\n"
            "    miss = target_TV - blend_BTV\n"
            "    slope = -2 * prob_BTE[..., None] * miss[:, :, None]\n"
            "    apart = outputs.guess_BTEV - blend_BTV[:, :, None]\n"
            "    loss_BT = (miss**2).sum(-1)\n"
            "    return Pull((miss**2).mean(-1), slope, (slope * apart).sum(-1))",
            "the loss was right",
        ),
        (
            "blend without its axis",
            "def cooperative(target_TV, outputs):\n"
            "    prob_BTE, blend_BTV = outputs.prob_BTE, blend(outputs)\n"
            "    miss = target_TV - blend_BTV\n"
            "    slope = -2 * prob_BTE[..., None] * miss[:, :, None]\n"
            "    apart = outputs.guess_BTEV - blend_BTV[:, :, None]\n"
            "    loss_BT = (miss**2).sum(-1)\n"
            "    apart = outputs.guess_BTEV - blend_BTV\n"
            "    return Pull(loss_BT, slope, (slope * apart).sum(-1))",
            "your function stops with ValueError",
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
            "with any token, not with all",
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
        (
            "axes swapped",
            "def active_experts(prob_BTE, floor=0.1):\n"
            "    return (prob_BTE.max(2) > floor).sum(-1)",
            "you count tokens",
        ),
        (
            "who is first",
            "def active_experts(prob_BTE, floor=0.1):\n"
            "    return np.array([len(set(run.argmax(-1))) for run in prob_BTE])",
            "a runner-up",
        ),
        (
            "summed over tokens",
            "def active_experts(prob_BTE, floor=0.1):\n"
            "    return (prob_BTE.sum(1) > floor).sum(-1)",
            "is no trust",
        ),
        (
            "all runs together",
            "def active_experts(prob_BTE, floor=0.1):\n    return (prob_BTE.max(1) > floor).sum()",
            "two runs need two counts",
        ),
        (
            "a share",
            "def active_experts(prob_BTE, floor=0.1):\n"
            "    return (prob_BTE.max(1) > floor).mean(-1)",
            "you return shares",
        ),
        (
            "no default",
            "def active_experts(prob_BTE, floor):\n    return (prob_BTE.max(1) > floor).sum(-1)",
            "missing 1 required positional argument",
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
        (
            "one start five times",
            "def your_question():\n    return {'4': [495.0] * 5, '8': [372, 380, 391, 366, 350]}",
            "Are their starts different",
        ),
        (
            "infinite",
            "def your_question():\n    return {'4': [1, 2, 3, 4, np.inf], '8': [1, 2, 3, 4, 5]}",
            "a run of 4 is inf",
        ),
        (
            "a number each",
            "def your_question():\n    return {'4': 495.0, '8': 372.0}",
            "give a list of runs, not 495.0",
        ),
        (
            "negated",
            "def your_question():\n"
            "    return {'4': [-1, -2, -3, -4, -5.0], '8': [-2, -3, -4, -5, -7.0]}",
            "Is a sign turned",
        ),
        (
            "a list",
            "def your_question():\n    return [[1, 2, 3, 4, 5], [2, 3, 4, 5, 6]]",
            "return a dict",
        ),
        (
            "words",
            "def your_question():\n    return {'4': ['495'] * 5, '8': ['372'] * 5}",
            "must be a number",
        ),
    ],
}
