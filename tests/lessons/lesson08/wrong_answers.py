"""Plausible wrong answers to the exercises of lesson 08, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``top-k`` for ``top-k-stub``, ``top-k-check`` and ``top-k-hints``.
"""

WRONG_ANSWERS = {
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
