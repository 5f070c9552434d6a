"""Elastic bands: a pass known in closed form, forces across the chain only, pivots where they are needed."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import phenoscope as ps
from oracles import CE, labels, mlp, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import point
from phenoscope.instruments import Outcome
from phenoscope.methods.bands import sideways, spaced, tangents
from phenoscope.objective import Objective

LEFT, RIGHT = torch.tensor([-1.0, 0.0], dtype=torch.float64), torch.tensor([1.0, 0.0], dtype=torch.float64)


def valley(bend, stiffness=3.0):
    """(x² - 1)² + k (y - c (1 - x²))²: minima at x = ±1, and a pass of height 1 at (0, c)."""
    model = nn.Linear(2, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    inputs = torch.eye(2, dtype=torch.float64)

    def loss(outputs, _):
        x, y = outputs[:, 0]
        return (x**2 - 1) ** 2 + stiffness * (y - bend * (1 - x**2)) ** 2

    return Objective(model, loss, (inputs, inputs[:, :1]))


@pytest.mark.parametrize("bend", [0.5, 1.0, 2.0])
def test_the_pass_is_found(bend):
    found = ps.elastic_band(valley(bend), LEFT, RIGHT, steps=150)
    assert found.line.value == pytest.approx(1 + 3 * bend**2, rel=1e-3)
    assert found.value == pytest.approx(1.0, abs=0.02)
    assert found.barrier.location == pytest.approx(0.5, abs=0.05)


def test_without_the_projection_the_pivots_slide_into_the_minima():
    """The control: plain descent leaves no pivot where the pass is, so that the chain jumps over the hill."""
    objective, chain = valley(1.0), torch.stack([LEFT + t * (RIGHT - LEFT) for t in torch.linspace(0, 1, 6)])
    for _ in range(500):
        chain = torch.cat([chain[:1], chain[1:-1] - 0.02 * objective.at(chain[1:-1]).gradient, chain[-1:]])
    assert chain[1:-1, 0].abs().min() > 0.9
    kept = ps.elastic_band(objective, LEFT, RIGHT, pivots=4, cycles=1, steps=150).pivots
    assert kept[:, 0].abs().min() < 0.5


def test_forces_have_no_part_along_the_chain():
    chain, losses = normal(7, 5), normal(7, seed=3)
    along = tangents(chain, losses)
    assert_close(along.norm(dim=1), torch.ones(5, dtype=torch.float64))
    forces = sideways(normal(5, 5, seed=4), along)
    assert (forces * along).sum(dim=1).abs().max() < 1e-14
    for place in range(1, 6):  # towards the neighbour of the larger loss
        pieces = chain[place + 1] - chain[place], chain[place] - chain[place - 1]
        expected = pieces[0] if losses[place + 1] > losses[place - 1] else pieces[1]
        assert_close(along[place - 1], expected / expected.norm())


def test_points_are_spaced_by_shares_of_the_length():
    """A right angle of 3 and 4, cut at 2/7, 5/7 and by hand."""
    corner = torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0], [3.0, 4.0]], dtype=torch.float64)
    cut = spaced(corner, torch.tensor([2, 3, 2], dtype=torch.float64) / 7)
    assert_close(cut, torch.tensor([[0.0, 0.0], [2.0, 0.0], [3.0, 2.0], [3.0, 4.0]], dtype=torch.float64))


def test_pivots_are_inserted_where_the_chain_rises_between_them():
    few = ps.elastic_band(valley(2.0), LEFT, RIGHT, pivots=1, cycles=4, steps=60)
    assert sum(few.inserted) == len(few.pivots) - 1 > 0
    assert few.inserted[-1] == 0
    capped = ps.elastic_band(valley(2.0), LEFT, RIGHT, pivots=1, cycles=4, steps=60, most=2)
    assert len(capped.pivots) == 2


def test_networks_end_lower_than_the_line_and_runs_repeat():
    objective = Objective(mlp(), CE, (normal(40, 4), labels(3, 40)))
    ends = point(mlp(seed=3)), point(mlp(seed=4))
    options = {"pivots": 3, "cycles": 2, "steps": 40, "batch": 20}
    one, two, other = (ps.elastic_band(objective, *ends, **options, generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.path.controls, two.path.controls)
    assert not torch.equal(one.path.controls, other.path.controls)
    assert one.barrier.losses.mean() < one.line.losses.mean()
    assert torch.equal(one.path.controls[0], ends[0])
    assert torch.equal(one.path.controls[-1], ends[1])


def test_two_equal_ends_are_a_chain_of_no_length():
    found = ps.elastic_band(valley(1.0), LEFT, LEFT, cycles=1, steps=3)
    assert (found.value, found.outcome) == (0.0, Outcome.CONVERGED)


@pytest.mark.parametrize("options", [{"pivots": 0}, {"cycles": 0}, {"steps": 0}, {"most": 2}, {"rate": -1.0}], ids=str)
def test_bad_input_is_told(options):
    with pytest.raises(BadInput, match="an elastic band needs"):
        ps.elastic_band(valley(1.0), LEFT, RIGHT, **options)
