"""What a reader moves: native controls, one picture, one computed sentence.

Without a kernel, or with the environment variable ``MOE_STATIC=1``, each shows a strip of
pictures with the same sentences instead.
"""

from moe_lesson.study.widgets.explorer import Explorer
from moe_lesson.study.widgets.fallback import View
from moe_lesson.study.widgets.gate_bench import gate_bench
from moe_lesson.study.widgets.ledger import ledger
from moe_lesson.study.widgets.xray import sentence_xray

__all__ = ["Explorer", "View", "gate_bench", "ledger", "sentence_xray"]
