"""Where does the variance of a prediction come from? Its parts by what was drawn: examples, label noise, start."""

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading

FEWEST = 3
"""Levels of each factor: two are left when one is taken away for the error."""

Source = tuple[str, ...]
"""The factors whose interaction it is, in their order; of one factor its main effect."""


@dataclasses.dataclass(frozen=True)
class VarianceSources(Reading):
    """The variance of predictions, taken apart by what was drawn.

    Attributes:
        value: the whole variance, summed over outputs and averaged over the inputs.
        standard_error: of the value, over other draws of the levels.
        bias: the squared distance of the mean prediction from the targets; `nan` without targets.
        bias_error: its standard error.
        parts: the variance of each interaction; they sum to the value. Unbiased, so that one that is 0 may come out
            below 0.
        errors: the standard error of each.
        outcome: how it ended.
    """

    value: float
    standard_error: float
    bias: float
    bias_error: float
    parts: Mapping[Source, float]
    errors: Mapping[Source, float]
    outcome: Outcome

    def involving(self, factor: str) -> float:
        """All variance that vanishes where this factor is fixed: its main effect and every interaction with it."""
        self._known(factor)
        return sum(part for source, part in self.parts.items() if factor in source)

    def averaged(self, factor: str, members: float = math.inf) -> float:
        """The variance of the mean prediction of an ensemble over so many levels of one factor."""
        self._known(factor)
        return self.value - (1 - 1 / members) * self.involving(factor)

    @property
    def evidence(self) -> str:
        named = ", ".join(f"{' × '.join(source)} {part:.3g}" for source, part in self.parts.items())
        return f"± {self.standard_error:.2g}; {self.outcome}, {named}"

    def _known(self, factor: str) -> None:
        factors = list(self.parts)[-1]
        if factor not in factors:
            raise BadInput(f"there is no factor {factor!r}. The variance was taken apart by {', '.join(factors)}.")


def variance_sources(
    outputs: Float[Tensor, "*levels inputs outputs"],
    factors: Sequence[str],
    *,
    targets: Float[Tensor, "_ _"] | None = None,
) -> VarianceSources:
    r"""The variance of predictions over a crossed design, by factor and interaction, without bias.

    With a prediction for every combination of levels, the mean product C(B) of the predictions of two members that
    share exactly the levels of the factors in B is free of bias. The variance of an interaction A is
    $\sum_{B \subseteq A} (-1)^{|A| - |B|} C(B)$, and C(∅), of predictions less the targets, is the squared bias: the
    symmetric decomposition of Adlam and Pennington 2020, arXiv:2011.03321, as an analysis of variance with random
    effects. Nothing is left to an order of the factors; an interaction belongs to no one of them. The levels of a
    factor are independent draws of it, and the same ones in all combinations. Errors leave out each level of each
    factor in turn (the jackknife of several samples); with four or five levels two of them hold the truth in about
    nine of ten designs.

    Units: squared ones of the outputs. Subtract σ² from no part of it: what the targets hold of noise is in the bias.

    Args:
        outputs: (*levels, inputs, outputs), one axis of at least 3 levels a factor.
        factors: their names, in the order of the axes.
        targets: (inputs, outputs), what should have been predicted.

    Returns:
        `VarianceSources`: value, standard_error, bias, parts and their errors.

    Raises:
        BadInput: axes that do not fit the names or the targets, or too few levels.

    Example:
        >>> start = torch.tensor([1.0, 2.0, 3.0])  # only the start matters, with variance 1
        >>> outputs = start.expand(4, 3)[:, :, None, None]
        >>> found = variance_sources(outputs, ("examples", "start"), targets=torch.ones(1, 1))
        >>> {" × ".join(source): round(part, 9) for source, part in found.parts.items()}
        {'examples': 0.0, 'start': 1.0, 'examples × start': 0.0}
        >>> round(found.bias, 9)  # (2 - 1)², less what the mean of three starts is off by
        0.666666667
    """
    _check(outputs, factors, targets)
    residuals = outputs.double() if targets is None else outputs.double() - targets.double()
    sources = [source for size in range(1, len(factors) + 1) for source in itertools.combinations(factors, size)]
    masks = [sum(1 << list(factors).index(name) for name in source) for source in sources]
    if not bool(torch.isfinite(residuals).all()):
        unknown = dict.fromkeys(sources, math.nan)
        return VarianceSources(math.nan, math.nan, math.nan, math.nan, unknown, unknown, Outcome.NOT_FINITE)
    found = _numbers(residuals, masks)
    square = torch.zeros_like(found)
    for axis, levels in enumerate(residuals.shape[: len(factors)]):
        kept = ([other for other in range(levels) if other != left] for left in range(levels))
        places = [torch.tensor(some, device=residuals.device) for some in kept]
        without = torch.stack([_numbers(residuals.index_select(axis, some), masks) for some in places])
        square += (levels - 1) / levels * (without - without.mean(dim=0)).square().sum(dim=0)
    bias, value, *parts = found.tolist()
    bias_error, error, *errors = square.sqrt().tolist()
    if targets is None:
        bias = bias_error = math.nan
    by_source, off = (dict(zip(sources, numbers, strict=True)) for numbers in (parts, errors))
    return VarianceSources(value, error, bias, bias_error, by_source, off, Outcome.CONVERGED)


def _numbers(residuals: Float[Tensor, "*levels inputs outputs"], masks: Sequence[int]) -> Float[Tensor, " c"]:
    """The squared mean, the whole variance and that of each interaction; factors are the bits of a mask."""
    levels = residuals.shape[:-2]
    axes = range(len(levels))
    products = [_shared(residuals, mask) for mask in range(1 << len(levels))]
    for axis in axes:  # pairs that may share the level become pairs that do not
        bit, count = 1 << axis, levels[axis]
        for mask in range(len(products)):
            if not mask & bit:
                products[mask] = (count * products[mask] - products[mask | bit]) / (count - 1)
    squared, whole = products[0], products[-1]
    for axis in axes:  # what is shared without the axis is none of its doing
        bit = 1 << axis
        for mask in range(len(products)):
            if mask & bit:
                products[mask] = products[mask] - products[mask ^ bit]
    return torch.stack([squared, whole - squared, *(products[mask] for mask in masks)])


def _shared(residuals: Float[Tensor, "*levels inputs outputs"], mask: int) -> Float[Tensor, ""]:
    """The mean product of two members that share the levels of the mask, the other levels drawn independently."""
    others = [axis for axis in range(residuals.ndim - 2) if not mask & (1 << axis)]
    means = residuals.mean(dim=others) if others else residuals
    return means.square().sum(dim=-1).mean()


def _check(outputs: Tensor, factors: Sequence[str], targets: Tensor | None) -> None:
    named = len(factors) >= 1 and len(set(factors)) == len(factors) == outputs.ndim - 2
    if not named or min(outputs.shape[:-2]) < FEWEST or 0 in outputs.shape:
        raise BadInput(
            f"predictions need an axis of at least {FEWEST} levels for each factor, then one for inputs and one for "
            f"outputs; got shape {tuple(outputs.shape)} for the factors {tuple(factors)}."
        )
    if targets is not None and targets.shape != outputs.shape[-2:]:
        raise BadInput(
            f"the targets must have the shape of one prediction, {tuple(outputs.shape[-2:])}, got "
            f"{tuple(targets.shape)}."
        )
