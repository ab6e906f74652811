"""What the checks of lesson 13 say: of a stub and of a right answer."""

import numpy as np
import torch

from moe_lesson.lessons.lesson13 import checks, checks_caches
from moe_lesson.lessons.lesson13.cost_model import Load
from moe_lesson.models.config import MIXTRAL_8X7B
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    test_a_forgotten_return_is_named,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)
from tests.lessons.lesson13.right_answers import OTHERS


def cache_bytes(config, batch, context):
    one = config.n_kv_heads * config.head_dim * 2  # bytes of a key in one layer
    return sum(one + one for _ in range(config.n_layers)) * (batch * context)


def go_on(rotate, cache, key, query, most):
    keys, seen = list(cache[0]), cache[1]
    keys.append(rotate(key, seen))
    turned = rotate(query, seen)
    return torch.stack(keys[-most:]) @ turned, (keys[-most:], seen + 1)


def expected_distinct(share_E, batch):
    return sum(1 - np.prod([1 - share] * batch) for share in share_E)


def to_int8(row, group):
    codes, scales = [], []
    for begin in range(0, len(row), group):
        part = row[begin : begin + group]
        scale = max(part.abs().max().item(), 1e-9) / 127
        codes.append(torch.tensor([round(x / scale) for x in part.tolist()], dtype=torch.int8))
        scales.append([scale])
    return torch.cat(codes), torch.tensor(scales)


def lru_hits(expert_TK, slots):
    used, hits = {}, 0
    for time, row in enumerate(expert_TK.tolist()):
        held = sorted(used, key=used.get)[-slots:]
        hits += len(set(row) & set(held))
        used |= {one: (time, place) for place, one in enumerate(row)}
    return hits / expert_TK.size


def accept(target_V, draft_V):
    kept_V = torch.minimum(target_V, draft_V)
    left_V = target_V - kept_V
    return kept_V / draft_V, left_V / max(left_V.sum().item(), 1e-9)


RIGHT = [
    (checks.cache_bytes, cache_bytes),
    (checks.go_on, go_on),
    (checks.expected_distinct, expected_distinct),
    (checks_caches.to_int8, to_int8),
    (checks_caches.lru_hits, lru_hits),
    (checks_caches.accept, accept),
    *OTHERS,
]


def test_the_bytes_are_those_of_the_board():
    assert cache_bytes(MIXTRAL_8X7B, 3, 100) == Load(MIXTRAL_8X7B, 3, 100).cache_bytes


def test_own_policies_are_compared_document_by_document(capsys):
    checks.own_cache(lambda: {"lru": [0.5, 0.25] * 10, "mine": [0.25, 0.75] * 10})
    assert "better in 10 of 20 documents, worse in 10" in capsys.readouterr().out
