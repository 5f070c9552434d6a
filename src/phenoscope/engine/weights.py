"""Weights from a file into a model: read without ever running what the file says, matched name by name."""

import hashlib
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.engine.archives import given_file
from phenoscope.engine.imported import told

WRAPPED = ("state_dict", "model_state_dict", "model", "module", "net")
"""Names under which training scripts keep the weights beside an optimizer's state."""
NESTED = 4
"""Levels of such names that are looked into."""
PREFIXES = ("module.", "_orig_mod.", "model.")
"""What DistributedDataParallel, `torch.compile` and Lightning put before every name."""
LISTED = 4
"""Names written out in a sentence."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or of a PyTorch checkpoint that holds nothing but data.

    A checkpoint is a pickle, which can run anything when it is read; so it is read with `weights_only=True`, which
    refuses whatever is not a tensor or a plain value.

    Raises:
        BadInput: no such file, a truncated or foreign one, a pickle that holds more than data, one that unpacks to
            more than the memory that is free.
    """
    given_file(path, "a .safetensors file or a checkpoint written by torch.save")
    return _safetensors(path) if path.suffix == ".safetensors" else _checkpoint(path)


def load_weights(model: nn.Module, weights: Mapping[str, Tensor], where: str) -> None:
    """Put the weights into the model, every one where it belongs and none left over.

    Weights that are tied in the model may be there once only. The model's dtype stays as it is.

    Raises:
        BadInput: names that are missing or too many, shapes that differ: of another architecture.
    """
    expected = model.state_dict()
    given = _unprefixed(weights, expected)
    plain = {name for name, tensor in expected.items() if not _strange(tensor)}
    storages = {expected[name].data_ptr() for name in given if name in plain}
    missing = [n for n, t in expected.items() if n not in given and (t.numel() == 0 or t.data_ptr() not in storages)]
    unexpected = [name for name in given if name not in expected]
    differing = [
        f"{name} ({_shape(tensor)} there, {_shape(expected[name])} in the model)"
        for name, tensor in given.items()
        if name in expected and tensor.shape != expected[name].shape
    ]
    strange = [
        f"{name} ({_kind(tensor)})" for name, tensor in given.items() if _strange(tensor, like=expected.get(name))
    ]
    wrong = {"missing": missing, "unexpected": unexpected, "of another shape": differing, "of another kind": strange}
    told_wrong = "; ".join(f"{what}: {_listed(names)}" for what, names in wrong.items() if names)
    if told_wrong:
        raise BadInput(
            f"{where} holds the weights of another architecture: {told_wrong}. Build the model that it was saved from."
        )
    try:
        model.load_state_dict(dict(given), strict=False)
    except Exception as problem:  # of a model with its own way of loading
        raise BadInput(f"the model does not take the weights of {where}: {told(problem)}") from problem


def float_dtype(weights: Mapping[str, Tensor]) -> torch.dtype | None:
    """The floating type of most entries; `None` where there are none."""
    counts: dict[torch.dtype, int] = {}
    for tensor in weights.values():
        if tensor.is_floating_point():
            counts[tensor.dtype] = counts.get(tensor.dtype, 0) + tensor.numel()
    return max(counts, key=lambda dtype: counts[dtype], default=None)


def digest(paths: list[Path]) -> str:
    """SHA-256 of files one after the other."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while part := file.read(2**20):
                total.update(part)
    return total.hexdigest()


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except Exception as problem:  # of a damaged file, a type that torch does not have, memory that ran out
        raise BadInput(
            f"{path} cannot be read as safetensors ({_first(problem)}). It may be truncated, or of another kind."
        ) from None


def loaded(path: Path, mend: str) -> Any:
    """What a checkpoint of PyTorch holds, if that is nothing but tensors and plain values; nothing in it is run.

    Raises:
        BadInput: whatever else it is, with the mend.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about archives of other kinds, which are refused below anyway
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise BadInput(
            f"{path} is not a checkpoint of plain tensors, so it was refused without running anything in it. {mend}"
        ) from None
    except (Exception, RecursionError) as problem:  # a damaged pickle can fail in any way
        raise BadInput(f"{path} cannot be read as a checkpoint: {told(problem)} It may be truncated.") from None


def _checkpoint(path: Path) -> dict[str, Tensor]:
    mend = "Where you made it, save `model.state_dict()` with torch.save, or better as safetensors."
    found = loaded(path, mend)
    for _ in range(NESTED):  # a dictionary can hold itself
        if isinstance(found, Mapping) and not _is_state(found):
            found = next((found[name] for name in WRAPPED if isinstance(found.get(name), Mapping)), found)
    if not isinstance(found, Mapping) or not _is_state(found):
        raise BadInput(f"{path} holds no named tensors. Save `model.state_dict()`, alone or as its 'state_dict'.")
    return dict(found)


def _is_state(value: Mapping[Any, Any]) -> bool:
    return bool(value) and all(isinstance(n, str) and isinstance(part, Tensor) for n, part in value.items())


def _strange(tensor: Tensor, like: Tensor | None = None) -> bool:
    """Whether a tensor holds no plain numbers that a parameter could take: sparse, quantised, without data, complex."""
    complex_expected = like is not None and like.is_complex()
    numbers = tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta
    return not numbers or (like is not None and tensor.is_complex() and not complex_expected)


def _kind(tensor: Tensor) -> str:
    return "without data" if tensor.is_meta else f"{tensor.layout}, {tensor.dtype}".replace("torch.", "")


def _unprefixed(weights: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    for prefix in PREFIXES:
        if not set(weights) & set(expected) and all(name.startswith(prefix) for name in weights):
            weights = {name.removeprefix(prefix): tensor for name, tensor in weights.items()}
    return weights


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"


def _listed(names: list[str]) -> str:
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _first(problem: BaseException) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0].rstrip(".")
