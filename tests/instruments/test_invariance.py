"""The audit: measures that are known to change and not to, by closed forms; networks and measures that fail."""

import dataclasses
import json
import math

import pytest
import torch
from torch import nn

import phenoscope as ps
from oracles import CE, dense_hessian, drawn, labels, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import GradientNorm
from phenoscope.objective import Objective

DRAWS = 400
RESCALING = "layer rescaling"


def two_layers(activation=nn.ReLU, width=16, bias=False):
    model = nn.Sequential(nn.Linear(4, width, bias=bias), activation(), nn.Linear(width, 3, bias=bias))
    return Objective(drawn(model), CE, (normal(50, 4), labels(3, 50)))


def rise(objective, scale, sigma):
    """The mean rise of the loss at Gaussian distances, each parameter's times its scale; the same draws every time."""
    draws = normal(DRAWS, len(scale), seed=13) * scale
    found = [objective.losses(sigma * torch.eye(50), part) for part in draws.split(50)]
    return float((torch.cat(found) - objective.loss()).mean())


def isotropic(objective):
    return rise(objective, torch.ones_like(objective.point), 0.01)


def adaptive(objective):
    return rise(objective, objective.point.abs(), 0.05)


def exact_trace(objective):
    model = objective.model
    return float(dense_hessian(lambda: CE(model(normal(50, 4)), labels(3, 50)), model).trace())


MEASURES = {"isotropic": isotropic, "adaptive": adaptive, "trace": exact_trace}


@pytest.mark.parametrize("factor", [4.0, 16.0])
def test_isotropic_sharpness_and_trace_change_with_the_square_of_the_factor_and_adaptive_sharpness_does_not(factor):
    objective = two_layers()
    audit = ps.invariance_audit(objective, MEASURES, factor=factor)
    hessian = dense_hessian(lambda: CE(objective.model(normal(50, 4)), labels(3, 50)), objective.model)
    first, second = hessian.diagonal()[:64].sum(), hessian.diagonal()[64:].sum()
    exact = float(first / factor**2 + second * factor**2)  # the blocks of T⁻¹ H T⁻¹
    assert audit.of("trace", RESCALING).after == pytest.approx(exact, rel=1e-9)
    # The Hessian does not see the kinks of ReLU, a Gaussian does; both grow with the square of the factor.
    assert audit.of("isotropic", RESCALING).ratio == pytest.approx(exact / float(first + second), rel=0.4)
    assert audit.of("isotropic", RESCALING).ratio > 0.3 * factor**2
    assert audit.of("adaptive", RESCALING).ratio == pytest.approx(1.0, abs=0.05)
    assert not audit.of("adaptive", RESCALING).changed
    assert audit.of("isotropic", RESCALING).changed
    assert not audit.of("trace", "permutation").changed
    assert audit.of("adaptive", "control").changed


def test_instruments_of_the_registry_are_audited_with_their_errors():
    audit = ps.invariance_audit(two_layers(), ("trace", "loss", "sharpness"))
    assert audit.measures == ("loss", "sharpness", "trace")
    assert audit.invariant == ("loss",)
    for each in audit.changes:
        assert math.isfinite(each.error)
        assert not (each.transformation == "permutation" and each.changed)
    assert audit.of("trace", RESCALING).changed
    assert audit.of("loss", "control").changed


def test_a_change_within_the_error_is_none():
    noisy = iter([1.0, 1.25, 1.35, 1.35])
    readings = {"noisy": lambda objective: GradientNorm(next(noisy), 0.15)}
    audit = ps.invariance_audit(two_layers(), readings)
    assert [each.changed for each in audit.changes] == [False, True, True]


def test_estimates_draw_the_same_numbers_at_every_twin():
    """Otherwise one estimate against another would differ by chance: here by as many bits as there are draws."""
    generator = seeded(7)
    state = generator.get_state()
    first = ps.invariance_audit(two_layers(nn.Tanh), ("trace",), generator=generator)
    assert torch.equal(generator.get_state(), state)
    again = ps.invariance_audit(two_layers(nn.Tanh), ("trace",), generator=seeded(7))
    assert first == again


def test_a_tanh_network_says_why_it_cannot_be_rescaled():
    audit = ps.invariance_audit(two_layers(nn.Tanh), ("loss",))
    assert [each.name for each in audit.transformations] == ["permutation", "control"]
    why = {each.name: each.why for each in audit.absent}
    assert "tanh is not, ReLU is" in why[RESCALING]
    assert "no layer is followed by a normalisation layer" in why["normalisation scale"]
    assert f"no {RESCALING}" in str(audit)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.act, self.two = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3)

    def forward(self, x):
        hidden = self.one(x)
        return self.two(self.act(hidden)) + hidden[:, :3]


def test_a_transformation_that_fails_its_check_is_told_and_counts_for_nothing():
    objective = Objective(drawn(Residual()), CE, (normal(50, 4), labels(3, 50)))
    audit = ps.invariance_audit(objective, ("loss",))
    assert not any(each.preserves for each in audit.transformations)
    assert "layer rescaling (other function)" in audit.rows()[0]
    assert audit.of("loss", RESCALING).changed
    assert audit.invariant == ()


def test_a_measure_that_fails_is_left_out_with_its_reason():
    def broken(objective):
        raise ValueError("no such thing here")

    audit = ps.invariance_audit(two_layers(), {"broken": broken, "plain": lambda objective: float(objective.loss())})
    assert audit.measures == ("plain",)
    assert any(each.name == "broken" and "no such thing" in each.why for each in audit.absent)


def test_a_measure_that_fails_at_a_twin_has_not_changed_but_is_left_out():
    objective = two_layers()
    length = float(objective.point.norm())

    def near(other):
        if float(other.point.norm()) > 1.01 * length:
            raise ValueError("too far away")
        return 1.0

    audit = ps.invariance_audit(objective, {"near": near, "plain": lambda other: float(other.loss())})
    assert audit.measures == audit.invariant == ("plain",)
    assert [(each.name, each.why) for each in audit.absent][-1] == ("near", f"under {RESCALING}, too far away")


def test_a_measure_that_is_no_number_to_begin_with_is_left_out():
    """A median margin of regression, say: nan stays nan whatever is done."""
    model = drawn(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)))
    audit = ps.invariance_audit(Objective(model, nn.MSELoss(), (normal(50, 4), normal(50, 3))), ("loss", "margin_norm"))
    assert audit.measures == audit.invariant == ("loss",)
    assert ("margin_norm", "it is nan here") in [(each.name, each.why) for each in audit.absent]


def test_ratios_of_zero_and_of_what_is_no_number():
    change = ps.instruments.Change("m", "t", 0.0, 0.0, 0.0)
    assert (change.ratio, change.changed) == (1.0, False)
    assert dataclasses.replace(change, after=2.0).ratio == math.inf
    assert dataclasses.replace(change, before=1.0, after=math.nan).changed


def test_the_table_as_text_json_card_and_figure():
    from matplotlib.figure import Figure

    audit = ps.invariance_audit(two_layers(), MEASURES)
    text = str(audit)
    assert text.splitlines()[0].split("  ")[-1].strip() == "control (other function)"
    assert "0 times 4, 2 divided by it; outputs change by 0.0e+00" in text
    found = json.loads(json.dumps(audit.to_json(), allow_nan=False))
    assert len(found["changes"]) == 9
    assert all(cell in audit._repr_html_() for row in audit.rows() for cell in row)
    axes = Figure().subplots()
    audit.plot(axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(MEASURES)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"measures": ("nonsense",)}, "the measures are a tuple of names out of loss"),
        ({"measures": ()}, "got none"),
        ({"measures": "loss"}, "got 'loss'"),
        ({"factor": 1.0}, "`factor` must be positive, finite and not 1"),
        ({"factor": -2.0}, "`factor` must be positive"),
    ],
)
def test_bad_input_is_one_sentence(options, sentence):
    with pytest.raises(BadInput, match=sentence):
        ps.invariance_audit(two_layers(), **options)
