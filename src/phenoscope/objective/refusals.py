"""What an objective refuses, in which words."""

import hashlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.objective.batches import tensors
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


def unmeasurable(model: nn.Module) -> None:
    """Refuse modules whose parameters cannot be passed in, or whose derivatives are not those of vectors."""
    if isinstance(model, nn.DataParallel | torch.jit.ScriptModule):
        inside = "`model.module`" if isinstance(model, nn.DataParallel) else "the module that it was made of"
        raise BadInput(f"a {type(model).__name__} cannot be evaluated at other parameters than its own. Pass {inside}.")
    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding | nn.EmbeddingBag) and (module.sparse or module.max_norm is not None):
            option, mend = ("sparse", "False") if module.sparse else ("max_norm", "None")
            raise BadInput(
                f"the embedding {name or 'itself'} is set to `{option}={getattr(module, option)}`, which allows no "
                f"second derivatives. Set `.{option} = {mend}` on a copy: the loss is the same"
                + ("." if option == "sparse" else " once its rows are no longer than that.")
            )


def no_outputs(inputs: Any, dtype: torch.dtype, problem: Exception) -> BadInput:
    """What to say where a model cannot be evaluated on its inputs."""
    return BadInput(
        f"the model cannot be evaluated on the data: {_first(problem)}. The inputs are {_told(inputs)}, the parameters "
        f"{_name(dtype)}. Try `model(inputs)` on one batch; where dtypes differ, convert either with `.to(...)`."
    )


def no_loss(outputs: Tensor, targets: Any, problem: Exception) -> BadInput:
    """What to say where a loss cannot be evaluated on what the model gives."""
    return BadInput(
        f"the loss cannot be evaluated on the data: {_first(problem)}. The outputs are {_told(outputs)}, the targets "
        f"{_told(targets)}. Classes are integers, from 0 to one less than there are outputs; for other losses both "
        "have one dtype and shape."
    )


def _first(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0].rstrip(".")


def _told(value: Any) -> str:
    found = [f"{_name(part.dtype)} of shape {tuple(part.shape)}" for part in tensors(value)]
    return " and ".join(found) or f"a {type(value).__name__}"


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


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


def weighed_by(name: str, others: Sequence[str]) -> None:
    """Refuse a denominator where a batch adds up by others."""
    if others:
        raise BadInput(
            f"weighed by {name}, the losses of two pieces of a batch do not make up the loss of the batch, and so "
            f"batches would not make up the data; weighed by {' or by '.join(others)} they do. Pass "
            f"`denominator='{others[0]}'`, or none where the loss is one of PyTorch's."
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
