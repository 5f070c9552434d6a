"""Data as batches that can be gone through again and again: pairs of tensors, data sets, loaders, lists."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset, default_collate

from phenoscope.core.errors import BadInput
from phenoscope.objective.randomness import undisturbed

Batch = tuple[Any, Any]
"""(input, target); an input may be a tensor, or a tuple or mapping of tensors that the model takes apart."""


def batches_of(data: Any, batch_size: int | None, device: torch.device) -> Callable[[], Iterator[Batch]]:
    """A function that starts a fresh pass over the data, each batch on the given device; it moves no random state.

    Args:
        data: a pair of tensors, a Dataset, a DataLoader or any re-iterable of (input, target).
        batch_size: how many examples a batch holds; `None` keeps loaders and lists as they are and takes
            everything else as one batch.
        device: where the model is.
    """
    if batch_size is not None and batch_size < 1:
        raise BadInput(f"`batch_size` must be at least 1, got {batch_size}. Use None for everything at once.")
    source, generators = _source(data, batch_size), generators_of(data)

    def start() -> Iterator[Batch]:
        empty = True
        for number, batch in enumerate(source if fixed(data) else undisturbed(source, generators)):
            pair = _pair(batch, number)
            if length(pair) > 0:
                empty = False
                yield to_device(pair, device)
        if empty:
            raise BadInput("the data are empty: not one example came. Pass at least one batch (input, target).")

    return start


def generators_of(data: Any) -> tuple[torch.Generator, ...]:
    """The generators that a DataLoader brings along; a pass draws from them instead of the global one."""
    if not isinstance(data, DataLoader):
        return ()
    samplers = (data.sampler, data.batch_sampler, getattr(data.batch_sampler, "sampler", None))
    found = (getattr(part, "generator", None) for part in (data, *samplers))
    return tuple({id(made): made for made in found if isinstance(made, torch.Generator)}.values())


def fixed(data: Any) -> bool:
    """Whether each pass must give the same batches because the data lie in memory as tensors."""
    if isinstance(data, TensorDataset) or _is_pair(data):
        return True
    return isinstance(data, list | tuple)


def by_rows(data: Any) -> bool:
    """Whether examples must be entries of the first axis, since batches are cut along it or collated there."""
    if isinstance(data, DataLoader):
        return data.collate_fn is default_collate
    return _is_pair(data) or isinstance(data, Dataset)


def freeze(loader: Iterable[Any], n: int | None = None) -> tuple[Batch, ...]:
    """Draw a fixed set of batches from a loader that shuffles or augments at random.

    Measurements need one loss; a loader that draws anew at each pass defines a different one every time.

    Args:
        loader: any iterable of (input, target).
        n: the number of examples to draw; further passes are made where one holds fewer, and the last batch
            is cut to fit. `None` takes exactly one pass.

    Returns:
        The batches, detached, in the order drawn: pass them to `Objective` as its data.
    """
    if n is not None and n < 1:
        raise BadInput(f"`n` must be at least 1 example, got {n}.")
    drawn: list[Batch] = []
    count = 0
    while True:
        before = count
        for batch in loader:
            pair = _pair(batch, len(drawn))
            room = length(pair) if n is None else n - count
            drawn.append(detached(take(pair, 0, room)))
            count += min(room, length(pair))
            if count == n:
                return tuple(drawn)
        if count == before:
            raise BadInput("the loader gave no examples. Pass one that yields (input, target) at each pass.")
        if n is None:
            return tuple(drawn)


def length(batch: Batch) -> int:
    """The number of examples: the first axis of the target, or of the first tensor of the input."""
    for part in (batch[1], batch[0]):
        found = next(tensors(part), None)
        if found is not None and found.ndim > 0:
            return len(found)
    raise BadInput("a batch needs tensors with examples along the first axis; neither input nor target has any.")


def take(batch: Batch, start: int, stop: int) -> Batch:
    """The examples from `start` up to `stop`; tensors with another first axis (an attention mask) stay whole."""
    count = length(batch)
    return _mapped(batch, lambda part: part[start:stop] if part.shape[:1] == (count,) else part)


def entries(batch: Batch, places: Tensor) -> Batch:
    """The examples at these places of the batch; tensors with another first axis stay whole."""
    count = length(batch)
    return _mapped(batch, lambda part: part[places.to(part.device)] if part.shape[:1] == (count,) else part)


def by_example(batch: Batch) -> tuple[bool, ...]:
    """Which tensors of a batch have an entry an example; the others (an attention mask) are shared by all."""
    count = length(batch)
    return tuple(part.shape[:1] == (count,) for part in tensors(batch))


def joined(pieces: Sequence[Batch], kinds: Sequence[tuple[bool, ...]]) -> tuple[Batch, ...]:
    """Pieces of batches as one batch, or as they came where their tensors do not fit together (padded elsewhere, say).

    Args:
        pieces: of one batch each.
        kinds: what `by_example` says of the batches they were taken from.
    """
    if len(pieces) < 2 or len(set(kinds)) > 1:
        return tuple(pieces)
    columns = zip(*(tuple(tensors(piece)) for piece in pieces), strict=True)
    found = [_whole(parts, each) for parts, each in zip(columns, kinds[0], strict=True)]
    fitting = iter([part for part in found if part is not None])
    if any(part is None for part in found):
        return tuple(pieces)
    return (_mapped(pieces[0], lambda part: next(fitting)),)


def _whole(parts: Sequence[Tensor], each: bool) -> Tensor | None:
    """The same tensor of several pieces put together; `None` where it cannot be."""
    if each:
        return torch.cat(list(parts)) if len({part.shape[1:] for part in parts}) == 1 else None
    return parts[0] if all(torch.equal(part, parts[0]) for part in parts) else None


def rebuilt(batch: Batch, parts: Iterable[Tensor]) -> Batch:
    """A batch like this one with other tensors, in the order in which `tensors` gives them."""
    found = iter(parts)
    return _mapped(batch, lambda part: next(found))


def detached(batch: Batch) -> Batch:
    return _mapped(batch, lambda part: part.detach().clone())


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The batch there; of what was made in inference mode, which no derivative may go through, a copy."""
    return _mapped(batch, lambda part: (part.clone() if part.is_inference() else part).to(device))


def split(batch: Batch, size: int) -> Iterator[Batch]:
    """The batch in consecutive pieces of at most `size` examples."""
    for start in range(0, length(batch), size):
        yield take(batch, start, start + size)


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor inside nested tuples, lists and mappings."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors(part)


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(part, change) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_mapped(part, change) for part in value)
    return value


def _is_pair(data: Any) -> bool:
    return isinstance(data, list | tuple) and len(data) == 2 and isinstance(data[1], Tensor)


def _source(data: Any, batch_size: int | None) -> Iterable[Any]:
    if isinstance(data, TensorDataset) and len(data.tensors) == 2:
        data = data.tensors
    if _is_pair(data):
        pair = _pair(data, 0)
        inputs = next(tensors(pair[0]), None)
        if inputs is None or len(inputs) != len(pair[1]):
            raise BadInput(
                "inputs and targets must have as many examples along their first axis, got "
                f"{'no tensor' if inputs is None else tuple(inputs.shape)} and {tuple(pair[1].shape)}."
            )
        return list(split(pair, batch_size or max(1, length(pair))))
    if isinstance(data, DataLoader | list | tuple):
        if batch_size is not None:
            raise BadInput(f"{type(data).__name__} data come in batches already: leave `batch_size` out.")
        return data
    if isinstance(data, Dataset):
        return _loader(data, batch_size)
    if isinstance(data, Iterator) or not isinstance(data, Iterable):
        raise BadInput(
            f"the data must be gone through more than once, and a {type(data).__name__} cannot be. "
            "Pass a pair of tensors, a Dataset, a DataLoader or a list of (input, target) batches."
        )
    return data


def _loader(data: Dataset[Any], batch_size: int | None) -> DataLoader[Any]:
    count = len(data) if hasattr(data, "__len__") else 0  # type: ignore[arg-type]
    if count == 0:
        raise BadInput("the Dataset is empty or does not tell its length. Pass one with at least one example.")
    return DataLoader(data, batch_size=batch_size or count, shuffle=False, collate_fn=default_collate)


def _pair(batch: Any, number: int) -> Batch:
    if isinstance(batch, Sequence) and not isinstance(batch, str) and len(batch) == 2:
        return batch[0], batch[1]
    if isinstance(batch, Mapping):
        came = f"a mapping with {sorted(map(str, batch))}"
    elif isinstance(batch, Tensor):
        came = f"one tensor of shape {tuple(batch.shape)}"
    else:
        came = f"a {type(batch).__name__}" + (f" of length {len(batch)}" if isinstance(batch, Sequence) else "")
    raise BadInput(f"every batch must be a pair (input, target), batch {number} is {came}.")
