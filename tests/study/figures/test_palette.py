"""Text can be read on every expert's colour."""

import numpy as np
import pytest

from moe_lesson.study.figures.palette import EXPERTS, colour, ink


@pytest.mark.parametrize("expert", range(8))
def test_text_on_every_colour_can_be_read(expert):
    def light(shade):
        parts = [int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return np.dot(linear, (0.2126, 0.7152, 0.0722)) + 0.05

    paper, pen = light(colour(expert)), light(ink(expert))
    assert max(paper, pen) / min(paper, pen) >= 4.5
    assert len(set(EXPERTS)) == 8
