"""One function per figure: it takes axes and numbers, writes its finding as title, returns axes.

None of them trains or calls ``show``. Get axes from ``new_axes``.
"""

from moe_lesson.study.plots.balance_lab import (
    chosen_experts,
    emptied,
    error_trail,
    gate_chances,
    lab_axes,
    share_and_probability,
)
from moe_lesson.study.plots.busy import busiest_curves, information_by_balance
from moe_lesson.study.plots.frame import cleared, new_axes, png, stacked
from moe_lesson.study.plots.gates import (
    bias_variance,
    estimate_bars,
    likelihood_climb,
    owner_map,
    price_list,
)
from moe_lesson.study.plots.mixtures import router_follows
from moe_lesson.study.plots.models import attention_mask, cache_memory, ledger_bars, rope_products
from moe_lesson.study.plots.routers import expert_load, gate_bars, mixture_split, routing_strip
from moe_lesson.study.plots.sparse_layer import by_experts, chance_check, lit_by_rank
from moe_lesson.study.plots.specialisation import (
    divergence_by_layer,
    information_by_layer,
    label_map,
    repeats_by_depth,
    switch_curve,
)
from moe_lesson.study.plots.surgery import (
    entropy_histogram,
    loss_changes,
    need_against_load,
    path_flow,
    ternary,
)
from moe_lesson.study.plots.territories import (
    epochs_by_system,
    line_foot,
    pull_curves,
    split_threshold,
    territories,
    trajectories,
    tug,
)
from moe_lesson.study.plots.training import label_bars, loss_curves

__all__ = [
    "attention_mask",
    "bias_variance",
    "busiest_curves",
    "by_experts",
    "cache_memory",
    "chance_check",
    "chosen_experts",
    "cleared",
    "divergence_by_layer",
    "emptied",
    "entropy_histogram",
    "epochs_by_system",
    "error_trail",
    "estimate_bars",
    "expert_load",
    "gate_bars",
    "gate_chances",
    "information_by_balance",
    "information_by_layer",
    "lab_axes",
    "label_bars",
    "label_map",
    "ledger_bars",
    "likelihood_climb",
    "line_foot",
    "lit_by_rank",
    "loss_changes",
    "loss_curves",
    "mixture_split",
    "need_against_load",
    "new_axes",
    "owner_map",
    "path_flow",
    "png",
    "price_list",
    "pull_curves",
    "repeats_by_depth",
    "rope_products",
    "router_follows",
    "routing_strip",
    "share_and_probability",
    "split_threshold",
    "stacked",
    "switch_curve",
    "ternary",
    "territories",
    "trajectories",
    "tug",
]
