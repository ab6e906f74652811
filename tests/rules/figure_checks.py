"""What every figure of the course has to pass; a test module imports these beside its ``drawn``."""

import io

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from moe_lesson.study.figures import frame


def listed_in(figures):
    """Return a decorator that lists, by name, a function that draws on given axes."""

    def figure(draw):
        figures[draw.__name__] = draw
        return draw

    return figure


def drawn_of(figures):
    """Return the fixture ``drawn``: the axes of each figure that is listed, drawn unseen."""

    @pytest.fixture(params=figures, scope="module")
    def drawn(request):
        axes = figures[request.param](frame.new_axes(shown=False))
        FigureCanvasAgg(axes.figure).draw()
        return axes

    return drawn


def assert_titles_fit(draw):
    """Demand that the titles of two such figures, side by side, do not touch."""
    both = frame.new_axes(columns=2, height=3.2, shown=False)
    for axes in both:
        draw(axes)
    FigureCanvasAgg(both[0].figure).draw()
    left, right = (axes._left_title.get_window_extent() for axes in both)
    assert left.x1 < right.x0 and right.x1 <= both[0].figure.bbox.x1 + 1


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
