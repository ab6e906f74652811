"""How exactly a CPU multiplies: what is set for training is taken back."""

import pytest
import torch

from moe_lesson.training.precision import fast_matmul


def test_fast_matmul_is_restored():
    with pytest.raises(KeyError), fast_matmul():
        raise KeyError
    assert torch.get_float32_matmul_precision() == "highest"
    with fast_matmul(enabled=False):
        assert torch.get_float32_matmul_precision() == "highest"
