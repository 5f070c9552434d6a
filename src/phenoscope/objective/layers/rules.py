"""Layers whose output is linear in their own parameters: the response of every example by itself.

With r the parameters of one layer, its output for example n is z_n = A_n r + what does not depend on r. A rule knows
the map A_n through the layer's input, without ever storing it: random responses v_n with E v vᵀ = A_n A_nᵀ, the
gradients A_nᵀ δ_n of single examples, and their squares. Nothing here is taken on trust: `layer_space` compares each
rule with the true derivatives of the network before it is used.

Shapes: b examples, T positions (pixels, tokens) an example, k features in, m out.
"""

import abc
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from phenoscope.core.points import flattened
from phenoscope.objective.layers.signs import Signs

Named = dict[str, Tensor]
BLOCK_ENTRIES = 2**24
"""Gradients of single examples are formed in blocks of so many numbers."""


class Response(NamedTuple):
    """Outputs v (b, ...) moved by random signs of the parameters, one independent draw an example.

    `terms` takes the image of v under a matrix H that does not mix examples, and gives for each parameter
    Σ_n rₙ · A_nᵀ (H v)_n, whose mean over the draws is the diagonal of Σ_n A_nᵀ H A_n.
    """

    outputs: Tensor
    terms: Callable[[Tensor], Named]


class Factor(NamedTuple):
    """The A_nᵀ δ_n of several displacements an example, in the shortest form whose inner products are theirs.

    Attributes:
        inputs: (b, k), where A_nᵀ δ_n is the outer product of inputs and rows; `None` where it is the row itself.
        rows: (c, b, m), or (c, b, p) where there are no inputs.
    """

    inputs: Tensor | None
    rows: Tensor


class Rule(abc.ABC):
    """How one layer's output depends on its own parameters.

    Args:
        module: the layer.
        names: its trainable parameters, by the layer's own names; the others stay as they are.
    """

    def __init__(self, module: nn.Module, names: tuple[str, ...]) -> None:
        self.module, self.names = module, names
        self.shapes = {name: tuple(module.get_parameter(name).shape) for name in names}

    @property
    def size(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes.values())

    @abc.abstractmethod
    def features(self, inputs: Tensor) -> Tensor:
        """What the rule needs of the layer's input (b, ...)."""

    @abc.abstractmethod
    def push(self, features: Tensor, r: Mapping[str, Tensor], shape: torch.Size) -> Tensor:
        """A_n r of every example, in the shape of the layer's output."""

    @abc.abstractmethod
    def respond(self, features: Tensor, shape: torch.Size, signs: Signs) -> Response:
        """A random response an example."""

    @abc.abstractmethod
    def gradients(self, features: Tensor, delta: Tensor) -> Named:
        """A_nᵀ δ_n of every example, each (b, *parameter)."""

    def squares(self, features: Tensor, delta: Tensor) -> Tensor:
        """‖A_nᵀ δ_n‖², (b,)."""
        blocks = [sum(flattened(g, 1).square().sum(1) for g in part.values()) for part in self._blocks(features, delta)]
        return torch.cat(blocks)  # type: ignore[arg-type]

    def diagonal(self, features: Tensor, delta: Tensor, weights: Tensor) -> Named:
        """Σ_n wₙ (A_nᵀ δ_n)² of every parameter."""
        found = {name: delta.new_zeros(shape) for name, shape in self.shapes.items()}
        start = 0
        for part in self._blocks(features, delta):
            for name, g in part.items():
                found[name] += torch.tensordot(weights[start : start + len(g)], g.square(), 1)
            start += len(next(iter(part.values())))
        return found

    def pull(self, features: Tensor, delta: Tensor) -> Named:
        """Σ_n A_nᵀ δ_n."""
        found = {name: delta.new_zeros(shape) for name, shape in self.shapes.items()}
        for part in self._blocks(features, delta):
            for name, g in part.items():
                found[name] += g.sum(0)
        return found

    def flat(self, features: Tensor, delta: Tensor) -> Tensor:
        """A_nᵀ δ_n as rows (b, p) of all the layer's parameters, by name."""
        found = self.gradients(features, delta)
        return torch.cat([flattened(found[name], 1) for name in self.names], dim=1)

    def shared(self, features: Tensor) -> Tensor | None:
        """Inputs (b, k) of which every A_nᵀ δ_n is the outer product with δ_n; `None` where it is none."""
        return None

    def factor(self, features: Tensor, deltas: Tensor) -> Factor:
        """The A_nᵀ δ_n of c displacements an example, (c, b, ...)."""
        inputs = self.shared(features)
        if inputs is not None:
            return Factor(inputs, deltas.flatten(2))
        return Factor(None, torch.stack([self.flat(features, delta) for delta in deltas]))

    def named(self, flat: Tensor) -> Named:
        """One such row by name."""
        parts = flat.split([math.prod(self.shapes[name]) for name in self.names])
        return {name: part.reshape(self.shapes[name]) for name, part in zip(self.names, parts, strict=True)}

    def _blocks(self, features: Tensor, delta: Tensor):
        size = max(1, BLOCK_ENTRIES // max(1, self.size))
        for some, seeds in zip(features.split(size), delta.split(size), strict=True):
            yield self.gradients(some, seeds)


class Dense(Rule):
    """z_t = s W a_t + bias at every position t: dense layers with any axes in between, and convolutions by patches.

    The factor s is the layer's own attribute `scale`, or 1; the features contain it.
    """

    def __init__(self, module: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__(module, names)
        self.weight, self.bias = "weight" in names, "bias" in names
        scale = getattr(module, "scale", 1.0)
        self.scale = float(scale) if isinstance(scale, int | float) else 1.0
        self.flatly = isinstance(module, nn.Linear) or getattr(module, "affine", "") == "dense"

    def features(self, inputs: Tensor) -> Tensor:
        """The inputs of each position, (b, T, k)."""
        inputs = inputs if self.scale == 1 else self.scale * inputs
        if self.flatly:
            return inputs.reshape(len(inputs), -1, inputs.shape[-1])
        return _patches(self.module, inputs).mT

    def _rows(self, outputs: Tensor) -> Tensor:
        """(b, T, m)."""
        if self.flatly:
            return outputs.reshape(len(outputs), -1, outputs.shape[-1])
        return outputs.flatten(2).mT

    def _shaped(self, rows: Tensor, shape: torch.Size) -> Tensor:
        return (rows if self.flatly else rows.mT).reshape(shape)

    def _size(self, rows: Tensor) -> Tensor:
        """‖A_nᵀ eᵢ‖² of any output i, where there is one position: |a|² + 1, (b, 1)."""
        own = rows.square().sum(dim=2) if self.weight else torch.zeros_like(rows[:, :, 0])
        return own + (1.0 if self.bias else 0.0)

    def push(self, features: Tensor, r: Mapping[str, Tensor], shape: torch.Size) -> Tensor:
        found = features @ r["weight"].flatten(1).mT if self.weight else features.new_zeros(())
        found = found + r["bias"] if self.bias else found
        return self._shaped(found.expand(*features.shape[:2], found.shape[-1]), shape)

    def respond(self, features: Tensor, shape: torch.Size, signs: Signs) -> Response:
        if features.shape[1] == 1:
            return self._respond_once(features, shape, signs)
        rows, columns, shared, offset = self._flips(features, signs)
        flipped = features if columns is None else features * columns
        moved = flipped @ shared.mT if self.weight else features.new_zeros(*features.shape[:2], shared.shape[-2])
        moved = moved + offset if self.bias else moved
        moved = moved if rows is None else moved * rows

        def terms(image: Tensor) -> Named:
            back = self._rows(image) if rows is None else self._rows(image) * rows
            found = {}
            if self.weight:
                alike = back.mT @ flipped if rows is None else back.flatten(0, 1).mT @ flipped.flatten(0, 1)
                weight = shared * alike
                found["weight"] = (weight.sum(0) if rows is None else weight).reshape(self.shapes["weight"])
            return found | ({"bias": (offset * back.sum(1, keepdim=True)).sum((0, 1))} if self.bias else {})

        return Response(self._shaped(moved, shape), terms)

    def _flips(self, features: Tensor, signs: Signs) -> tuple[Tensor | None, Tensor | None, Tensor, Tensor]:
        """Signs of the parameters that are independent in any two examples, as (rows, columns, weight, bias).

        Small matrices are drawn for each example. Of large ones there is one for all, with rows and columns flipped
        anew for each example: any two of its entries then have independent signs in two examples, so that their forms
        are uncorrelated.
        """
        (_, t, k), m = features.shape, self.size // (features.shape[2] * self.weight + self.bias)
        if k * m <= t * (k + m):
            return None, None, signs.each(m, k), signs.each(1, m)
        return signs.each(1, m), signs.each(1, k), signs.shared(m, k), signs.shared(1, 1, m)

    def _respond_once(self, features: Tensor, shape: torch.Size, signs: Signs) -> Response:
        """With one position A Aᵀ is a multiple of the identity, so signs of the outputs do: fewer terms at random."""
        length, drawn = self._size(features).sqrt(), signs.each(math.prod(shape[1:]))
        moved = length * drawn

        def terms(image: Tensor) -> Named:
            # vᵢ (Hv)ᵢ / length² estimates Hᵢᵢ; where the length is 0 nothing was moved and nothing is added.
            own = drawn * image.reshape(moved.shape) / length.clamp_min(torch.finfo(length.dtype).tiny)
            return self._spread(own, features[:, 0])

        return Response(self._shaped(moved[:, None], shape), terms)

    def _spread(self, own: Tensor, features: Tensor) -> Named:
        """Σ_n own_n aₙ² for the weight and Σ_n own_n for the bias."""
        found = {"weight": (own.mT @ features.square()).reshape(self.shapes["weight"])} if self.weight else {}
        return found | ({"bias": own.sum(0)} if self.bias else {})

    def augmented(self, features: Tensor) -> Tensor:
        """The inputs (b, k) of the one position, with a one for the bias: their products are those of the A_nᵀ."""
        parts = [features[:, 0]] if self.weight else []
        return torch.cat([*parts, torch.ones_like(features[:, 0, :1])][: 1 + self.bias if self.weight else 1], dim=1)

    def of_augmented(self, mixed: Tensor) -> Named:
        """By name, what lies as (m, k + 1) beside the augmented inputs."""
        found = {"weight": mixed[:, : mixed.shape[1] - self.bias].reshape(self.shapes["weight"])} if self.weight else {}
        return found | ({"bias": mixed[:, -1]} if self.bias else {})

    def units(self, features: Tensor, curvature: Tensor) -> tuple[Tensor, Named]:
        """The form and the diagonal of A_nᵀ diag(h_n) A_n, h (b, m), where there is one position."""
        return (curvature.sum(1) * self._size(features)[:, 0]), self._spread(curvature, features[:, 0])

    def gradients(self, features: Tensor, delta: Tensor) -> Named:
        rows = self._rows(delta)
        return (self._products(rows, features) if self.weight else {}) | ({"bias": rows.sum(1)} if self.bias else {})

    def _products(self, rows: Tensor, features: Tensor) -> Named:
        # Of two orders of one product that with the longer rows last: with few channels the other is half as fast.
        short = features.shape[2] < rows.shape[2]
        found = (features.mT @ rows).mT if short else rows.mT @ features
        return {"weight": found.reshape(-1, *self.shapes["weight"])}

    def shared(self, features: Tensor) -> Tensor | None:
        return self.augmented(features) if features.shape[1] == 1 else None

    def squares(self, features: Tensor, delta: Tensor) -> Tensor:
        rows = self._rows(delta)
        (_, t, k), m = features.shape, rows.shape[2]
        if t == 1:
            return rows[:, 0].square().sum(1) * self._size(features)[:, 0]
        if self.weight and t * (k + m) > k * m:
            return super().squares(features, delta)
        alike = features @ features.mT if self.weight else features.new_zeros(())
        return ((alike + (1.0 if self.bias else 0.0)) * (rows @ rows.mT)).sum((1, 2))

    def diagonal(self, features: Tensor, delta: Tensor, weights: Tensor) -> Named:
        if features.shape[1] > 1:
            return super().diagonal(features, delta, weights)
        return self._spread(weights[:, None] * self._rows(delta)[:, 0].square(), features[:, 0])

    def pull(self, features: Tensor, delta: Tensor) -> Named:
        rows = self._rows(delta).flatten(0, 1)
        found = {"weight": (rows.mT @ features.flatten(0, 1)).reshape(self.shapes["weight"])} if self.weight else {}
        return found | ({"bias": rows.sum(0)} if self.bias else {})


def _patches(module: Any, inputs: Tensor) -> Tensor:
    """The patch of every output position, (b, k, T)."""
    if inputs.ndim == 3:  # in one dimension: an image of height 1
        sizes = [(1, own[0]) for own in (module.kernel_size, module.dilation, module.stride)]
        kernel, dilation, stride = sizes
        return nn.functional.unfold(inputs[:, :, None], kernel, dilation, (0, module.padding[0]), stride)
    return nn.functional.unfold(inputs, module.kernel_size, module.dilation, module.padding, module.stride)
