"""How a command speaks and ends: on any console, in one line, with the exit code one expects."""

import os
import signal
import sys

from moe_lesson.checkpoints.files import naming
from moe_lesson.study.terminal import visible

MISTAKES = (ValueError, IndexError, OSError, FloatingPointError, MemoryError)
MISTAKES += (ModuleNotFoundError,)  # an extra that is not installed
MISTAKEN, INTERRUPTED, UNREAD = 2, 130, 141  # the last two: 128 and the number of the signal
LAYOUT = "\n\t"  # control characters of a text that a terminal may have


def say(text, end="\n", stream=None):
    """Print a text; what the console cannot show becomes a question mark.

    Args:
        stream: None: the standard output.

    Raises:
        BrokenPipeError: nobody reads it any more.

    Lesson 9.
    """
    stream = stream or sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = text.encode(encoding, "replace").decode(encoding)
    with naming("the output"):
        print(shown, end=end, file=stream, flush=True)


def say_pieces(pieces):
    """Print a text as it comes; its control characters are shown, not sent.

    Returns:
        The text.

    Lesson 9.
    """
    said = []
    try:
        for piece in pieces:
            said.append(piece)
            say(visible(piece, plain=LAYOUT), end="")
    except KeyboardInterrupt:
        say("")  # what follows begins a line
        raise
    say("")
    return "".join(said)


def complain(name, text):
    """Print one line on the standard error; if nobody reads it, nothing.

    Args:
        name: of the command.

    Lesson 9.
    """
    line = visible(" ".join(str(text).split("\n")))
    try:
        say(f"moe_lesson {name}: {line}", stream=sys.stderr)
    except BrokenPipeError:
        return


def ending(name, command):
    """Run a command to its end, whatever that is.

    Args:
        name: of the command.
        command: without arguments; returns an exit code, None for 0.

    Returns:
        The exit code: 2 after a mistake, told in one line; 130 after Ctrl-C; 141 when what
        it printed is not read to its end (``| head``), without a word.

    Lesson 9.
    """
    try:
        return command() or 0
    except KeyboardInterrupt:
        complain(name, "interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return UNREAD
    except MISTAKES as error:
        complain(name, str(error) or type(error).__name__)
        return MISTAKEN
    except RuntimeError as error:
        if "memory" not in str(error):
            raise
        complain(name, f"there is not enough memory: {error}")
        return MISTAKEN


def leave(code):
    """Leave the program; nothing that Python does on its way out can fail loudly.

    Lesson 9.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # there is nothing left to stop
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, ValueError):  # there is none, or it is closed
            continue
        except OSError:  # Python would try again, and complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)
