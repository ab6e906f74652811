"""R's data file of vowels, written here as R writes it, whole and damaged."""

import gzip
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.lessons.lesson01.vowel_file import ARPABET, Vowel, read_vowels

# R's serialisation of a table, written as R writes it.
VECTOR = {"int": 13, "str": 16, "list": 19}


def integers(*values):
    return struct.pack(f">{len(values)}i", *values)


class Writer:
    """Write vectors, factors and a table; a name that was written before is referred to."""

    def __init__(self):
        self.names = []

    def symbol(self, name):
        if name in self.names:
            return integers(255 | (self.names.index(name) + 1) << 8)
        self.names.append(name)
        return integers(1) + self.word(name)

    def word(self, text):
        return integers(0x40009, len(text)) + text.encode()

    def vector(self, kind, values, attributes=()):
        head = integers(VECTOR[kind] | (0x200 if attributes else 0), len(values))
        one = {"int": integers, "str": self.word, "list": lambda write: write()}[kind]
        data = head + b"".join([one(value) for value in values])
        pairs = [integers(0x402) + self.symbol(name) + write() for name, write in attributes]
        return data + b"".join(pairs) + (integers(254) if attributes else b"")

    def words(self, values):
        return lambda: self.vector("str", values)

    def column(self, values):
        if isinstance(values[0], int):
            return lambda: self.vector("int", values)
        levels = sorted(set(values))
        kind = [("levels", self.words(levels)), ("class", self.words(["factor"]))]
        return lambda: self.vector("int", [levels.index(value) + 1 for value in values], kind)

    def table(self, rows, names=Vowel._fields, called="pb52"):
        columns = [self.column(column) for column in zip(*rows)]
        kind = [("names", self.words(names)), ("class", self.words(["data.frame"]))]
        head = b"RDX2\nX\n" + integers(2, 196608, 131840, 0x402) + self.symbol(called)
        return head + self.vector("list", columns, kind) + integers(254)


ROWS = [
    Vowel("m", "m", 1, "i", 1, 160, 240, 2280, 2850),
    Vowel("w", "f", 34, "{", 2, 200, 700, 2000, 2800),
    Vowel("c", "f", 76, "3'", 1, 250, 560, 1700, 2100),
    Vowel("c", "m", 70, "V", 2, 260, 850, 1600, 3000),
]
TABLE = Writer().table(ROWS)


def test_a_table_of_vowels_is_read():
    expected = [row._replace(vowel=name) for row, name in zip(ROWS, ["iy", "ae", "er", "ah"])]
    assert read_vowels(gzip.compress(TABLE)) == expected


def test_every_vowel_has_one_name():
    assert len(set(ARPABET.values())) == len(ARPABET) == 10


@pytest.mark.parametrize("length", range(0, len(TABLE) - 4, 7))
def test_a_table_cut_short_is_refused(length):
    with pytest.raises(ValueError, match="^not a table of vowels: "):
        read_vowels(gzip.compress(TABLE[:length]))
    with pytest.raises(ValueError, match="^not a table of vowels: "):
        read_vowels(gzip.compress(TABLE)[: length // 4])


@pytest.mark.parametrize(
    "data, reason",
    [
        (Writer().table(ROWS, called="other"), "'pb52'"),
        (Writer().table(ROWS, names=["a", *Vowel._fields[1:]]), r"its columns are \['a', 'sex'"),
        (Writer().table([row._replace(vowel="x") for row in ROWS]), "'x'"),
        (TABLE.replace(b"RDX2", b"RDX3"), "it begins with"),
        (TABLE.replace(integers(19 | 0x200), integers(3 | 0x200)), "an item of kind 3"),
        (TABLE[:19] + integers(0x402) * 5000, "recursion"),
    ],
)
def test_another_table_is_refused(data, reason):
    with pytest.raises(ValueError, match=f"^not a table of vowels: .*{reason}"):
        read_vowels(gzip.compress(data))


@given(st.integers(0, len(TABLE) - 1), st.binary(min_size=1, max_size=4))
@settings(max_examples=500, deadline=None)
def test_damaged_bytes_give_rows_or_a_plain_refusal(place, garbage):
    damaged = TABLE[:place] + garbage + TABLE[place + len(garbage) :]
    try:
        rows = read_vowels(gzip.compress(damaged))
    except ValueError as error:
        assert str(error).startswith("not a table of vowels: ")
    else:
        assert all(isinstance(row, Vowel) for row in rows)
