"""Speculative decoding: a draft guesses ahead, the target reads all guesses at once and judges."""

from typing import NamedTuple

import torch

from moe_lesson.models.attention import KeyValue
from moe_lesson.models.likelihood import measuring
from moe_lesson.models.mixtral import Cache


def accept(target_V, draft_V):
    """Judge a token that was drawn from the draft.

    Leviathan et al. 2022 (arXiv:2211.17192): keep it with min(1, p / q); if it is refused,
    draw from what of the target lies above the draft.

    Args:
        target_V: probabilities of the target, p.
        draft_V: probabilities of the draft, q.

    Returns:
        chance_V, with which each token is kept, and left_V, to draw from after a refusal.

    >>> chance_V, left_V = accept(torch.tensor([0.25, 0.75]), torch.tensor([0.5, 0.5]))
    >>> chance_V.tolist(), left_V.tolist()
    ([0.5, 1.0], [0.0, 1.0])

    Lesson 13.
    """
    chance_V = (target_V / draft_V.clamp(min=1e-30)).clamp(max=1)
    left_V = (target_V - draft_V).clamp(min=0)
    return chance_V, left_V / left_V.sum().clamp(min=1e-30)


def one_round(target, draft, ids, ahead, decide):
    """Let the draft guess some tokens and the target judge them.

    Args:
        target, draft: called with ids and a number n, they return prob_SV after each of the
            last n ids.
        ahead: how many tokens are guessed.
        decide: draws from probabilities; it returns an index.

    Returns:
        New ids, 1 to ``ahead`` + 1, distributed as the target alone would draw them.

    >>> always_one = lambda ids, n: torch.tensor([[0.0, 1.0]]).repeat(n, 1)
    >>> one_round(always_one, always_one, [0], 2, lambda prob_V: int(prob_V.argmax()))
    [1, 1, 1]

    Lesson 13.
    """
    guess, drawn_from = list(ids), []
    for _ in range(ahead):
        drawn_from.append(draft(guess, 1)[0])
        guess.append(decide(drawn_from[-1]))
    target_SV = target(guess, ahead + 1)
    for place, draft_V in enumerate(drawn_from):
        chance_V, left_V = accept(target_SV[place], draft_V)
        keep = chance_V[guess[len(ids) + place]]
        if not decide(torch.stack([1 - keep, keep])):
            return [*guess[len(ids) : len(ids) + place], decide(left_V)]
    return [*guess[len(ids) :], decide(target_SV[-1])]


def cut(cache, length):
    """Forget all but the first positions of a cache; None if none is left.

    What goes on goes on at position ``length``: the end was cut off, not the beginning.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> cut(Mixtral(TINY)(torch.tensor([[1, 2, 3]])).cache, 2).seen
    2

    Lesson 13.
    """
    if not length:
        return None
    layers = [KeyValue(*(part[:, :, :length] for part in layer)) for layer in cache.layers]
    return Cache(layers, length, None)


def last_kept(cache, length, seen):
    """Keep the latest positions of a cache, and say how many it shall believe to have seen.

    ``cache.seen`` is the truth; ``length``, as if the text began at the cut, is lesson 13's bug.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> kept = last_kept(Mixtral(TINY)(torch.tensor([[1, 2, 3]])).cache, 2, seen=3)
    >>> kept.seen, kept.layers[0].key_BGPA.shape[2]
    (3, 2)

    Lesson 13.
    """
    layers = [KeyValue(*(part[:, :, -length:] for part in layer)) for layer in cache.layers]
    return Cache(layers, seen, None)


class Reader:
    """Read growing texts with one cache; what a new text does not share is cut off.

    Args:
        temperature: 0 gives the likeliest token probability 1.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> reader = Reader(Mixtral(TINY))
    >>> reader([1, 2, 3], 1).shape, reader([1, 2, 4, 5], 2).shape, reader.cache.seen
    (torch.Size([1, 320]), torch.Size([2, 320]), 4)

    Lesson 13.
    """

    def __init__(self, model, temperature=1.0):
        self.model, self.temperature = model, temperature
        self.ids, self.cache = [], None

    def __call__(self, ids, last):
        """Return prob_SV after each of the last ids."""
        pairs = zip(ids[: len(ids) - last], self.ids)
        same = next((n for n, (one, other) in enumerate(pairs) if one != other), None)
        same = min(len(ids) - last, len(self.ids)) if same is None else same
        with measuring(self.model):
            output = self.model(torch.tensor([ids[same:]]), cache=cut(self.cache, same))
        self.ids, self.cache = list(ids), output.cache
        logits_SV = output.logits_BSV[0, -last:].double()
        if not self.temperature:
            return torch.nn.functional.one_hot(logits_SV.argmax(-1), logits_SV.shape[1]).double()
        return (logits_SV / self.temperature).softmax(-1)


class Told(NamedTuple):
    """Hold a text that was made in rounds.

    >>> Told([7, 8, 9], [2, 1]).rounds
    [2, 1]

    Lesson 13.
    """

    ids: list  # prompt and what followed
    rounds: list  # how many new tokens each round gave


def speculate(target, draft, prompt, tokens, ahead, decide):
    """Continue a prompt by rounds of guesses.

    Returns:
        A Told, with ``tokens`` new ids or up to ``ahead`` more.

    >>> always_one = lambda ids, n: torch.tensor([[0.0, 1.0]]).repeat(n, 1)
    >>> speculate(always_one, always_one, [0], 5, 2, lambda prob_V: int(prob_V.argmax())).rounds
    [3, 3]

    Lesson 13.
    """
    ids, rounds = list(prompt), []
    while len(ids) < len(prompt) + tokens:
        new = one_round(target, draft, ids, ahead, decide)
        ids += new
        rounds.append(len(new))
    return Told(ids, rounds)


def drawing(seed):
    """Return a function that draws an index from probabilities.

    >>> drawing(0)(torch.tensor([0.0, 1.0]))
    1

    Lesson 13.
    """
    generator = torch.Generator().manual_seed(seed)
    return lambda prob_V: int(torch.multinomial(prob_V, 1, generator=generator))


def kept_share(rounds, ahead):
    """Estimate from the sizes of rounds the chance that a guess is kept.

    A round of n tokens kept n - 1 guesses and refused one, unless it kept all.

    Returns:
        Share of the judged guesses that were kept, 0 to 1.

    >>> kept_share([3, 1], ahead=2)
    0.6666666666666666

    Lesson 13.
    """
    kept = sum(one - 1 for one in rounds)
    refused = sum(one <= ahead for one in rounds)
    return kept / (kept + refused)
