"""Batches and slots: a queue by hand, and what holds for every queue."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch

from moe_lesson.inference.generate import stream
from moe_lesson.lessons.lesson13.serving import (
    Costs,
    Request,
    account,
    continuous,
    queue_of,
    sizes_of,
    static,
)
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import END, train_tokenizer

COSTS = Costs(prompt=0.5, step=(1.0, 1.5, 2.0))
WAYS = [static, continuous, partial(static, padded=False)]


def queue(seed, count=40, rate=0.2):
    random = np.random.default_rng(seed)
    sizes = list(zip(random.integers(1, 9, count).tolist(), random.integers(1, 20, count).tolist()))
    return queue_of(sizes, rate, seed)


def test_a_queue_of_three_by_hand_in_batches():
    three = [Request(0.0, 2, 1), Request(1.0, 4, 3), Request(2.0, 2, 1)]
    one, two, last = static(three, 2, COSTS)
    assert (one.begins, one.first, one.leaves) == (0.0, 2.0, 2.0)
    # At 2 both others wait: 2 prompts padded to 4 take 4, three steps of two 4.5.
    assert (two.begins, two.first, two.ends, two.leaves) == (2.0, 7.5, 10.5, 10.5)
    assert (last.begins, last.first, last.ends, last.leaves) == (2.0, 7.5, 7.5, 10.5)
    *_, two, last = static(three, 2, COSTS, padded=False)  # a second less
    assert (two.first, last.first, last.leaves) == (6.5, 6.5, 9.5)


def test_a_queue_of_three_by_hand_in_slots():
    three = [Request(0.0, 2, 3), Request(1.5, 4, 2), Request(2.0, 2, 1)]
    one, two, last = continuous(three, 2, COSTS)
    # At 2 the first token is there; the second prompt takes 2, a step of two 1.5.
    assert (one.begins, one.first, one.ends) == (0.0, 2.0, 7.0)
    assert (two.begins, two.first, two.ends) == (2.0, 5.5, 7.0)
    assert (last.begins, last.first, last.ends, last.slot) == (7.0, 9.0, 9.0, 0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_served_early_and_no_slot_holds_two(way, seed):
    requests = queue(seed)
    served = way(requests, 3, COSTS)
    for one, done in zip(requests, served, strict=True):
        assert one.arrives <= done.begins < done.first <= done.ends <= done.leaves
        assert done.ends - done.first >= COSTS.of_step(1) * (one.answer - 1) - 1e-9
    order = sorted(served, key=lambda one: (one.slot, one.begins))
    pairs = [(a, b) for a, b in pairwise(order) if a.slot == b.slot]
    assert pairs and all(a.leaves <= b.begins + 1e-9 for a, b in pairs)
    assert {one.slot for one in served} == {0, 1, 2}


@pytest.mark.parametrize("seed", range(5))
def test_slots_are_never_slower_where_reading_is_free_and_all_are_there(seed):
    requests = [one._replace(arrives=0.0) for one in queue(seed)]
    costs = Costs(0.0, (1.0, 1.0, 1.0))
    ends = [max(one.ends for one in way(requests, 3, costs)) for way in WAYS]
    assert ends[1] < ends[0]
    assert ends[1] >= sum(one.answer for one in requests) / 3


@pytest.mark.parametrize("way", WAYS)
def test_one_slot_serves_one_after_the_other(way):
    requests = [one._replace(arrives=0.0) for one in queue(0)]
    last = max(one.ends for one in way(requests, 1, COSTS))
    assert last == pytest.approx(sum(0.5 * one.prompt + one.answer for one in requests))


def test_the_account_by_hand():
    requests = [Request(1.0, 2, 2), Request(1.0, 2, 4)]
    found = account(requests, static(requests, 2, COSTS))
    # Reading 2, then four steps of 1.5: 6 tokens in 8 seconds; both first tokens after 3.5.
    assert found == (6 / 8, 3.5, 3.5)


def test_arrivals_have_the_asked_rate():
    arrivals = [one.arrives for one in queue_of([(1, 1)] * 20_000, rate=4.0, seed=1)]
    assert arrivals[0] == 0 and arrivals == sorted(arrivals)
    assert len(arrivals) / arrivals[-1] == pytest.approx(4.0, rel=0.03)


def test_sizes_are_those_of_answers_alone():
    torch.manual_seed(0)
    model = Mixtral(TINY).eval()
    with torch.no_grad():
        model.unembed.weight[END] += 0.05  # or no answer would end
    words = train_tokenizer(["ab ba", "who"], 262)
    asked = [[{"role": "user", "content": "ab" * n}] for n in (3, 1, 5, 2)]
    for one, (prompt, answer) in zip(asked, sizes_of(model, words, asked), strict=True):
        ids = chat_ids(words, one).ids
        alone = [
            token.id_B.item() for token in stream(model, [ids], TINY.context_len + 1 - len(ids))
        ]
        assert prompt == len(ids)
        assert answer <= len(alone) and (END in alone[:answer] or answer < len(alone) or alone)
