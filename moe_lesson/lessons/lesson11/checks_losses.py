"""Check the exercises of lesson 11 on losses: of answers, of preferences, and where one rests."""

import math

import torch
import torch.nn.functional as F

from moe_lesson.study.checks import (
    called,
    demand,
    exercise,
    near,
    no_mistake,
    number_of,
    tensor_of,
    untouched,
)

SIZES = "a size stands there as a number"
VOCABULARY_SECOND = "F.cross_entropy wants the vocabulary in the second axis, and .mT is missing"


@exercise("the mean over all answer tokens of the batch, each predicted by the place before.")
def answer_loss(answer):
    """Check ``answer(logits_BSV, id_BS, answer_BS)``: nats per answer token.

    >>> def ours(logits_BSV, id_BS, answer_BS):
    ...     nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    ...     return nats_BS[answer_BS[:, 1:]].mean()
    >>> answer_loss(ours)
    correct: the mean over all answer tokens of the batch, each predicted by the place before.

    Lesson 11.
    """
    chance = torch.Generator().manual_seed(0)
    logits_BSV = 2 * torch.randn(2, 5, 6, generator=chance)
    id_BS = torch.tensor([[1, 3, 0, 5, 2], [1, 0, 4, 3, 2]])
    answer_BS = torch.tensor([[False, False, True, True, True], [False, False, False, False, True]])
    logits_BSV.requires_grad_()
    inputs, when = (logits_BSV, id_BS, answer_BS), "two rows of five ids"
    changed = "you changed the ids or marks that were handed over: masked_fill makes new ones"
    given = untouched(answer, *inputs, when=when, hint=VOCABULARY_SECOND, said=changed)
    found = tensor_of(given, (), "the loss")
    mean, mistakes = _of_answers(logits_BSV.detach(), id_BS, answer_BS)
    said = f"you say {found:.4f}, it must be {mean:.4f} nats. "
    no_mistake(found, mistakes, said)
    demand(near(found, mean), said)
    demand(given.requires_grad, "the loss has no gradient: do not detach it")
    given.backward()
    moved_BS = logits_BSV.grad.abs().sum(-1) > 0
    demand(not moved_BS[:, -1].any(), "the last place predicts nothing: it must have no gradient")
    _page(answer, 2 * torch.randn(3, 4, 7, generator=chance))


def _page(answer, logits_BSV):
    """Demand the loss of other sizes, where a row is learnt from its first id."""
    id_BS = torch.tensor([[1, 3, 6, 2], [5, 0, 4, 2], [1, 6, 0, 2]])
    page_BS = torch.tensor([[0, 0, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]]).bool()
    inputs = logits_BSV.clone(), id_BS.clone(), page_BS.clone()
    given = called(answer, *inputs, when="three rows of four ids out of seven", hint=SIZES)
    mean, mistakes = _of_pages(logits_BSV, id_BS, page_BS)
    found = tensor_of(given, (), "the loss of a page")
    said = f"the second row is learnt from its first id: you say {found:.4f}, it must be {mean:.4f}"
    no_mistake(found, mistakes, said + " nats. ")
    demand(near(found, mean), said + " nats")


def _of_pages(logits_BSV, id_BS, answer_BS):
    """Return the mean surprise where a row begins with a marked id, and what mistakes give."""
    nats = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    learnt, flat = answer_BS[:, 1:], logits_BSV.flatten(0, 1)[:-1]
    across = F.cross_entropy(flat, id_BS.flatten()[1:], reduction="none")
    around = F.cross_entropy(logits_BSV.mT, id_BS.roll(-1, 1), reduction="none")
    return nats[learnt].mean(), {
        "You read two rows, and there are three": nats[:2][learnt[:2]].mean(),
        "You count its first id, which no place predicts": (
            (nats * learnt).sum() / answer_BS.sum()
        ),
        "The last place of the first row predicts the second row": (
            across[answer_BS.flatten()[1:]].mean()
        ),
        "The last place predicts the first id: roll brings it round": (
            around[answer_BS.roll(-1, 1)].mean()
        ),
    }


def _of_answers(logits_BSV, id_BS, answer_BS):
    """Return the mean surprise of the answers, and what mistakes give in its place."""
    surprise_BSV = -logits_BSV.log_softmax(-1)
    flattened_BSV = -logits_BSV.softmax(-1).log_softmax(-1)
    twice = flattened_BSV[:, :-1].gather(2, id_BS[:, 1:, None])[..., 0]
    back = surprise_BSV[:, 1:].gather(2, id_BS[:, :-1, None])[..., 0]
    here = surprise_BSV.gather(2, id_BS[..., None])[..., 0]
    nats = surprise_BSV[:, :-1].gather(2, id_BS[:, 1:, None])[..., 0]
    learnt, said = answer_BS[:, 1:], id_BS[:, 1:]
    mean, whole = nats[learnt].mean(), nats[learnt].sum()
    rows = [one[marks].mean() for one, marks in zip(nats, learnt)]
    return mean, {
        "The question is learnt, too": nats.mean(),
        "Only the question is learnt: True marks the answer": nats[~learnt].mean(),
        "The shift goes the other way: scores come before their id": back[answer_BS[:, :-1]].mean(),
        "The softmax is taken twice: cross_entropy takes scores": twice[learnt].mean(),
        "That is the mean of each row's mean: the short answer counts too much": sum(rows) / 2,
        "Each place predicts itself: it must predict the next one": here[answer_BS].mean(),
        "The marks stand one place too late: those of the predicted id count": nats[
            answer_BS[:, :-1]
        ].mean(),
        "That is the sum: divide by the number of answer tokens": whole,
        "You divide by all places, not by those that are learnt": (nats * learnt).mean(),
        "You divide by the number of rows": whole / 2,
        "These are bits: the loss is in nats": mean / math.log(2),
        "The sign is turned": -mean,
        "0 is an id like any, and you leave it out": nats[learnt & (said != 0)].mean(),
        "The 2 is learnt, too, and you leave it out": nats[learnt & (said != 2)].mean(),
        "That is the perplexity: the loss is its logarithm": mean.exp(),
        "The mean of logarithms, not the logarithm of a mean": -(-nats[learnt]).exp().mean().log(),
    }


def _of_pairs(policy, reference, beta):
    """Return the gaps, the loss, and what mistakes give in its place."""
    gap_B = (policy[0] - reference[0]) - (policy[1] - reference[1])
    plain_B = policy[0] - policy[1]
    turned_B = plain_B + (reference[0] - reference[1])
    wanted = -F.logsigmoid(beta * gap_B).mean()
    ratio_B = policy[0] / reference[0] - policy[1] / reference[1]
    half_B = beta * plain_B - (reference[0] - reference[1])
    mistakes = {
        "Only the better answer is there": (
            -F.logsigmoid(beta * (policy[0] - reference[0])).mean()
        ),
        "These are logarithms: that of a ratio is a difference": (
            -F.logsigmoid(beta * ratio_B).mean()
        ),
        "You divided by beta: it multiplies the gap": -F.logsigmoid(gap_B / beta).mean(),
        "beta stands before the model alone: the reference needs it, too": (
            -F.logsigmoid(half_B).mean()
        ),
        "The reference is missing": -F.logsigmoid(beta * plain_B).mean(),
        "The reference has the wrong sign": -F.logsigmoid(beta * turned_B).mean(),
        "Better and worse are exchanged": -F.logsigmoid(-beta * gap_B).mean(),
        "beta is missing": -F.logsigmoid(gap_B).mean(),
        "beta stands outside the sigmoid": -beta * F.logsigmoid(gap_B).mean(),
        "The sign is turned: a loss is small where the gap is wide": -wanted,
        "The logarithm is missing": -torch.sigmoid(beta * gap_B).mean(),
        "That is the sum: take the mean over pairs": 3 * wanted,
        "The sigmoid of the mean gap: take the mean of the losses": -F.logsigmoid(
            beta * gap_B.mean()
        ),
    }
    return gap_B, wanted, mistakes


@exercise("log 2 where the model is its reference, and only the gap counts.")
def preference_loss(answer):
    """Check ``answer(better_B, worse_B, ref_better_B, ref_worse_B, beta)``: DPO's loss.

    >>> def ours(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    ...     gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    ...     return -F.logsigmoid(beta * gap_B).mean()
    >>> preference_loss(ours)
    correct: log 2 where the model is its reference, and only the gap counts.

    Lesson 11.
    """
    policy = torch.tensor([[-4.0, -9.0, -7.0], [-6.0, -5.0, -3.0]], dtype=torch.float64)
    reference = torch.tensor([[-5.0, -7.0, -8.0], [-4.0, -6.0, -3.5]], dtype=torch.float64)
    beta = 0.2
    changed = "you changed the log-probabilities that were handed over"
    given = untouched(answer, *policy, *reference, beta, when="three pairs", said=changed)
    found = tensor_of(given, (), "the loss")
    gap_B, wanted, mistakes = _of_pairs(policy, reference, beta)
    said = f"gaps {gap_B.tolist()}, beta 0.2: you say {found:.4f}, it must be {wanted:.4f}. "
    mistakes["beta is 0.2 here, and yours is always 0.1"] = -F.logsigmoid(0.1 * gap_B).mean()
    mistakes["That is the loss of IPO"] = ((gap_B - 1 / (2 * beta)) ** 2).mean()
    no_mistake(found, mistakes, said)
    demand(near(found, wanted), said)
    far = [torch.tensor([value], dtype=torch.float64) for value in (-9000.0, 0.0, 0.0, 0.0)]
    distant = answer(*far, 1.0)
    finite = bool(torch.isfinite(distant))
    demand(finite, "a gap of -9,000 gives infinity: F.logsigmoid does not overflow")
    demand(not near(distant, 3000.0), "one pair alone: its loss is the mean, and yours is a third")
    said = f"a gap of -9,000, beta 1: 9,000 nats, not {float(distant):.1f}: do not clip it"
    demand(near(distant, 9000.0), said)
    policy.requires_grad_()
    loss = answer(*policy, *reference, beta)
    demand(loss.requires_grad, "the loss has no gradient: do not detach it, nor use .data")
    loss.backward()
    for side, slope_B in zip(("better", "worse"), policy.grad):
        demand(bool((slope_B != 0).all()), f"no gradient reaches the {side} answer: do not detach")


@exercise("a wide gap where few labels are wrong, none where half are.")
def resting_gap(answer):
    """Check ``answer(flipped, beta)``: the gap at which conservative DPO stops pushing, nats.

    >>> resting_gap(lambda flipped, beta: math.log((1 - flipped) / flipped) / beta)
    correct: a wide gap where few labels are wrong, none where half are.

    Lesson 11.
    """
    hint = "a tenth is no such number"
    found = number_of(answer(0.2, 0.4), "the gap for flipped 0.2 and beta 0.4", hint)
    wanted = math.log(4) / 0.4
    said = f"a fifth flipped, beta 0.4: you say {found:.4f}, it must be {wanted:.4f}. "
    no_mistake(
        found,
        {
            "The sign is turned: most labels are right": -wanted,
            "That is beta times the gap: divide by beta": math.log(4),
            "You multiplied by beta": math.log(4) * 0.4,
            "That is log2: logsigmoid is in nats": math.log2(4) / 0.4,
            "The odds are (1 - flipped) to flipped": math.log(0.8) / 0.4,
            "You forgot the numerator, 1 - flipped": math.log(5) / 0.4,
            "These are the odds: take their logarithm": 4 / 0.4,
            "Only the second logarithm is divided by beta: parentheses": (
                math.log(0.8) - math.log(0.2) / 0.4
            ),
            "That is log10: logsigmoid is in nats": math.log10(4) / 0.4,
            "That is where IPO rests, 1 / (2 tau): cDPO knows the flipped labels": 1 / (2 * 0.4),
        },
        said,
    )
    demand(near(found, wanted), said)
    half = number_of(answer(0.5, 0.3), "the gap for flipped 0.5", hint)
    demand(near(half, 0), f"half of the labels flipped teach nothing: 0 nats, not {half:.4f}")
    tenth = number_of(answer(0.1, 0.1), "the gap for flipped 0.1 and beta 0.1", hint)
    demand(near(tenth, 21.9722), f"a tenth flipped, beta 0.1: 21.972 nats, not {tenth:.4f}")
    most = number_of(answer(0.8, 0.5), "the gap for flipped 0.8", hint)
    demand(near(most, -2.7726), f"four fifths flipped push it below 0: -2.773 nats, not {most:.4f}")
