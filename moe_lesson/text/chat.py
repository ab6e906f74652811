"""Mixtral's chat template: who speaks is text, and only the ends of answers are control tokens."""

from typing import NamedTuple

from moe_lesson.text.kinds import BYTE_LEVEL, kind
from moe_lesson.text.tokenizer import END, SPECIAL, START, text_ids

ROLES = ("system", "user", "assistant")
OPEN, CLOSE = "[INST]", "[/INST]"


class Dialogue(NamedTuple):
    """Hold a conversation as token ids, and which of them a model learns to say.

    >>> Dialogue([1, 7, 2], [False, True, True]).ids
    [1, 7, 2]

    Lesson 11.
    """

    ids: list
    answers: list  # whether each id belongs to an answer, its </s> with it


def check_messages(messages):
    """Refuse what is no conversation.

    Args:
        messages: dicts of ``role`` and ``content``: perhaps a system message, then user and
            assistant in turn.

    Raises:
        ValueError: there is none, one is no such dict or is empty, or they do not alternate.

    >>> check_messages([{"role": "assistant", "content": "Hello."}])
    Traceback (most recent call last):
    ValueError: message 0 is of 'assistant': it must be of 'user'

    Lesson 11.
    """
    if not messages:
        raise ValueError("there are 0 messages: a conversation needs 1 or more")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
            raise ValueError(f"message {number} is {message!r}: it must have a role and a content")
        role, content = message["role"], message["content"]
        if role not in ROLES:
            raise ValueError(f"message {number} is of {role!r}: it must be of {', '.join(ROLES)}")
        if not isinstance(content, str) or not content.strip():
            raise ValueError(f"message {number} is {content!r}: it must be a text")
    first = int(messages[0]["role"] == "system")
    if len(messages) == first:
        raise ValueError("message 0 is of 'system' and the last: one of 'user' must follow")
    for number, message in enumerate(messages[first:], start=first):
        role, wanted = message["role"], ROLES[1 + (number - first) % 2]
        if role != wanted:
            raise ValueError(f"message {number} is of {role!r}: it must be of {wanted!r}")


def turns(messages):
    """Write each message as Mixtral reads it; a system message joins the first user turn.

    Version 1 of Mistral's templates, that of Mixtral 8x7B: ``[INST]`` is ordinary text.

    Returns:
        A list of (text, whether it is an answer).

    Raises:
        ValueError: as ``check_messages``.

    >>> turns([{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}])
    [('[INST] Who? [/INST]', False), ('Me.', True)]

    Lesson 11.
    """
    check_messages(messages)
    system = [m["content"] for m in messages if m["role"] == "system"]
    said = [m for m in messages if m["role"] != "system"]
    found = []
    for number, message in enumerate(said):
        content = "\n\n".join([*(system if not number else []), message["content"]])
        is_answer = message["role"] == "assistant"
        found.append((content if is_answer else f"{OPEN} {content} {CLOSE}", is_answer))
    return found


def render(messages):
    """Write a conversation for the eyes; a model gets ``chat_ids``, never this text.

    >>> render([{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}])
    '<s> [INST] Who? [/INST] Me.</s>'

    Lesson 11.
    """
    parts = (f" {text}{SPECIAL[END] if is_answer else ''}" for text, is_answer in turns(messages))
    return SPECIAL[START] + "".join(parts)


def chat_ids(tokenizer, messages):
    """Cut a conversation into tokens: one <s> in front, one </s> after every answer.

    Each turn is cut alone, with a space before it, which SentencePiece adds by itself. What
    looks like ``</s>`` in a message stays text.

    Returns:
        A Dialogue.

    Raises:
        ValueError: as ``check_messages`` and ``tokenizer.text_ids``.

    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> words = train_tokenizer(["[INST] [/INST] a b"] * 9, vocab_size=280)
    >>> said = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    >>> chat = chat_ids(words, said)
    >>> [words.id_to_token(i) for i, answer in zip(*chat) if answer]
    ['Ġb', '</s>']

    Lesson 11.
    """
    space = " " if kind(tokenizer) == BYTE_LEVEL else ""
    ids, answers = [START], [False]
    for text, is_answer in turns(messages):
        new = text_ids(tokenizer, space + text) + ([END] if is_answer else [])
        ids, answers = ids + new, answers + [is_answer] * len(new)
    return Dialogue(ids, answers)
