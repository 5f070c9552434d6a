"""The rules of embeddings and of any other layer, and which rule a layer gets."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vjp, vmap

from phenoscope.objective.layers.rules import Dense, Named, Response, Rule
from phenoscope.objective.layers.signs import Signs


class Lookup(Rule):
    """z_t = the row of the table that token t names: `nn.Embedding`."""

    def features(self, inputs: Tensor) -> Tensor:
        return inputs.reshape(len(inputs), -1)

    def _known(self, tokens: Tensor) -> Tensor:
        """Zero where the token stands for padding, whose row is never learned, (b, T, 1)."""
        padding = getattr(self.module, "padding_idx", None)
        return (tokens != (-1 if padding is None else padding))[..., None]

    def _into_table(self, tokens: Tensor, rows: Tensor) -> Named:
        table = rows.new_zeros(self.shapes["weight"])
        return {"weight": table.index_add_(0, tokens.reshape(-1), rows.reshape(-1, rows.shape[-1]))}

    def push(self, features: Tensor, r: Mapping[str, Tensor], shape: torch.Size) -> Tensor:
        return (r["weight"][features] * self._known(features)).reshape(shape)

    def respond(self, features: Tensor, shape: torch.Size, signs: Signs) -> Response:
        count, m = self.shapes["weight"]
        rows, own = signs.each(count), signs.each(1, m)  # flips, as in `Dense.respond`
        moved = signs.shared(count, m)[features] * rows.gather(1, features)[..., None] * own * self._known(features)

        def terms(image: Tensor) -> Named:
            return self._into_table(features, moved * image.reshape(moved.shape))

        return Response(moved.reshape(shape), terms)

    def _summed(self, features: Tensor, delta: Tensor) -> tuple[Tensor, Tensor]:
        """δ_t, and the sum of δ over all positions of the example with the same token, both (b, T, m)."""
        rows = delta.reshape(*features.shape, -1) * self._known(features)
        same = (features[:, :, None] == features[:, None, :]).to(rows.dtype)
        return rows, same @ rows

    def gradients(self, features: Tensor, delta: Tensor) -> Named:
        (b, _), (count, m) = features.shape, self.shapes["weight"]
        rows = delta.reshape(*features.shape, -1) * self._known(features)
        places = features + count * torch.arange(b, device=features.device)[:, None]
        table = rows.new_zeros(b * count, m).index_add_(0, places.reshape(-1), rows.reshape(-1, m))
        return {"weight": table.reshape(b, count, m)}

    def squares(self, features: Tensor, delta: Tensor) -> Tensor:
        rows, summed = self._summed(features, delta)
        return (rows * summed).sum((1, 2))

    def diagonal(self, features: Tensor, delta: Tensor, weights: Tensor) -> Named:
        rows, summed = self._summed(features, delta)
        return self._into_table(features, weights[:, None, None] * rows * summed)

    def pull(self, features: Tensor, delta: Tensor) -> Named:
        return self._into_table(features, delta.reshape(*features.shape, -1) * self._known(features))


class Mapped(Rule):
    """Any other layer, evaluated for each example with parameters of its own: scales of normalisation layers, say."""

    def features(self, inputs: Tensor) -> Tensor:
        return inputs

    def _response(self, r: Mapping[str, Tensor], one: Tensor) -> Tensor:
        """A r of one example: what the parameters add to the output without them."""
        nothing = {name: torch.zeros_like(value) for name, value in r.items()}
        moved, still = (functional_call(self.module, dict(value), (one[None],)) for value in (r, nothing))
        return (moved - still)[0]

    def push(self, features: Tensor, r: Mapping[str, Tensor], shape: torch.Size) -> Tensor:
        return vmap(self._response, in_dims=(None, 0))(dict(r), features).reshape(shape)

    def respond(self, features: Tensor, shape: torch.Size, signs: Signs) -> Response:
        r = {name: signs.each(*own) for name, own in self.shapes.items()}
        moved = vmap(self._response)(r, features)

        def terms(image: Tensor) -> Named:
            return {name: (r[name] * g).sum(0) for name, g in self.gradients(features, image).items()}

        return Response(moved.reshape(shape), terms)

    def gradients(self, features: Tensor, delta: Tensor) -> Named:
        origin = {name: delta.new_zeros(shape) for name, shape in self.shapes.items()}

        def one(inputs: Tensor, seed: Tensor) -> Any:
            outputs, back, *_ = vjp(lambda r: self._response(r, inputs), origin)
            return back(seed.reshape(outputs.shape))[0]

        return vmap(one)(features, delta)


def rule_of(module: nn.Module, names: tuple[str, ...]) -> Rule:
    """The cheapest rule for a layer of this kind."""
    declared = getattr(module, "affine", "") in ("dense", "convolution")  # another's layer that says what it is
    if declared or (isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d) and _patched(module)):
        return Dense(module, names)
    return Lookup(module, names) if isinstance(module, nn.Embedding) else Mapped(module, names)


def _patched(module: nn.Module) -> bool:
    """Whether the layer is linear in the patches that `unfold` cuts out."""
    if isinstance(module, nn.Linear):
        return True
    plain = getattr(module, "groups", 1) == 1 and getattr(module, "padding_mode", "zeros") == "zeros"
    return plain and not isinstance(getattr(module, "padding", 0), str)
