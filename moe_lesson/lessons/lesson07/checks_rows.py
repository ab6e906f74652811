"""Check what carries rows: an exchange among ranks in one process, and the way home."""

import torch

from moe_lesson.study.checks import (
    demand,
    exercise,
    near,
    no_mistake,
    tensor_of,
    untouched,
)

SENT = torch.tensor([[1, 2, 0], [0, 1, 1], [3, 0, 1]])
COME = torch.tensor([[1, 2], [2, 1], [3, 1]])  # rows from each rank for each expert here


def _rows(sent):
    """Make each rank's rows: row i of rank r holds 10 r + i and its negative."""
    return [
        torch.stack([10.0 * rank + torch.arange(n), -10.0 * rank - torch.arange(n)], 1)
        for rank, n in enumerate(sent.sum(1).tolist())
    ]


@exercise("each rank gets its part of everybody's rows, in the order of the senders.")
def all_to_all(answer):
    """Check ``answer(rows, sent)``: what each rank has after the exchange.

    >>> def ours(rows, sent):
    ...     parts = [each.split(row.tolist()) for each, row in zip(rows, sent)]
    ...     return [torch.cat(part) for part in zip(*parts)]
    >>> all_to_all(ours)
    correct: each rank gets its part of everybody's rows, in the order of the senders.

    Lesson 7.
    """
    rows = _rows(SENT)
    given = _exchanged(answer, rows, SENT, "3 ranks with 3, 2 and 4 rows")
    _no_known_mistake(given, rows)
    _demand_rows(given, rows, SENT)
    sent = torch.tensor([[0, 2], [1, 1]])
    rows = [torch.cat([each, 1 - each[:, :1]], 1) for each in _rows(sent)]
    when = "2 ranks with 2 rows each, 3 numbers wide"
    _demand_rows(_exchanged(answer, rows, sent, when), rows, sent, f"{when}: ")


def _exchanged(answer, rows, sent, when):
    """Call the reader's function and demand a tensor for each rank."""
    hint = "rows[r].split(sent[r].tolist()) cuts rank r's rows by whom they are for"
    given = untouched(answer, list(rows), sent.clone(), when=when, hint=hint)
    is_list = isinstance(given, (list, tuple))
    said = f"{len(given)} parts" if is_list else f"a {type(given).__name__}"
    demand(
        is_list and len(given) == len(sent),
        f"{when}: return a list of {len(sent)} tensors, not {said}",
    )
    for each in given:
        demand(isinstance(each, torch.Tensor), f"a rank gets a {type(each).__name__}, no tensor")
    return given


def _demand_rows(given, rows, sent, when=""):
    """Demand the rows that each rank must get, and show the first column that differs."""
    right = [torch.cat(part) for part in zip(*_parts(rows, sent))]
    shapes, wanted = ([tuple(one.shape) for one in each] for each in (given, right))
    demand(shapes == wanted, f"{when}the ranks get rows of shapes {shapes}: it must be {wanted}")
    for rank, (found, each) in enumerate(zip(given, right)):
        found = tensor_of(found, each.shape, f"{when}what rank {rank} gets")
        for column, (one, other) in enumerate(zip(found.T, each.T)):
            said = f"{when}column {column} of rank {rank}'s rows is {one.tolist()}"
            demand(near(one, other), f"{said}: it must be {other.tolist()}")


def _parts(rows, sent):
    """Cut each rank's rows by whom they are for."""
    return [each.split(row.tolist()) for each, row in zip(rows, sent)]


def _no_known_mistake(given, rows):
    """Name the mistake that gives just these rows."""
    parts = _parts(rows, SENT)
    mistakes = {
        "nothing moved: every rank still has its own rows": rows,
        "the last sender's rows come first: ranks come in order, 0, 1, 2": [
            torch.cat(part[::-1]) for part in zip(*parts)
        ],
        "rank r's parts were put together again: take part r of every rank": [
            torch.cat(part[::-1]) for part in parts
        ],
        "rows that stay at home belong to the result too": [
            torch.cat([one for sender, one in enumerate(part) if sender != rank])
            for rank, part in enumerate(zip(*parts))
        ],
        "everybody gets everything: a rank gets only the rows that are for it": [
            torch.cat(rows) for _ in rows
        ],
        "you cut into equal parts: sent says how many rows each rank gets": [
            torch.cat(part) for part in zip(*(each.tensor_split(3) for each in rows))
        ],
        "whole ranks were handed on: cut them first, a part for each rank": [
            rows[rank - 1] for rank in range(3)
        ],
        "you cut by columns of sent, what a rank gets: cut by rows, what it sends": _cut_wrongly(
            rows
        ),
    }
    for message, wrong in mistakes.items():
        demand(not _same(given, wrong), message)


def _cut_wrongly(rows):
    """Cut everybody's rows by how many rows the ranks send *to* them."""
    parts = []
    for rank, each in enumerate(rows):
        counts = SENT[:, rank].tolist()
        ends = torch.tensor(counts).cumsum(0).clamp(max=len(each)).tolist()
        parts.append([each[a:b] for a, b in zip([0, *ends], ends)])
    return [torch.cat(part) for part in zip(*parts)]


def _same(given, wrong):
    """Tell whether two lists hold the same tensors."""
    return len(given) == len(wrong) and all(
        isinstance(one, torch.Tensor) and one.shape == other.shape and near(one, other)
        for one, other in zip(given, wrong)
    )


@exercise("every answer stands where its row came in.")
def answers_home(answer):
    """Check ``answer(x_RD, come, experts)``: answers in the order in which the rows came.

    Of three ranks' rows for two experts: the order that sorts them is no mirror image, so an
    order that is used twice does not undo itself.

    >>> def ours(x_RD, come, experts):
    ...     ranks, own = come.shape
    ...     expert_R = torch.arange(own).repeat(ranks).repeat_interleave(come.flatten())
    ...     order_R = expert_R.argsort(stable=True)
    ...     return experts(x_RD[order_R], come.sum(0))[order_R.argsort()]
    >>> answers_home(ours)
    correct: every answer stands where its row came in.

    Lesson 7.
    """
    expert_R = torch.tensor([0, 1, 1, 0, 0, 1, 0, 0, 0, 1])
    when = "10 rows that came from three ranks, for two experts"
    _in_order(*_sent_home(answer, COME, when), expert_R)
    _other_sizes(answer)


def _other_sizes(answer):
    """Check two ranks and three experts, the second of them without rows."""
    come = torch.tensor([[1, 0, 1], [1, 0, 2]])
    when = "5 rows that came from two ranks, for three experts, one without rows"
    found, _, x_RD = _sent_home(answer, come, when)
    right = x_RD * 10.0 ** torch.tensor([[1.0], [3.0], [1.0], [3.0], [3.0]])
    said = f"{when}: the answers are {found[:, 0].tolist()}, they must be {right[:, 0].tolist()}"
    demand(near(found, right), said)


def _sent_home(answer, come, when):
    """Return the reader's answers, what the experts got, and the rows as they came."""
    (R, E), seen = (int(come.sum()), come.shape[1]), []
    x_RD = torch.arange(1.0, R + 1)[:, None].double() * torch.tensor([1.0, -1.0]).double()

    def experts(x_RD, count_E):
        seen.append((x_RD.detach().clone(), count_E.tolist()))
        times_E = 10.0 ** torch.arange(1.0, E + 1).double()
        return x_RD * times_E.repeat_interleave(count_E)[:, None]

    hint = "come[rank, expert] says how many rows came"
    found = untouched(answer, x_RD, come.clone(), experts, when=when, hint=hint)
    found = tensor_of(found, (R, 2), f"{when}: what you return")
    demand(seen, f"{when}: call experts, once, with all rows")
    demand(len(seen) == 1, f"the experts were called {len(seen)} times: once is enough")
    sorted_RD, told = seen[0]
    own = come.sum(0).tolist()
    demand(told == own, f"{when}: the experts were told {told} rows each, {own} came for them")
    return found, sorted_RD, x_RD


def _in_order(found, sorted_RD, x_RD, expert_R):
    """Compare answers with the right ones, and with those of likely mistakes."""
    demand(
        not near(sorted_RD, x_RD),
        "the experts got the rows rank by rank: they want all of expert 0 first",
    )
    order_R = expert_R.argsort(stable=True)
    right = x_RD * torch.tensor([10.0, 100.0]).double()[expert_R][:, None]
    mistakes = {
        "the order that sorts does not undo itself: it needs its inverse": right[order_R][order_R],
        "the answers are still expert by expert: rank 0 would get answers to others": right[
            order_R
        ],
        "these are the rows themselves, no answers": x_RD,
        "backwards is no way back": right[order_R].flip(0),
    }
    no_mistake(found, mistakes)
    got, own = (sorted((each[:6, 0]).tolist()) for each in (sorted_RD, x_RD[order_R]))
    said = f"expert 0 got rows {got}, its own are {own}: they stand rank by rank, come[0, 0] of"
    demand(got == own, f"{said} them first, then come[0, 1] for expert 1, then come[1, 0]")
    demand(near(sorted_RD, x_RD[order_R]), "within an expert keep the order in which rows came")
    said = f"the answers are {found[:, 0].tolist()}"
    demand(near(found, right), f"{said}: they must be {right[:, 0].tolist()}")
