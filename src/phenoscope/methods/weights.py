"""Weights of several networks as state dictionaries: read, checked, averaged; and statistics that go with them."""

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.core import points
from phenoscope.core.errors import BadInput
from phenoscope.objective.batches import batches_of, length
from phenoscope.objective.evaluation.network import arguments
from phenoscope.objective.randomness import preserved_randomness

State = dict[str, Tensor]

_Normalisation = nn.modules.batchnorm._NormBase


def states(parts: Sequence[nn.Module | Mapping[str, Tensor] | Tensor], base: nn.Module) -> list[State]:
    """The parts as state dictionaries of one architecture, each a copy.

    Args:
        parts: networks, state dictionaries or points.
        base: a network of that architecture.

    Raises:
        BadInput: a part with other names or shapes, or one that is not finite.
    """
    wanted = base.state_dict()
    return [_checked(_state(part, base, number), wanted, number) for number, part in enumerate(parts)]


def average(read: Sequence[State], shares: Tensor, base: nn.Module) -> State:
    """Σᵢ sᵢ θᵢ over all parameters and floating-point buffers, in float64, in the types of the base network.

    Args:
        read: state dictionaries of one architecture.
        shares: (n,), summing to 1.
        base: a network of that architecture, which says what is tied.
    """
    taken = [(share, state) for share, state in zip(shares.tolist(), read, strict=True) if share > 0]
    made: State = {}
    for name, like in base.state_dict().items():
        values = [state[name] for _, state in taken]
        if like.is_floating_point() or like.is_complex():
            wide = torch.promote_types(like.dtype, torch.float64)
            total = torch.zeros_like(like, dtype=wide)
            for (share, _), value in zip(taken, values, strict=True):
                total += share * value.to(total)
            made[name] = total.to(like.dtype)
        elif name.rpartition(".")[2] == "num_batches_tracked":
            made[name] = torch.stack(values).amax(dim=0).to(like)
        elif all(torch.equal(value, values[0]) for value in values):
            made[name] = values[0].to(like)
        else:
            raise BadInput(
                f"the parts differ in the buffer {name!r}, which holds whole numbers: they have no average. Merge "
                "networks in which it is the same."
            )
    _check_ties(made, base)
    return made


def recompute_statistics(model: nn.Module, data: Any) -> int:
    """Give normalisation layers the running statistics of data, in place: means over batches, weighed by their sizes.

    Other layers act as in evaluation, so nothing is drawn. Where the data come as one batch the statistics are those of
    all examples; of several batches the variances are averaged, as training would.

    Args:
        model: whose layers with running statistics are set; modes and random states are left as they were.
        data: (input, target) in any form.

    Returns:
        The number of examples; 0 where no layer keeps statistics.
    """
    tracked = [m for m in model.modules() if isinstance(m, _Normalisation) and m.track_running_stats]
    if not tracked:
        return 0
    modes = [(module, module.training) for module in model.modules()]
    momenta = [module.momentum for module in tracked]
    device, seen = next(model.parameters()).device, 0
    try:
        model.eval()
        for module in tracked:
            module.reset_running_stats()
            module.training = True
        with torch.no_grad(), preserved_randomness():
            for batch in batches_of(data, None, device)():
                seen += length(batch)
                for module in tracked:
                    module.momentum = length(batch) / seen  # the first replaces what was there
                positional, named = arguments(batch[0])
                model(*positional, **named)
    finally:
        for module, momentum in zip(tracked, momenta, strict=True):
            module.momentum = momentum
        for module, mode in modes:
            module.training = mode
    return seen


def _state(part: nn.Module | Mapping[str, Tensor] | Tensor, base: nn.Module, number: int) -> State:
    """A copy of a part's parameters and buffers."""
    if isinstance(part, nn.Module):
        found = part.state_dict()
    elif isinstance(part, Tensor):
        size = points.layout(base).size
        if part.shape != (size,):
            raise BadInput(f"part {number} is a point of shape {tuple(part.shape)}; this network's have ({size},).")
        model = copy.deepcopy(base)
        points.write(part.detach(), model)
        return model.state_dict()
    elif isinstance(part, Mapping):
        found = part
    else:
        raise BadInput(f"part {number} is a {type(part).__name__}. Give networks, state dictionaries or flat points.")
    return {name: value.detach().clone() for name, value in found.items()}


def _checked(state: State, wanted: Mapping[str, Tensor], number: int) -> State:
    missing, strange = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    if missing or strange:
        what = f"lacks {missing[0]!r}" if missing else f"has {strange[0]!r}, which is not there"
        raise BadInput(f"part {number} is of another architecture than the network: it {what}. Merge networks of one.")
    for name, like in wanted.items():
        if state[name].shape != like.shape:
            raise BadInput(
                f"part {number} is of another architecture than the network: {name!r} has the shape "
                f"{tuple(state[name].shape)}, there {tuple(like.shape)}. Networks of unequal widths have no average."
            )
        if like.is_floating_point() and not bool(torch.isfinite(state[name]).all()):
            raise BadInput(f"part {number} is not finite in {name!r}. Leave out networks that diverged.")
    return state


def _check_ties(made: State, base: nn.Module) -> None:
    """Parameters that are one in the network must be one in the average, or one value would silently be lost."""
    places: dict[int, list[str]] = defaultdict(list)
    for name, value in base.named_parameters(remove_duplicate=False):
        places[id(value)].append(name)
    for first, *others in places.values():
        for name in others:
            if name in made and first in made and not torch.equal(made[name], made[first]):
                raise BadInput(
                    f"{first!r} and {name!r} are tied in the network, but not in all parts. Merge like ones."
                )
