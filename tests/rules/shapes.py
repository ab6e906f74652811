"""Make the shape suffixes true: look at the locals of the package as its functions return.

``x_TD`` promises a tensor (torch or NumPy) with two axes, and T and D keep one size within a
function. The weights of ``self`` count as the function's own names. A NamedTuple that a
function returns (``Routing``, ``Plan``) keeps the same promise among its fields; those that a
check hands on are the reader's answers, right or wrong.
"""

import functools
import re
import sys
from contextlib import contextmanager

import numpy as np
import torch

import moe_lesson

SUFFIXED = re.compile(r"[a-z][a-z0-9_]*_([A-Z]+)")
LEGEND = frozenset(re.findall(r"\b([A-Z]) {5}", moe_lesson.__doc__))


def problems(values):
    """Return a message for each of ``values`` (name: value) that contradicts its own name."""
    size, found = {}, []
    for name, value in values.items():
        match = SUFFIXED.fullmatch(name)
        if match and value is not None:
            found += [f"{name} {fault}" for fault in _faults(match[1], value, size)]
    return found


def _faults(letters, value, size):
    """Yield how one value breaks the promise of its letters; keep their sizes in ``size``."""
    if not isinstance(value, (torch.Tensor, np.ndarray, np.generic)):
        yield f"is {type(value).__name__}, not a tensor"
        return
    if unlisted := sorted(set(letters) - LEGEND):
        yield f"ends in {', '.join(unlisted)}, which the legend does not list"
    if len(letters) != len(value.shape):
        yield f"has {len(value.shape)} axes, shape {tuple(value.shape)}"
        return
    for letter, n in zip(letters, value.shape):
        if size.setdefault(letter, n) != n:
            yield f"has {letter} = {n}, which is {size[letter]} elsewhere in the function"


@functools.cache
def _suffixed_names(code):
    """Return the locals and parameters of a function that promise a shape."""
    names = code.co_varnames + code.co_cellvars + code.co_freevars
    return tuple(name for name in names if SUFFIXED.fullmatch(name))


def _problems_of_call(frame, result):
    """Return the problems in a returning function's names and in the tuples it returns."""
    found = []
    if names := _suffixed_names(frame.f_code):
        values = frame.f_locals
        owner = values.get("self")
        weights = {}
        if isinstance(owner, torch.nn.Module):
            weights = {**owner._parameters, **owner._buffers}
        found += problems(weights | {name: values[name] for name in names if name in values})
    if "checks" in frame.f_globals.get("__name__", "").rpartition(".")[2]:
        return found
    for value in (result, *result) if isinstance(result, tuple) else ():
        if hasattr(value, "_asdict"):
            found += [f"{type(value).__name__}.{fault}" for fault in problems(value._asdict())]
    return found


@contextmanager
def checked_suffixes(folder):
    """Within the block, check each function whose file lies in ``folder`` as it returns.

    Yields a dict with the problems found, in order, as keys. Only this thread is watched.
    """
    found, prefix = {}, str(folder)

    def on_event(frame, event, result):
        if event == "return" and frame.f_code.co_filename.startswith(prefix):
            where = f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
            for problem in _problems_of_call(frame, result):
                found[f"{where}: {problem}"] = None

    before = sys.getprofile()
    sys.setprofile(on_event)
    try:
        yield found
    finally:
        sys.setprofile(before)
