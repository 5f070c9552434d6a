"""Random functions: against networks of the library, laws in closed form, and the wrong cousins of each number."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import cauchy, kstest, norm
from torch import nn

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.methods import Computation, RandomFunctions
from phenoscope.methods.random_functions import _cauchy, _convolved, _dense, _distance, _features
from phenoscope.theory import relu_excess_kurtosis

SMALL = RandomFunctions(seed=3, steps=30, width=12, examples=4)


def ends(made):
    (found,) = made.readings()
    return found.values


def drawn(made):
    return dataset("digits", train=made.examples, flat=True).draw(stream(made.seed, "data", 0)).train.inputs.double()


@pytest.mark.parametrize("depth", [1, 3])
def test_the_moments_are_those_of_networks_one_by_one(depth, monkeypatch):
    made = dataclasses.replace(SMALL, depth=depth)
    monkeypatch.setattr("phenoscope.methods.random_functions.BLOCK", 1)  # one network after the other
    inputs, generator = drawn(made), stream(3, "initialisation")
    covariances = []
    for _ in range(made.steps):
        now = inputs
        for _ in range(depth):
            weight = torch.randn(now.shape[1], made.width, generator=generator, dtype=torch.float64)
            now = torch.relu(now @ weight * math.sqrt(2 / now.shape[1]))
        covariances.append(2 / made.width * now @ now.T)
    variances = torch.stack([each.diagonal() for each in covariances]).numpy()
    found = ends(made)
    squares = np.square(variances - variances.mean(0)).sum(0) / (made.steps - 1)
    assert found["excess kurtosis"] == pytest.approx(np.mean(3 * squares / np.square(variances.mean(0))), rel=1e-10)
    # the process, by the arc-cosine formula of a ReLU layer
    process = inputs @ inputs.T * 2 / 64
    for _ in range(depth):
        length = process.diagonal().sqrt()
        cosine = (process / length[:, None] / length).clamp(-1, 1)
        angle = torch.arccos(cosine)
        process = length[:, None] * length / math.pi * (angle.sin() + (math.pi - angle) * cosine)
    squares = [float((each - process).square().sum() / process.square().sum()) for each in covariances]
    assert found["covariance error"] == pytest.approx(math.sqrt(np.mean(squares)), rel=1e-6)


def test_convolutions_are_those_of_each_network():
    made = dataclasses.replace(SMALL, layers="convolution", width=5)
    inputs = torch.randn(3, 4, 2, 8, 8, dtype=torch.float64)
    found = _convolved(made, inputs, stream(0, "weights"))
    weights = torch.randn(15, 2, 3, 3, generator=stream(0, "weights"), dtype=torch.float64)
    for number in range(3):
        own = nn.Conv2d(2, 5, 3, padding=1, bias=False, dtype=torch.float64)
        own.weight.data = weights[5 * number : 5 * number + 5] * math.sqrt(2 / 18)
        assert torch.allclose(found[number], own(inputs[number]))


def test_the_law_of_a_mixture_is_that_of_its_quartiles():
    one = torch.ones(1, 1, dtype=torch.float64)
    assert _distance(7 * one, ndtr) == pytest.approx(0.0, abs=1e-12)  # a normal law is one at any scale
    grid = np.linspace(0, 8, 200_001)
    expected = np.abs(_cauchy(norm.ppf(0.75) ** -1 * grid) - ndtr(grid)).max()
    assert _distance(0.01 * one, _cauchy) == pytest.approx(expected, rel=1e-4)
    assert _cauchy(np.array([-1.0, 3.0])) == pytest.approx(cauchy.cdf([-1.0, 3.0]))


def test_the_distance_is_that_of_outputs_that_are_drawn():
    """With their readout drawn as well, once scaled to the quartiles of the normal law."""
    made = dataclasses.replace(SMALL, width=4, steps=4000, depth=1)
    features = _features(made, drawn(made), made.steps, stream(9, "initialisation"))
    outputs = []
    for each in torch.randn(5, made.steps, made.width, 1, generator=stream(9, "readout"), dtype=torch.float64):
        outputs.append((features @ each)[:, :, 0])
    outputs = torch.cat(outputs) @ torch.ones(made.examples, dtype=torch.float64)
    scaled = (outputs / outputs.abs().median()).numpy() * norm.ppf(0.75)
    by_draws = kstest(scaled, norm.cdf).statistic
    assert ends(made)["distance from normal"] == pytest.approx(by_draws, abs=0.02)
    assert by_draws > 0.04


def test_foretold_numbers_stand_only_where_they_hold():
    found = ends(dataclasses.replace(SMALL, steps=3000, width=20, depth=3))
    assert found["foretold kurtosis"] == relu_excess_kurtosis([20, 20, 20])
    assert found["departure"] == abs(found["excess kurtosis"] / relu_excess_kurtosis([20, 20, 20]) - 1) < 0.2
    assert found["departure from one layer"] == abs(found["excess kurtosis"] / 0.75 - 1) > 2
    for other in ({"activation": "erf"}, {"layers": "convolution"}):
        assert set(ends(dataclasses.replace(SMALL, steps=3, **other))) == {
            "distance from normal", "covariance error", "excess kurtosis"
        }  # fmt: skip


def test_heavy_tails_stay_as_far_from_normal_as_their_law():
    made = dataclasses.replace(SMALL, activation="erf", weights="cauchy", steps=200, width=200)
    assert set(ends(made)) == {"distance from normal"}
    one = torch.ones(1, 1, dtype=torch.float64)
    assert ends(made)["distance from normal"] == pytest.approx(_distance(one, _cauchy), abs=0.003)
    # a hidden unit of the first layer has Cauchy's law, with the mean of |x| for its scale
    inputs = torch.linspace(-1, 2, 50, dtype=torch.float64).expand(400, 1, 50)
    hidden = _dense(made, inputs, stream(1, "w")).flatten().numpy()
    assert kstest(hidden, cauchy(scale=float(inputs.abs().mean())).cdf).pvalue > 0.01


def test_variance_of_a_relu_square():
    """What the theory of the kurtosis rests on, from the features that are drawn here."""
    made = dataclasses.replace(SMALL, depth=1, width=50, steps=2000)
    squares = _features(made, drawn(made), 2000, stream(5, "initialisation"))[:, 0].square()
    moments = [quad(lambda z, k=k: z**k * norm.pdf(z), 0, np.inf)[0] for k in (2, 4)]
    ratio = float(squares.square().mean() / squares.mean().square())
    assert ratio == pytest.approx(moments[1] / moments[0] ** 2, rel=0.05)


def test_the_same_seed_gives_the_same_and_units_name_every_series():
    for made in (SMALL, dataclasses.replace(SMALL, activation="erf", weights="cauchy")):
        assert ends(made) == ends(made)
        assert set(ends(made)) == set(made.units)
        assert isinstance(made, Computation)
        assert ends(made) != ends(dataclasses.replace(made, seed=4))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match='use activation="erf"'):
        RandomFunctions(weights="cauchy")
    with pytest.raises(BadInput, match="layers must be one of"):
        RandomFunctions(layers="other")
    with pytest.raises(BadInput, match="2 networks, a width"):
        RandomFunctions(steps=1)
