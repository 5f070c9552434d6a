"""What does this optimizer do? PyTorch's optimizers as the rules of this library, with what they remember.

A rule that is recognised can be checked: from the point, the full-batch gradient and the optimizer's memory it says
where the next step must lead, and the training loop shows where it led.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.training import Adam, GradientDescent, HeavyBall, Nesterov, RMSProp, Rule, WeightDecay

Options = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Recognised:
    """What the optimizer's settings say now.

    Attributes:
        name: of its class.
        rates: the learning rates of its groups of parameters, in order.
        rule: what it does, as a rule of this library; `None` where it is none of them.
        why: why there is no rule.
    """

    name: str
    rates: tuple[float, ...]
    rule: Rule | None
    why: str = ""

    @property
    def rate(self) -> float | None:
        """The one learning rate; `None` where groups differ."""
        return self.rates[0] if len(set(self.rates)) == 1 else None


@dataclasses.dataclass(frozen=True)
class Kind:
    """How one optimizer of PyTorch is understood.

    Attributes:
        rule: from the options of a group to the rule, without coupled decay.
        plain: options that must have these values for the rule to be right.
        memory: the rule's memory by the names of PyTorch's.
        decoupled: whether the rule itself takes up `weight_decay`.
    """

    rule: Callable[[Options], Rule]
    plain: Mapping[str, Any]
    memory: Mapping[str, str]
    decoupled: bool = False


def _sgd(options: Options) -> Rule:
    lr, momentum = float(options["lr"]), float(options["momentum"])
    if momentum == 0:
        return GradientDescent(lr)
    return Nesterov(lr, momentum) if options["nesterov"] else HeavyBall(lr, momentum)


def _adam(options: Options) -> Rule:
    beta1, beta2 = options["betas"]
    return Adam(float(options["lr"]), float(beta1), float(beta2), float(options["eps"]))


def _adamw(options: Options) -> Rule:
    return dataclasses.replace(_adam(options), decoupled=float(options["weight_decay"]))


def _rmsprop(options: Options) -> Rule:
    return RMSProp(float(options["lr"]), float(options["alpha"]), float(options["eps"]))


_ADAM = {"mean": "exp_avg", "square": "exp_avg_sq"}
KINDS: dict[type[Optimizer], Kind] = {
    torch.optim.SGD: Kind(_sgd, {"dampening": 0, "maximize": False}, {"momentum": "momentum_buffer"}),
    torch.optim.Adam: Kind(
        _adam, {"amsgrad": False, "maximize": False, "decoupled_weight_decay": False}, _ADAM
    ),
    torch.optim.AdamW: Kind(_adamw, {"amsgrad": False, "maximize": False}, _ADAM, decoupled=True),
    torch.optim.RMSprop: Kind(
        _rmsprop, {"momentum": 0, "centered": False, "maximize": False}, {"square": "square_avg"}
    ),
}  # fmt: skip
"""Exact classes only: a subclass may do anything."""


def recognised(optimizer: Optimizer) -> Recognised:
    """What the optimizer does with its settings as they are."""
    name, groups = type(optimizer).__name__, optimizer.param_groups
    rates = rates_of(optimizer)
    kind = KINDS.get(type(optimizer))
    if kind is None:
        known = ", ".join(made.__name__ for made in KINDS)
        return Recognised(name, rates, None, f"{name} is not among the optimizers known here ({known})")
    differing = _differing(groups)
    if differing:
        return Recognised(name, rates, None, f"its groups of parameters differ in {', '.join(differing)}")
    options = groups[0]
    unusual = [f"{key}={options[key]}" for key, value in kind.plain.items() if options.get(key, value) != value]
    if unusual:
        return Recognised(name, rates, None, f"{name} with {', '.join(unusual)} is no rule of this library")
    try:
        return Recognised(name, rates, _with_decay(kind, options))
    except BadInput as problem:
        return Recognised(name, rates, None, str(problem).rstrip("."))


def rates_of(optimizer: Optimizer) -> tuple[float, ...]:
    """The learning rate of each group; 1 where an optimizer has none."""
    return tuple(float(group.get("lr", 1.0)) for group in optimizer.param_groups)


def memory_of(optimizer: Optimizer, rule: Rule, model: nn.Module, point: Float[Tensor, "1 p"]) -> dict[str, Tensor]:
    """What the optimizer remembers, in the form of the rule: rows of one, zero where it has not begun."""
    names = layout(model)
    kind, parameters = KINDS[type(optimizer)], dict(model.named_parameters())
    memory = rule.init(point)
    states = {name: optimizer.state.get(parameters[name], {}) for name in names.names}
    for ours, theirs in kind.memory.items():
        if ours in memory:
            parts = {name: _part(states[name].get(theirs), parameters[name]) for name in names.names}
            memory[ours] = names.ravel(parts)[None].to(point)
    if "count" in memory:
        made = {name: float(state.get("step", 0)) for name, state in states.items()}
        counts = names.ravel({name: torch.full_like(parameters[name], count) for name, count in made.items()})
        memory["count"] = counts[None].to(memory["count"])
    return memory


def _part(value: Any, like: Tensor) -> Tensor:
    return value.detach() if isinstance(value, Tensor) else torch.zeros_like(like)


def _with_decay(kind: Kind, options: Options) -> Rule:
    rule, decay = kind.rule(options), float(options.get("weight_decay", 0.0))
    return rule if decay == 0 or kind.decoupled else WeightDecay(rule, decay)


def _differing(groups: list[dict[str, Any]]) -> list[str]:
    """Options in which groups differ; their names, and what only schedulers read, do not matter."""
    own = ("params", "param_names", "name", "initial_lr")
    keys = sorted({key for group in groups for key in group} - set(own))
    return [key for key in keys if any(group.get(key) != groups[0].get(key) for group in groups)]
