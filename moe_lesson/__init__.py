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
from importlib.resources import files
from pathlib import Path

__version__ = "0.1.0"
# The one place that knows where data/ is: in an installed package, else beside it in a clone.
_PACKAGE = Path(str(files(__name__))).resolve()
DATA = (_PACKAGE if (_PACKAGE / "data").is_dir() else _PACKAGE.parent) / "data"
PRESETS = ("default", "quick", "long")


def pick_device():
    """Choose where tensors live: CUDA, else Apple's MPS, else the CPU.

    The environment variable ``MOE_DEVICE`` (``cpu``, ``cuda``, ``cuda:1``, ``mps``)
    overrides the choice.

    Returns:
        A ``torch.device``.

    Raises:
        ValueError: ``MOE_DEVICE`` names no device of this machine; those it has are named.

    >>> pick_device().type in ("cpu", "cuda", "mps")
    True

    Lesson 0.
    """
    import torch  # seconds to load: a command that is stopped meanwhile ends in one line

    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    allowed = ["cuda"] * (cards > 0) + ["mps"] * torch.backends.mps.is_available() + ["cpu"]
    chosen = os.environ.get("MOE_DEVICE", allowed[0])
    if chosen not in allowed + [f"cuda:{card}" for card in range(cards)]:
        allowed += [f"cuda:0 to cuda:{cards - 1}"] * (cards > 0)
        raise ValueError(f"MOE_DEVICE is {chosen!r}: allowed here are {', '.join(allowed)}")
    return torch.device(chosen)


def preset(**choices):
    """Choose how long a lesson computes: by the environment variable ``MOE_PRESET``.

    Args:
        choices: the numbers of each preset, by its name. A lesson without a ``quick`` or a
            ``long`` of its own computes as by ``default``.

    Returns:
        The chosen one's numbers.

    Raises:
        ValueError: ``MOE_PRESET`` is none of ``default``, ``quick`` and ``long``.

    >>> preset(default=300, quick=30, long=300) in (30, 300)
    True

    Lesson 9.
    """
    chosen = os.environ.get("MOE_PRESET", "default")
    if chosen not in PRESETS:
        raise ValueError(f"MOE_PRESET is {chosen!r}: allowed are {', '.join(PRESETS)}")
    return choices.get(chosen, choices["default"])


def one_of(kind, name, names):
    """Look a name up among those that there are.

    Args:
        kind: what the name is of, in a word.

    Returns:
        The name.

    Raises:
        ValueError: there is no such name; those there are are listed.

    >>> one_of("model", "huge", ("small", "dense"))
    Traceback (most recent call last):
    ValueError: model is 'huge': it must be one of small, dense

    Lesson 3.
    """
    if name not in names:
        raise ValueError(f"{kind} is {name!r}: it must be one of {', '.join(names)}")
    return name
