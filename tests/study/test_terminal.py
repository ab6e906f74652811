"""A routed text for a terminal."""

import numpy as np
import pytest

from moe_lesson.study.terminal import coloured_text
from moe_lesson.study.trace import RoutingTrace


def by_hand(tokens, first):
    """Build a one-layer trace with the given first choices of two experts."""
    T = len(tokens)
    expert_LTK = np.array(first).reshape(1, T, 1)
    return RoutingTrace(
        tokens, np.arange(T), expert_LTK, np.ones((1, T, 1)), np.ones((1, T, 2)) / 2
    )


def test_terminal_text_without_colours_has_digits(monkeypatch):
    ours = by_hand(["The", " end", "\n", "x"], [0, 1, 1, 0])
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured_text(ours, 0) == "0|The 1| end 1|¶\n0|x"


def test_terminal_text_ends_each_colour_before_the_line():
    shown = coloured_text(by_hand(["a", "\n"], [0, 1]), 0, colours=True)
    assert shown.count("\x1b[0m") == 2 and shown.endswith("\x1b[0m\n")
    assert "48;2;230;159;0" in shown  # expert 0 is orange
    with pytest.raises(IndexError, match="layers 0 to 0"):
        coloured_text(by_hand(["a"], [0]), 1)
