"""Right answers to the exercises of lesson 13, written in other ways: the checks take them."""

from collections import OrderedDict

import numpy as np
import torch

from moe_lesson.lessons.lesson13 import checks, checks_caches


def cache_bytes_floats(config, batch, context):
    return 16 / 8 * 2.0 * config.n_layers * config.n_kv_heads * config.head_dim * batch * context


def cache_bytes_tensor(config, batch, context):
    cache = torch.zeros(
        2,
        config.n_layers,
        batch,
        config.n_kv_heads,
        context,
        config.head_dim,
        dtype=torch.float16,
    )
    return cache.nbytes


def cache_bytes_numpy(config, batch, context):
    return np.prod([2, 2, config.n_layers, config.n_kv_heads, config.head_dim, batch, context])


def go_on_lists_for_pairs(rotate, cache, key, query, most):
    keys, seen = cache
    keys = [*keys, rotate(key, seen)][-most:]
    q = rotate(query, seen)
    return [[float(q @ old) for old in keys], [keys, seen + 1]]


def go_on_in_place(rotate, cache, key, query, most):
    keys, seen = cache
    keys.append(rotate(key, seen))
    while len(keys) > most:
        keys.pop(0)
    q = rotate(query, seen)
    return tuple(torch.dot(q, old) for old in keys), (keys, seen + 1)


def go_on_a_tensor_of_keys(rotate, cache, key, query, most):
    keys, seen = cache
    new = rotate(key, seen)[None]
    keys = torch.cat([keys, new])[-most:] if len(keys) else new
    return keys @ rotate(query, seen), (keys, seen + 1)


def expected_distinct_loop(share_E, batch):
    total = 0.0
    for share in share_E:
        missed = 1.0
        for _ in range(batch):
            missed *= 1 - share
        total += 1 - missed
    return total


def expected_distinct_torch(share_E, batch):
    share_E = torch.as_tensor(share_E)
    return len(share_E) - ((1 - share_E) ** batch).sum()


def expected_distinct_float32_logarithms(share_E, batch):
    return -np.expm1(batch * np.log1p(-share_E.astype(np.float32))).sum()


def accept_a_list_of_two(target_V, draft_V):
    chance_V = torch.where(target_V >= draft_V, 1.0, target_V / draft_V)
    left_V = torch.relu(target_V - draft_V)
    return [chance_V, left_V / (left_V.sum() + 1e-12)]


def accept_the_target_where_nothing_is_left(target_V, draft_V):
    kept_V = torch.minimum(target_V.double(), draft_V.double())
    rest = 1 - kept_V.sum()
    left_V = (target_V.double() - kept_V) / rest if rest > 1e-6 else target_V.double()
    return kept_V / draft_V, left_V


def accept_loop(target_V, draft_V):
    chance, left = [], []
    for p, q in zip(target_V.tolist(), draft_V.tolist()):
        chance.append(min(1, p / q) if q else 0.0)
        left.append(max(0, p - q))
    return torch.tensor(chance), torch.tensor(left) / max(sum(left), 1e-9)


def to_int8_a_list_of_two(row, group):
    parts = row.reshape(len(row) // group, group).double()
    scale = parts.abs().max(dim=1, keepdim=True).values / 127
    scale[scale == 0] = 1
    return [torch.round(parts / scale).clamp(-127, 127).to(torch.int8), scale]


def to_int8_split(row, group):
    groups = row.split(group)
    scales = [one.abs().max() / 127 for one in groups]
    scales = [one if one > 0 else torch.tensor(1.0) for one in scales]
    codes = torch.cat([(g / s).round() for g, s in zip(groups, scales)])
    return codes.char(), torch.stack(scales)[:, None]


def to_int8_numpy(row, group):
    parts = row.numpy().reshape(-1, group)
    scale = np.maximum(np.abs(parts).max(1, keepdims=True) / 127, 1e-20)
    return torch.from_numpy(np.rint(parts / scale).astype(np.int8)), torch.from_numpy(scale)


def lru_hits_ordered_dict(expert_TK, slots):
    kept, hits = OrderedDict(), 0
    for row in expert_TK:
        hits += len(kept.keys() & {int(one) for one in row})
        for one in row:
            kept[int(one)] = True
            kept.move_to_end(int(one))
        while len(kept) > slots:
            kept.popitem(last=False)
    return hits / len(expert_TK) / len(expert_TK[0])


def lru_hits_clock(expert_TK, slots):
    last = np.full(int(expert_TK.max()) + 1, -1)
    found = []
    for time, row in enumerate(expert_TK):
        floor = np.sort(last)[-slots] if slots <= len(last) else -1
        found.append((last[row] >= max(floor, 0)).mean())
        last[row] = time * len(row) + np.arange(len(row))
    return np.mean(found)


def lru_hits_distances(expert_TK, slots):
    T, K = expert_TK.shape
    flat, hits = expert_TK.ravel().tolist(), 0
    for t in range(T):
        for one in flat[t * K : t * K + K]:
            before = list(dict.fromkeys(reversed(flat[: t * K])))
            hits += one in before[:slots]
    return torch.tensor(hits / (T * K))


OTHERS = [
    (checks.cache_bytes, cache_bytes_floats),
    (checks.cache_bytes, cache_bytes_tensor),
    (checks.cache_bytes, cache_bytes_numpy),
    (checks.go_on, go_on_lists_for_pairs),
    (checks.go_on, go_on_in_place),
    (checks.go_on, go_on_a_tensor_of_keys),
    (checks.expected_distinct, expected_distinct_loop),
    (checks.expected_distinct, expected_distinct_torch),
    (checks.expected_distinct, expected_distinct_float32_logarithms),
    (checks_caches.accept, accept_a_list_of_two),
    (checks_caches.accept, accept_the_target_where_nothing_is_left),
    (checks_caches.accept, accept_loop),
    (checks_caches.to_int8, to_int8_a_list_of_two),
    (checks_caches.to_int8, to_int8_split),
    (checks_caches.to_int8, to_int8_numpy),
    (checks_caches.lru_hits, lru_hits_ordered_dict),
    (checks_caches.lru_hits, lru_hits_clock),
    (checks_caches.lru_hits, lru_hits_distances),
]
