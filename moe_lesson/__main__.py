"""Train a small Mixtral, sample from it, talk to it, see its routing, measure it, export it."""

import os
import signal

if __name__ == "__main__":  # torch takes seconds to load: a Ctrl-C meanwhile has nothing to save
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

from moe_lesson.commands import read
from moe_lesson.commands.chat import chat
from moe_lesson.commands.console import ending, leave
from moe_lesson.commands.options import check_options, parser
from moe_lesson.commands.train import train

COMMANDS = {
    "train": train,
    "sample": read.sample,
    "chat": chat,
    "routes": read.routes,
    "evaluate": read.evaluate,
    "export": read.export,
}


def main(argv=None):
    """Run one command.

    Returns:
        0; 2 after printing a mistake in one line; 130 after Ctrl-C; 141 when nobody reads
        what it prints any more.

    >>> main(["sample", "--model", "absent"])
    2

    Lesson 9.
    """
    args = parser().parse_args(argv)

    def command():
        check_options(args)
        return COMMANDS[args.command](args)

    return ending(args.command, command)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    leave(main())
