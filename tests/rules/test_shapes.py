"""The watcher of shape suffixes catches each kind of wrong name and leaves true ones alone."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from tests.rules.shapes import LEGEND, checked_suffixes, problems

x_TD = torch.zeros(3, 4)


class Pair(NamedTuple):
    token_R: torch.Tensor
    weight_R: torch.Tensor


def true_names(x_TD):
    T, D = x_TD.shape
    x_DT, bias_E, count_E = x_TD.T, None, np.zeros(7)
    return Pair(x_DT[0], x_DT[1]), count_E, bias_E, T, D


def wrong_axes(x_TD):
    x_T = x_TD
    return x_T


def wrong_size(x_TD):
    y_TD = x_TD.T
    return y_TD


def not_a_tensor(x_TD):
    count_E = x_TD.shape
    return count_E


def unlisted_letter(x_TD):
    x_TZ = x_TD
    return x_TZ


def wrong_array(x_TD):
    y_TD = x_TD.numpy().T
    return y_TD


def wrong_tuple(x_TD):
    return x_TD, Pair(torch.zeros(2), torch.zeros(5))


def wrong_in_a_loop(x_TD):
    return [len(row_TD) for row_TD in x_TD]


class WrongWeight(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight_ED = torch.nn.Parameter(torch.zeros(2, 9))

    def forward(self, x_TD):
        return x_TD


@pytest.mark.unwatched
@pytest.mark.parametrize(
    "function, message",
    [
        (wrong_axes, "wrong_axes: x_T has 2 axes, shape (3, 4)"),
        (wrong_size, "wrong_size: y_TD has T = 4, which is 3 elsewhere"),
        (not_a_tensor, "not_a_tensor: count_E is Size, not a tensor"),
        (unlisted_letter, "unlisted_letter: x_TZ ends in Z, which the legend does not list"),
        (wrong_array, "wrong_array: y_TD has T = 4, which is 3 elsewhere"),
        (wrong_tuple, "wrong_tuple: Pair.weight_R has R = 5, which is 2 elsewhere"),
        (wrong_in_a_loop, "row_TD has 1 axes, shape (4,)"),
        (WrongWeight(), "forward: x_TD has D = 4, which is 9 elsewhere"),
    ],
)
def test_a_wrong_name_is_caught(function, message):
    with checked_suffixes(__file__) as found:
        function(x_TD)
    assert any(message in problem for problem in found), list(found)


@pytest.mark.unwatched
def test_true_names_pass():
    with checked_suffixes(__file__) as found:
        true_names(x_TD)
    assert not found


@pytest.mark.unwatched
def test_only_the_named_folder_is_watched(tmp_path):
    with checked_suffixes(tmp_path) as found:
        wrong_axes(x_TD)
    assert not found


@pytest.mark.unwatched
def test_the_watcher_leaves_when_the_block_raises():
    with pytest.raises(ZeroDivisionError), checked_suffixes(__file__) as found:
        wrong_axes(x_TD)
        raise ZeroDivisionError
    with checked_suffixes(__file__) as later:
        pass
    wrong_axes(x_TD)
    assert found and not later


def test_one_letter_one_size_and_the_legend_is_read():
    assert set("BSTDFEKRCHGAPVL") <= LEGEND
    assert problems({"x_TD": x_TD, "y_TK": torch.zeros(3, 2)}) == []
    assert len(problems({"x_TD": x_TD, "y_TK": torch.zeros(4, 2)})) == 1
    assert problems({"weight": x_TD, "T": 3, "name_of": "x", "Config_TD": 1}) == []
