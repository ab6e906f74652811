"""What the checks of lesson 05 say: of a stub and of a right answer."""

import torch
import torch.nn.functional as F

from moe_lesson.lessons.lesson05 import checks
from moe_lesson.moe import dispatch
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    test_a_forgotten_return_is_named,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)


def sits_by_pairs(expert_T, capacity):
    """Compare all pairs, in floats."""
    return (expert_T[:, None] == expert_T).float().tril(-1).sum(1) < capacity


def sits_in_ones(expert_T, capacity):
    """Keep the experts of the past in a list, and answer 1 and 0."""
    past, sits = [], []
    for expert in expert_T.tolist():
        sits.append(int(past.count(expert) < capacity))
        past.append(expert)
    return torch.tensor(sits)


def combine_by_loop(routing, capacity):
    """Seat visit by visit."""
    T, E = routing.logits_TE.shape
    combine_TEC, taken = torch.zeros(T, E, capacity), [0] * E
    for k in range(routing.expert_TK.shape[1]):
        for token, expert in enumerate(routing.expert_TK[:, k].tolist()):
            if expert < E:
                if taken[expert] < capacity:
                    combine_TEC[token, expert, taken[expert]] = routing.weight_TK[token, k]
                taken[expert] += 1
    return combine_TEC


def combine_by_comparing(routing, capacity):
    """Compare with all experts and all seats; a token's visits never share a place."""
    T, E = routing.logits_TE.shape
    chosen = (routing.expert_TK.T.reshape(-1, 1) == torch.arange(E)).double()
    seat = chosen.cumsum(0) - 1
    one = (seat[..., None] == torch.arange(capacity)) * chosen[..., None]
    each = one * routing.weight_TK.T.reshape(-1, 1, 1)
    return torch.stack(each.split(T)).amax(0)


def switch_by_loop(logits_TE):
    """Sum over experts one by one; a list will do."""
    T, E = logits_TE.shape
    prob_TE = logits_TE.exp() / logits_TE.exp().sum(1, keepdim=True)
    expert_T = prob_TE.argmax(1)
    weight_T = torch.stack([prob_TE[t, expert_T[t]] for t in range(T)])
    loss = sum((expert_T == e).float().mean() * prob_TE[:, e].mean() for e in range(E))
    return [weight_T, expert_T, E * loss]


def switch_by_top(logits_TE):
    """Take the best one by topk, in float32, and count by scatter."""
    prob_TE = logits_TE.float().softmax(1)
    weight_T1, expert_T1 = prob_TE.topk(1)
    once_TE = torch.zeros_like(prob_TE).scatter(1, expert_T1, 1.0)
    loss = prob_TE.shape[1] * torch.dot(once_TE.mean(0), prob_TE.mean(0))
    return weight_T1[:, 0], expert_T1[:, 0].int(), loss


def chosen_by_rank(logits_TE, capacity):
    """Rank each expert's tokens."""
    prob_TE = logits_TE.softmax(1)
    rank_TE = prob_TE.argsort(0, descending=True).argsort(0)
    return torch.where(rank_TE < capacity, prob_TE, 0.0)


def chosen_by_loop(logits_TE, capacity):
    """Sort each expert's tokens in Python."""
    prob_TE = logits_TE.float().softmax(1)
    weight_TE = torch.zeros_like(prob_TE)
    for expert, prob_T in enumerate(prob_TE.T.tolist()):
        for token in sorted(range(len(prob_T)), key=lambda token: -prob_T[token])[:capacity]:
            weight_TE[token, expert] = prob_T[token]
    return weight_TE


def kept_from_one(expert_T, num_experts, capacity):
    """Count from 1 and allow the capacity itself."""
    mask_TE = F.one_hot(expert_T, num_experts)
    return mask_TE * (mask_TE.cumsum(0) <= capacity)


def kept_as_truth(expert_T, num_experts, capacity):
    """Answer with True and False."""
    mask_TE = expert_T[:, None] == torch.arange(num_experts)
    return mask_TE & (mask_TE.cumsum(0) <= capacity)


RIGHT = [
    (checks.who_sits, sits_by_pairs),
    (checks.who_sits, sits_in_ones),
    (checks.combine_tensor, dispatch.combine_tensor),
    (checks.combine_tensor, combine_by_loop),
    (checks.combine_tensor, combine_by_comparing),
    (checks.switch_by_hand, switch_by_loop),
    (checks.switch_by_hand, switch_by_top),
    (checks.chosen_weights, chosen_by_rank),
    (checks.chosen_weights, chosen_by_loop),
    (checks.kept_mask, kept_from_one),
    (checks.kept_mask, kept_as_truth),
]
