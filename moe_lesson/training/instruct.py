"""The recipe of the shipped model that follows instructions: answers first, then preferences."""

from dataclasses import replace
from itertools import islice

import torch

from moe_lesson.corpus.tasks.build import tasks
from moe_lesson.corpus.tasks.preferences import pairs
from moe_lesson.text.chat import chat_ids
from moe_lesson.training.finetune import Packed, dpo_losses, pack, preferences, sft_losses, tune
from moe_lesson.training.settings import Settings

TASKS, PAIRS = 64_000, 4_000  # how many are written
EACH_PAGE = 3  # rows of dialogues for one of the corpus
SFT = Settings(steps=7500, batch=8, learning_rate=4e-3, warmup=100, length=256, weight_decay=0.0)
DPO = replace(SFT, steps=200, batch=16, learning_rate=1e-4, warmup=30)


def dialogue(words, task, answer=None):
    """Turn a task into tokens, with its own answer or another.

    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> words = train_tokenizer(["[INST] [/INST]"], vocab_size=260)
    >>> dialogue(words, next(tasks())).ids[0]
    1

    Lesson 11.
    """
    said = {"role": "assistant", "content": answer or task.answer}
    return chat_ids(words, [*task.messages, said])


def instructions(words, count=TASKS, seed=0, length=SFT.length, **chosen):
    """Write tasks and pack them into rows of the model's context.

    Args:
        length: tokens a row.
        chosen: as ``corpus.tasks.build.tasks`` takes them.

    Returns:
        A ``finetune.Packed``.

    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> words = train_tokenizer(["[INST] [/INST] the of and"] * 9, vocab_size=300)
    >>> instructions(words, count=3, length=2000).id_BS.shape[1]
    2000

    Lesson 11.
    """
    drawn = islice(tasks(seed=seed, **chosen), count)
    return pack([dialogue(words, task) for task in drawn], length)


def with_pages(packed, text, seed=0):
    """Put rows of a text among rows of dialogues: what was known is read again, all of it learnt.

    A third as many rows as there are, from places drawn at random: "replay", against forgetting.

    Args:
        text: a ``text.tokenizer.Text`` of more tokens than a row.

    Returns:
        A ``finetune.Packed``, those of the text last.

    >>> from moe_lesson.text.tokenizer import Text
    >>> packed = pack([([1, 7, 2], [False, True, True])] * 3, 3, together=False)
    >>> with_pages(packed, Text(torch.full((9,), 5), torch.ones(9))).id_BS[-1].tolist()
    [5, 5, 5]

    Lesson 11.
    """
    B, S = packed.id_BS.shape
    chance = torch.Generator().manual_seed(seed)
    start = torch.randint(len(text.id_T) - S, (round(B / EACH_PAGE), 1), generator=chance)
    page_BS = text.id_T[start + torch.arange(S)]
    pages = Packed(page_BS, torch.ones_like(page_BS, dtype=torch.bool), torch.zeros_like(page_BS))
    return Packed(*(torch.cat(both) for both in zip(packed, pages)))


def judged(model, words, count=PAIRS, seed=0, **chosen):
    """Write pairs of answers of which a rule says which is better; the model is the reference.

    Args:
        chosen: as ``corpus.tasks.preferences.pairs`` takes them.

    Returns:
        A ``finetune.Preferences``.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> words = train_tokenizer(["[INST] [/INST] the of and"] * 9, vocab_size=300)
    >>> model = Mixtral(replace(TINY, context_len=256))
    >>> len(judged(model, words, count=1, rules=("length",)).reference_B)
    1

    Lesson 11.
    """
    return compared(model, words, list(islice(pairs(seed=seed, **chosen), count)))


def compared(model, words, judged_pairs):
    """Turn pairs of answers into tokens, and see what a model makes of them.

    Args:
        judged_pairs: ``corpus.tasks.form.Pair``s.

    Returns:
        A ``finetune.Preferences``, with the model as its reference.

    >>> from moe_lesson.corpus.tasks.preferences import held_out_pairs
    >>> from moe_lesson.checkpoints.shipped import shipped
    >>> model, words, *_ = shipped("small")
    >>> len(compared(model, words, held_out_pairs(2)).reference_B)
    2

    Lesson 11.
    """
    better = [dialogue(words, pair.task, pair.better) for pair in judged_pairs]
    worse = [dialogue(words, pair.task, pair.worse) for pair in judged_pairs]
    return preferences(model, better, worse, DPO.length)


def instruct(model, words, text, sft=SFT, dpo=DPO):
    """Tune a model in place on answers and pages, then on preferences.

    Args:
        text: a ``text.tokenizer.Text``, to be read between the dialogues.

    Returns:
        The rows of both, as of ``finetune.tune``; those of the second are fewer than its
        settings say where it was stopped, and none where the first was.

    >>> from moe_lesson.checkpoints.shipped import shipped
    >>> from moe_lesson.text.tokenizer import Text
    >>> text, model, words = Text(torch.ones(300).long(), None), *shipped("small")[:2]
    >>> once = (replace(s, steps=1, batch=1) for s in (SFT, DPO))
    >>> rows, moved = instruct(model, words, text, *once)
    >>> len(rows), len(moved)
    (1, 1)

    Lesson 11.
    """
    enough = 4 * sft.steps * sft.batch  # about four tasks a row: a short run writes no more
    packed = instructions(words, min(TASKS, enough), sft.seed, length=sft.length)
    packed = with_pages(packed, text, sft.seed)
    rows = tune(model, sft_losses(model, packed, sft), sft)
    if len(rows) < sft.steps:
        return rows, []
    held = judged(model, words, min(PAIRS, dpo.steps * dpo.batch), dpo.seed)
    return rows, tune(model, dpo_losses(model, held, dpo), dpo)
