"""What a run reads and how large its model is, kept beside it."""

import dataclasses
import json

from moe_lesson.training import resume as state

RUN = "run.json"


def check_run(folder, plan, resume):
    """Refuse to write over a run, or to go on with another one.

    Args:
        folder: a ``Path``.
        plan: name -> value, as ``run.json`` keeps it.

    Raises:
        ValueError: the folder holds a run and ``resume`` is false, or its plan is another.

    >>> from pathlib import Path
    >>> check_run(Path("absent"), {}, resume=False)

    Lesson 9.
    """
    if not state.has_state(folder):
        return
    if not resume:
        raise ValueError(f"{folder} holds a run: add --resume to go on, or choose another --out")
    found = json.loads((folder / RUN).read_text(encoding="utf-8"))
    other = [f"{k}={found.get(k)} (now {plan[k]})" for k in plan if found.get(k) != plan[k]]
    if other:
        raise ValueError(f"{folder} holds a run with {', '.join(other)}")


def sized(base, experts, top_k, vocab_size):
    """Vary a preset by what was asked for; the sizes that were not keep to it.

    Args:
        experts, top_k: None keeps the preset's.

    Returns:
        A Config.

    >>> from moe_lesson.models.config import TINY
    >>> sized(TINY, 1, None, 300).top_k
    1

    Lesson 9.
    """
    experts = experts or base.num_experts
    top_k = top_k or min(base.top_k, experts)
    return dataclasses.replace(base, num_experts=experts, top_k=top_k, vocab_size=vocab_size)
