"""The flow through a network: what passes from its inputs to its outputs when nothing is subtracted anywhere.

All that adds (biases, means) is left out, weights are not negative, every input is 1, and what bends or normalises
lets through what it gets: then each output is the sum, over all paths from the inputs, of the products of the weights
on the way. A weight on no path has no part in it.
"""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from phenoscope.core.errors import BadInput
from phenoscope.instruments.symmetries.tracing import guessed
from phenoscope.objective.batches import Batch

BENDING = (
    *("relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "elu", "elu_", "selu", "selu_", "celu", "gelu", "silu"),
    *("mish", "softplus", "tanh", "tanh_", "sigmoid", "sigmoid_", "erf", "hardtanh", "hardsigmoid", "hardswish"),
)
POINTWISE = {getattr(place, name) for place in (torch, functional, Tensor) for name in BENDING if hasattr(place, name)}
"""On inputs that are not negative these keep the order; as identities they let pass what rectifiers let pass."""
OVER_CHANNELS = {functional.batch_norm, functional.group_norm, functional.instance_norm}
OVER_LAST = {functional.layer_norm, functional.rms_norm}
POOLING: dict[Callable[..., Any], Callable[..., Tensor]] = {
    torch.max_pool1d: functional.avg_pool1d,
    torch.max_pool2d: functional.avg_pool2d,
    torch.max_pool3d: functional.avg_pool3d,
}


class _Passing(TorchFunctionMode):
    """While it is entered, what bends and what normalises lets through what it gets, up to its gain.

    Args:
        every: whether pooling lets all of a window through, and not only what is largest there.
    """

    def __init__(self, *, every: bool) -> None:
        super().__init__()
        self._every = every

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        if func in POINTWISE:
            return args[0] if args else named["input"]
        if func in OVER_CHANNELS | OVER_LAST:
            given = args[0] if args else named["input"]
            weight = named.get("weight", _positional_gain(func, args))
            return given if weight is None else given * _beside(weight, given, over_channels=func in OVER_CHANNELS)
        if func is functional.embedding:  # whichever of its rows is looked up: each has its part
            places, table = args[:2] if len(args) > 1 else (named["input"], named["weight"])
            return table.mean(dim=0).expand(*places.shape, -1)
        if self._every and func in POOLING:
            size, stride, padding, _, ceil_mode = _pooling(args, named)
            return POOLING[func](args[0] if args else named["input"], size, stride, padding, ceil_mode)
        return func(*args, **named)


def flow(
    model: nn.Module, weights: Mapping[str, Tensor], inputs: Any, *, power: int = 1, paths: bool = False
) -> dict[str, Tensor]:
    """The derivatives of the sum R of all outputs of the flow of one example, by each of the given weights.

    Args:
        model: one that is `still`.
        weights: by name, not negative; other tensors, such as gains, count by their size, and biases not at all.
        inputs: arguments of a call for one example; whatever is a fraction is replaced by 1.
        power: of the sizes of the others.
        paths: for a derivative that is 0 where there is no path, and only there: all paths through a maximum count, not
            only those that win, all other tensors let through what they get, and inputs are not all alike.

    Raises:
        BadInput: outputs that are no tensor, or not finite.
    """
    held = {name: value.detach().double().requires_grad_() for name, value in weights.items()}
    others = {
        name: torch.zeros_like(value) if _adds(name) else value.detach().abs() ** (0 if paths else power)
        for name, value in model.named_parameters()
        if name not in held
    }
    with torch.enable_grad(), _Passing(every=paths):
        outputs = functional_call(model, {**others, **held}, *_replaced(inputs, _unlike if paths else _ones))
    outputs = getattr(outputs, "logits", outputs)
    if not isinstance(outputs, Tensor):
        raise BadInput(f"the flow needs a model that returns a tensor, got a {type(outputs).__name__}. Wrap it.")
    total = outputs.sum()
    if not math.isfinite(total.item()):
        raise BadInput(
            "the flow through the model is not finite: something in it takes infinities apart, as masks of attention "
            "do, or there are too many layers. Choose a method that does not follow paths."
        )
    slopes = torch.autograd.grad(total, list(held.values()), allow_unused=True) if total.requires_grad else ()
    found = dict(zip(held, slopes, strict=True)) if slopes else dict.fromkeys(held)
    return {
        name: torch.zeros_like(value) if found[name] is None else found[name]  # type: ignore[misc]
        for name, value in held.items()
    }


def still(model: nn.Module) -> nn.Module:
    """A copy in float64 and in evaluation mode."""
    return copy.deepcopy(model).eval().double()


def example_of(model: nn.Module, inputs: Any = None, batch: Batch | None = None) -> Any:
    """Arguments of a call for one example.

    Args:
        model: that takes it.
        inputs: the shape of one example, or inputs of a call; `None` leaves it to the batch, or to a guess.
        batch: of data that the model is scored on.

    Raises:
        BadInput: nothing is given, and no input was found that the model takes.
    """
    if isinstance(inputs, tuple) and inputs and all(isinstance(side, int) for side in inputs):
        floating = next(parameter for parameter in model.parameters() if parameter.is_floating_point())
        return (torch.ones(1, *inputs, device=floating.device, dtype=floating.dtype),)
    given = inputs if inputs is not None else None if batch is None else batch[0]
    if given is None:
        return _one(_guess(model))
    return _one(given if isinstance(given, dict | tuple | list) else (given,))


def _guess(model: nn.Module) -> Any:
    try:
        return guessed(model)
    except BadInput:
        raise BadInput(
            "no input was found that the model takes, so that its paths cannot be followed. Pass `inputs=`, the shape "
            "of one example such as (3, 32, 32), or `data=`."
        ) from None


def _one(arguments: Any) -> Any:
    if isinstance(arguments, dict):
        return {name: _first(value) for name, value in arguments.items()}
    return tuple(_first(value) for value in arguments)


def _first(value: Any) -> Any:
    return value[:1] if isinstance(value, Tensor) and value.ndim else value


def _replaced(arguments: Any, by: Callable[[Tensor], Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments, by position and by name, with other numbers for every fraction."""
    if isinstance(arguments, dict):
        return (), {name: _fraction(value, by) for name, value in arguments.items()}
    return tuple(_fraction(value, by) for value in arguments), {}


def _fraction(value: Any, by: Callable[[Tensor], Tensor]) -> Any:
    return by(value) if isinstance(value, Tensor) and value.is_floating_point() else value


def _ones(value: Tensor) -> Tensor:
    return torch.ones_like(value, dtype=torch.float64)


def _unlike(value: Tensor) -> Tensor:
    """Numbers around 1, so that nothing is lost where a module compares them with each other."""
    return unlike(value.shape).to(value.device)


def unlike(shape: Sequence[int]) -> Tensor:
    """Always the same numbers between 0.5 and 1.5, no two alike, in float64."""
    return 0.5 + torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _adds(name: str) -> bool:
    return "bias" in name.rpartition(".")[2]


def _positional_gain(func: Callable[..., Any], args: Sequence[Any]) -> Tensor | None:
    place = 3 if func in (functional.batch_norm, functional.instance_norm) else 2
    return args[place] if len(args) > place else None


def _beside(weight: Tensor, given: Tensor, *, over_channels: bool) -> Tensor:
    return weight.reshape(-1, *(1,) * (given.ndim - 2)) if over_channels else weight


def _pooling(args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Any, ...]:
    defaults = {"kernel_size": None, "stride": None, "padding": 0, "dilation": 1, "ceil_mode": False}
    placed = dict(zip(defaults, args[1:], strict=False))
    return tuple(({**defaults, **placed, **{k: v for k, v in named.items() if k in defaults}}).values())
