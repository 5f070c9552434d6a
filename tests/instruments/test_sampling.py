"""The error of measuring on a sample: the textbook's for means, a promise kept for curvatures, bias included."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader, TensorDataset

from oracles import Attention, drawn, ignoring, labels, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import INSTRUMENTS, Sampled, sampling_error, sharpness, trace
from phenoscope.instruments.sampling import jackknife
from phenoscope.objective import Objective

P = 6


def regression(n: int, seed: int):
    """Inputs with one strong direction: the Hessian of the squared error is 2/n Σ x xᵀ."""
    return normal(n, P, seed=seed) * torch.tensor([3.0, *[1.0] * (P - 1)]), normal(n, 1, seed=seed + 10_000)


def made(inputs, targets, **options) -> Objective:
    model = nn.Linear(P, 1, bias=False).double()
    nn.init.constant_(model.weight, 0.1)
    return Objective(model, nn.MSELoss(), (inputs, targets), **options)


def quick(bench, generator):
    return sharpness(bench.hessian, risk=None, generator=generator)


def test_of_a_mean_it_is_the_deviation_over_the_root_of_n():
    inputs, targets = regression(40, 1)
    objective = made(inputs, targets, batch_size=7)
    found = sampling_error(objective, "loss", groups=40)
    each = (0.1 * inputs.sum(dim=1) - targets[:, 0]).square()
    assert_close(found.standard_error, (each.std() / math.sqrt(40)).item(), rtol=1e-10, atol=0)
    assert abs(found.bias) < 1e-12
    assert_close(found.value, each.mean().item(), rtol=1e-12, atol=0)


def test_groups_of_unequal_sizes_against_the_formula_by_hand():
    """The weighted mean of group means is a mean over examples, so leaving out groups must give the mean itself."""
    numbers = torch.tensor([1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 1.0], dtype=torch.float64)
    groups = numbers.tensor_split(3)
    sizes = torch.tensor([len(group) for group in groups], dtype=torch.float64)
    without = torch.stack([torch.cat([g for g in groups if g is not out]).mean() for out in groups])
    value, error, bias = jackknife(numbers.mean().item(), without, sizes)
    means = torch.stack([group.mean() for group in groups])
    h = 7 / sizes
    expected = ((means - numbers.mean()).square() / (h - 1)).mean().sqrt()
    assert_close(error, expected.item(), rtol=1e-12, atol=0)
    assert abs(bias) < 1e-12
    assert value == numbers.mean().item()


def test_the_interval_covers_the_curvature_of_all_data_and_the_bias_has_its_sign():
    inputs, targets = regression(3000, 7)
    all_of_it = torch.linalg.eigvalsh(2 * inputs.T @ inputs / 3000)[-1].item()
    covered, biases, above = [], [], []
    for seed in range(30):
        chosen = torch.randperm(3000, generator=seeded(seed))[:60]
        part = made(inputs[chosen], targets[chosen])
        found = sampling_error(part, quick, population=3000, generator=seeded(seed))
        low, high = found.interval()
        covered.append(low <= all_of_it <= high)
        biases.append(found.bias)
        above.append(found.value - all_of_it)
    assert np.mean(covered) >= 0.83
    assert np.mean(biases) > 0
    assert abs(np.mean(above) - np.mean(biases)) < 4 * np.std(above) / math.sqrt(30)


def test_what_the_instrument_draws_does_not_look_like_the_examples():
    """With fresh probes at each reading, a trace would seem to be biased by how few examples there are."""
    inputs = normal(30, 200, seed=3)
    inputs = inputs / inputs.norm(dim=1, keepdim=True)  # every example has the same trace
    objective = Objective(drawn(nn.Linear(200, 1)), nn.MSELoss(), (inputs, normal(30, 1, seed=4)))
    fresh = seeded(1)
    found = sampling_error(objective, lambda bench, own: trace(bench.hessian, 0.2, generator=own), groups=6)
    other = sampling_error(objective, lambda bench, _: trace(bench.hessian, 0.2, generator=fresh), groups=6)
    assert found.reading.probes >= 10
    assert abs(found.bias) < 1e-9  # with the same probes it is a mean over examples
    assert abs(other.bias) > 1e-3


def test_a_sample_that_is_the_whole_has_no_error():
    found = sampling_error(made(*regression(20, 1)), "sharpness", groups=5, population=20)
    assert found.standard_error == found.bias == 0.0
    assert isinstance(found, Sampled)
    assert (
        "from 20 examples out of 20 a standard error of 0 and a bias of 0, by leaving out 5 groups; residual"
        in found.evidence
    )


def test_loaders_ignored_targets_and_the_same_generator():
    tokens = labels(5, 10, 3, seed=3)
    loader = DataLoader(TensorDataset(tokens, ignoring()), batch_size=4)
    objective = Objective(drawn(Attention(nn.Tanh())), nn.CrossEntropyLoss(), loader)
    first, second = (sampling_error(objective, "loss", groups=5, generator=seeded(2)) for _ in range(2))
    assert first == second
    assert first.value == pytest.approx(objective.loss().item())
    assert sampling_error(objective, "loss", groups=5, generator=seeded(3)).standard_error != first.standard_error


@pytest.mark.parametrize("options", [{"groups": 1}, {"groups": 21}, {"population": 19}], ids=str)
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(BadInput, match="must be"):
        sampling_error(made(*regression(20, 1)), "loss", **options)
    assert "loss" in INSTRUMENTS
    with pytest.raises(BadInput, match="the instrument must be one of loss"):
        sampling_error(made(*regression(20, 1)), "nonsense")
