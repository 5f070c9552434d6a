"""A model evaluated at parameters that are not its own, one network at a time or many as rows.

The model is never changed: parameters and buffers are passed in, modes and random states are restored.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from phenoscope.core.errors import BadInput
from phenoscope.core.points import Layout, layout
from phenoscope.objective.batches import Batch
from phenoscope.objective.evaluation.activations import ACTIVATIONS
from phenoscope.objective.evaluation.checkpoints import without_checkpoints
from phenoscope.objective.evaluation.composites import COMPOSITE, weight_normalised
from phenoscope.objective.evaluation.convolutions import CONVOLUTIONS
from phenoscope.objective.evaluation.dense_rows import Stack, agrees, stack_of
from phenoscope.objective.evaluation.expanded import ORIGIN, Linearised
from phenoscope.objective.evaluation.precise import precise
from phenoscope.objective.evaluation.replaced import Replaced
from phenoscope.objective.randomness import preserved_randomness

Buffers = Literal["running", "batch", "refuse"]
"""Normalisation layers use their running statistics, those of each batch, or are refused."""
Rows = Literal["one", "shared data", "own data"]
"""One network; or many as rows, which see the same batch or each its own (inputs and targets with a leading axis)."""
Loss = Callable[[Tensor, Any], Tensor]

_Normalisation = nn.modules.batchnorm._NormBase  # BatchNorm and InstanceNorm, lazy and synchronised ones included


class Network:
    """Model and loss as functions of named parameters.

    Args:
        model: any module whose forward pass gives a tensor (or an object with `.logits`).
        loss: (outputs, targets) -> scalar.
        buffers: how normalisation layers with running statistics act: `"running"` uses the statistics as
            stored, `"batch"` those of each batch (stored ones stay as they were), `"refuse"` raises.
        exact: whether cross-entropies are evaluated in float64; training keeps to the precision of its networks.
        draws: whether model, loss or data may draw at random, so that the random states must be put back; that
            takes longer than a step of a small network.

    Modules act in the modes in which they are now, whatever is done to the model later; normalisation by `buffers`.
    """

    def __init__(
        self, model: nn.Module, loss: Loss, *, buffers: Buffers = "running", draws: bool = True, exact: bool = False
    ) -> None:
        if not callable(loss):
            raise BadInput(f"the loss must be a function of (outputs, targets), got a {type(loss).__name__}.")
        if buffers not in ("running", "batch", "refuse"):
            raise BadInput(f"`buffers` must be 'running', 'batch' or 'refuse', got {buffers!r}.")
        self.model = model
        self.loss = loss
        self.scored: Loss = precise(loss) if exact else loss
        self.exact = exact
        self.buffers: Buffers = buffers
        self._draws = draws
        self.layout: Layout = layout(model)
        # Every place of a tied parameter, found once: torch would look for them at each evaluation.
        first_names = {id(value): name for name, value in model.named_parameters() if value.requires_grad}
        places = [*_places(model, lambda module: module.named_parameters(recurse=False, remove_duplicate=False))]
        self._names = {name: first_names[id(value)] for name, value in places if id(value) in first_names}
        self._composite = weight_normalised(model)
        self._expansion = model if isinstance(model, Linearised) else None
        self._stack = stack_of(model) if self._expansion is None else self._expansion.stack
        self._tried = False
        self.failed: set[str] = set()  # ways of doing many things at once that are not tried again
        self.convolves = any(isinstance(module, nn.modules.conv._ConvNd) for module in model.modules())
        self._normalisation = _checked_normalisation(model, buffers)
        self._modes = self._own_modes([module.training for module in model.modules()])
        self._writes: bool | None = None  # to buffers: told by the first evaluation
        first = next(p for p in model.parameters() if p.requires_grad)
        self.dtype, self.device = first.dtype, first.device
        mixed = {p.dtype for p in model.parameters() if p.requires_grad}
        if len(mixed) > 1:
            raise BadInput(
                f"the trainable parameters have several dtypes ({', '.join(sorted(map(str, mixed)))}), so they make "
                "no single vector. Convert the model with `.to(torch.float32)` or `.double()` first."
            )

    def like(
        self, model: nn.Module | None = None, *, loss: Loss | None = None, buffers: Buffers | None = None
    ) -> "Network":
        """Another model, loss or policy in place of this one's; a model of as many modules takes their modes over."""
        made = Network(model or self.model, loss or self.loss, buffers=buffers or self.buffers, exact=self.exact)
        if len(made._modes) == len(self._modes):
            made._modes, made._writes = made._own_modes([mode for _, mode in self._modes]), self._writes
        return made

    def _own_modes(self, modes: Sequence[bool]) -> tuple[tuple[nn.Module, bool], ...]:
        """Every module with its mode in an evaluation: as given, but that of normalisation layers is by `buffers`."""
        ruled = {id(module) for module in self._normalisation}
        given = zip(self.model.modules(), modes, strict=True)
        return tuple((module, self.buffers == "batch" if id(module) in ruled else mode) for module, mode in given)

    @property
    def normalises(self) -> bool:
        """Whether layers keep running statistics."""
        return bool(self._normalisation)

    @property
    def batch_dependent(self) -> bool:
        """Whether an example's output depends on the others in its batch, so that a batch must not be split."""
        return self.buffers == "batch" and any(isinstance(m, _Normalisation) for m in self.model.modules())

    def outputs(self, parameters: Mapping[str, Tensor], inputs: Any) -> Tensor:
        """The model's outputs for one batch, differentiable in the parameters."""
        copies = self._buffer_copies()
        values = {name: parameters[first] for name, first in self._names.items()} | copies
        if self._expansion is not None and ORIGIN in parameters:
            values[ORIGIN] = parameters[ORIGIN]
            copies.pop(ORIGIN, None)
        result = functional_call(self.model, values, *arguments(inputs), tie_weights=False)
        if self._writes is None:  # what a module put in the place of a buffer, `functional_call` leaves in `values`
            self._writes = any(values[name] is not copy or copy._version > 0 for name, copy in copies.items())
        result = getattr(result, "logits", result)
        if not isinstance(result, Tensor):
            raise BadInput(
                f"the model must return a tensor or an object with `.logits`, got a {type(result).__name__}. "
                "Wrap it in a module that picks the part the loss needs."
            )
        return result

    def value(self, outputs: Tensor, targets: Any) -> Tensor:
        """The loss of one batch as a scalar tensor."""
        value = self.scored(outputs, targets)
        if not isinstance(value, Tensor) or value.ndim != 0:
            came = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
            raise BadInput(
                f"the loss must be a scalar tensor, got {came}. "
                "Reduce over the batch first, for example with `.mean()`."
            )
        return value

    def forward(
        self, points: Float[Tensor, "n p"], batch: Batch, rows: Rows, *, twice: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Outputs and losses (n,) of the networks at n points, differentiable in the points.

        With `rows="one"` the outputs are those of the single network; else they have a leading axis of n. What is to
        be differentiated twice keeps the derivatives of its activations.
        """
        inputs, targets = batch
        stack = self._direct(points, inputs, rows)
        if stack is not None:
            outputs = _single(stack.forward(points, _rowed(inputs, rows), own=rows != "shared data"), rows)
        elif rows == "one":
            others = (CONVOLUTIONS if self.convolves else {}) | (ACTIVATIONS if twice else {})
            with Replaced(others) if others else contextlib.nullcontext():
                outputs = self.outputs(self.layout.unravel(points.squeeze(0)), inputs)
        else:
            outputs = self._mapped(points, inputs, rows)
        return outputs, self.losses(outputs, targets, rows)

    def gradients(
        self, points: Float[Tensor, "n p"], batch: Batch, rows: Rows
    ) -> tuple[Tensor, Tensor, Float[Tensor, "n p"]] | None:
        """Outputs, losses (n,) and their gradients, layer by layer and with no graph through all of them.

        `None` for networks that are not known to be dense layers, and for single ones that are not expanded.
        """
        inputs, targets = batch
        stack = self._direct(points, inputs, rows)
        if stack is None:
            return None
        outputs, losses, found = stack.gradients(
            points, _rowed(inputs, rows), lambda made: self._slopes(made, targets, rows), own=rows != "shared data"
        )
        return _single(outputs, rows), losses, found

    def losses(self, outputs: Tensor, targets: Any, rows: Rows) -> Float[Tensor, " n"]:
        """Of n networks, from their outputs, (n, b, ...) or a single one's."""
        if rows == "one":
            return self.value(outputs, targets)[None]
        each = getattr(self.loss, "each", None)
        if each is not None and rows == "own data":
            return each(outputs, targets)
        return vmap(self.value, in_dims=(0, 0 if rows == "own data" else None))(outputs, targets)

    def _slopes(self, outputs: Tensor, targets: Any, rows: Rows) -> tuple[Tensor, Tensor]:
        """The losses of n networks, (n,), and their derivatives in the outputs (n, b, ...)."""
        slopes = None if self.exact else getattr(self.loss, "slopes", None)
        if slopes is not None and rows != "shared data":
            return slopes(outputs, _rowed(targets, rows))
        cut = outputs.detach().requires_grad_()
        losses = self.losses(_single(cut, rows), targets, rows)
        if not losses.requires_grad:  # it does not depend on what the networks say
            return losses, torch.zeros_like(outputs)
        return losses.detach(), torch.autograd.grad(losses.sum(), cut)[0]

    def _mapped(self, points: Float[Tensor, "n p"], inputs: Any, rows: Rows) -> Tensor:
        """The outputs of many networks, (n, b, ...), by mapping one over them."""
        parameters = self.layout.unravel(points)
        if self._expansion is not None:
            parameters |= {ORIGIN: self._expansion.origin_of(points)}
        return vmap(self.outputs, in_dims=(0, 0 if rows == "own data" else None))(parameters, inputs)

    def _direct(self, points: Tensor, inputs: Any, rows: Rows) -> Stack | None:
        """The layers, where one evaluation in both ways has shown that they are all there is.

        A run that was resumed tries them again, and has the same bits. Single networks go their own way unless they are
        expanded.
        """
        if self._stack is None or not isinstance(inputs, Tensor) or (rows == "one" and self._expansion is None):
            return None
        if not self._tried:
            with torch.no_grad(), contextlib.suppress(RuntimeError):  # of shapes that do not fit: in another order
                at, given = self._trial(points.detach()), _rowed(inputs, rows)
                mapped = self._mapped(at, given, "own data" if rows == "one" else rows)
                self._tried = agrees(self._stack.forward(at, given, own=rows != "shared data"), mapped)
            self._stack = self._stack if self._tried else None
        return self._stack

    def _trial(self, points: Tensor) -> Tensor:
        """Where both ways are tried: expansions at random points, since where they begin nothing has moved."""
        if self._expansion is None:
            return points
        return torch.randn(points.shape, generator=torch.Generator().manual_seed(0)).to(points)

    @contextlib.contextmanager
    def evaluation(self) -> Iterator[None]:
        """Modes as the policy asks, attention and weights with right derivatives, all as found afterwards."""
        if torch.is_inference_mode_enabled():
            raise BadInput(
                "there are no derivatives under `torch.inference_mode()`: all of them would be zero. Measure outside "
                "of it; `torch.no_grad()` does no harm."
            )
        if self._tried and not self._draws:  # dense layers alone have no modes, and no attention
            with torch.enable_grad():
                yield
            return
        changed = [(module, mode) for module, mode in self._modes if module.training != mode]
        fastpath = torch.backends.mha.get_fastpath_enabled()
        try:
            for module, mode in changed:
                module.training = mode
            torch.backends.mha.set_fastpath_enabled(False)
            randomness = preserved_randomness() if self._draws else contextlib.nullcontext()
            composite = Replaced(COMPOSITE) if self._composite else contextlib.nullcontext()
            with randomness, composite, without_checkpoints(), sdpa_kernel(SDPBackend.MATH), torch.enable_grad():
                yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fastpath)
            for module, mode in changed:
                module.training = not mode

    def _buffer_copies(self) -> dict[str, Tensor]:
        """Fresh copies where a forward pass may write to buffers (it did, or layers are in training mode), or none."""
        if self._writes is False and not any(module.training for module, _ in self._modes):
            return {}
        copies = {id(buffer): buffer.clone() for buffer in self.model.buffers()}
        places = _places(self.model, lambda module: module.named_buffers(recurse=False, remove_duplicate=False))
        return {name: copies[id(buffer)] for name, buffer in places}


def _places(model: nn.Module, own: Callable[[nn.Module], Iterable[tuple[str, Tensor]]]) -> Iterator[tuple[str, Tensor]]:
    """Where tensors lie, each place once: a module that stands in a model twice has one place under several names.

    `functional_call` puts back what it found at each name in turn; the second name would find the replacement.
    """
    for prefix, module in model.named_modules():
        for name, value in own(module):
            yield f"{prefix}.{name}" if prefix else name, value


def _rowed(part: Any, rows: Rows) -> Any:
    """Inputs or targets as rows of networks have them: a single one's with an axis of 1."""
    return part[None] if rows == "one" else part


def _single(outputs: Tensor, rows: Rows) -> Tensor:
    """Outputs (n, b, ...) of rows of networks, a single one's without the axis."""
    return outputs[0] if rows == "one" else outputs


def arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The inputs of a batch as a model takes them: by position and by name."""
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    if isinstance(inputs, list | tuple):
        return tuple(inputs), {}
    return (inputs,), {}


def _checked_normalisation(model: nn.Module, buffers: Buffers) -> tuple[nn.Module, ...]:
    found = {name: module for name, module in model.named_modules() if isinstance(module, _Normalisation)}
    batch = nn.modules.batchnorm._BatchNorm
    tracked = {name: module for name, module in found.items() if module.track_running_stats}
    if buffers == "refuse" and tracked:
        raise BadInput(
            f"the layers {', '.join(tracked)} keep running statistics, which `buffers='refuse'` does not allow. "
            "Choose `buffers='running'` (as stored) or `buffers='batch'` (of each batch)."
        )
    untracked = [n for n, module in found.items() if isinstance(module, batch) and not module.track_running_stats]
    if untracked and buffers != "batch":
        raise BadInput(
            f"the layers {', '.join(untracked)} keep no running statistics, so the loss depends on how the data are "
            "cut into batches. Choose `buffers='batch'`: the partition is then recorded."
        )
    return tuple(tracked.values())
