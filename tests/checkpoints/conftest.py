"""Fixtures of this folder."""

import pytest

from moe_lesson.checkpoints.folder import save
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral


@pytest.fixture
def saved(tmp_path):
    """A folder with a whole checkpoint, to be damaged."""
    save(tmp_path, Mixtral(TINY))
    return tmp_path
