"""Plausible wrong answers to the exercises of lesson 10, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``top-k`` for ``top-k-stub``, ``top-k-check`` and ``top-k-hints``.
"""

WRONG_ANSWERS = {
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
