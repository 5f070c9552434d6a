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
from phenoscope.core.seeds import seeded
from phenoscope.instruments.kernels.blocks import Shape, empty, place, place_symmetric
from phenoscope.instruments.kernels.costs import Ask, Cost, at_a_time, cheapest, costs
from phenoscope.instruments.kernels.routes import Factors, blocks_of, by_products, derivatives
from phenoscope.instruments.kernels.subject import Named, Subject, subject
from phenoscope.instruments.reading import Reading
from phenoscope.objective.batches import Batch, length, take
from phenoscope.objective.layers.displaced import LayersDiffer
from phenoscope.objective.layers.rules import Factor

Outputs = Literal["full", "trace"]
Route = Literal["auto", "jacobian", "products", "layers", "sketch"]
ROUTES = ("auto", "jacobian", "products", "layers", "sketch")
MEMORY = 2**29
"""Bytes that derivatives may take while blocks are made of them, unless the caller says otherwise: 512 MiB."""
STRIPS = 4
"""Into so many strips a symmetric kernel is cut: of S strips, (S + 1)/2S of the work is done."""
SMALLEST = 64
"""Rows below which a strip is not cut further."""


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
    _refuse_sketch(route, outputs, probes)
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
        room = memory / sides.seeds.element_size()
        found = costs(looked, few, Ask((n, m), same, len(seeds), outputs == "full", room))
        size = at_a_time(few, room)
        del few
        taken = cheapest(found, room) if route == "auto" else "layers" if route == "sketch" else route
        try:
            parts = sides.parts(taken, found[taken], size, shape)
        except LayersDiffer:  # for other examples than those that were tried out
            taken = "jacobian"
            parts = sides.parts(taken, found[taken], size, shape)
    parts, errors = _finished(parts, shape)
    matrix = functools.reduce(torch.add, parts.values())  # one after the other, so that it is symmetric to the last bit
    taken, used = (route, probes) if route == "sketch" else (taken, 0)
    cost = found["layers" if route == "sketch" else taken]
    sizes = ((n, m), looked.entries, looked.size)
    return EmpiricalKernel(matrix, parts if by_layer else {}, taken, cost, found, errors, used, *sizes)


@dataclasses.dataclass(frozen=True, eq=False)
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

    def parts(self, route: str, cost: Cost, size: int, shape: Shape) -> Named:
        """The whole of every part of the network; of the trace, a few combinations of outputs after the other.

        Args:
            route: one of those that have a cost.
            cost: how much is held at a time.
            size: examples that go through the network at once.
            shape: of the blocks.
        """
        n, m = (length((side, None)) for side in (self.x1, self.x2))
        whole: Named = {}
        for start in range(0, len(self.seeds), cost.seeds):
            some = dataclasses.replace(self, seeds=self.seeds[start : start + cost.seeds])
            blocks = (
                some.products(cost.group, shape) if route == "products" else some.blocks(route, cost.group, size, shape)
            )
            made = _assembled(blocks, len(some.seeds), n, m, shape, same=self.same)
            for name, part in made.items():
                before = whole.get(name)
                whole[name] = part if before is None else _joined(before, part, shape)
        return whole

    def blocks(self, route: str, group: int, size: int, shape: Shape) -> Iterator[tuple[slice, slice, Named]]:
        """Blocks from the derivatives of groups of examples; of a symmetric kernel one half of them."""
        if group >= max(length((side, None)) for side in (self.x1, self.x2)):
            yield from self._strips(route, size, shape)
            return
        for rows in self._groups(0, group):
            left = self._made(route, rows, 0, size, shape)
            for columns in self._groups(1, group):
                if not self.same or columns.start >= rows.start:
                    here = self.same and columns == rows
                    right = left if here else self._made(route, columns, 1, size, shape)
                    yield rows, columns, blocks_of(left, right, shape)

    def products(self, group: int, shape: Shape) -> Iterator[tuple[slice, slice, Named]]:
        """Blocks from products, one column of examples after the other."""
        for rows in self._groups(0, group):
            for columns in self._groups(1, group):
                if not self.same or columns.start >= rows.start:
                    sides = self._batch(0, rows), self._batch(1, columns)
                    yield rows, columns, by_products(self.subject, *sides, self.seeds, shape=shape, part=self.part)

    def _strips(self, route: str, size: int, shape: Shape) -> Iterator[tuple[slice, slice, Named]]:
        """Some rows and all columns, or all that are not yet known by symmetry; every derivative is made once."""
        n, m = (length((side, None)) for side in (self.x1, self.x2))
        left = self._made(route, slice(0, n), 0, size, shape)
        right = left if self.same else self._made(route, slice(0, m), 1, size, shape)
        for rows in self._groups(0, max(SMALLEST, math.ceil(n / STRIPS))):
            columns = slice(rows.start if self.same else 0, m)
            yield rows, columns, blocks_of(_some(left, rows), _some(right, columns), shape)

    def _made(self, route: str, where: slice, side: int, size: int, shape: Shape) -> Factors:
        batch, layers = self._batch(side, where), self.subject.layers
        if route == "jacobian":  # all seeds go backwards at once
            layers, size = (), max(1, size // len(self.seeds))
        return derivatives(self.subject, batch, self.seeds, layers, part=self.part, shape=shape, size=size)

    def _batch(self, side: int, where: slice) -> Batch:
        return take((self.x2 if side else self.x1, None), where.start, where.stop)

    def _groups(self, side: int, size: int) -> list[slice]:
        count = length((self.x2 if side else self.x1, None))
        return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _some(factors: Factors, where: slice) -> Factors:
    return {
        name: [Factor(None if one.inputs is None else one.inputs[where], one.rows[:, where]) for one in each]
        for name, each in factors.items()
    }


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
            (place_symmetric if same else place)(whole[name], block, rows, columns, shape)
    return whole


def _joined(one: Tensor, other: Tensor, shape: Shape) -> Tensor:
    """Of some combinations of outputs and of others; all pairs of these are never taken apart."""
    return one.add_(other) if shape == "trace" else torch.cat([one, other])


def _refuse_sketch(route: Route, outputs: Outputs, probes: int) -> None:
    if route == "sketch" and (outputs != "trace" or probes < 2):
        raise BadInput(
            f'a sketch estimates the trace, from 2 probes or more; got outputs="{outputs}", {probes} probes.'
        )


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
    generator = seeded(generator)
    return torch.randint(2, (count, entries), generator=generator, device=generator.device).cpu() * 2.0 - 1.0
