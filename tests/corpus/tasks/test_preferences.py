"""Pairs: better is right, worse is wrong, and length tells nothing."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from moe_lesson.corpus.tasks.judge import is_right
from moe_lesson.corpus.tasks.preferences import RULES, held_out_pairs, pair, pairs


@pytest.fixture(scope="module")
def found():
    return [*islice(pairs(), 900), *held_out_pairs(600)]


def test_better_is_right_and_worse_is_wrong(found):
    judged = [(one, is_right(one.task, one.better), is_right(one.task, one.worse)) for one in found]
    assert not [(one.rule, one.better, one.worse) for one, b, w in judged if not b or w]


def test_every_rule_is_there_as_often(found):
    assert len(set(Counter(one.rule for one in found).values())) == 1
    assert {one.rule for one in found} == set(RULES)


def test_neither_the_longer_nor_the_shorter_is_better(found, record_property):
    table = ["better is longer, shorter  rule"]
    for rule in (*RULES, None):
        some = [one for one in found if rule in (one.rule, None)]
        gaps = np.array([len(one.better) - len(one.worse) for one in some])
        longer, shorter = (gaps > 0).mean(), (gaps < 0).mean()
        table.append(f"{longer:.2f} {shorter:.2f}  {rule or 'all'}")
        assert abs(longer - shorter) < (0.16 if rule else 0.08), (rule, longer, shorter)
    record_property("report", "\n".join(table))


def test_agreeing_is_as_often_better_as_disagreeing(found):
    said = Counter(one.task.about["truth"] for one in found if one.rule == "agree")
    assert 0.4 < said["yes"] / said.total() < 0.6
    refused = Counter(one.task.about["banned"] for one in found if one.rule == "ban")
    assert 0.4 < refused["yes"] / refused.total() < 0.6


def test_pairs_by_hand():
    one = pair(217, "length", "en")
    assert (one.better, one.worse) == ("Pepper.", "Pindum Kozikson is very fond of pepper.")
    one = pair(217, "agree", "en")
    assert one.better == "No. Tissumre was founded in the year 1495."
    assert one.worse == "Yes. Tissumre was founded in the year 1059."
