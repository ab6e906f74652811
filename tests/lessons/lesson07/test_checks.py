"""What the checks of lesson 07 say: of a stub and of a right answer."""

import heapq
import itertools

import numpy as np
import torch

from moe_lesson.lessons.lesson07 import checks, traffic
from moe_lesson.lessons.lesson07.checks_place import best_maximum
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    test_a_forgotten_return_is_named,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)


def send_counts(expert_TK, home_T, owner_E):
    """Walk over visits."""
    ranks = max(home_T.max(), owner_E.max()) + 1
    rows_WW = np.zeros((ranks, ranks))
    for home, experts in zip(home_T, expert_TK):
        for expert in experts:
            rows_WW[home, owner_E[expert]] += 1
    return rows_WW


def all_to_all(rows, sent):
    """Cut by running sums, and answer with a tuple."""
    ends = sent.cumsum(1)
    starts = ends - sent
    return tuple(
        torch.cat([each[starts[r, s] : ends[r, s]] for r, each in enumerate(rows)])
        for s in range(len(rows))
    )


def expected_bytes(tokens, top_k, dim, size, ranks):
    """Count what stays and take it off."""
    whole = tokens * top_k * dim * size
    return whole - whole / ranks


def place(count_E, ranks):
    """Try every placement: slow, and the best there is. A list of ranks will do."""
    each, best = len(count_E) // ranks, None
    if len(count_E) > 6:
        return traffic.place(count_E, ranks).tolist()
    for owner in itertools.product(range(ranks), repeat=len(count_E)):
        if all(owner.count(rank) == each for rank in range(ranks)):
            most = np.bincount(owner, weights=count_E).max()
            best = min(best or (most, owner), (most, owner))
    return list(best[1])


def answers_home(x_RD, come, experts):
    """Write answers to the places that their rows came from."""
    expert_R = torch.tensor(
        [e for row in come.tolist() for e, n in enumerate(row) for _ in range(n)]
    )
    order_R = torch.cat([torch.where(expert_R == e)[0] for e in range(come.shape[1])])
    y_RD = torch.empty_like(x_RD)
    y_RD[order_R] = experts(x_RD[order_R], come.sum(0))
    return y_RD


def counts_of_masks(expert_TK, home_T, owner_E):
    """Compare with every rank: whole numbers by way of masks."""
    ranks = np.arange(max(home_T.max(), owner_E.max()) + 1)
    goes_TKW = owner_E[expert_TK][..., None] == ranks
    return ((home_T[:, None] == ranks).T[..., None, None] & goes_TKW).sum((1, 2))


def rows_by_rank(rows, sent):
    """Take from each sender in turn, by ``narrow``."""
    came = []
    for to in range(len(rows)):
        first = sent[:, :to].sum(1)
        parts = [rows[r].narrow(0, int(first[r]), int(sent[r, to])) for r in range(len(rows))]
        came.append(torch.cat(parts))
    return came


def bytes_that_leave(tokens, top_k, dim, size, ranks):
    """Count a visit's chance to leave, one less its chance to stay."""
    return (1 - 1 / ranks) * (tokens * top_k) * (dim * size)


def snake(count_E, ranks):
    """Deal from the busiest down, there and back again."""
    owner_E = np.zeros(len(count_E))
    for turn, expert in enumerate(np.argsort(-count_E)):
        at = turn % (2 * ranks)
        owner_E[expert] = min(at, 2 * ranks - 1 - at)
    return owner_E


def one_by_one(x_RD, come, experts):
    """Sort with plain Python, and look up where each row went."""
    expert_R = [e for row in come.tolist() for e, n in enumerate(row) for _ in range(n)]
    order = sorted(range(len(expert_R)), key=lambda row: expert_R[row])
    y_RD = experts(torch.stack([x_RD[row] for row in order]), come.sum(0))
    return torch.stack([y_RD[order.index(row)] for row in range(len(order))])


def counts_by_product(expert_TK, home_T, owner_E):
    """Multiply one-hot matrices: floats."""
    one_WW = np.eye(max(home_T.max(), owner_E.max()) + 1)
    home_R = np.repeat(home_T, expert_TK.shape[1])
    return one_WW[home_R].T @ one_WW[owner_E[expert_TK].ravel()]


def rows_by_sorting(rows, sent):
    """Sort all rows by whom they are for."""
    to_R = torch.arange(len(rows)).repeat(len(rows)).repeat_interleave(sent.flatten())
    return torch.cat(rows)[to_R.argsort(stable=True)].split(sent.sum(0).tolist())


def bytes_by_rank(tokens, top_k, dim, size, ranks):
    """Add up what goes to each other rank, in an array without axes."""
    return np.array(sum(tokens * top_k * dim * size / ranks for _ in range(ranks - 1)))


def place_by_heap(count_E, ranks):
    """Keep ranks with room in a heap, the emptiest on top; a tensor will do."""
    heap, held = [(0, rank) for rank in range(ranks)], [0] * ranks
    owner_E = torch.zeros(len(count_E), dtype=torch.int32)
    for expert in sorted(range(len(count_E)), key=lambda expert: -count_E[expert]):
        load, rank = heapq.heappop(heap)
        owner_E[expert], held[rank] = rank, held[rank] + 1
        if held[rank] < len(count_E) // ranks:
            heapq.heappush(heap, (load + count_E[expert], rank))
    return owner_E


def home_by_blocks(x_RD, come, experts):
    """Move blocks, a rank's rows for an expert each, there and back."""
    ranks, own = come.shape
    blocks = x_RD.split(come.flatten().tolist())
    sorted_RD = torch.cat([blocks[r * own + e] for e in range(own) for r in range(ranks)])
    back = experts(sorted_RD, come.sum(0)).split(come.T.flatten().tolist())
    return torch.cat([back[e * ranks + r] for r in range(ranks) for e in range(own)])


RIGHT = [
    (checks.send_counts, counts_by_product),
    (checks.all_to_all, rows_by_sorting),
    (checks.expected_bytes, bytes_by_rank),
    (checks.place, place_by_heap),
    (checks.answers_home, home_by_blocks),
    (checks.send_counts, counts_of_masks),
    (checks.all_to_all, rows_by_rank),
    (checks.expected_bytes, bytes_that_leave),
    (checks.place, snake),
    (checks.answers_home, one_by_one),
    (checks.send_counts, send_counts),
    (checks.send_counts, traffic.send_counts),
    (checks.all_to_all, all_to_all),
    (checks.expected_bytes, expected_bytes),
    (checks.expected_bytes, traffic.expected_bytes),
    (checks.place, place),
    (checks.place, traffic.place),
    (checks.answers_home, answers_home),
]


def test_the_best_maximum_is_that_of_trying_all():
    random = np.random.default_rng(1)
    for ranks in (2, 3):
        count_E = random.integers(1, 30, size=6)
        tried = [
            np.bincount(owner, weights=count_E).max()
            for owner in itertools.product(range(ranks), repeat=6)
            if all(owner.count(rank) == 6 // ranks for rank in range(ranks))
        ]
        assert best_maximum(count_E, ranks) == min(tried)
