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
        (
            "branches before groups",
            "def group_shares(share_TE, groups):\n"
            "    nested = share_TE.reshape(len(share_TE), -1, groups)\n"
            "    group = nested.sum(2)\n"
            "    return group, nested / group[:, :, None]",
            "groups come before branches",
        ),
        (
            "two times two",
            "def group_shares(share_TE, groups):\n"
            "    nested = share_TE.reshape(len(share_TE), 2, 2)\n"
            "    group = nested.sum(2)\n"
            "    return group, nested / group[:, :, None]",
            "4 points, 6 experts in 3 groups: your function stops",
        ),
        (
            "over points",
            "def group_shares(share_TE, groups):\n"
            "    nested = share_TE.reshape(len(share_TE), groups, -1)\n"
            "    group = nested.sum(2)\n"
            "    return group, nested / nested.sum(0)",
            "sums over points",
        ),
        (
            "groups mixed",
            "def group_shares(share_TE, groups):\n"
            "    nested = share_TE.reshape(len(share_TE), groups, -1)\n"
            "    group = nested.sum(2)\n"
            "    return group, nested / group[:, None]",
            "the groups got mixed",
        ),
        (
            "a row per point",
            "def group_shares(share_TE, groups):\n"
            "    nested = share_TE.reshape(len(share_TE), groups, -1)\n"
            "    group = nested.sum(2)\n"
            "    return group, (nested / group[:, :, None]).reshape(share_TE.shape)",
            "the shares within groups has shape (3, 4)",
        ),
        (
            "in the other order",
            "def group_shares(share_TE, groups):\n"
            "    nested = share_TE.reshape(len(share_TE), groups, -1)\n"
            "    group = nested.sum(2)\n"
            "    return nested / group[:, :, None], group",
            "groups' shares come first",
        ),
        (
            "the largest",
            "def group_shares(share_TE, groups):\n"
            "    nested = share_TE.reshape(len(share_TE), groups, -1)\n"
            "    group = nested.sum(2)\n"
            "    group = nested.max(2)\n"
            "    return group, nested / group[:, :, None]",
            "These are the largest",
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
            "only the inputs are",
        ),
        (
            "inputs not weighted",
            "def weighted_line(x_TD, y_T, share_T):\n"
            "    return np.linalg.lstsq(x_TD, y_T * share_T**0.5, rcond=None)[0]",
            "The inputs are not weighted",
        ),
        (
            "root of the root",
            "def weighted_line(x_TD, y_T, share_T):\n"
            "    root_T = share_T**0.25\n"
            "    return np.linalg.lstsq(x_TD * root_T[:, None], y_T * root_T, rcond=None)[0]",
            "take one root",
        ),
        (
            "owners alone",
            "def weighted_line(x_TD, y_T, share_T):\n"
            "    mine = share_T > share_T.mean()\n"
            "    return np.linalg.lstsq(x_TD[mine], y_T[mine], rcond=None)[0]",
            "the heavier point alone",
        ),
        (
            "the variance too",
            "def weighted_line(x_TD, y_T, share_T):\n"
            "    return hierarchy.fit_expert(x_TD, y_T, share_T)",
            "is a tuple, not a NumPy array",
        ),
        (
            "one column",
            "def weighted_line(x_TD, y_T, share_T):\n"
            "    line_D = np.zeros(x_TD.shape[1])\n"
            "    line_D[0] = (share_T * x_TD[:, 0]) @ y_T / ((share_T * x_TD[:, 0]) @ x_TD[:, 0])\n"
            "    return line_D",
            "the second column",
        ),
        (
            "weights inverted",
            "def weighted_line(x_TD, y_T, share_T):\n"
            "    root_T = 1 / np.sqrt(share_T)\n"
            "    return np.linalg.lstsq(x_TD * root_T[:, None], y_T * root_T, rcond=None)[0]",
            "the wrong way round",
        ),
        (
            "no axis for the inputs",
            "def weighted_line(x_TD, y_T, share_T):\n"
            "    root_T = np.sqrt(share_T)\n"
            "    return np.linalg.lstsq(x_TD * root_T, y_T * root_T, rcond=None)[0]",
            "a share for each row",
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
        (
            "computed first",
            "def price(how, experts, expert, router):\n"
            "    router = 0 if how == 'average' else router\n"
            "    work = (1 if how == 'hard' else experts) * expert + router\n"
            "    return work, experts * expert + router",
            "Stored first",
        ),
        (
            "four experts",
            "def price(how, experts, expert, router):\n"
            "    router = 0 if how == 'average' else router\n"
            "    work = (1 if how == 'hard' else 4) * expert + router\n"
            "    return 4 * expert + router, work",
            "8 experts, not 4",
        ),
        (
            "a router per expert",
            "def price(how, experts, expert, router):\n"
            "    router = 0 if how == 'average' else router\n"
            "    work = (1 if how == 'hard' else experts) * expert + experts * router\n"
            "    return experts * (expert + router), work",
            "not once per expert",
        ),
        (
            "two are asked",
            "def price(how, experts, expert, router):\n"
            "    router = 0 if how == 'average' else router\n"
            "    work = (2 if how == 'hard' else experts) * expert + router\n"
            "    return experts * expert + router, work",
            "the first choice alone",
        ),
        (
            "a choice for nothing",
            "def price(how, experts, expert, router):\n"
            "    router = 0 if how == 'average' else router\n"
            "    work = expert if how == 'hard' else experts * expert + router\n"
            "    return experts * expert + router, work",
            "before anyone is chosen",
        ),
        (
            "an average of one",
            "def price(how, experts, expert, router):\n"
            "    router = 0 if how == 'average' else router\n"
            "    work = (experts if how == 'soft' else 1) * expert + router\n"
            "    return experts * expert + router, work",
            "asks all of its experts",
        ),
        (
            "one number",
            "def price(how, experts, expert, router):\n"
            "    router = 0 if how == 'average' else router\n"
            "    return (1 if how == 'hard' else experts) * expert + router",
            "return two numbers",
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
            "    baseline_T = np.zeros(T) if baseline_T is None else baseline_T\n"
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
            "the baseline is ignored",
        ),
        (
            "a row for a column",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    baseline_T = np.zeros(T) if baseline_T is None else baseline_T\n"
            "    paid_T = loss_TE[np.arange(T), expert_T] - baseline_T\n"
            "    apart_TE = np.eye(E)[expert_T] - softmax(logits_TE)\n"
            "    return paid_T * apart_TE",
            "needs [:, None]",
        ),
        (
            "the first token's losses",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    baseline_T = np.zeros(T) if baseline_T is None else baseline_T\n"
            "    paid_T = loss_TE[np.arange(T), expert_T] - baseline_T\n"
            "    apart_TE = np.eye(E)[expert_T] - softmax(logits_TE)\n"
            "    return (loss_TE[0, expert_T] - baseline_T)[:, None] * apart_TE",
            "its own row of loss",
        ),
        (
            "divided by T",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    baseline_T = np.zeros(T) if baseline_T is None else baseline_T\n"
            "    paid_T = loss_TE[np.arange(T), expert_T] - baseline_T\n"
            "    apart_TE = np.eye(E)[expert_T] - softmax(logits_TE)\n"
            "    return paid_T[:, None] * apart_TE / T",
            "you divide by T",
        ),
        (
            "no default",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    paid_T = loss_TE[np.arange(T), expert_T] - baseline_T\n"
            "    apart_TE = np.eye(E)[expert_T] - softmax(logits_TE)\n"
            "    return paid_T[:, None] * apart_TE",
            "the default None is 0: your function stops",
        ),
        (
            "baseline added",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    baseline_T = np.zeros(T) if baseline_T is None else baseline_T\n"
            "    paid_T = loss_TE[np.arange(T), expert_T] - baseline_T\n"
            "    apart_TE = np.eye(E)[expert_T] - softmax(logits_TE)\n"
            "    return (paid_T + 2 * baseline_T)[:, None] * apart_TE",
            "not added",
        ),
        (
            "every loss read",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    baseline_T = np.zeros(T) if baseline_T is None else baseline_T\n"
            "    paid_T = loss_TE[np.arange(T), expert_T] - baseline_T\n"
            "    apart_TE = np.eye(E)[expert_T] - softmax(logits_TE)\n"
            "    return (loss_TE - baseline_T[:, None]) * apart_TE",
            "It must be 3",
        ),
        (
            "mean loss",
            "def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):\n"
            "    T, E = logits_TE.shape\n"
            "    baseline_T = np.zeros(T) if baseline_T is None else baseline_T\n"
            "    paid_T = loss_TE[np.arange(T), expert_T] - baseline_T\n"
            "    apart_TE = np.eye(E)[expert_T] - softmax(logits_TE)\n"
            "    return paid_T.mean() * apart_TE",
            "each pays its own",
        ),
    ],
    "tree-experiment": [
        (
            "one start",
            "def experiment():\n    return {'1 x 1': [-1.33], 'flat': [0.7], 'tree': [0.8]}",
            "one cannot show its own spread",
        ),
        (
            "one design",
            "def experiment():\n    return {'1 x 1': [-1.33], 'flat': [0.7, 0.8]}",
            "needs two",
        ),
        (
            "summed over points",
            "def experiment():\n"
            "    return {'1 x 1': [-266.0], 'flat': [140.0, 160.0], 'tree': [150.0, 160.0]}",
            "take the mean of points",
        ),
        (
            "negated",
            "def experiment():\n"
            "    return {'1 x 1': [1.33], 'flat': [-0.7, -0.8], 'tree': [-0.6, -0.7]}",
            "is the sign turned",
        ),
        (
            "one start twice",
            "def experiment():\n"
            "    return {'1 x 1': [-1.33], 'flat': [0.7, 0.7], 'tree': [0.8, 0.81]}",
            "flat: all runs give [0.7, 0.7]",
        ),
        (
            "a number each",
            "def experiment():\n    return {'1 x 1': -1.33, 'flat': 0.7, 'tree': 0.8}",
            "give a list of runs, not 0.7",
        ),
        (
            "nothing known beside",
            "def experiment():\n    return {'flat': [0.7, 0.72], 'tree': [0.8, 0.81]}",
            "a single line",
        ),
        (
            "above the noise",
            "def experiment():\n"
            "    return {'1 x 1': [-1.33], 'flat': [0.7, 1.2], 'tree': [0.8, 0.81]}",
            "lie below 0.984",
        ),
        (
            "other points",
            "def experiment():\n"
            "    return {'1 x 1': [-0.4], 'flat': [0.7, 0.8], 'tree': [0.8, 0.81]}",
            "Are these `four_pieces`",
        ),
    ],
}
