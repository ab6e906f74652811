"""From a prompt to text, one token at a time, with the routing of each."""

from typing import NamedTuple

import torch
from torch import Tensor

from moe_lesson.inference.array_decoder import ArrayDecoder, suits_arrays
from moe_lesson.inference.decoder import Decoder
from moe_lesson.inference.sampling import Sampling, choose
from moe_lesson.models.likelihood import measuring
from moe_lesson.moe.routing import Routing
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import END, text_ids

TOGETHER = 32  # conversations that are answered at once


class Token(NamedTuple):
    """Hold one new token of every sequence of a batch, and how it came about.

    >>> Token(torch.tensor([7]), torch.tensor([False]), []).id_B.item()
    7

    Lesson 9.
    """

    id_B: Tensor
    ended_B: Tensor  # whether the sequence had ended before; its id is then END
    routings: list  # one Routing per layer, T = B: of the position that predicted the token


def pad_left(prompts):
    """Join prompts of different length into one batch, padded at the left with END.

    Returns:
        id_BS and pad_B, the number of padding places of each.

    >>> pad_left([[5, 6], [7]])[0].tolist()
    [[5, 6], [2, 7]]

    Lesson 9.
    """
    longest = max(len(prompt) for prompt in prompts)
    pad = [longest - len(prompt) for prompt in prompts]
    rows = [[END] * gap + list(prompt) for gap, prompt in zip(pad, prompts, strict=True)]
    return torch.tensor(rows), torch.tensor(pad)


def check_prompts(config, prompts, tokens):
    """Refuse prompts that the model cannot continue.

    Raises:
        ValueError: no prompt, an empty one, an id outside the vocabulary, or prompt and
            new tokens together longer than the context.

    >>> from moe_lesson.models.config import TINY
    >>> check_prompts(TINY, [[]], tokens=1)
    Traceback (most recent call last):
    ValueError: prompt 0 is empty: it must hold at least 1 token

    Lesson 9.
    """
    if not prompts or tokens < 1:
        raise ValueError(f"{len(prompts)} prompts, {tokens} new tokens: both must be 1 or more")
    for index, prompt in enumerate(prompts):
        if not len(prompt):
            raise ValueError(f"prompt {index} is empty: it must hold at least 1 token")
        wrong = [i for i in prompt if not 0 <= i < config.vocab_size]
        if wrong:
            last = config.vocab_size - 1
            raise ValueError(f"prompt {index} holds id {wrong[0]}: allowed are 0 to {last}")
    longest = max(len(prompt) for prompt in prompts)
    if longest + tokens - 1 > config.context_len:
        raise ValueError(
            f"a prompt of {longest} tokens and {tokens} new ones: the model's context holds "
            f"{config.context_len + 1} in all, the last one unread"
        )


def stream(model, prompts, tokens=100, sampling=None, end=END):
    """Continue a batch of prompts and yield each new token as it comes.

    Every prompt gets what it would get alone: shorter ones are padded at the left, hidden
    from attention, and each sequence has a random generator of its own.

    Args:
        prompts: lists of token ids.
        tokens: how many to add at most.
        end: the id that ends a sequence; None never ends.

    Yields:
        Token; stops early when every sequence has ended.

    Raises:
        ValueError: as ``check_prompts``.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> len(list(stream(Mixtral(TINY), [[5, 6], [7]], tokens=3, end=None)))
    3

    Lesson 9.
    """
    sampling = sampling or Sampling()
    check_prompts(model.config, prompts, tokens)
    device = next(model.parameters()).device
    id_BS, pad_B = (x.to(device) for x in pad_left(prompts))
    generators = [torch.Generator().manual_seed(sampling.seed + i) for i in range(len(prompts))]
    ended_B = torch.zeros(len(prompts), dtype=torch.bool, device=device)
    with measuring(model):  # left before each yield: the caller's turn is not measured
        output = model(id_BS, pad_B if pad_B.any() else None)
        kind = ArrayDecoder if suits_arrays(model, len(prompts)) else Decoder
        step = kind(model, output.cache, tokens - 1) if tokens > 1 else None
    logits_BV, routings = output.logits_BSV[:, -1], newest(output.routings, len(prompts))
    for left in reversed(range(tokens)):
        drawn = sampling.temperature > 0
        draw_B = torch.cat([torch.rand(1, generator=g) for g in generators]) if drawn else None
        chosen_B = choose(logits_BV, draw_B, sampling)
        id_B = chosen_B if end is None else chosen_B.where(~ended_B, end)
        yield Token(id_B, ended_B, routings)
        if end is not None:
            ended_B = ended_B | (id_B == end)
        if not left or (end is not None and bool(ended_B.all())):
            return
        with measuring(model):
            logits_BV, routings = step(id_B)


def continued(model, prompts, tokens=100, sampling=None):
    """Continue a batch of prompts to the end: ``stream``, each sequence in one piece.

    Returns:
        The new ids of each prompt, in their order: lists of one length, END after a
        sequence's end.

    Raises:
        ValueError: as ``check_prompts``.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> len(continued(Mixtral(TINY), [[5, 6], [7]], tokens=3))
    2

    Lesson 11.
    """
    steps = [token.id_B.tolist() for token in stream(model, prompts, tokens, sampling)]
    return [list(column) for column in zip(*steps)]


def newest(routings, batch):
    """Keep the last position of each sequence from the routings of a batch.

    >>> two = torch.tensor([[0.0], [1.0]])
    >>> newest([Routing(two, two, two)], batch=1)[0].logits_TE.item()
    1.0

    Lesson 9.
    """
    return [
        Routing(*(field.unflatten(0, (batch, -1))[:, -1] for field in one[:3]), one.has_unfilled)
        for one in routings
    ]


def stream_text(model, tokenizer, prompt, tokens=100, sampling=None):
    """Continue a text and yield it piece by piece, the prompt first.

    A character whose bytes are not all there yet waits for them; what still waits at the end
    comes last, so that the pieces together are the whole decoded text.

    Args:
        tokens: how many to add at most; fewer where the context ends before.

    Raises:
        ValueError: as ``check_prompts``.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> "".join(stream_text(Mixtral(TINY), train_tokenizer(["ab"], 260), "ab"))[:2]
    'ab'

    Lesson 9.
    """
    ids = text_ids(tokenizer, prompt)
    yield tokenizer.decode(ids)
    yield from _pieces(model, tokenizer, ids, tokens, sampling)


def _pieces(model, tokenizer, ids, tokens, sampling, alone=False):
    """Yield what follows some ids as it comes; ``alone``: as if it were a text of its own."""
    begin = len(ids) if alone else 0
    shown = text = tokenizer.decode(ids[begin:])
    room = model.config.context_len + 1 - len(ids)
    for token in stream(model, [ids], min(tokens, max(room, 1)), sampling):
        ids.append(token.id_B.item())
        text = tokenizer.decode(ids[begin:])
        if not text.endswith("\ufffd"):
            yield text[len(shown) :]
            shown = text
    if text != shown:
        yield text[len(shown) :]


def stream_answer(model, tokenizer, messages, tokens=100, sampling=None):
    """Answer a conversation and yield the answer piece by piece.

    Args:
        messages: as ``chat.check_messages`` wants them, the last one a user's.

    Raises:
        ValueError: as ``chat.chat_ids`` and ``check_prompts``; the last message is an answer.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> asked = [{"role": "user", "content": "Who?"}]
    >>> pieces = stream_answer(Mixtral(TINY), train_tokenizer(["ab"], 260), asked, tokens=4)
    >>> len(list(pieces)) > 0
    True

    Lesson 11.
    """
    ids = _asked(tokenizer, messages)
    pieces = _pieces(model, tokenizer, ids, tokens, sampling, alone=True)
    first = next(pieces, "")
    yield first.removeprefix(" ")  # the template's space, no part of the answer
    yield from pieces


def answers(model, tokenizer, conversations, tokens=60):
    """Answer many conversations, greedily, those of like length at once.

    Args:
        conversations: each as for ``stream_answer``.

    Returns:
        A list of texts, in the order of the conversations.

    Raises:
        ValueError: as ``stream_answer``.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> asked = [[{"role": "user", "content": "Who?"}]] * 3
    >>> len(answers(Mixtral(TINY), train_tokenizer(["ab"], 260), asked, tokens=4))
    3

    Lesson 11.
    """
    prompts = [_asked(tokenizer, messages) for messages in conversations]
    order = sorted(range(len(prompts)), key=lambda n: len(prompts[n]))
    found = [""] * len(prompts)
    for first in range(0, len(order), TOGETHER):
        part = order[first : first + TOGETHER]
        room = model.config.context_len + 1 - max(len(prompts[n]) for n in part)
        new = continued(model, [prompts[n] for n in part], min(tokens, max(room, 1)))
        for n, ids in zip(part, new):
            found[n] = tokenizer.decode(ids).removeprefix(" ")
    return found


def _asked(tokenizer, messages):
    """Return the ids of a conversation that ends with a question."""
    ids, is_answer = chat_ids(tokenizer, messages)
    if is_answer[-1]:
        raise ValueError("the last message is of 'assistant': there is nothing to answer")
    return ids


def complete(model, tokenizer, prompt, tokens=100, sampling=None):
    """Continue a text: ``stream_text`` in one piece.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> complete(Mixtral(TINY), train_tokenizer(["ab"], 260), "ab", tokens=1).startswith("ab")
    True

    Lesson 9.
    """
    return "".join(stream_text(model, tokenizer, prompt, tokens, sampling))
