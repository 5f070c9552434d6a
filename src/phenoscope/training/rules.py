"""Update rules as pairs of pure functions: `init(points)` and `update(gradient, points, memory, step)`.

A rule is a spec. The rows of a cohort may differ in any number of the rule: `stacked` (in `stacking`) makes one rule of
many, its numbers being columns (n, 1) that broadcast over points (n, p); fields named in `shared` are the same in all
rows. Rules compose by wrapping: `WeightDecay(Adam(1e-3), decay=1e-4)`, `Clipped(HeavyBall(0.1), norm=1.0)`; rates may
be schedules. Rules that take every parameter by itself say so (`entrywise`). A rule that steps along another gradient
than that of the step's examples at the point has `see`, too: it looks around (`Sight`) and gives the gradient and its
memory. A wrapper passes `see` on with `seen(self.of, ...)`.
"""

import math

import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.specs import spec
from phenoscope.theory import sam_threshold
from phenoscope.training.entrywise import entrywise
from phenoscope.training.flows import CentralFlow, GradientFlow
from phenoscope.training.geometry import EntropyMirror, PowerMirror, Steepest
from phenoscope.training.leading import followed, nowhere
from phenoscope.training.schedules import Rate
from phenoscope.training.sight import Memory, Noisier, Points, Sight, seen
from phenoscope.training.updates import (
    Adam,
    GradientDescent,
    HeavyBall,
    Nesterov,
    RMSProp,
    checked,
    in_dtype,
)


class Wrapping:
    """What the rules that wrap another, `of`, have in common: they pass on to it all that they do not change."""

    of: "Rule"

    def __post_init__(self) -> None:
        checked(self)

    @property
    def lr(self) -> Rate:
        return self.of.lr

    def init(self, points: Points) -> Memory:
        return self.of.init(points)

    def see(self, sight: Sight, memory: Memory, step: int) -> tuple[Points, Memory]:
        return seen(self.of, sight, memory, step)

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        return self.of.update(gradient, points, memory, step)


@spec
class WeightDecay(Wrapping):
    """The rule `of` on the loss plus ½ `decay` ‖θ‖²: coupled decay, added to the gradient."""

    of: "Rule"
    decay: float

    @property
    def entrywise(self) -> bool:
        return entrywise(self.of)

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        return self.of.update(gradient + in_dtype(points, self.decay) * points, points, memory, step)

    def threshold(self, step: int, slope: float) -> float | None:
        inner = threshold(self.of, step, slope)
        return None if inner is None else inner - self.decay


@spec
class Clipped(Wrapping):
    """The rule `of` on gradients scaled down to Euclidean length `norm` where they are longer, row by row."""

    of: "Rule"
    norm: float

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        length = gradient.norm(dim=-1, keepdim=True)
        scale = (in_dtype(points, self.norm) / length.clamp_min(torch.finfo(gradient.dtype).tiny)).clamp_max(1.0)
        return self.of.update(gradient * scale, points, memory, step)


@spec
class Sam(Wrapping):
    """The rule `of` on gradients taken at θ + ρ ∇L/‖∇L‖, ρ the `radius`: sharpness-aware minimisation.

    It costs two gradients a step. Source: Foret et al. 2021, Sharpness-aware minimization for efficiently improving
    generalization, arXiv:2010.01412 (full batch, or the same batch for both gradients).
    """

    of: "Rule"
    radius: float

    def see(self, sight: Sight, memory: Memory, step: int) -> tuple[Points, Memory]:
        length = sight.gradient.norm(dim=-1, keepdim=True).clamp_min(torch.finfo(sight.gradient.dtype).tiny)
        away = in_dtype(sight.gradient, self.radius) * sight.gradient / length
        return seen(self.of, sight.at(sight.points + away), memory, step)

    def threshold(self, step: int, slope: float) -> float | None:
        inner = threshold(self.of, step, slope)
        radius = math.inf if slope == 0 and self.radius > 0 else self.radius / (slope or 1.0)
        return None if inner is None else sam_threshold(inner, radius)


@spec
class UnnormalisedSam(Wrapping):
    """The rule `of` on gradients taken at θ + ρ ∇L, ρ the `radius`: sharpness-aware minimisation as theory studies it.

    Source: Andriushchenko and Flammarion 2022, Towards understanding sharpness-aware minimization, arXiv:2206.06232.
    """

    of: "Rule"
    radius: float

    def see(self, sight: Sight, memory: Memory, step: int) -> tuple[Points, Memory]:
        away = in_dtype(sight.gradient, self.radius) * sight.gradient
        return seen(self.of, sight.at(sight.points + away), memory, step)

    def threshold(self, step: int, slope: float) -> float | None:
        inner = threshold(self.of, step, slope)
        return None if inner is None else sam_threshold(inner, self.radius)


@spec
class Jittered(Wrapping):
    """The rule `of` on gradients taken at θ + ρ u, ρ the `radius`, u a direction drawn anew at each step.

    u is uniform on the unit sphere: as far from the point as `Sam` goes, in no direction of the loss's. Its control.
    """

    of: "Rule"
    radius: float

    def see(self, sight: Sight, memory: Memory, step: int) -> tuple[Points, Memory]:
        normal = sight.normal(step)
        away = in_dtype(normal, self.radius) * normal / normal.norm(dim=-1, keepdim=True)
        return seen(self.of, sight.at(sight.points + away), memory, step)


@spec
class Projected(Wrapping):
    """The rule `of` on one part of each gradient: that in the space of the largest curvatures, or the rest.

    The space is that of the `k` largest eigenvalues of the Hessian on all data, whatever the batch; it is measured
    where the gradient is taken. About 2k products each time, fewer where the space hardly moves.

    Source: Song, Ahn, Yun 2024, Does SGD really happen in tiny subspaces?, arXiv:2405.16002.

    Attributes:
        of: the rule that takes the step.
        k: dimensions of the space.
        keep: "dominant" keeps the part in that space, "bulk" the part at right angles to it.
        every: steps from one measurement of the space to the next.
    """

    shared = ("k", "keep", "every")

    of: "Rule"
    k: int
    keep: str
    every: int = 1

    def __post_init__(self) -> None:
        one_of("keep", self.keep, ("dominant", "bulk"))
        if self.k < 1 or self.every < 1:
            raise BadInput(f"`k` and `every` of Projected must be at least 1, got {self.k} and {self.every}.")

    def init(self, points: Points) -> Memory:
        return self.of.init(points) | nowhere(points, self.k)

    def see(self, sight: Sight, memory: Memory, step: int) -> tuple[Points, Memory]:
        gradient, memory = seen(self.of, sight, memory, step)
        memory = memory | followed(sight, self.k, memory, self.every)
        space = memory["space"][:, : self.k]
        inside = (space.mT @ (space @ gradient[..., None]))[..., 0]
        return inside if self.keep == "dominant" else gradient - inside, memory

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        moved, remembered = self.of.update(gradient, points, memory, step)
        return moved, memory | remembered

    def threshold(self, step: int, slope: float) -> float | None:
        """With the largest curvatures left out no step meets them: then there is none."""
        return threshold(self.of, step, slope) if self.keep == "dominant" else None


@spec
class AmplifiedNoise(Wrapping):
    """The rule `of` on ∇L + s (∇L_B - ∇L), s the `factor`: mini-batches whose noise is s times as large.

    The mean of the steps and the shape of their noise stay as they are. With s² = η'/η, descent at rate η is displaced
    by noise, squared and per unit of time (rate times steps), as much as it is at rate η' with the mini-batches as they
    come. s = 0 is full-batch training, s = 1 plain mini-batches. It costs the gradient of all data beside.
    """

    of: "Rule"
    factor: float

    def see(self, sight: Sight, memory: Memory, step: int) -> tuple[Points, Memory]:
        return seen(self.of, Noisier(sight, in_dtype(sight.points, self.factor)), memory, step)


Flow = GradientFlow | CentralFlow
Wrapper = WeightDecay | Clipped | Sam | UnnormalisedSam | Jittered | Projected | AmplifiedNoise
Geometry = Steepest | PowerMirror | EntropyMirror
Rule = GradientDescent | HeavyBall | Nesterov | RMSProp | Adam | Geometry | Flow | Wrapper
"""How a point is updated from its gradient; those of `Wrapper` wrap another rule."""


def threshold(rule: Rule, step: int, slope: float) -> float | None:
    """The largest Hessian eigenvalue that the rule bears at a step, where theory gives one without knowing its state.

    Clipping changes no small step and noise no mean one, so both are left out; rules with a preconditioner have a
    threshold for the *effective* curvature only (`theory.adam_threshold`), so here they have none; nor have steps that
    are not Euclidean.

    Args:
        rule: any.
        step: for its schedule.
        slope: the length of the gradient, on which normalised rules depend.
    """
    if isinstance(rule, Clipped | AmplifiedNoise):
        return threshold(rule.of, step, slope)
    if isinstance(rule, RMSProp | Adam | Jittered | Steepest | PowerMirror | EntropyMirror):
        return None
    if isinstance(rule, WeightDecay | Sam | UnnormalisedSam | Projected):
        return rule.threshold(step, slope)
    return rule.threshold(step)
