"""The functions that networks are before they are trained, beside the Gaussian process of infinite width."""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import ndtr
from torch import Generator, Tensor
from torch.nn import functional

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.methods.initial_kernel import STARTS, digits, limit
from phenoscope.theory import infinite, infinite_kernel, relu_excess_kurtosis

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu, "erf": torch.erf}
SIDE = 8
"""Of a scan of a digit, in pixels."""
KERNEL = 3
"""Side of the convolutions' kernels."""
DIRECTIONS = 8
"""Random combinations of the outputs whose laws are looked at."""
QUARTILE = 0.6744897501960817
"""Of the standard normal law."""
PLACES = np.linspace(0.0, 8.0, 801)
"""Where distribution functions are compared, in deviations of the normal law."""
BLOCK = 2**24
"""Weights that are drawn together, at most."""


@spec
class RandomFunctions:
    """The outputs of networks as drawn, on a few digits: how far are they from a Gaussian process?

    Given the hidden layers, outputs have a law that is known: normal, or Cauchy's where the weights have that law. So
    the law of the outputs is that mixed over the networks drawn, without the noise of the last layer.

    Series, once. "distance from normal": the largest difference of the distribution function of a combination of the
    outputs from the normal one with its quartiles; the mean over random combinations. For normal weights also
    "covariance error", ‖C - Σ‖/‖Σ‖ of the covariance of the outputs given the hidden layers and that of the process, as
    root mean square; and "excess kurtosis" of an output, the mean over digits. For dense ReLU layers with normal
    weights "foretold kurtosis" beside it, exact at any width; "departure", |excess/foretold - 1|; and "departure from
    one layer", the same with what is foretold of a single hidden layer.

    Sources: Lee et al. 2018, arXiv:1711.00165; Matthews et al. 2018, arXiv:1804.11271; for Cauchy's law Favaro et al.
    2020, arXiv:2003.00394.

    Attributes:
        seed: of the networks and the choice of digits.
        steps: networks drawn.
        width: units or channels of the hidden layers.
        depth: hidden layers.
        layers: "dense", or "convolution": 3 by 3 pixels, with a mean over all pixels before the readout.
        activation: "relu" or "erf".
        weights: "normal", divided by the root of the fan-in; or "cauchy", for dense layers, divided by the fan-in.
        examples: digits.
    """

    seed: int = 0
    steps: int = 500
    width: int = 64
    depth: int = 2
    layers: str = "dense"
    activation: str = "relu"
    weights: str = "normal"
    examples: int = 10

    def __post_init__(self) -> None:
        one_of("layers", self.layers, ("dense", "convolution"))
        one_of("activation", self.activation, ACTIVATIONS)
        one_of("weights", self.weights, ("normal", "cauchy"))
        if self.weights == "cauchy" and (self.layers, self.activation) != ("dense", "erf"):
            raise BadInput(
                "with Cauchy's law the outputs have a limit if the activation function is bounded, and here layers "
                f'are dense: use activation="erf" and layers="dense", got {self.activation!r} and {self.layers!r}.'
            )
        if min(self.steps - 1, self.width, self.depth, self.examples - 1) < 1:
            raise BadInput(f"random functions need 2 networks, a width, a depth and 2 examples, got {self}.")

    @property
    def units(self) -> Mapping[str, str]:
        names = ["distance from normal"]
        if self.weights == "normal":
            names += ["covariance error", "excess kurtosis"]
        if self._foretold:
            names += ["foretold kurtosis", "departure", "departure from one layer"]
        return dict.fromkeys(names, "1")

    @property
    def _foretold(self) -> bool:
        return (self.weights, self.layers, self.activation) == ("normal", "dense", "relu")

    def readings(self) -> Iterator[Found]:
        """One finding, once all networks are drawn."""
        inputs = digits(self.seed, self.examples)[0]
        if self.layers == "convolution":
            inputs = inputs.unflatten(1, (1, SIDE, SIDE))
        generator = stream(self.seed, "initialisation")
        size = max(1, BLOCK // (self.width**2 * KERNEL**2 * self.examples))
        counts = [min(size, self.steps - start) for start in range(0, self.steps, size)]
        directions = torch.randn(
            DIRECTIONS, self.examples, generator=stream(self.seed, "directions"), dtype=torch.float64
        )
        blocks = (_features(self, inputs, count, generator) for count in counts)  # (networks, examples, width) each
        if self.weights == "cauchy":
            scales = torch.cat([(directions @ each).abs().mean(2) for each in blocks])
            yield Found(self.steps, {"distance from normal": _distance(scales, _cauchy)})
            return
        factor = STARTS[self.activation][1] ** 2 / self.width
        given = factor * torch.cat([each @ each.mT for each in blocks])  # covariances given the hidden layers
        scales = torch.einsum("di,bij,dj->bd", directions, given, directions).sqrt()
        yield Found(self.steps, {"distance from normal": _distance(scales, ndtr)} | self._moments(inputs, given))

    def _moments(self, inputs: Tensor, given: Float[Tensor, "b n n"]) -> dict[str, float]:
        process = infinite_kernel(_limit(self), inputs, kind="nngp")
        error = (given - process).square().sum((1, 2)).mean().sqrt() / process.norm()
        variances = given.diagonal(dim1=1, dim2=2)
        kurtosis = float(3 * (variances.var(0) / variances.mean(0).square()).mean())
        found = {"covariance error": float(error), "excess kurtosis": kurtosis}
        if not self._foretold:
            return found
        foretold, shallow = (relu_excess_kurtosis([self.width] * depth) for depth in (self.depth, 1))
        return found | {
            "foretold kurtosis": foretold,
            "departure": abs(kurtosis / foretold - 1),
            "departure from one layer": abs(kurtosis / shallow - 1),
        }


def _limit(made: RandomFunctions) -> list[infinite.Layer]:
    """The same network, infinitely wide; its inputs are vectors, or images for convolutions."""
    if made.layers == "dense":
        return limit(made.depth, made.activation)
    _, deviation, nonlinearity = STARTS[made.activation]
    convolutions = [infinite.conv(deviation, kernel=KERNEL), nonlinearity] * made.depth
    images = [*convolutions, infinite.global_average_pool(), infinite.dense(deviation)]
    return list[infinite.Layer](images)


def _features(made: RandomFunctions, inputs: Tensor, count: int, generator: Generator) -> Float[Tensor, "b n width"]:
    """What the last hidden layers of so many networks make of the inputs."""
    layer = _convolved if made.layers == "convolution" else _dense
    now = inputs.expand(count, *inputs.shape)
    for _ in range(made.depth):
        now = ACTIVATIONS[made.activation](layer(made, now, generator))
    return now.mean((3, 4)) if made.layers == "convolution" else now


def _dense(made: RandomFunctions, inputs: Float[Tensor, "b n i"], generator: Generator) -> Float[Tensor, "b n width"]:
    count, _, fan_in = inputs.shape
    shape = (count, fan_in, made.width)
    if made.weights == "cauchy":
        uniform = torch.rand(shape, generator=generator, dtype=torch.float64)
        return inputs @ torch.tan(math.pi * (uniform - 0.5)) / fan_in
    weights = torch.randn(shape, generator=generator, dtype=torch.float64)
    return STARTS[made.activation][1] / math.sqrt(fan_in) * inputs @ weights


def _convolved(
    made: RandomFunctions, inputs: Float[Tensor, "b n i h w"], generator: Generator
) -> Float[Tensor, "b n width h w"]:
    """Every network's own convolution; the networks are the groups of one."""
    count, examples, channels = inputs.shape[:3]
    weights = torch.randn(count * made.width, channels, KERNEL, KERNEL, generator=generator, dtype=torch.float64)
    side_by_side = inputs.transpose(0, 1).flatten(1, 2)
    made_of = functional.conv2d(side_by_side, weights, padding="same", groups=count)
    deviation = STARTS[made.activation][1] / math.sqrt(channels * KERNEL**2)
    return deviation * made_of.unflatten(1, (count, made.width)).transpose(0, 1).reshape(
        count, examples, made.width, *inputs.shape[3:]
    )


def _cauchy(places: np.ndarray) -> np.ndarray:
    """Cauchy's distribution function."""
    return 0.5 + np.arctan(places) / math.pi


def _distance(scales: Float[Tensor, "b d"], law: Callable[[np.ndarray], np.ndarray]) -> float:
    """The mean over directions of the distance from the normal law of a law mixed over scales."""
    return float(np.mean([_from_normal(column, law) for column in scales.numpy().T]))


def _from_normal(scales: np.ndarray, law: Callable[[np.ndarray], np.ndarray]) -> float:
    """The largest difference of distribution functions, once the mixture has the quartiles of the normal law.

    Both are symmetric, so that one side tells all.
    """
    scales = scales.clip(min=1e-12 * scales.max())  # of a layer without an active unit the outputs are 0
    quartile = float(brentq(lambda at: law(at / scales).mean() - 0.75, 0.0, 100 * scales.max()))  # type: ignore[arg-type]
    mixed = law(PLACES[:, None] * (quartile / QUARTILE) / scales).mean(axis=1)
    return float(np.abs(mixed - ndtr(PLACES)).max())
