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
