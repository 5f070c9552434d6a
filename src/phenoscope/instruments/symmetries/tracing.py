"""A network run once, each operation of which says which axes move together."""

import copy
import dataclasses
import itertools
from collections.abc import Callable, Collection, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from phenoscope.core.errors import BadInput
from phenoscope.instruments.symmetries.axes import fix, fixed, free, leaves, length
from phenoscope.instruments.symmetries.layers import MATRICES, rule_of
from phenoscope.instruments.symmetries.rules import Call, Label, rigid
from phenoscope.objective.randomness import preserved_randomness

OPERANDS: dict[str, tuple[str, ...]] = dict(MATRICES) | {"convolution": ("input",)}
"""The arguments of operations that take activations in: layers, and products of activations."""
FEW = 4
"""Examples that a trace runs."""
SIDES = (16, 28, 32, 8, 64, *(side for side in range(4, 130) if side not in (16, 28, 32, 8, 64)), 224, 256, 299)
"""Sizes of space that are tried, one after the other, where no example input is given."""


@dataclasses.dataclass(frozen=True)
class Trace:
    """What a run found out.

    Attributes:
        labels: the axes of every parameter and buffer, by its first name.
        kept: why units stay in place that an operation without a rule met.
        features: the axes of what layers and products of activations take in, by the number of the operation among
            those and the number of the operand.
    """

    labels: dict[str, Label]
    kept: tuple[str, ...]
    features: dict[tuple[int, int], Label]


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, each once, as they are."""
    return {name: value.detach() for name, value in itertools.chain(model.named_parameters(), model.named_buffers())}


def called(model: Callable[..., Any], inputs: Any) -> tuple[Tensor, ...]:
    """The tensors that a model gives for one batch, without gradients and without a trace in it."""
    fastpath = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), preserved_randomness(), sdpa_kernel(SDPBackend.MATH):
            outputs = model(**inputs) if isinstance(inputs, dict) else model(*inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fastpath)
    return tuple(leaf for leaf in tree_leaves(_opened(outputs)) if isinstance(leaf, Tensor))


def traced(model: nn.Module, inputs: Any) -> Trace:
    """The axes of a model's tensors after one run; it must be a copy, in evaluation mode.

    Raises:
        BadInput: the model cannot be run on the inputs.
    """
    seen = _Seen(model)
    handles = [module.register_forward_pre_hook(seen.entered(name)) for name, module in model.named_modules()]
    handles += [module.register_forward_hook(seen.left) for module in model.modules()]
    try:
        with seen:
            outputs = called(model, inputs)
    finally:
        for handle in handles:
            handle.remove()
    for output in outputs:
        for axis in seen.label(output):
            fix(axis)
    labels = {name: seen.label(value) for name, value in seen.own.items()}
    return Trace(labels, tuple(dict.fromkeys(seen.kept)), seen.features)


def watched(model: nn.Module, inputs: Any, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], Tensor]:
    """What some layers and products of a run take in, by the numbers that a trace has for them."""
    watch = _Watch(frozenset(places))
    with watch:
        called(model, inputs)
    return watch.found


class _Seen(TorchDispatchMode):
    """Watches every operation of one run."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.own = dict(itertools.chain(model.named_parameters(), model.named_buffers()))
        self.kept: list[str] = []
        self.features: dict[tuple[int, int], Label] = {}
        self._count, self._data = 0, set[int]()
        self._where: list[str] = []
        # tensors are kept beside their axes, so that no other one can come to have their place in memory
        self._labels: dict[int, tuple[Tensor, Label]] = {
            id(value): (value, tuple(axis for size in value.shape for axis in (free(size),)))
            for value in self.own.values()
        }

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch's own question: if so, it would import its compiler first, which takes seconds."""
        return False

    def entered(self, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: object) -> None:
            self._where.append(f"{name or 'the model'} ({type(module).__name__})")

        return hook

    def left(self, module: nn.Module, inputs: object, outputs: object) -> None:
        self._where.pop()

    def label(self, tensor: Tensor) -> Label:
        """The axes of a tensor; those of one that came from outside stay in place."""
        found = self._labels.get(id(tensor))
        return found[1] if found else tuple(fixed(size) for size in tensor.shape)

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        outputs = tuple(leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor))
        if outputs:
            self._note(func, _bound(func, args, kwargs or {}), outputs)
        return result

    def _note(self, func: Any, given: dict[str, Any], outputs: tuple[Tensor, ...]) -> None:
        name = func._overloadpacket.__name__
        call = Call(name, given, outputs, self.label)
        for place, operand in enumerate(OPERANDS.get(name, ())):
            if id(given[operand]) in self._data:
                self.features[self._count, place] = self.label(given[operand])
        self._count += name in OPERANDS
        taken = [value for value in tree_leaves(given) if isinstance(value, Tensor)]
        met = [axis for value in taken for axis in self.label(value)]
        rule = rule_of(name, pointwise=torch.Tag.pointwise in func.tags)
        if rule is None or (met and all(unit.fixed for axis in met for unit in leaves(axis))):
            if any(not unit.fixed and not unit.wild for axis in met for unit in leaves(axis)):
                where = self._where[-1] if self._where else "the model"
                self.kept.append(f"{where} uses `{name}`, of which it is not known which units it may exchange")
            rule = rigid
        from_data = any(id(value) in self._data or id(value) not in self._labels for value in taken)
        for output, label in zip(outputs, rule(call), strict=True):
            assert tuple(sum(map(length, axis)) for axis in label) == tuple(output.shape), name
            self._labels[id(output)] = output, label
            _rest_on(label)
        if from_data:
            self._data |= {id(output) for output in outputs}


class _Watch(TorchDispatchMode):
    """Keeps what some operations take in; it counts them as a trace does."""

    def __init__(self, places: frozenset[tuple[int, int]]) -> None:
        super().__init__()
        self.found: dict[tuple[int, int], Tensor] = {}
        self._places, self._count = places, 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """As above."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None) -> Any:
        name = func._overloadpacket.__name__
        if name in OPERANDS:
            given = _bound(func, args, kwargs or {})
            for place, operand in enumerate(OPERANDS[name]):
                if (self._count, place) in self._places:
                    self.found[self._count, place] = given[operand].clone()  # later operations may write into it
            self._count += 1
        return func(*args, **(kwargs or {}))


def _rest_on(label: Label) -> None:
    """Marks the sets of a tensor as used; one whose outer set is not there with it has one order for all of it."""
    units = [unit for axis in label for unit in leaves(axis)]
    for unit in units:
        unit.root.used = True
        while unit.outer is not None and not any(other.root is unit.outer for other in units):
            unit.climb()


def _bound(func: Any, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an operation by name."""
    parameters = func._schema.arguments
    given = {p.name: p.default_value for p in parameters if p.has_default_value()}
    ordered = {p.name: None for p in parameters}
    named = dict(zip((p.name for p in parameters), args, strict=False))
    return ordered | given | named | kwargs


def _opened(outputs: Any) -> Any:
    """The parts of an output that is a dataclass of its own, as model libraries have them."""
    if dataclasses.is_dataclass(outputs) and not isinstance(outputs, type):
        return [getattr(outputs, field.name) for field in dataclasses.fields(outputs)]
    return outputs


def few(inputs: Any) -> Any:
    """The first examples of a batch, as arguments of a call."""
    if isinstance(inputs, dict):
        return {name: _first(value) for name, value in inputs.items()}
    return tuple(_first(value) for value in (inputs if isinstance(inputs, list | tuple) else (inputs,)))


def _first(value: Any) -> Any:
    return value[:FEW] if isinstance(value, Tensor) and value.ndim else value


def guessed(model: nn.Module) -> tuple[Tensor, ...]:
    """An input that a model takes, found by trial from its first layer.

    Raises:
        BadInput: none of those tried is taken.
    """
    generator, twin = torch.Generator().manual_seed(0), copy.deepcopy(model).eval()
    for made in _tried(twin, generator):
        try:
            called(twin, (made,))
        except Exception:  # whatever a model does with an input that is not for it
            continue
        return (made,)
    raise BadInput(
        "no input was found that the model takes, so that its structure cannot be read. Pass `data=`, its own inputs."
    )


def _tried(model: nn.Module, generator: torch.Generator) -> Iterator[Tensor]:
    first = next((m for m in model.modules() if getattr(m, "weight", None) is not None), None)
    weight = None if first is None else first.weight
    floating = next((p for p in model.parameters() if p.is_floating_point()), None)
    kind = {"dtype": floating.dtype, "device": floating.device} if floating is not None else {}

    def normal(*shape: int) -> Tensor:
        return torch.randn(FEW, *shape, generator=generator).to(**kind)

    if isinstance(first, nn.Embedding):
        for size in (8, 1, 16, 32, 64, 128):
            yield torch.randint(first.num_embeddings, (FEW, size), generator=generator).to(kind.get("device"))
    elif isinstance(weight, Tensor) and weight.ndim == 2:
        yield normal(weight.shape[1])
        for size in (8, 1, 16, 32, 64):
            yield normal(size, weight.shape[1])
    elif isinstance(weight, Tensor) and weight.ndim > 2:
        transposed = isinstance(first, nn.modules.conv._ConvTransposeNd)
        channels = weight.shape[0] if transposed else weight.shape[1] * getattr(first, "groups", 1)
        for side in SIDES:
            yield normal(channels, *(side,) * (weight.ndim - 2))
            if channels == 1:
                yield normal(*(side,) * (weight.ndim - 2))
    for size in sorted({parameter.shape[-1] for parameter in model.parameters() if parameter.ndim}):
        yield normal(size)
        yield normal(8, size)


def generic(model: nn.Module) -> nn.Module:
    """A copy in float64 and evaluation mode, moved a little from where it is.

    At an initialisation many symmetries hold that training breaks: gains are 1, and biases 0.
    """
    twin, generator = copy.deepcopy(model).eval(), torch.Generator().manual_seed(0)
    if any(value.is_floating_point() for value in twin.parameters()):
        twin = twin.double()
    with torch.no_grad():
        statistics = (value for name, value in twin.named_buffers() if name.endswith(("running_mean", "running_var")))
        for value in itertools.chain(twin.parameters(), statistics):
            if value.is_floating_point():
                noise = torch.randn(value.shape, generator=generator, dtype=torch.float64).to(value)
                size = value.square().mean().sqrt() + 0.1
                value.copy_(value * (1 + 0.1 * noise.tanh()) if bool((value > 0).all()) else value + 0.1 * size * noise)
    return twin
