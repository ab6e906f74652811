"""A training run on disk: killed at any moment, it can go on exactly."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from moe_lesson.checkpoints.files import check_tensors, parse_object, read_tensors, replacing
from moe_lesson.training.history import forget_rows, load_rows, save_rows

# In a folder of its own: readers of checkpoints take every *.safetensors beside config.json.
STATE = Path("training", "state.safetensors")


def save_state(folder, model, optimizer, numbers, kept=None):
    """Save all that the next step depends on, as one file that is replaced whole.

    A kill at any moment leaves the old state or the new one. Weights, what the optimizer
    remembers and torch's random states are tensors; ``numbers`` and the optimizer's
    settings are JSON in the header of the same file, so that none can be ahead of another.
    A header ends at 100 MB, so the ``rows`` among the numbers lie beside it, in a file that
    only grows (``history``); the header says how much of it belongs to this state.

    Args:
        model: any module.
        optimizer: any of torch's whose memory is tensors by parameter, such as AdamW.
        numbers: what JSON can hold, with words as keys: the step, ``rows`` (a list), ...
        kept: what the last call returned: its rows, which must be the same, are not written
            again. None writes all.

    Returns:
        What the next call takes as ``kept``; None without ``rows``.

    Raises:
        TypeError: ``numbers`` hold something that JSON cannot.
        OSError: it cannot be written; the old state stays.

    >>> import tempfile
    >>> model, folder = torch.nn.Linear(1, 1), tempfile.mkdtemp()
    >>> optimizer = torch.optim.AdamW(model.parameters())
    >>> kept = save_state(folder, model, optimizer, {"step": 1, "rows": [{"nats": 2.5}]})
    >>> load_state(folder, model, optimizer)
    {'step': 1, 'rows': [{'nats': 2.5}]}

    Lesson 9.
    """
    names = {weight: name for name, weight in model.named_parameters()}
    remembered = {
        f"optimizer.{names[weight]}.{key}": value
        for weight, memory in optimizer.state.items()
        for key, value in memory.items()
        if isinstance(value, torch.Tensor)
    }
    tensors = _weights(model) | remembered | _random_states(model)
    header = {
        "numbers": {name: value for name, value in numbers.items() if name != "rows"},
        "optimizer": type(optimizer).__name__,
        "groups": _groups(optimizer, names),
    }
    words = json.dumps(header)  # before anything is written: it may hold what JSON cannot
    path = Path(folder) / STATE
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = save_rows(path.parent, numbers["rows"], kept) if "rows" in numbers else None
    if kept:
        words = json.dumps(header | {"rows": kept.mark()})
    with replacing(path) as temporary:
        whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
        save_file(whole, temporary, {"format": "pt", "state": words})
    forget_rows(path.parent, but=kept and kept.name)
    return kept


def make_place(folder):
    """Make the folder of a state, and see that files can be written there.

    Raises:
        OSError: they cannot, with the reason.

    >>> import tempfile
    >>> make_place(tempfile.mkdtemp())

    Lesson 9.
    """
    place = (Path(folder) / STATE).parent
    place.mkdir(parents=True, exist_ok=True)
    with replacing(place / "probe") as temporary:
        temporary.write_bytes(b"")
    (place / "probe").unlink()


def has_state(folder):
    """Tell whether a folder holds a run that ``load_state`` can continue.

    >>> has_state("absent")
    False

    Lesson 9.
    """
    return (Path(folder) / STATE).exists()


def peek(folder):
    """Read the numbers of a state, and nothing else of it.

    Returns:
        The ``numbers`` that were saved, without ``rows``.

    Raises:
        ValueError: it is damaged, or no training state.

    >>> import tempfile
    >>> model, folder = torch.nn.Linear(1, 1), tempfile.mkdtemp()
    >>> kept = save_state(folder, model, torch.optim.AdamW(model.parameters()), {"step": 7})
    >>> peek(folder)
    {'step': 7}

    Lesson 9.
    """
    path = Path(folder) / STATE
    try:
        return _read_header(read_tensors(path)[1])["numbers"]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def load_state(folder, model, optimizer):
    """Put a run back: weights, optimizer, torch's random states, all or none of them.

    Returns:
        The ``numbers`` that were saved; lists where there were tuples.

    Raises:
        FileNotFoundError: the folder holds no state.
        ValueError: the state is of another model or another optimizer, or is damaged.

    >>> load_state("absent", torch.nn.Linear(1, 1), None)
    Traceback (most recent call last):
    FileNotFoundError: absent/training/state.safetensors: no state was saved here

    Lesson 9.
    """
    path = Path(folder) / STATE
    if not path.exists():
        raise FileNotFoundError(f"{path.as_posix()}: no state was saved here")
    tensors, words = read_tensors(path)
    try:
        header = _read_header(words)
        weights, random = _part(tensors, "model."), _part(tensors, "random.")
        check_tensors(weights, {name: t.shape for name, t in model.state_dict().items()})
        _check_optimizer(header, optimizer, model)
        remembered = _optimizer_state(header, _part(tensors, "optimizer."), model)
        _check_random_states(model, random)
        rows = {"rows": load_rows(path.parent, header["rows"])} if "rows" in header else {}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    for name, weight in model.state_dict().items():
        weight.copy_(weights[name])
    optimizer.load_state_dict(remembered)
    _set_random_states(model, random)
    return header["numbers"] | rows


def drop_state(folder):
    """Delete the state of a run, so that another can begin in its folder.

    >>> drop_state("absent")

    Lesson 9.
    """
    path = Path(folder) / STATE
    path.unlink(missing_ok=True)
    forget_rows(path.parent)


def _read_header(words):
    """Return what ``save_state`` wrote there, its kinds checked."""
    if "state" not in words:
        raise ValueError("the header holds no numbers, so this is no training state")
    header = parse_object(words["state"], "the header")
    kinds = {"numbers": dict, "optimizer": str, "groups": list}
    fits = all(isinstance(header.get(name), kind) for name, kind in kinds.items())
    if not fits or not all(_is_group(group) for group in header["groups"]):
        raise ValueError(f"the header does not hold {', '.join(kinds)}, as a training state does")
    return header


def _is_group(group):
    names = group.get("params") if isinstance(group, dict) else None
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _weights(model):
    return {f"model.{name}": tensor for name, tensor in model.state_dict().items()}


def _part(tensors, prefix):
    """Take the tensors under a prefix; cloned, so that none lives in the file any more."""
    cut = len(prefix)
    return {name[cut:]: t.clone() for name, t in tensors.items() if name.startswith(prefix)}


def _groups(optimizer, names):
    """Describe the optimizer's groups with the names of their parameters."""
    return [
        group | {"params": [names[weight] for weight in group["params"]]}
        for group in optimizer.param_groups
    ]


def _check_optimizer(header, optimizer, model):
    names = {weight: name for name, weight in model.named_parameters()}
    if header["optimizer"] != type(optimizer).__name__:
        raise ValueError(f"the optimizer is {header['optimizer']}, not {type(optimizer).__name__}")
    groups = [group["params"] for group in header["groups"]]
    ours = [group["params"] for group in _groups(optimizer, names)]
    if groups != ours:
        theirs, own = [len(names) for names in groups], [len(names) for names in ours]
        raise ValueError(f"the optimizer's groups of {theirs} parameters are not ours, of {own}")


def _optimizer_state(header, tensors, model):
    """Rebuild what torch's ``load_state_dict`` takes: parameters by number, not by name."""
    names = [name for group in header["groups"] for name in group["params"]]
    number = {name: index for index, name in enumerate(names)}
    memory, weights = {}, dict(model.named_parameters())
    for name, value in tensors.items():
        weight, _, key = name.rpartition(".")
        if weight not in number or value.dim() and value.shape != weights[weight].shape:
            raise ValueError(f"the optimizer's {name} is not of one of its parameters")
        memory.setdefault(number[weight], {})[key] = value
    if len({frozenset(one) for one in memory.values()}) > 1:
        raise ValueError("the optimizer does not remember the same of all parameters")
    groups = [
        # JSON made lists of tuples (AdamW's betas).
        {key: tuple(value) if isinstance(value, list) else value for key, value in group.items()}
        | {"params": [number[name] for name in group["params"]]}
        for group in header["groups"]
    ]
    return {"state": memory, "param_groups": groups}


def _random_states(model):
    """Read torch's generators: the CPU's, and that of the device the model is on."""
    states = {"random.cpu": torch.get_rng_state()}
    device = next(model.parameters()).device
    if device.type in ("cuda", "mps"):
        states[f"random.{device.type}"] = getattr(torch, device.type).get_rng_state()
    return states


def _check_random_states(model, states):
    """Refuse states that torch's generators cannot take."""
    for name, ours in _random_states(model).items():
        found = states.get(name.removeprefix("random."))
        if found is None and name != "random.cpu":
            continue  # the run was on another device
        if found is None or found.dtype != ours.dtype or found.shape != ours.shape:
            raise ValueError(f"{name} is no state of torch's generator")


def _set_random_states(model, states):
    torch.set_rng_state(states["cpu"])
    device = next(model.parameters()).device.type
    if device in states and device != "cpu":
        getattr(torch, device).set_rng_state(states[device])
