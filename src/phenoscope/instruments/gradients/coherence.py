"""Do the examples pull the same way? Coherence of their gradients, and their mean cosine (stiffness)."""

import dataclasses
import functools
import math

import torch

from phenoscope.instruments.gradients.moments import FEWEST, SAFETY, GradientMoments, Of, jackknifed, moments_of, told
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective


@dataclasses.dataclass(frozen=True)
class Coherence(Reading):
    """The coherence of gradients.

    Attributes:
        value: from about 0 (every gradient at right angles to the others) to 1 (all the same).
        standard_error: of the value; where nothing was left to chance it is the rounding alone.
        examples: n, whose gradients were taken.
        total: N, all examples of the data; for a population, n.
        orthogonal: what gradients at right angles to each other and of one length have: 1/N where a pair may be one
            example twice (of the data), 0 for a population.
        basis: what was looked at, in words.
        outcome: how it ended.
    """

    value: float
    standard_error: float
    examples: int
    total: int
    orthogonal: float
    basis: str
    outcome: Outcome

    @property
    def multiple(self) -> float:
        """The value times N, the m-coherence: how many examples a step along the gradient of one helps on average.

        Of the data that one counts among them; of a population they are n others.
        """
        return self.value * self.total

    @property
    def multiple_error(self) -> float:
        """The standard error of the multiple."""
        return self.standard_error * self.total

    @property
    def evidence(self) -> str:
        return f"{told(self.standard_error, self.basis)}; {self.outcome}, {self.basis}"


@dataclasses.dataclass(frozen=True)
class Stiffness(Reading):
    """The mean cosine between the gradients of two examples.

    Attributes:
        value: from -1/(n - 1) to 1.
        standard_error: of the value; where nothing was left to chance it is the rounding alone.
        examples: whose gradients were taken and are not zero.
        left_out: examples whose gradient is zero, which has no direction.
        basis: what was looked at, in words.
        outcome: undetermined where fewer than four gradients have a direction.
    """

    value: float
    standard_error: float
    examples: int
    left_out: int
    basis: str
    outcome: Outcome

    @property
    def evidence(self) -> str:
        out = f", {self.left_out} zero gradients left out" if self.left_out else ""
        return f"{told(self.standard_error, self.basis)}; {self.outcome}, {self.basis}{out}"


def gradient_coherence(
    objective: Objective | GradientMoments,
    *,
    examples: int | None = None,
    of: Of | None = None,
    generator: torch.Generator | None = None,
) -> Coherence:
    r"""The coherence of gradients, $\alpha = \mathbb{E}\langle g, g' \rangle / \mathbb{E}\lVert g \rVert^2$.

    g and g' are the gradients of two examples drawn independently, so that the numerator is ‖G‖² and the denominator
    ‖G‖² + tr Σ. Dimensionless. It says what part of the fall in loss that a small step along one example's gradient
    brings to that example it brings to all on average (Chatterjee 2020, Coherent gradients, arXiv:2002.10657;
    Chatterjee and Zielinski 2020, arXiv:2008.01217). Where examples weigh differently in the loss, uᵢ and Σ are those
    of `instruments.gradients.moments`.

    Args:
        objective: the loss, at the model's own point; or moments that are there already, of which the options may
            only say what they are.
        examples: how many to draw; by default all where that is affordable (see `gradient_moments`).
        of: the `"data"` as they are, where g' may be g itself, or the `"population"` that they were drawn from, where
            only pairs of different examples count; the data unless given.
        generator: of the draw; seeded with 0 unless given.

    Returns:
        `Coherence`: value, standard_error, and the m-coherence as `multiple`.

    Example:
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 1.0)
        >>> x = torch.ones(4, 1)
        >>> objective = Objective(model, torch.nn.MSELoss(), (x, torch.tensor([[0.0], [0.0], [0.0], [2.0]])))
        >>> gradient_coherence(objective).value  # gradients 2, 2, 2, -2
        0.25
    """
    moments = moments_of(objective, examples, of, generator)
    data = moments.of == "data"
    reading = functools.partial(
        Coherence, examples=moments.count, total=moments.examples if data else moments.count,
        orthogonal=1 / moments.examples if data else 0.0, basis=moments.basis,
    )  # fmt: skip
    signal, noise = moments.pooled
    if not math.isfinite(signal + noise):
        return reading(math.nan, math.nan, outcome=Outcome.NOT_FINITE)
    if signal + noise == 0:
        return reading(math.nan, math.nan, outcome=Outcome.UNDETERMINED)
    value = signal / (signal + noise)
    off_signal, off_noise = moments.rounding
    rounding = (off_signal + value * (off_signal + off_noise)) / (signal + noise)
    if moments.exact:
        return reading(value, rounding, outcome=Outcome.CONVERGED)
    signals, noises = moments.without_one
    value, error = jackknifed(value, signals / (signals + noises), moments.left)
    return reading(value, max(error, rounding), outcome=Outcome.CONVERGED)


def gradient_stiffness(
    objective: Objective | GradientMoments,
    *,
    examples: int | None = None,
    of: Of | None = None,
    generator: torch.Generator | None = None,
) -> Stiffness:
    r"""The mean cosine between the gradients of two different examples, the stiffness of a network.

    Dimensionless; each pair counts once, whatever its examples weigh in the loss (Fort, Nowak, Jastrzębski, Narayanan
    2019, Stiffness, arXiv:1901.09491: the cosine version, all classes together). The mean over pairs is a U-statistic,
    taken from the sum of the n unit vectors, with its error by leaving out each example in turn.

    Args:
        objective: the loss, at the model's own point; or moments that are there already, of which the options may
            only say what they are.
        examples: how many to draw; by default all where that is affordable (see `gradient_moments`).
        of: the `"data"` as they are, or the `"population"` that they were drawn from; the values are the same, the
            errors are not. The data unless given.
        generator: of the draw; seeded with 0 unless given.

    Returns:
        `Stiffness`: value, standard_error, and how many gradients were zero.

    Example:
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 1.0)
        >>> x = torch.ones(4, 1)
        >>> objective = Objective(model, torch.nn.MSELoss(), (x, torch.tensor([[0.0], [0.0], [0.0], [2.0]])))
        >>> gradient_stiffness(objective).value  # gradients 2, 2, 2, -2: three pairs agree, three do not
        0.0
    """
    moments = moments_of(objective, examples, of, generator)
    sums = moments.cosines[moments.squares > 0]
    count, left_out = len(sums), int((moments.squares == 0).sum())
    reading = functools.partial(Stiffness, examples=count, left_out=left_out, basis=moments.basis)
    if not bool(torch.isfinite(moments.squares).all()):
        return reading(math.nan, math.nan, outcome=Outcome.NOT_FINITE)
    if count < FEWEST:
        return reading(math.nan, math.nan, outcome=Outcome.UNDETERMINED)
    whole = sums.sum()
    value = (whole.item() - count) / (count * (count - 1))
    rounding = SAFETY * moments.eps
    if moments.exact:
        return reading(value, rounding, outcome=Outcome.CONVERGED)
    replicates = (whole - 2 * sums + 2 - count) / ((count - 1) * (count - 2))
    value, error = jackknifed(value, replicates, moments.left)
    return reading(value, max(error, rounding), outcome=Outcome.CONVERGED)
