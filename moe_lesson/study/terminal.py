"""A text for a terminal: nothing in it commands the terminal, colours only where they show."""

import os
import sys
import unicodedata

from moe_lesson.study.figures.palette import colour, ink

# Formatting signs that turn the order of the letters around: what is read is not what is there.
TURNING = {chr(code) for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F))}
TURNING |= {chr(code) for code in range(0x2066, 0x206A)}
BREAKING = "\u2028\u2029"


def visible(text, plain=""):
    r"""Show what would command a terminal by signs of its own.

    Escape, bell and the other control characters become Unicode's pictures of them; those
    without a picture, and the signs that change the direction of writing, their numbers.

    Args:
        plain: control characters that may stay, such as a line break.

    >>> visible("a\x1b[2J\n"), visible("a\n", plain="\n"), visible("\x9b\u202e")
    ('a␛[2J␊', 'a\n', '\\x9b\\u202e')

    Lesson 10.
    """
    return "".join(one if one in plain else _sign(one) for one in text)


def _sign(one):
    """Return the picture of one character, itself if it does nothing."""
    code = ord(one)
    if code < 32:
        return chr(0x2400 + code)
    if code == 127:
        return "\u2421"
    if unicodedata.category(one) == "Cc":
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if one in TURNING or one in BREAKING else one


def wants_colours(stream):
    """Tell whether what is written to a stream may be coloured: a terminal that shows it.

    Never where NO_COLOR is set to something (no-color.org), and never on a dumb terminal.

    >>> import io
    >>> wants_colours(io.StringIO())
    False

    Lesson 10.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # there is no stream, or it is closed
        return False


def coloured_text(trace, layer, colours=None):
    """Write the text for a terminal, each token behind its first expert's number and colour.

    Args:
        colours: whether to colour; None: as ``wants_colours`` says of the standard output.

    Returns:
        A string with 24-bit ANSI colours; without them, number and bar before each token.
        Control characters of the text are shown, not sent.

    Raises:
        IndexError: the model has no such layer.

    >>> import numpy as np
    >>> from moe_lesson.study.trace import RoutingTrace
    >>> none = np.zeros((1, 2, 1))
    >>> two = RoutingTrace(["a", " b"], None, np.array([[[3], [0]]]), none, none)
    >>> coloured_text(two, layer=0, colours=False)
    '3|a 0| b'

    Lesson 10.
    """
    layers = len(trace.expert_LTK)
    if not 0 <= layer < layers:
        raise IndexError(f"layer is {layer}: the trace has layers 0 to {layers - 1}")
    if colours is None:
        colours = wants_colours(sys.stdout)
    first = trace.expert_LTK[layer, :, 0].tolist()
    pieces = [
        _paint(token, expert, colours) for token, expert in zip(trace.tokens, first, strict=True)
    ]
    return ("" if colours else " ").join(pieces).replace("\n ", "\n")


def _paint(token, expert, colours):
    """Colour one token; a line break comes after the colour has ended."""
    shown, breaks = token.replace("\r\n", "\n").replace("\n", "¶"), "\n" * token.count("\n")
    shown = visible(shown)
    if not colours:
        return f"{expert}|{shown}{breaks}"
    paper, pen = (_rgb(shade) for shade in (colour(expert), ink(expert)))
    return f"\x1b[48;2;{paper}m\x1b[38;2;{pen}m{expert}|{shown}\x1b[0m{breaks}"


def _rgb(shade):
    return ";".join(str(int(shade[at : at + 2], 16)) for at in (1, 3, 5))
