"""What does this optimizer divide each parameter's step by? From its own state, parameter by parameter."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.objective import Objective

State = Mapping[str, Any]
Options = Mapping[str, Any]


def _adam(state: State, options: Options) -> Tensor:
    square = state["max_exp_avg_sq" if options.get("amsgrad") else "exp_avg_sq"]
    return (square / (1 - float(options["betas"][1]) ** float(state["step"]))).sqrt()


def _rmsprop(state: State, options: Options) -> Tensor:
    square = state["square_avg"]
    return (square.addcmul(state["grad_avg"], state["grad_avg"], value=-1) if options["centered"] else square).sqrt()


def _adagrad(state: State, options: Options) -> Tensor:
    return state["sum"].sqrt()


ROOTS: dict[type[Optimizer], Callable[[State, Options], Tensor]] = {
    torch.optim.Adam: _adam,
    torch.optim.AdamW: _adam,
    torch.optim.NAdam: _adam,
    torch.optim.RMSprop: _rmsprop,
    torch.optim.Adagrad: _adagrad,
}
"""What stands beside ε in the divisor. Momentum, decay, rates and the sign of the step are outside of it. Exact classes
only: a subclass may do anything.
"""


def divided(
    optimizer: Optimizer, model: nn.Module, gradient: Float[Tensor, " p"]
) -> tuple[Float[Tensor, " p"] | None, str]:
    """P of θ' = θ - η P⁻¹ m as the last step left it, or `None` and why.

    A parameter that has no gradient, as one that the loss does not use, never moves: its P is as large as can be.

    Args:
        optimizer: on that model.
        model: whose trainable parameters are meant.
        gradient: of the loss, to tell such parameters from those that wait for their first step.
    """
    root = ROOTS.get(type(optimizer))
    if root is None:
        known = ", ".join(made.__name__ for made in ROOTS)
        return None, f"it has none, or one that is not read here. Pass one of {known}."
    names, options = layout(model), {id(held): group for group in optimizer.param_groups for held in group["params"]}
    parameters = {name: model.get_parameter(name) for name in names.names}
    missing = [name for name, parameter in parameters.items() if id(parameter) not in options]
    if missing:
        return None, f"it does not train {', '.join(missing)}. Set `requires_grad_(False)` on what is not trained."
    slopes, found = names.unravel(gradient), {}
    for name, parameter in parameters.items():
        state, group = optimizer.state.get(parameter, {}), options[id(parameter)]
        if float(state.get("step", 0)) > 0:
            found[name] = root(state, group).detach() + float(group["eps"])
        elif bool(slopes[name].any()):
            return None, f"it has made no step yet with {name}. Ask again after the next one."
        else:
            found[name] = torch.full_like(parameter, torch.finfo(parameter.dtype).max)
    return names.ravel(found).to(gradient), ""


def divisor(objective: Objective, optimizer: Optimizer | Any) -> Float[Tensor, " p"]:
    """P of an optimizer on the objective's model, as its last step left it.

    Raises:
        BadInput: an optimizer without a preconditioner, one that has not made a step, or one of a part of the model.
    """
    own = inner(optimizer)
    found, why = divided(own, objective.model, objective.gradient())
    if found is None:
        raise BadInput(f"the preconditioner of {type(own).__name__} is not known: {why}")
    return found


def inner(optimizer: Any) -> Optimizer:
    """The optimizer of PyTorch that something is, or wraps as `.optimizer` (as trainers' own optimizers do)."""
    for candidate in (optimizer, getattr(optimizer, "optimizer", None)):
        if isinstance(candidate, Optimizer):
            return candidate
    raise BadInput(
        f"the optimizer must be one of torch.optim (or wrap one as `.optimizer`), got a {type(optimizer).__name__}. "
        "A watch listens to its step; watch one optimizer at a time."
    )
