"""A routed text for a terminal: each token in the colour and with the digit of its expert."""

import os

from moe_lesson.study.figures.palette import colour, ink


def coloured_text(trace, layer, colours=None):
    """Write the text for a terminal, each token behind its first expert's number and colour.

    Args:
        colours: whether to colour; None: unless the environment variable NO_COLOR is set.

    Returns:
        A string with 24-bit ANSI colours; without them, number and bar before each token.

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
        colours = not os.environ.get("NO_COLOR")
    first = trace.expert_LTK[layer, :, 0].tolist()
    pieces = [
        _paint(token, expert, colours) for token, expert in zip(trace.tokens, first, strict=True)
    ]
    return ("" if colours else " ").join(pieces).replace("\n ", "\n")


def _paint(token, expert, colours):
    """Colour one token; a line break comes after the colour has ended."""
    shown, breaks = token.replace("\r", "").replace("\n", "¶"), "\n" * token.count("\n")
    if not colours:
        return f"{expert}|{shown}{breaks}"
    paper, pen = (_rgb(shade) for shade in (colour(expert), ink(expert)))
    return f"\x1b[48;2;{paper}m\x1b[38;2;{pen}m{expert}|{shown}\x1b[0m{breaks}"


def _rgb(shade):
    return ";".join(str(int(shade[at : at + 2], 16)) for at in (1, 3, 5))
