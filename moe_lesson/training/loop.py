"""From a text to a trained model: AdamW, one progress bar, plain numbers."""

import math
import time

import torch
import torch.nn.functional as F
from tqdm.auto import tqdm

from moe_lesson.models.likelihood import evaluate
from moe_lesson.moe.balance import load, switch_loss, z_loss
from moe_lesson.moe.routing import at_least_float32
from moe_lesson.training import resume
from moe_lesson.training.checks import check_same, check_start, fingerprint
from moe_lesson.training.precision import fast_matmul
from moe_lesson.training.settings import batch_at, make_optimizer, set_rate
from moe_lesson.training.stopping import stop_gently


def losses(model, id_BS, settings, join=None):
    """Compute what training minimises, and what it reports.

    Args:
        join: as in ``balance.switch_loss``, where this batch is part of a larger one.

    Returns:
        The sum to minimise; the cross entropy alone (nats per token); the routings.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.training.settings import Settings
    >>> total, nats, _ = losses(Mixtral(TINY), torch.zeros(1, 9, dtype=torch.long), Settings())
    >>> bool(total > nats)
    True

    Lesson 9.
    """
    device = id_BS.device.type
    narrow = device == "cuda" or torch.is_autocast_enabled(device)  # or the caller asked for it
    with torch.autocast(device, torch.bfloat16, enabled=narrow):
        output = model(id_BS[:, :-1])
    logits = at_least_float32(output.logits_BSV.flatten(0, 1))
    nats = F.cross_entropy(logits, id_BS[:, 1:].flatten())
    total = nats + output.auxiliary
    if output.routings:
        total = total + settings.balance_weight * switch_loss(output.routings, join=join)
        total = total + settings.z_weight * z_loss(output.routings)
    return total, nats, output.routings


def train(model, data, settings, folder=None, progress=True, watch=None):
    """Train a model in place; stop early, resume and report without losing anything.

    Ctrl-C (or Jupyter's stop button) ends it after the running step: the model is usable
    and the rows so far are returned. With a ``folder`` the state is saved there as it goes;
    called again with the same folder it goes on, and a run that was killed continues to
    exactly the losses of one that was not (same machine, same threads): with another text,
    model or settings it is refused.

    Args:
        data: a ``text.tokenizer.Data``.
        folder: where to keep the state; None keeps nothing.
        watch: called after every step with its row; the model may be looked at then.

    Returns:
        A list of rows, one a step: ``step`` (counted from 1), ``tokens``, ``seconds``,
        ``nats`` (of the batch, per token), ``norm`` (of the gradient), ``rate``, ``load``
        (share of visits by layer and expert); every ``measure_every`` steps and at the end
        also ``valid_nats`` and ``valid_bits`` (per byte).

    Raises:
        FloatingPointError: the loss or its gradient is not a finite number; the weights are
            those before that step.
        ValueError: the folder holds another run, or as ``check_start``: before the first step.
        OSError: the disk is full; the last state that was saved stays.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import Data, Text
    >>> from moe_lesson.training.settings import Settings
    >>> text = Text(torch.arange(300), torch.ones(300, dtype=torch.long))
    >>> settings = Settings(steps=2, batch=2, length=16)
    >>> rows = train(Mixtral(TINY), Data(text, text), settings, progress=False)
    >>> [row["step"] for row in rows]
    [1, 2]

    Lesson 9.
    """
    check_start(model, data, settings, folder)
    optimizer, kept = make_optimizer(model, settings), None
    about = fingerprint(model, data, settings) if folder is not None else {}
    rows = take_up(folder, model, optimizer, about)
    bar = tqdm(total=settings.steps, initial=len(rows), disable=not progress, unit="step")
    model.train()
    with stop_gently() as stop, bar:
        for step in range(len(rows), settings.steps):
            with fast_matmul():
                row = _step(model, optimizer, data.train, step, settings)
            row["seconds"] += rows[-1]["seconds"] if rows else 0.0
            # Asked once: a Ctrl-C from here on ends the next step, measured and saved as well.
            stopped = stop.is_set()
            last = step + 1 == settings.steps or stopped
            if last or (step + 1) % settings.measure_every == 0:
                row |= measure(model, data.valid, settings)
            rows.append(row)
            if watch:
                watch(row)
            speed = row["tokens"] / row["seconds"]
            bar.set_postfix_str(f"{row['nats']:.3f} nats, {speed:,.0f} tokens/s", refresh=False)
            bar.update()
            if folder is not None and (last or (step + 1) % settings.save_every == 0):
                numbers = about | {"rows": rows}
                kept = resume.save_state(folder, model, optimizer, numbers, kept)
            if stopped:
                break
    return rows


def _step(model, optimizer, text, step, settings):
    """Do one step of training and say what happened."""
    began = time.perf_counter()
    rate = set_rate(optimizer, step, settings)
    id_BS = batch_at(text, step, settings).to(next(model.parameters()).device)
    total, nats, routings = losses(model, id_BS, settings)
    row = descend(model, optimizer, step, settings, total, nats=nats.item(), rate=rate)
    row["load"] = [load(routing).tolist() for routing in routings]
    return row | {"seconds": time.perf_counter() - began}


def descend(model, optimizer, step, settings, total, **told):
    """Change the weights by one step down a loss, its gradient clipped; say what happened.

    Args:
        step: from 0.
        total: the loss, with its graph.
        told: what else the row reports, ``rate`` among it.

    Returns:
        A row, as of ``row_of``.

    Raises:
        FloatingPointError: as ``row_of``; the weights are those before.

    >>> from moe_lesson.training.settings import Settings, make_optimizer
    >>> model, settings = torch.nn.Linear(1, 1), Settings()
    >>> optimizer, loss = make_optimizer(model, settings), model.weight.square().sum()
    >>> descend(model, optimizer, 0, settings, loss, rate=0.1)["step"]
    1

    Lesson 9.
    """
    optimizer.zero_grad()
    total.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip).item()
    row = row_of(step, settings, total.item(), norm=norm, **told)
    optimizer.step()
    return row


def row_of(step, settings, total, **told):
    """Make a step's numbers a row, before the weights change: a step that failed leaves them.

    Args:
        step: from 0.
        total: what the step minimised.
        told: ``nats``, ``norm`` (of the gradient) and ``rate``.

    Raises:
        FloatingPointError: the loss or the gradient's norm is no finite number.

    >>> from moe_lesson.training.settings import Settings
    >>> row_of(1, Settings(batch=2, length=8), 2.0, nats=2.0, norm=1.0, rate=0.1)
    {'step': 2, 'tokens': 32, 'nats': 2.0, 'norm': 1.0, 'rate': 0.1}

    Lesson 9.
    """
    if not (math.isfinite(told["norm"]) and math.isfinite(total)):
        raise FloatingPointError(
            f"step {step + 1}: loss {total}, gradient norm {told['norm']}, both must be finite; "
            f"the weights are those before it (learning rate {told['rate']:.2g}, try a lower one)"
        )
    return {"step": step + 1, "tokens": (step + 1) * settings.batch * settings.length} | told


def measure(model, text, settings):
    """Measure on the start of a held-out text, as the settings say.

    Returns:
        ``valid_nats`` per token and ``valid_bits`` per byte, of a row.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import Text
    >>> from moe_lesson.training.settings import Settings
    >>> text = Text(torch.arange(300), torch.ones(300, dtype=torch.long))
    >>> list(measure(Mixtral(TINY), text, Settings(length=16)))
    ['valid_nats', 'valid_bits']

    Lesson 9.
    """
    limit = settings.measure_tokens + 1
    score = evaluate(model, text, settings.length, settings.batch, limit)
    return {"valid_nats": score.nats, "valid_bits": score.bits}


def take_up(folder, model, optimizer, about):
    """Go on from what the folder holds, if it holds anything.

    Args:
        about: a ``checks.fingerprint``.

    Returns:
        The rows so far; [] where the folder is new, or None.

    Raises:
        ValueError: the folder holds another run.

    >>> take_up(None, None, None, {})
    []

    Lesson 9.
    """
    if folder is not None:
        resume.make_place(folder)
    if folder is None or not resume.has_state(folder):
        return []
    check_same(folder, resume.peek(folder), about)  # before it changes the model
    return _checked_rows(folder, resume.load_state(folder, model, optimizer).get("rows"))


def _checked_rows(folder, rows):
    """Refuse rows that ``train`` did not write."""
    kinds = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    if not kinds or [row.get("step") for row in rows] != list(range(1, len(rows) + 1)):
        raise ValueError(f"{folder} holds a state whose rows are not those of a run, step by step")
    return rows
