"""Which learning rates train a network? Pictures of the boundary between those that do and those that do not."""

import dataclasses
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments.landscapes.box_counting import boundary, box_dimension
from phenoscope.methods.computation import Found

TAIL = 20
"""Updates at the end whose mean loss is compared with the first."""
CHUNK = 4096
"""Networks advanced at once: what fits a processor's cache."""
AROUND = 4
"""Pixels from the boundary that count as away from it."""


@dataclasses.dataclass(frozen=True)
class View:
    """A square of learning rates: the decimal logarithms in its middle (input layer, output layer), and its side."""

    centre: tuple[float, float]
    side: float

    def rates(self, pixels: int) -> tuple[Float[Tensor, " m"], Float[Tensor, " m"]]:
        """The rates of every pixel, row by row: of the input layer, which rises downwards, and of the output layer."""
        offsets = ((torch.arange(pixels, dtype=torch.float64) + 0.5) / pixels - 0.5) * self.side
        first, second = torch.meshgrid(self.centre[0] + offsets, self.centre[1] + offsets, indexing="ij")
        return 10 ** first.flatten(), 10 ** second.flatten()

    def inside(self, pixel: tuple[int, int], pixels: int, times: float) -> "View":
        """The view around a pixel, so many times smaller."""
        middles = [c + ((at + 0.5) / pixels - 0.5) * self.side for c, at in zip(self.centre, pixel, strict=True)]
        return View((middles[0], middles[1]), self.side / times)


@spec
class TrainabilityGrid:
    """One network trained with every pair of rates in a picture; and zooms on the boundary between success and failure.

    A perceptron with one hidden layer and no biases learns `examples` random inputs with random targets, all of them at
    each update, with a rate for the input layer and one for the output layer. A pair of rates trains it if the mean
    loss of the last 20 updates is below the first. Source: Sohl-Dickstein 2024, The boundary of neural network
    trainability is fractal, arXiv:2402.06184. Each further picture is around a pixel of the boundary drawn from the
    seed. Data and start are drawn from it too.

    Attributes:
        features: "learned", or "frozen": the network's first-order Taylor expansion at its start, which is linear in
            its parameters.
        pixels: along a side of a picture; a power of 2, at least 128.
        updates: of each network.
        steps: pictures; each is a step of the computation.
        zoom: by how much each is smaller than the one before.
        width: hidden units.
        examples: inputs, each of as many entries as there are hidden units.
        seed: of data, start and zooms.
    """

    features: str = "learned"
    pixels: int = 256
    updates: int = 100
    steps: int = 3
    zoom: float = 6.0
    width: int = 8
    examples: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("features", self.features, ("learned", "frozen"))
        if self.updates <= TAIL or self.width < 1 or self.examples < 1 or not self.zoom > 1:
            raise BadInput(f"a grid needs more than {TAIL} updates, a width, examples and a zoom above 1, got {self}.")

    def frozen(self) -> "TrainabilityGrid":
        """The twin with frozen features."""
        return dataclasses.replace(self, features="frozen")

    @property
    def units(self) -> Mapping[str, str]:
        names = ("boundary dimension", "trainable share", "agreement away from the boundary", "agreement near it")
        return dict.fromkeys(names, "1")

    def readings(self) -> Iterator[Found]:
        """Of every picture the dimension of its boundary; of the first one, too, whether float32 sees the same."""
        view, chosen = View((1.0, 1.0), 4.0), stream(self.seed, "zooms")
        for step in range(1, self.steps + 1):
            trains = self.picture(view, torch.float64)
            edge = boundary(trains)
            found = box_dimension(edge)
            values = {
                "boundary dimension": found.value,
                "boundary dimension.residual": found.residual,
                "trainable share": trains.double().mean().item(),
            }
            yield Found(step, values | (self._agreement(view, trains, edge) if step == 1 else {}))
            places = edge.nonzero()
            if not len(places):
                return
            at = places[int(torch.randint(len(places), (), generator=chosen))].tolist()
            view = view.inside((at[0], at[1]), self.pixels, self.zoom)

    def picture(self, view: View, dtype: torch.dtype) -> Bool[Tensor, "h w"]:
        """Which rates train; the row is the input layer's."""
        trained = self._trained if self.features == "learned" else self._trained_frozen
        rates = [rate.to(dtype).split(CHUNK) for rate in view.rates(self.pixels)]
        parts = [trained(first, second) for first, second in zip(*rates, strict=True)]
        return torch.cat(parts).reshape(self.pixels, self.pixels)

    def _drawn(self, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Inputs, targets, and the weights of both layers at the start."""
        n, width = self.examples, self.width

        def normal(name: str, *shape: int) -> Tensor:
            return torch.randn(*shape, generator=stream(self.seed, name), dtype=torch.float64).to(dtype)

        first, second = normal("first", width, width) / width**0.5, normal("second", width, 1) / width**0.5
        return normal("inputs", n, width), normal("targets", n, 1), first, second

    def _trained(self, first: Float[Tensor, " m"], second: Float[Tensor, " m"]) -> Bool[Tensor, " m"]:
        inputs, targets, one, two = self._drawn(first.dtype)
        one, two = one.expand(len(first), *one.shape), two.expand(len(first), *two.shape)
        watched = _Watched(self.updates)
        for update in range(self.updates):
            hidden = torch.tanh(inputs @ one)
            off = hidden @ two - targets
            watched.see(update, off)
            pull = off / len(inputs)
            back = (pull @ two.mT) * (1 - hidden.square())
            one, two = one - first[:, None, None] * (inputs.mT @ back), two - second[:, None, None] * (hidden.mT @ pull)
        return watched.trained

    def _trained_frozen(self, first: Float[Tensor, " m"], second: Float[Tensor, " m"]) -> Bool[Tensor, " m"]:
        """The residuals of the expansion move by themselves, through the two layers' tangent kernels."""
        inputs, targets, one, two = self._drawn(first.dtype)
        hidden = torch.tanh(inputs @ one)
        slopes = (1 - hidden.square()) * two.mT
        kernels = ((inputs @ inputs.mT) * (slopes @ slopes.mT), hidden @ hidden.mT)
        off = (hidden @ two - targets).expand(len(first), *targets.shape)
        watched = _Watched(self.updates)
        for update in range(self.updates):
            watched.see(update, off)
            moves = [
                rate[:, None, None] * (kernel @ off) for rate, kernel in zip((first, second), kernels, strict=True)
            ]
            off = off - (moves[0] + moves[1]) / len(inputs)
        return watched.trained

    def _agreement(self, view: View, trains: Tensor, edge: Tensor) -> dict[str, float]:
        """The share of pixels at which float32 finds the same, near the boundary and away from it."""
        size = 2 * AROUND + 1
        near = torch.nn.functional.max_pool2d(edge[None].double(), size, 1, AROUND)[0] > 0
        same = self.picture(view, torch.float32) == trains
        parts = {"agreement away from the boundary": same[~near], "agreement near it": same[near]}
        return {name: part.double().mean().item() for name, part in parts.items() if len(part)}


class _Watched:
    """Whether the loss at the end of so many updates is below that at the start, network by network."""

    def __init__(self, updates: int) -> None:
        self._tail, self._last = updates - TAIL, updates - 1
        self._first, self._sum = torch.zeros(()), torch.zeros(())

    def see(self, update: int, off: Float[Tensor, "m n 1"]) -> None:
        loss = off.square().mean(dim=(1, 2)) if update == 0 or update >= self._tail else self._sum
        if update == 0:
            self._first = loss
        elif update >= self._tail:
            self._sum = self._sum + loss / TAIL

    @property
    def trained(self) -> Bool[Tensor, " m"]:
        return self._sum < self._first  # false where it is not a number
