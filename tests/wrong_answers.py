"""Plausible wrong answers to the exercises, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``top-k`` for ``top-k-stub``, ``top-k-check`` and ``top-k-hints``.
"""

WRONG_ANSWERS = {}
