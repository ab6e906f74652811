"""Right answers to the exercises of lesson 11, written in other ways: the checks take them."""

from math import atanh

import numpy as np
import torch
import torch.nn.functional as F

from moe_lesson.lessons.lesson11 import checks, checks_losses


def to_dialogue_tuples(turns):
    pairs = [(1, False)]
    for new, is_answer in turns:
        pairs += [(one, is_answer) for one in [*new, *[2] * is_answer]]
    return tuple(zip(*pairs))


def to_dialogue_arrays_of_int(turns):
    ids, marks = [np.array([1])], [np.array([0])]
    for new, is_answer in turns:
        full = np.array(list(new) + ([2] if is_answer else []))
        ids.append(full)
        marks.append(np.full(len(full), int(is_answer)))
    return np.concatenate(ids), np.concatenate(marks)


def to_dialogue_backwards(turns):
    ids, learnt = [], []
    for new, is_answer in reversed(turns):
        tail = [2] if is_answer else []
        ids = list(new) + tail + ids
        learnt = [is_answer for _ in list(new) + tail] + learnt
    return [[1] + ids, [False] + learnt]


def may_see_loop(dialogue_S):
    names = dialogue_S.tolist()
    return torch.tensor(
        [[q <= p and a == b for q, b in enumerate(names)] for p, a in enumerate(names)]
    )


def may_see_blocks(dialogue_S):
    sizes = dialogue_S.unique_consecutive(return_counts=True)[1].tolist()
    return torch.block_diag(*[torch.ones(n, n).tril() for n in sizes]) > 0


def may_see_numpy(dialogue_S):
    d = dialogue_S.numpy()
    return torch.from_numpy(np.tril(np.equal.outer(d, d)))


def answer_loss_ignore_index(logits_BSV, id_BS, answer_BS):
    wanted_BS = id_BS.masked_fill(~answer_BS, -100)
    return F.cross_entropy(logits_BSV[:, :-1].flatten(0, 1), wanted_BS[:, 1:].flatten())


def answer_loss_gather_in_float64(logits_BSV, id_BS, answer_BS):
    logs = logits_BSV.double()[:, :-1]
    nats = logs.logsumexp(-1) - logs.gather(-1, id_BS[:, 1:, None]).squeeze(-1)
    weight = answer_BS[:, 1:].double()
    return (nats * weight).sum() / weight.sum()


def answer_loss_loop(logits_BSV, id_BS, answer_BS):
    said = []
    for row, ids, marks in zip(logits_BSV, id_BS, answer_BS):
        for scores, one, mark in zip(row, ids[1:], marks[1:]):
            if mark:
                said.append(-torch.log_softmax(scores, 0)[one])
    return torch.stack(said).mean()


def training_row_one_text(cut, question, answer):
    ids = cut(f"[INST] {question} [/INST] {answer}") + [2]
    first = ids.index(4) + 1
    return ids, [place >= first for place in range(len(ids))]


def training_row_tensors(cut, question, answer):
    asked, said = (torch.tensor(cut(one)) for one in (f"[INST] {question} [/INST]", answer))
    ids = torch.cat([asked, said[1:], torch.tensor([2])])
    return ids, torch.arange(len(ids)) >= len(asked)


def training_row_tuple_of_ints(cut, question, answer):
    _, *said = cut(answer)
    asked = cut(" ".join(["[INST]", question, "[/INST]"]))
    return (*asked, *said, 2), (*[0 for _ in asked], *[1 for _ in said], 1)


def preference_loss_softplus(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    return F.softplus(beta * (worse_B - ref_worse_B - better_B + ref_better_B)).mean()


def preference_loss_logaddexp_float32_loop(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    total = 0.0
    for b, w, rb, rw in zip(better_B, worse_B, ref_better_B, ref_worse_B):
        gap = (beta * (b - rb - w + rw)).float()
        total = total + torch.logaddexp(torch.zeros(()), -gap)
    return total / len(better_B)


def preference_loss_cross_entropy(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    reward_BC = beta * torch.stack([better_B - ref_better_B, worse_B - ref_worse_B], dim=1)
    return F.cross_entropy(reward_BC, torch.zeros(len(better_B), dtype=torch.long))


def resting_gap_logit(flipped, beta):
    return torch.logit(torch.tensor(1 - flipped, dtype=torch.float64)) / beta


def resting_gap_atanh(flipped, beta):
    return 2 * atanh(1 - 2 * flipped) / beta


def resting_gap_bisection(flipped, beta):
    low, high = -1000.0, 1000.0
    for _ in range(100):
        middle = (low + high) / 2
        if 1 / (1 + np.exp(-np.clip(beta * middle, -500, 500))) < 1 - flipped:
            low = middle
        else:
            high = middle
    return np.float32(low)


OTHERS = [
    (checks.to_dialogue, to_dialogue_tuples),
    (checks.to_dialogue, to_dialogue_arrays_of_int),
    (checks.to_dialogue, to_dialogue_backwards),
    (checks.may_see, may_see_loop),
    (checks.may_see, may_see_blocks),
    (checks.may_see, may_see_numpy),
    (checks_losses.answer_loss, answer_loss_ignore_index),
    (checks_losses.answer_loss, answer_loss_gather_in_float64),
    (checks_losses.answer_loss, answer_loss_loop),
    (checks.training_row, training_row_one_text),
    (checks.training_row, training_row_tensors),
    (checks.training_row, training_row_tuple_of_ints),
    (checks_losses.preference_loss, preference_loss_softplus),
    (checks_losses.preference_loss, preference_loss_logaddexp_float32_loop),
    (checks_losses.preference_loss, preference_loss_cross_entropy),
    (checks_losses.resting_gap, resting_gap_logit),
    (checks_losses.resting_gap, resting_gap_atanh),
    (checks_losses.resting_gap, resting_gap_bisection),
]
