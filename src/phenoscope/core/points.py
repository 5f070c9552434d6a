"""Parameters as one flat vector, and back.

A *point* is the vector of a model's trainable parameters, shape (p,); several points are a matrix (n, p), one
row a network. A `Layout` knows the names and shapes in between. Parameters that are tied appear once; frozen
ones (`requires_grad=False`) are not part of the point.
"""

import dataclasses
import fnmatch
import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from phenoscope.core.errors import BadInput


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where each parameter lies in the point: names and shapes, in the model's own order."""

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(math.prod(shape) for shape in self.shapes)

    @property
    def size(self) -> int:
        """p, the number of trainable parameters."""
        return sum(self.sizes)

    def unravel(self, points: Float[Tensor, "*rows p"]) -> dict[str, Tensor]:
        """The named parameters at a point (p,), or with a leading axis of rows at points (n, p)."""
        if points.shape[-1] != self.size:
            raise BadInput(
                f"a point of this model has {self.size} entries, got shape {tuple(points.shape)}. "
                "Only trainable parameters count, tied ones once."
            )
        rows = points.shape[:-1]
        parts = points.split(self.sizes, dim=-1)
        return {
            name: part.reshape((*rows, *shape))
            for name, shape, part in zip(self.names, self.shapes, parts, strict=True)
        }

    def ravel(self, parameters: Mapping[str, Tensor], *, rows: int = 0) -> Tensor:
        """The point (p,) of named parameters; with `rows` leading axes kept, the points (n, p)."""
        return torch.cat([flattened(parameters[name], rows) for name in self.names], dim=-1)

    def fitting(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """The names that fit one of the patterns, as in a shell; each pattern must fit some."""
        for pattern in patterns or ("",):
            if not any(fnmatch.fnmatchcase(name, pattern) for name in self.names):
                raise BadInput(f"no trainable parameter's name fits {pattern!r}. There are {', '.join(self.names)}.")
        return tuple(name for name in self.names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns))

    def chosen(self, patterns: Sequence[str]) -> Bool[Tensor, " p"]:
        """Which coordinates belong to parameters whose names fit one of the patterns, as in a shell."""
        fitting = self.fitting(patterns)
        fits = [name in fitting for name in self.names]
        return torch.tensor(fits).repeat_interleave(torch.tensor(self.sizes))


def flattened(part: Shaped[Tensor, "*shape"], rows: int) -> Tensor:
    """All axes but the first `rows` as one; a single number's has length 1, too."""
    return part.flatten(start_dim=rows) if part.ndim > rows else part[..., None]


def layout(model: nn.Module) -> Layout:
    """The layout of a model's trainable parameters."""
    if not isinstance(model, nn.Module):
        raise BadInput(f"the model must be a torch.nn.Module, got a {type(model).__name__}.")
    lazy = [name for name, value in model.named_parameters() if nn.parameter.is_lazy(value)]
    if lazy:
        raise BadInput(
            f"{', '.join(lazy)} of the model have no shape yet. Call the model on one batch of inputs first."
        )
    named = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    if not named:
        raise BadInput(
            "the model has no trainable parameter. Set `requires_grad=True` on those that should make up the point."
        )
    return Layout(tuple(name for name, _ in named), tuple(tuple(value.shape) for _, value in named))


def point(model: nn.Module) -> Float[Tensor, " p"]:
    """The model's trainable parameters as one detached flat vector (a copy)."""
    parameters = dict(model.named_parameters())
    return layout(model).ravel({name: value.detach() for name, value in parameters.items()})


def write(point: Float[Tensor, " p"], model: nn.Module) -> None:
    """Set the model's trainable parameters to a point."""
    with torch.no_grad():
        for name, value in layout(model).unravel(point).items():
            model.get_parameter(name).copy_(value)
