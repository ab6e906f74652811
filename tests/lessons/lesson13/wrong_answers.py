"""Plausible wrong answers to the exercises of lesson 13, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``go-on`` for ``go-on-stub``, ``go-on-check`` and ``go-on-hints``.
"""

SIZES = "2 * config.n_layers * config.n_kv_heads * config.head_dim"

LRU = (
    "def lru_hits(expert_TK, slots):\n"
    "    kept, hits = [], 0\n"
    "    for asked in expert_TK.tolist():\n"
    "        hits += sum(one in kept for one in asked)\n"
)
LRU_END = "    return hits / expert_TK.size\n"

WRONG_ANSWERS = {
    "cache-bytes": [
        (
            "numbers",
            f"def cache_bytes(config, batch, context):\n    return {SIZES} * batch * context",
            "each has 2 bytes",
        ),
        (
            "query heads",
            """
def cache_bytes(config, batch, context):
    return 4 * config.n_layers * config.n_heads * config.head_dim * batch * context
""",
            "n_heads counts queries",
        ),
        (
            "the model's width",
            """
def cache_bytes(config, batch, context):
    return 4 * config.n_layers * config.dim * batch * context
""",
            "dim is as wide as the model",
        ),
        (
            "one layer",
            """
def cache_bytes(config, batch, context):
    return 4 * config.n_kv_heads * config.head_dim * batch * context
""",
            "each layer has a cache",
        ),
        (
            "one sequence",
            f"def cache_bytes(config, batch, context):\n    return 2 * {SIZES} * context",
            "each sequence has a cache",
        ),
        (
            "one position",
            f"def cache_bytes(config, batch, context):\n    return 2 * {SIZES} * batch",
            "that is one position",
        ),
        (
            "bits",
            f"def cache_bytes(config, batch, context):\n    return 16 * {SIZES} * batch * context",
            "these are bits",
        ),
        (
            "four bytes a number",
            f"def cache_bytes(config, batch, context):\n    return 4 * {SIZES} * batch * context",
            "16 bits are 2 bytes",
        ),
        (
            "something else",
            f"def cache_bytes(config, batch, context):\n    return 3 * {SIZES} * batch * context",
            "they must be",
        ),
        (
            "hard-coded",
            "def cache_bytes(config, batch, context):\n    return 2 * 2 * 3 * 4 * 5 * 7 * 11",
            "must be 240 bytes",
        ),
        (
            "a list",
            "def cache_bytes(config, batch, context):\n    return [1, 2]",
            "it must be a number",
        ),
        (
            "240, hard-coded",
            """
def cache_bytes(config, batch, context):
    return 240 * batch * context
""",
            "sizes come from config",
        ),
        (
            "three layers, hard-coded",
            """
def cache_bytes(config, batch, context):
    return 4 * 3 * config.n_kv_heads * config.head_dim * batch * context
""",
            "yours are 3888 bytes; they must be 6480: sizes come from config",
        ),
        (
            "dim over heads",
            """
def cache_bytes(config, batch, context):
    return (
        4 * config.n_layers * config.n_kv_heads * (config.dim // config.n_heads) * batch * context
    )
""",
            "dim over n_heads need not be that",
        ),
        (
            "a name that config lacks",
            """
def cache_bytes(config, batch, context):
    return 4 * config.num_layers * config.n_kv_heads * config.head_dim * batch * context
""",
            "Perhaps: config has n_layers, n_kv_heads and head_dim",
        ),
        (
            "added",
            """
def cache_bytes(config, batch, context):
    return 4 * config.n_layers * config.n_kv_heads * config.head_dim * (batch + context)
""",
            "yours are 4320 bytes; they must be 18480",
        ),
        (
            "keys alone, in bytes",
            """
def cache_bytes(config, batch, context):
    return 2 * config.n_layers * (config.n_kv_heads + config.head_dim) * batch * context
""",
            "yours are 4158 bytes; they must be 18480",
        ),
        (
            "kibibytes",
            """
def cache_bytes(config, batch, context):
    return 4 * config.n_layers * config.n_kv_heads * config.head_dim * batch * context / 1024
""",
            "yours are 18.0469 bytes; they must be 18480",
        ),
        (
            "not this one",
            """
def cache_bytes(config, batch, context):
    return 4 * config.n_layers * config.n_kv_heads * config.head_dim * batch * (context - 1)
""",
            "yours are 16800 bytes; they must be 18480",
        ),
        (
            "one head",
            """
def cache_bytes(config, batch, context):
    return 4 * config.n_layers * config.head_dim * batch * context
""",
            "each key-value head has keys and values of its own",
        ),
    ],
    "go-on": [
        (
            "as it was",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    place = len(keys)
    keys = (keys + [rotate(key, place)])[-most:]
    scores = [rotate(query, place) @ old for old in keys]
    return scores, (keys, seen + 1)
""",
            "positions began again",
        ),
        (
            "seen stands still",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [rotate(key, seen)])[-most:]
    scores = [rotate(query, seen) @ old for old in keys]
    return scores, (keys, seen)
""",
            "0 seen after it: it must be 1",
        ),
        (
            "seen cut, too",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [rotate(key, seen)])[-most:]
    scores = [rotate(query, seen) @ old for old in keys]
    return scores, (keys, min(seen + 1, most))
""",
            "3 seen after it: it must be 4",
        ),
        (
            "the oldest kept",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [rotate(key, seen)])[:most]
    scores = [rotate(query, seen) @ old for old in keys]
    return scores, (keys, seen + 1)
""",
            "you keep the oldest keys",
        ),
        (
            "never cut",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = keys + [rotate(key, seen)]
    scores = [rotate(query, seen) @ old for old in keys]
    return scores, (keys, seen + 1)
""",
            "4 scores, and 3 keys",
        ),
        (
            "the query unturned",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [rotate(key, seen)])[-most:]
    return [query @ old for old in keys], (keys, seen + 1)
""",
            "the query must be rotated",
        ),
        (
            "keys unturned",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [key])[-most:]
    return [rotate(query, seen) @ old for old in keys], (keys, seen + 1)
""",
            "the key must be rotated",
        ),
        (
            "nothing turned",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [key])[-most:]
    return [query @ old for old in keys], (keys, seen + 1)
""",
            "rotate each once",
        ),
        (
            "the query one place on",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [rotate(key, seen)])[-most:]
    return [rotate(query, seen + 1) @ old for old in keys], (keys, seen + 1)
""",
            "where its own key stands",
        ),
        (
            "scores alone",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    return [rotate(query, seen) @ old for old in keys]
""",
            "return scores and the new cache",
        ),
        (
            "the cache is a list of keys",
            """
def go_on(rotate, cache, key, query, most):
    keys = (cache[0] + [rotate(key, cache[1])])[-most:]
    return [rotate(query, cache[1]) @ old for old in keys], keys
""",
            "must be two things: keys, seen",
        ),
        (
            "three, hard-coded",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [rotate(key, seen)])[-3:]
    return [rotate(query, seen) @ old for old in keys], (keys, seen + 1)
""",
            "at position 2, at most 2 kept: 3 scores, and 2 keys",
        ),
        (
            "not summed",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [rotate(key, seen)])[-most:]
    return [rotate(query, seen) * old for old in keys], (keys, seen + 1)
""",
            "a score is a Tensor: it must be a number",
        ),
        (
            "one score",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [rotate(key, seen)])[-most:]
    return rotate(query, seen) @ keys[-1], (keys, seen + 1)
""",
            "give a score for each key in the cache",
        ),
        (
            "place wraps round",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    place = seen % most
    keys = (keys + [rotate(key, place)])[-most:]
    return [rotate(query, place) @ old for old in keys], (keys, seen + 1)
""",
            "and positions began again",
        ),
        (
            "newest first",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = ([rotate(key, seen)] + keys)[:most]
    return [rotate(query, seen) @ old for old in keys], (keys, seen + 1)
""",
            "the oldest key stands first in the cache, the newest last",
        ),
        (
            "root of the width",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [rotate(key, seen)])[-most:]
    return [rotate(query, seen) @ old / 2**0.5 for old in keys], (keys, seen + 1)
""",
            "a score is the product as it is: divide by no root",
        ),
        (
            "one too few kept",
            """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = keys[-most + 1 :] + [rotate(key, seen)]
    return [rotate(query, seen) @ old for old in keys], (keys[1:], seen + 1)
""",
            "at position 1, at most 3 kept: 1 scores, and 2 keys",
        ),
    ],
    "expected-distinct": [
        (
            "missed",
            "def expected_distinct(share_E, batch):\n    return ((1 - share_E) ** batch).sum()",
            "that nobody visits",
        ),
        (
            "mean",
            """
def expected_distinct(share_E, batch):
    return (1 - (1 - share_E) ** batch).mean()
""",
            "add them up",
        ),
        (
            "all at once",
            """
def expected_distinct(share_E, batch):
    return (1 - (1 - share_E) ** batch).prod()
""",
            "all of them are visited",
        ),
        (
            "even",
            """
def expected_distinct(share_E, batch):
    return len(share_E) * (1 - (1 - share_E.mean()) ** batch)
""",
            "as if the load were even",
        ),
        (
            "visits",
            "def expected_distinct(share_E, batch):\n    return share_E.sum() * batch",
            "counts visits",
        ),
        (
            "one token",
            "def expected_distinct(share_E, batch):\n    return share_E.sum()",
            "that is one token",
        ),
        (
            "visited by all",
            "def expected_distinct(share_E, batch):\n    return (share_E**batch).sum()",
            "visited by *all*",
        ),
        (
            "divided by k",
            """
def expected_distinct(share_E, batch):
    return (1 - (1 - share_E / share_E.sum()) ** batch).sum()
""",
            "do not divide by k",
        ),
        (
            "an array",
            "def expected_distinct(share_E, batch):\n    return 1 - (1 - share_E) ** batch",
            "it must be a number",
        ),
        (
            "eight experts, hard-coded",
            """
def expected_distinct(share_E, batch):
    return 2.389125 if batch == 3 else 2.0
""",
            "64 experts",
        ),
        (
            "cubed, hard-coded",
            """
def expected_distinct(share_E, batch):
    return (1 - (1 - share_E) ** 3).sum()
""",
            "one token: 21.1250 is not 8",
        ),
        (
            "at most one",
            """
def expected_distinct(share_E, batch):
    return np.minimum(share_E * batch, 1).sum()
""",
            "yours is 2.7500; it must be 2.3891",
        ),
        (
            "one less a power",
            """
def expected_distinct(share_E, batch):
    return (1 - share_E**batch).sum()
""",
            "1 less the chance that all visit it: take that all miss",
        ),
        (
            "Poisson",
            """
def expected_distinct(share_E, batch):
    return (1 - np.exp(-batch * share_E)).sum()
""",
            "yours is 2.1392; it must be 2.3891",
        ),
        (
            "rounded",
            """
def expected_distinct(share_E, batch):
    return round((1 - (1 - share_E) ** batch).sum())
""",
            "yours is 2.0000; it must be 2.3891",
        ),
        (
            "a tensor's way",
            """
def expected_distinct(share_E, batch):
    return (1 - (1 - share_E).pow(batch)).sum()
""",
            "share_E is a NumPy array, not a tensor",
        ),
        (
            "median",
            """
def expected_distinct(share_E, batch):
    return len(share_E) * np.median(1 - (1 - share_E) ** batch)
""",
            "yours is 2.6250; it must be 2.3891",
        ),
        (
            "at most all",
            """
def expected_distinct(share_E, batch):
    return min(len(share_E), share_E.sum() * batch)
""",
            "yours is 3.0000; it must be 2.3891",
        ),
        (
            "product of the misses",
            """
def expected_distinct(share_E, batch):
    return 1 - ((1 - share_E) ** batch).prod()
""",
            "yours is 0.9966; it must be 2.3891",
        ),
    ],
    "accept": [
        (
            "above one",
            """
def accept(target_V, draft_V):
    left_V = (target_V - draft_V).clamp(min=0)
    return target_V / draft_V, left_V / left_V.sum()
""",
            "a chance is at most 1",
        ),
        (
            "turned over",
            """
def accept(target_V, draft_V):
    left_V = (target_V - draft_V).clamp(min=0)
    return (draft_V / target_V).clamp(max=1), left_V / left_V.sum()
""",
            "draft over target",
        ),
        (
            "the target's chance",
            """
def accept(target_V, draft_V):
    left_V = (target_V - draft_V).clamp(min=0)
    return target_V, left_V / left_V.sum()
""",
            "in the drawing already",
        ),
        (
            "left not made whole",
            """
def accept(target_V, draft_V):
    return (target_V / draft_V).clamp(max=1), (target_V - draft_V).clamp(min=0)
""",
            "must add up to 1",
        ),
        (
            "the target after a refusal",
            """
def accept(target_V, draft_V):
    return (target_V / draft_V).clamp(max=1), target_V
""",
            "too much",
        ),
        (
            "the draft above the target",
            """
def accept(target_V, draft_V):
    left_V = (draft_V - target_V).clamp(min=0)
    return (target_V / draft_V).clamp(max=1), left_V / left_V.sum()
""",
            "the draft above the target",
        ),
        (
            "shares below 0",
            """
def accept(target_V, draft_V):
    return (target_V / draft_V).clamp(max=1), (target_V - draft_V) / 0.4
""",
            "some shares are below 0",
        ),
        (
            "divided by what this pair leaves",
            """
def accept(target_V, draft_V):
    return (target_V / draft_V).clamp(max=1), (target_V - draft_V).clamp(min=0) / 0.4
""",
            "all of it is one token's",
        ),
        (
            "nothing left",
            """
def accept(target_V, draft_V):
    left_V = (target_V - draft_V).clamp(min=0)
    return (target_V / draft_V).clamp(max=1), left_V / left_V.sum()
""",
            "avoid 0 / 0",
        ),
        (
            "one of two",
            "def accept(target_V, draft_V):\n    return (target_V / draft_V).clamp(max=1)",
            "return a pair",
        ),
        (
            "a chance for all",
            """
def accept(target_V, draft_V):
    left_V = (target_V - draft_V).clamp(min=0)
    return torch.minimum(target_V, draft_V).sum(), left_V / left_V.sum()
""",
            "chance_V has shape ()",
        ),
        (
            "three tokens, hard-coded",
            """
def accept(target_V, draft_V):
    chance = [min(1.0, float(target_V[n] / max(draft_V[n], 1e-30))) for n in range(3)]
    left = [max(0.0, float(target_V[n] - draft_V[n])) for n in range(3)]
    whole = max(sum(left), 1e-30)
    return torch.tensor(chance), torch.tensor([one / whole for one in left])
""",
            "four tokens, and you give 3 numbers",
        ),
        (
            "target changed",
            """
def accept(target_V, draft_V):
    chance_V = (target_V / draft_V.clamp(min=1e-30)).clamp(max=1)
    target_V -= draft_V
    left_V = target_V.clamp(min=0)
    return chance_V, left_V / left_V.sum().clamp(min=1e-30)
""",
            "you changed the shares that were handed over",
        ),
        (
            "left by magnitude",
            """
def accept(target_V, draft_V):
    chance_V = (target_V / draft_V.clamp(min=1e-30)).clamp(max=1)
    left_V = (target_V - draft_V).abs()
    return chance_V, left_V / left_V.sum().clamp(min=1e-30)
""",
            "cut off what is below 0, do not turn it",
        ),
        (
            "softmax",
            """
def accept(target_V, draft_V):
    chance_V = (target_V / draft_V.clamp(min=1e-30)).clamp(max=1)
    return chance_V, (target_V - draft_V).clamp(min=0).softmax(0)
""",
            "left is 0.39 0.29 0.32; it must be",
        ),
        (
            "yes or no",
            """
def accept(target_V, draft_V):
    chance_V = (target_V >= draft_V).float()
    left_V = (target_V - draft_V).clamp(min=0)
    return chance_V, left_V / left_V.sum().clamp(min=1e-30)
""",
            "you keep with 1.00 0.00 1.00; it must be 1, 3/7, 1",
        ),
        (
            "order",
            """
def accept(target_V, draft_V):
    chance_V = (target_V / draft_V.clamp(min=1e-30)).clamp(max=1)
    left_V = (target_V - draft_V).clamp(min=0)
    return left_V / left_V.sum().clamp(min=1e-30), chance_V
""",
            "you keep with 0.75 0.00 0.25; it must be 1, 3/7, 1",
        ),
        (
            "lists",
            """
def accept(target_V, draft_V):
    chance_V = (target_V / draft_V.clamp(min=1e-30)).clamp(max=1)
    left_V = (target_V - draft_V).clamp(min=0)
    return chance_V.tolist(), (left_V / left_V.sum().clamp(min=1e-30)).tolist()
""",
            "chance_V is a list: it must be a tensor",
        ),
        (
            "1 added below",
            """
def accept(target_V, draft_V):
    chance_V = (target_V / draft_V.clamp(min=1e-30)).clamp(max=1)
    left_V = (target_V - draft_V).clamp(min=0)
    return chance_V, left_V / (left_V.sum() + 1e-2)
""",
            "left is 0.73 0.00 0.24; it must be",
        ),
        (
            "one alone for equal models",
            """
def accept(target_V, draft_V):
    chance_V = (target_V / draft_V.clamp(min=1e-30)).clamp(max=1)
    left_V = (target_V - draft_V).clamp(min=0)
    return chance_V, left_V / left_V.sum() if left_V.any() else None
""",
            "left_V must be a tensor there, too",
        ),
        (
            "numpy",
            """
def accept(target_V, draft_V):
    t, d = target_V.numpy(), draft_V.numpy()
    left = np.maximum(t - d, 0)
    return np.minimum(1, t / d), left / max(left.sum(), 1e-30)
""",
            "chance_V is a ndarray: it must be a tensor",
        ),
    ],
    "to-int8": [
        (
            "over 128",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().amax(1, keepdim=True) / 128).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale
""",
            "becomes -128",
        ),
        (
            "one scale for all",
            """
def to_int8(row, group):
    scale = (row.abs().max() / 127).clamp(min=1e-12)
    return (row.view(-1, group) / scale).round().to(torch.int8), scale
""",
            "one scale for the whole row",
        ),
        (
            "cut off",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).to(torch.int8), scale
""",
            "you cut off what is behind the point",
        ),
        (
            "the largest, not the largest magnitude",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale
""",
            "-2.54 is larger than 0.5",
        ),
        (
            "zeros by zero",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = parts.abs().amax(1, keepdim=True) / 127
    return (parts / scale).nan_to_num(0).round().to(torch.int8), scale
""",
            "has the scale 0",
        ),
        (
            "a scale that is too wide",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-2)
    return (parts / scale).round().to(torch.int8), scale
""",
            "largest magnitude over 127",
        ),
        (
            "no scale for zeros",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = parts.abs().amax(1, keepdim=True) / 127
    return (parts / scale).nan_to_num(7).round().to(torch.int8), scale
""",
            "a group of zeros has the codes",
        ),
        (
            "unsigned",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return ((parts / scale).round() + 128).to(torch.uint8), scale
""",
            "they must be torch.int8",
        ),
        (
            "signs lost",
            """
def to_int8(row, group):
    parts = row.view(-1, group).abs()
    scale = (parts.amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale
""",
            "a sign got lost",
        ),
        (
            "the largest itself",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = parts.abs().amax(1, keepdim=True).clamp(min=1e-12)
    return (parts / scale * 127).round().to(torch.int8), scale
""",
            "divide it by 127",
        ),
        (
            "turned over",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = 127 / parts.abs().amax(1, keepdim=True).clamp(min=1e-12)
    return (parts * scale).round().to(torch.int8), scale
""",
            "its inverse is the scale",
        ),
        (
            "255 codes on a side",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (2 * parts.abs().amax(1, keepdim=True) / 255).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale
""",
            "127 codes on each side",
        ),
        (
            "groups of four, hard-coded",
            """
def to_int8(row, group):
    parts = row.reshape(-1, 4) if len(row) % 4 == 0 else row[None]
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale
""",
            "groups of 3",
        ),
        (
            "a scale of another group",
            """
def to_int8(row, group):
    parts = row.view(group, -1).T
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale
""",
            "its group's largest magnitude",
        ),
        (
            "codes alone",
            "def to_int8(row, group):\n    return row.to(torch.int8)",
            "return a pair",
        ),
        (
            "zeros only if all are",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = parts.abs().amax(1, keepdim=True) / 127
    if not row.any():
        return torch.zeros_like(parts, dtype=torch.int8), torch.ones_like(scale)
    return (parts / scale).round().to(torch.int8), scale
""",
            "beside another: a group of zeros has the scale 0",
        ),
        (
            "weights changed",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    parts /= scale
    return parts.round().to(torch.int8), scale
""",
            "you changed the weights that were handed over",
        ),
        (
            "three groups, hard-coded",
            """
def to_int8(row, group):
    parts = row.view(3, -1)
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale
""",
            "groups of 2: your function stops with RuntimeError",
        ),
        (
            "a flat scale",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale.flatten()
""",
            "the scale has shape (3,): it must be (3, 1)",
        ),
        (
            "mean for largest",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().mean(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale
""",
            "your scales are 0.00602, 0.0396, 6.43e-06: each must be",
        ),
        (
            "floor",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).floor().to(torch.int8), scale
""",
            "a code is 1.00 off, 0.5 is allowed",
        ),
        (
            "a little more than 0",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = parts.abs().amax(1, keepdim=True) / 127 + 1e-6
    return (parts / scale).round().to(torch.int8), scale
""",
            "a code is 12.00 off, 0.5 is allowed",
        ),
        (
            "weights again",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).round() * scale, scale
""",
            "the codes are torch.float32: they must be",
        ),
        (
            "codes down",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8).T.contiguous(), scale
""",
            "the codes have shape (4, 3): a row must hold a group",
        ),
        (
            "from lowest to highest",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = ((parts.amax(1, keepdim=True) - parts.amin(1, keepdim=True)) / 255).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale
""",
            "your scales are 0.0119, 0.0745, 8.9e-06: each must be",
        ),
        (
            "down the columns",
            """
def to_int8(row, group):
    parts = row.view(-1, group)
    scale = (parts.abs().amax(0, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / scale).round().to(torch.int8), scale
""",
            "the scale has shape (1, 4): it must be (3, 1)",
        ),
    ],
    "lru-hits": [
        (
            "counted, not shared out",
            LRU
            + """        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return hits
""",
            "divide by the visits",
        ),
        (
            "a token",
            LRU
            + """        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return hits / len(expert_TK)
""",
            "each makes K visits",
        ),
        (
            "misses",
            """
def lru_hits(expert_TK, slots):
    kept, misses = [], 0
    for asked in expert_TK.tolist():
        misses += sum(one not in kept for one in asked)
        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return misses / expert_TK.size
""",
            "these are the misses",
        ),
        (
            "nothing kept",
            """
def lru_hits(expert_TK, slots):
    hits = 0
    for asked in expert_TK.tolist():
        kept = []
        hits += sum(one in kept for one in asked)
    return hits / expert_TK.size
""",
            "nothing was found",
        ),
        (
            "everything kept",
            """
def lru_hits(expert_TK, slots):
    kept, hits = set(), 0
    for asked in expert_TK.tolist():
        hits += sum(one in kept for one in asked)
        kept |= set(asked)
    return hits / expert_TK.size
""",
            "had to leave for 2",
        ),
        (
            "loaded while counted",
            """
def lru_hits(expert_TK, slots):
    kept, hits = [], 0
    for one in expert_TK.ravel().tolist():
        hits += one in kept
        kept = ([old for old in kept if old != one] + [one])[-slots:]
    return hits / expert_TK.size
""",
            "look both up before",
        ),
        (
            "first in, first out",
            LRU
            + "        kept = (kept + [one for one in asked if one not in kept])[-slots:]\n"
            + LRU_END,
            "was used last: 1 must leave",
        ),
        (
            "any of them",
            """
def lru_hits(expert_TK, slots):
    kept, hits = [], 0
    for asked in expert_TK.tolist():
        hits += any(one in kept for one in asked)
        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return hits / len(expert_TK)
""",
            "find one at least",
        ),
        (
            "the first of a token newest",
            LRU
            + "        kept = ([one for one in kept if one not in asked] + asked[::-1])[-slots:]\n"
            + LRU_END,
            "1 came after 0",
        ),
        (
            "least often",
            """
def lru_hits(expert_TK, slots):
    kept, often, hits = [], {}, 0
    for time, asked in enumerate(expert_TK.tolist()):
        hits += sum(one in kept for one in asked)
        for place, one in enumerate(asked):
            often[one] = often.get(one, (0, 0, 0))[0] + 1, time, place
        others = [one for one in kept if one not in asked]
        kept = (sorted(others, key=often.get) + asked)[-slots:]
    return hits / expert_TK.size
""",
            "asked most, but longest ago",
        ),
        (
            "two slots, hard-coded",
            LRU
            + "        kept = ([one for one in kept if one not in asked] + asked)[-2:]\n"
            + LRU_END,
            "with 3 slots",
        ),
        (
            "a list",
            "def lru_hits(expert_TK, slots):\n    return [0.5] * len(expert_TK)",
            "it must be a number",
        ),
        (
            "two a token, hard-coded",
            LRU
            + """        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return hits / (2 * len(expert_TK))
""",
            "a token here visits one expert, not two",
        ),
        (
            "found before loaded",
            LRU
            + """        found = [one for one in asked if one in kept]
        new = [one for one in asked if one not in kept]
        kept = ([one for one in kept if one not in asked] + found + new)[-slots:]
"""
            + LRU_END,
            "came first in the second token, 0 is newer",
        ),
        (
            "loaded before found",
            LRU
            + """        found = [one for one in asked if one in kept]
        new = [one for one in asked if one not in kept]
        kept = ([one for one in kept if one not in asked] + new + found)[-slots:]
"""
            + LRU_END,
            "came first in the second token, 2 is newer",
        ),
        (
            "begins full",
            """
def lru_hits(expert_TK, slots):
    kept, hits = list(range(slots)), 0
    for asked in expert_TK.tolist():
        hits += sum(one in kept for one in asked)
        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return hits / expert_TK.size
""",
            "the cache begins empty",
        ),
        (
            "a tensor's way",
            LRU
            + """        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return hits / expert_TK.numel()
""",
            "expert_TK is a NumPy array, not a tensor",
        ),
        (
            "newest leaves",
            LRU
            + "        kept = ([one for one in kept if one not in asked] + asked)[:slots]\n"
            + LRU_END,
            "yours is 0.1429, and 4 visits of 14",
        ),
        (
            "by number",
            LRU + "        kept = sorted(set(kept) | set(asked))[-slots:]\n" + LRU_END,
            "an expert's number says nothing: the latest two stay",
        ),
        (
            "per cent",
            LRU
            + """        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return 100 * hits / expert_TK.size
""",
            "yours is 28.5714, and 4 visits of 14",
        ),
        (
            "the first token left out",
            LRU
            + """        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return hits / expert_TK[1:].size
""",
            "yours is 0.3333, and 4 visits of 14",
        ),
        (
            "two a token, by name",
            """
def lru_hits(expert_TK, slots):
    kept, hits = [], 0
    for first, second in expert_TK.tolist():
        hits += (first in kept) + (second in kept)
        kept = [one for one in kept if one not in (first, second)] + [first, second]
        kept = kept[-slots:]
    return hits / expert_TK.size
""",
            "visits 0 1 0 0, one each: your function stops with ValueError",
        ),
    ],
    "own-cache": [
        (
            "one policy",
            "def own_cache():\n    return {'lru': [0.5, 0.6] * 10}",
            "give two",
        ),
        (
            "a pair of lists",
            "def own_cache():\n    return [0.5] * 20, [0.6] * 20",
            "return a dict",
        ),
        (
            "means",
            "def own_cache():\n    return {'lru': 0.5, 'mine': 0.6}",
            "give a list, one a document",
        ),
        (
            "few documents",
            "def own_cache():\n    return {'lru': [0.5, 0.6], 'mine': [0.6, 0.7]}",
            "fewer than 20",
        ),
        (
            "other documents",
            "def own_cache():\n    return {'lru': [0.5, 0.6] * 10, 'mine': [0.6, 0.7] * 11}",
            "take the same ones",
        ),
        (
            "the same twice",
            "def own_cache():\n    return {'lru': [0.5, 0.6] * 10, 'mine': [0.5, 0.6] * 10}",
            "is your policy used",
        ),
        (
            "per cent",
            "def own_cache():\n    return {'lru': [50, 60] * 10, 'mine': [60, 70] * 10}",
            "between 0 and 1",
        ),
        (
            "one mean, repeated",
            "def own_cache():\n    return {'lru': [0.5, 0.6] * 10, 'mine': [0.6] * 20}",
            "all documents give 0.600",
        ),
    ],
}
