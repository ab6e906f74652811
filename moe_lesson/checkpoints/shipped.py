"""The trained models that come with the course."""

from typing import NamedTuple

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from moe_lesson import DATA, one_of
from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.checkpoints.files import read_object
from moe_lesson.models.mixtral import Mixtral

FOLDER = DATA / "checkpoints"
NAMES = ("small", "dense", "answers", "instruct")


class Shipped(NamedTuple):
    """Hold a trained model with what is known of it.

    >>> shipped("small").scores["floor"]["en"] < shipped("small").scores["language"]["en"]
    True

    Lesson 10.
    """

    model: Mixtral
    words: Tokenizer
    scores: dict  # set of labels -> label -> bits per byte on held-out documents
    run: dict  # settings, budget, and rows of the training loop


def shipped(name="small", device=None):
    """Open a model that comes with the course.

    ``small`` (sparse) and its dense twin, ``dense``, were made by ``tools/train_small.py``;
    ``answers`` is ``small`` tuned on answers, ``instruct`` that tuned on preferences, both made
    by ``tools/train_instruct.py``. Each folder's README.md is the model's card.

    Args:
        device: where to put it; None: the CPU.

    Returns:
        A Shipped; the weights are float32.

    Raises:
        ValueError: there is no such model.

    >>> shipped("huge")
    Traceback (most recent call last):
    ValueError: name is 'huge': it must be one of small, dense, answers, instruct

    Lesson 10.
    """
    path = FOLDER / one_of("name", name, NAMES)
    model, words = checkpoint.load(path, device=device, dtype=torch.float32)
    told = (read_object(path / file) for file in ("scores.json", "run.json"))
    return Shipped(model, words, *told)


def timelapse():
    """Read what the sparse model's routers did with one text while it was trained.

    The text is one story in five languages (``heldout.parallel``), the first of them.

    Returns:
        The token ids, and a list of (step, prob_LTE), NumPy arrays in order of the steps.

    >>> id_T, looks = timelapse()
    >>> looks[0][0], looks[0][1].shape[1] == len(id_T)
    (1, True)

    Lesson 10.
    """
    tensors = load_file(FOLDER / "small" / "timelapse.safetensors")
    id_T = tensors.pop("id_T").numpy()
    return id_T, [(int(step), tensors[step].float().numpy()) for step in sorted(tensors)]
