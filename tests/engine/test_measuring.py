"""Panels of measurements: against dense matrices and the instruments alone; outcomes, order, JSON."""

import json
import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader, TensorDataset

import phenoscope as ps
from oracles import PROBLEMS, dense_hessian, normal, seeded
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine.measuring import DEFAULT
from phenoscope.instruments import INSTRUMENTS
from phenoscope.objective import Objective


def problem():
    return PROBLEMS["tanh perceptron"]()


def objective() -> Objective:
    made = problem()
    return Objective(made.model, made.loss, made.data, 4)


class Slope(torch.autograd.Function):
    """The identity, whose own slope is nan."""

    @staticmethod
    def forward(context, slope):
        return slope.clone()

    @staticmethod
    def backward(context, slope):
        return slope * math.nan


class Unsmooth(torch.autograd.Function):
    """The identity, whose slope is right and whose curvature is nan."""

    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, slope):
        return Slope.apply(slope)


class Refusing(torch.autograd.Function):
    """The identity as a slope, which cannot be differentiated any further."""

    @staticmethod
    def forward(context, slope):
        return slope.clone()

    @staticmethod
    def backward(context, slope):
        raise NotImplementedError("no second derivative")


class Once(torch.autograd.Function):
    """The identity, which can be differentiated once."""

    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, slope):
        return Refusing.apply(slope)


class Ended(nn.Module):
    """A layer, and a function after it."""

    def __init__(self, end) -> None:
        super().__init__()
        self.layer, self.end = nn.Linear(3, 2), end

    def forward(self, x):
        return self.end(self.layer(x))


def test_every_line_is_that_of_a_dense_matrix():
    made = problem()
    panel = ps.measure(objective(), tuple(INSTRUMENTS))
    spectrum = torch.linalg.eigvalsh(dense_hessian(made.total, made.model))
    assert_close(panel["loss"].value, made.total().item())
    assert_close(panel["sharpness"].value, spectrum[-1].item(), rtol=1e-4, atol=0)
    assert_close(panel["smallest_eigenvalue"].value, spectrum[0].item(), rtol=1e-4, atol=0)
    trace = panel["trace"]
    assert abs(trace.value - spectrum.sum().item()) <= 4 * trace.reading.standard_error
    assert panel["parameters"].value == len(spectrum)
    assert panel["examples"].value == 10
    assert panel["gauss_newton_trace"].value >= panel["gauss_newton_sharpness"].value > 0
    assert [line.name for line in panel.lines] == list(INSTRUMENTS)
    assert_close(panel["density"].value, spectrum.square().mean().sqrt().item())
    # The volume rests on one or two of 43 directions, and says so; the learning coefficient needs a minimum
    assert {line.name for line in panel.lines if not line.converged} == {"epsilon_volume", "learning_coefficient"}


def test_a_graph_is_built_once_for_all_that_need_it(monkeypatch):
    built = []
    whole = Objective.operator
    monkeypatch.setattr(Objective, "operator", lambda own, *given: built.append(given[0]) or whole(own, *given))
    ps.measure(objective(), tuple(INSTRUMENTS))
    assert sorted(built) == ["empirical_fisher", "fisher", "gauss_newton", "gradient_covariance", "hessian"]


class Bare(nn.Module):
    """A linear model whose weight belongs to no layer, so that its trace is left to probes."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.inside = nn.Parameter(normal(200, 1, seed=3)), nn.Identity()

    def forward(self, x):
        return self.inside(x @ self.weight)


def test_the_trace_leaves_known_eigenvectors_out_of_chance():
    spike = Bare()
    inputs = normal(300, 200, seed=1) + 3.0
    measured = Objective(spike, nn.MSELoss(), (inputs, normal(300, 1, seed=2)))
    alone, together = (ps.measure(measured, names)["trace"] for names in (("trace",), ("trace", "sharpness")))
    assert together.reading.standard_error < alone.reading.standard_error / 3
    assert together.reading.products == together.reading.probes + 1


def test_lines_come_in_the_order_asked_for_and_each_once():
    panel = ps.measure(objective(), ("trace", "loss", "sharpness", "loss"))
    assert [line.name for line in panel.lines] == ["trace", "loss", "sharpness"]
    assert str(panel).splitlines()[1].startswith("loss       ")
    with pytest.raises(BadInput, match="holds trace, loss, sharpness, no 'parameters'"):
        panel["parameters"]


def test_json_has_values_and_evidence_and_no_number_that_json_lacks():
    text = json.dumps(ps.measure(objective()).to_json(), allow_nan=False)
    read = json.loads(text)
    assert list(read) == list(DEFAULT)
    assert read["sharpness"]["evidence"].keys() == {
        "residual",
        "products",
        "outcome",
        "failure_probability",
        "margin",
        "which",
    }
    assert read["sharpness"]["evidence"]["outcome"] == "converged"
    assert read["trace"]["evidence"].keys() == {
        "standard_error",
        "scale",
        "probes",
        "products",
        "outcome",
        "method",
        "note",
    }
    assert read["parameters"]["value"] == 43
    assert read["loss"]["evidence"]["weighting"] == "targets"


def test_a_value_that_is_not_a_number_is_null_and_its_line_says_so():
    made = Objective(Ended(Unsmooth.apply), nn.MSELoss(), (torch.randn(5, 3, generator=seeded()), torch.zeros(5, 2)))
    panel = ps.measure(made)
    for name in ("sharpness", "smallest_eigenvalue", "trace"):
        assert math.isnan(panel[name].value)
        assert not panel[name].converged
        assert "not finite" in panel[name].evidence
        assert panel[name].to_json()["value"] is None
    assert panel["gradient_norm"].value > 0


def test_what_cannot_be_differentiated_twice_is_named():
    made = Objective(Ended(Once.apply), nn.MSELoss(), (torch.randn(5, 3, generator=seeded()), torch.zeros(5, 2)))
    assert ps.measure(made, ("loss", "gradient_norm"))["loss"].value > 0
    with pytest.raises(
        PhenoscopeError,
        match=r"sharpness cannot be measured here: NotImplementedError: no second derivative.*Leave it out",
    ):
        ps.measure(made)


def test_progress_and_generator():
    seen = []
    ps.measure(objective(), ("loss", "trace"), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]
    made = objective()
    before = torch.get_rng_state()
    same = [ps.measure(made, ("sharpness", "trace"), generator=seeded(s)).to_json() for s in (4, 4, 5)]
    assert same[0] == same[1] != same[2]
    assert torch.equal(before, torch.get_rng_state())


def test_the_error_of_a_sample_stands_with_what_it_is_asked_for():
    made = objective()
    panel = ps.measure(made, ("loss", "sharpness", "examples"), leave_out=5, population=50)
    alone = ps.sampling_error(made, "sharpness", groups=5, population=50)
    assert panel["sharpness"].sampling.numbers == alone.numbers
    assert panel["sharpness"].evidence.startswith("from 10 examples out of 50 a standard error of")
    written = panel.to_json()
    assert written["sharpness"]["sampling"]["standard_error"] == alone.standard_error
    assert written["sharpness"]["sampling"]["low"] == alone.interval()[0]
    assert "sampling" not in written["examples"]
    with pytest.raises(BadInput, match="`groups` must be from 2 to the 10 examples"):
        ps.measure(made, ("loss",), leave_out=11)
    with pytest.raises(BadInput, match=r"`population` \(5,000\) is for the error of a sample"):
        ps.measure(made, ("loss",), population=5000)


@pytest.mark.parametrize("names", [(), ("loss", "nonsense"), "loss"])
def test_other_names_are_refused(names):
    with pytest.raises(BadInput, match="tuple of names out of loss, gradient_norm"):
        ps.measure(objective(), names)


def test_every_instrument_says_what_it_is():
    assert set(DEFAULT) <= set(INSTRUMENTS)
    for instrument in INSTRUMENTS.values():
        assert instrument.says
        assert instrument.unit


def test_loaders_with_a_generator_of_their_own_are_measured_as_they_stand():
    data = TensorDataset(torch.randn(20, 3, generator=seeded()), torch.zeros(20, dtype=torch.long))
    loader = DataLoader(data, batch_size=6, shuffle=True, generator=seeded(3))
    assert (
        ps.measure(Objective(nn.Linear(3, 2), nn.CrossEntropyLoss(), loader), ("loss", "examples"))["examples"].value
        == 20
    )
