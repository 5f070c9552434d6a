"""Models by name."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Generator, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.models.cnn import CNN
from phenoscope.models.linear import DeepLinear
from phenoscope.models.mlp import MLP
from phenoscope.models.uniform import UniformMLP


@runtime_checkable
class Architecture(Protocol):
    """A spec of a network: everything but the shapes of the data and the parameters' values."""

    def build(
        self, generator: Generator, *, inputs: tuple[int, ...], outputs: int, dtype: torch.dtype = ...
    ) -> nn.Module:
        """The network for these shapes, with parameters drawn from the generator."""
        ...


MODELS: dict[str, Callable[..., Architecture]] = {
    "mlp": MLP,
    "uniform_mlp": UniformMLP,
    "cnn": CNN,
    "deep_linear": DeepLinear,
}
"""What makes each model's spec, given its options."""


def model(name: str, /, **options: Any) -> Architecture:
    """The model of this name with its options; no parameters are drawn yet.

    Example:
        >>> model("mlp", widths=(50,))
        MLP(widths=(50,), activation='tanh', bias=True, init='lecun', init_scale=1.0, parametrisation='standard')
    """
    one_of("the name of a model", name, MODELS)
    try:
        return MODELS[name](**options)
    except TypeError as problem:
        raise BadInput(f"the model {name!r} cannot be made from the options {sorted(options)}: {problem}.") from problem
