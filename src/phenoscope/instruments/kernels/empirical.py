"""What does a small step for one example do to the outputs of another? The empirical tangent kernel, J Jᵀ."""

import dataclasses
import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.instruments.kernels.blocks import Shape, arranged, empty, mirrored, place
from phenoscope.instruments.kernels.costs import Cost, cheapest, costs
from phenoscope.instruments.kernels.routes import Factors, blocks_of, by_jacobian, by_layers, by_products
from phenoscope.instruments.kernels.subject import Named, Subject, subject
from phenoscope.instruments.reading import Reading
from phenoscope.objective.batches import Batch, length, take
from phenoscope.objective.displaced import LayersDiffer
from phenoscope.objective.layer_rules import Factor

Outputs = Literal["full", "trace"]
Route = Literal["auto", "jacobian", "products", "layers", "sketch"]
ROUTES = ("auto", "jacobian", "products", "layers", "sketch")
MEMORY = 2**29
"""Bytes that derivatives may take while blocks are made of them, unless the caller says otherwise: 512 MiB."""
GROUPS = 6
"""Into so many groups the examples of a symmetric kernel are cut: of G groups, (G + 1)/2G of the work is done."""
SMALLEST = 64
"""Examples below which a group of derivatives that are at hand is not cut further."""
WORTH = 1e9
"""Operations for which a group is worth its own passes through the network."""


@dataclasses.dataclass(frozen=True, eq=False)
class EmpiricalKernel(Reading):
    """An empirical tangent kernel, and how it was come by.

    Attributes:
        matrix: (n1, n2, k, k), or (n1, n2) summed over the outputs.
        parts: the same of each layer's own parameters, where they were asked for; their sum is the matrix.
        route: what was taken.
        cost: what was counted for it.
        considered: the counts of all routes that compete.
        standard_errors: (n1, n2), of a sketch; nothing is left to chance by other routes.
        probes: of a sketch.
        examples: n1 and n2.
        entries: k, the outputs of an example.
        size: parameters.
    """

    matrix: Tensor
    parts: Mapping[str, Tensor]
    route: str
    cost: Cost
    considered: Mapping[str, Cost]
    standard_errors: Tensor | None
    probes: int
    examples: tuple[int, int]
    entries: int
    size: int

    @property
    def value(self) -> float:
        """Its Frobenius norm."""
        return float(self.matrix.double().square().sum().sqrt())

    @property
    def title(self) -> str:
        return "Frobenius norm of the tangent kernel"

    @property
    def evidence(self) -> str:
        told = f"{self.examples[0]} x {self.examples[1]} examples, {self.entries} outputs, {self.size} parameters"
        how = f"by {self.route}, {self.cost.operations:.1e} operations counted"
        return f"{told}; {how}" + (f", {self.probes} probes" if self.probes else "")


def empirical_ntk(
    model: nn.Module,
    x1: Any,
    x2: Any = None,
    outputs: Outputs = "full",
    route: Route = "auto",
    *,
    parameters: Sequence[str] | None = None,
    by_layer: bool = False,
    probes: int = 32,
    memory: int = MEMORY,
    generator: torch.Generator | None = None,
) -> EmpiricalKernel:
    r"""Empirical tangent kernel of any network: $K_{ab}(x, x') = ⟨∇_θ f_a(x), ∇_θ f_b(x')⟩$.

    Units: squared output per squared parameter. Under a small step of gradient descent with rate η on ½‖f - y‖², summed
    over the examples, outputs move by -η K (f - y) (Jacot et al. 2018, arXiv:1806.07572). "trace" means the sum over
    outputs Σ_a K_aa, not their mean. Three exact routes, which agree to rounding: rows of the Jacobian and their inner
    products; products of J with Jᵀ, which hold no Jacobian; and layer by layer, from inputs and the gradients in
    outputs, as far as layers have rules (dense ones and convolutions are short; every rule is tried out first). Which
    is cheapest depends on examples, outputs, width and shared weights (compare Novak et al. 2022, arXiv:2206.08720);
    it is counted. The model is left as it was found: it is evaluated in the mode that it is in, normalisation by
    running statistics. Frozen parameters do not count, tied ones count once.

    Args:
        model: from a batch of examples to outputs (n, ...), each example's its own.
        x1: inputs: a tensor, or a tuple or mapping of tensors as the model takes them.
        x2: other inputs; without them the kernel is that of x1 with itself, symmetric to the last bit, and made of one
            half.
        outputs: `"full"` for all pairs of outputs, or `"trace"`.
        route: `"jacobian"`, `"products"`, `"layers"`, the cheapest of these (`"auto"`), or `"sketch"`: an estimate of
            the trace from random combinations of wide outputs, one gradient each.
        parameters: patterns of names, such as `["layers.0.*"]`; only these count then.
        by_layer: also give the part of each layer.
        probes: combinations that a sketch takes, at least 2.
        memory: bytes for derivatives, beside the kernel itself; more examples are taken in chunks.
        generator: of a sketch's signs; seeded with 0 unless given.

    Returns:
        `EmpiricalKernel`: matrix, parts, route, cost, considered, standard_errors, probes, examples, entries, size.

    Raises:
        BadInput: outputs that are random or shared by examples, a sketch of all pairs, unknown options.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> empirical_ntk(model, torch.tensor([[1.0, 2.0], [3.0, 0.0]]), outputs="trace").matrix
        tensor([[5., 3.],
                [3., 9.]])
    """
    one_of("`outputs`", outputs, ("full", "trace"))
    one_of("`route`", route, ROUTES)
    if route == "sketch" and (outputs != "trace" or probes < 2):
        raise BadInput(
            f'a sketch estimates the trace, from 2 probes or more; got outputs="{outputs}", {probes} probes.'
        )
    looked = subject(model, x1, parameters)
    same = x2 is None
    x2 = x1 if same else x2
    n, m = length((x1, None)), length((x2, None))
    seeds = torch.eye(looked.entries)
    if route == "sketch":
        seeds = _signs(probes, looked.entries, generator)
    sides = _Sides(looked, x1, x2, same, seeds.to(looked.parameters[looked.chosen[0]]), by_layer)
    shape: Shape = "each" if route == "sketch" else outputs
    with looked.network.evaluation():
        few = looked.displaced(take((x1, None), 0, 2))
        found = costs(looked, few, (n, m), same=same, seeds=len(seeds), full=outputs == "full")
        del few
        room = memory / seeds.element_size()
        taken = cheapest(found, room) if route == "auto" else "layers" if route == "sketch" else route
        try:
            parts = sides.parts(taken, found[taken], room, shape)
        except LayersDiffer:  # for other examples than those that were tried out
            taken = "jacobian"
            parts = sides.parts(taken, found[taken], room, shape)
    parts, errors = _finished(parts, shape)
    matrix = functools.reduce(torch.add, parts.values())  # one after the other, so that it is symmetric to the last bit
    taken, used = (route, probes) if route == "sketch" else (taken, 0)
    cost = found["layers" if route == "sketch" else taken]
    sizes = ((n, m), looked.entries, looked.size)
    return EmpiricalKernel(matrix, parts if by_layer else {}, taken, cost, found, errors, used, *sizes)


@dataclasses.dataclass(frozen=True)
class _Sides:
    """Both groups of examples, and the combinations of outputs that are differentiated (s, k)."""

    subject: Subject
    x1: Any
    x2: Any
    same: bool
    seeds: Tensor
    by_layer: bool

    def part(self, name: str) -> str:
        """The layer of a parameter, or one part for all."""
        return name.rpartition(".")[0] if self.by_layer else ""

    def parts(self, route: str, cost: Cost, room: float, shape: Shape) -> Named:
        """The whole of every part of the network."""
        n, m = (length((side, None)) for side in (self.x1, self.x2))
        fitting = max(1, int(room / max(1.0, cost.each) / 2))  # two groups at a time
        if self.same and route != "products" and fitting >= n:
            return _assembled(self.cut(route, shape), len(self.seeds), n, m, shape, same=True)
        groups = max(1, min(GROUPS, int(cost.operations / WORTH))) if self.same else 1
        size = min(fitting, math.ceil(max(n, m) / groups))
        blocks = self.products(size, shape) if route == "products" else self.factors(route, size, shape, room)
        return _assembled(blocks, len(self.seeds), n, m, shape, same=self.same)

    def cut(self, route: str, shape: Shape) -> Iterator[tuple[slice, slice, Named]]:
        """Blocks of a symmetric kernel, one half of them, from the derivatives of all examples at once."""
        count = length((self.x1, None))
        made = self._made(route, slice(0, count))
        whole = {name: [arranged(factor, shape) for factor in each] for name, each in made.items()}
        groups = self._groups(0, max(SMALLEST, math.ceil(count / GROUPS)))
        parts = [{name: [_some(factor, where) for factor in each] for name, each in whole.items()} for where in groups]
        for i, rows in enumerate(groups):
            for columns, right in zip(groups[i:], parts[i:], strict=True):
                yield rows, columns, blocks_of(parts[i], right, shape)

    def factors(self, route: str, size: int, shape: Shape, room: float) -> Iterator[tuple[slice, slice, Named]]:
        """Blocks from the derivatives of groups, which are kept as far as there is room."""
        kept: dict[tuple[int, int], Factors] = {}
        held = 0.0

        def of(side: int, where: slice) -> Factors:
            nonlocal held
            key = (0 if self.same else side, where.start)
            if key in kept:
                return kept[key]
            made = self._made(route, where, side)
            count = sum(factor.rows.numel() for each in made.values() for factor in each)
            if held + 2 * count <= room:
                kept[key] = made
                held += count
            return made

        for rows in self._groups(0, size):
            left = of(0, rows)
            for columns in self._groups(1, size):
                if not self.same or columns.start >= rows.start:
                    right = left if self.same and columns == rows else of(1, columns)
                    yield rows, columns, blocks_of(left, right, shape)

    def products(self, size: int, shape: Shape) -> Iterator[tuple[slice, slice, Named]]:
        """Blocks from products, one column of examples after the other."""
        for rows in self._groups(0, size):
            for columns in self._groups(1, size):
                if not self.same or columns.start >= rows.start:
                    sides = self._batch(0, rows), self._batch(1, columns)
                    yield rows, columns, by_products(self.subject, *sides, self.seeds, shape=shape, part=self.part)

    def _made(self, route: str, where: slice, side: int = 0) -> Factors:
        make = by_jacobian if route == "jacobian" else by_layers
        return make(self.subject, self._batch(side, where), self.seeds, self.part)

    def _batch(self, side: int, where: slice) -> Batch:
        return take((self.x2 if side else self.x1, None), where.start, where.stop)

    def _groups(self, side: int, size: int) -> list[slice]:
        count = length((self.x2 if side else self.x1, None))
        return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _some(factor: Factor, where: slice) -> Factor:
    return Factor(None if factor.inputs is None else factor.inputs[where], factor.rows[:, where])


def _assembled(
    blocks: Iterator[tuple[slice, slice, Named]], c: int, n: int, m: int, shape: Shape, *, same: bool
) -> Named:
    """The whole of every part; of a symmetric one the other half is copied."""
    whole: Named = {}
    for rows, columns, found in blocks:
        for name, made in found.items():
            block = made.detach()
            if name not in whole:
                whole[name] = empty(c, n, m, shape, block)
            if same and rows == columns:  # symmetric to the last bit
                block = (block + mirrored(block, shape)) / 2
            place(whole[name], block, rows, columns, shape)
            if same and rows != columns:
                place(whole[name], mirrored(block, shape), columns, rows, shape)
    return whole


def _finished(parts: Named, shape: Shape) -> tuple[Named, Tensor | None]:
    """In the order in which they are given, and for a sketch the mean and its standard error."""
    if shape == "each":
        drawn = functools.reduce(torch.add, parts.values())
        return {name: value.mean(0) for name, value in parts.items()}, drawn.std(0) / math.sqrt(len(drawn))
    if shape == "full":
        return {name: value.permute(1, 3, 0, 2) for name, value in parts.items()}, None
    return parts, None


def _signs(count: int, entries: int, generator: torch.Generator | None) -> Float[Tensor, "s k"]:
    """Random signs of the outputs: E s sᵀ is the identity, so that sᵀ K s has the trace for its mean."""
    generator = generator or torch.Generator().manual_seed(0)
    return torch.randint(2, (count, entries), generator=generator, device=generator.device).cpu() * 2.0 - 1.0
