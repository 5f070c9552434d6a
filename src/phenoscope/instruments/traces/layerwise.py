"""Traces by layer-wise rules: every example gives an estimate of its own from one product for all of them.

With independent signs r of a layer's parameters for each example, v = A r the displacement that they make of the
layer's output, and Hₙ an example's second derivative in the displacements of all layers, vᵀ Hₙ v has the mean
Σ_l tr A_lᵀ Hₙ A_l: terms between layers have mean 0. The trace of the loss is the weighted mean over the examples, and
its variance, for these data, the sum of the examples' own; between-example differences have no part in it, for each
example's spread is taken around its own mean over probes.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from phenoscope.core.points import flattened
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.traces.hutchinson import Sum, signs
from phenoscope.objective import Operator, OperatorName
from phenoscope.objective.layers.displaced import Displaced
from phenoscope.objective.layers.signs import Signs
from phenoscope.objective.layers.space import LayerSpace

FEWEST = 2
"""Probes in a round: with fewer an example has no spread."""
FREEDOM = 60
"""Degrees of freedom of the error before it is trusted."""
AT_ONCE = 10
"""Columns of a factor of the outputs' curvature that are summed exactly without trying probes first."""
MOST_COLUMNS = 128
"""Columns for which it is done at all: an example's curvature in its outputs is decomposed for it."""
MANY = 32
"""Probes that are spent before a trace is measured against the norm of its matrix, which has to be estimated."""
OF_NORM = 4
"""Products that estimate it."""

Moved = Sequence[Tensor]
SINGLE = ("empirical_fisher", "gradient_covariance")
"""Made of the gradients of single examples: one column each."""


@dataclasses.dataclass(frozen=True)
class Rounds:
    """Probes of all examples, in rounds.

    Attributes:
        probes: K, so far.
        total: the sum of the forms over the examples, and over the probes.
        spread: the squared distances of the forms to their example's mean over the probes of a round.
        freedom: over how many differences that is, an example.
        degrees: of freedom of the spread as the sum over unequal examples (Satterthwaite 1946).
        size: the largest mean of the forms' sizes, which rounding is in proportion to.
    """

    probes: int = 0
    total: float = 0.0
    spread: float = 0.0
    freedom: int = 0
    degrees: float = 0.0
    size: float = 0.0

    @property
    def value(self) -> float:
        return self.total / self.probes if self.probes else 0.0

    @property
    def error(self) -> float:
        return math.sqrt(self.spread / self.freedom / self.probes) if self.probes else 0.0

    def plus(self, probes: int, found: Sequence[float], weight: float) -> "Rounds":
        """With a round of so many probes: the sums of forms, spreads, squared spreads and sizes over the examples."""
        total, spread, quartic, size = found
        freedom = probes - 1
        degrees = (freedom + 2) * spread**2 / quartic if quartic > 0 else math.inf
        return Rounds(
            self.probes + probes,
            self.total + total / weight,
            self.spread + spread / weight**2,
            self.freedom + freedom,
            self.degrees + degrees,
            max(self.size, size / weight),
        )


class ByLayers:
    """The trace of the covered blocks of one matrix.

    Args:
        space: the layers and the data.
        which: the matrix.
        tol: the standard error is to be at most tol · |value|, or tol times the norm where that is larger.
        generator: of the signs.
    """

    def __init__(self, space: LayerSpace, which: OperatorName, tol: float, generator: torch.Generator) -> None:
        self.space, self.which, self.tol, self.generator = space, which, tol, generator
        self.passes = 0

    def trace(self, most: int, size: int, whole: Callable[[], Operator]) -> Sum | None:
        """The trace, in at most about so many passes over the data.

        Args:
            most: passes.
            size: p, the products that would sum the diagonal; where these are fewer there is no answer.
            whole: makes the matrix whose trace it is, if its norm is needed.
        """
        entries = self.space.entries
        exact, form, rounds, scale = 0.0, FORMS.get(self.which), Rounds(), 0.0
        if form is None or (self.which != "hessian" and entries <= AT_ONCE):
            exact, form = self.columns(), None
        width, split = FEWEST, form is None or entries > MOST_COLUMNS
        while form is not None:
            rounds = self.probed(rounds, form, min(width, max(FEWEST, (most - self.passes) // form.price)))
            value = exact + rounds.value
            spent = self.passes + FEWEST * form.price > most
            if not math.isfinite(value) or self._settled(rounds, value, scale) or spent:
                break
            width = self._needed(rounds, value, scale)
            if not split and 2 * width > entries + FEWEST:
                exact, split, width = self.columns(), True, FEWEST
                rounds, form = Rounds(), FORMS["beyond"] if self.which == "hessian" else None
            elif width > MANY and not scale:
                scale = self._norm(whole())
                width = self._needed(rounds, value, scale)
            if form is not None and form.price * width > min(size, self.space.units or size):
                return self.exact() if self.space.units and self.space.units + self.passes <= most else None
        return self._reading(exact, rounds, scale)

    def exact(self) -> Sum | None:
        """With nothing left to chance, where rules allow it in few passes."""
        if self.which in SINGLE or (self.which != "hessian" and self.space.entries <= MOST_COLUMNS):
            return self._reading(self.columns(), Rounds(), 0.0)
        if self.which == "hessian" and self.space.units:
            self.passes += self.space.units
            value, diagonal = units(self.space, self.generator)
            return self._reading(value, Rounds(size=float(diagonal.abs().sum())), 0.0)  # entries may cancel
        return None

    def probed(self, rounds: Rounds, form: "Form", width: int) -> Rounds:
        """With so many more probes."""

        def of(piece: Displaced, signs: Signs) -> list[Tensor]:
            found = torch.stack([form.of(piece, drawn(piece, signs)) for _ in range(width)]).double()  # (width, b)
            spreads = (found - found.mean(0)).square().sum(0)
            return [found.sum(), spreads.sum(), spreads.square().sum(), found.abs().mean(0).sum()]

        found, weight = self.space.summed(of, self.generator)
        self.passes += form.price * width
        return rounds.plus(width, [part.item() for part in found], weight)

    def columns(self) -> float:
        """The trace of the Gauss-Newton matrix, or of one made of gradients, from the squares of its columns."""

        def of(piece: Displaced, signs: Signs) -> list[Tensor]:
            found = piece.outputs.new_zeros((), dtype=torch.float64)
            for column in piece.columns(own=self.which in SINGLE):
                for layer, features, delta in zip(piece.layers, piece.features, column.deltas, strict=True):
                    found = found + (layer.rule.squares(features, delta) * column.signs).double().sum()
            return [found]

        (found,), weight = self.space.summed(of, self.generator)
        self.passes += 1 if self.which in SINGLE else self.space.entries
        less = 0.0
        if self.which == "gradient_covariance":
            gradient = self.space.objective.gradient(self.space.point)
            less = gradient[self.space.covered].double().square().sum().item()
        return found.item() / weight - less

    def _norm(self, whole: Operator) -> float:
        """‖A‖_F from a few products."""
        self.passes += OF_NORM
        drawn = signs(whole, OF_NORM, self.generator)
        return math.sqrt(whole.multiply(drawn[None]).double().square().sum().item() / OF_NORM)

    def _settled(self, rounds: Rounds, value: float, scale: float) -> bool:
        if rounds.error <= self._rounding(value, rounds):
            return True
        return rounds.degrees >= FREEDOM and rounds.error <= self.tol * max(abs(value), scale)

    def _needed(self, rounds: Rounds, value: float, scale: float) -> int:
        """The probes that are still needed."""
        allowed = self.tol * max(abs(value), scale)
        wanted = min((rounds.error / allowed) ** 2 if allowed > 0 else math.inf, 1e6)
        trusted = rounds.freedom * min(FREEDOM / max(rounds.degrees, 1.0), float(FREEDOM))
        return max(FEWEST, math.ceil(rounds.probes * wanted) - rounds.probes, math.ceil(trusted) - rounds.freedom)

    def _rounding(self, value: float, rounds: Rounds) -> float:
        return self.space.rounding * max(abs(value), rounds.size)

    def _reading(self, exact: float, rounds: Rounds, scale: float) -> Sum:
        value = exact + rounds.value
        if not math.isfinite(value):
            return Sum(math.nan, math.nan, math.nan, rounds.probes, self.passes, Outcome.NOT_FINITE)
        rounding = self._rounding(value, rounds)
        outcome = Outcome.CONVERGED
        if not self._settled(rounds, value, scale) and rounds.probes:
            outcome = Outcome.NOT_CONVERGED
        elif rounding > self.tol * max(abs(value), scale):
            outcome = Outcome.PRECISION_FLOOR
        error = max(rounds.error, rounding)
        return Sum(value, error, max(scale, abs(value)), rounds.probes, self.passes, outcome)


@dataclasses.dataclass(frozen=True)
class Form:
    """The quadratic form of every example, (b,), of a displacement, and the passes backwards that it takes."""

    of: Callable[[Displaced, Moved], Tensor]
    price: int


def drawn(piece: Displaced, signs: Signs) -> list[Tensor]:
    """A random displacement of every layer."""
    return [response.outputs for response in piece.respond(signs)]


def inner(one: Moved, other: Moved) -> Tensor:
    """The inner product of every example's displacements, (b,), in float64."""
    parts = [flattened(a * b, 1).sum(1).double() for a, b in zip(one, other, strict=True)]
    return torch.stack(parts).sum(0)


def units(space: LayerSpace, generator: torch.Generator) -> tuple[float, Tensor]:
    """The trace and the diagonal (p,) of the Hessian's covered blocks, from every unit of every displacement."""

    def of(piece: Displaced, signs: Signs) -> list[Tensor]:
        forms, diagonals = [], []
        for index, (layer, features, place) in enumerate(zip(piece.layers, piece.features, piece.places, strict=True)):
            curvature = torch.zeros_like(place)
            for i in range(place.shape[1]):
                moved = torch.zeros_like(place)
                moved[:, i] = 1.0
                curvature[:, i] = piece.own(index, moved)[:, i]
            form, diagonal = layer.rule.units(features, curvature)  # type: ignore[attr-defined]
            forms.append(form.double().sum())
            diagonals.append(diagonal)
        return [torch.stack(forms).sum(), space.vector(diagonals).double()]

    (form, diagonal), weight = space.summed(of, generator)
    return form.item() / weight, diagonal / weight


FORMS = {
    "hessian": Form(lambda piece, moved: inner(moved, piece.hessian(moved)), 1),
    "gauss_newton": Form(Displaced.gauss_newton_form, 1),
    "fisher": Form(Displaced.gauss_newton_form, 1),
    "beyond": Form(lambda piece, moved: inner(moved, piece.hessian(moved)) - piece.gauss_newton_form(moved), 2),
}
"""`beyond` is the Hessian's less the Gauss-Newton matrix's."""
