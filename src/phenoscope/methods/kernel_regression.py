"""Kernel regression on examples drawn anew again and again, beside what the kernel's spectrum foretells."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Generator

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.methods.initial_kernel import digits, limit
from phenoscope.theory import infinite_kernel, kernel_learning

PROBLEMS = ("gaussian", "circle", "digits")
MODES = (1, 3, 10, 30, 100)
"""Counted from the largest eigenvalue, of which it is said how much is learned."""


@spec
class KernelRegression:
    """Kernel regression on n examples; each draw of them is another experiment, and errors are exact, not sampled.

    The kernel is known by its eigenvalues and the values of its eigenfunctions at the examples, so what is learned are
    coefficients, and the error is that of these. Eigenvalues are divided by their sum, targets have norm one.

    Series, at the end, means over the draws: "risk", the squared error of the function without noise; "foretold risk";
    "departure", |risk/foretold - 1|; "bias", what the same theory says without the variance between draws, and "bias
    departure"; "learned part of mode k", k in 1, 3, 10, 30, 100, how much of that mode comes through, with "foretold
    part of mode k"; "part departure", the largest difference of these.

    Sources: Bordelon et al. 2020, arXiv:2002.02561; Simon et al. 2021, arXiv:2110.03922.

    Attributes:
        seed: of the draws.
        steps: draws.
        examples: n, drawn independently.
        problem: "gaussian": independent normal numbers for eigenfunctions, with eigenvalues i^(-decay) and squared
            coefficients i^(-smoothness); "circle": the same with cosines and sines at random angles; "digits": the
            tangent kernel of an infinitely wide ReLU network on a population of digits that examples are drawn from,
            and even or odd for the target.
        decay, smoothness: see above.
        noise: variance of the noise on the targets.
        ridge: δ.
        modes: eigenfunctions, or digits in the population.
    """

    seed: int = 0
    steps: int = 40
    examples: int = 50
    problem: str = "gaussian"
    decay: float = 1.5
    smoothness: float = 2.0
    noise: float = 0.0
    ridge: float = 1e-6
    modes: int = 600

    def __post_init__(self) -> None:
        one_of("problem", self.problem, PROBLEMS)
        positive = min(self.decay, self.ridge) > 0 and self.noise >= 0 and math.isfinite(self.smoothness)
        if min(self.steps, self.examples) < 1 or self.modes < MODES[-1] or not positive:
            raise BadInput(
                f"kernel regression needs draws and examples, {MODES[-1]} modes, and a positive decay and ridge, "
                f"got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        parts = [f"{what} part of mode {k}" for k in MODES for what in ("learned", "foretold")]
        ends = ("risk", "foretold risk", "departure", "bias", "bias departure", "part departure")
        return dict.fromkeys((*ends, *parts), "1")

    def readings(self) -> Iterator[Found]:
        """One finding, once all is drawn."""
        problem, generator = self._problem(), stream(self.seed, "examples")
        found = []
        for number in range(1, self.steps + 1):
            found.append(self._regressed(problem, generator))
            if number < self.steps:
                yield Found(number, {})
        risk = float(np.mean([each[0] for each in found]))
        learned = np.mean([each[1] for each in found], axis=0)
        options = {"noise": self.noise, "ridge": self.ridge}
        theory = kernel_learning(self.examples, problem.eigenvalues, problem.coefficients, **options)
        bias = float(np.square((1 - theory.learned) * problem.coefficients).sum())
        places = [k - 1 for k in MODES]
        parts = {f"learned part of mode {k}": float(learned[k - 1]) for k in MODES}
        parts |= {f"foretold part of mode {k}": float(theory.learned[k - 1]) for k in MODES}
        yield Found(self.steps, parts | {
            "risk": risk, "foretold risk": theory.risk, "departure": abs(risk / theory.risk - 1),
            "bias": bias, "bias departure": abs(risk / bias - 1),
            "part departure": float(np.abs(learned - theory.learned)[places].max()),
        })  # fmt: skip

    def _problem(self) -> "_Problem":
        if self.problem == "digits":
            return _digits(self)
        order = np.arange(1, self.modes + 1)
        values, squares = order**-self.decay, order**-self.smoothness
        draw = _normal if self.problem == "gaussian" else _waves
        return _made(values, np.sqrt(squares), lambda n, generator: draw(n, self.modes, generator))

    def _regressed(self, problem: "_Problem", generator: Generator) -> tuple[float, np.ndarray]:
        """Risk of one draw, and the part of each mode that comes through."""
        features = problem.draw(self.examples, generator)  # (n, p)
        weighed = features * problem.eigenvalues
        noise = torch.randn(self.examples, generator=generator, dtype=torch.float64).numpy()
        targets = features @ problem.coefficients + math.sqrt(self.noise) * noise
        kernel = features @ weighed.T + self.ridge * np.eye(self.examples)
        solved = np.linalg.solve(kernel, np.column_stack([targets, features]))
        coefficients = weighed.T @ solved[:, 0]
        risk = float(np.square(coefficients - problem.coefficients).sum())
        return risk, (weighed * solved[:, 1:]).sum(axis=0)


@dataclasses.dataclass(frozen=True)
class _Problem:
    """Eigenvalues and coefficients, (p,) each, and eigenfunctions at n random examples, (n, p)."""

    eigenvalues: np.ndarray
    coefficients: np.ndarray
    draw: Callable[[int, Generator], np.ndarray]


def _made(values: np.ndarray, target: np.ndarray, draw: Callable[[int, Generator], np.ndarray]) -> _Problem:
    return _Problem(values / values.sum(), target / np.linalg.norm(target), draw)


def _normal(n: int, modes: int, generator: Generator) -> np.ndarray:
    return torch.randn(n, modes, generator=generator, dtype=torch.float64).numpy()


def _waves(n: int, modes: int, generator: Generator) -> np.ndarray:
    """√2 cos t, √2 sin t, √2 cos 2t, ... at n angles."""
    angles = 2 * math.pi * torch.rand(n, generator=generator, dtype=torch.float64).numpy()
    order = np.arange(modes)
    return math.sqrt(2) * np.cos(angles[:, None] * (order // 2 + 1) - math.pi / 2 * (order % 2))


def _digits(spec: KernelRegression) -> _Problem:
    """Some digits, each as likely as the others: eigenfunctions are √M times eigenvectors of their kernel matrix."""
    inputs, targets = digits(spec.seed, spec.modes)
    values, vectors = torch.linalg.eigh(infinite_kernel(limit(1, "relu"), inputs) / spec.modes)
    values, vectors = values.flip(0).clamp_min(1e-12 * float(values[-1])).numpy(), vectors.flip(1).numpy()

    def draw(n: int, generator: Generator) -> np.ndarray:
        chosen = torch.randint(spec.modes, (n,), generator=generator).numpy()
        return math.sqrt(spec.modes) * vectors[chosen]

    return _made(values, vectors.T @ targets.numpy(), draw)
