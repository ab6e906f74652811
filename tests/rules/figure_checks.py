"""What every figure of the course has to pass; a test module imports these beside its ``drawn``."""

import io

from PIL import Image

from moe_lesson.study.figures import frame


def test_the_title_holds_a_number_and_axes_are_named(drawn):
    assert any(letter.isdigit() for letter in drawn.get_title("left"))
    assert drawn.get_xlabel() and (drawn.get_ylabel() or drawn.get_yticklabels())


def test_nothing_is_cut_off(drawn):
    all_of_it, edge = drawn.get_tightbbox(), drawn.figure.bbox
    assert all_of_it.x0 >= 0 and all_of_it.x1 <= edge.x1
    assert all_of_it.y0 >= 0 and all_of_it.y1 <= edge.y1


def test_a_picture_is_small_and_has_the_size_of_all_lessons(drawn):
    picture = frame.png(drawn.figure)
    assert len(picture) < 60_000
    assert Image.open(io.BytesIO(picture)).size == (704, 308)
