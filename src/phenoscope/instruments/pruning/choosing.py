"""From scores to masks: exactly as many weights as were asked for, the highest scores, ties decided by chance."""

from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from phenoscope.core.options import one_of

GRANULARITIES = {"weight": 0, "kernel": 2, "unit": 1}
"""Leading axes that tell one group of weights from another; 0 for every axis."""


def highest(
    scores: Mapping[str, Tensor],
    kept: int | Mapping[str, int],
    alive: Mapping[str, Tensor],
    *,
    granularity: str = "weight",
    generator: Generator,
) -> dict[str, Tensor]:
    """The masks that keep the highest scores among the weights that are still there.

    Args:
        scores: by name, larger for what is to be kept.
        kept: how many weights, in all or in each layer. Groups of weights stay or go together, so that fewer may be
            kept, by less than a group.
        alive: which weights may be kept.
        granularity: "weight"; "kernel", what a weight is but for its first two axes, outputs and inputs; or "unit",
            all that goes into one output (a filter). The score of a group is the mean of its weights' scores.
        generator: decides between equal scores.
    """
    one_of("granularity", granularity, GRANULARITIES)
    layers = [[name] for name in scores] if isinstance(kept, Mapping) else [list(scores)]
    masks: dict[str, Tensor] = {}
    for names in layers:
        count = kept[names[0]] if isinstance(kept, Mapping) else kept
        tables = {name: _groups(scores[name], alive[name], granularity) for name in names}
        chosen = _chosen(
            [values for values, _ in tables.values()], [size for _, size in tables.values()], count, generator
        )
        for name, groups in zip(names, chosen, strict=True):
            shape = scores[name].shape
            wide = groups.reshape(-1, 1).expand(-1, scores[name].numel() // max(len(groups), 1))
            masks[name] = wide.reshape(shape) & alive[name]
    return masks


def _groups(score: Tensor, alive: Tensor, granularity: str) -> tuple[Tensor, Tensor]:
    """The score of every group, (g,), -inf where none of it is left, and how many weights of it are left, (g,)."""
    axes = GRANULARITIES[granularity] or score.ndim
    table, there = score.double().flatten(0, axes - 1), alive.flatten(0, axes - 1)
    table, there = table.reshape(len(table), -1), there.reshape(len(there), -1)
    sizes = there.sum(dim=1)
    means = torch.where(there, table, torch.zeros_like(table)).sum(dim=1) / sizes.clamp_min(1)
    return torch.where(sizes > 0, means, torch.full_like(means, -torch.inf)), sizes


def _chosen(scores: list[Tensor], sizes: list[Tensor], kept: int, generator: Generator) -> list[Tensor]:
    """Which groups of each layer stay: the highest ones of all, as many as fit."""
    together, size = torch.cat(scores), torch.cat(sizes)
    shuffled = torch.randperm(len(together), generator=generator).to(together.device)
    order = shuffled[torch.argsort(together[shuffled], descending=True, stable=True)]
    fits = size[order].cumsum(0) <= kept
    stays = torch.zeros(len(together), dtype=torch.bool, device=together.device)
    stays[order[fits]] = True
    return list((stays & (size > 0)).split([len(part) for part in scores]))
