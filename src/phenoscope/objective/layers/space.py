"""The layers of a network that can be measured by layer-wise rules, and the loss of all data in their displacements.

Where a layer's output is linear in its own parameters and these are used nowhere else, its diagonal block of the
Hessian is Σ_n A_nᵀ Hₙ A_n: Hₙ the second derivative in the displacement of its output for example n, A_n the response
of that output to the parameters. Examples do not see each other's displacements, so one product with the second
derivative serves all of them at once. None of this is assumed: every layer is tried out (`checks`).
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.objective.batches import Batch, split
from phenoscope.objective.evaluation.rounding import largest_at, rounding
from phenoscope.objective.layers.checks import candidates, inseparable, small, verified
from phenoscope.objective.layers.displaced import Displaced, Layer, LayersDiffer
from phenoscope.objective.layers.rules import Dense
from phenoscope.objective.layers.signs import Signs
from phenoscope.objective.linearisation import OperatorName
from phenoscope.objective.memory import graph_size
from phenoscope.objective.objective import Objective

BESIDE_GRAPH = 3.0
"""Memory for the graph with what lies beside it (inputs, responses, images), as a multiple of the graph's."""


@dataclasses.dataclass(frozen=True)
class LayerSpace:
    """The layers of a network to which layer-wise rules apply, and all data in pieces; made by `layer_space`.

    Attributes:
        objective: the loss.
        point: (p,).
        layers: those covered; none where the rules do not apply at all.
        covered: (p,), which parameters these are.
        rest: (p,), which of those asked for are not covered.
        reason: why they are not; empty where there is no rest.
        entries: how many outputs an example has.
        units: outputs of all layers together, where each is dense with one position: so many products with units of
            the displacements give the diagonal; 0 where they do not.
    """

    objective: Objective
    point: Float[Tensor, " p"]
    layers: tuple[Layer, ...]
    covered: Bool[Tensor, " p"]
    rest: Bool[Tensor, " p"]
    reason: str
    entries: int
    units: int
    _start: Callable[[], Iterator[Batch]]
    _kept: list[Displaced] | None

    @functools.cached_property
    def rounding(self) -> float:
        """What its matrices may be off by, relative to the whole of one."""
        terms = self.objective.terms
        largest = largest_at(terms.network, self.point, terms.passes())
        return rounding(terms.network, largest, terms.processes)

    def summed(
        self, function: Callable[[Displaced, Signs], Sequence[Tensor]], generator: torch.Generator
    ) -> tuple[list[Tensor], float]:
        """The sums over the pieces of all data, in all processes, of each tensor that the function gives.

        The function gets signs of each example, the same ones in whatever piece and process that is.

        Returns:
            The sums, and what the sum of the pieces' weighted losses is divided by.

        Raises:
            LayersDiffer: in all processes, if some layer was called in another way for a piece of one of them.
        """
        processes = self.objective.processes
        seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        first = sum(processes.gather(sum(self.objective.terms.parts))[: processes.rank])
        with self.objective.terms.network.evaluation():
            try:
                own, weight = self._own(function, seed, first)
            except LayersDiffer:
                own, weight = None, 0.0
        totals = [processes.sum(total) for total in self._agreed(own)]
        return totals, self.objective.terms.by.divisor(processes.sum_of(weight, self.point.device))

    def _own(
        self, function: Callable[[Displaced, Signs], Sequence[Tensor]], seed: int, first: int
    ) -> tuple[list[Tensor], float]:
        """The sums over this process's pieces, whose first example has this number, and of their weights; no sums where
        no piece has a weight.
        """
        totals: list[Tensor] = []
        weight = 0.0
        for piece in self._pieces():
            if piece.weight > 0:
                parts = function(piece, Signs(seed, first, piece.count, self.point.dtype, self.point.device))
                totals = [a + b for a, b in zip(totals, parts, strict=True)] if totals else list(parts)
                weight += piece.weight
            first += piece.count
        return totals, weight

    def _agreed(self, own: list[Tensor] | None) -> list[Tensor]:
        """As many tensors in every process, zeros where one has no piece that counts; or none in any of them."""
        kinds = self.objective.processes.gather(None if own is None else [(each.shape, each.dtype) for each in own])
        if own is None or None in kinds:
            raise LayersDiffer
        shapes = next(filter(None, kinds), [])
        return own or [torch.zeros(shape, dtype=dtype, device=self.point.device) for shape, dtype in shapes]

    def vector(self, parts: Sequence[Mapping[str, Tensor]]) -> Float[Tensor, " p"]:
        """One vector of what each layer's rule gave by its own names, zero where no rule applies."""
        layout = self.objective.terms.network.layout
        found = layout.unravel(torch.zeros_like(self.point))
        for layer, named in zip(self.layers, parts, strict=True):
            found |= {layer.names[own]: value for own, value in named.items()}
        return layout.ravel(found)

    def _pieces(self) -> Iterator[Displaced]:
        if self._kept:
            yield from self._kept
            return
        network, by = self.objective.terms.network, self.objective.terms.by
        parameters = network.layout.unravel(self.point)
        made = []
        for batch in self._start():
            piece = Displaced(network, parameters, self.layers, batch, by)
            if self._kept is not None:
                made.append(piece)
            yield piece
        if self._kept is not None:  # not before all are there: a pass may end early
            self._kept.extend(made)


def layer_space(
    objective: Objective,
    which: OperatorName = "hessian",
    *,
    point: Float[Tensor, " p"] | None = None,
    chosen: Bool[Tensor, " p"] | None = None,
) -> LayerSpace:
    """Find the layers that can be measured by rules, and check each of them.

    Args:
        objective: the loss.
        which: the matrix that is to be measured; one that does not fit the loss is refused.
        point: the parameters; the model's own by default.
        chosen: (p,), the coordinates asked for; a parameter of which only some are is not covered.
    """
    objective.refuse_unfit(which)
    network, by, processes = objective.terms.network, objective.terms.by, objective.processes
    here = objective.row(point)[0]
    wanted = torch.ones_like(here, dtype=torch.bool) if chosen is None else chosen.to(here.device)
    found: tuple[Layer, ...] = ()
    with network.evaluation():
        few = small(objective.terms.passes())
        reason = next(filter(None, processes.gather(inseparable(network, here, by, few))), "")
        if not reason:
            parameters, parts = network.layout.unravel(here), network.layout.unravel(wanted.to(here.dtype))
            whole = {name for name, part in parts.items() if bool((part > 0).all())}
            found = verified(network, parameters, by, few, candidates(network, parameters, few, whole))
        agreed = set.intersection(*map(set, processes.gather([tuple(layer.names.values()) for layer in found])))
        found = tuple(layer for layer in found if tuple(layer.names.values()) in agreed)
        entries, units = _sizes(Displaced(network, network.layout.unravel(here), found, few, by))
        start, keep = _chunks(objective, here, found)
    names = {name for layer in found for name in layer.names.values()}
    parts = network.layout.unravel(wanted.to(here.dtype))
    covered = network.layout.ravel({name: part * (name in names) for name, part in parts.items()}) > 0
    rest = wanted & ~covered
    if not reason and bool(rest.any()):
        lacking = [name for name, part in parts.items() if name not in names and bool(part.any())]
        reason = f"no rule for {', '.join(lacking)}"
    return LayerSpace(objective, here, found, covered, rest, reason, entries, units, start, [] if keep else None)


def _sizes(few: Displaced) -> tuple[int, int]:
    dense = all(isinstance(layer.rule, Dense) for layer in few.layers)
    once = dense and all(features.shape[1] == 1 for features in few.features)
    return few.entries, sum(place.shape[1] for place in few.places) if once else 0


def _chunks(objective: Objective, point: Tensor, layers: Sequence[Layer]) -> tuple[Any, bool]:
    """Passes whose pieces fit the memory allowed, and whether all of them fit together."""
    network, by, parts = objective.terms.network, objective.terms.by, objective.terms.parts
    if not layers:
        return objective.terms.passes, False
    parameters = network.layout.unravel(point)

    def built(batch: Batch) -> Any:
        piece = Displaced(network, parameters, layers, batch, by)
        return piece, piece.slopes

    graph = graph_size(built, next(objective.terms.passes()), splittable=True)
    graph = dataclasses.replace(graph, each=graph.each * BESIDE_GRAPH)
    if graph.of(parts) <= objective.memory:
        return objective.terms.passes, True
    size = graph.fitting(objective.memory)

    def pieces() -> Iterator[Batch]:
        return (part for batch in objective.terms.passes() for part in split(batch, size))

    return pieces, False
