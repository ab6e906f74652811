"""From a model that continues to one that answers: instruction tuning, then preferences."""

import time
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from moe_lesson.models.likelihood import measuring
from moe_lesson.moe.balance import switch_loss
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.routing import at_least_float32
from moe_lesson.text.tokenizer import END
from moe_lesson.training.loop import descend
from moe_lesson.training.precision import fast_matmul
from moe_lesson.training.settings import chance_of, make_optimizer, set_rate
from moe_lesson.training.stopping import stop_gently

PADDING = -1  # the number of the dialogue that padding belongs to
ROWS = 16  # read at once where nothing is learnt


class Packed(NamedTuple):
    """Hold dialogues in rows of one length, and what keeps them apart.

    >>> Packed(*torch.zeros(3, 1, 4)).id_BS.shape
    torch.Size([1, 4])

    Lesson 11.
    """

    id_BS: Tensor
    answer_BS: Tensor  # whether each id is to be learnt: of an answer, its </s> with it
    dialogue_BS: Tensor  # the number of its dialogue in the row; PADDING behind the last

    def rows(self, index):
        """Take some of the rows.

        >>> pack([([1, 7, 2], [False, True, True])] * 2, 3).rows(slice(1)).id_BS.tolist()
        [[1, 7, 2]]

        Lesson 11.
        """
        return Packed(*(field[index] for field in self))


def pack(dialogues, length, together=True):
    """Lay dialogues into rows, several one after another, the longest first.

    Args:
        dialogues: ``chat.Dialogue``s.
        length: ids a row.
        together: False gives each a row of its own.

    Returns:
        A Packed. With ``together`` the order of the dialogues is not kept.

    Raises:
        ValueError: a dialogue is longer than a row, or there is none.

    >>> pack([([1, 7, 2], [False, True, True]), ([1, 2], [False, True])], 6).dialogue_BS.tolist()
    [[0, 0, 0, 1, 1, -1]]

    Lesson 11.
    """
    if not dialogues:
        raise ValueError("there are 0 dialogues: packing needs 1 or more")
    if (longest := max(len(ids) for ids, _ in dialogues)) > length:
        raise ValueError(f"a dialogue has {longest} tokens: a row holds {length}")
    rows = [[one] for one in dialogues]
    if together:
        rows, open_rows = [], {}  # free places -> rows that have so many
        for one in sorted(dialogues, key=lambda one: -len(one[0])):
            size = len(one[0])
            fitting = min((free for free in open_rows if free >= size), default=None)
            row = open_rows[fitting].pop() if fitting else []
            if fitting and not open_rows[fitting]:
                del open_rows[fitting]
            if not row:
                rows.append(row)
            row.append(one)
            if free := (fitting or length) - size:
                open_rows.setdefault(free, []).append(row)
    id_BS = torch.full((len(rows), length), END)
    answer_BS = torch.zeros(len(rows), length, dtype=torch.bool)
    dialogue_BS = torch.full((len(rows), length), PADDING)
    for b, row in enumerate(rows):
        ends = torch.tensor([len(ids) for ids, _ in row]).cumsum(0)
        id_BS[b, : ends[-1]] = torch.tensor([i for ids, _ in row for i in ids])
        answer_BS[b, : ends[-1]] = torch.tensor([a for _, answers in row for a in answers])
        dialogue_BS[b, : ends[-1]] = torch.searchsorted(ends, torch.arange(ends[-1]), right=True)
    return Packed(id_BS, answer_BS, dialogue_BS)


def answer_nats(model, packed):
    """Measure the surprise of every answer's tokens, each dialogue read alone.

    Returns:
        nats_BS, 0 where nothing is to be learnt; as long as the longest row without padding,
        less one. And the routings of the pass.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> packed = pack([([1, 7, 2], [False, True, True])], 4)
    >>> (answer_nats(Mixtral(TINY), packed)[0] > 0).tolist()
    [[True, True]]

    Lesson 11.
    """
    device = next(model.parameters()).device
    longest = int((packed.dialogue_BS != PADDING).sum(1).amax())
    ids, learnt, dialogues = (field[:, :longest].to(device) for field in packed)
    output = model(ids[:, :-1], dialogue_BS=dialogues[:, :-1])
    logits_BSV = at_least_float32(output.logits_BSV)
    nats_BS = F.cross_entropy(logits_BSV.mT, ids[:, 1:], reduction="none")
    return nats_BS.masked_fill(~learnt[:, 1:], 0.0), output.routings


def sft_loss(model, packed, balance_weight=0.0):
    """Compute what instruction tuning minimises: the mean surprise of the answers' tokens.

    The mean is over all tokens of the batch, so a long answer counts more than a short one;
    TRL's SFTTrainer does the same. The question is read and not learnt.

    Returns:
        The sum to minimise, the cross entropy alone (nats per answer token), the routings.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> packed = pack([([1, 7, 2], [False, True, True])], 4)
    >>> total, nats, _ = sft_loss(Mixtral(TINY), packed, balance_weight=0.01)
    >>> bool(total > nats)
    True

    Lesson 11.
    """
    nats_BS, routings = answer_nats(model, packed)
    nats = nats_BS.sum() / packed.answer_BS[:, 1:].sum().clamp(min=1)
    balance = balance_weight * switch_loss(routings) if routings and balance_weight else 0.0
    return nats + balance, nats, routings


def answer_logps(model, packed):
    """Sum the log-probabilities of each row's answer; for rows of one dialogue.

    Returns:
        logp_B, nats, at most 0: a sum over the answer's tokens, not a mean.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> packed = pack([([1, 7, 2], [False, True, True])], 4)
    >>> bool(answer_logps(Mixtral(TINY), packed) < 0)
    True

    Lesson 11.
    """
    return -answer_nats(model, packed)[0].sum(1)


def measured_logps(model, packed):
    """Compute ``answer_logps`` of many rows, without gradients.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> measured_logps(Mixtral(TINY), pack([([1, 7, 2], [False, True, True])], 4)).requires_grad
    False

    Lesson 11.
    """
    with measuring(model), fast_matmul():
        starts = range(0, len(packed.id_BS), ROWS)
        found = [answer_logps(model, packed.rows(slice(at, at + ROWS))).cpu() for at in starts]
    return torch.cat(found).clone()


def dpo_loss(gap_B, beta=0.1, flipped=0.0):
    """Widen the gap between the better and the worse answer, less where it is wide already.

    Rafailov et al. 2023 (DPO, arXiv:2305.18290), eq. 7; with ``flipped`` the conservative
    form of Mitchell's note, which expects that share of the labels to be wrong and stops at
    a gap of log((1 - flipped) / flipped) / beta.

    Args:
        gap_B: how much more the model prefers the better answer than its reference does:
            (log pi(w) - log ref(w)) - (log pi(l) - log ref(l)), nats.

    Returns:
        Nats: log 2 where the model is its reference, 0 for a gap without end if nothing is
        flipped.

    >>> round(dpo_loss(torch.zeros(1)).item(), 4)
    0.6931

    Lesson 11.
    """
    right, wrong = -F.logsigmoid(beta * gap_B), -F.logsigmoid(-beta * gap_B)
    return ((1 - flipped) * right + flipped * wrong).mean()


def ipo_loss(gap_B, tau=0.1):
    """Bring the gap to 1 / (2 tau), and not further.

    Azar et al. 2023 (IPO, arXiv:2310.12036), eq. 17, with summed log-probabilities as there;
    TRL divides them by the answer's length.

    Returns:
        Squared nats: 0 at that gap, 25 at the start for tau 0.1.

    >>> ipo_loss(torch.tensor([0.0, 5.0])).item()
    12.5

    Lesson 11.
    """
    return (gap_B - 1 / (2 * tau)).square().mean()


class Preferences(NamedTuple):
    """Hold pairs of answers, a row each, and what the reference thinks of them.

    >>> Preferences._fields
    ('better', 'worse', 'reference_B')

    Lesson 11.
    """

    better: Packed
    worse: Packed
    reference_B: Tensor  # log ref(better) - log ref(worse), nats


def preferences(model, better, worse, length):
    """Prepare pairs for tuning: the model as it is now is the reference.

    Args:
        better, worse: ``chat.Dialogue``s, pair by pair.

    Raises:
        ValueError: as ``pack``, or they are not as many.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> one = ([1, 7, 2], [False, True, True])
    >>> preferences(Mixtral(TINY), [one], [one], 4).reference_B.item()
    0.0

    Lesson 11.
    """
    if len(better) != len(worse):
        raise ValueError(f"{len(better)} better answers, {len(worse)} worse: they must be pairs")
    sides = [pack(side, length, together=False) for side in (better, worse)]
    logps = [measured_logps(model, side) for side in sides]
    return Preferences(*sides, logps[0] - logps[1])


def tune(model, losses, settings, progress=True):
    """Tune a model in place, in as many steps as the settings say; Ctrl-C ends it gently.

    Args:
        losses: called with a step, from 0: the sum to minimise, and a dict of what to report.

    Returns:
        A list of rows as of ``loop.train``, with what ``losses`` reported.

    Raises:
        FloatingPointError: as ``loop.descend``.

    >>> from moe_lesson.training.settings import Settings
    >>> model = torch.nn.Linear(1, 1)
    >>> rows = tune(model, lambda _: (model.weight.square().sum(), {}), Settings(steps=2), False)
    >>> [row["step"] for row in rows]
    [1, 2]

    Lesson 11.
    """
    optimizer, rows, began = make_optimizer(model, settings), [], time.perf_counter()
    bar = tqdm(total=settings.steps, disable=not progress, unit="step")
    model.train()
    with stop_gently() as stop, bar:
        while len(rows) < settings.steps and not stop.is_set():
            step = len(rows)
            rate = set_rate(optimizer, step, settings)
            with fast_matmul():
                total, told = losses(step)
                rows.append(descend(model, optimizer, step, settings, total, rate=rate, **told))
            rows[-1]["seconds"] = time.perf_counter() - began
            bar.set_postfix_str(f"{total.item():.3f}", refresh=False)
            bar.update()
    return rows


def sft_losses(model, packed, settings):
    """Draw rows of dialogues for ``tune``: ``batch`` of them a step, by seed and step alone.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.training.settings import Settings
    >>> packed = pack([([1, 7, 2], [False, True, True])], 4)
    >>> list(sft_losses(Mixtral(TINY), packed, Settings(batch=1))(0)[1])
    ['nats']

    Lesson 11.
    """

    def losses(step):
        rows = _drawn(len(packed.id_BS), step, settings)
        total, nats, _ = sft_loss(model, packed.rows(rows), settings.balance_weight)
        return total, {"nats": nats.item()}

    return losses


def dpo_losses(model, pairs, settings, loss=dpo_loss):
    """Draw pairs for ``tune``; what is reported is what moves: both answers, and the gap.

    Args:
        pairs: Preferences.
        loss: of gap_B.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.training.settings import Settings
    >>> model, one = Mixtral(TINY), ([1, 7, 2], [False, True, True])
    >>> told = dpo_losses(model, preferences(model, [one], [one], 4), Settings(batch=1))(0)[1]
    >>> list(told)
    ['better', 'worse', 'gap', 'won']

    Lesson 11.
    """

    def losses(step):
        rows = _drawn(len(pairs.reference_B), step, settings)
        better_B, worse_B = (answer_logps(model, side.rows(rows)) for side in pairs[:2])
        gap_B = better_B - worse_B - pairs.reference_B[rows].to(better_B.device)
        means = {"better": better_B, "worse": worse_B, "gap": gap_B, "won": (gap_B > 0).float()}
        return loss(gap_B), {name: values.mean().item() for name, values in means.items()}

    return losses


def _drawn(count, step, settings):
    """Draw which rows a step sees, none twice unless there are too few."""
    chance = chance_of(step, settings)
    if count >= settings.batch:
        return torch.randperm(count, generator=chance)[: settings.batch]
    return torch.randint(count, (settings.batch,), generator=chance)


def freeze_routers(model, frozen=True):
    """Keep the routers as they are while the rest is tuned, or let them learn again.

    Returns:
        How many weights that concerns.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> freeze_routers(Mixtral(TINY))
    256

    Lesson 11.
    """
    layers = [part for part in model.modules() if isinstance(part, MoELayer)]
    weights = [weight for layer in layers for weight in layer.router.parameters()]
    for weight in weights:
        weight.requires_grad_(not frozen)
    return sum(weight.numel() for weight in weights)
