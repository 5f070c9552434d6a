"""The rows whose squares add up to a matrix made of gradients: layer by layer, or one by one."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective.batches import split
from phenoscope.objective.layers.displaced import Column, Displaced, LayersDiffer
from phenoscope.objective.layers.rules import Dense, Signs
from phenoscope.objective.layers.space import LayerSpace


@dataclasses.dataclass
class _Rounded:
    """How precisely the loss's second derivatives in the outputs are known, as the pieces come by.

    Attributes:
        largest: of the second derivatives.
        off: what they may be off by, over the working precision.
    """

    largest: float = 0.0
    off: float = 0.0

    def note(self, piece: Displaced) -> None:
        if not piece.convex:
            raise BadInput(
                "the loss is not convex in the outputs, so its Gauss-Newton matrix is no sum of squares. Use "
                "`eigenvalues`."
            )
        self.largest, self.off = max(self.largest, piece.largest_curvature), max(self.off, piece.lost)

    def lost(self, space: LayerSpace) -> float:
        """The relative rounding of the largest, over the working precision, with the pieces of all processes."""
        found = space.objective.processes.gather((self.largest, self.off))
        largest, off = (max(each) for each in zip(*found, strict=True))
        return off / largest if largest > 0 else 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class Factors:
    """The rows of R by layers: the input of each example and the gradients in the output, or the rows themselves.

    Attributes:
        space: the layers.
        inputs: for each layer (N, k) where it is dense with one position, else `None`.
        deltas: for each layer (rows, m), or the rows' own part (rows, p_l).
        examples: (rows,), which example each row belongs to.
        weights: (rows,), the examples' shares.
        lost: the rounding of the rows, over that of one operation.
    """

    space: LayerSpace
    inputs: tuple[Tensor | None, ...]
    deltas: tuple[Tensor, ...]
    examples: Tensor
    weights: Tensor
    lost: float

    @staticmethod
    def of(space: LayerSpace, *, own: bool) -> "Factors":
        kept: list[tuple[list[Tensor | None], list[Tensor], Tensor, int]] = []
        loss, device = _Rounded(), space.point.device

        def note(piece: Displaced, signs: Signs) -> list[Tensor]:
            if not own:
                loss.note(piece)
            zeros = tuple(torch.zeros_like(place) for place in piece.places)
            columns = list(piece.columns(own=own)) or [Column(zeros, torch.zeros(piece.count, device=device))]
            counted = torch.stack([column.signs > 0 for column in columns])[..., None]  # below 0 is rounding
            inputs, deltas = [], []
            for index, (layer, features) in enumerate(zip(piece.layers, piece.features, strict=True)):
                factor = layer.rule.factor(features, torch.stack([column.deltas[index] for column in columns]))
                inputs.append(factor.inputs)
                deltas.append((factor.rows * counted).flatten(0, 1))
            shares = piece.shares() if own else torch.zeros(piece.count, device=device)
            kept.append((inputs, deltas, shares.double().repeat(len(columns)), piece.count))
            return []

        _, weight = space.summed(note, torch.Generator())
        parts = [part for each in space.objective.processes.gather(kept) for part in each]
        places, first = [], 0
        for _, deltas, _, count in parts:
            places.append(first + torch.arange(count, device=device).repeat(len(deltas[0]) // count))
            first += count
        layers = range(len(space.layers))
        inputs = tuple(None if parts[0][0][i] is None else _below([p[0][i] for p in parts], device) for i in layers)
        deltas = tuple(_below([part[1][i] for part in parts], device) / math.sqrt(weight) for i in layers)
        weights = _below([part[2] for part in parts], device) / weight
        return Factors(space, inputs, deltas, torch.cat(places), weights, loss.lost(space))

    def gram(self) -> Float[Tensor, "r r"]:
        total = torch.zeros(len(self.examples), len(self.examples), dtype=torch.float64, device=self.examples.device)
        for inputs, deltas in zip(self.inputs, self.deltas, strict=True):
            alike = deltas @ deltas.mT
            if inputs is not None:
                alike *= (inputs @ inputs.mT)[self.examples][:, self.examples]
            total += alike
        return total

    def pull(self, u: Float[Tensor, " r"]) -> Float[Tensor, " p"]:
        named = []
        for layer, inputs, deltas in zip(self.space.layers, self.inputs, self.deltas, strict=True):
            if inputs is None or not isinstance(layer.rule, Dense):
                named.append(layer.rule.named(u @ deltas))
            else:
                named.append(layer.rule.of_augmented((deltas * u[:, None]).mT @ inputs[self.examples]))
        return self.space.vector(named).double()


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """The rows of R themselves, by one backward pass each, where layers have no rule."""

    rows: Float[Tensor, "r p"]
    weights: Float[Tensor, " r"]
    lost: float

    @staticmethod
    def of(space: LayerSpace, *, own: bool) -> "Rows":
        found, weights, total, loss = [], [], 0.0, _Rounded()
        for rows, shares, weight in _each(space, None if own else loss):
            found.append(rows)
            weights.append(shares)
            total += weight
        processes = space.objective.processes
        parts = processes.gather((torch.cat(found), torch.cat(weights)))
        device = space.point.device
        weight = space.objective.terms.by.divisor(processes.sum_of(total, device))
        rows = _below([part[0] for part in parts], device) / math.sqrt(weight)
        return Rows(rows, _below([part[1] for part in parts], device) / weight, loss.lost(space))

    def gram(self) -> Float[Tensor, "r r"]:
        return self.rows @ self.rows.mT

    def pull(self, u: Float[Tensor, " r"]) -> Float[Tensor, " p"]:
        return u @ self.rows


def _each(space: LayerSpace, loss: _Rounded | None) -> Iterator[tuple[Tensor, Tensor, float]]:
    """The rows of some examples, the examples' weights, and the sum of these; gradients, where no loss is looked at."""
    objective = space.objective
    if loss is None:
        for some in objective.example_gradients(space.point):
            yield some.weights.sqrt()[:, None] * some.gradients.double(), some.weights, float(some.weights.sum())
        return
    network, leaf = objective.terms.network, space.point.detach().clone().requires_grad_()
    with network.evaluation():
        for example in (one for batch in objective.terms.passes() for one in split(batch, 1)):
            piece = Displaced(network, network.layout.unravel(leaf), (), example, objective.terms.by)
            if piece.weight > 0:
                loss.note(piece)
                factors = [factor for factor, sign in piece.factors(own=False) if bool(sign > 0)]
                rows = [_derivative((piece.outputs * factor).sum(), leaf) for factor in factors]
                rows = torch.stack(rows) if rows else leaf.new_zeros(1, len(leaf))
                yield rows, leaf.new_zeros(len(rows)), piece.weight


def _below(parts: Sequence[Tensor | None], device: torch.device) -> Tensor:
    """One below the other, in float64, whichever process's device they come from."""
    return torch.cat([part.to(device, torch.float64) for part in parts if part is not None])


def _derivative(value: Tensor, leaf: Tensor) -> Tensor:
    return torch.autograd.grad(value, leaf, retain_graph=True, materialize_grads=True)[0].detach()


def rows_of(space: LayerSpace, *, own: bool) -> Factors | Rows:
    """By layers where there are rules for all of them, else row by row; gradients of examples with `own`."""
    if not bool(space.rest.any()):
        with contextlib.suppress(LayersDiffer):
            return Factors.of(space, own=own)
    return Rows.of(space, own=own)
