"""Speculative decoding: exactly the target's text, on every path that a tiny model can take."""

from itertools import product

import numpy as np
import pytest
import torch

from moe_lesson.inference.generate import stream
from moe_lesson.lessons.lesson13.speculative import (
    Reader,
    accept,
    cut,
    drawing,
    kept_share,
    last_kept,
    one_round,
    speculate,
)
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral

V = 3


def table(seed):
    """Return a model of three words: probabilities after each word, and after each two."""
    rows = np.random.default_rng(seed).dirichlet(np.ones(V), size=(V, V))

    def model(ids, last):
        places = range(len(ids) - last, len(ids))
        return torch.tensor(np.array([rows[ids[at - 1], ids[at]] for at in places]))

    return model


def every_path(run):
    """Call ``run(decide)`` once for each way to decide; return [(probability, result)]."""
    ahead, found = [[]], []
    while ahead:
        path = Path(ahead.pop())
        found.append((run(path.decide), path.chance))
        ahead += path.others
    return [(chance, result) for result, chance in found]


class Path:
    """Decide as a script says, then take the first that can be, and note what else could."""

    def __init__(self, script):
        self.script, self.at, self.chance, self.others = script, 0, 1.0, []

    def decide(self, prob_V):
        if self.at == len(self.script):
            first, *rest = (n for n, share in enumerate(prob_V.tolist()) if share > 0)
            self.others += [[*self.script, other] for other in rest]
            self.script = [*self.script, first]
        self.at += 1
        self.chance *= prob_V[self.script[self.at - 1]].item()
        return self.script[self.at - 1]


@pytest.mark.parametrize("ahead", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_the_text_is_exactly_the_targets(ahead, seed):
    target, draft, start = table(seed), table(seed + 50), [0, 1]
    paths = every_path(lambda decide: speculate(target, draft, start, 2, ahead, decide).ids[2:4])
    assert sum(chance for chance, _ in paths) == pytest.approx(1, abs=1e-10)
    for pair in product(range(V), repeat=2):
        found = sum(chance for chance, ids in paths if tuple(ids) == pair)
        first, second = target(start, 1)[0][pair[0]], target([*start, pair[0]], 1)[0][pair[1]]
        assert found == pytest.approx((first * second).item(), abs=1e-10)


def test_another_rule_is_found_out():
    """Who keeps every guess says the draft's text: the enumeration must see that."""
    target, draft = table(0), table(50)
    paths = every_path(lambda decide: decide(draft([0, 1], 1)[0]))
    shares = [sum(chance for chance, token in paths if token == n) for n in range(V)]
    assert not np.allclose(shares, target([0, 1], 1)[0])


def test_tokens_a_round_follow_the_formula_with_the_bonus():
    """A draft whose every guess is kept with the same chance."""
    p_V, q_V = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.1, 0.9, 0.0])
    a = torch.minimum(p_V, q_V).sum().item()
    paths = every_path(
        lambda decide: one_round(
            lambda ids, n: p_V.repeat(n, 1), lambda ids, n: q_V.repeat(n, 1), [0], 3, decide
        )
    )
    mean = sum(chance * len(ids) for chance, ids in paths)
    assert mean == pytest.approx((1 - a**4) / (1 - a)) and a == pytest.approx(0.6)


@pytest.mark.parametrize("seed", range(5))
def test_kept_and_left_give_the_target(seed):
    p_V, q_V = (table(seed + n)([0, 1], 1)[0] for n in (0, 9))
    chance_V, left_V = accept(p_V, q_V)
    kept_V = q_V * chance_V
    assert torch.allclose(kept_V + (1 - kept_V.sum()) * left_V, p_V, atol=1e-12)


@pytest.fixture(scope="module")
def models():
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = Mixtral(TINY).double().eval()
        with torch.no_grad():
            for weight in model.parameters():
                if weight.dim() > 1:
                    weight.mul_(4)
        found.append(model)
    return found


@pytest.mark.parametrize("ahead", [1, 4])
def test_greedy_text_is_the_decoders(models, ahead):
    readers = [Reader(model, 0.0) for model in models]
    told = speculate(*readers, [5, 6, 7], 20, ahead, drawing(0))
    plain = [token.id_B.item() for token in stream(models[0], [[5, 6, 7]], 30, end=None)]
    assert told.ids[3:23] == plain[:20] and sum(told.rounds) == len(told.ids) - 3


def test_a_reader_cuts_what_two_texts_do_not_share(models):
    model = models[0]
    reader = Reader(model)
    for ids, last in (([5, 6, 7, 8], 1), ([5, 6, 9], 2), ([5, 6, 9], 1), ([4], 1)):
        with torch.no_grad():
            whole = model(torch.tensor([ids])).logits_BSV[0, -last:].softmax(-1)
        assert torch.allclose(reader(ids, last), whole, atol=1e-10)


def test_heat_flattens(models):
    cool, hot = (Reader(models[0], heat)([5, 6], 1).max() for heat in (0.5, 5.0))
    assert hot < cool


def test_cuts_keep_one_end_each(models):
    cache = models[0](torch.tensor([[5, 6, 7, 8]])).cache
    whole = cache.layers[1].value_BGPA
    assert torch.equal(cut(cache, 3).layers[1].value_BGPA, whole[:, :, :3])
    assert cut(cache, 0) is None and cut(cache, 3).seen == 3
    kept = last_kept(cache, 3, seen=4)
    assert torch.equal(kept.layers[1].value_BGPA, whole[:, :, 1:]) and kept.seen == 4


def test_kept_share_by_hand():
    # Rounds of 3 (all of 2 kept), 1 (refused at once), 2 (one kept, one refused).
    assert kept_share([3, 1, 2], ahead=2) == 3 / 5


def test_draws_follow_the_probabilities():
    draw = drawing(1)
    count = np.bincount([draw(torch.tensor([0.2, 0.8])) for _ in range(2000)])
    assert count[0] / 2000 == pytest.approx(0.2, abs=0.03)
