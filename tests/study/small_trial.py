"""A model, a text and settings small enough to train in a moment."""

import torch

from moe_lesson.models.recurrent import RecurrentConfig
from moe_lesson.text.tokenizer import Data, Text
from moe_lesson.training.settings import Settings

CONFIG = RecurrentConfig(dim=8, hidden_dim=12, num_experts=8, top_k=2, vocab_size=40, dropout=0.0)
SETTINGS = Settings(
    steps=3, batch=2, length=8, balance_weight=0.0, measure_every=3, measure_tokens=100
)


def text(length=200, seed=0):
    generator = torch.Generator().manual_seed(seed)
    id_T = torch.randint(40, (length,), generator=generator)
    return Text(id_T, torch.ones(length, dtype=torch.long))


DATA = Data(text(), text(seed=1))
