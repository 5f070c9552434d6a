"""What an adaptive rule divides by: its preconditioner now, and the effective curvature that it bears."""

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.theory import adam_threshold, rmsprop_threshold
from phenoscope.training.rules import Adam, AmplifiedNoise, Clipped, RMSProp, Rule
from phenoscope.training.schedules import rate_at
from phenoscope.training.sight import Memory


def preconditioner(rule: Rule, memory: Memory) -> Float[Tensor, "n p"] | None:
    """P of θ' = θ - η P⁻¹ m, as the rule's last update left it: sqrt(v) + ε, with Adam's bias correction.

    Args:
        rule: one for all rows.
        memory: the rule's, rows (n, p).

    Returns:
        (n, p), positive; `None` for rules that have none, coupled decay among them, and before the first update.
    """
    if isinstance(rule, Clipped | AmplifiedNoise):
        return preconditioner(rule.of, memory)
    if isinstance(rule, Adam):
        count = memory["count"].to(memory["square"])
        if not bool((count > 0).all()):
            return None
        return (memory["square"] / (1 - rule.beta2**count)).sqrt() + rule.epsilon
    if isinstance(rule, RMSProp):
        square = memory["square"]
        return None if not bool(square.any()) else square.sqrt() + rule.epsilon
    return None


def effective_threshold(rule: Rule, step: int) -> float | None:
    """The largest eigenvalue of P⁻¹H that the rule bears at a step, with P held fixed; `None` where it has no P.

    Source: Cohen et al. 2022, Adaptive gradient methods at the edge of stability, arXiv:2207.14484.
    """
    if isinstance(rule, Clipped | AmplifiedNoise):
        return effective_threshold(rule.of, step)
    if isinstance(rule, Adam):
        return adam_threshold(rate_at(rule.lr, step), rule.beta1, decay=rule.decoupled, decoupled=True)
    if isinstance(rule, RMSProp):
        return rmsprop_threshold(rate_at(rule.lr, step))
    return None


def preconditioners(rules: tuple[Rule, ...], memory: Memory) -> Float[Tensor, "n p"] | None:
    """The preconditioner of each row of a cohort, by its own rule; `None` unless all have one."""
    rows = [
        preconditioner(rule, {name: value[i : i + 1] for name, value in memory.items()}) for i, rule in enumerate(rules)
    ]
    found = [row for row in rows if row is not None]
    return torch.cat(found) if found and len(found) == len(rows) else None
