"""Several networks tried at once, each with a learning rate of its own: does it hold, and how fast do they fit?"""

import dataclasses
import math
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from phenoscope.instruments import empirical_ntk
from phenoscope.methods.initial_kernel import STARTS, uniform_network

BOUND = 2.0
"""Of the loss, over that at the start: what rises above it has blown up."""
FITTED = 0.1
"""Of the loss: what stays below it is fitted."""
HOLD = 100
"""Updates for which it must stay there, since an oscillation comes low now and then, too."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """Of m networks, each at a rate of its own.

    Attributes:
        losses: over that at the start; not a number once a network has stopped.
        lost: whether the loss rose above 2, or no example reaches the output any more.
        fitted: whether it came below 0.1 and stayed there for 100 updates; what is neither was not done in time.
    """

    losses: Float[np.ndarray, "t m"]
    lost: Bool[np.ndarray, " m"]
    fitted: Bool[np.ndarray, " m"]

    def passage(self, level: float) -> Float[np.ndarray, " m"]:
        """When each loss first comes below a level, straight in its logarithm between updates; else not a number."""
        below = self.losses < level
        first = below.argmax(axis=0)
        found = np.full(len(first), math.nan)
        for network in np.flatnonzero(below.any(axis=0)):
            at = first[network]
            before, after = np.log(self.losses[at - 1 : at + 1, network])
            found[network] = at - 1 + (math.log(level) - before) / (after - before)
        return found


@dataclasses.dataclass(frozen=True)
class Start:
    """Networks as drawn, with m of them along the first axis of all but the data.

    What lies across the inputs' span never changes and is not seen, so inputs are given by coordinates in that span.

    Attributes:
        inputs: (n, n) or (n, d), whichever is smaller.
        targets: with a mean square of 1.
        weights: of each layer, (m, in, out), with the factors of the forward pass multiplied in.
        gains: of each layer, the square of that factor, by which such weights move faster.
        zero: outputs at the start.
        values, vectors: of the tangent kernels at the start.
    """

    inputs: Float[Tensor, "n d"]
    targets: Float[Tensor, " n"]
    weights: tuple[Float[Tensor, "m a b"], ...]
    gains: tuple[float, ...]
    zero: Float[Tensor, "m n"]
    values: Float[Tensor, "m n"]
    vectors: Float[Tensor, "m n n"]

    @staticmethod
    def of(inputs: Tensor, targets: Tensor, generator: Generator, *, networks: int, width: int, depth: int) -> "Start":
        """ReLU networks in the NTK parametrisation, without biases, with `depth` layers of weights."""
        spec = uniform_network(width, depth - 1, "relu", "ntk")
        drawn, kernels = [], []
        for _ in range(networks):
            made = spec.build(generator, inputs=inputs.shape[1:], outputs=1, dtype=torch.float64)
            drawn.append([weight.detach().mT for weight in made.parameters()])
            kernels.append(empirical_ntk(made, inputs, outputs="trace").matrix)
        factors = [STARTS["relu"][1] / math.sqrt(len(weight)) for weight in drawn[0]]
        span, coordinates = torch.linalg.qr(inputs.mT)
        layers = [factor * torch.stack(layer) for factor, layer in zip(factors, zip(*drawn, strict=True), strict=True)]
        layers[0] = span.mT @ layers[0]
        inputs, kernel = coordinates.mT.contiguous(), torch.stack(kernels)
        values, vectors = torch.linalg.eigh((kernel + kernel.mT) / 2)
        zero = _hidden(inputs, layers)[-1][..., 0]
        return Start(inputs, targets, tuple(layers), tuple(f**2 for f in factors), zero, values, vectors)


class _Model(Protocol):
    """Networks that are being trained; `alive` says which of them are left."""

    def left(self) -> Float[Tensor, "m n"]: ...

    def dead(self) -> Bool[Tensor, " m"]: ...

    def move(self, left: Float[Tensor, "m n"], rates: Float[Tensor, " m"]) -> None: ...

    def keep(self, rows: Tensor) -> None: ...


class _Networks:
    """Descent on ½ mean (s(f - f₀) - y)², s the scale of the outputs, every derivative written out."""

    def __init__(self, start: Start, scale: float) -> None:
        self.start, self.scale, self.zero = start, scale, start.zero
        self.weights = [weight.clone() for weight in start.weights]
        self.hidden: list[Tensor] = []

    def left(self) -> Tensor:
        self.hidden = _hidden(self.start.inputs, self.weights)
        return self.scale * (self.hidden[-1][..., 0] - self.zero) - self.start.targets

    def dead(self) -> Tensor:
        """No example reaches the output, so that nothing will ever move again."""
        return (self.hidden[-1] == 0).all(dim=(1, 2))

    def move(self, left: Tensor, rates: Tensor) -> None:
        back = (left * (self.scale / left.shape[1]))[..., None]
        for layer in reversed(range(len(self.weights))):
            slope = self.hidden[layer].mT @ back
            if layer > 0:
                back = (back @ self.weights[layer].mT) * (self.hidden[layer] > 0)
            self.weights[layer].addcmul_(slope, (-self.start.gains[layer] * rates)[:, None, None])

    def keep(self, rows: Tensor) -> None:
        self.zero = self.zero[rows]
        self.weights = [weight[rows] for weight in self.weights]
        self.hidden = [self.hidden[0], *(hidden[rows] for hidden in self.hidden[1:])]


class _Linear:
    """Their first-order expansions, whose residuals move along the eigenvectors of the kernels at the start."""

    def __init__(self, start: Start, scale: float) -> None:
        self.values = scale**2 * start.values / len(start.targets)
        self.along = -(start.vectors.mT @ start.targets)

    def left(self) -> Tensor:
        return self.along

    def dead(self) -> Tensor:
        return torch.zeros(len(self.along), dtype=torch.bool)

    def move(self, left: Tensor, rates: Tensor) -> None:
        self.along = left * (1 - rates[:, None] * self.values)

    def keep(self, rows: Tensor) -> None:
        self.values, self.along = self.values[rows], self.along[rows]


def tried(start: Start, scale: float, rates: Float[np.ndarray, " m"], steps: int, *, frozen: bool) -> Trial:
    """Gradient descent, full batch, until a network is fitted for good, has blown up, or is dead.

    Args:
        start: the networks.
        scale: of their outputs, from which those at the start are subtracted.
        rates: one for each network.
        steps: updates at most.
        frozen: whether networks are replaced by their first-order expansions.
    """
    model: _Model = _Linear(start, scale) if frozen else _Networks(start, scale)
    losses, here = np.full((steps + 1, len(rates)), math.nan), torch.from_numpy(rates)
    lost, fitted = np.zeros((2, len(rates)), dtype=bool)
    low, alive = np.zeros(len(rates), dtype=int), np.arange(len(rates))
    for step in range(steps + 1):
        left = model.left()
        loss = left.square().mean(1).numpy()
        losses[step, alive] = loss
        low[alive] = np.where(loss < FITTED, low[alive] + 1, 0)
        lost[alive] = ~(loss <= BOUND) | model.dead().numpy()
        fitted[alive] = low[alive] > HOLD
        ended = (lost | fitted)[alive]
        if ended.all():
            break
        if ended.any():
            rows = torch.from_numpy(np.flatnonzero(~ended))
            model.keep(rows)
            left, here, alive = left[rows], here[rows], alive[~ended]
        model.move(left, here)
    return Trial(losses[np.isfinite(losses).any(axis=1)], lost, fitted)


def _hidden(inputs: Tensor, weights: list[Tensor] | tuple[Tensor, ...]) -> list[Tensor]:
    """What each layer is given, and at last the outputs, (m, n, 1)."""
    found = [inputs]
    for weight in weights[:-1]:
        found.append((found[-1] @ weight).relu_())
    return [*found, found[-1] @ weights[-1]]
