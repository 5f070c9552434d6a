"""What an objective refuses, in which words."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective.processes import Processes

OF_EXAMPLES = ("empirical_fisher", "gradient_covariance")
"""The matrices that are made of the gradients of single examples."""


class NotFinite(BadInput):
    """A value at some point is nan or infinite."""


def finite(value: Tensor, what: str) -> Tensor:
    """The value, if all of it is finite."""
    if torch.isfinite(value).all():
        return value
    raise NotFinite(
        f"the {what} is not finite at this point (nan or infinity came). Check the inputs and targets, or go to a "
        "point from before training diverged."
    )


def different(first: Tensor, second: Tensor, dtype: torch.dtype) -> None:
    """Refuse a loss that was evaluated twice at the same point, with two results."""
    if (first - second).abs() > 100 * torch.finfo(dtype).eps * (first.abs() + second.abs()):
        raise BadInput(
            f"the loss differs between two evaluations at the same point ({first:.6g} and {second:.6g}), so it has "
            "no curvature to measure. If the model draws at random (dropout), call `model.eval()`; if the loader "
            "augments, shuffles with dropped batches or samples, pass `ps.freeze(loader, n)` as the data."
        )


def drawing(names: Sequence[str]) -> None:
    """Refuse a model that drew at random, be it that two evaluations happened to agree."""
    if names:
        raise BadInput(
            f"{', '.join(names)} draws at random in training mode, so the loss is another one at each evaluation. Call "
            "`model.eval()` first; normalisation layers follow `buffers` in either mode."
        )


def reached(names: Sequence[str]) -> None:
    """Refuse a loss that reads parameters of the model in another way than through its forward pass."""
    if names:
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        raise BadInput(
            f"{shown} would count as constants: the loss reads them past the model's forward pass, or a module from "
            "where it keeps them a second time (a list, say). Make the loss a function of outputs and targets, with a "
            "penalty as one of the outputs, and let modules read parameters as their attributes."
        )


def mingled(*, apart: bool) -> None:
    """Refuse several batches of a model whose outputs for an example depend on those that it comes with."""
    if not apart:
        raise BadInput(
            "the model's outputs for an example depend on the others in its batch, so the loss of all data depends on "
            "how they are cut. Pass them as one batch, or, where each batch is a unit of its own (a graph, say), say "
            "what to weigh it by, for example `denominator='targets'`."
        )


def unfit(which: str, loss_kind: str, *, splittable: bool, is_sum: bool = False) -> None:
    """Refuse a matrix that a loss does not have."""
    if which == "gradient_covariance" and is_sum:
        raise BadInput(
            "the covariance of the gradients of single examples needs a loss that is a mean over them, and this one is "
            "a sum. Use reduction='mean': the gradients of its examples are the same."
        )
    if which == "fisher" and loss_kind == "other":
        raise BadInput(
            "the true Fisher matrix needs the model's predictive distribution, and this loss is neither a "
            "cross-entropy of logits nor a squared error. Use kind='empirical' or the Gauss-Newton matrix."
        )
    if which in OF_EXAMPLES and not splittable:
        raise BadInput(
            "the gradients of single examples need a loss that adds up over examples; here they depend on each "
            "other (batch statistics, examples that the model compares, or a loss of the batch as a whole). Choose "
            "`buffers='running'`, if it is normalisation."
        )


def another_axis(separable: bool) -> None:
    """Refuse to choose examples where they are not the entries of the first axis."""
    if not separable:
        raise BadInput(
            "parts of the data need examples along the first axis of inputs and targets; here a batch in two pieces "
            "has another loss than as a whole. Put the batch first, or split the data before."
        )


def joined(splittable: bool, separable: bool) -> None:
    """Refuse to take the examples of a loss one by one where it is not made of theirs."""
    unfit("empirical_fisher", "other", splittable=splittable)
    another_axis(separable)


def other_networks(processes: Processes, weighting: str, point: Tensor) -> None:
    """All processes must measure one network, with one loss."""
    if processes.count > 1:
        processes.agreed(weighting, "what the loss divides by")
        processes.agreed(hashlib.sha256(point.cpu().numpy().tobytes()).hexdigest()[:12], "the digest of the parameters")


def shape(point: Tensor, size: int) -> None:
    """Refuse what is no point of a model with `size` trainable parameters."""
    if point.shape != (size,):
        raise BadInput(
            f"a point of this model is one flat vector of {size} entries (trainable parameters, tied ones once), got "
            f"shape {tuple(point.shape)}."
        )
