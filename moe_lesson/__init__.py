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
N     examples to learn    W     ranks (devices)
====  ===================  ====  =========================

Floors: ``moe``, ``text`` and ``mixtures`` at the bottom, then ``models`` and ``corpus``, then
``checkpoints``, then ``inference``, ``training``, ``study`` and ``lessons``, a room for each
notebook. A module imports only from the floors below its own.
"""

import math
import os
from importlib.resources import files
from pathlib import Path

__version__ = "1.0.0"
# The one place that knows where data/ is: in an installed package, else beside it in a clone.
_PACKAGE = Path(str(files(__name__))).resolve()
DATA = (_PACKAGE if (_PACKAGE / "data").is_dir() else _PACKAGE.parent) / "data"
PRESETS = ("default", "quick", "long")
# How OpenMP's idle threads wait, read once, when torch is loaded. GNU's spin through 1,000 turns
# (its own choice for crowded machines; 300,000 else) and then sleep; others sleep at once.
WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}
GROUPS = Path("/sys/fs/cgroup")
QUOTAS = ("cpu.max", "cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us")  # of control groups 2 and 1


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


def thread_settings(environment):
    """Choose how torch's threads wait, and how many they are where a container has less than all.

    Two threads that spin for each other on a core that others use as well make a step of
    training up to ten times longer ("make bench"). What the environment says already stays.
    The number follows from the machine, never from its load: it changes how sums are rounded,
    and a run that is resumed goes on to the same losses.

    Returns:
        A dict of environment variables to set before torch is loaded.

    >>> thread_settings({"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "active"})
    {}

    Lesson 9.
    """
    found = {}
    if not environment.keys() & {*WAITING, "KMP_BLOCKTIME"}:
        found |= WAITING
    quota = next(filter(None, map(_quota, QUOTAS)), None)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if quota and quota < cores and "OMP_NUM_THREADS" not in environment:
        found["OMP_NUM_THREADS"] = str(math.ceil(quota))
    return found


def _quota(names):
    """Return how many cores a control group lends, None if it sets no limit."""
    try:
        words = " ".join((GROUPS / name).read_text(encoding="ascii") for name in names.split())
        quota, period = map(int, words.split())
    except (OSError, ValueError):  # no such group; "max" is no number, and no limit
        return None
    return quota / period if quota > 0 and period > 0 else None


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


os.environ.update(thread_settings(os.environ))
