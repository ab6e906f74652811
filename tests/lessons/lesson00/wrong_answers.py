"""Plausible wrong answers to the exercises of lesson 00, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``top-k`` for ``top-k-stub``, ``top-k-check`` and ``top-k-hints``.
"""

WRONG_ANSWERS = {
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
            "You divide by the sum of everything",
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
            "The router's bet is left out",
        ),
        (
            "axis not kept",
            "def responsibilities(prob_TE, error_TE):\n"
            "    term_TE = prob_TE * (-error_TE / 2).exp()\n"
            "    return term_TE / term_TE.sum(-1)",
            "needs `keepdim=True`",
        ),
        (
            "summed over points",
            "def responsibilities(prob_TE, error_TE):\n"
            "    term_TE = prob_TE * (-error_TE / 2).exp()\n"
            "    return term_TE / term_TE.sum(0, keepdim=True)",
            "You divide by the sum over points",
        ),
        (
            "squared twice",
            "def responsibilities(prob_TE, error_TE):\n"
            "    term_TE = prob_TE * (-(error_TE**2) / 2).exp()\n"
            "    return term_TE / term_TE.sum(-1, keepdim=True)",
            "squared already",
        ),
        (
            "probability for its logarithm",
            "def responsibilities(prob_TE, error_TE):\n"
            "    return (prob_TE - error_TE / 2).softmax(-1)",
            "log(prob), not prob",
        ),
        (
            "bet after the division",
            "def responsibilities(prob_TE, error_TE):\n"
            "    return prob_TE * (-error_TE / 2).softmax(-1)",
            "Multiply by prob_TE before you divide",
        ),
        (
            "two experts only",
            "def responsibilities(prob_TE, error_TE):\n"
            "    first, second = (prob_TE * (-error_TE / 2).exp())[:, :2].T\n"
            "    return torch.stack([first, second], -1) / (first + second)[:, None]",
            "has shape (3, 2)",
        ),
        (
            "a list",
            "def responsibilities(prob_TE, error_TE):\n"
            "    return (prob_TE * (-error_TE / 2).exp()).tolist()",
            "it must be a tensor",
        ),
    ],
}
