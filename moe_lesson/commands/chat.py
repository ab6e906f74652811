"""The command ``chat``: line by line, with a memory as long as the model's context."""

import sys

from moe_lesson.commands import plan as plans
from moe_lesson.commands.console import say_pieces
from moe_lesson.inference.generate import stream_answer
from moe_lesson.inference.sampling import Sampling
from moe_lesson.text.chat import chat_ids


def chat(args):
    """Answer what is typed or piped in, a line at a time, until the input ends.

    Where no model is named it is the one tuned here, or else the one that is shipped.

    Raises:
        ValueError: as ``plan.opened``.

    Lesson 11.
    """
    model, words = plans.opened(plans.asked_or_own(args.model, plans.OWN_INSTRUCT, "instruct"))
    sampling = Sampling(args.temperature, args.top_k, args.top_p, args.seed)
    said = [] if args.system is None else [{"role": "system", "content": args.system}]
    for line in _lines():
        said.append({"role": "user", "content": line})
        said = fitting(words, said, model.config.context_len + 1 - args.tokens)
        text = say_pieces(stream_answer(model, words, said, args.tokens, sampling))
        # An answer of no words would be no message: its question is forgotten with it.
        said = [*said, {"role": "assistant", "content": text}] if text.strip() else said[:-1]


def fitting(words, messages, room):
    """Forget the oldest question and answer until the rest fits; a system message stays.

    Args:
        room: tokens.

    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> said = [{"role": role, "content": "a"} for role in ("user", "assistant", "user")]
    >>> len(fitting(train_tokenizer(["ab"], 260), said, room=20))
    1

    Lesson 11.
    """
    first = int(messages[0]["role"] == "system")
    while len(messages) > first + 2 and len(chat_ids(words, messages).ids) > room:
        messages = messages[:first] + messages[first + 2 :]
    return messages


def _lines():
    """Yield what is typed after a sign, or the lines of a pipe; empty ones are no questions."""
    if not sys.stdin.isatty():
        yield from (line.strip() for line in sys.stdin if line.strip())
        return
    while True:
        try:
            line = input("> ")
        except EOFError:
            return
        if line.strip():
            yield line.strip()
