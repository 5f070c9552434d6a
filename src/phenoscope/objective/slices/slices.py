"""The loss on an affine slice of the space of parameters: a line, a plane or more, many points at once.

What makes it faster than a loop over the points, of which each does the same work in the same network:

- many points are one call, so the interpreter's time is shared (small networks);
- a layer that sees the data themselves is affine in the parameters, hence in the coordinates: it is evaluated once for
  the origin and once for each axis, and mixed at every point (the larger part of the work in many networks);
- a stack of dense layers needs no mapping over networks (`stacks`);
- examples lie along the contiguous axis: PyTorch's softmax over a short last axis is many times slower, and so are
  narrow matrix products.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.core.threads import each
from phenoscope.objective.batches import Batch, tensors
from phenoscope.objective.evaluation.network import Network
from phenoscope.objective.evaluation.precise import precise
from phenoscope.objective.losses import CrossEntropy
from phenoscope.objective.processes import Processes
from phenoscope.objective.slices.made_of_data import MadeOfData
from phenoscope.objective.slices.scores import cross_entropies, plain_scores
from phenoscope.objective.slices.stacks import stack
from phenoscope.objective.weighting import Weighting, scores_classes

CHUNK = 2**22
"""Numbers that the layers of a chunk of points write; more than the cache holds is slower (`benchmarks/planes.py`)."""
KEPT = 31 * 2**20
"""Bytes. The C library (glibc) gives larger blocks than it has seen freed back to the system at once, and each page of
them is faulted in again at the next layer: two thirds of the time of a chunk. It learns from one free, up to 32 MiB."""
LARGEST = 1024
"""Points a chunk at most: beyond, nothing is gained."""

TOGETHER = "several points"
"""What is noted of a network that cannot be evaluated at them together."""

AFFINE = (functional.linear, torch.conv1d, torch.conv2d, torch.conv3d)
"""Functions (input, weight, bias, ...) that are affine in weight and bias."""


@dataclasses.dataclass(frozen=True)
class Slice:
    """The points θ + Σᵢ cᵢ aᵢ.

    Attributes:
        network: model and loss.
        origin: θ, (p,).
        axes: (k, p).
    """

    network: Network
    origin: Float[Tensor, " p"]
    axes: Tensor  # (k, p)

    def __post_init__(self) -> None:
        if self.axes.ndim != 2 or self.axes.shape[1:] != self.origin.shape or not len(self.axes):
            raise BadInput(
                f"the axes of a slice must have shape (k, {len(self.origin)}), got {tuple(self.axes.shape)}."
            )

    def losses(
        self, coordinates: Float[Tensor, "m k"], batches: Iterable[Batch], by: Weighting, processes: Processes
    ) -> Float[Tensor, " m"]:
        """L at each row of coordinates, accumulated over the batches in float64; not finite where it is not."""
        if coordinates.ndim != 2 or coordinates.shape[1] != len(self.axes):
            raise BadInput(
                f"coordinates along {len(self.axes)} axes must have shape (m, {len(self.axes)}), got "
                f"{tuple(coordinates.shape)}."
            )
        mixing = torch.cat([torch.ones_like(coordinates[:, :1]), coordinates], dim=1).to(self.origin)
        total, weight = torch.zeros(len(mixing), dtype=torch.float64, device=self.origin.device), 0.0
        torch.empty(KEPT, dtype=torch.uint8)  # freed at once
        with self.network.evaluation(), torch.no_grad():
            for batch in batches:
                share, values = self._of_batch(mixing, batch, by)
                if share > 0:
                    total += share * values
                    weight += share
        return processes.sum(total) / by.divisor(processes.sum_of(weight, total.device))

    def _of_batch(self, mixing: Tensor, batch: Batch, by: Weighting) -> tuple[float, Tensor]:
        """The weight of the batch, and its losses: together where that gives what two points give alone."""
        with _Counting() as counted:
            outputs, first = self.network.forward(self._points(mixing[:1]), batch, "one")
        share = by.of(outputs, batch[1])
        if not share > 0:
            return 0.0, first
        furthest = int(mixing.square().sum(dim=1).argmax())
        plain = torch.cat([first, self._alone(mixing[furthest, None], batch)]).double()
        size = min(LARGEST, max(1, CHUNK // (counted.numbers + len(self.origin))))
        if TOGETHER in self.network.failed:
            return share, torch.cat([self._alone(row, batch) for row in mixing.split(1)]).double()
        try:
            found = self._together(mixing, batch, size)
            tolerance = 1e4 * torch.finfo(self.origin.dtype).eps
            if bool(torch.isclose(found[[0, furthest]], plain, rtol=tolerance, atol=0, equal_nan=True).all()):
                return share, found
        except PhenoscopeError:
            raise
        except Exception:  # a layer that cannot be mapped over networks, whatever it raises then
            self.network.failed.add(TOGETHER)
        return share, torch.cat([self._alone(row, batch) for row in mixing.split(1)]).double()

    def _alone(self, row: Tensor, batch: Batch) -> Tensor:
        return self.network.forward(self._points(row), batch, "one")[1]

    def _together(self, mixing: Tensor, batch: Batch, size: int) -> Tensor:
        inputs, targets = batch
        value = _value(self.network)
        corners = self.network.layout.unravel(torch.cat([self.origin[None], self.axes.to(self.origin)]))
        layers = stack(self.network, corners, inputs)
        if layers is not None:
            losses = _of_outputs(self.network, targets, layers.width)
            parts = mixing.split(min(LARGEST, layers.most))
            return torch.cat(each(lambda rows: losses(layers.outputs(rows)).double(), parts))
        affine = Affine(corners, inputs)

        def loss(row: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
            with affine.at(row, parameters):
                return value(self.network.outputs(parameters, inputs), targets)

        def of(rows: Tensor) -> Tensor:
            parameters = self.network.layout.unravel(self._points(rows))
            if len(rows) == 1:
                return loss(rows[0], {name: part[0] for name, part in parameters.items()})[None]
            return torch.func.vmap(loss)(rows, parameters)

        return torch.cat([of(rows).double() for rows in mixing.split(size)])

    def _points(self, mixing: Float[Tensor, "m c"]) -> Float[Tensor, "m p"]:
        return torch.addmm(self.origin, mixing[:, 1:], self.axes.to(self.origin))


class Affine(TorchFunctionMode):
    """While it is on, layers that see the data themselves are mixed from their values at the origin and on the axes.

    Dense layers are also computed with examples along the contiguous axis, which suits narrow ones.

    Args:
        corners: the parameters at the origin, and the axes, along the first axis of each.
        inputs: of the batch.
    """

    def __init__(self, corners: Mapping[str, Tensor], inputs: Any) -> None:
        super().__init__()
        self._corners = corners
        self._inputs = inputs
        self._seen: dict[tuple[int, str], Tensor] = {}

    def at(self, row: Float[Tensor, " c"], parameters: Mapping[str, Tensor]) -> "Affine":
        """For one evaluation: at the origin's share (1) and these coordinates, with these parameters."""
        self._row = row
        self._data = MadeOfData(self._inputs)
        self._names = {id(part): name for name, part in parameters.items()}
        self._calls = 0
        return self

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        """Calls that are affine are mixed; all others run as they are, noting what is made of the data alone."""
        options = options or {}
        if function in AFFINE and len(arguments) > 1 and not options.keys() - {"bias"}:
            weight = self._names.get(id(arguments[1]))
            bias = options.get("bias", arguments[2] if len(arguments) > 2 else None)
            known = self._data.has(arguments[0]) and (bias is None or id(bias) in self._names)
            if weight is not None and known:
                return self._mixed(function, arguments, weight, bias)
            if function is functional.linear and arguments[0].ndim == 2:
                product = arguments[1] @ arguments[0].mT  # (features, examples)
                return (product if bias is None else product + bias[:, None]).mT
        result = function(*arguments, **options)
        if isinstance(result, Tensor):
            self._data.give(result, list(tensors((arguments, options))))
        return result

    def _mixed(self, function: Any, arguments: tuple[Any, ...], weight: str, bias: Tensor | None) -> Tensor:
        key, self._calls = (self._calls, weight), self._calls + 1
        if key not in self._seen:
            weights = self._corners[weight]
            biases = [None] * len(weights) if bias is None else self._corners[self._names[id(bias)]]
            pairs = zip(weights, biases, strict=True)
            self._seen[key] = torch.stack([_narrow(function(arguments[0], w, b, *arguments[3:])) for w, b in pairs])
        values = self._seen[key]  # (k + 1, ...)
        mixed = (self._row @ values.flatten(1)).view(values.shape[1:])
        return mixed.mT if mixed.ndim == 2 else mixed


class _Counting(TorchFunctionMode):
    """How many numbers the calls under it give back: what the layers write."""

    numbers = 0

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        result = function(*arguments, **(options or {}))
        if isinstance(result, Tensor):
            self.numbers += math.prod(result.shape)
        return result


def _value(network: Network) -> Callable[[Tensor, Any], Tensor]:
    """The loss; one of class scores sees one example with many places instead of many examples, which is the same."""
    classes = functional.cross_entropy if isinstance(network.loss, CrossEntropy) else network.loss
    known, classes = scores_classes(classes), precise(classes) if network.exact else classes

    def value(outputs: Tensor, targets: Any) -> Tensor:
        scores = isinstance(targets, Tensor) and targets.ndim == 1 and outputs.ndim == 2
        if scores and not targets.is_floating_point() and known:
            return classes(outputs.mT[None], targets[None])
        return network.value(outputs, targets)

    return value


def _of_outputs(network: Network, targets: Any, classes: int) -> Callable[[Tensor], Tensor]:
    """The losses (m,) of outputs (m, features, examples)."""
    value = _value(network)
    ordinary = torch.func.vmap(lambda outputs: value(outputs.mT, targets))
    if not plain_scores(network.loss, targets):
        return ordinary
    quick = cross_entropies(targets, classes)

    def losses(outputs: Tensor) -> Tensor:
        found = quick(outputs)
        beyond = ~torch.isfinite(found)
        return found if not bool(beyond.any()) else torch.where(beyond, ordinary(outputs).double(), found)

    return losses


def _narrow(values: Tensor) -> Tensor:
    """A matrix (examples, features) with the examples along the contiguous axis; other shapes as they are."""
    return values.mT.contiguous() if values.ndim == 2 else values
