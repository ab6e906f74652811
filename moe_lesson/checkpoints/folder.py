"""A model in a folder that transformers opens too, and the way back.

safetensors only: a pickle (.bin, .pt) can run code when it is opened, so none ever is.
"""

import json
from pathlib import Path

from safetensors.torch import save_file

from moe_lesson.checkpoints.chat_template import TEMPLATE
from moe_lesson.checkpoints.files import read_object, read_tensors, replacing
from moe_lesson.checkpoints.hf_config import config_from_hf, config_to_hf
from moe_lesson.checkpoints.hf_weights import cast, from_hf, to_hf
from moe_lesson.text.kinds import BYTE_LEVEL, kind
from moe_lesson.text.tokenizer import END, START, check_tokenizer
from moe_lesson.text.tokenizer import load as load_tokenizer

WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
SPECIAL_MAP, TOKENIZER_CONFIG = "special_tokens_map.json", "tokenizer_config.json"
GENERATION = "generation_config.json"
INDEX = "model.safetensors.index.json"  # transformers' table of which file holds what
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
SPECIAL = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}


def save(folder, model, tokenizer=None, dtype=None):
    """Save a Mixtral where ``load`` and transformers' ``from_pretrained`` find it.

    Every file is replaced whole. Where the sizes and the tokenizer are those already there
    (a model saved again and again) the weights are all that changes, in one step: a kill
    leaves the old model or the new one. Where they differ, ``config.json`` goes first and
    comes last, so that a folder caught in between is refused, never half read.

    With a tokenizer the folder also says how a server generates (greedily, to ``</s>``), and
    with a byte-level one how it writes conversations: as ``text.chat`` does.

    Args:
        tokenizer: a ``tokenizers.Tokenizer``; None: the one already there, if there is one.
        dtype: of the weights on disk; None: as they are.

    Raises:
        ValueError: the tokenizer has more entries than the model, or is none that ``load``
            takes; a weight is NaN or infinite, here or in the ``dtype`` on disk.
        FileExistsError: the folder holds a model in several files.

    >>> import tempfile
    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> folder = tempfile.mkdtemp()
    >>> save(folder, Mixtral(TINY))
    >>> load(folder)[0].config == TINY
    True

    Lesson 13.
    """
    folder = Path(folder)
    if (folder / INDEX).exists():
        raise FileExistsError(f"{folder / INDEX}: a model in several files, save elsewhere")
    tokenizer = tokenizer or _read_tokenizer(folder)
    if tokenizer is not None:
        check_tokenizer(tokenizer)
        _check_vocabulary(tokenizer, model.config)
    tensors = {name: cast(name, tensor, dtype) for name, tensor in to_hf(model).items()}
    texts = _texts(model.config, tokenizer, next(iter(tensors.values())).dtype)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / WEIGHTS) as temporary:
        save_file(tensors, temporary, {"format": "pt"})
        changed = [name for name, text in texts.items() if not _holds(folder / name, text)]
        if changed:
            (folder / CONFIG).unlink(missing_ok=True)
            changed = [*(name for name in changed if name != CONFIG), CONFIG]
    for name in changed:
        with replacing(folder / name) as temporary:
            temporary.write_bytes(texts[name].encode())


def _texts(config, tokenizer, dtype):
    """Compose every file but the weights; the configuration stands last."""
    fields = config_to_hf(config) | {"dtype": str(dtype).removeprefix("torch.")}
    # Left out, these would mean 1 and 2 to transformers.
    fields |= {"bos_token_id": None, "eos_token_id": None}
    if tokenizer is None:
        return {CONFIG: _dump(fields)}
    ids = {role: tokenizer.token_to_id(token) for role, token in SPECIAL.items()}
    fields |= {"bos_token_id": ids["bos_token"], "eos_token_id": ids["eos_token"]}
    opened_as = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": config.context_len,
        "clean_up_tokenization_spaces": False,
    }
    opened_as |= {role: token for role, token in SPECIAL.items() if ids[role] is not None}
    if kind(tokenizer) == BYTE_LEVEL and None not in ids.values():
        opened_as["chat_template"] = TEMPLATE
    # What a server does where a request leaves it open. Batches are padded with the end.
    marks = {name: fields[name] for name in ("bos_token_id", "eos_token_id")}
    generation = {"do_sample": False, "pad_token_id": fields["eos_token_id"], **marks}
    return {
        TOKENIZER: tokenizer.to_str(pretty=True),
        TOKENIZER_CONFIG: _dump(opened_as),
        GENERATION: _dump(generation),
        CONFIG: _dump(fields),
    }


def _dump(fields):
    return json.dumps(fields, indent=2, sort_keys=True) + "\n"


def _holds(path, text):
    return path.exists() and path.read_bytes() == text.encode()


def load(folder, device=None, dtype=None):
    """Load a Mixtral or Mistral that ``save`` or transformers' ``save_pretrained`` wrote.

    Args:
        device: None: the CPU.
        dtype: of the weights in memory; None: as on disk.

    Returns:
        The model in evaluation mode, and its ``tokenizers.Tokenizer``, None if there is none.

    Raises:
        FileNotFoundError: the folder, its ``config.json`` or its weights are missing.
        ValueError: the weights are pickles, cut short, or not those of the configuration,
            the configuration is not of a model like ours or contradicts itself; the
            tokenizer cannot be read, loses texts, has more entries than the model, or other
            marks for the start and end of a text than ``<s>`` 1 and ``</s>`` 2.

    >>> load("absent")
    Traceback (most recent call last):
    FileNotFoundError: absent: there is no such folder

    Lesson 13.
    """
    folder = Path(folder)
    _check_folder(folder)
    try:
        fields = read_object(folder / CONFIG)
        config = config_from_hf(fields)
        tensors = {}
        for path in _weight_files(folder):
            tensors |= read_tensors(path)[0]
        model = from_hf(tensors, config, device, dtype)
        tokenizer = _read_tokenizer(folder)
        if tokenizer is not None:
            _check_vocabulary(tokenizer, config)
            _check_marks(folder, fields, tokenizer)
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from error
    return model.eval(), tokenizer


def _check_folder(folder):
    """Say what is wrong with a path that is not a folder with a configuration in it."""
    if folder.suffix in PICKLES and folder.is_file():
        raise ValueError(f"{folder} is a pickle, which is never loaded: it can run code")
    if folder.is_file():
        raise NotADirectoryError(f"{folder} is a file: name the folder with {CONFIG} and {WEIGHTS}")
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: there is no such folder")
    if not (folder / CONFIG).exists():
        raise FileNotFoundError(f"{folder} has no {CONFIG}; it holds {_listing(folder)}")


def _listing(folder):
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "") or "nothing"


def _weight_files(folder):
    """Find the one file of weights, or the several that an index names."""
    if (folder / WEIGHTS).exists():
        return [folder / WEIGHTS]
    if (folder / INDEX).exists():
        return [folder / name for name in _files_of(read_object(folder / INDEX))]
    pickles = [path.name for path in folder.iterdir() if path.suffix in PICKLES]
    if pickles:
        raise ValueError(
            f"the weights are pickles ({', '.join(sorted(pickles)[:3])}), which are never loaded: "
            f"they can run code. Have whoever made them save {WEIGHTS}"
        )
    raise FileNotFoundError(f"{folder} has no {WEIGHTS}; it holds {_listing(folder)}")


def _files_of(index):
    """List the files that an index names, which lie in its own folder."""
    table = index.get("weight_map", {})
    if not isinstance(table, dict):
        raise ValueError(f"{INDEX} holds a {type(table).__name__} as weight_map, must be an object")
    for name, file in table.items():
        if not isinstance(file, str) or file in ("", "..") or set(file) & set("/\\\0"):
            raise ValueError(f"{INDEX}: {name[:80]} lies in {file!r}, no file of this folder")
    return sorted(set(table.values()))


def _read_tokenizer(folder):
    path = folder / TOKENIZER
    if not path.exists():
        return None
    read_object(path)  # the library's own messages name no cause, and it lets names stand twice
    return load_tokenizer(path)


def _check_vocabulary(tokenizer, config):
    entries, most = tokenizer.get_vocab_size(), config.vocab_size
    if entries > most:
        raise ValueError(f"the tokenizer has {entries} entries, the model's vocab_size is {most}")
    name, largest = max(tokenizer.get_vocab().items(), key=lambda one: one[1])
    if largest >= most:
        raise ValueError(
            f"the tokenizer's {name[:40]!r} has id {largest}: the model's vocab_size is {most}"
        )


def _check_marks(folder, fields, tokenizer):
    """Refuse other ids than ours for the start and the end of a text, by who names them."""
    paths = [folder / name for name in (SPECIAL_MAP, TOKENIZER_CONFIG)]
    told = {k: v for path in paths if path.exists() for k, v in read_object(path).items()}
    for role, ours in {"bos": START, "eos": END}.items():
        token = told.get(f"{role}_token")
        token = token.get("content") if isinstance(token, dict) else token
        index = fields.get(f"{role}_token_id")
        if token is not None:
            found = tokenizer.token_to_id(token) if isinstance(token, str) else None
            if found != ours:
                raise ValueError(f"{role}_token {token!r} has id {found}, must have {ours}")
        if index not in (None, ours, [ours]):
            raise ValueError(f"{CONFIG}: {role}_token_id is {index!r}, must be {ours} or null")
        found, name = tokenizer.id_to_token(ours), SPECIAL[f"{role}_token"]
        if token is None and index is None and found != name:
            raise ValueError(f"{TOKENIZER}: id {ours} is {found!r}, must be {name}")
