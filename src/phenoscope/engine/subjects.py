"""From what is named on the command line to an objective: a model, its weights, a loss, data, and their provenance."""

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine.environment import environment
from phenoscope.engine.given_data import GivenData, given_data
from phenoscope.engine.imported import called, here, named, told
from phenoscope.engine.optimizers import read_optimizer
from phenoscope.engine.pretrained import NextToken, pretrained, weight_files
from phenoscope.engine.weights import digest, float_dtype, load_weights, read_weights
from phenoscope.objective import Objective, SquaredError
from phenoscope.objective.batches import tensors
from phenoscope.objective.processes import ALONE, Processes
from phenoscope.objective.randomness import preserved_randomness

LOSSES: dict[str, Callable[[], Callable[..., Tensor]]] = {
    "cross_entropy": nn.CrossEntropyLoss,
    "squared_error": SquaredError,
    "mse": nn.MSELoss,
    "next_token": NextToken,
}
DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclasses.dataclass(frozen=True)
class Subject:
    """What is measured, and where each part of it comes from.

    Attributes:
        objective: the loss, at the model's own point.
        provenance: of the model, its weights, the data and the rest.
        other: the network that it is compared with, if any.
        optimizer: that trained it, if its state was given.
    """

    objective: Objective
    provenance: dict[str, Any]
    other: nn.Module | None = None
    optimizer: Optimizer | None = None


def subject(
    model: str,
    data: str,
    *,
    weights: Path | None = None,
    against: Path | None = None,
    optimizer: Path | None = None,
    loss: str | None = None,
    examples: int | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    processes: Processes = ALONE,
) -> Subject:
    """Build the objective of a model with its weights, in evaluation mode.

    Args:
        model: `package.module:function`, called without arguments (or a ready `nn.Module`), or a folder written by
            transformers. What it draws at random it draws from seed 0.
        data: see `given_data`.
        weights: a safetensors file or a checkpoint of plain tensors; `None` takes the model as it comes.
        against: weights of another network of that model, to be compared with.
        optimizer: the state of the optimizer that trained it, see `read_optimizer`.
        loss: a name in `LOSSES` or `package.module:name`; by default cross-entropy, for a language model of
            transformers that of the next token.
        examples: measure on the first so many.
        batch_size: for tensors and Datasets; all at once unless given.
        dtype: `"float32"` or `"float64"`; by default that of the weights, half precision raised to float32.
        processes: that measure together, each its share of the data.

    Raises:
        PhenoscopeError: anything that does not fit, in one sentence.
    """
    with preserved_randomness():
        torch.manual_seed(0)
        built, usual = _model(model, with_weights=weights is None)
        state = None if weights is None else read_weights(weights)
        kind = _dtype(dtype, built, None if state is None else float_dtype(state))
        built.to(kind)
        if state is not None:
            load_weights(built, state, str(weights))
        other = None
        if against is not None:
            other = copy.deepcopy(built)
            load_weights(other, read_weights(against), str(against))
        trained_by = None if optimizer is None else read_optimizer(optimizer, built)
        given = _given(data, examples, batch_size, kind, processes)
        objective = _objective(built.eval(), loss or usual, given, batch_size, processes)
    about = {
        "model": model,
        "weights": _about_weights(model, weights),
        "data": given.about | {"examples": sum(objective.partition)},
        "loss": loss or usual,
        "dtype": str(kind).removeprefix("torch."),
        "mode": "evaluation",
        "versions": environment()["versions"],
    }
    if against is not None:
        about["against"] = _about_weights(model, against)
    if optimizer is not None and trained_by is not None:
        about["optimizer"] = {"file": str(optimizer), "sha256": digest([optimizer]), "kind": type(trained_by).__name__}
    return Subject(objective, about, other, trained_by)


def _given(
    data: str, examples: int | None, batch_size: int | None, dtype: torch.dtype, processes: Processes
) -> GivenData:
    try:
        with here():
            return given_data(data, examples=examples, batch_size=batch_size, dtype=dtype, processes=processes)
    except PhenoscopeError:
        raise
    except Exception as problem:  # of the user's own Dataset or loader, when an example is asked for
        raise BadInput(f"the data {data} cannot be drawn from. {told(problem)}") from problem


def _model(reference: str, *, with_weights: bool) -> tuple[nn.Module, str]:
    """The model, and the loss it is usually measured by."""
    if _is_folder(reference):
        return pretrained(Path(reference), weights=with_weights)
    found = named(reference, "--model")
    if not isinstance(found, nn.Module):
        if not callable(found):
            raise BadInput(f"--model: {reference} is a {type(found).__name__}. Name a function that returns the model.")
        torch.manual_seed(0)  # again, since importing may have drawn numbers, and does so only once
        found = called(reference, "--model")
    if not isinstance(found, nn.Module):
        raise BadInput(f"--model: {reference} returned a {type(found).__name__}. It must return a torch.nn.Module.")
    return found, "cross_entropy"


def _dtype(asked: str | None, model: nn.Module, of_weights: torch.dtype | None) -> torch.dtype:
    if asked is not None:
        if asked not in DTYPES:
            raise BadInput(f"--dtype is one of {', '.join(DTYPES)}, got {asked!r}.")
        return DTYPES[asked]
    own = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
    wanted = of_weights or own
    return wanted if wanted in DTYPES.values() else torch.float32  # half precision cannot resolve a curvature


def _loss(name: str) -> Callable[..., Tensor]:
    if ":" not in name:
        if name not in LOSSES:
            raise BadInput(f"--loss is one of {', '.join(LOSSES)}, or package.module:name; got {name!r}.")
        return LOSSES[name]()
    found = named(name, "--loss")
    return called(name, "--loss") if isinstance(found, type) else found


def _objective(
    model: nn.Module, loss: str, given: GivenData, batch_size: int | None, processes: Processes
) -> Objective:
    function = _loss(loss)
    try:
        with here():
            return Objective(model, function, given.data, batch_size if given.whole else None, group=processes.group)
    except PhenoscopeError:
        raise
    except Exception as problem:  # shapes that do not fit, an error in the user's own forward pass
        raise BadInput(
            f"the model and the loss {loss} do not take these data{_shapes(given)}. {told(problem)}"
        ) from problem


def _shapes(given: GivenData) -> str:
    if not given.whole:
        return ""
    inputs, targets = given.data
    seen = " and ".join(f"{' x '.join(map(str, part.shape))} {str(part.dtype)[6:]}" for part in tensors(inputs))
    return f" (inputs {seen}, targets {' x '.join(map(str, targets.shape))} {str(targets.dtype)[6:]})"


def _about_weights(model: str, weights: Path | None) -> dict[str, Any] | None:
    if weights is not None:
        return {"file": str(weights), "sha256": digest([weights])}
    return {"file": model, "sha256": digest(weight_files(Path(model)))} if _is_folder(model) else None


def _is_folder(reference: str) -> bool:
    try:
        return Path(reference).is_dir()
    except OSError:  # what is too long for a path is none
        return False
