"""Sample sentences for somebody to judge: ``python tools/sentences.py 60`` (of each language).

Held-out documents are continued from their first four words at temperature 0.7, top-p 0.95,
a seed each; what is printed ends with the first sentence that the model ends itself.
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from moe_lesson.checkpoints.shipped import NAMES, shipped
from moe_lesson.corpus.heldout import held_out
from moe_lesson.inference.generate import stream_text
from moe_lesson.inference.sampling import Sampling

TOKENS = 60
OPENING = re.compile(r"(\s*\S+){4}")  # a title's end of line is kept
ENDS = re.compile(r"[.!?][»“”\"]?(\s|$)")


def sentence(model, words, opening, seed):
    """Continue an opening to the end of its sentence, or to the last token that is asked."""
    text = ""
    chance = Sampling(0.7, top_p=0.95, seed=seed)
    for piece in stream_text(model, words, opening, TOKENS, chance):
        text += piece
        end = ENDS.search(text, len(opening))
        if end:
            return text[: end.end()].strip()
    return f"{text.strip()} ..."


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=60)
    parser.add_argument("--model", choices=NAMES, default=NAMES[0])
    asked = parser.parse_args()
    model, words, *_ = shipped(asked.model)
    pages = {}
    for page in held_out(8 * asked.count):
        pages.setdefault(page.about["language"], []).append(page)
    for language, found in pages.items():
        print(f"# {language}")
        for seed, page in enumerate(found[: asked.count]):
            opening = OPENING.match(page.text).group()
            print(f"{seed + 1}. {sentence(model, words, opening, seed)}".replace("\n", " / "))


if __name__ == "__main__":
    main()
