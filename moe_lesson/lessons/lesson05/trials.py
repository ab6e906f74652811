"""Train a Transformer with seats on whatever is drawn, and count who was left standing."""

import time
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from moe_lesson.models.likelihood import measuring
from moe_lesson.models.switch import SwitchTransformer
from moe_lesson.moe.balance import load, max_over_mean, switch_loss
from moe_lesson.training.settings import batch_at, chance_of, make_optimizer, set_rate

HIDDEN = 0.15  # of the tokens that an encoder must guess
SKIP = -100  # a target that asks nothing, as cross entropy has it
HELD_OUT = 64  # windows that are measured


class Task(NamedTuple):
    """Hold what a model reads and what it must answer.

    >>> Task(torch.tensor([[1, 2]]), torch.tensor([[2, SKIP]])).target_BS[0, 0].item()
    2

    Lesson 5.
    """

    id_BS: Tensor
    target_BS: Tensor  # ``SKIP`` where nothing is asked


def task_of(config, whole, generator):
    """Ask a decoder for each next token, an encoder for tokens that are hidden from it.

    Args:
        whole: ids, one position longer than what the model reads.
        generator: chooses the 15 % of positions that an encoder reads as the vocabulary's last id.

    >>> from moe_lesson.models.switch import SwitchConfig
    >>> whole = torch.tensor([[5, 6, 7]])
    >>> task_of(SwitchConfig(), whole, None).target_BS.tolist()
    [[6, 7]]

    Lesson 5.
    """
    read_BS = whole[:, :-1]
    if config.causal:
        return Task(read_BS, whole[:, 1:])
    is_hidden_BS = torch.rand(read_BS.shape, generator=generator) < HIDDEN
    hidden_BS = read_BS.masked_fill(is_hidden_BS, config.vocab_size - 1)
    return Task(hidden_BS, read_BS.masked_fill(~is_hidden_BS, SKIP))


def nats_of(model, task):
    """Compute the mean cross entropy of what is asked, in nats, and the whole output.

    >>> from moe_lesson.models.switch import SwitchConfig
    >>> model = SwitchTransformer(SwitchConfig(vocab_size=4)).requires_grad_(False)
    >>> _ = model.unembed.weight.zero_()
    >>> id_BS = torch.tensor([[1, 2]])
    >>> round(nats_of(model, Task(id_BS, id_BS))[0].item(), 3)  # log(4)
    1.386

    Lesson 5.
    """
    output = model(task.id_BS)
    logits = output.logits_BSV.flatten(0, 1)
    return F.cross_entropy(logits, task.target_BS.flatten(), ignore_index=SKIP), output


def dropped_share(output):
    """Count the visits that were asked for and found no seat, over all sparse blocks.

    Returns:
        A share: 0 when everybody sits, 1 when nobody does.

    >>> from moe_lesson.models.switch import SeatedOutput
    >>> dropped_share(SeatedOutput(None, [], []))
    0.0

    Lesson 5.
    """
    asked = sum(int((each.expert_TK < each.logits_TE.shape[1]).sum()) for each in output.routings)
    seated = sum(len(each.token_R) for each in output.plans)
    return 1 - seated / asked if asked else 0.0


class Trained(NamedTuple):
    """Hold a trained model and how its training went.

    >>> Trained._fields
    ('model', 'nats', 'dropped', 'seconds')

    Lesson 5.
    """

    model: SwitchTransformer
    nats: list  # of each step's batch
    dropped: list  # share of the visits of each step
    seconds: float  # of the processor


def train_seated(config, draw, settings):
    """Train from the settings' seed: AdamW, warm-up and cosine, the Switch loss.

    Args:
        draw: called with the number of the step; returns a Task.

    Returns:
        Trained.

    >>> from moe_lesson.models.switch import SwitchConfig
    >>> config = SwitchConfig(vocab_size=8)
    >>> from moe_lesson.training.settings import Settings
    >>> settings = Settings(steps=2, batch=2, length=4)
    >>> len(train_seated(config, coins(config, settings), settings).nats)
    2

    Lesson 5.
    """
    torch.manual_seed(settings.seed)
    model = SwitchTransformer(config)
    optimizer, nats, dropped = make_optimizer(model, settings), [], []
    began = time.process_time()
    for step in range(settings.steps):
        set_rate(optimizer, step, settings)
        loss, output = nats_of(model, draw(step))
        balance = 0.0
        if config.router != "expert choice":  # which is even by design
            first = config.router == "GShard"
            balance = settings.balance_weight * switch_loss(output.routings, first_choice=first)
        optimizer.zero_grad()
        (loss + balance).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimizer.step()
        nats.append(loss.item())
        dropped.append(dropped_share(output))
    return Trained(model, nats, dropped, time.process_time() - began)


def coins(config, settings):
    """Draw independent, uniform tokens, new ones at every step: nothing predicts them.

    Returns:
        A function from step to Task. Steps from ``settings.steps`` on were never trained on.

    >>> from moe_lesson.models.switch import SwitchConfig
    >>> from moe_lesson.training.settings import Settings
    >>> coins(SwitchConfig(vocab_size=8), Settings(batch=2, length=4))(0).id_BS.shape
    torch.Size([2, 4])

    Lesson 5.
    """

    def draw(step):
        shape, chance = (settings.batch, settings.length + 1), chance_of(step, settings)
        return task_of(config, torch.randint(config.vocab_size, shape, generator=chance), None)

    return draw


def reading(config, text, settings):
    """Draw windows of a text.

    Returns:
        A function from step to Task.

    >>> from moe_lesson.models.switch import SwitchConfig
    >>> from moe_lesson.text.tokenizer import Text
    >>> from moe_lesson.training.settings import Settings
    >>> text = Text(torch.arange(99), torch.ones(99))
    >>> reading(SwitchConfig(), text, Settings(batch=2, length=4))(0).id_BS.shape
    torch.Size([2, 4])

    Lesson 5.
    """

    def draw(step):
        return task_of(config, batch_at(text, step, settings), chance_of(step, settings))

    return draw


class Measured(NamedTuple):
    """Hold what a model does on tasks it was not trained on.

    >>> Measured(1.0, 0.0, 1.0).dropped
    0.0

    Lesson 5.
    """

    nats: float  # a token that was asked for
    dropped: float  # share of the visits
    busiest: float  # visits asked of the busiest expert over the mean; worst block


def measure_seated(model, tasks):
    """Measure a model in evaluation.

    Args:
        tasks: Tasks of equal sizes.

    Returns:
        Measured, averaged over tasks.

    >>> from moe_lesson.models.switch import SwitchConfig
    >>> model = SwitchTransformer(SwitchConfig(vocab_size=8))
    >>> measure_seated(model, [Task(torch.ones(1, 4).long(), torch.ones(1, 4).long())]).dropped
    0.0

    Lesson 5.
    """
    found = []
    with measuring(model):
        for task in tasks:
            nats, output = nats_of(model, task)
            busy = max(max_over_mean(load(each)).item() for each in output.routings)
            found.append((nats.item(), dropped_share(output), busy))
    return Measured(*(sum(each) / len(found) for each in zip(*found)))


def held_out(config, text, windows=HELD_OUT, batch=16):
    """Cut the beginning of a text into windows, the same for every model of one kind.

    Returns:
        A list of Tasks.

    >>> from moe_lesson.models.switch import SwitchConfig
    >>> from moe_lesson.text.tokenizer import Text
    >>> tasks = held_out(SwitchConfig(), Text(torch.arange(330), torch.ones(330)), 10, batch=5)
    >>> len(tasks), tasks[0].id_BS.shape
    (2, torch.Size([5, 32]))

    Lesson 5.
    """
    length, generator = config.context_len, torch.Generator().manual_seed(0)
    place = torch.arange(windows)[:, None] * length + torch.arange(length + 1)
    return [task_of(config, part, generator) for part in text.id_T[place].split(batch)]
