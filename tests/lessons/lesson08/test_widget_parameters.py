"""The ledger of parameters."""

import pytest
import torch

from moe_lesson.lessons.lesson08.widget_parameters import parts
from moe_lesson.models.config import MISTRAL_7B, MIXTRAL_8X7B, SMALL, TINY, Config


@pytest.mark.parametrize("config", [MIXTRAL_8X7B, MISTRAL_7B, SMALL, TINY])
def test_ledger_parts_add_up(config):
    stored, used = zip(*parts(config).values())
    assert (sum(stored), sum(used)) == (config.total_parameters, config.active_parameters)


def test_ledger_states_are_the_published_models(ledger):
    ledger.move(**ledger.states["Mixtral 8x7B"])
    assert ledger.sentence.startswith(
        "46.70 billion parameters stored, 12.88 billion used by a token (27.6 %); 93.4 GB"
    )
    ledger.move(**ledger.states["Mistral 7B"])
    assert (
        "7.24 billion parameters stored, 7.24 billion used by a token (100.0 %)" in ledger.sentence
    )
    ledger.move(**ledger.states["SMALL"])
    share = 100 * SMALL.active_parameters / SMALL.total_parameters
    assert f"{SMALL.total_parameters / 1e6:.2f} million parameters stored" in ledger.sentence
    assert f"({share:.1f} %); {SMALL.bytes_at(torch.float32) / 1e6:.1f} MB" in ledger.sentence


def test_ledger_follows_its_controls(ledger):
    ledger.move(**ledger.start)
    before = ledger.picture
    ledger.controls["num_experts"].value = 16
    ledger.controls["dtype"].value = "4 bits"
    config = Config(4096, 32, 128, 14336, 32, 8, 1, 32000, num_experts=16, top_k=2)
    assert f"{config.total_parameters / 1e9:.2f} billion" in ledger.sentence
    assert f"{config.bytes_at(4) / 1e9:.1f} GB in 4 bits" in ledger.sentence
    assert ledger.picture != before


def test_ledger_explains_what_cannot_be(ledger):
    ledger.move(num_experts=2, top_k=4)
    assert ledger.sentence == "top_k is 4: it cannot exceed num_experts 2"
    ledger.move(num_experts=8, dim=100)
    assert "multiple of 8" in ledger.sentence
