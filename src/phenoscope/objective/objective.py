"""The objective: a loss as a function of the point, for one model and one fixed set of data."""

import copy
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor, nn

from phenoscope.core import points
from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.objective import refusals
from phenoscope.objective.batches import Batch, batches_of, fixed, generators_of, length, preserved, split, to_device
from phenoscope.objective.kinds import UNFIT, LossKind, are_classes, loss_kind, wrong_share
from phenoscope.objective.linearisation import Linearisation, Which
from phenoscope.objective.memory import GraphSize, graph_size
from phenoscope.objective.network import Buffers, Loss, Network, preserved_randomness
from phenoscope.objective.operators import Curvature
from phenoscope.objective.parts import drawn, picked
from phenoscope.objective.pieces import PIECES
from phenoscope.objective.processes import ALONE, Processes
from phenoscope.objective.refusals import finite
from phenoscope.objective.singles import ExampleGradients, example_gradients, example_losses
from phenoscope.objective.slices import Slice
from phenoscope.objective.weighting import (
    BY_NAME,
    WHOLE,
    Denominator,
    Name,
    Weighting,
    found_weighting,
    known_weighting,
)

MEMORY = 4 * 2**30
"""Bytes that the kept graphs of one operator may take unless the caller says otherwise: 4 GiB."""


class Objective:
    """A loss as a function of the point θ: model x loss x data.

    The model is left as it was found: parameters, buffers, modes, `requires_grad`, `.grad` and the random state.
    Dropout and other modules act in the mode the model is in; a loss that differs between two evaluations is
    refused. Normalisation layers follow `buffers`. Fused attention is replaced by its differentiable form.

    Args:
        model: any module with trainable parameters; frozen ones stay fixed, tied ones count once.
        loss: (outputs, targets) -> scalar, such as `torch.nn.CrossEntropyLoss()`.
        data: a pair of tensors, a Dataset, a DataLoader or any re-iterable of (input, target).
        batch_size: examples a batch, for tensors and Datasets; `None` takes all at once.
        buffers: what normalisation layers use: `"running"` statistics, those of each `"batch"` (`partition`
            then tells how the data were cut), or `"refuse"` such layers.
        denominator: what the loss divides by (`"examples"`, `"targets"`, `"elements"`, `"sum"`, or a function of
            outputs and targets), where it cannot be known: batches are weighted by it.
        memory: bytes that the graphs kept for products may take; beyond it they are rebuilt chunk by chunk.
        group: of `torch.distributed`, where `data` are this process's part only: the loss, its derivatives and all
            that is measured are then those of the parts of all processes together, which must ask for the same.

    Raises:
        BadInput: empty data, a loss that is random, not a scalar or not finite, mixed dtypes, an unknown weighting.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> x, y = torch.eye(2), torch.zeros(2, 1)
        >>> objective = Objective(model, torch.nn.MSELoss(), (x, y))
        >>> objective.hessian() @ torch.tensor([1.0, 2.0])
        tensor([1., 2.])
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        data: Any,
        batch_size: int | None = None,
        *,
        buffers: Buffers = "running",
        denominator: Name | Denominator | None = None,
        memory: int = MEMORY,
        group: Any = None,
    ) -> None:
        self._network = Network(model, loss, buffers=buffers)
        self._passes = batches_of(data, batch_size, self._network.device)
        self._memory, self.processes = memory, Processes(group)
        self._graph_sizes: dict[str, GraphSize] = {}  # measured once
        with preserved_randomness():  # starting a DataLoader draws from it
            self._parts: tuple[int, ...] = tuple(length(batch) for batch in self._passes())
        self.partition: tuple[int, ...] = sum(self.processes.gather(self._parts), ())
        self._by = self._weighting(denominator)
        refusals.other_networks(self.processes, self._by.name, self.point)
        self._refuse_randomness(generators_of(data), whole=not fixed(data))

    @property
    def model(self) -> nn.Module:
        return self._network.model

    @property
    def point(self) -> Float[Tensor, " p"]:
        """The model's trainable parameters now, as one flat vector (a copy)."""
        return points.point(self._network.model)

    @property
    def weighting(self) -> str:
        """What the batches are weighed by: the loss's own denominator."""
        return self._by.name

    def at(self, point: Float[Tensor, "*n p"] | None = None) -> Linearisation:
        """The loss around a point, shared by all who need its value, gradient or Hessian; or around points (n, p)."""
        if point is not None and point.ndim == 2:
            many = torch.cat([self._rows(row) for row in point])
            part = (self._network, many, self._passes, self._by)
            return Linearisation(*part, rows="shared data", keep=False, processes=self.processes)
        return self._around("hessian", self._rows(point))

    def loss(self, point: Float[Tensor, " p"] | None = None) -> Float[Tensor, ""]:
        """L(θ), accumulated over the batches in float64."""
        rows = self._rows(point)
        with self._network.evaluation():
            return finite(self._loss(rows), "loss")

    def losses(self, coordinates: Tensor, axes: Tensor, point: Float[Tensor, " p"] | None = None) -> Tensor:
        """L(θ + Σᵢ cᵢ aᵢ), (m,), for coordinates c (m, k) and axes a (k, p): many points of a line, a plane or more,
        evaluated together; nan or infinity where it is not finite.
        """
        made = Slice(self._network, self._rows(point)[0], axes)
        return made.losses(coordinates, self._passes(), self._by, self.processes)

    def of(self, model: nn.Module, *, resized: bool = False) -> "Objective":
        """The same loss on the same data for another model of the same architecture; with `resized` of any."""
        if resized:
            return self._made(Network(model, self._network.loss, buffers=self._network.buffers), self._by)
        twin = copy.copy(self)
        twin._network = Network(model, self._network.loss, buffers=self._network.buffers)
        refusals.shape(self.point, twin._network.layout.size)
        return twin

    @property
    def buffers(self) -> Buffers:
        """What normalisation layers use."""
        return self._network.buffers

    @property
    def normalises(self) -> bool:
        """Whether layers of the model keep running statistics of what passes through them."""
        return self._network.normalises

    def with_batch_statistics(self) -> "Objective":
        """The same with normalisation by the statistics of each batch, whatever the point; `partition` has the batches.

        Running statistics belong to one point: at others they are those of another network.
        """
        return self._made(Network(self.model, self._network.loss, buffers="batch"), self._by)

    def of_errors(self) -> "Objective":
        """The share of wrong predictions (of examples whose largest output is not the target) in place of the loss.

        Raises:
            BadInput: targets that are not classes (n,).
        """
        with self._network.evaluation():
            if not all(are_classes(*seen) for seen in self._forward(self._rows(None), self._passes())):
                raise BadInput("errors are counted for classes (n,) as targets and scores (n, classes) as outputs.")
        return self._made(Network(self.model, wrong_share, buffers=self.buffers), BY_NAME["examples"])

    def _made(self, network: Network, by: Weighting) -> "Objective":
        """With a network whose loss or normalisation differs: what was found out about the old one does not hold."""
        twin = copy.copy(self)
        twin._network, twin._by, twin._graph_sizes = network, by, {}
        for name in ("_first_axis", "loss_kind"):
            vars(twin).pop(name, None)
        return twin

    def gradient(self, point: Float[Tensor, " p"] | None = None) -> Float[Tensor, " p"]:
        """∇L(θ), shape (p,)."""
        around = Linearisation(self._network, self._rows(point), self._passes, self._by, processes=self.processes)
        return finite(around.gradient[0], "gradient")

    def example_gradients(self, point: Tensor | None = None, *, chunk: int | None = None) -> Iterator[ExampleGradients]:
        """The gradients of this process's examples with their weights, `chunk` at a time (128 MiB unless given)."""
        refusals.joined(self._splittable, all(self.processes.gather(self._first_axis)))
        return example_gradients(self._network, self._rows(point)[0], self._by, self._passes(), chunk)

    def example_losses(self, point: Float[Tensor, " p"] | None = None) -> Float[Tensor, " n"]:
        """The loss of each of this process's examples by itself, in float64; nan where its targets are all ignored."""
        refusals.joined(self._splittable, all(self.processes.gather(self._first_axis)))
        return example_losses(self._network, self._rows(point)[0], self._passes())

    def outputs(self, point: Float[Tensor, " p"] | None = None) -> Float[Tensor, "..."]:
        """The model's outputs for all data, batches (and processes) one after the other along the first axis."""
        rows = self._rows(point)
        with self._network.evaluation():
            own = torch.cat([outputs for outputs, _ in self._forward(rows, self._passes())])
        return torch.cat(self.processes.gather(own))

    def chosen(self, *patterns: str) -> Bool[Tensor, " p"]:
        """Which coordinates of the point belong to parameters whose names fit a pattern, such as `"layers.0.*"`.

        Raises:
            BadInput: a pattern that fits no parameter.
        """
        return self._network.layout.chosen(patterns)

    def parts(self, groups: Iterable[Tensor]) -> tuple["Objective", ...]:
        """The same loss on parts of the data, taken in one pass that holds only what is chosen.

        Args:
            groups: numbers of examples (k,), entries of the first axis, counted as the data come; a number that comes
                twice counts twice.

        Raises:
            BadInput: no such numbers, or examples that lie along another axis.
        """
        refusals.another_axis(all(self.processes.gather(self._first_axis)))
        with preserved_randomness():
            found = picked(self._passes, list(groups), self._parts, self.processes)
        return tuple(self._on(batches) for batches in found)

    def sampled(self, size: int, count: int = 1, *, generator: Generator | None = None) -> tuple["Objective", ...]:
        """The same loss on `count` independent random parts of `size` examples, each drawn without replacement."""
        return self.parts(drawn(sum(self.partition), size, count, generator))

    def weight(self) -> float:
        """What the loss divides by: the number of examples, of elements, of targets that are not ignored."""
        with self._network.evaluation():
            own = sum(self._by.of(*seen) for seen in self._forward(self._rows(None), self._passes()))
        return self.processes.sum_of(own, self._network.device)

    @functools.cached_property
    def loss_kind(self) -> LossKind:
        """Which loss it is, told by what it does with the first batch, whatever it is called."""
        with self._network.evaluation():
            return loss_kind(self._network.value, *next(self._forward(self._rows(None), self._passes())))

    def accuracy(self, point: Float[Tensor, " p"] | None = None) -> Float[Tensor, ""] | None:
        """The share of examples whose largest output is the target; `None` where targets are not classes (n,)."""
        rows, right, count = self._rows(point), torch.zeros((), dtype=torch.float64, device=self._network.device), 0
        with self._network.evaluation():
            for outputs, targets in self._forward(rows, self._passes()):
                if not are_classes(outputs, targets):
                    return None
                right += (outputs.argmax(dim=1) == targets).sum()
                count += len(targets)
        return self.processes.sum(right) / self.processes.sum_of(count, right.device)

    def hessian(self, point: Float[Tensor, " p"] | None = None) -> Curvature:
        """∇²L(θ) as an operator; the gradient's graph is built now, once, and serves every product."""
        return self.operator("hessian", point)

    def gauss_newton(self, point: Float[Tensor, " p"] | None = None) -> Curvature:
        """Jᵀ (∂²L/∂f²) J as an operator: positive semi-definite for a loss convex in the outputs f."""
        return self.operator("gauss_newton", point)

    def fisher(self, point: Tensor | None = None, *, kind: Literal["true", "empirical"] = "true") -> Curvature:
        """The Fisher matrix of the model's own predictive distribution, or the empirical one (targets as they are).

        Raises:
            BadInput: the true one of a loss that is no log-likelihood known here.
        """
        one_of("`kind` of the Fisher matrix", kind, ("true", "empirical"))
        return self.operator("fisher" if kind == "true" else "empirical_fisher", point)

    def gradient_covariance(self, point: Float[Tensor, " p"] | None = None) -> Curvature:
        """The covariance of the gradients of single examples, as an operator; an example is an entry of axis 0."""
        return self.operator("gradient_covariance", point)

    def operator(self, which: Which, point: Float[Tensor, " p"] | None = None) -> Curvature:
        """The curvature matrix of that name."""
        if which not in PIECES:
            raise BadInput(f"the operator must be one of {', '.join(PIECES)}, got {which!r}.")
        refusals.unfit(which, self.loss_kind if which == "fisher" else "other", splittable=self._splittable)
        operator = self._around(which, self._rows(point)).operator(which)
        finite(operator.gradient, "gradient")
        return operator

    @functools.cached_property
    def _first_axis(self) -> bool:
        """Whether examples are entries of the first axis, as far as the loss of a batch in two pieces can tell."""
        return not self._splittable or self._separable(self._rows(None), -(-max(self._parts) // 2))

    def _on(self, batches: tuple[Batch, ...]) -> "Objective":
        """On other data of the same kind, known to be fixed: what was found out about the loss holds there too."""
        made, own = copy.copy(self), [to_device(batch, self._network.device) for batch in batches]
        made._passes, made.processes = (lambda: iter(own)), ALONE
        made.partition = made._parts = tuple(length(batch) for batch in own)
        return made

    def _around(self, which: Which, rows: Tensor) -> Linearisation:
        start, keep = self._chunks(which, rows)
        return Linearisation(self._network, rows, start, self._by, keep=keep, processes=self.processes)

    @property
    def _splittable(self) -> bool:
        """Whether the loss of a batch is made of those of its examples."""
        return not self._network.batch_dependent and self._by is not WHOLE

    def _chunks(self, which: Which, rows: Tensor) -> tuple[Callable[[], Iterator[Batch]], bool]:
        """Passes whose pieces fit the memory allowed, and whether the graphs of all of them do together."""
        splittable = self._splittable
        if which not in self._graph_sizes:
            piece_of = partial(PIECES[which], self._network, rows, self._by, "one")
            with self._network.evaluation():
                self._graph_sizes[which] = graph_size(piece_of, next(self._passes()), splittable=splittable)
        graph = self._graph_sizes[which]
        if graph.of(self._parts) <= self._memory:
            return self._passes, True
        size = graph.fitting(self._memory)
        if not splittable or max(self._parts) <= size or not self._separable(rows, size):
            return self._passes, False
        return (lambda: (part for batch in self._passes() for part in split(batch, size))), False

    def _separable(self, rows: Tensor, size: int) -> bool:
        """Whether a batch in pieces has the loss it has as a whole; not so where examples lie along another axis."""
        with self._network.evaluation():
            batch = next(self._passes())
            try:
                whole, cut = self._total(rows, [batch])[0], self._total(rows, split(batch, size))[0]
            except UNFIT:  # its pieces do not even fit the model or the loss
                return False
        return bool((whole - cut).abs() <= 1e4 * torch.finfo(self._network.dtype).eps * whole.abs())

    def _rows(self, point: Tensor | None) -> Float[Tensor, "1 p"]:
        given = self.point if point is None else point.detach().to(self._network.device, self._network.dtype)
        refusals.shape(given, self._network.layout.size)
        return given[None].clone()

    def _forward(self, rows: Tensor, batches: Iterable[Batch]) -> Iterator[tuple[Tensor, Any]]:
        parameters = self._network.layout.unravel(rows[0])
        for inputs, targets in batches:
            with torch.no_grad():  # not around the yield, where it would hold for the caller too
                outputs = self._network.outputs(parameters, inputs)
            yield outputs, targets

    def _loss(self, rows: Tensor, most: int | None = None) -> Tensor:
        """The loss of all data, or of the first batches that have one."""
        total, weight = self._total(rows, self._passes(), most)
        total, weight = self.processes.sum(total), self.processes.sum_of(weight, total.device)
        if weight == 0:
            raise BadInput("every target is ignored, so there is no loss. Check `ignore_index` and the targets.")
        return total / (1.0 if self._by.is_sum else weight)

    def _total(self, rows: Tensor, batches: Iterable[Batch], most: int | None = None) -> tuple[Tensor, float]:
        """The sum of this process's batches' losses times their weights, and of the weights."""
        total, weight = torch.zeros((), dtype=torch.float64, device=self._network.device), 0.0
        weighed = ((self._by.of(*seen), seen) for seen in self._forward(rows, batches))
        for share, seen in itertools.islice((pair for pair in weighed if pair[0] > 0), most):
            total += share * self._network.value(*seen).double()
            weight += share
        return total, weight

    def _weighting(self, denominator: Name | Denominator | None) -> Weighting:
        known = known_weighting(self._network.loss, denominator)
        if known is not None:
            return known
        with self._network.evaluation():
            seen, rtol = self._forward(self._rows(None), self._passes()), 1e4 * torch.finfo(self._network.dtype).eps
            return found_weighting(self._network.value, seen, rtol=rtol, alone=len(self.partition) == 1)

    def _refuse_randomness(self, generators: tuple[Generator, ...], *, whole: bool) -> None:
        """Evaluate twice in a row, all data where each pass may draw anew, else the first batch."""
        rows, most = self._rows(None), None if whole else 1
        with self._network.evaluation(), preserved(generators):
            first = finite(self._loss(rows, most), "loss")
            for generator in generators:  # a pass puts them back, so without this it would repeat itself
                torch.randint(2, (), generator=generator, device=generator.device)
            second = finite(self._loss(rows, most), "loss")
        refusals.different(first, second, self._network.dtype)
