"""The rank and the activity of features: by hand, and by a decomposition of the covariance."""

import math
import weakref

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from oracles import normal
from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.instruments import feature_rank
from phenoscope.models import CNN, MLP
from phenoscope.objective import Objective


def objective(model, inputs, batch_size=None):
    outputs = model(inputs)
    return Objective(model, mse_loss, (inputs, torch.zeros_like(outputs)), batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("variance", [0.5, 0.9, 0.99])
def test_against_the_eigenvalues_of_the_covariance(batch_size, variance):
    model = MLP((6, 9), activation="relu").build(stream(0, "init"), inputs=(4,), outputs=3, dtype=torch.float64)
    inputs = normal(20, 4)
    features = model.body(inputs).detach()
    values = torch.linalg.eigvalsh(torch.cov(features.T)).flip(0)
    expected = next(k for k in range(1, 10) if values[:k].sum() >= variance * values.sum())
    found = feature_rank(objective(model, inputs, batch_size), variance)
    assert (found.value, found.units, found.examples, found.layer) == (expected, 9, 20, "head")
    assert found.active == pytest.approx(float((features > 0).double().mean()))
    assert f"{variance:.0%} of the variance of 9 inputs of head on 20 examples" in str(found)


def test_a_shift_is_no_direction_and_equal_directions_are_all_counted():
    model, units = nn.Linear(4, 1).double(), torch.eye(4, dtype=torch.float64)
    inputs = torch.cat([units, -units])
    assert feature_rank(objective(model, inputs), 1.0).value == 4
    assert feature_rank(objective(model, inputs), 0.75).value == 3
    assert feature_rank(objective(model, inputs + 100), 0.75).value == 3  # not 1, as it would be uncentred
    still = feature_rank(objective(model, torch.ones(5, 4, dtype=torch.float64)))
    assert (still.value, still.active) == (0.0, 1.0)


def test_a_convolution_hands_over_its_pooled_channels_and_hooks_are_removed():
    model = CNN(channels=(3, 5)).build(stream(0, "init"), inputs=(6, 7), outputs=2, dtype=torch.float64)
    made = objective(model, normal(8, 6, 7))
    assert feature_rank(made).units == 5
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_what_has_no_features_is_refused():
    with pytest.raises(BadInput, match="`variance` is a share"):
        feature_rank(objective(nn.Linear(2, 1).double(), normal(3, 2)), 0.0)

    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 1, dtype=torch.float64))

        def forward(self, inputs):
            return inputs @ self.weight

    found = feature_rank(objective(Bare(), normal(3, 2)))  # the model itself is its last layer
    assert (found.layer, found.units, math.isfinite(found.value)) == ("", 2, True)


def test_of_all_layers_only_the_last_ones_inputs_are_kept():
    """The entries of the inputs that are alive when a pass begins: those of the last layer of the passes before."""
    wide = nn.Sequential(nn.Linear(4, 50), nn.ReLU(), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 3), nn.Linear(3, 2))
    made, alive, given = objective(wide.double(), normal(20, 4), batch_size=5), [], []
    for module in wide[1:]:
        module.register_forward_pre_hook(lambda _, inputs: given.append(weakref.ref(inputs[0].untyped_storage())))
    wide.register_forward_pre_hook(lambda *_: alive.append(sum(ref() is not None for ref in given)))
    assert feature_rank(made).layer == "5"
    assert alive[-4:] == [0, 1, 2, 3]
