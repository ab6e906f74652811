"""Ctrl-C as a wish: what runs is finished and kept first."""

import signal
import threading
from contextlib import contextmanager


@contextmanager
def stop_gently():
    """Turn the first Ctrl-C into a wish; a second one interrupts at once.

    A block within another shares its wish. Where signals do not arrive (a thread that is not
    the main one) nobody ever wishes.

    Yields:
        A ``threading.Event``, set once the wish is there.

    >>> with stop_gently() as outer, stop_gently() as inner:
    ...     inner is outer, outer.is_set()
    (True, False)

    Lesson 9.
    """
    before = signal.getsignal(signal.SIGINT)
    if isinstance(before, _Wish):
        yield before.asked
        return
    wish = _Wish()
    if threading.current_thread() is not threading.main_thread():
        yield wish.asked
        return
    signal.signal(signal.SIGINT, wish)
    try:
        yield wish.asked
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


class _Wish:
    """Handle the signal."""

    def __init__(self):
        self.asked = threading.Event()

    def __call__(self, *_):
        if self.asked.is_set():
            raise KeyboardInterrupt
        self.asked.set()
