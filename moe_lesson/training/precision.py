"""How exactly a CPU multiplies while a model trains."""

from contextlib import contextmanager

import torch


@contextmanager
def fast_matmul(enabled=True):
    """Let float32 products use bfloat16 units where this CPU has them; restore on leaving.

    Sums stay in float32; factors are rounded to 8 bits of mantissa. Elsewhere nothing
    changes. Measured on the small Mixtral: see "make bench".

    >>> with fast_matmul():
    ...     torch.get_float32_matmul_precision() in ("medium", "highest")
    True

    Lesson 9.
    """
    before = torch.get_float32_matmul_precision()
    if enabled and torch.cpu._is_amx_tile_supported():
        torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
