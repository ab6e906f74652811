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
        (
            "no head axis",
            """
def rotate(x_BHSA, cos_BSA, sin_BSA):
    first, second = x_BHSA.chunk(2, -1)
    turned_BHSA = torch.cat([-second, first], -1)
    return x_BHSA * cos_BSA + turned_BHSA * sin_BSA
""",
            "lacks its head axis",
        ),
        (
            "the first sequence's angles for all",
            """
def rotate(x_BHSA, cos_BSA, sin_BSA):
    first, second = x_BHSA.chunk(2, -1)
    turned_BHSA = torch.cat([-second, first], -1)
    return x_BHSA * cos_BSA[0] + turned_BHSA * sin_BSA[0]
""",
            "angles of its own",
        ),
        (
            "sine and cosine exchanged",
            """
def rotate(x_BHSA, cos_BSA, sin_BSA):
    first, second = x_BHSA.chunk(2, -1)
    turned_BHSA = torch.cat([-second, first], -1)
    return x_BHSA * sin_BSA[:, None] + turned_BHSA * cos_BSA[:, None]
""",
            "must stay",
        ),
        (
            "a head of four",
            """
def rotate(x_BHSA, cos_BSA, sin_BSA):
    turned_BHSA = torch.cat([-x_BHSA[..., 2:4], x_BHSA[..., :2], x_BHSA[..., 4:]], -1)
    return x_BHSA * cos_BSA[:, None] + turned_BHSA * sin_BSA[:, None]
""",
            "have lengths",
        ),
        (
            "in place",
            """
def rotate(x_BHSA, cos_BSA, sin_BSA):
    first, second = x_BHSA.chunk(2, -1)
    turned_BHSA = torch.cat([-second, first], -1)
    x_BHSA *= cos_BSA[:, None]
    return x_BHSA.add_(turned_BHSA * sin_BSA[:, None])
""",
            "you changed the heads",
        ),
        (
            "one half of the head",
            """
def rotate(x_BHSA, cos_BSA, sin_BSA):
    first, second = x_BHSA.chunk(2, -1)
    cos, sin = (wave[:, None, :, : first.shape[-1]] for wave in (cos_BSA, sin_BSA))
    return first * cos - second * sin
""",
            "must be (2, 2, 3, 4)",
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
        (
            "keys in rows",
            """
from moe_lesson.models.attention import rotate

def scores(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    query_BHSA, key_BHSA = (rotate(x, cos_BSA, sin_BSA) for x in (query_BHSA, key_BHSA))
    return key_BHSA @ query_BHSA.transpose(2, 3) * query_BHSA.shape[-1] ** -0.5
""",
            "rows are queries",
        ),
        (
            "divided by A",
            """
from moe_lesson.models.attention import rotate

def scores(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    query_BHSA, key_BHSA = (rotate(x, cos_BSA, sin_BSA) for x in (query_BHSA, key_BHSA))
    return query_BHSA @ key_BHSA.transpose(2, 3) / query_BHSA.shape[-1]
""",
            "you divide by A",
        ),
        (
            "a root that fits one width",
            """
from moe_lesson.models.attention import rotate

def scores(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    query_BHSA, key_BHSA = (rotate(x, cos_BSA, sin_BSA) for x in (query_BHSA, key_BHSA))
    return query_BHSA @ key_BHSA.transpose(2, 3) / 2
""",
            "twice too large",
        ),
        (
            "keys turned backwards",
            """
from moe_lesson.models.attention import rotate

def scores(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    query_BHSA = rotate(query_BHSA, cos_BSA, sin_BSA) * query_BHSA.shape[-1] ** -0.5
    return query_BHSA @ rotate(key_BHSA, cos_BSA, -sin_BSA).transpose(2, 3)
""",
            "this must be one number",
        ),
        (
            "heads added up",
            """
from moe_lesson.models.attention import rotate

def scores(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    turned = [rotate(x, cos_BSA, sin_BSA) for x in (query_BHSA, key_BHSA)]
    found = turned[0] @ turned[1].transpose(2, 3) * query_BHSA.shape[-1] ** -0.5
    return found.mean(1, keepdim=True).expand_as(found)
""",
            "keep H apart",
        ),
        (
            "a softmax too many",
            """
from moe_lesson.models.attention import rotate

def scores(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    turned = [rotate(x, cos_BSA, sin_BSA) for x in (query_BHSA, key_BHSA)]
    found = turned[0] @ turned[1].transpose(2, 3) * query_BHSA.shape[-1] ** -0.5
    return found.softmax(-1)
""",
            "wanted",
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
        (
            "no refusal",
            """
from moe_lesson.moe.routing import Routing, at_least_float32, check_k

def top_k(logits_TE, k):
    logits_TE = at_least_float32(logits_TE)
    score_TK, expert_TK = logits_TE.topk(k)
    return Routing(logits_TE, score_TK.softmax(-1), expert_TK)
""",
            "Call check_k first",
        ),
        (
            "no more than there are",
            """
from moe_lesson.moe.routing import Routing, at_least_float32, check_k

def top_k(logits_TE, k):
    logits_TE = at_least_float32(logits_TE)
    score_TK, expert_TK = logits_TE.topk(min(k, logits_TE.shape[-1]))
    return Routing(logits_TE, score_TK.softmax(-1), expert_TK)
""",
            "passes, with choices",
        ),
        (
            "narrow scores",
            """
from moe_lesson.moe.routing import Routing, at_least_float32, check_k

def top_k(logits_TE, k):
    check_k(k, logits_TE.shape[-1])
    score_TK, expert_TK = logits_TE.topk(k)
    return Routing(logits_TE, score_TK.softmax(-1), expert_TK)
""",
            "at_least_float32 widens them",
        ),
        (
            "softmax over the tokens",
            """
from moe_lesson.moe.routing import Routing, at_least_float32, check_k

def top_k(logits_TE, k):
    check_k(k, logits_TE.shape[-1])
    logits_TE = at_least_float32(logits_TE)
    score_TK, expert_TK = logits_TE.topk(k)
    return Routing(logits_TE, score_TK.softmax(0), expert_TK)
""",
            "softmax along the last axis",
        ),
        (
            "two for every k",
            """
from moe_lesson.moe.routing import Routing, at_least_float32, check_k

def top_k(logits_TE, k):
    check_k(k, logits_TE.shape[-1])
    logits_TE = at_least_float32(logits_TE)
    score_TK, expert_TK = logits_TE.topk(2)
    return Routing(logits_TE, score_TK.softmax(-1), expert_TK)
""",
            "must be (3, 3)",
        ),
        (
            "cut from the graph",
            """
from moe_lesson.moe.routing import Routing, at_least_float32, check_k

def top_k(logits_TE, k):
    check_k(k, logits_TE.shape[-1])
    logits_TE = at_least_float32(logits_TE)
    score_TK, expert_TK = logits_TE.detach().topk(k)
    return Routing(logits_TE, score_TK.softmax(-1), expert_TK)
""",
            "never learns",
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
        (
            "no case without a window",
            """
def slot_positions(seen, window, device=None):
    slot = torch.arange(min(seen, window), device=device)
    return seen - 1 - (seen - 1 - slot) % window if seen > window else slot
""",
            "no window at all",
        ),
        (
            "full one too late",
            """
def slot_positions(seen, window, device=None):
    if window is None or seen <= window + 1:
        return torch.arange(seen, device=device)
    slot = torch.arange(window, device=device)
    return seen - 1 - (seen - 1 - slot) % window
""",
            "4 positions seen, window 3: you say [0, 1, 2, 3]",
        ),
        (
            "seen for the last position",
            """
def slot_positions(seen, window, device=None):
    if window is None or seen <= window:
        return torch.arange(seen, device=device)
    slot = torch.arange(window, device=device)
    return seen - (seen - 1 - slot) % window
""",
            "has not been seen yet",
        ),
        (
            "no case with room left",
            """
def slot_positions(seen, window, device=None):
    if window is None:
        return torch.arange(seen, device=device)
    slot = torch.arange(window, device=device)
    return seen - 1 - (seen - 1 - slot) % window
""",
            "slot p holds position p",
        ),
        (
            "no device",
            """
def slot_positions(seen, window):
    if window is None or seen <= window:
        return torch.arange(seen)
    return seen - 1 - (seen - 1 - torch.arange(window)) % window
""",
            "the third argument is device",
        ),
        (
            "device not used",
            """
def slot_positions(seen, window, device=None):
    if window is None or seen <= window:
        return torch.arange(seen, device=device)
    return seen - 1 - (seen - 1 - torch.arange(window)) % window
""",
            "yours is on 'cpu'",
        ),
        (
            "a list",
            """
def slot_positions(seen, window, device=None):
    return list(range(seen))
""",
            "not a tensor",
        ),
        (
            "a division",
            """
def slot_positions(seen, window, device=None):
    slot = torch.arange(min(seen, window or seen), device=device)
    return slot + (seen - 1 - slot) / len(slot) // 1 * len(slot)
""",
            "one row of whole numbers",
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
        (
            "no router",
            """
def total_parameters(config):
    return config.total_parameters - config.n_layers * config.num_experts * config.dim
""",
            "that is the router",
        ),
        (
            "a head is dim / n_heads wide",
            """
def total_parameters(config):
    attention = 2 * config.dim**2 + 2 * config.dim**2 * config.n_kv_heads // config.n_heads
    gap = config.attention_parameters - attention
    return config.total_parameters - config.n_layers * gap
""",
            "n_heads * head_dim need not be dim",
        ),
        (
            "one table",
            """
def total_parameters(config):
    return config.total_parameters - config.vocab_size * config.dim
""",
            "are two",
        ),
        (
            "as many keys as queries",
            """
def total_parameters(config):
    extra = 2 * config.dim * config.head_dim * (config.n_heads - config.n_kv_heads)
    return config.total_parameters + config.n_layers * extra
""",
            "not n_heads",
        ),
        (
            "no value matrix",
            """
def total_parameters(config):
    one = config.dim * config.head_dim * config.n_kv_heads
    return config.total_parameters - config.n_layers * one
""",
            "a key and a value matrix",
        ),
        (
            "said, not counted",
            """
def total_parameters(config):
    return f"{config.total_parameters:,}"
""",
            "must be a number",
        ),
        (
            "Mixtral's layers for all",
            """
def total_parameters(config):
    layer = (config.total_parameters - config.embedding_parameters) / config.n_layers
    return 32 * layer + config.embedding_parameters
""",
            "around = 182",
        ),
    ],
}
