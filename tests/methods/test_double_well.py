"""Double wells: the loss's own gradient, theory that the walks know nothing of, and what is counted."""

import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.methods import Computation, DoubleWell
from phenoscope.methods import double_well as walking


def last(made):
    *_, found = made.readings()
    return found.values


def loss(wells, x, y):
    """Written with torch, for its derivatives."""
    width = torch.where(x < 0, *torch.tensor([wells.flat, wells.sharp], dtype=torch.float64))
    u = x / width
    part = ((u + 1) / 2).clamp(0, 1)
    ends = [math.log(8 * wells.barrier / w**2) for w in (wells.flat, wells.sharp)]
    across = torch.exp(ends[0] + (ends[1] - ends[0]) * (3 * part**2 - 2 * part**3))
    return wells.barrier * (u**2 - 1) ** 2 + across * y.square().sum(dim=0) / 2


@pytest.mark.parametrize(("flat", "sharp", "barrier"), [(2.0, 1.0, 1.0), (1.0, 1.0, 0.5), (1.5, 0.7, 2.0)])
def test_walks_go_down_the_loss(flat, sharp, barrier):
    wells = DoubleWell(0.5, dimensions=3, flat=flat, sharp=sharp, barrier=barrier)
    x = torch.linspace(-1.8 * flat, 1.8 * sharp, 41, dtype=torch.float64, requires_grad=True)
    y = torch.randn(2, 41, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    along, across = torch.autograd.grad(loss(wells, x, y).sum(), (x, y))
    there, far = wells.valley(x.detach().numpy()), y.detach().square().sum(dim=0).numpy()
    np.testing.assert_allclose(-along.numpy(), there.drift + there.pull * far, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(across.numpy(), there.across * y.detach().numpy(), rtol=1e-12)


def test_noise_has_the_curvature_of_each_well():
    wells = DoubleWell(0.5, noise="curvature")
    there = wells.valley(np.array([-2.0, 0.0, 1.0]))
    np.testing.assert_allclose(there.diffusion, [0.25, 0.5, 1.0])  # curvatures 2 and 8, their geometric mean 4
    np.testing.assert_allclose(there.across, [2.0, 4.0, 8.0])
    np.testing.assert_allclose(DoubleWell(0.5).valley(np.array([-2.0, 1.0])).diffusion, 0.5)


@pytest.mark.parametrize("noise", ["isotropic", "curvature"])
def test_walks_meet_the_diffusion(noise):
    found = last(DoubleWell(0.6, noise=noise, steps=8_000, seed=2))
    for name in ("log escape time flat", "log escape time sharp", "share flat"):
        theory = found[f"exact {name}"]
        assert abs(found[name] - theory) < 4 * found[f"{name}.standard error"] + 0.03 * (name != "share flat")
    wrong = found["boltzmann share flat"]
    assert wrong == pytest.approx(2 / 3, abs=1e-6)
    assert (abs(found["share flat"] - wrong) > 0.2) == (noise == "curvature")


def test_directions_across_narrow_the_sharp_well():
    """Where wells are well apart each direction multiplies the odds by √(8/2) = 2; so far, they are nearly 4 to 1."""
    found = last(DoubleWell(0.5, dimensions=2, steps=8_000, seed=1))
    assert found["share flat"] == pytest.approx(found["boltzmann share flat"], abs=0.03)
    assert 0.76 < found["boltzmann share flat"] < 0.8
    assert 0.86 < DoubleWell(0.5, dimensions=3)._theory()["boltzmann share flat"] < 8 / 9


def test_equal_wells_share_equally():
    found = last(DoubleWell(0.6, flat=1.0, steps=6000, seed=3))
    assert found["boltzmann share flat"] == pytest.approx(0.5, abs=1e-9)
    assert found["exact log escape time flat"] == pytest.approx(found["exact log escape time sharp"])
    assert abs(found["share flat"] - 0.5) < 4 * found["share flat.standard error"]


def test_errors_are_as_large_as_the_spread_over_seeds():
    found = [last(DoubleWell(1.0, steps=3000, seed=seed)) for seed in range(10)]
    for name in ("log escape time flat", "log escape time sharp", "share flat"):
        spread = np.std([each[name] for each in found], ddof=1)
        told = np.mean([each[f"{name}.standard error"] for each in found])
        assert 0.55 < spread / told < 1.7


def test_passages_are_from_minimum_to_minimum(monkeypatch):
    """By hand: a walk that only crosses the top has not left, nor has one that turns before the other minimum."""
    monkeypatch.setattr(walking, "WALKERS", 2)
    walks = walking._Walks(DoubleWell(0.5, rate=0.01))
    walks._wells = Script(DoubleWell(0.5, rate=0.01))
    for place in (0.5, -0.5, 0.9, 1.1, -1.0, 0.2, -2.1, -1.5):
        walks._wells.next = place
        walks.step(np.zeros((1, 2)), counted=True)
    values = walks.found()
    # the first was 4 steps in the flat well, 3 in the sharp one, 1 in the flat one; the other 7 in the sharp, 1 flat
    assert math.exp(values["log escape time flat"]) == pytest.approx(0.01 * (4 + 1 + 1))
    assert math.exp(values["log escape time sharp"]) == pytest.approx(0.01 * (3 + 7) / 2)
    assert values["share flat"] == pytest.approx(4 / 8)
    assert values["log escape time sharp.standard error"] == pytest.approx(2**-0.5)


class Script:
    """A valley whose drift takes every walk to the place `next`."""

    def __init__(self, wells):
        self.rate, self.flat, self.sharp, self.next = wells.rate, wells.flat, wells.sharp, 0.0

    def valley(self, x):
        zeros = np.zeros_like(x)
        return walking.Valley((self.next - x) / self.rate, zeros, zeros, zeros)


@pytest.mark.parametrize("options", [{}, {"noise": "curvature"}, {"dimensions": 2}], ids=str)
def test_it_is_a_computation_with_the_same_result_each_time(options):
    made = DoubleWell(0.8, steps=1200, seed=5, **options)
    assert isinstance(made, Computation)
    assert [found.step for found in made.readings()] == [1000, 1200]
    assert last(made) == last(made)
    assert {name for name in last(made) if not name.endswith(".standard error")} == set(made.units)
    assert last(made) != last(DoubleWell(0.8, steps=1200, seed=6, **options))


def test_without_a_passage_there_is_no_time():
    found = last(DoubleWell(0.05, steps=10))
    assert math.isnan(found["log escape time flat"])
    assert found["share flat"] == 0.5


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"temperature": 0.0}, "needs positive widths"),
        ({"sharp": -1.0}, "needs positive widths"),
        ({"dimensions": 0}, "needs positive widths"),
        ({"steps": 1}, "needs positive widths"),
        ({"noise": "white"}, "noise must be one of"),
        ({"rate": 0.1}, "too large for the sharp well, whose curvature is 8"),
    ],
    ids=str,
)
def test_what_is_no_double_well_is_refused(options, says):
    with pytest.raises(BadInput, match=says):
        DoubleWell(**({"temperature": 0.5} | options))
