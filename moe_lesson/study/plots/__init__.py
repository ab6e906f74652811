"""One function per figure: it takes axes and numbers, writes its finding as title, returns axes.

None of them trains or calls ``show``. Get axes from ``new_axes``.
"""

from moe_lesson.study.plots.frame import new_axes, png, stacked
from moe_lesson.study.plots.mixtures import router_follows
from moe_lesson.study.plots.models import attention_mask, cache_memory, ledger_bars, rope_products
from moe_lesson.study.plots.routers import expert_load, gate_bars, mixture_split, routing_strip
from moe_lesson.study.plots.training import loss_curves

__all__ = [
    "attention_mask",
    "cache_memory",
    "expert_load",
    "gate_bars",
    "ledger_bars",
    "loss_curves",
    "mixture_split",
    "new_axes",
    "png",
    "rope_products",
    "router_follows",
    "routing_strip",
    "stacked",
]
