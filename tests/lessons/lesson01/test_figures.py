"""The figures of lesson 01: titles from their numbers, nothing cut off, few bytes."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from moe_lesson.lessons.lesson01 import figures
from moe_lesson.mixtures.local import Mixture
from moe_lesson.study.figures import frame

POINTS = np.array([[-1.0, -1, 1], [-1, 1, 1], [1, -1, 1], [1, 1, 1]])
# Expert 0 says 1 above the middle, expert 1 below it; the router cuts at the left and right.
SQUARES = Mixture(
    np.array([[[[0.0], [-9], [0]], [[0.0], [9], [0]]]]),
    np.array([[[-9.0, 9], [0, 0], [0, 0]]]),
)
EVEN = SQUARES._replace(router_BDE=np.zeros((1, 3, 2)))


def draw_map(shown="owner", mixture=SQUARES):
    axes = frame.new_axes(shown=False)
    return figures.territories(axes, POINTS, np.array([1, 0, 0, 1]), mixture, shown)


def draw_path():
    feet = {e: np.cumsum(np.full((9, 2), 0.1 * (e + 1)), 0) for e in range(3)}
    return figures.trajectories(frame.new_axes(shown=False), feet, {"X": (0.5, 0.5), "T0": (1, 1)})


def draw_pull():
    far = np.linspace(0, 4, 41)
    curves = {"1.2": far, "1.3": far * np.exp(-(far**2) / 2)}
    return figures.pull_curves(frame.new_axes(shown=False), far, curves)


def draw_epochs():
    epochs = {"4 experts": np.array([500.0, 520, 480]), "BP 6": np.array([900.0, np.nan, 1100])}
    return figures.epochs_by_system(frame.new_axes(shown=False), epochs)


def draw_threshold():
    a = np.array([0.5, 1.5, 3.0])
    apart = {"1.2": [0, 0, 0], "1.3": [0, 1.46, 3]}
    return figures.split_threshold(frame.new_axes(shown=False), a, apart, (a, apart["1.3"]))


def draw_tug():
    guess, move = np.array([-1.0, 2.0]), np.array([0.82, -0.36])
    shares = np.array([0.5, 0.5]), np.array([0.82, 0.18])
    return figures.tug(frame.new_axes(shown=False), 0.0, guess, move, *shares)


FIGURES = {
    "owner": draw_map,
    "entropy": lambda: draw_map("entropy"),
    "decision": lambda: draw_map("decision"),
    "probability": lambda: draw_map(1),
    "nobody": lambda: draw_map(mixture=EVEN),
    "path": draw_path,
    "pull": draw_pull,
    "epochs": draw_epochs,
    "threshold": draw_threshold,
    "tug": draw_tug,
}


@pytest.fixture(params=FIGURES, scope="module")
def drawn(request):
    axes = FIGURES[request.param]()
    FigureCanvasAgg(axes.figure).draw()
    return axes


def test_title_names_and_size(drawn):
    assert any(letter.isdigit() for letter in drawn.get_title("left"))
    assert drawn.get_xlabel() and (drawn.get_ylabel() or drawn.get_yticklabels())
    assert len(frame.png(drawn.figure)) < 60_000


def test_nothing_is_cut_off(drawn):
    all_of_it, edge = drawn.get_tightbbox(), drawn.figure.bbox
    assert all_of_it.x0 >= 0 and all_of_it.x1 <= edge.x1
    assert all_of_it.y0 >= 0 and all_of_it.y1 <= edge.y1


def test_the_map_says_who_owns_and_how_many_are_right():
    assert draw_map().get_title("left") == "Experts 0, 1 share the plane: 4 of 4 right (100.0 %)"
    assert draw_map(mixture=EVEN).get_title("left").startswith("Nobody owns")


def test_each_background_is_its_own():
    pictures = [draw_map(shown).images[0].get_array() for shown in ("owner", "entropy", 0, 1)]
    levels = [np.asarray(picture, float).round(6).tobytes() for picture in pictures]
    assert len(set(levels)) == 4
    probability = np.asarray(pictures[2])
    assert probability[:, 0].min() > 0.99 and probability[:, -1].max() < 0.01


def test_the_routers_border_is_where_two_scores_are_equal():
    axes = draw_map()
    borders = [c for c in axes.collections if getattr(c, "levels", None) is not None]
    ends = np.concatenate([path.vertices for c in borders if c.levels[0] == 0
                           for path in c.get_paths()])  # fmt: skip
    assert np.allclose(ends[:, 0], 0, atol=1e-6)


def test_a_foot_lies_on_its_line_and_nearest_to_the_centre():
    generator = np.random.default_rng(0)
    weight, centre = generator.standard_normal((5, 3)), generator.standard_normal(2)
    foot = figures.line_foot(weight, centre)
    assert np.allclose((weight[:, :2] * foot).sum(1) + weight[:, 2], 0)
    across = np.stack([-weight[:, 1], weight[:, 0]], 1)
    assert np.allclose(((foot - centre) * across).sum(1), 0)


def test_runs_that_never_arrived_are_named_and_left_out_of_the_mean():
    axes = draw_epochs()
    assert "1 never" in " ".join(text.get_text() for text in axes.texts)
    assert axes.get_title("left") == "Fewest epochs: 4 experts, 500 on average; most: BP 6, 1000"


def test_the_title_of_the_pulls_names_only_what_has_a_peak():
    assert draw_pull().get_title("left") == "1.3 pulls hardest at 1.00"
