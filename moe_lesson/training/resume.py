"""A training run on disk: killed at any moment, it can go on exactly."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from moe_lesson.checkpoints.files import check_tensors, read_tensors, replacing

# In a folder of its own: readers of checkpoints take every *.safetensors beside config.json.
STATE = Path("training", "state.safetensors")


def save_state(folder, model, optimizer, numbers):
    """Save all that the next step depends on, as one file that is replaced whole.

    A kill at any moment leaves the old state or the new one. Weights, what the optimizer
    remembers and torch's random states are tensors; ``numbers`` and the optimizer's
    settings are JSON in the header of the same file, so that none can be ahead of another.

    Args:
        model: any module.
        optimizer: any of torch's whose memory is tensors by parameter, such as AdamW.
        numbers: what JSON can hold, with words as keys: the step, the history, ...

    Raises:
        TypeError: ``numbers`` hold something that JSON cannot.

    >>> import tempfile
    >>> model, folder = torch.nn.Linear(1, 1), tempfile.mkdtemp()
    >>> optimizer = torch.optim.AdamW(model.parameters())
    >>> save_state(folder, model, optimizer, {"step": 7})
    >>> load_state(folder, model, optimizer)
    {'step': 7}

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
        "numbers": numbers,
        "optimizer": type(optimizer).__name__,
        "groups": _groups(optimizer, names),
    }
    words = {"format": "pt", "state": json.dumps(header)}
    path = Path(folder) / STATE
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        save_file({name: t.contiguous() for name, t in tensors.items()}, temporary, words)


def has_state(folder):
    """Tell whether a folder holds a run that ``load_state`` can continue.

    >>> has_state("absent")
    False

    Lesson 9.
    """
    return (Path(folder) / STATE).exists()


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
    names = {weight: name for name, weight in model.named_parameters()}
    try:
        header = json.loads(words.get("state", "null"))
        if header is None:
            raise ValueError("the header holds no numbers, so this is no training state")
        weights = _part(tensors, "model.")
        check_tensors(weights, {name: t.shape for name, t in model.state_dict().items()})
        _check_optimizer(header, optimizer, names)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    for name, weight in model.state_dict().items():
        weight.copy_(weights[name])
    optimizer.load_state_dict(_optimizer_state(header, _part(tensors, "optimizer.")))
    _set_random_states(model, _part(tensors, "random."))
    return header["numbers"]


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


def _check_optimizer(header, optimizer, names):
    if header["optimizer"] != type(optimizer).__name__:
        raise ValueError(f"the optimizer is {header['optimizer']}, not {type(optimizer).__name__}")
    groups = [group["params"] for group in header["groups"]]
    ours = [group["params"] for group in _groups(optimizer, names)]
    if groups != ours:
        theirs, own = [len(names) for names in groups], [len(names) for names in ours]
        raise ValueError(f"the optimizer's groups of {theirs} parameters are not ours, of {own}")


def _optimizer_state(header, tensors):
    """Rebuild what torch's ``load_state_dict`` takes: parameters by number, not by name."""
    names = [name for group in header["groups"] for name in group["params"]]
    number = {name: index for index, name in enumerate(names)}
    memory = {}
    for name, value in tensors.items():
        weight, key = name.rsplit(".", 1)
        memory.setdefault(number[weight], {})[key] = value
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


def _set_random_states(model, states):
    torch.set_rng_state(states["cpu"])
    device = next(model.parameters()).device.type
    if device in states and device != "cpu":
        getattr(torch, device).set_rng_state(states[device])
