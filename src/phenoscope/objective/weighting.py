"""How the losses of batches make up the loss of all data: weighted by the loss's own denominator.

A mean over examples, over tokens or over targets that are not ignored divides by something else each time; a
plain average over batches is wrong as soon as the last one is ragged. The denominator is known for the common
losses of PyTorch; for any other function it is found by taking one batch apart and seeing what adds up.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from phenoscope.core.errors import BadInput
from phenoscope.objective.batches import Batch, length, take

Denominator = Callable[[Tensor, Any], float]
Name = Literal["examples", "targets", "elements", "sum"]


@dataclasses.dataclass(frozen=True)
class Weighting:
    """The weight of a batch in the total, and how it was found.

    Attributes:
        name: what the loss divides by.
        of: (outputs, targets) -> the denominator of that batch; 1 for a sum.
        is_sum: the losses of the batches add up, with no division.
    """

    name: str
    of: Denominator
    is_sum: bool = False

    def divisor(self, total: float) -> float:
        """What the weighted losses of batches, of this weight in all, are divided by: that, and 1 for a sum."""
        return 1.0 if self.is_sum else total


def examples(outputs: Tensor, targets: Any) -> float:
    return float(length((outputs, targets)))


def elements(outputs: Tensor, targets: Any) -> float:
    """Entries of the difference between outputs and targets, broadcast as PyTorch does."""
    if not isinstance(targets, Tensor):
        return float(outputs.numel())
    try:
        return float(torch.broadcast_shapes(outputs.shape, targets.shape).numel())
    except RuntimeError:  # no difference can be formed, so neither can a mean over one
        return float(outputs.numel())


def of_matching(of: Denominator, outputs: Tensor, targets: Any) -> float:
    """The denominator of a loss that compares entry by entry, where each has its own to be compared with."""
    if isinstance(targets, Tensor) and elements(outputs, targets) > max(outputs.numel(), targets.numel()):
        raise BadInput(
            f"outputs of shape {tuple(outputs.shape)} and targets of shape {tuple(targets.shape)} would be compared "
            "each with each. Give them one shape, for example with `targets[:, None]` or `outputs.squeeze(-1)`."
        )
    return of(outputs, targets)


def kept_targets(outputs: Tensor, targets: Any, *, ignore_index: int = -100, weight: Tensor | None = None) -> float:
    """The targets that are not ignored, each counted with its class weight; class probabilities count by position."""
    if not isinstance(targets, Tensor):
        return examples(outputs, targets)
    if targets.is_floating_point():
        return float(targets.numel() if targets.ndim < 2 else targets.numel() // targets.shape[1])
    kept = targets[targets != ignore_index]
    return float(kept.numel() if weight is None else weight.to(kept.device)[kept].sum())


BY_NAME: dict[str, Weighting] = {
    "examples": Weighting("examples", examples),
    "targets": Weighting("targets", kept_targets),
    "elements": Weighting("elements", elements),
    "sum": Weighting("sum", lambda outputs, targets: 1.0, is_sum=True),
}
WHOLE = Weighting("whole", lambda outputs, targets: 1.0)
CLASSES = Weighting("targets", lambda outputs, targets: float((targets >= 0).sum()))
"""Of a share of examples whose targets are classes (n,), by those that are not below 0 and so ignored."""

_ELEMENTWISE = (
    *(nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.BCELoss, nn.BCEWithLogitsLoss),
    *(functional.mse_loss, functional.l1_loss, functional.smooth_l1_loss, functional.huber_loss),
    *(functional.binary_cross_entropy, functional.binary_cross_entropy_with_logits),
)
_CLASSIFYING = (nn.CrossEntropyLoss, nn.NLLLoss, functional.cross_entropy, functional.nll_loss)
_NORMALISED = (functional.mse_loss, functional.l1_loss, functional.huber_loss)  # divide by their `weight`, if given


def known_weighting(loss: Any, denominator: Name | Denominator | None) -> Weighting | None:
    """The weighting the caller asks for or the loss is known to have; `None` where it must be found out."""
    asked = denominator if denominator is not None else getattr(loss, "denominator", None)
    if isinstance(asked, str):
        if asked not in BY_NAME:
            raise BadInput(f"`denominator` must be one of {', '.join(BY_NAME)} or a function, got {asked!r}.")
        return BY_NAME[asked]
    if callable(asked):
        return Weighting("given", cast(Denominator, asked))
    kind, options = _kind(loss)
    unusual = {"size_average", "reduce", "weight" if kind in _NORMALISED else "reduce"} & options.keys()
    if kind not in (*_ELEMENTWISE, *_CLASSIFYING) or unusual:
        return None
    summed = options.get("reduction") == "sum"
    if kind in _ELEMENTWISE:
        by = BY_NAME["sum" if summed else "elements"]
        return dataclasses.replace(by, of=functools.partial(of_matching, by.of))
    if summed:
        return BY_NAME["sum"]
    ignored, weight = options.get("ignore_index", -100), options.get("weight")
    return Weighting("targets", functools.partial(kept_targets, ignore_index=ignored, weight=weight))


def scores_classes(loss: Any) -> bool:
    """Whether it is one of PyTorch's losses of class scores, which may have places (n, classes, places) as well."""
    return _kind(loss)[0] in _CLASSIFYING


def _kind(loss: Any) -> tuple[Any, dict[str, Any]]:
    """The class or function a loss is, and its options; a subclass is a class of its own, which may do anything."""
    if isinstance(loss, nn.Module):
        return type(loss), {name: getattr(loss, name, None) for name in ("reduction", "ignore_index", "weight")}
    if isinstance(loss, functools.partial):
        return (None, {}) if loss.args else (loss.func, dict(loss.keywords))
    return loss, {}


def found_weighting(
    value: Callable[[Tensor, Any], Tensor], seen: Iterable[tuple[Tensor, Any]], *, rtol: float, alone: bool = False
) -> Weighting:
    """Find the denominator of an unknown loss by cutting batches in two and seeing what adds up.

    Args:
        value: the loss of outputs and targets.
        seen: outputs and targets of every batch.
        rtol: how closely the parts must add up to the whole.
        alone: whether there is one batch only, which may then count as a whole.

    Raises:
        BadInput: when nothing adds up (the loss compares examples with each other, say), or when several
            denominators do although their totals would differ.
    """
    candidates = dict(BY_NAME)
    weights: dict[str, list[float]] = {name: [] for name in candidates}
    for outputs, targets in seen:
        for name, weighting in candidates.items():
            weights[name].append(weighting.of(outputs, targets))
        candidates = {
            name: weighting
            for name, weighting in candidates.items()
            if _adds_up(value, outputs, targets, weighting, rtol=rtol)
        }
    if not candidates and alone:
        return WHOLE
    if not candidates:
        raise BadInput(
            "the loss of a batch is neither a sum nor a mean over its examples, targets or elements, so the losses of "
            "several batches make no total. Pass all data as one batch, or say what to weigh by: "
            "`denominator='examples' | 'targets' | 'elements' | 'sum'` or a function of (outputs, targets)."
        )
    first = next(iter(candidates))
    shares = {name: torch.tensor(weights[name], dtype=torch.float64) for name in candidates}
    means = [share / share.sum() for name, share in shares.items() if not candidates[name].is_sum]
    differ = any(not torch.allclose(share, means[0], rtol=1e-9) for share in means)
    ambiguous = differ or (len(means) < len(shares) and len(shares) > 1)
    if ambiguous and alone:
        return WHOLE
    if ambiguous:
        raise BadInput(
            f"by these batches alone the loss could divide by {' or by '.join(shares)}, and the totals would differ. "
            f"Say which it is: `denominator='{first}'`, for example."
        )
    return candidates[first]


def rather(
    value: Callable[[Tensor, Any], Tensor], outputs: Tensor, targets: Any, by: Weighting, *, rtol: float
) -> list[str]:
    """The denominators by which the pieces of a batch add up, if by the one given they do not."""
    if by is WHOLE or _adds_up(value, outputs, targets, by, rtol=rtol):
        return []
    return [name for name, other in BY_NAME.items() if _adds_up(value, outputs, targets, other, rtol=rtol)]


def _adds_up(value: Callable[..., Tensor], outputs: Tensor, targets: Any, by: Weighting, *, rtol: float) -> bool:
    count = length((outputs, targets))
    if count < 2:
        return True
    cut = max(1, count // 3)
    parts: list[Batch] = [take((outputs, targets), 0, cut), take((outputs, targets), cut, count)]
    sizes = [by.of(*part) for part in parts]
    if min(sizes) == 0:
        return True
    whole = value(outputs, targets).double() * by.of(outputs, targets)
    try:
        pieces = torch.stack([value(*part) for part in parts]).double()
    except (RuntimeError, ValueError, IndexError):  # made for batches of this size only, so it cannot add up
        return False
    total = torch.dot(torch.tensor(sizes, dtype=torch.float64, device=pieces.device), pieces)
    return bool((total - whole).abs() <= rtol * (pieces.abs().sum() * max(sizes) + 1e-300))
