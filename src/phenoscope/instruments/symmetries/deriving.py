"""Finding the groups of units of a network, and checking that they are right."""

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.symmetries.axes import Axis, Segment, Unit, leaves, length, resolved
from phenoscope.instruments.symmetries.running import outputs_at, outputs_change
from phenoscope.instruments.symmetries.structure import Block, Group, PermutationStructure
from phenoscope.instruments.symmetries.tracing import Trace, called, few, generic, guessed, tensors_of, traced

SAME = 1e-9
"""Outputs in float64 that change by less, relative to the largest, are the same function's."""


def permutation_structure(model: nn.Module, inputs: Any = None) -> PermutationStructure:
    """The groups of units of a model that can be put in another order without a change of what it computes.

    Found by running a copy on a few examples and following the axes of every tensor through its operations: dense
    layers, convolutions, normalisation, attention (whole heads, and the units inside of each), residual connections,
    tied weights, reshapes between convolution and dense layers, gates, recurrent layers. Then all groups are put in a
    random order at once, which must leave the outputs in float64 as they were; what fails this is refused.
    Symmetries that are no permutations (rotations of linear layers, say) are not sought.

    Args:
        model: any module; it is left as it was.
        inputs: one batch as the model takes it (a tensor, a tuple of arguments, or a mapping); guessed from the first
            layer unless given. Lengths of sequences and images may matter; what stands in the batch does not.

    Returns:
        `PermutationStructure`: its `groups`, and where they stand.

    Raises:
        BadInput: the model cannot be run, or what was found is not a symmetry of it.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
        >>> [(group.name, group.size) for group in permutation_structure(model).groups]
        [('0', 8)]
    """
    return checked_structure(*prepared(model, inputs))


def checked_structure(arguments: Any, twin: nn.Module) -> PermutationStructure:
    """The structure of a model that is prepared already, see `prepared`; else as `permutation_structure`."""
    found = unchecked_structure(twin, arguments)
    before = called(twin, arguments)
    off = _change(found, twin, arguments, before)
    if not off <= _tolerance(twin):
        wrong = [g.name for g in found.groups if not _change(_only(found, g), twin, arguments, before) <= SAME]
        raise BadInput(
            f"the units of {', '.join(wrong) or 'several layers together'} seemed to be exchangeable, but putting them "
            f"in another order changes the outputs by {off:.2g} of the largest. This model does something with them "
            "that its operations do not show: align it by parts, or without what mixes them."
        )
    return dataclasses.replace(found, deviation=off)


def unchecked_structure(model: nn.Module, arguments: Any) -> PermutationStructure:
    """What a run on exactly these arguments shows, for a model whose structure is known to be right."""
    return _structure(traced(copy.deepcopy(model).eval(), arguments))


def prepared(model: nn.Module, inputs: Any) -> tuple[Any, nn.Module]:
    """A few inputs in the precision in which the model runs, and a generic copy that runs on them."""
    twin = generic(model)
    given = few(guessed(model) if inputs is None else inputs)
    exact = doubled(given)
    try:
        called(twin, exact)
    except Exception:  # a model may convert what it computes with to a precision of its own
        twin = twin.to(next(model.parameters()).dtype)
        try:
            called(twin, given)
        except Exception as problem:
            first = str(problem).split("\n", maxsplit=1)[0]
            raise BadInput(
                f"the model cannot be run on these inputs: {first}. Pass inputs as it takes them."
            ) from problem
        return given, twin
    return exact, twin


def doubled(arguments: Any) -> Any:
    """Arguments of a call in float64."""

    def exact(value: Any) -> Any:
        return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value

    if isinstance(arguments, dict):
        return {name: exact(value) for name, value in arguments.items()}
    return tuple(exact(value) for value in arguments)


def _tolerance(model: nn.Module) -> float:
    exact = all(p.dtype == torch.float64 for p in model.parameters() if p.is_floating_point())
    return SAME if exact else 1e-3


def _only(structure: PermutationStructure, group: Group) -> PermutationStructure:
    """The same with one group that moves."""
    groups = tuple(each if each == group else dataclasses.replace(each, movable=False) for each in structure.groups)
    return dataclasses.replace(structure, groups=groups)


def _change(structure: PermutationStructure, model: nn.Module, arguments: Any, before: tuple[Tensor, ...]) -> float:
    orders = structure.random(torch.Generator().manual_seed(1))
    return outputs_change(before, outputs_at(model, structure.permuted(tensors_of(model), orders), arguments))


def _structure(trace: Trace) -> PermutationStructure:
    """The frozen value of what a trace found."""
    found = {name: tuple(resolved(axis) for axis in label) for name, label in trace.labels.items()}
    units = _numbered(found)
    order = {id(unit): number for number, unit in enumerate(units)}
    names: dict[str, int] = {}
    groups = []
    for unit in units:
        outer = unit.outer
        inside = None if outer is None else order.get(id(outer))
        name = _named(unit, found)
        names[name] = names.get(name, 0) + 1
        unique = name if names[name] == 1 else f"{name} ({names[name]})"
        groups.append(Group(unique, unit.size, inside, not unit.fixed))
    blocks = [block for name, label in found.items() for block in _blocks(name, label, order)]
    seen = {place: tuple(resolved(axis) for axis in label) for place, label in trace.features.items()}
    features = [(place, block) for place, label in seen.items() for block in _blocks("", label, order)]
    return PermutationStructure(tuple(groups), tuple(blocks), trace.kept, features=tuple(features))


def _numbered(found: Mapping[str, tuple[Axis, ...]]) -> list[Unit]:
    """The sets that make groups: those that may move, and those that others lie inside of; outer ones first."""
    units: dict[int, Unit] = {}
    for label in found.values():
        for unit in (unit for axis in label for unit in leaves(axis)):
            if unit.fixed or unit.wild or not unit.used:
                continue
            outer = unit.outer
            if outer is not None and outer.outer is not None:
                outer.share()  # one level of heads is told apart
            if outer is not None:
                units.setdefault(id(outer), outer)
            units.setdefault(id(unit), unit)
    return list(units.values())


def _named(unit: Unit, found: Mapping[str, tuple[Axis, ...]]) -> str:
    """The module of the first parameter in which it stands."""
    for name, label in found.items():
        if any(unit is each for axis in label for each in leaves(axis)):
            return name.rpartition(".")[0] or name
    return "units"


def _blocks(name: str, label: tuple[Axis, ...], order: Mapping[int, int]) -> Iterator[Block]:
    """The parts of a tensor whose axes are products, those in which a group stands."""
    parts: list[tuple[tuple[int, ...], tuple[Segment, ...]]] = [((), ())]
    for axis in label:
        begun, segments = 0, []
        for segment in axis:
            segments.append((begun, segment))
            begun += length(segment)
        parts = [((*starts, s), (*chosen, seg)) for starts, chosen in parts for s, seg in segments]
    for starts, chosen in parts:
        factors = [unit.root for segment in chosen for unit in segment]
        groups = tuple(order.get(id(unit)) for unit in factors)
        if any(group is not None for group in groups):
            sizes = tuple(unit.size for unit in factors)
            yield Block(name, starts, tuple(map(length, chosen)), groups, sizes)
