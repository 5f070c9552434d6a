"""An optimizer from a file: the state that a training script saved, given to an optimizer on the model."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from phenoscope.core.errors import BadInput
from phenoscope.engine.archives import given_file
from phenoscope.engine.weights import PREFIXES, loaded

WRAPPED = ("optimizer", "optimizer_state_dict", "optimizer_states", "optim", "optimizer_state")
"""Names under which training scripts keep an optimizer's state beside the weights."""
PLAIN = {"step"}
"""Of the state of a parameter: what has not its shape."""
KINDS: dict[Callable[..., Optimizer], tuple[frozenset[str], frozenset[str]]] = {
    torch.optim.NAdam: (frozenset({"momentum_decay"}), frozenset({"exp_avg", "exp_avg_sq", "mu_product"})),
    torch.optim.Adam: (frozenset({"amsgrad", "betas"}), frozenset({"exp_avg", "exp_avg_sq", "max_exp_avg_sq"})),
    torch.optim.RMSprop: (
        frozenset({"alpha", "centered"}),
        frozenset({"square_avg", "momentum_buffer", "grad_avg"}),
    ),
    torch.optim.Adagrad: (frozenset({"lr_decay", "initial_accumulator_value"}), frozenset({"sum"})),
}
"""A file does not say which optimizer it is of; the options that its groups have, and what it remembers, do. AdamW has
those of Adam, and divides by the same.
"""


def read_optimizer(path: Path, model: nn.Module) -> Optimizer:
    """An optimizer of PyTorch on the model, with the state in a file: its own, or in a checkpoint beside other things.

    Nothing in the file is run. Parameters are matched by name where the file has names (optimizers made from
    `model.named_parameters()`), else by the order of `model.parameters()`, which is that of a single group.

    Args:
        path: what `torch.save` wrote.
        model: whose parameters it trained.

    Raises:
        BadInput: no such state in it, one of an optimizer that is not known here or of another model, or groups of
            parameters without names.
    """
    given_file(path, "a file with `optimizer.state_dict()`, alone or in a checkpoint")
    state = _state(loaded(path, "Save `optimizer.state_dict()` with torch.save."), path)
    groups, own = state["param_groups"], state["state"]
    kind = _kind(groups, own, path)
    parameters = _matched(groups, model, path)
    _refuse_other_shapes(own, groups, parameters, path)
    made = kind([{"params": [value for _, value in group]} for group in parameters])
    plain = [{name: value for name, value in group.items() if name != "param_names"} for group in groups]
    try:
        made.load_state_dict({"state": dict(own), "param_groups": plain})
        for group, defaults in zip(made.param_groups, plain, strict=True):
            group |= {name: value for name, value in made.defaults.items() if name not in defaults}
    except (KeyError, TypeError, ValueError) as problem:
        raise BadInput(f"{path} holds the state of an optimizer that cannot be read: {problem}.") from None
    return made


def _state(found: Any, path: Path) -> Mapping[str, Any]:
    candidates = [found]
    if isinstance(found, Mapping):
        candidates += [found.get(name) for name in WRAPPED]
    for candidate in candidates:
        one = candidate[0] if isinstance(candidate, Sequence) and len(candidate) == 1 else candidate
        if isinstance(one, Mapping) and _is_state(one):
            return one
    raise BadInput(
        f"{path} holds no state of one optimizer. Save `optimizer.state_dict()`, alone or as its 'optimizer' beside "
        "the weights."
    )


def _is_state(found: Mapping[str, Any]) -> bool:
    groups, own = found.get("param_groups"), found.get("state")
    if not isinstance(groups, list) or not groups or not isinstance(own, Mapping):
        return False
    grouped = all(isinstance(group, Mapping) and isinstance(group.get("params"), list) for group in groups)
    return grouped and all(isinstance(part, Mapping) for part in own.values())


def _kind(
    groups: Sequence[Mapping[str, Any]], own: Mapping[Any, Mapping[str, Any]], path: Path
) -> Callable[..., Optimizer]:
    held = {name for part in own.values() for name in part}
    for kind, (options, remembered) in KINDS.items():
        if all(options <= group.keys() for group in groups) and held <= remembered | PLAIN:
            return kind
    raise BadInput(
        f"{path} holds the state of an optimizer whose preconditioner is not known here: it is none of Adam, AdamW, "
        "NAdam, RMSprop and Adagrad. In Python any matrix can be scaled, with `phenoscope.objective.Scaled`."
    )


def _matched(groups: Sequence[Mapping[str, Any]], model: nn.Module, path: Path) -> list[list[tuple[str, nn.Parameter]]]:
    """The model's parameters of each group, with their names, in the order of the file."""
    named = dict(model.named_parameters())
    if all("param_names" in group for group in groups):
        return [[_of_name(str(name), named, path) for name in group["param_names"]] for group in groups]
    if len(groups) > 1:
        raise BadInput(
            f"{path} has {len(groups)} groups of parameters without names, so that nobody can tell whose state is "
            "whose. Make the optimizer from `model.named_parameters()`, or pass it to `ps.preconditioned` in Python."
        )
    count, trained = len(groups[0]["params"]), [pair for pair in named.items() if pair[1].requires_grad]
    for candidates in (list(named.items()), trained):
        if len(candidates) == count:
            return [candidates]
    raise BadInput(
        f"{path} is of an optimizer of {count} parameters, and the model has {len(named)}, of which {len(trained)} are "
        "trainable. Build the model that it was saved with."
    )


def _of_name(name: str, named: Mapping[str, nn.Parameter], path: Path) -> tuple[str, nn.Parameter]:
    for candidate in (name, *(name.removeprefix(prefix) for prefix in PREFIXES)):
        if candidate in named:
            return candidate, named[candidate]
    raise BadInput(f"{path} is of an optimizer of another model: there is no parameter {name!r} here.")


def _refuse_other_shapes(
    own: Mapping[Any, Mapping[str, Any]],
    groups: Sequence[Mapping[str, Any]],
    parameters: Sequence[Sequence[tuple[str, nn.Parameter]]],
    path: Path,
) -> None:
    for group, pairs in zip(groups, parameters, strict=True):
        if len(group["params"]) != len(pairs):
            raise BadInput(f"{path} has {len(group['params'])} parameters in a group, and {len(pairs)} names for them.")
        for key, (name, value) in zip(group["params"], pairs, strict=True):
            for part in (part for what, part in own.get(key, {}).items() if what not in {*PLAIN, "mu_product"}):
                if isinstance(part, Tensor) and part.shape != value.shape:
                    raise BadInput(
                        f"{path} is of an optimizer of another model: its state of {name} has shape "
                        f"{tuple(part.shape)}, the parameter {tuple(value.shape)}."
                    )
