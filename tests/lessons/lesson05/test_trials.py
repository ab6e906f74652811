"""What models with seats read and answer, and how those left standing are counted."""

import math
from dataclasses import replace

import torch

from moe_lesson.lessons.lesson05.trials import (
    SKIP,
    Task,
    coins,
    dropped_share,
    held_out,
    measure_seated,
    nats_of,
    reading,
    task_of,
    train_seated,
)
from moe_lesson.models.switch import SeatedOutput, SwitchConfig, SwitchTransformer
from moe_lesson.moe.dispatch import Plan
from moe_lesson.moe.routing import Routing
from moe_lesson.text.tokenizer import Text
from moe_lesson.training.settings import Settings

TINY = SwitchConfig(dim=8, n_layers=2, n_heads=1, hidden_dim=8, vocab_size=9, context_len=4)
BRIEF = Settings(steps=3, batch=4, length=4, warmup=1, weight_decay=0.0)
NOTES = Text(torch.arange(40) % 8, torch.ones(40))


def test_an_encoder_reads_the_mask_where_it_is_asked_and_nowhere_else():
    config = replace(TINY, causal=False)
    whole = torch.arange(40).view(8, 5) % 8
    task = task_of(config, whole, torch.Generator().manual_seed(0))
    asked = task.target_BS != SKIP
    assert 0 < asked.sum() < 16 and (task.id_BS[asked] == 8).all()
    assert torch.equal(task.target_BS[asked], whole[:, :-1][asked])
    assert torch.equal(task.id_BS[~asked], whole[:, :-1][~asked])


def test_nats_count_only_what_is_asked():
    """One target of two; the other's logits may be anything."""
    torch.manual_seed(0)
    model = SwitchTransformer(TINY)
    id_BS = torch.tensor([[1, 2]])
    nats, output = nats_of(model, Task(id_BS, torch.tensor([[3, SKIP]])))
    expected = -output.logits_BSV[0, 0].log_softmax(-1)[3]
    assert torch.allclose(nats, expected)


def test_dropped_visits_by_hand():
    """Six visits asked in two blocks, one of them not made; three rows sit: 2 of 5 dropped."""
    asked = Routing(torch.zeros(3, 2), torch.ones(3, 1), torch.tensor([[0], [1], [0]]))
    unmade = asked._replace(expert_TK=torch.tensor([[0], [2], [0]]), has_unfilled=True)
    visits = [Plan(torch.zeros(n), torch.ones(n), torch.tensor([n, 0])) for n in (2, 1)]
    assert abs(dropped_share(SeatedOutput(None, [asked, unmade], visits)) - 2 / 5) < 1e-12


def test_training_repeats_itself_and_lowers_the_loss():
    steps = replace(BRIEF, steps=40, learning_rate=0.01)
    draw = reading(TINY, NOTES, steps)
    runs = [train_seated(TINY, draw, steps) for _ in range(2)]
    assert runs[0].nats == runs[1].nats and runs[0].nats[-1] < 0.5 * runs[0].nats[0]
    other = train_seated(TINY, draw, replace(steps, seed=1))
    assert other.nats[0] != runs[0].nats[0]


def test_coins_are_new_at_every_step_and_the_same_for_a_seed():
    draw = coins(TINY, BRIEF)
    assert torch.equal(draw(1).id_BS, draw(1).id_BS)
    assert not torch.equal(draw(1).id_BS, draw(2).id_BS)
    assert not torch.equal(draw(1).id_BS, coins(TINY, replace(BRIEF, seed=1))(1).id_BS)
    many = coins(TINY, replace(BRIEF, batch=2000))(0)
    share_V = many.id_BS.flatten().bincount(minlength=9) / many.id_BS.numel()
    assert (share_V - 1 / 9).abs().max() < 0.02
    assert torch.equal(many.id_BS[:, 1:], many.target_BS[:, :-1])


def test_measuring_uses_the_seats_of_evaluation_and_leaves_training_on():
    config = replace(TINY, num_experts=2, capacity=0.5, eval_capacity=None)
    model = SwitchTransformer(config)
    tasks = held_out(config, NOTES, windows=4, batch=2)
    found = measure_seated(model, tasks)
    assert found.dropped == 0 and 1 <= found.busiest <= 2 and model.training
    assert dropped_share(model(tasks[0].id_BS)) > 0
    assert abs(found.nats - math.log(9)) < 1.5
