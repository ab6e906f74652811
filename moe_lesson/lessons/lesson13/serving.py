"""A queue before a model: batches that wait for their longest, and slots that do not."""

from typing import NamedTuple

import numpy as np

from moe_lesson.inference.generate import stream
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import END

TOGETHER, LONGEST = 20, 60  # conversations that are answered at once; tokens of an answer


class Request(NamedTuple):
    """Hold one request of a queue.

    >>> Request(arrives=0.5, prompt=20, answer=8).answer
    8

    Lesson 13.
    """

    arrives: float  # seconds
    prompt: int  # tokens
    answer: int  # tokens, the last one its end


class Costs(NamedTuple):
    """Hold what a model takes, in seconds.

    >>> Costs(prompt=0.001, step=(0.01, 0.012)).of_step(2)
    0.012

    Lesson 13.
    """

    prompt: float  # to read one token of a prompt
    step: tuple  # to decode one token for each of 1, 2, ... sequences

    def of_step(self, batch):
        """Return the seconds of a step of so many sequences."""
        return self.step[batch - 1]


class Served(NamedTuple):
    """Hold when a request was served, in seconds, and where.

    >>> Served(slot=0, begins=0.0, first=0.5, ends=2.0, leaves=3.0).leaves
    3.0

    Lesson 13.
    """

    slot: int
    begins: float  # reading its prompt
    first: float  # its first token is there
    ends: float  # its last token is there
    leaves: float  # its slot is free again


def static(requests, slots, costs, padded=True):
    """Serve in batches: as many as wait, at most ``slots``; the next when the longest is done.

    Args:
        requests: in the order in which they arrive.
        padded: whether prompts are filled up to the longest of their batch, and that is read.

    Returns:
        A Served for each request.

    >>> two = [Request(0.0, 1, 1), Request(0.0, 1, 3)]
    >>> [one.leaves for one in static(two, 2, Costs(1.0, (1.0, 1.0)))]
    [5.0, 5.0]

    Lesson 13.
    """
    served, now = [], 0.0
    while len(served) < len(requests):
        waiting = requests[len(served) :]
        now = max(now, waiting[0].arrives)
        batch = [one for one in waiting[:slots] if one.arrives <= now]
        begins, step = now, costs.of_step(len(batch))
        prompts = [one.prompt for one in batch]
        read = now + costs.prompt * (max(prompts) * len(batch) if padded else sum(prompts))
        now = read + step * max(one.answer for one in batch)
        served += [
            Served(slot, begins, read + step, read + step * one.answer, now)
            for slot, one in enumerate(batch)
        ]
    return served


def continuous(requests, slots, costs):
    """Serve in slots: after each step whoever is done leaves, and whoever waits comes in.

    Yu et al. 2022 (Orca) named it. A prompt is read at once; the others wait that long.

    Args:
        requests: in the order in which they arrive.

    Returns:
        A Served for each request.

    >>> two = [Request(0.0, 1, 1), Request(0.0, 1, 3)]
    >>> [one.leaves for one in continuous(two, 2, Costs(1.0, (1.0, 1.0)))]
    [3.0, 5.0]

    Lesson 13.
    """
    free, running, served, now, ahead = list(range(slots)), {}, {}, 0.0, 0
    while len(served) < len(requests):
        if not running:
            now = max(now, requests[ahead].arrives)
        while free and ahead < len(requests) and requests[ahead].arrives <= now:
            running[ahead] = [min(free), now, None, requests[ahead].answer]
            free.remove(running[ahead][0])
            now += costs.prompt * requests[ahead].prompt
            ahead += 1
        now += costs.of_step(len(running))
        for number, one in list(running.items()):
            one[2] = one[2] or now
            one[3] -= 1
            if not one[3]:
                slot, begins, first, _ = running.pop(number)
                served[number] = Served(slot, begins, first, now, now)
                free.append(slot)
    return [served[number] for number in range(len(requests))]


class Account(NamedTuple):
    """Hold what a way to serve came to.

    >>> Account(rate=100.0, wait=0.5, late=2.0).late
    2.0

    Lesson 13.
    """

    rate: float  # tokens a second, of answers, from the first arrival to the last token
    wait: float  # seconds to the first token, mean
    late: float  # the same, of the slowest tenth at least


def account(requests, served):
    """Sum up a way to serve.

    >>> one = [Request(0.0, 1, 2)]
    >>> account(one, static(one, 1, Costs(1.0, (1.0,))))
    Account(rate=0.6666666666666666, wait=2.0, late=2.0)

    Lesson 13.
    """
    waits = [done.first - one.arrives for one, done in zip(requests, served, strict=True)]
    span = max(done.ends for done in served) - requests[0].arrives
    rate = sum(one.answer for one in requests) / span
    return Account(rate, float(np.mean(waits)), float(np.quantile(waits, 0.9)))


def queue_of(sizes, rate, seed):
    """Let requests arrive at random, so many a second on average.

    Args:
        sizes: tokens of prompt and answer of each request, in the order of arrival.

    Returns:
        A list of Request; the first arrives at 0.

    >>> [one.prompt for one in queue_of([(5, 2), (6, 3)], rate=2.0, seed=0)]
    [5, 6]

    Lesson 13.
    """
    gaps = np.random.default_rng(seed).exponential(1 / rate, len(sizes))
    arrivals = np.cumsum(gaps) - gaps[0]
    return [Request(float(at), *size) for at, size in zip(arrivals, sizes, strict=True)]


def sizes_of(model, words, conversations):
    """Let a model answer, greedily, and count the tokens of prompts and answers.

    Returns:
        A list of (prompt, answer), the answer's end among its tokens.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> asked, words = [{"role": "user", "content": "a"}], train_tokenizer(["ab"], 260)
    >>> sizes_of(Mixtral(TINY), words, [asked])[0][0]  # tokens of <s> [INST] a [/INST]
    18

    Lesson 13.
    """
    prompts = [chat_ids(words, one).ids for one in conversations]
    order, sizes = sorted(range(len(prompts)), key=lambda n: len(prompts[n])), {}
    for first in range(0, len(order), TOGETHER):
        part = order[first : first + TOGETHER]
        room = model.config.context_len + 1 - len(prompts[part[-1]])
        steps = stream(model, [prompts[n] for n in part], min(LONGEST, room))
        for n, ids in zip(part, zip(*(token.id_B.tolist() for token in steps))):
            end = ids.index(END) + 1 if END in ids else len(ids)
            sizes[n] = len(prompts[n]), end
    return [sizes[n] for n in range(len(prompts))]
