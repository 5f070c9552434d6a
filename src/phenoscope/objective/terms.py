"""What a loss on all data is made of: the losses of batches under one network, weighed and summed over processes."""

import contextlib
import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective import refusals
from phenoscope.objective.batches import Batch, length, split, take
from phenoscope.objective.evaluation.network import Network, Rows
from phenoscope.objective.kinds import UNFIT, are_classes
from phenoscope.objective.linearisation import Linearisation, OperatorName
from phenoscope.objective.memory import GraphSize, graph_size
from phenoscope.objective.pieces import PIECES
from phenoscope.objective.processes import Processes
from phenoscope.objective.randomness import advance, drawing, preserved_randomness
from phenoscope.objective.refusals import finite
from phenoscope.objective.trial import FEW, apart, reached, trial
from phenoscope.objective.weighting import (
    WHOLE,
    Denominator,
    Name,
    Weighting,
    found_weighting,
    known_weighting,
    rather,
)

AT_ONCE, AND_POINTS = 5 * 2**23, 14
"""Bytes of a graph that a processor is given at once, and how many times the parameters' on top. Arrays beyond 32 MiB
the C library hands back to the system with every use, and filling its pages anew takes as long as the arithmetic; but
every piece goes through all weights and their derivatives anew (`benchmarks/README.md`)."""


@dataclasses.dataclass(frozen=True)
class Terms:
    """The batches of this process, what they lose under a network, and how they are put together.

    A point lies here as one row (1, p). The network must be in evaluation (`network.evaluation()`) around its methods.

    Attributes:
        network: model and loss.
        passes: begins a pass over the batches.
        parts: the number of examples in each of them.
        by: how they are weighed.
        processes: that hold a part of the data each.
    """

    network: Network
    passes: Callable[[], Iterator[Batch]]
    parts: tuple[int, ...]
    by: Weighting
    processes: Processes

    @property
    def splittable(self) -> bool:
        """Whether the loss of a batch is made of those of its examples."""
        return not self.network.batch_dependent and self.by is not WHOLE

    def around(self, points: Float[Tensor, "n p"], *, rows: Rows = "one", keep: bool = True) -> Linearisation:
        """The loss around points; those of `linearisation.Linearisation`, which goes into evaluation by itself."""
        return Linearisation(self.network, points, self.passes, self.by, rows=rows, keep=keep, processes=self.processes)

    def forward(
        self, row: Float[Tensor, "1 p"], batches: Iterable[Batch] | None = None, *, graph: bool = False
    ) -> Iterator[tuple[Tensor, Any]]:
        """Outputs and targets, batch by batch; of all data unless batches are given.

        With `graph`, that of what the model reaches besides the parameters it is given; the row has none.
        """
        parameters = self.network.layout.unravel(row[0])
        for inputs, targets in self.passes() if batches is None else batches:
            with torch.set_grad_enabled(graph):  # not around the yield, where it would hold for the caller too
                outputs = self.network.outputs(parameters, inputs)
            yield outputs, targets

    def loss(self, row: Float[Tensor, "1 p"], most: int | None = None) -> Float[Tensor, ""]:
        """The loss of all data, or of the first `most` batches of each process that have one, in float64."""
        return self._of_all(*self.total(row, self.passes(), most))

    def _of_all(self, total: Tensor, weight: float) -> Float[Tensor, ""]:
        """The loss of all data, from the total and the weight of this process's."""
        total, weight = self.processes.sum(total), self.processes.sum_of(weight, total.device)
        if weight == 0:
            raise BadInput("every target is ignored, so there is no loss. Check `ignore_index` and the targets.")
        return total / self.by.divisor(weight)

    def total(
        self, row: Float[Tensor, "1 p"], batches: Iterable[Batch], most: int | None = None, *, graph: bool = False
    ) -> tuple[Float[Tensor, ""], float]:
        """The sum of this process's batches' losses times their weights, and of the weights."""
        total, weight = torch.zeros((), dtype=torch.float64, device=self.network.device), 0.0
        weighed = ((self.by.of(*seen), seen) for seen in self.forward(row, batches, graph=graph))
        for share, seen in itertools.islice((pair for pair in weighed if pair[0] > 0), most):
            total += share * self.network.value(*seen).double()
            weight += share
        return total, weight

    def weight(self, row: Float[Tensor, "1 p"]) -> float:
        """What the loss of all data divides by."""
        own = sum(self.by.of(*seen) for seen in self.forward(row))
        return self.by.divisor(self.processes.sum_of(own, self.network.device))

    def accuracy(self, row: Float[Tensor, "1 p"]) -> Float[Tensor, ""] | None:
        """The share of examples whose largest output is the target; `None` where targets are not classes (n,).

        Targets below 0 are no classes but ignored, as losses do with -100; without any other it is nan.
        """
        right, count, classes = torch.zeros((), dtype=torch.float64, device=self.network.device), 0, True
        for outputs, targets in self.forward(row):
            classes = are_classes(outputs, targets)
            if not classes:
                break
            right += (outputs.argmax(dim=1) == targets).sum()  # never one below 0
            count += int((targets >= 0).sum())
        if not all(self.processes.gather(classes)):
            return None
        return self.processes.sum(right) / self.processes.sum_of(count, right.device)

    def separable(self, row: Float[Tensor, "1 p"], size: int) -> bool:
        """Whether pieces of a batch have the loss they have as one; not so where examples lie along another axis.

        Two pieces are enough to tell, unless all that they hold is ignored.
        """
        batch = next(self.passes())
        try:
            pair = take(batch, 0, 2 * size)
            whole, weight = self.total(row, [pair])
            if weight == 0:
                pair = batch
                whole, _ = self.total(row, [pair])
            cut, _ = self.total(row, split(pair, size))
        except UNFIT:  # they do not even fit the model or the loss
            return False
        return bool((whole - cut).abs() <= 1e4 * torch.finfo(self.network.dtype).eps * whole.abs())

    def graph_size(self, which: OperatorName, row: Float[Tensor, "1 p"]) -> GraphSize:
        """What the graph of a matrix needs, by the first batch."""
        piece_of = functools.partial(PIECES[which], self.network, row, self.by, "one")
        return graph_size(piece_of, next(self.passes()), splittable=self.splittable)

    def chunks(
        self, points: Float[Tensor, "n p"], graph: GraphSize, memory: int, separable: Callable[[int], bool]
    ) -> tuple[Callable[[], Iterator[Batch]], bool]:
        """Passes whose pieces, at all points, fit the memory allowed, and whether all their graphs do together.

        On a processor the pieces are small even where all fits, as long as that changes nothing but the time: as long
        as pieces of so many examples are `separable`.
        """
        fits = graph.of(self.parts) <= memory
        quick = AT_ONCE + AND_POINTS * points.nbytes if self.network.device.type == "cpu" else memory
        size = graph.fitting(min(quick, memory))
        if not self.splittable or max(self.parts) <= size or not separable(size):
            return self.passes, fits
        size = -(-max(self.parts) // -(-max(self.parts) // size))  # all pieces about as large
        return (lambda: (part for batch in self.passes() for part in split(batch, size))), fits

    def weighing(self, row: Float[Tensor, "1 p"], denominator: Name | Denominator | None) -> Weighting:
        """How the batches have to be weighed: as is said, as the loss is known to need, or as its values show."""
        refusals.unmeasurable(self.network.model)
        known = known_weighting(self.network.loss, denominator)
        if known is not None:
            return known
        alone = sum(map(len, self.processes.gather(self.parts))) == 1
        rtol = 1e4 * torch.finfo(self.network.dtype).eps
        with self._explained(row):
            return found_weighting(self.network.value, self.forward(row), rtol=rtol, alone=alone)

    def refuse_other_weighting(self, row: Float[Tensor, "1 p"]) -> None:
        """Refuse to weigh batches by something that a few examples show to be wrong."""
        few = take(next(self.passes()), 0, FEW)
        outputs, targets = next(self.forward(row, [few]))
        own = rather(self.network.value, outputs, targets, self.by, rtol=1e4 * torch.finfo(self.network.dtype).eps)
        refusals.weighed_by(self.by.name, next(filter(None, self.processes.gather(own)), []))

    def apart(self, row: Float[Tensor, "1 p"], axis: Literal[0, 1] = 0) -> bool | None:
        """Whether the model treats the entries of an axis one by one, by a few of the first batch; `None`: unclear."""
        parameters, batch = self.network.layout.unravel(row[0]), next(self.passes())
        outputs = functools.partial(self.network.outputs, parameters)
        with torch.no_grad():
            if axis == 0:
                return apart(outputs, lambda size: take(batch, 0, size)[0], length(batch))
            inputs = batch[0]
            along = isinstance(inputs, Tensor) and inputs.ndim > 1
            return apart(outputs, lambda size: inputs[:, :size], inputs.shape[1]) if along else None

    def refuse_mingled(self, row: Float[Tensor, "1 p"], *, rows: bool) -> None:
        """Refuse a model whose outputs for an example depend on those that it comes with.

        Examples are the `rows` of a batch; where that is not known they may lie along the second axis, behind time.
        """
        if self.splittable:
            alone = self.apart(row) is not False or (not rows and self.apart(row, axis=1) is True)
            refusals.mingled(apart=all(self.processes.gather(alone)))

    def refuse_unsound(self, row: Float[Tensor, "1 p"], generators: tuple[Generator, ...], *, whole: bool) -> None:
        """Refuse a loss that reads parameters behind the point's back, or draws at random.

        It is evaluated twice in a row: all data where each pass may draw anew, or something drew, else the first batch.
        """
        most = None if whole else 1
        with preserved_randomness(generators), self._explained(row):
            found = trial(lambda batch: self.total(row, [batch], graph=True), self.passes(), most)
            refusals.reached(reached(found.total, self.network.model))
            first = finite(self._of_all(found.total.detach(), found.weight), "loss")
            self._refuse_different(first, row, generators, most)
            if any(self.processes.gather(found.drew)):
                refusals.drawing(drawing(self.network.model))
                self._refuse_different(self.loss(row), row, generators)

    def _refuse_different(
        self, first: Tensor, row: Tensor, generators: tuple[Generator, ...], most: int | None = None
    ) -> None:
        """Evaluate again, and refuse another result than the first."""
        advance(generators)  # a pass puts them back, so without this it would repeat itself
        second = finite(self.loss(row, most), "loss")
        refusals.different(first, second, self.network.dtype)

    @contextlib.contextmanager
    def _explained(self, row: Float[Tensor, "1 p"]) -> Iterator[None]:
        """Data that do not fit the model, or a loss that is known, are refused in words; what else comes passes."""
        try:
            yield
        except torch.OutOfMemoryError:
            raise
        except UNFIT:
            parameters, known = self.network.layout.unravel(row[0]), known_weighting(self.network.loss, None)
            for inputs, targets in self.passes():
                try:
                    outputs = self.network.outputs(parameters, inputs)
                except UNFIT as problem:
                    raise refusals.no_outputs(inputs, self.network.dtype, problem) from problem
                try:
                    self.network.value(outputs, targets)
                except UNFIT as problem:
                    if known is not None:
                        raise refusals.no_loss(outputs, targets, problem) from problem
            raise
