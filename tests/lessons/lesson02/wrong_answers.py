"""Plausible wrong answers to the exercises of lesson 02, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``top-k`` for ``top-k-stub``, ``top-k-check`` and ``top-k-hints``.
"""

WRONG_ANSWERS = {
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
