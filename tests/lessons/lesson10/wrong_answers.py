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
        (
            "a share of the choice's entropy",
            """
def bits_told(count):
    share = count / count.sum()
    alone = share.sum(1, keepdims=True) * share.sum(0, keepdims=True)
    seen = share > 0
    bits = share[seen] * np.log2(share[seen] / alone[seen])
    load = share.sum(0)
    return bits.sum() / -(load * np.log2(load)).sum()
""",
            "I / H(E)",
        ),
        (
            "a share of the label's entropy",
            """
def bits_told(count):
    share = count / count.sum()
    alone = share.sum(1, keepdims=True) * share.sum(0, keepdims=True)
    seen = share > 0
    bits = share[seen] * np.log2(share[seen] / alone[seen])
    load = share.sum(1)
    return bits.sum() / -(load * np.log2(load)).sum()
""",
            "I / H(L)",
        ),
        (
            "an axis lost",
            """
def bits_told(count):
    share = count / count.sum()
    alone = share.sum(1) * share.sum(0) * np.ones_like(share)
    seen = share > 0
    return (share[seen] * np.log2(share[seen] / alone[seen])).sum()
""",
            "has lost its axis",
        ),
        (
            "mean of the cells",
            """
def bits_told(count):
    share = count / count.sum()
    alone = share.sum(1, keepdims=True) * share.sum(0, keepdims=True)
    seen = share > 0
    bits = share[seen] * np.log2(share[seen] / alone[seen])
    return bits.mean()
""",
            "mean of the cells",
        ),
        (
            "counts, not shares",
            """
def bits_told(count):
    alone = count.sum(1, keepdims=True) * count.sum(0, keepdims=True) / count.sum()
    seen = count > 0
    return (count[seen] * np.log2(count[seen] / alone[seen])).sum()
""",
            "Divide the counts",
        ),
        (
            "in place",
            """
def bits_told(count):
    share = count / count.sum()
    alone = share.sum(1, keepdims=True) * share.sum(0, keepdims=True)
    seen = share > 0
    count[:] = 0
    return (share[seen] * np.log2(share[seen] / alone[seen])).sum()
""",
            "you changed the counts",
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
        (
            "one label a document",
            """
def shuffle_labels(label_T, document_T, generator):
    first = np.unique(document_T, return_index=True)[1]
    return generator.permutation(label_T[first])
""",
            "give each its document's",
        ),
        (
            "names exchanged, not documents",
            """
def shuffle_labels(label_T, document_T, generator):
    names, code = np.unique(label_T, return_inverse=True)
    return generator.permutation(names)[code]
""",
            "exchange the labels",
        ),
        (
            "drawn with replacement",
            """
def shuffle_labels(label_T, document_T, generator):
    _, first, row = np.unique(document_T, return_index=True, return_inverse=True)
    return generator.choice(label_T[first], len(first))[row]
""",
            "do not draw them anew",
        ),
        (
            "the documents handed back too",
            """
def shuffle_labels(label_T, document_T, generator):
    _, first, row = np.unique(document_T, return_index=True, return_inverse=True)
    return generator.permutation(label_T[first])[row], row
""",
            "156 went out",
        ),
        (
            "moved along by a few tokens",
            """
def shuffle_labels(label_T, document_T, generator):
    return np.roll(label_T, generator.integers(1, len(label_T)))
""",
            "now has labels",
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
        (
            "both sides whole",
            """
def how_far(one, other):
    def bits(prob):
        seen = prob[prob > 0]
        return -(seen * np.log2(seen)).sum()
    return 2 * bits((one + other) / 2) - bits(one) - bits(other)
""",
            "take their mean",
        ),
        (
            "root",
            """
def how_far(one, other):
    def bits(prob):
        seen = prob[prob > 0]
        return -(seen * np.log2(seen)).sum()
    return np.sqrt(bits((one + other) / 2) - (bits(one) + bits(other)) / 2)
""",
            "That is its root",
        ),
        (
            "half the differences",
            """
def how_far(one, other):
    return np.abs(one - other).sum() / 2
""",
            "half the sum of differences",
        ),
        (
            "mean over experts",
            """
def how_far(one, other):
    def bits(prob):
        safe = np.where(prob > 0, prob, 1)
        return -(prob * np.log2(safe)).mean()
    return bits((one + other) / 2) - (bits(one) + bits(other)) / 2
""",
            "mean over experts",
        ),
        (
            "log of nothing",
            """
def how_far(one, other):
    def bits(prob):
        with np.errstate(all="ignore"):
            return -(prob * np.log2(prob)).sum()
    return bits((one + other) / 2) - (bits(one) + bits(other)) / 2
""",
            "0 log 0 is 0",
        ),
        (
            "the first two experts",
            """
def how_far(one, other):
    def bits(prob):
        seen = prob[:2][prob[:2] > 0]
        return -(seen * np.log2(seen)).sum()
    return bits((one + other) / 2) - (bits(one) + bits(other)) / 2
""",
            "0.180 bits",
        ),
    ],
    "without": [
        (
            "weight taken away, choice kept",
            "def without(logits_TE, experts, k):\n"
            "    best, expert_TK = logits_TE.topk(k)\n"
            "    return best.softmax(-1), expert_TK",
            "Expert 0 is still chosen",
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
        (
            "masked with 0",
            """
def without(logits_TE, experts, k):
    left_TE = logits_TE.clone()
    left_TE[:, experts] = 0
    best, expert_TK = left_TE.topk(k)
    return best.softmax(-1), expert_TK
""",
            "mask with -inf",
        ),
        (
            "numbers of those left",
            """
def without(logits_TE, experts, k):
    left = [e for e in range(logits_TE.shape[1]) if e not in experts]
    best, expert_TK = logits_TE[:, left].topk(k)
    return best.softmax(-1), expert_TK
""",
            "number the three that are left",
        ),
        (
            "always two",
            """
def without(logits_TE, experts, k):
    left_TE = logits_TE.clone()
    left_TE[:, experts] = float("-inf")
    best, expert_TK = left_TE.topk(2)
    return best.softmax(-1), expert_TK
""",
            "must be (2, 1)",
        ),
        (
            "worst first",
            """
def without(logits_TE, experts, k):
    left_TE = logits_TE.clone()
    left_TE[:, experts] = float("-inf")
    best, expert_TK = left_TE.topk(k)
    return best.flip(-1).softmax(-1), expert_TK.flip(-1)
""",
            "best first",
        ),
        (
            "choices before weights",
            """
def without(logits_TE, experts, k):
    left_TE = logits_TE.clone()
    left_TE[:, experts] = float("-inf")
    best, expert_TK = left_TE.topk(k)
    return expert_TK, best.softmax(-1)
""",
            "you choose",
        ),
        (
            "softmax over the tokens",
            """
def without(logits_TE, experts, k):
    left_TE = logits_TE.clone()
    left_TE[:, experts] = float("-inf")
    best, expert_TK = left_TE.topk(k)
    return best.softmax(0), expert_TK
""",
            "They must be 2/3 and 1/3",
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
        (
            "a dict",
            """
def own_claim():
    return {"claim": "layers know topics", "measured": 0.3, "controls": [0.1, 0.2] * 10}
""",
            "return claim, measured, controls",
        ),
        (
            "no words",
            """
def own_claim():
    return "topics", 0.3, [n / 100 for n in range(20)]
""",
            "say in words",
        ),
        (
            "a number a layer",
            """
def own_claim():
    return "layers know topics", np.array([0.1, 0.3]), [n / 100 for n in range(20)]
""",
            "it must be a number",
        ),
        (
            "nothing measured in a shuffle",
            """
def own_claim():
    return "layers know topics", 0.3, [n / 100 for n in range(20)] + [float("nan")]
""",
            "leave it out",
        ),
        (
            "the mean of the controls",
            """
def own_claim():
    return "layers know topics", 0.3, np.mean([n / 100 for n in range(20)])
""",
            "list them",
        ),
    ],
}
