"""Mixture of experts from scratch, 1991 to Mixtral: the package that the lessons build.

A tensor's name ends in its axes (``x_TD``). One legend for the whole course:

====  ===================  ====  =========================
B     sequences            H     query heads
S     positions            G     key-value heads
T     tokens (B*S)         A     width of one head
D     width of the model   P     positions, past + present
E     experts              V     vocabulary
F     width of an expert   L     layers
K     experts per token    C     capacity
R     rows sent            J     the pair (gate, up)
====  ===================  ====  =========================

Floors: ``moe``, ``text`` and ``mixtures`` at the bottom, then ``models`` and ``corpus``, then
``inference`` and ``checkpoints``, then ``training``, ``study`` and ``lessons``, a room for each
notebook. A module imports only from the floors below its own.
"""

import os
from pathlib import Path

import torch

__version__ = "0.1.0"
DATA = Path(__file__).resolve().parents[1] / "data"  # the one place that knows where it is


def pick_device():
    """Choose where tensors live: CUDA, else Apple's MPS, else the CPU.

    The environment variable ``MOE_DEVICE`` (``cpu``, ``cuda``, ``cuda:1``, ``mps``)
    overrides the choice.

    Returns:
        A ``torch.device``.

    Raises:
        RuntimeError: ``MOE_DEVICE`` names no device that torch knows.

    >>> isinstance(pick_device(), torch.device)
    True

    Lesson 0.
    """
    if chosen := os.environ.get("MOE_DEVICE"):
        return torch.device(chosen)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def preset(**choices):
    """Choose how long a lesson computes: by the environment variable ``MOE_PRESET``.

    Args:
        choices: the numbers of each preset, by its name; ``default`` is one of them.

    Returns:
        The chosen one's numbers.

    Raises:
        ValueError: ``MOE_PRESET`` names none of them.

    >>> preset(default=300) if "MOE_PRESET" not in os.environ else 300
    300

    Lesson 9.
    """
    chosen = os.environ.get("MOE_PRESET", "default")
    if chosen not in choices:
        raise ValueError(f"MOE_PRESET is {chosen!r}: allowed are {', '.join(choices)}")
    return choices[chosen]
