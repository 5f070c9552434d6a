"""Units as particles: against descent by automatic differentiation, and the limit of many of them."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.instruments import kernel_change
from phenoscope.methods import Computation, Particles
from phenoscope.methods.initial_kernel import digits

SMALL = Particles(seed=3, steps=12, width=7, wide=40, examples=6, every=4)


def along(made, name):
    return [found.values[name] for found in made.readings() if name in found.values]


class Plain:
    """A network trained by automatic differentiation, in the scaling of a spec."""

    def __init__(self, spec, width, name):
        self.x, y = digits(spec.seed, 2 * spec.examples)
        self.n, self.spec = spec.examples, spec
        self.y, self.truth = y[: self.n], y[self.n :]
        generator = stream(spec.seed, name)
        self.start = [
            torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((width, 64), (width,))
        ]
        self.scale = width**-0.5 if spec.scaling == "ntk" else 1 / width
        self.time = {"ntk": 1.0, "mean field": width, "mean field, one rate": 100.0}[spec.scaling]
        self.zero = self.raw(*self.start) if spec.scaling == "ntk" else 0.0

    def raw(self, w, a):
        return self.scale * torch.erf(self.x @ w.T / 8) @ a

    def outputs(self, w, a):
        if self.spec.dynamics == "network":
            return self.raw(w, a) - self.zero
        moved = tuple(now - before for now, before in zip((w, a), self.start, strict=True))
        value, tangent = torch.func.jvp(self.raw, tuple(self.start), moved)
        return value + tangent - self.zero

    def kernel(self, w, a):
        rows = torch.autograd.functional.jacobian(lambda *at: self.raw(*at)[: self.n], (w, a))
        jacobian = torch.cat([row.flatten(1) for row in rows], dim=1)
        return jacobian @ jacobian.T

    def trained(self, rate):
        at = [part.clone().requires_grad_() for part in self.start]
        for _ in range(self.spec.steps + 1):
            yield [part.detach().clone() for part in at]
            loss = (self.outputs(*at)[: self.n] - self.y).square().sum() / 2
            slopes = torch.autograd.grad(loss, at)
            at = [(part - rate * self.time * s).detach().requires_grad_() for part, s in zip(at, slopes, strict=True)]


@pytest.mark.parametrize("scaling", ["mean field", "mean field, one rate", "ntk"])
@pytest.mark.parametrize("dynamics", ["network", "linearised"])
def test_training_by_automatic_differentiation(scaling, dynamics):
    spec = dataclasses.replace(SMALL, scaling=scaling, dynamics=dynamics)
    own, wide = Plain(spec, 7, "initialisation"), Plain(spec, 40, "wide")
    # the wide network always has the time that is right for it
    wide.time = 1.0 if scaling == "ntk" else 40.0
    rate = 0.25 / (wide.time * float(torch.linalg.eigvalsh(wide.kernel(*wide.start))[-1]))
    mine, its = list(own.trained(rate)), list(wide.trained(rate))
    n, truth = own.n, own.truth
    losses = [float((own.outputs(*at)[:n] - own.y).square().mean()) for at in mine]
    assert along(spec, "loss") == pytest.approx(losses[::4], rel=1e-9)
    assert along(spec, "wide loss") == pytest.approx(
        [float((wide.outputs(*at)[:n] - wide.y).square().mean()) for at in its][::4], rel=1e-9
    )
    moved = [float((w - own.start[0]).square().mean().sqrt()) for w, _ in mine]
    assert along(spec, "movement") == pytest.approx(moved[::4], rel=1e-9)
    gaps = [
        float((own.outputs(*one) - wide.outputs(*other))[n:].norm() / truth.norm())
        for one, other in zip(mine, its, strict=True)
    ]
    assert along(spec, "distance") == pytest.approx([max(gaps)], rel=1e-9)


def test_the_kernel_and_the_clouds_at_the_end():
    own, wide = Plain(SMALL, 7, "initialisation"), Plain(SMALL, 40, "wide")
    rate = 0.25 / (40 * float(torch.linalg.eigvalsh(wide.kernel(*wide.start))[-1]))
    (w, a), (other, _) = list(own.trained(rate))[-1], list(wide.trained(rate))[-1]
    assert along(SMALL, "kernel change") == pytest.approx([kernel_change(own.kernel(*own.start), own.kernel(w, a))])
    direction = np.linalg.svd(other.numpy(), full_matrices=False)[2][0]
    apart = wasserstein_distance(w.numpy() @ direction, other.numpy() @ direction)
    assert along(SMALL, "cloud distance") == pytest.approx([apart])
    moved = wasserstein_distance(w.numpy() @ direction, own.start[0].numpy() @ direction)
    assert along(SMALL, "cloud movement") == pytest.approx([moved])
    assert along(SMALL.frozen(), "kernel change") == [0.0]


@pytest.mark.parametrize(("scaling", "exponent"), [("mean field", 0.0), ("ntk", -0.5)])
def test_how_far_units_move(scaling, exponent):
    widths = (30, 120, 480)
    made = [
        dataclasses.replace(SMALL, steps=30, wide=600, examples=10, width=width, scaling=scaling) for width in widths
    ]
    ends = [along(spec, "movement")[-1] for spec in made]
    assert np.polyfit(np.log(widths), np.log(ends), 1)[0] == pytest.approx(exponent, abs=0.12)


def test_the_same_seed_gives_the_same_and_units_name_every_series():
    found = list(SMALL.readings())
    assert found == list(SMALL.readings())
    assert {name for each in found for name in each.values} == set(SMALL.units)
    assert isinstance(SMALL, Computation)
    assert SMALL.frozen() == SMALL.frozen().frozen()
    assert not math.isclose(along(SMALL, "distance")[0], along(dataclasses.replace(SMALL, seed=4), "distance")[0])


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="scaling must be one of"):
        Particles(scaling="other")
    with pytest.raises(BadInput, match="more units beside it"):
        Particles(width=100, wide=100)
