"""One batch's part of a curvature matrix: the graph is built here, products run backwards through it."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective.batches import Batch, length, take
from phenoscope.objective.evaluation.network import Network, Rows
from phenoscope.objective.evaluation.rounding import largest_of
from phenoscope.objective.operators import Piece
from phenoscope.objective.weighting import Weighting

BATCHED_WORK = 500_000
"""Below this many parameters x examples x networks, k vectors at once are faster than one after the other: the
interpreter's time dominates there, the arithmetic above (`benchmarks/products.py`)."""


BATCHES = "products of several vectors"
"""What is noted of a network for which they fail."""


def gradient_piece(network: Network, points: Tensor, by: Weighting, rows: Rows, batch: Batch) -> Piece:
    """Loss and gradient of one batch, with no graph left behind and so no products."""
    found = network.gradients(points, batch, rows)
    if found is None:
        leaf = points.detach().requires_grad_()
        outputs, losses = _forward(network, leaf, batch, rows)
        found = outputs, losses.detach(), _slope(losses, leaf, graph=False)
    outputs, losses, gradient = found
    return Piece(_weight(by, outputs, batch, rows), losses, gradient, _no_products)


def _forward(network: Network, leaf: Tensor, batch: Batch, rows: Rows, *, twice: bool = False) -> tuple[Tensor, Tensor]:
    """Outputs and losses, with the graph to the point that everything else is a derivative along."""
    outputs, losses = network.forward(leaf, batch, rows, twice=twice)
    if not outputs.requires_grad:
        raise BadInput(
            "the outputs have no derivatives in the parameters: nothing of them is in their graph. Is the forward pass "
            "under `torch.no_grad()`, are outputs detached, or are no trainable parameters used?"
        )
    return outputs, losses


def hessian_piece(network: Network, points: Tensor, by: Weighting, rows: Rows, batch: Batch) -> Piece:
    """The gradient's graph, built once; a product is one more pass backwards through it."""
    leaf = points.detach().requires_grad_()
    outputs, losses = _forward(network, leaf, batch, rows, twice=True)
    gradient = _slope(losses, leaf, graph=True)
    batched = _batched(network, leaf, batch, rows)

    def multiply(block: Tensor) -> Tensor:
        return _pull(gradient, leaf, block.transpose(0, 1), batched=batched).transpose(0, 1)

    return Piece(_weight(by, outputs, batch, rows), losses.detach(), gradient.detach(), multiply, largest_of(outputs))


def third_piece(
    network: Network, points: Tensor, by: Weighting, rows: Rows, batch: Batch, *, left: Tensor, right: Tensor
) -> Piece:
    """In place of the loss uᵀHv, and of the gradient its slope: the third derivative along u and v, each (n, p)."""
    leaf = points.detach().requires_grad_()
    outputs, losses = _forward(network, leaf, batch, rows, twice=True)
    product = _slope(_slope(losses, leaf, graph=True) * right, leaf, graph=True)
    forms = (product * left).sum(dim=1)
    return Piece(_weight(by, outputs, batch, rows), forms.detach(), _slope(forms, leaf, graph=False), _no_products)


def gauss_newton_piece(network: Network, points: Tensor, by: Weighting, rows: Rows, batch: Batch) -> Piece:
    """Jᵀ C J with C the loss's second derivative in the outputs."""
    leaf = points.detach().requires_grad_()
    outputs, _ = _forward(network, leaf, batch, rows)
    cut = outputs.detach().requires_grad_()
    losses = network.losses(cut, batch[1], rows)
    slope = _slope(losses, cut, graph=True)
    gradient = _pull(outputs, leaf, slope.detach()[None], batched=None)[0]
    batched = _batched(network, leaf, batch, rows)

    def curved(pushed: Tensor) -> Tensor:
        return _pull(slope, cut, pushed, batched=batched)

    multiply = _sandwich(outputs, leaf, curved, batched=batched)
    return Piece(_weight(by, outputs, batch, rows), losses.detach(), gradient.detach(), multiply, largest_of(outputs))


def empirical_fisher_piece(network: Network, points: Tensor, by: Weighting, rows: Rows, batch: Batch) -> Piece:
    """Σ wᵢ gᵢgᵢᵀ / Σ wᵢ over the examples, gᵢ = Jᵢᵀ sᵢ with sᵢ the derivative of an example's loss in its outputs."""
    if rows != "one":
        raise BadInput(f"the gradients of single examples are measured one network at a time, got {len(points)}.")
    leaf = points.detach().requires_grad_()
    outputs, losses = _forward(network, leaf, batch, rows)
    slopes, weights = example_slopes(network, outputs.detach(), batch[1], by)
    shares = weights / by.divisor(float(weights.sum()))
    shares = shares.reshape(-1, *[1] * (outputs.ndim - 1))
    batched = _batched(network, leaf, batch, rows)
    gradient = _pull(outputs, leaf, (shares * slopes)[None], batched=None)[0]

    def curved(pushed: Tensor) -> Tensor:
        along = (slopes * pushed).reshape(len(pushed), len(outputs), -1).sum(dim=2)
        return shares * slopes * along.reshape(*along.shape, *[1] * (outputs.ndim - 1))

    multiply = _sandwich(outputs, leaf, curved, batched=batched)
    return Piece(_weight(by, outputs, batch, rows), losses.detach(), gradient.detach(), multiply, largest_of(outputs))


def example_slopes(network: Network, outputs: Tensor, targets: Any, by: Weighting) -> tuple[Tensor, Tensor]:
    """The derivative of each example's own loss in its outputs (b, ...), and its weight (b,) in the batch's loss.

    An example is an entry of the first axis of outputs and targets; one that is ignored has weight 0.
    """
    count = len(outputs)
    if length((outputs, targets)) != count or count == 0:
        raise BadInput(
            f"a matrix of single examples needs as many targets as outputs along the first axis, got "
            f"{length((outputs, targets))} and {count}."
        )
    weights = outputs.new_tensor([by.of(*take((outputs, targets), i, i + 1)) for i in range(count)])
    cut = outputs.requires_grad_()
    counted = _single_losses(network, cut, targets)[weights > 0]
    return _slope(counted, cut, graph=False), weights


def _single_losses(network: Network, outputs: Tensor, targets: Any) -> Tensor:
    """The loss of each example by itself, (b,)."""
    if isinstance(targets, Tensor):
        with contextlib.suppress(RuntimeError):  # a loss that looks at values cannot be mapped over examples
            return torch.func.vmap(network.value)(outputs[:, None], targets[:, None])
    return torch.stack([network.value(*take((outputs, targets), i, i + 1)) for i in range(len(outputs))])


def _sandwich(
    outputs: Tensor, leaf: Tensor, curved: Callable[[Tensor], Tensor], *, batched: set[str] | None
) -> Callable[[Tensor], Tensor]:
    """Products with Jᵀ C J: J v by differentiating u -> Jᵀu twice, then C, then Jᵀ; three passes a product."""
    dummy = torch.zeros_like(outputs, requires_grad=True)
    pulled = _slope((outputs * dummy).sum(), leaf, graph=True)

    def multiply(block: Tensor) -> Tensor:
        pushed = _pull(pulled, dummy, block.transpose(0, 1), batched=batched)
        return _pull(outputs, leaf, curved(pushed), batched=batched).transpose(0, 1)

    return multiply


PIECES: dict[str, Callable[..., Piece]] = {
    "hessian": hessian_piece,
    "gauss_newton": gauss_newton_piece,
    "fisher": gauss_newton_piece,
    "empirical_fisher": empirical_fisher_piece,
    "gradient_covariance": empirical_fisher_piece,
}


def _slope(values: Tensor, leaf: Tensor, *, graph: bool) -> Tensor:
    """The derivative of the sum of some values, which need not depend on the leaf at all."""
    if not values.requires_grad:
        return torch.zeros_like(leaf)
    with _in_words():
        (found,) = torch.autograd.grad(values.sum(), leaf, create_graph=graph, materialize_grads=True)
    if graph:
        _refuse_once_differentiable(found)
    return found


def _refuse_once_differentiable(gradient: Tensor) -> None:
    """A function that can be differentiated only once leaves a gap in the gradient's graph; PyTorch counts it as zero.

    The product would be wrong without a word, so the graph is looked through for the mark of such a gap.
    """
    todo, seen = [gradient.grad_fn], set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node.name() == "torch::autograd::Error":
            raise BadInput(
                "the model or loss has an operation that can be differentiated only once (a custom function marked "
                "`once_differentiable`), so its second derivatives would silently count as zero. Write its backward "
                "pass with differentiable operations, or replace it."
            )
        todo += [following for following, _ in node.next_functions]


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """What PyTorch raises where an operation has no second derivative, said as what to do."""
    try:
        yield
    except RuntimeError as problem:
        if "donated buffers" in str(problem) or "double backward" in str(problem):
            raise BadInput(
                "the model is compiled, and compiled graphs have no second derivatives. Pass the module it was made "
                "of, `model._orig_mod`, which has the same parameters."
            ) from problem
        if "derivative for" in str(problem) and "not implemented" in str(problem):
            told = str(problem).rstrip(".")
            raise BadInput(
                f"the model or loss has an operation without a second derivative: {told}. Replace it by others; loss "
                "and gradient can be measured as it is."
            ) from problem
        raise


def _pull(end: Tensor, leaf: Tensor, seeds: Tensor, *, batched: set[str] | None) -> Tensor:
    """The vector-Jacobian products of the graph from `leaf` to `end` with k seeds, stacked along the first axis."""
    if not end.requires_grad:
        return seeds.new_zeros(len(seeds), *leaf.shape)

    def pull(seed: Tensor, *, many: bool) -> Tensor:
        (grad,) = torch.autograd.grad(end, leaf, seed, retain_graph=True, materialize_grads=True, is_grads_batched=many)
        return grad

    if batched is not None and BATCHES not in batched and len(seeds) > 1:
        try:
            return pull(seeds, many=True)
        except RuntimeError:  # some second derivatives (of GroupNorm under vmap) allow no batches
            batched.add(BATCHES)
    with _in_words():
        pulled = [pull(seed, many=False) for seed in seeds]
    return pulled[0][None] if len(pulled) == 1 else torch.stack(pulled)


def _weight(by: Weighting, outputs: Tensor, batch: Batch, rows: Rows) -> float:
    if rows == "one":
        return by.of(outputs.detach(), batch[1])
    return by.of(outputs.detach()[0], batch[1][0] if rows == "own data" else batch[1])


def _batched(network: Network, points: Tensor, batch: Batch, rows: Rows) -> set[str] | None:
    """Where it is noted if several vectors at once do not work; `None` if they are not to be tried."""
    examples = batch[1].shape[1] if rows == "own data" else length(batch)
    return network.failed if points.numel() * examples <= BATCHED_WORK else None


def _no_products(block: Tensor) -> Tensor:
    raise AssertionError("this piece was built without a graph")
