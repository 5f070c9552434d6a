"""What each operation of a network says about the axes of its tensors."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from phenoscope.instruments.symmetries.axes import Axis, fix, fixed, length, unify, wild

Label = tuple[Axis, ...]
"""The axes of a tensor."""


@dataclasses.dataclass(frozen=True, eq=False)
class Call:
    """One operation as it ran.

    Attributes:
        name: of the operation, without its overload.
        given: its arguments by name, those left out at their defaults.
        outputs: the tensors that came of it.
        label: gives the axes of a tensor.
    """

    name: str
    given: dict[str, Any]
    outputs: tuple[Tensor, ...]
    label: Callable[[Tensor], Label]

    @property
    def first(self) -> Label:
        """The axes of the first argument."""
        return self.of(next(iter(self.given)))

    def of(self, name: str) -> Label:
        return self.label(self.given[name])

    def axis(self, name: str = "dim", *, ndim: int | None = None) -> int:
        """An argument that counts axes, from the front."""
        value, count = self.given[name], len(self.first) if ndim is None else ndim
        return value % count if count else 0


Rule = Callable[[Call], Sequence[Label]]
"""From an operation to the axes of its outputs; sets become one on the way."""


def elementwise(call: Call) -> list[Label]:
    """Entry by entry, broadcast as usual."""
    labels = [call.label(value) for value in _tensors(call.given.values())]
    shape = call.outputs[0].shape
    made: list[Axis] = []
    for place in range(-len(shape), 0):
        axes = [label[place] for label in labels if len(label) >= -place]
        long = [axis for axis in axes if sum(map(length, axis)) == shape[place]] or [wild(shape[place])]
        made.append(functools.reduce(lambda one, other: unify(one, other, written=call.name == "copy_"), long))
    return [tuple(made)] * len(call.outputs)


def same(call: Call) -> list[Label]:
    """Every output has the axes of the first argument."""
    return [call.first] * len(call.outputs)


def constant(call: Call) -> list[Label]:
    """Entries that are all alike."""
    return [tuple(wild(size) for size in output.shape) for output in call.outputs]


def rigid(call: Call) -> list[Label]:
    """Nothing about it is known: what comes in stays in place, and so does what comes out."""
    for value in _tensors(call.given.values()):
        for axis in call.label(value):
            fix(axis)
    return [tuple(fixed(size) for size in output.shape) for output in call.outputs]


def along(call: Call) -> list[Label]:
    """The order along one axis, or along some, matters."""
    asked = call.given.get("dim", call.given.get("dims"))
    for place in [asked] if isinstance(asked, int) else asked or range(len(call.first)):
        fix(call.first[place])
    return same(call)


def reduced(call: Call) -> list[Label]:
    """A sum, mean, norm or extreme over some axes does not see their order."""
    asked = call.given.get("dim")
    count = len(call.first)
    places = range(count) if asked in (None, []) else [asked] if isinstance(asked, int) else asked
    gone = {place % count for place in places} if count else set()
    if call.given.get("keepdim", False):
        return [tuple(wild(1) if p in gone else axis for p, axis in enumerate(call.first))] * len(call.outputs)
    return [tuple(axis for p, axis in enumerate(call.first) if p not in gone)] * len(call.outputs)


def windowed(call: Call) -> list[Label]:
    """Pooling and resizing: the last axes are space, and the ones before stay as they are."""
    space = next(int(part) for part in ("1", "2", "3") if f"{part}d" in call.name)
    return [_space(call.first, output, space) for output in call.outputs]


def _space(label: Label, output: Tensor, space: int) -> Label:
    for axis in label[-space:]:
        fix(axis)
    return label[:-space] + tuple(fixed(size) for size in output.shape[-space:])


def looked_up(call: Call) -> list[Label]:
    """Rows of a table."""
    table = call.of("weight")
    fix(table[0])
    return [(*call.of("indices"), table[1])]


def picked(call: Call) -> list[Label]:
    """Entries of one axis by their numbers, where the numbers come as one vector."""
    indices = call.given["indices"] if call.name == "index" else None
    if indices is None:
        place = call.axis()
    else:
        there = [place for place, value in enumerate(indices) if value is not None]
        if len(there) != 1 or indices[there[0]].ndim != 1:
            return rigid(call)
        place = there[0]
    fix(call.first[place])
    return [replaced(call.first, place, fixed(call.outputs[0].shape[place]))]


def replaced(label: Label, place: int, axis: Axis) -> Label:
    """The axes with another one at a place."""
    return (*label[:place], axis, *label[place + 1 :])


def _tensors(values: Any) -> list[Tensor]:
    """The tensors among arguments, lists of them included."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += _tensors(value)
    return found
