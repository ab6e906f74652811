"""The two environment variables: what they may say, and that a mistake in them is named."""

import json

import pytest
import torch

from moe_lesson import PRESETS, pick_device, preset
from tests.rules.source import ROOT

NUMBERS = {"quick": 1, "default": 2}


@pytest.mark.parametrize("chosen, number", [("quick", 1), ("default", 2), ("long", 2), (None, 2)])
def test_a_preset_that_a_lesson_lacks_is_its_default(chosen, number, monkeypatch):
    monkeypatch.delenv("MOE_PRESET", raising=False)
    if chosen:
        monkeypatch.setenv("MOE_PRESET", chosen)
    assert preset(**NUMBERS) == number


@pytest.mark.parametrize("chosen", ["quik", "QUICK", "", "quick "])
def test_a_mistyped_preset_is_named_with_what_is_allowed(chosen, monkeypatch):
    monkeypatch.setenv("MOE_PRESET", chosen)
    with pytest.raises(ValueError, match=f"MOE_PRESET is '{chosen}': allowed are default, quick"):
        preset(**NUMBERS)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_no_notebook_reads_the_preset_by_itself(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        code = cell["cell_type"] == "code" and "".join(cell["source"])
        assert not code or "MOE_PRESET" not in code, code
    assert set(PRESETS) == {"default", "quick", "long"}


@pytest.mark.parametrize("chosen", ["gpu", "", "cpu ", "CPU", "cuda:99", "cpu:1", "meta", "0"])
def test_a_device_that_is_not_here_is_named_with_those_that_are(chosen, monkeypatch):
    monkeypatch.setenv("MOE_DEVICE", chosen)
    with pytest.raises(ValueError, match=f"MOE_DEVICE is '{chosen}': allowed here are .*cpu"):
        pick_device()


def test_the_card_of_several_can_be_chosen(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for chosen in ("cuda", "cuda:0", "cuda:1", "cpu"):
        monkeypatch.setenv("MOE_DEVICE", chosen)
        assert pick_device() == torch.device(chosen)
    monkeypatch.setenv("MOE_DEVICE", "cuda:2")
    with pytest.raises(ValueError, match="cuda, cpu, cuda:0 to cuda:1"):
        pick_device()
    monkeypatch.delenv("MOE_DEVICE")
    assert pick_device().type == "cuda"
