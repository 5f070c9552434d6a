"""Data as they are named on the command line: a registry name, a file, or a function of one's own."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.utils.data import DataLoader, Subset
from torch.utils.data import Dataset as TorchDataset

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import to_json
from phenoscope.data import DATASETS, Dataset, dataset
from phenoscope.engine.archives import given_file
from phenoscope.engine.imported import called, named
from phenoscope.engine.together import share
from phenoscope.engine.weights import digest
from phenoscope.objective import freeze
from phenoscope.objective.batches import length, take
from phenoscope.objective.processes import ALONE, Processes

FILES = (".npz", ".safetensors")


@dataclasses.dataclass(frozen=True)
class GivenData:
    """Data as an objective takes them, and where they come from.

    Attributes:
        data: a pair of tensors, or an iterable of batches.
        whole: whether it is a pair, which can still be cut into batches.
        about: for the record: the name, and the spec or the file's digest.
    """

    data: Any
    whole: bool
    about: dict[str, Any]


def given_data(
    reference: str, *, examples: int | None, batch_size: int | None, dtype: torch.dtype, processes: Processes = ALONE
) -> GivenData:
    """The data of that name, with floating numbers in the model's dtype.

    Args:
        reference: a name such as `digits` (its training examples), a `.npz` or `.safetensors` file with `inputs` and
            `targets`, or `package.module:function`, which returns anything that `Objective` takes.
        examples: take so many only, the first ones.
        batch_size: for a Dataset; a pair of tensors is left to the objective to cut.
        dtype: of the model.
        processes: that measure together; the data are this one's share.
    """
    if examples is not None and examples < 1:
        raise BadInput(f"--examples is a number of at least 1, got {examples}.")
    found, about = _found(reference)
    if isinstance(found, TorchDataset):
        found = _loader(found, examples, batch_size, processes.count)
        batch_size = None
    if isinstance(found, tuple | list) and len(found) == 2 and isinstance(found[1], Tensor):
        pair = _converted(tuple(found), dtype)
        pair = pair if examples is None else _first(pair, examples)
        return GivenData(share(pair, processes, whole=True), True, about)
    if not isinstance(found, Iterable) or isinstance(found, str | Mapping):
        raise BadInput(f"--data: {reference} gives a {type(found).__name__}. Return (inputs, targets) or a DataLoader.")
    if isinstance(found, Iterator) and examples is None:
        raise BadInput(
            f"the data must be gone through more than once, and the {type(found).__name__} of {reference} cannot be. "
            "Return a list of batches, or take a fixed draw with --examples."
        )
    if batch_size is not None:
        raise BadInput("--batch-size: these data come in batches already. Leave it out.")
    batches = found if examples is None else _drawn(found, examples)
    return GivenData(_Converted(share(batches, processes, whole=False), dtype), False, about)


def _found(reference: str) -> tuple[Any, dict[str, Any]]:
    if reference.endswith(FILES):
        path = Path(reference)
        return _from_file(path), {"source": reference, "sha256": digest([path])}
    if ":" in reference:
        there = named(reference, "--data")
        # A function or class is called; data sets and loaders that are ready are not functions.
        value = called(reference, "--data") if callable(there) else there
        return _spelled_out(value) if isinstance(value, Dataset) else value, {"source": reference}
    if reference not in DATASETS:
        raise BadInput(
            f"--data is one of {', '.join(DATASETS)}, a .npz or .safetensors file with inputs and targets, or "
            f"package.module:function; got {reference!r}."
        )
    spec = dataset(reference)
    return _spelled_out(spec), {"source": reference, "spec": to_json(spec)}


def _spelled_out(spec: Dataset) -> tuple[Tensor, Tensor]:
    drawn = spec.draw(stream(0, "data")).train
    return drawn.inputs, drawn.targets


def _from_file(path: Path) -> tuple[Tensor, Tensor]:
    given_file(path, "a .npz or .safetensors file with inputs and targets as --data")
    arrays = _arrays(path)
    lacking = [name for name in ("inputs", "targets") if name not in arrays]
    if lacking:
        held = ", ".join(sorted(arrays)) or "nothing"
        raise BadInput(f"{path} lacks {' and '.join(lacking)}: it holds {held}. Name the two arrays inputs, targets.")
    return arrays["inputs"], arrays["targets"]


def _arrays(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # An array of objects is a pickle, which could run anything.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: torch.from_numpy(archive[name]) for name in archive.files if name in ("inputs", "targets")}
    except Exception as problem:  # a damaged archive can fail in any way
        reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0].rstrip(".")
        raise BadInput(f"{path} cannot be read as arrays of numbers ({reason}). It may be truncated.") from None


def _loader(data: TorchDataset[Any], examples: int | None, batch_size: int | None, shares: int) -> DataLoader[Any]:
    count = len(data) if hasattr(data, "__len__") else 0  # type: ignore[arg-type]
    if count == 0:
        raise BadInput("the data are empty, or do not tell their length. Return a Dataset with at least one example.")
    if examples is not None and examples > count:
        raise BadInput(f"--examples asks for {examples} examples, there are {count}. Ask for fewer.")
    taken = data if examples is None else Subset(data, range(examples))
    return DataLoader(taken, batch_size=batch_size or math.ceil((examples or count) / shares))


def _first(pair: tuple[Any, Tensor], examples: int) -> tuple[Any, Tensor]:
    if examples > length(pair):
        raise BadInput(f"--examples asks for {examples} examples, there are {length(pair)}. Ask for fewer.")
    return take(pair, 0, examples)


def _drawn(batches: Iterable[Any], examples: int) -> Iterable[Any]:
    """A fixed draw from one pass, so that no example counts twice; it also fixes what a loader augments."""

    def until_enough() -> Iterator[Any]:
        count = 0
        for batch in batches:
            yield batch
            count += length(tuple(batch))
            if count >= examples:
                return

    drawn = freeze(until_enough())
    count = sum(length(batch) for batch in drawn)
    if count < examples:
        raise BadInput(f"--examples asks for {examples} examples, one pass has {count}. Ask for fewer.")
    return freeze(drawn, examples)


class _Converted:
    """Batches in the model's dtype, converted as they come, as often as they are gone through."""

    def __init__(self, batches: Iterable[Any], dtype: torch.dtype) -> None:
        self._batches, self._dtype = batches, dtype

    def __iter__(self) -> Iterator[Any]:
        return (_converted(batch, self._dtype) for batch in self._batches)


def _converted(value: Any, dtype: torch.dtype) -> Any:
    """Floating tensors in the dtype, whole numbers as PyTorch's losses and embeddings want them; the rest as it is."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            return value.to(dtype)
        return value.long() if value.dtype in (torch.int8, torch.int16, torch.int32, torch.uint16) else value
    if isinstance(value, Mapping):
        return {name: _converted(part, dtype) for name, part in value.items()}
    return type(value)(_converted(part, dtype) for part in value) if type(value) in (list, tuple) else value
