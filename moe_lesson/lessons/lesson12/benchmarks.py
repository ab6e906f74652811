"""The harness: choices scored by likelihood, in four ways."""

from typing import NamedTuple

import numpy as np
import torch

from moe_lesson.checkpoints.shipped import shipped
from moe_lesson.models.likelihood import measuring
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import END, START, text_ids

TOGETHER = 32  # rows that are read at once
TUNED = ("answers", "instruct")  # these are asked in their template
SPEAKERS = "Halella", "Jultil"


class Question(NamedTuple):
    """Hold a question with its choices.

    >>> Question("Who?", ("Me.", "You."), 1, "a").choices[1]
    'You.'

    Lesson 12.
    """

    text: str  # "": the choices are read alone
    choices: tuple
    gold: int  # which one is right
    cluster: object  # questions of one cluster are no independent witnesses
    kind: str = ""
    language: str = "en"
    is_seen: bool = False  # whether ``instruct`` was tuned on its fact


class Examinee(NamedTuple):
    """Hold a model as the harness asks it.

    >>> Examinee._fields
    ('model', 'words', 'is_tuned')

    Lesson 12.
    """

    model: torch.nn.Module
    words: object  # its tokenizer
    is_tuned: bool  # whether it is asked in the chat template, else as a dialogue


def examinee(name):
    """Open a shipped model for an examination.

    >>> examinee("dense").is_tuned
    False

    Lesson 12.
    """
    found = shipped(name)
    return Examinee(found.model, found.words, name in TUNED)


def dialogue(text):
    """Write a question as the corpus's dialogues do, up to where the answer begins.

    >>> dialogue("Who?")
    'Halella: Who?\\nJultil:'

    Lesson 12.
    """
    asker, other = SPEAKERS
    return f"{asker}: {text}\n{other}:" if text else ""


def pair_ids(one, text, choice):
    """Cut a question with one choice into tokens.

    As lm-evaluation-harness 0.4.13 does: question and choice are cut as one text, a space
    between them, and what goes beyond the question's own tokens is scored. A tuned model is
    asked in its template, and the choice is cut alone, as in its tuning.

    Returns:
        All ids, <s> first, and how many of them stand before what is scored.

    >>> one = examinee("dense")
    >>> ids, begin = pair_ids(one, "Who?", "Me.")
    >>> one.words.decode(ids[begin:])
    ' Me.'

    Lesson 12.
    """
    if text and one.is_tuned:
        before = chat_ids(one.words, [{"role": "user", "content": text}]).ids
        return before + text_ids(one.words, f" {choice}"), len(before)
    before = dialogue(text)
    whole = text_ids(one.words, f"{before} {choice}" if before else choice)
    return [START, *whole], 1 + len(text_ids(one.words, before))


def log_probabilities(one, pairs):
    """Sum the log-probabilities of choices after their questions.

    Args:
        pairs: (text, choice).

    Returns:
        logp_N, float64, nats, at most 0, in the order of the pairs.

    >>> one = examinee("dense")
    >>> bool((log_probabilities(one, [("Who?", "Me."), ("", "Me.")]) < 0).all())
    True

    Lesson 12.
    """
    return scored_after(one, [pair_ids(one, *pair) for pair in pairs])


def scored_after(one, rows):
    """Sum the log-probabilities of what follows the beginning of each row.

    Rows of like length are read at once.

    Args:
        rows: as ``pair_ids`` gives them: all ids, and how many of them are the beginning.

    Returns:
        logp_N, float64, nats.

    >>> scored_after(examinee("dense"), [([1, 5, 6], 3)]).tolist()
    [0.0]

    Lesson 12.
    """
    order = sorted(range(len(rows)), key=lambda n: len(rows[n][0]))
    device, logp_N = next(one.model.parameters()).device, np.zeros(len(rows))
    with measuring(one.model):
        for first in range(0, len(order), TOGETHER):
            part = order[first : first + TOGETHER]
            longest = max(len(rows[n][0]) for n in part)
            ids = [rows[n][0] + [END] * (longest - len(rows[n][0])) for n in part]
            ids = torch.tensor(ids, device=device)
            logits_BSV = one.model(ids[:, :-1]).logits_BSV.float()
            told_BS = logits_BSV.gather(-1, ids[:, 1:, None])[..., 0] - logits_BSV.logsumexp(-1)
            for row, n in enumerate(part):
                whole, begin = rows[n]
                logp_N[n] = told_BS[row, begin - 1 : len(whole) - 1].double().sum()
    return logp_N


def four_ways(logps, alone, choices):
    """Score a question's choices in the four ways of lm-evaluation-harness 0.4.13.

    Args:
        logps: log p(choice | question) of each choice, nats.
        alone: log p(choice) of each, without the question.
        choices: their texts; the space in front is scored and not counted.

    Returns:
        name -> scores: ``acc`` as they are, ``acc_norm`` per character, ``acc_bytes`` per byte
        of UTF-8, ``acc_mutual_info`` less what the choice has alone. The highest wins; of
        equal ones the first.

    >>> found = four_ways([-6.0, -7.0], [-5.0, -8.0], ["Straße", "Weg"])
    >>> [round(float(scores[0]), 3) for scores in found.values()]
    [-6.0, -1.0, -0.857, -1.0]

    Lesson 12.
    """
    logps, alone = np.asarray(logps), np.asarray(alone)
    characters = np.array([len(choice) for choice in choices])
    sizes = np.array([len(choice.encode()) for choice in choices])
    found = {"acc": logps, "acc_norm": logps / characters, "acc_bytes": logps / sizes}
    return found | {"acc_mutual_info": logps - alone}


def examine(one, questions):
    """Ask all questions and keep what the model thinks of each choice.

    Returns:
        A list of arrays, log p(choice | question) in nats.

    >>> [len(found) for found in examine(examinee("dense"), [Question("Who?", "ab", 0, 0)])]
    [2]

    Lesson 12.
    """
    pairs = [(one_of.text, choice) for one_of in questions for choice in one_of.choices]
    edges = np.cumsum([len(each.choices) for each in questions])[:-1]
    return np.split(log_probabilities(one, pairs), edges)


def hits(questions, scores):
    """Mark which questions were answered right; ties go to the first choice, as there.

    Returns:
        hit_N: 1.0 or 0.0 each.

    >>> hits([Question("", "ab", 1, 0)], [[0.0, 1.0]]).tolist()
    [1.0]

    Lesson 12.
    """
    chosen = [int(np.argmax(each)) for each in scores]
    return np.array([float(a == b.gold) for a, b in zip(chosen, questions, strict=True)])


def truthful(scores, true):
    """Score a question with several true and false answers as TruthfulQA does.

    Args:
        scores: log p of each answer, nats.
        true: which of them are true.

    Returns:
        MC1, whether the likeliest answer is true: 0 or 1; and MC2, the share of probability
        on true ones, 0 to 1, whatever their length.

    >>> one, share = truthful([-1.0, -1.0, -50.0], [True, False, False])
    >>> one, round(float(share), 3)
    (1.0, 0.5)

    Lesson 12.
    """
    scores, true = np.asarray(scores), np.asarray(true)
    weight = np.exp(scores - scores.max())
    return float(true[scores.argmax()]), float(weight[true].sum() / weight.sum())
