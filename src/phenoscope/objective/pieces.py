"""One batch's part of a curvature matrix: the graph is built here, products run backwards through it."""

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective.batches import Batch, length
from phenoscope.objective.network import Network, Rows
from phenoscope.objective.operators import Piece
from phenoscope.objective.weighting import Weighting

BATCHED_WORK = 500_000
"""Below this many parameters x examples x networks, k vectors at once are faster than one after the other: the
interpreter's time dominates there, the arithmetic above (`benchmarks/products.py`)."""


def gradient_piece(network: Network, points: Tensor, by: Weighting, rows: Rows, batch: Batch) -> Piece:
    """Loss and gradient of one batch, with no graph left behind and so no products."""
    leaf = points.detach().requires_grad_()
    outputs, losses = network.forward(leaf, batch, rows)
    gradient = _slope(losses, leaf, graph=False)
    return Piece(_weight(by, outputs, batch, rows), losses.detach(), gradient, _no_products)


def hessian_piece(network: Network, points: Tensor, by: Weighting, rows: Rows, batch: Batch) -> Piece:
    """The gradient's graph, built once; a product is one more pass backwards through it."""
    leaf = points.detach().requires_grad_()
    outputs, losses = network.forward(leaf, batch, rows)
    gradient = _slope(losses, leaf, graph=True)
    batched = _batched(leaf, batch, rows)

    def multiply(block: Tensor) -> Tensor:
        return _pull(gradient, leaf, block.transpose(0, 1), batched=batched).transpose(0, 1)

    return Piece(_weight(by, outputs, batch, rows), losses.detach(), gradient.detach(), multiply)


def gauss_newton_piece(network: Network, points: Tensor, by: Weighting, rows: Rows, batch: Batch) -> Piece:
    """J v by differentiating u -> Jᵀu twice, then the loss's second derivative, then Jᵀ: three passes a product."""
    leaf = points.detach().requires_grad_()
    outputs, _ = network.forward(leaf, batch, rows)
    cut = outputs.detach().requires_grad_()
    losses = _losses(network, cut, batch[1], rows)
    slope = _slope(losses, cut, graph=True)
    gradient = _pull(outputs, leaf, slope.detach()[None], batched=False)[0]
    dummy = torch.zeros_like(outputs, requires_grad=True)
    pulled = _slope((outputs * dummy).sum(), leaf, graph=True)
    batched = _batched(leaf, batch, rows)

    def multiply(block: Tensor) -> Tensor:
        pushed = _pull(pulled, dummy, block.transpose(0, 1), batched=batched)
        curved = _pull(slope, cut, pushed, batched=batched)
        return _pull(outputs, leaf, curved, batched=batched).transpose(0, 1)

    return Piece(_weight(by, outputs, batch, rows), losses.detach(), gradient.detach(), multiply)


PIECES: dict[str, Callable[..., Piece]] = {"hessian": hessian_piece, "gauss_newton": gauss_newton_piece}


def _slope(values: Tensor, leaf: Tensor, *, graph: bool) -> Tensor:
    """The derivative of the sum of some values, which need not depend on the leaf at all."""
    if not values.requires_grad:
        return torch.zeros_like(leaf)
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


def _pull(end: Tensor, leaf: Tensor, seeds: Tensor, *, batched: bool) -> Tensor:
    """The vector-Jacobian products of the graph from `leaf` to `end` with k seeds, stacked along the first axis."""
    if not end.requires_grad:
        return seeds.new_zeros(len(seeds), *leaf.shape)

    def pull(seed: Tensor, *, many: bool) -> Tensor:
        (grad,) = torch.autograd.grad(end, leaf, seed, retain_graph=True, materialize_grads=True, is_grads_batched=many)
        return grad

    if batched and len(seeds) > 1:
        with contextlib.suppress(RuntimeError):  # some second derivatives (of GroupNorm under vmap) allow no batches
            return pull(seeds, many=True)
    return torch.stack([pull(seed, many=False) for seed in seeds])


def _losses(network: Network, outputs: Tensor, targets: Any, rows: Rows) -> Tensor:
    if rows == "one":
        return network.value(outputs, targets)[None]
    return torch.func.vmap(network.value, in_dims=(0, 0 if rows == "own data" else None))(outputs, targets)


def _weight(by: Weighting, outputs: Tensor, batch: Batch, rows: Rows) -> float:
    if rows == "one":
        return by.of(outputs.detach(), batch[1])
    return by.of(outputs.detach()[0], batch[1][0] if rows == "own data" else batch[1])


def _batched(points: Tensor, batch: Batch, rows: Rows) -> bool:
    examples = batch[1].shape[1] if rows == "own data" else length(batch)
    return points.numel() * examples <= BATCHED_WORK


def _no_products(block: Tensor) -> Tensor:
    raise AssertionError("this piece was built without a graph")
