"""Triton for the cells of a notebook: its language, and its interpreter on a CPU.

Where there is no Triton (it is made for Linux) programs can be written, not run.
"""

from types import SimpleNamespace


def language():
    """Return ``triton.language``, or in its place what a program's first line needs.

    >>> hasattr(language(), "constexpr")
    True

    Lesson 6.
    """
    try:
        from moe_lesson.moe import kernels
    except ImportError:
        return SimpleNamespace(constexpr=int)
    return kernels.tl


tl = language()


def run(program, copies, *arguments):
    """Run copies of a program one after another in Triton's interpreter.

    Args:
        program: a function in Triton's language, undecorated; ``tl`` is a global where it stands.

    Returns:
        True; False where there is no Triton.

    >>> from importlib.util import find_spec
    >>> run(language, 0) == bool(find_spec("triton"))  # no copy: nothing to do
    True

    Lesson 6.
    """
    try:
        from moe_lesson.moe import kernels
    except ImportError:
        return False
    kernels.InterpretedFunction(program)[(copies,)](*arguments)
    return True
