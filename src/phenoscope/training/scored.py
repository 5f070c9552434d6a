"""Masks that are scored before the first step, as they are or with what they carry taken apart."""

import copy
from collections.abc import Mapping

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.specs import spec
from phenoscope.instruments import Pruner, corrupted, prune, reinitialised, shuffled
from phenoscope.objective.evaluation.expanded import Linearised
from phenoscope.training.masks import Site

CHECKS = ("as is", "shuffled", "other weights", "random labels", "noise inputs")


@spec
class Scored:
    """A mask made by a score of the weights as they are drawn, on all training data where the score uses some.

    A linearised network is scored as the network that it expands: the mask is found before anything is trained.

    Attributes:
        pruner: how weights are chosen.
        density: the share of the weights that is kept.
        check: "as is"; "shuffled", with each layer's entries in a random order; "other weights", found for weights of
            which each layer's are put in a random order, so that those it is used on are drawn anew; "random labels" or
            "noise inputs", scored on such data.
    """

    pruner: Pruner
    density: float
    check: str = "as is"

    def __post_init__(self) -> None:
        one_of("the check of a mask", self.check, CHECKS)
        if not 0 < self.density <= 1:
            raise BadInput(f"the `density` of a mask must be above 0 and at most 1, got {self.density}.")

    def drawn(self, site: Site) -> Bool[Tensor, " p"]:
        """True where a parameter is trained."""
        objective = site.objective()
        terms, model = objective.terms, _network(objective.model)
        data = tuple(terms.passes())
        corruption = {"random labels": "labels", "noise inputs": "inputs"}.get(self.check)
        if corruption is not None:
            data = corrupted(data, corruption, generator=site.generator)
        if self.check == "other weights":
            model = reinitialised(model, generator=site.generator)
        masks: Mapping[str, Tensor] = prune(
            model, method=self.pruner, sparsity=1 - self.density, data=data, loss=terms.network.loss,
            generator=site.generator,
        ).masks  # fmt: skip
        if self.check == "shuffled":
            masks = shuffled(masks, generator=site.generator)
        parts = zip(site.layout.names, site.layout.shapes, strict=True)
        whole = {name: masks.get(name, torch.ones(shape, dtype=torch.bool)) for name, shape in parts}
        return site.layout.ravel(whole)


def _network(model: nn.Module) -> nn.Module:
    """The network itself, where it is a linearised one; with parameters that have gradients."""
    return copy.deepcopy(model.expanded).requires_grad_() if isinstance(model, Linearised) else model
