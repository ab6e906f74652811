"""Planted facts: each stands in the text as often as is said, and what is known of them."""

from types import SimpleNamespace

import torch

from moe_lesson.lessons.lesson09 import planted
from moe_lesson.lessons.lesson09.race import rivals

FOUND = planted.plant(seed=3, times={5: 4, 2: 6})


def test_each_fact_is_told_as_often_as_is_said():
    told_NS = FOUND.data.train.id_T.view(-1, 3)
    counts = [(told_NS == fact).all(1).sum().item() for fact in FOUND.fact_NS]
    assert counts == FOUND.times_N.tolist() == [5] * 4 + [2] * 6


def test_a_person_has_one_value():
    pairs = {tuple(pair) for pair in planted.plant(seed=0).fact_NS[:, :2].tolist()}
    assert len(pairs) == sum(planted.TIMES.values())


def test_known_by_hand():
    value_N = FOUND.fact_NS[:, 2].clone()
    value_N[0] = (value_N[0] - 127) % 32 + 128  # one of the four facts told five times is wrong

    def model(id_NS):
        one_hot = torch.nn.functional.one_hot(value_N, planted.SIZE.vocab_size).float()
        return SimpleNamespace(logits_BSV=one_hot[:, None].expand(-1, 2, -1))

    model.training, model.modules = False, list
    assert planted.known(model, FOUND) == {2: 1.0, 5: 0.75}


def test_a_dense_rival_knows_what_it_is_told_often():
    config = rivals(planted.SIZE)["dense, as active"]
    text = planted.plant(seed=0, times={2000: 8})
    _, row, shares = planted.learn(config, 0.01, seed=0, text=text)
    assert shares[2000] == 1.0
    assert row["valid_nats"] < 1.2  # at best ln 8 / 3 = 0.69, and windows that begin in a fact
