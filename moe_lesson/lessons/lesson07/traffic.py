"""Who sends how much to whom, which device is fullest, and what placement and copies change."""

import math

import numpy as np


def owners(num_experts, ranks):
    """Say which rank holds each expert: as many each, in order.

    Returns:
        owner_E.

    >>> owners(4, 2).tolist()
    [0, 0, 1, 1]

    Lesson 7.
    """
    return np.arange(num_experts) * ranks // num_experts


def send_counts(expert_TK, home_T, owner_E):
    """Count the rows that each rank sends to each: a row for every visit.

    Args:
        home_T: the rank that each token is on.
        owner_E: the rank that each expert is on.

    Returns:
        rows_WW: row r is what rank r sends, column r what it gets; W is the highest rank plus 1.

    >>> send_counts(np.array([[0], [3], [2]]), np.array([0, 0, 1]), owners(4, 2)).tolist()
    [[1, 1], [0, 1]]

    Lesson 7.
    """
    ranks = int(max(home_T.max(), owner_E.max())) + 1
    lane = home_T[:, None] * ranks + owner_E[expert_TK]
    return np.bincount(lane.ravel(), minlength=ranks**2).reshape(ranks, ranks)


def travelling(rows_WW, row_bytes):
    """Count the bytes that leave a rank; a row for an expert at home does not travel.

    Returns:
        Bytes of one exchange, all ranks together.

    >>> travelling(np.array([[1, 1], [0, 1]]), row_bytes=8)
    8

    Lesson 7.
    """
    return int(rows_WW.sum() - np.trace(rows_WW)) * row_bytes


def expected_bytes(tokens, top_k, dim, size, ranks):
    """Compute what one rank sends in one exchange if every expert is as likely.

    Returns:
        Bytes: T k d b (W - 1) / W; 0 for one rank.

    >>> expected_bytes(tokens=8, top_k=2, dim=4, size=4, ranks=4)
    192.0

    Lesson 7.
    """
    return tokens * top_k * dim * size * (ranks - 1) / ranks


def expected_destinations(num_experts, top_k, ranks):
    """Compute on how many ranks a token's experts lie, if every set of them is as likely.

    A rank is missed if all k experts lie among the E - E/W of the others.

    Returns:
        Between 1 and the smaller of k and W.

    >>> round(expected_destinations(256, 8, 8), 2), expected_destinations(8, 2, 8)
    (5.29, 2.0)

    Lesson 7.
    """
    others = num_experts - num_experts // ranks
    return ranks * (1 - math.comb(others, top_k) / math.comb(num_experts, top_k))


def destinations(expert_TK, owner_E):
    """Count on how many ranks each token's experts lie.

    Returns:
        A number for each token, 1 to K.

    >>> destinations(np.array([[0, 1], [0, 3]]), owners(4, 2)).tolist()
    [1, 2]

    Lesson 7.
    """
    at_TK = np.sort(owner_E[expert_TK], axis=1)
    return 1 + (at_TK[:, 1:] != at_TK[:, :-1]).sum(1)


def max_over_mean(load):
    """Divide the fullest by the average.

    Returns:
        1 when even, the number of loads when one has all; along the last axis.

    >>> max_over_mean(np.array([3, 1])).item()
    1.5

    Lesson 7.
    """
    return load.max(-1) / load.mean(-1)


def expected_max(rows, places, draws=200):
    """Draw how uneven a perfectly even router still is: rows thrown at random into places.

    Returns:
        The mean of max / mean over the draws: above 1, and towards 1 with more rows.

    >>> expected_max(1, 4)
    4.0

    Lesson 7.
    """
    random = np.random.default_rng(0)
    load = random.multinomial(rows, np.full(places, 1 / places), size=draws)
    return float(max_over_mean(load).mean())


def rank_loads(count_E, owner_N, copies_E=None):
    """Add up the rows that each rank computes.

    Args:
        owner_N: the rank of each expert; with copies, of each copy, expert by expert.
        copies_E: how many copies of an expert there are, which share its rows; None: one each.

    Returns:
        Rows of each rank.

    >>> rank_loads(np.array([6, 2]), np.array([0, 1, 1]), copies_E=np.array([2, 1])).tolist()
    [3.0, 5.0]

    Lesson 7.
    """
    share_N = count_E if copies_E is None else np.repeat(count_E / copies_E, copies_E)
    return np.bincount(owner_N, weights=share_N)


def place(count_E, ranks):
    """Give the busiest expert to the emptiest rank that has room, then the next, and so on.

    Every rank holds as many experts. A greedy rule: no later expert makes it take one back.

    Returns:
        owner_E.

    >>> place(np.array([5, 4, 3, 2]), ranks=2).tolist()
    [0, 1, 1, 0]

    Lesson 7.
    """
    owner_E = np.zeros(len(count_E), dtype=int)
    load, room = np.zeros(ranks), np.full(ranks, len(count_E) // ranks)
    for expert in np.argsort(-np.asarray(count_E), kind="stable"):
        rank = np.where(room > 0, load, np.inf).argmin()
        owner_E[expert], load[rank], room[rank] = rank, load[rank] + count_E[expert], room[rank] - 1
    return owner_E


def copy_busiest(count_E, spare):
    """Give spare places to copies, one at a time, to the expert with most rows a copy.

    Returns:
        copies_E: 1 and more.

    >>> copy_busiest(np.array([9, 4, 1]), spare=2).tolist()
    [3, 1, 1]

    Lesson 7.
    """
    copies_E = np.ones(len(count_E), dtype=int)
    for _ in range(spare):
        copies_E[(count_E / copies_E).argmax()] += 1
    return copies_E


def place_copies(count_E, copies_E, ranks):
    """Place all copies as ``place`` does: each has its share of its expert's rows.

    Returns:
        The rank of each copy, expert by expert, as ``rank_loads`` takes it.

    >>> place_copies(np.array([8, 2, 2]), np.array([2, 1, 1]), ranks=2).tolist()
    [0, 1, 0, 1]

    Lesson 7.
    """
    return place(np.repeat(count_E / copies_E, copies_E), ranks)
