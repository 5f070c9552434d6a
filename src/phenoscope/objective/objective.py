"""The objective: a loss as a function of the point, for one model and one fixed set of data."""

import copy
import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor, nn

from phenoscope.core import points
from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.objective import refusals
from phenoscope.objective.batches import Batch, batches_of, by_rows, fixed, generators_of, length
from phenoscope.objective.evaluation.network import Buffers, Loss, Network
from phenoscope.objective.kinds import LossKind, are_classes, loss_kind, wrong_share
from phenoscope.objective.linearisation import Linearisation, OperatorName
from phenoscope.objective.memory import MEMORY, GraphSize
from phenoscope.objective.operators import Curvature
from phenoscope.objective.parts import drawn, picked
from phenoscope.objective.pieces import PIECES
from phenoscope.objective.processes import ALONE, Processes
from phenoscope.objective.refusals import OF_EXAMPLES, finite
from phenoscope.objective.restricting import restricted
from phenoscope.objective.singles import ExampleGradients, example_gradients, example_losses
from phenoscope.objective.slices.slices import Slice
from phenoscope.objective.terms import Terms
from phenoscope.objective.weighting import CLASSES, WHOLE, Denominator, Name, Weighting


class Objective:
    """A loss as a function of the point θ: model x loss x data.

    The model is left as it was found: parameters, buffers, modes, `requires_grad`, `.grad` and the random state.
    Dropout and other modules act, also later on, in the mode they are in now; a loss that differs between two
    evaluations is refused. Normalisation follows `buffers`. Fused attention is replaced by its differentiable form.

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
        BadInput: empty data, a loss that is random, not a scalar or not finite, that reads parameters past the forward
            pass, or whose batches make no total; mixed dtypes, an unknown weighting.

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
        network, processes = Network(model, loss, buffers=buffers, exact=True), Processes(group)
        passes = batches_of(data, batch_size, network.device)
        parts = tuple(length(batch) for batch in passes())
        self.terms, self.memory = Terms(network, passes, parts, WHOLE, processes), memory
        self._graph_sizes: dict[str, GraphSize] = {}  # measured once
        self._separable: dict[int, bool] = {}  # tried once
        self.partition: tuple[int, ...] = sum(processes.gather(parts), ())
        row = self.row(None)
        with network.evaluation():
            by = self.terms.weighing(row, denominator)
        self.terms = dataclasses.replace(self.terms, by=by)
        refusals.other_networks(processes, by.name, row[0])
        with network.evaluation():
            self.terms.refuse_unsound(row, generators_of(data), whole=not fixed(data))
            if len(self.partition) > 1:
                self.terms.refuse_other_weighting(row)
                if denominator is None:
                    self.terms.refuse_mingled(row, rows=by_rows(data))

    @property
    def model(self) -> nn.Module:
        return self.terms.network.model

    @property
    def point(self) -> Float[Tensor, " p"]:
        """The model's trainable parameters now, as one flat vector (a copy)."""
        return points.point(self.model)

    @property
    def processes(self) -> Processes:
        """The processes that hold a part of the data each."""
        return self.terms.processes

    @property
    def weighting(self) -> str:
        """What the batches are weighed by: the loss's own denominator."""
        return self.terms.by.name

    def at(self, point: Float[Tensor, "*n p"] | None = None) -> Linearisation:
        """The loss around a point, shared by all who need its value, gradient or Hessian; or around points (n, p)."""
        if point is not None and point.ndim == 2:
            many = torch.cat([self.row(row) for row in point])
            passes, _ = self._chunks("hessian", many)
            return dataclasses.replace(self.terms, passes=passes).around(many, rows="shared data", keep=False)
        return self._around("hessian", self.row(point))

    def loss(self, point: Float[Tensor, " p"] | None = None) -> Float[Tensor, ""]:
        """L(θ), accumulated over the batches in float64."""
        row = self.row(point)
        with self.terms.network.evaluation():
            return finite(self.terms.loss(row), "loss")

    def losses(self, coordinates: Tensor, axes: Tensor, point: Float[Tensor, " p"] | None = None) -> Tensor:
        """L(θ + Σᵢ cᵢ aᵢ), (m,), for coordinates c (m, k) and axes a (k, p): many points of a line, a plane or more,
        evaluated together; nan or infinity where it is not finite.
        """
        terms, made = self.terms, Slice(self.terms.network, self.row(point)[0], axes)
        return made.losses(coordinates, terms.passes(), terms.by, terms.processes)

    @property
    def buffers(self) -> Buffers:
        """What normalisation layers use."""
        return self.terms.network.buffers

    @property
    def normalises(self) -> bool:
        """Whether layers of the model keep running statistics of what passes through them."""
        return self.terms.network.normalises

    def gradient(self, point: Float[Tensor, " p"] | None = None) -> Float[Tensor, " p"]:
        """∇L(θ), shape (p,)."""
        return finite(self.terms.around(self.row(point)).gradient[0], "gradient")

    def example_gradients(self, point: Tensor | None = None, *, chunk: int | None = None) -> Iterator[ExampleGradients]:
        """The gradients of this process's examples with their weights, `chunk` at a time (128 MiB unless given)."""
        terms = self._of_examples()
        return example_gradients(terms.network, self.row(point)[0], terms.by, terms.passes(), chunk)

    def example_losses(self, point: Float[Tensor, " p"] | None = None) -> Float[Tensor, " n"]:
        """The loss of each of this process's examples by itself, in float64; nan where its targets are all ignored."""
        terms = self._of_examples()
        return example_losses(terms.network, self.row(point)[0], terms.passes())

    def outputs(self, point: Float[Tensor, " p"] | None = None) -> Float[Tensor, "..."]:
        """The model's outputs for all data, batches (and processes) one after the other along the first axis."""
        row = self.row(point)
        with self.terms.network.evaluation():
            own = torch.cat([outputs for outputs, _ in self.terms.forward(row)])
        return self.processes.stack(own)

    def chosen(self, *patterns: str) -> Bool[Tensor, " p"]:
        """Which coordinates of the point belong to parameters whose names fit a pattern, such as `"layers.0.*"`.

        Raises:
            BadInput: a pattern that fits no parameter.
        """
        return self.terms.network.layout.chosen(patterns)

    def restricted(self, *patterns: str) -> "Objective":
        """The loss as a function of those parameters alone whose names fit a pattern; the others stay where they are.

        Every measure of it is of these parameters: its Hessian is the block of theirs. It follows the model's training.

        Raises:
            BadInput: a pattern that fits no parameter.
        """
        return self.of(restricted(self.model, patterns), resized=True)

    def weight(self) -> float:
        """What the loss divides by: the number of examples, elements, or targets that are not ignored; 1 for a sum."""
        with self.terms.network.evaluation():
            return self.terms.weight(self.row(None))

    @functools.cached_property
    def loss_kind(self) -> LossKind:
        """Which loss it is, told by what it does with the first batch (of all processes), whatever it is called."""
        with self.terms.network.evaluation():
            own = loss_kind(self.terms.network.value, *next(self.terms.forward(self.row(None))))
        return self.processes.gather(own)[0]

    def accuracy(self, point: Float[Tensor, " p"] | None = None) -> Float[Tensor, ""] | None:
        """The share of examples whose largest output is the target; `None` where targets are not classes (n,)."""
        row = self.row(point)
        with self.terms.network.evaluation():
            return self.terms.accuracy(row)

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

    def operator(self, which: OperatorName, point: Float[Tensor, " p"] | None = None) -> Curvature:
        """The curvature matrix of that name."""
        if which not in PIECES:
            raise BadInput(f"the operator must be one of {', '.join(PIECES)}, got {which!r}.")
        self.refuse_unfit(which)
        operator = self._around(which, self.row(point)).operator(which)
        finite(operator.gradient, "gradient")
        return operator

    def refuse_unfit(self, which: OperatorName) -> None:
        """Refuse a matrix that this loss does not have."""
        kind = self.loss_kind if which == "fisher" else "other"
        splittable = self.terms.splittable and (which not in OF_EXAMPLES or self._apart)
        refusals.unfit(which, kind, splittable=splittable, is_sum=self.terms.by.is_sum)

    def of(self, model: nn.Module, *, resized: bool = False) -> "Objective":
        """The same loss on the same data for another model of the same architecture; with `resized` of any."""
        network = self.terms.network.like(model)
        if resized:
            return self._made(network, self.terms.by)
        refusals.shape(self.point, network.layout.size)
        return self._with(network=network)

    def with_batch_statistics(self) -> "Objective":
        """The same with normalisation by the statistics of each batch, whatever the point; `partition` has the batches.

        Running statistics belong to one point: at others they are those of another network.
        """
        return self._made(self.terms.network.like(buffers="batch"), self.terms.by)

    def of_errors(self) -> "Objective":
        """The share of wrong predictions (of examples whose largest output is not the target) in place of the loss.

        Raises:
            BadInput: targets that are not classes (n,).
        """
        with self.terms.network.evaluation():
            own = all(are_classes(*seen) for seen in self.terms.forward(self.row(None)))
        if not all(self.processes.gather(own)):
            raise BadInput("errors are counted for classes (n,) as targets and scores (n, classes) as outputs.")
        return self._made(self.terms.network.like(loss=wrong_share), CLASSES)

    def parts(self, groups: Iterable[Tensor]) -> tuple["Objective", ...]:
        """The same loss on parts of the data, taken in one pass that holds only what is chosen.

        Args:
            groups: numbers of examples (k,), entries of the first axis, counted as the data come; a number that comes
                twice counts twice.

        Raises:
            BadInput: no such numbers, or examples that lie along another axis.
        """
        refusals.another_axis(all(self.processes.gather(self._first_axis)))
        device = self.terms.network.device
        found = picked(self.terms.passes, list(groups), self.terms.parts, self.processes, device)
        return tuple(self._on(batches) for batches in found)

    def sampled(self, size: int, count: int = 1, *, generator: Generator | None = None) -> tuple["Objective", ...]:
        """The same loss on `count` independent random parts of `size` examples, each drawn without replacement."""
        return self.parts(drawn(sum(self.partition), size, count, generator))

    @functools.cached_property
    def _first_axis(self) -> bool:
        """Whether examples are entries of the first axis, as far as the loss of a batch in two pieces can tell."""
        terms = self.terms
        with terms.network.evaluation():
            return not terms.splittable or terms.separable(self.row(None), -(-max(terms.parts) // 2))

    @functools.cached_property
    def _apart(self) -> bool:
        """Whether an example's outputs are its own in every process, as far as a few of the first batch tell."""
        with self.terms.network.evaluation():
            return all(self.processes.gather(self.terms.apart(self.row(None)) is not False))

    def _of_examples(self) -> Terms:
        """The terms, where each is a sum over examples."""
        refusals.joined(self.terms.splittable, all(self.processes.gather(self._first_axis)))
        return self.terms

    def _with(self, **changes: Any) -> "Objective":
        """With other terms, of which all holds that was found out about these."""
        twin = copy.copy(self)
        twin.terms = dataclasses.replace(self.terms, **changes)
        twin._graph_sizes, twin._separable = dict(self._graph_sizes), dict(self._separable)
        return twin

    def _made(self, network: Network, by: Weighting) -> "Objective":
        """With a network whose loss or normalisation differs: what was found out about the old one does not hold."""
        twin = self._with(network=network, by=by)
        twin._graph_sizes, twin._separable = {}, {}
        for name in ("_apart", "_first_axis", "loss_kind"):
            vars(twin).pop(name, None)
        return twin

    def _on(self, batches: tuple[Batch, ...]) -> "Objective":
        """On other data of the same kind, known to be fixed: what was found out about the loss holds there too."""
        lengths = tuple(length(batch) for batch in batches)
        made = self._with(passes=lambda: iter(batches), parts=lengths, processes=ALONE)
        made.partition = lengths
        return made

    def _around(self, which: OperatorName, row: Tensor) -> Linearisation:
        passes, keep = self._chunks(which, row)
        return dataclasses.replace(self.terms, passes=passes).around(row, keep=keep)

    def _chunks(self, which: OperatorName, rows: Tensor) -> tuple[Callable[[], Iterator[Batch]], bool]:
        """Passes whose pieces, at all points (n, p), fit the memory allowed, and whether all graphs do together."""
        terms = self.terms
        with terms.network.evaluation():
            if which not in self._graph_sizes:
                self._graph_sizes[which] = terms.graph_size(which, rows[:1])

            def separable(size: int) -> bool:
                if size not in self._separable:
                    self._separable[size] = terms.separable(rows[:1], size)
                return self._separable[size]

            return terms.chunks(rows, self._graph_sizes[which].times(len(rows)), self.memory, separable)

    def row(self, point: Tensor | None) -> Float[Tensor, "1 p"]:
        """A caller's point, or the model's own, as the row that the terms take."""
        network = self.terms.network
        given = self.point if point is None else point.detach().to(network.device, network.dtype)
        refusals.shape(given, network.layout.size)
        return given[None].clone()
