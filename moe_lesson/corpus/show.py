"""Print documents for whoever reads a language: ``python -m moe_lesson.corpus.show fr 20``."""

import sys

from moe_lesson.corpus.build import REGISTERS, TOPICS, write


def samples(language, count, start=0):
    """Write documents of all registers and topics in turn.

    Returns:
        A list of Documents.

    >>> [document.about["register"] for document in samples("en", 2)]
    ['story', 'dialogue']

    Lesson 10.
    """
    order = [(register, topic) for topic in TOPICS for register in REGISTERS]
    pairs = [order[n % len(order)] for n in range(start, start + count)]
    numbers = range(7_000_000 + start, 7_000_000 + start + count)
    return [write(n, language, topic, register) for n, (register, topic) in zip(numbers, pairs)]


if __name__ == "__main__":
    for document in samples(sys.argv[1], int(sys.argv[2]), int((sys.argv + ["0"])[3])):
        sys.stdout.write(f"## {document.about['story']}\n{document.text}\n")
