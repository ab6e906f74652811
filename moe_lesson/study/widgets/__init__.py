"""What a reader moves: native controls, one picture, one computed sentence.

Without a kernel, or with the environment variable ``MOE_STATIC=1``, each shows a strip of
pictures with the same sentences instead.
"""

from moe_lesson.study.widgets.balance_lab import balance_lab
from moe_lesson.study.widgets.explorer import Explorer
from moe_lesson.study.widgets.fallback import View
from moe_lesson.study.widgets.gate_bench import gate_bench
from moe_lesson.study.widgets.hard_gate import hard_gate
from moe_lesson.study.widgets.labels_map import who_sees_what
from moe_lesson.study.widgets.ledger import ledger
from moe_lesson.study.widgets.parallel import parallel_story
from moe_lesson.study.widgets.paths import expert_paths
from moe_lesson.study.widgets.surgery import expert_surgery
from moe_lesson.study.widgets.territory import Scene, film_scene, four_squares, territory_map
from moe_lesson.study.widgets.timelapse import time_lapse
from moe_lesson.study.widgets.tug_of_war import tug_of_war
from moe_lesson.study.widgets.xray import sentence_xray

__all__ = [
    "Explorer",
    "Scene",
    "View",
    "balance_lab",
    "expert_paths",
    "expert_surgery",
    "film_scene",
    "four_squares",
    "gate_bench",
    "hard_gate",
    "ledger",
    "parallel_story",
    "sentence_xray",
    "territory_map",
    "time_lapse",
    "tug_of_war",
    "who_sees_what",
]
