"""What is to be watched: checked before the first step, and described."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn
from torch.optim import Optimizer

from phenoscope.core.errors import BadInput
from phenoscope.engine.environment import environment
from phenoscope.objective import Buffers, Objective
from phenoscope.probes import BatchSharpness, GradientNorm, Loss, Probe, Sharpness, series_units
from phenoscope.store import WatchedFolder, rule_name
from phenoscope.training import rule_settings
from phenoscope.training.dividing import inner
from phenoscope.watching.listening import Watch, now
from phenoscope.watching.moments import at_rest
from phenoscope.watching.optimizers import recognised

DEFAULT: tuple[Probe, ...] = (Loss(every=20), GradientNorm(every=20), Sharpness(every=100))
"""What is read unless the caller says otherwise: seldom enough for most trainings."""


def watch(
    model: nn.Module,
    loss: Any,
    data: Any,
    optimizer: Any,
    *,
    run: str | Path,
    probes: Sequence[Probe] = DEFAULT,
    batch_size: int | None = None,
    buffers: Buffers = "running",
    denominator: Any = None,
    group: Any = None,
    overwrite: bool = False,
) -> Watch:
    """Watch a training loop of your own: `with ps.watch(...):` around it, and nothing else changes.

    Before each update the probes that are due measure the model with a loss of their own, on the data given here (a
    fixed set), never `.grad`, which may be clipped, accumulated or scaled. The model is measured without dropout and
    without mixed precision, and left as found. What is measured goes to the folder `run`; `ps.diagnose(run)` judges it.

    Args:
        model: that is trained; compiled and data-parallel wrappers are looked through.
        loss: (outputs, targets) -> scalar, as for `Objective`.
        data: a fixed set: a pair of tensors, a Dataset, a DataLoader or any re-iterable of (input, target). All
            training data, if the run is to be judged by claims on full-batch training; else `ps.freeze(loader, n)`.
        optimizer: of torch.optim, one; its `step` is listened to.
        run: the folder for what is measured.
        probes: such as `ps.probes.Sharpness(every=20)`; each says what it costs.
        batch_size: examples at a time in measuring, as for `Objective`.
        buffers: what normalisation layers use: "running" statistics or those of each "batch", as for `Objective`.
        denominator: what the loss divides by where it cannot be known, as for `Objective`.
        group: of `torch.distributed`, where every process trains and `data` are its part only: they measure together
            what one process with all the data would, and the first of them writes it down.
        overwrite: replace a watched run that is there already.

    Raises:
        BadInput: a loss that draws at random, data that are empty, an optimizer of another model, a folder in use.

    Example:
        >>> import tempfile, torch
        >>> model = torch.nn.Linear(2, 1)
        >>> x, y = torch.randn(8, 2), torch.randn(8, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> with watch(model, torch.nn.MSELoss(), (x, y), optimizer, run=tempfile.mkdtemp()) as watched:
        ...     for _ in range(3):
        ...         optimizer.zero_grad()
        ...         torch.nn.functional.mse_loss(model(x), y).backward()
        ...         optimizer.step()
        >>> watched.step
        3
    """
    chosen, listened, plain = tuple(probes), inner(optimizer), _unwrapped(model)
    series_units(chosen)  # refuses what is not a probe, and two that write one series
    _refuse_unknown_batch(chosen)
    trained = _trained(plain, listened)
    with at_rest(plain):
        objective = Objective(plain, loss, data, batch_size, buffers=buffers, denominator=denominator, group=group)
        kind = objective.loss_kind
    seen = recognised(listened)
    about = {
        "model": type(plain).__name__,
        "parameters": objective.point.numel(),
        "parameters_not_in_optimizer": objective.point.numel() - trained,
        "optimizer": seen.name,
        "rule": None if seen.rule is None else rule_name(seen.rule),
        "rule_why": seen.why,
        "loss": _name(loss),
        "loss_kind": kind,
        "examples": sum(objective.partition),
        "batches": len(objective.partition),
        "processes": objective.processes.count,
        "weighting": objective.weighting,
        "probes": [repr(probe) for probe in chosen],
        "series": series_units(chosen),
    }
    numbers = {} if seen.rule is None else rule_settings(seen.rule)
    folder = WatchedFolder(Path(run), {"created": now(), "environment": environment(), "watched": about}, numbers)
    return Watch(objective, listened, chosen, folder, overwrite=overwrite)


def _refuse_unknown_batch(probes: Sequence[Probe]) -> None:
    """A watch sees steps, not batches: what depends on their size has to be told before the first of them."""
    if any(isinstance(probe, BatchSharpness) and probe.batch is None for probe in probes):
        raise BadInput(
            "how many examples your loop takes a step cannot be seen from its optimizer. Say it, as in "
            "`ps.probes.BatchSharpness(batch=32)`."
        )


def _unwrapped(model: nn.Module) -> nn.Module:
    """The module inside `torch.compile` and data-parallel wrappers: the same parameters, measured directly."""
    compiled = getattr(model, "_orig_mod", None)
    if isinstance(compiled, nn.Module):
        return _unwrapped(compiled)
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return _unwrapped(model.module)
    return model


def _trained(model: nn.Module, optimizer: Optimizer) -> int:
    """How many of the model's trainable numbers the optimizer updates."""
    own = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    found = [value for value in model.parameters() if value.requires_grad]
    count = sum(value.numel() for value in found if id(value) in own)
    if not count:
        raise BadInput(
            "the optimizer updates no trainable parameter of this model. Make it from `model.parameters()` of the "
            "model that you pass, after moving the model to its device."
        )
    coarse = sorted({str(value.dtype).removeprefix("torch.") for value in found if value.dtype.itemsize < 4})
    if coarse:
        raise BadInput(
            f"the parameters are {', '.join(coarse)}, too coarse for curvatures. Keep them in float32 and use autocast."
        )
    return count


def _name(loss: Any) -> str:
    return str(getattr(loss, "__name__", type(loss).__name__))
