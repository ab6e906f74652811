"""Four experts for words of four languages, and routers for them: one learned, one by lot."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from moe_lesson.corpus.languages.lexicon import lexicon
from moe_lesson.moe.balance import load, max_over_mean, switch_loss
from moe_lesson.moe.dispatch import plan, seats, within_capacity
from moe_lesson.moe.routing import Routing, switch

LANGUAGES = ("en", "fr", "de", "es")
ASKED = (10, 7, 4, 3)  # words of each language in the exam
STEPS, BALANCE = 100, 0.5


class Exam(NamedTuple):
    """Hold the words to route, and what every expert makes of them.

    >>> exam().words[:2]
    ['zaun', 'faux']

    Lesson 5.
    """

    words: list
    bits_TE: Tensor  # a letter costs, read by each expert
    letters_T: Tensor  # of each word, its end counted
    blind: float  # bits a letter without any expert
    learned_T: Tensor  # whom the learned router asks
    lot_T: Tensor  # whom a random router asks


def exam():
    """Make the experts, draw 24 words that they have not read, and train a router.

    An expert has counted which letter follows which in the other nouns of its language. The
    router is linear in pairs of letters; it minimises the bits that it expects, plus the
    Switch loss.

    Returns:
        An Exam, always the same.

    >>> exam().bits_TE.shape
    torch.Size([24, 4])

    Lesson 5.
    """
    generator = torch.Generator().manual_seed(0)
    asked, read = [], []
    for language, count in zip(LANGUAGES, ASKED):
        nouns = sorted({row["sg"].lower() for row in lexicon(language).nouns.values()} - {""})
        nouns = [noun for noun in nouns if noun.isalpha()]
        order = torch.randperm(len(nouns), generator=generator).tolist()
        asked += [nouns[at] for at in order[:count]]
        read.append([nouns[at] for at in order[count:]])
    asked = [asked[at] for at in torch.randperm(len(asked), generator=generator).tolist()]
    letters = sorted({letter for words in [asked, *read] for word in words for letter in word})
    all_read = [word for words in read for word in words]
    pairs_TD, known = (_pairs(words, letters) for words in (asked, all_read))
    bits_DE = torch.stack([_bits(_pairs(words, letters), letters) for words in read], 1)
    router_ED = _learn(known, known @ bits_DE)
    letters_T = pairs_TD.sum(1)
    lot_T = torch.randint(len(LANGUAGES), (len(asked),), generator=generator)
    return Exam(
        asked,
        pairs_TD @ bits_DE / letters_T[:, None],
        letters_T,
        math.log2(len(letters) + 1),
        (pairs_TD @ router_ED.t()).argmax(-1),
        lot_T,
    )


def _pairs(words, letters):
    """Count in each word which letter follows which; 0 is what stands before and behind."""
    number, A = {letter: at + 1 for at, letter in enumerate(letters)}, len(letters) + 1
    count_TD = torch.zeros(len(words), A * A)
    for row, word in zip(count_TD, words):
        ids = [0, *(number[letter] for letter in word), 0]
        for first, second in zip(ids, ids[1:]):
            row[first * A + second] += 1
    return count_TD


def _bits(count_TD, letters):
    """Turn counts into the bits of each pair, a tenth added to every count."""
    A = len(letters) + 1
    table = count_TD.sum(0).view(A, A) + 0.1
    return -(table / table.sum(1, keepdim=True)).log2().flatten()


def _learn(pairs_TD, bits_TE):
    router_ED = torch.zeros(bits_TE.shape[1], pairs_TD.shape[1], requires_grad=True)
    optimizer = torch.optim.Adam([router_ED], lr=0.05)
    each_TE = bits_TE / pairs_TD.sum(1, keepdim=True)
    for _ in range(STEPS):
        routing = switch(pairs_TD @ router_ED.t())
        expected = (routing.logits_TE.softmax(-1) * each_TE).sum(1).mean()
        optimizer.zero_grad()
        (expected + BALANCE * switch_loss(routing)).backward()
        optimizer.step()
    return router_ED.detach()


class Marks(NamedTuple):
    """Hold what somebody's routing is worth.

    >>> Marks(24, 1.0, 2.0, torch.zeros(24)).best
    24

    Lesson 5.
    """

    best: int  # words sent to the expert that needs the fewest bits
    busiest: float  # visits of the busiest expert over the mean
    bits: float  # a letter; a word without a seat is read by nobody
    dropped_T: Tensor


def mark(words, expert_T, factor):
    """Mark a routing: is it right and even, and what does it cost when experts have seats.

    Args:
        factor: capacity factor; None: everybody sits.

    >>> words = exam()
    >>> mark(words, words.bits_TE.argmin(-1), None).best
    24

    Lesson 5.
    """
    T, E = words.bits_TE.shape
    routing = Routing(torch.zeros(T, E), torch.ones(T, 1), expert_T[:, None])
    sits = within_capacity(plan(routing), seats(T, E, 1, factor)).token_R
    dropped_T = torch.ones(T, dtype=torch.bool).index_fill(0, sits, False)
    cost_T = words.bits_TE.gather(1, expert_T[:, None])[:, 0].masked_fill(dropped_T, words.blind)
    bits = (cost_T * words.letters_T).sum() / words.letters_T.sum()
    right = int((expert_T == words.bits_TE.argmin(-1)).sum())
    return Marks(right, max_over_mean(load(routing)).item(), bits.item(), dropped_T)
